//! Why squared error alone gives the average instead of a sample: `line`, fitted by
//! least squares, drawn as a run draws its points.
//!
//!     cargo run --release --example regression -- line-by-squared-error.png
//!
//! Of all functions of x, the one with the least squared error is the mean of y at
//! x. The points it gives lie on a line, where the data have a width: none of them
//! is wrong, and together they look like nothing that was ever in the data.

use fata::data::{DataOptions, Dataset};
use fata::draw::{Bounds, ScatterPlot, scatter};
use fata::ship::Provenance;
use std::path::Path;

/// Points that are fitted and drawn.
const POINTS: usize = 2000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = Dataset::open(Path::new("line"), &DataOptions::default())?;
    let mut real = Vec::new();
    for index in 0..POINTS {
        let mut point = [0.0; 2];
        data.read(index, &mut point)?;
        if let Some(units) = data.units() {
            units.to_units(&mut point);
        }
        real.push(point);
    }
    // The slope and the height that make the sum of squared errors least.
    let mean = |of: &dyn Fn(&[f32; 2]) -> f32| real.iter().map(of).sum::<f32>() / POINTS as f32;
    let (x, y) = (mean(&|p| p[0]), mean(&|p| p[1]));
    let slope = mean(&|p| (p[0] - x) * (p[1] - y)) / mean(&|p| (p[0] - x) * (p[0] - x));
    let fitted: Vec<[f32; 2]> = real
        .iter()
        .map(|p| [p[0], y + slope * (p[0] - x)])
        .collect();
    let scattered = |points: &[[f32; 2]]| {
        let about = points
            .iter()
            .map(|p| (p[1] - y - slope * (p[0] - x)).powi(2));
        (about.sum::<f32>() / POINTS as f32).sqrt()
    };
    println!(
        "y = {:.3} + {slope:.3} x; deviation about it: data {:.3}, squared error {:.3}",
        y - slope * x,
        scattered(&real),
        scattered(&fitted)
    );
    let picture = scatter(&ScatterPlot {
        real: &real,
        generated: &fitted,
        discriminator: None,
        bounds: Bounds::around(&real),
        images_seen: POINTS as u64,
    });
    let path = std::env::args().nth(1);
    let path = path.unwrap_or_else(|| "line-by-squared-error.png".into());
    std::fs::write(
        path,
        picture.encode_png(&Provenance::new("least squares on line"))?,
    )?;
    Ok(())
}
