//! The pictures of a run: what its generator makes of the same latents at every
//! tick, and all of them in a row as an animation.

use super::TrainError;
use super::folder::Folder;
use super::game::Game;
use crate::data::{Dataset, Kind};
use crate::draw::{
    Bounds, DiscriminatorMap, Figure1, MOST_FRAMES, Picture, ScatterPlot, assemble_apng, figure1,
    figure1_domain, frames_to_show, grid, scatter,
};
use crate::files::write_whole;
use crate::layers::{Mode, numbers, tensor};
use crate::seeds::Seeds;
use crate::ship::{Generator, Latent, Provenance};
use burn::tensor::Tensor;

/// Points of the data and of the generator that a plot shows.
const POINTS: usize = 2000;
/// Cells of the discriminator's map, each way.
const MAP_SIDE: usize = 64;
/// Cells that the discriminator judges at a time.
const MAP_BATCH: usize = 256;
/// Latents whose way to their samples figure 1 draws.
const LINES: usize = 41;
/// Classes that have rows of their own in a grid.
const MOST_ROWS: usize = 20;
/// Two frames a second and a half: slow enough to see each.
const FRAME_MILLISECONDS: u16 = 200;

/// Draws this tick's picture, and the animation of all so far.
pub(super) fn draw(
    folder: &Folder,
    generator: &Generator,
    game: &Game,
    dataset: &Dataset,
) -> Result<(), TrainError> {
    let picture = match dataset.kind() {
        Kind::Images { height, width, .. } => pictures(generator, height.max(width))?,
        Kind::Points { dimensions: 1 } => line(generator, game, dataset)?,
        Kind::Points { dimensions } => plane(generator, game, dataset, dimensions)?,
    };
    let model = format!("{} on {}", game.recipe.name, dataset.name());
    let png = picture.encode_png(&Provenance::new(model))?;
    write_whole(&folder.sample(game.images_seen), &png)?;
    animate(folder)
}

/// As many samples as fit a screen, in a square; of a conditioned generator, a
/// row for each class, if they are few.
fn pictures(generator: &Generator, side: usize) -> Result<Picture, TrainError> {
    let columns = (640 / side.max(1)).clamp(4, 10);
    let scale = (64 / side.max(1)).clamp(1, 4);
    let samples = match generator.classes().len() {
        classes @ 1..=MOST_ROWS => {
            let mut rows = Vec::new();
            for class in 0..classes {
                let of_class = generator.clone().of_class_number(class as u32);
                rows.extend(of_class.pictures(&Seeds::range(0..columns as u64))?);
            }
            rows
        }
        _ => generator.pictures(&Seeds::range(0..(columns * columns) as u64))?,
    };
    let samples: Vec<Picture> = samples
        .iter()
        .map(|sample| sample.enlarged(scale))
        .collect();
    Ok(grid(&samples, columns, 2))
}

pub(super) fn animate(folder: &Folder) -> Result<(), TrainError> {
    let all = folder.pictures()?;
    let mut frames = Vec::new();
    for index in frames_to_show(all.len(), MOST_FRAMES) {
        // A frame that somebody removed or damaged is only missing.
        frames.extend(std::fs::read(&all[index]));
    }
    if let Ok(animation) = assemble_apng(&frames, FRAME_MILLISECONDS) {
        write_whole(&folder.samples().join("training.png"), &animation)?;
    }
    Ok(())
}

