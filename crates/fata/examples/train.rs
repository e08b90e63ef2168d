//! Trains on the built-in digits, watches the ticks, and writes sixteen samples.
//!
//!     cargo run --release --package fata --example train

use fata::draw::grid;
use fata::ship::Provenance;
use fata::{Recipe, Seeds, Trainer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recipe = Recipe::named("digits")?
        .with_data("digits")?
        .with_set("train.images=60000")?;
    let mut trainer = Trainer::new(recipe)?;
    while let Some(tick) = trainer.next_tick()? {
        println!("{tick}");
    }
    let pictures = trainer.generator().pictures(&Seeds::range(0..16))?;
    let png = grid(&pictures, 4, 2).encode_png(&Provenance::new("the example"))?;
    fata::files::write_whole("digits.png".as_ref(), &png)?;
    println!("sixteen digits in digits.png");
    Ok(())
}