/// Figure 1 of Goodfellow et al. 2014.
fn line(generator: &Generator, game: &Game, dataset: &Dataset) -> Result<Picture, TrainError> {
    let real: Vec<f32> = real_points(dataset, 1)?
        .into_iter()
        .map(|point| point[0])
        .collect();
    let generated = generator.points(&Seeds::range(0..POINTS as u64))?;
    let generated: Vec<f32> = generated.into_iter().map(|point| point[0]).collect();

    let latent = game.form.model.latent;
    let ways: Vec<f32> = (0..LINES)
        .map(|i| -2.5 + 5.0 * i as f32 / (LINES - 1) as f32)
        .collect();
    let label = generator.latent(0).label;
    let latents: Vec<Latent> = ways
        .iter()
        .map(|&way| {
            let mut z = vec![0.0; latent];
            z[0] = way;
            Latent { z, label }
        })
        .collect();
    let ends = generator.forward(&latents);
    let latent_to_sample: Vec<(f32, f32)> =
        ways.iter().zip(&ends).map(|(&z, x)| (z, x[0])).collect();

    let (low, high) = figure1_domain(&real);
    let places: Vec<Vec<f32>> = (0..200)
        .map(|i| vec![low + (high - low) * i as f32 / 199.0])
        .collect();
    let probabilities = probabilities(game, dataset, &places);
    let discriminator: Vec<(f32, f32)> = places.iter().map(|x| x[0]).zip(probabilities).collect();
    Ok(figure1(&Figure1 {
        real: &real,
        latent_to_sample: &latent_to_sample,
        discriminator: &discriminator,
        generated: &generated,
        images_seen: game.images_seen,
    }))
}

/// Points of the plane over the discriminator's map; of more dimensions, the
/// first two and no map.
fn plane(
    generator: &Generator,
    game: &Game,
    dataset: &Dataset,
    dimensions: usize,
) -> Result<Picture, TrainError> {
    let pair = |point: Vec<f32>| [point[0], point[1]];
    let real: Vec<[f32; 2]> = real_points(dataset, dimensions)?
        .into_iter()
        .map(pair)
        .collect();
    let generated = generator.points(&Seeds::range(0..POINTS as u64))?;
    let generated: Vec<[f32; 2]> = generated.into_iter().map(pair).collect();
    let bounds = Bounds::around(&real);
    let map = (dimensions == 2).then(|| {
        let places = bounds.places(MAP_SIDE, MAP_SIDE);
        let places: Vec<Vec<f32>> = places.into_iter().map(Vec::from).collect();
        probabilities(game, dataset, &places)
    });
    let discriminator = map.as_ref().map(|probabilities| DiscriminatorMap {
        probabilities,
        columns: MAP_SIDE,
    });
    Ok(scatter(&ScatterPlot {
        real: &real,
        generated: &generated,
        discriminator,
        bounds,
        images_seen: game.images_seen,
    }))
}

/// The first points of the data, in their own units.
fn real_points(dataset: &Dataset, dimensions: usize) -> Result<Vec<Vec<f32>>, TrainError> {
    (0..dataset.len().min(POINTS))
        .map(|index| {
            let mut point = vec![0.0; dimensions];
            dataset.read(index, &mut point)?;
            if let Some(units) = dataset.units() {
                units.to_units(&mut point);
            }
            Ok(point)
        })
        .collect()
}

/// D(x) at places given in the data's units. Where samples are packed, a place
/// is judged together with copies of itself; where labels are told, with those
/// of all classes at the data's shares.
fn probabilities(game: &Game, dataset: &Dataset, places: &[Vec<f32>]) -> Vec<f32> {
    let (parameters, form) = (&game.discriminator.parameters, &game.form);
    let weights = parameters.plain(Mode::Infer);
    let counts = dataset.class_counts();
    let all = counts.iter().sum::<u64>().max(1) as f32;
    let shares: Vec<f32> = counts.iter().map(|&count| count as f32 / all).collect();
    let mut probabilities = Vec::with_capacity(places.len());
    for places in places.chunks(MAP_BATCH) {
        let mut values = Vec::new();
        for place in places {
            let mut place = place.clone();
            if let Some(units) = dataset.units() {
                units.to_standard(&mut place);
            }
            for _ in 0..form.model.packing {
                values.extend(&place);
            }
        }
        let rows = places.len() * form.model.packing;
        let columns = values.len() / rows;
        let x: Tensor<2> = tensor(values, parameters.device()).reshape([rows, columns]);
        let labels: Option<Tensor<2>> = (form.classes > 0).then(|| {
            let labels = shares.repeat(rows);
            tensor(labels, parameters.device()).reshape([rows, form.classes])
        });
        let layers = &game.discriminator_layers;
        let verdict = layers.judge(&weights, x.into(), labels.as_ref());
        let logits = numbers(verdict.logits.value);
        probabilities.extend(logits.iter().map(|&logit| 1.0 / (1.0 + (-logit).exp())));
    }
    probabilities
}
