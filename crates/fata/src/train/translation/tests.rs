//! Translations of tiny pictures: they learn, stay finite and go on from a
//! checkpoint bit for bit, the pool included.

use super::*;
use crate::draw::Picture;
use crate::ship::{Direction, Provenance};
use crate::train::Trainer;
use std::path::PathBuf;

/// Two folders of pictures with the same names: discs of one colour, and rings
/// of another in the same places.
fn domains(folder: &Path, count: usize) -> [PathBuf; 2] {
    let parts = ["a", "b"].map(|part| folder.join(part));
    for (number, path) in parts.iter().enumerate() {
        std::fs::create_dir_all(path).unwrap();
        for item in 0..count {
            let mut picture = Picture::filled(32, 32, &[255, 255, 255]);
            let centre = [10 + item % 5 * 3, 10 + item / 5 % 4 * 3];
            for y in 0..32_usize {
                for x in 0..32_usize {
                    let away = x.abs_diff(centre[0]).pow(2) + y.abs_diff(centre[1]).pow(2);
                    let colour = match (number, away) {
                        (0, ..=36) => [200, 30, 30],
                        (1, 16..=36) => [20, 60, 200],
                        _ => continue,
                    };
                    let at = 3 * (32 * y + x);
                    picture.pixels[at..at + 3].copy_from_slice(&colour);
                }
            }
            let png = picture.encode_png(&Provenance::new("test")).unwrap();
            std::fs::write(path.join(format!("{item:02}.png")), png).unwrap();
        }
    }
    parts
}

fn recipe(name: &str, [from, to]: &[PathBuf; 2], changes: &[&str]) -> Recipe {
    let from = format!("domains.from={}", from.display());
    let small = [
        "model.width=8",
        "translation.full_size=0",
        "translation.blocks=1",
        "translation.field=16",
        "translation.load=1.125",
        "train.every=24",
        &from,
    ];
    let recipe = Recipe::named(name).unwrap();
    let recipe = recipe.with_data(to.to_str().unwrap()).unwrap();
    let changes = small.iter().chain(changes);
    changes.fold(recipe, |recipe, change| recipe.with_set(change).unwrap())
}

/// All that a run has written, but for times.
fn weights(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("generator.safetensors")).unwrap()
}

#[test]
fn a_regression_comes_nearer_to_counterparts_that_it_was_not_shown() {
    let parent = tempfile::tempdir().unwrap();
    let places = domains(parent.path(), 20);
    let changes = [
        "train.images=480",
        "train.every=60",
        "train.batch=4",
        "data.held_out=0.2",
        "optimizer.generator.rate=0.002",
        "average.half_life_images=20",
        "translation.load=1",
    ];
    let mut trainer = Trainer::new(recipe("regression", &places, &changes)).unwrap();
    let mut away = Vec::new();
    while let Some(tick) = trainer.next_tick().unwrap() {
        away.push(tick.metrics["l1_held_out"]);
    }
    assert!(away[7] < 0.5 * away[0] && away[7] < 0.1, "{away:?}");
    assert_eq!(trainer.networks().len(), 1);
    assert_eq!(trainer.parameter_counts()[1], 0);
}

#[test]
fn every_game_goes_on_from_a_checkpoint_bit_for_bit() {
    for (name, changes) in [
        ("pix2pix", &["translation.norm=batch", "train.batch=2"][..]),
        ("pix2pix", &["domains.from=masked"]),
        // A pool that is full at the checkpoint, so that what was kept counts.
        ("cyclegan", &["translation.pool=6", "train.batch=2"]),
    ] {
        let parent = tempfile::tempdir().unwrap();
        let places = domains(parent.path(), 12);
        let recipe = |images: u64| {
            let mut recipe = recipe(name, &places, changes);
            recipe.train.images = images;
            recipe.train.rate_decay = crate::recipe::RateDecay::None;
            recipe
        };
        let run = |mut trainer: Trainer| while trainer.next_tick().unwrap().is_some() {};
        let [whole, parts] = ["whole", "parts"].map(|name| parent.path().join(name));
        run(Trainer::create(recipe(24), &whole, Device::flex()).unwrap());
        run(Trainer::create(recipe(12), &parts, Device::flex()).unwrap());
        let extend = |mut recipe: Recipe| {
            recipe.train.images = 24;
            Ok(recipe)
        };
        run(Trainer::resume(&parts, extend, Device::flex()).unwrap());
        assert!(weights(&whole) == weights(&parts), "{name} {changes:?}");
        let model = crate::ship::Translator::load(&whole, Default::default(), &Device::flex());
        let model = model.unwrap();
        assert_eq!(model.goes_back(), name == "cyclegan");
        let values = vec![0.25; 32 * 32 * model.channels(Direction::Ab)[0]];
        let again = crate::ship::Translator::from_bytes(&model.encode(), &Device::flex()).unwrap();
        assert_eq!(
            model.run(Direction::Ab, &values, 1),
            again.run(Direction::Ab, &values, 1)
        );
        assert!(crate::ship::Generator::load(&whole, &Device::flex()).is_err());
    }
}

#[test]
fn pictures_that_are_no_pairs_are_refused_by_recipes_of_pairs() {
    let parent = tempfile::tempdir().unwrap();
    let places = domains(parent.path(), 3);
    for item in 0..3 {
        let from = places[0].join(format!("{item:02}.png"));
        std::fs::rename(from, places[0].join(format!("other{item}.png"))).unwrap();
    }
    let error = Trainer::new(recipe("pix2pix", &places, &[])).err().unwrap();
    assert!(error.to_string().contains("cyclegan"), "{error}");
    let asked = recipe("pix2pix", &places, &["domains.paired=true"]);
    let error = Trainer::new(asked).err().unwrap().to_string();
    assert!(error.contains("no pairs"), "{error}");
    let trainer = Trainer::new(recipe("cyclegan", &places, &[])).unwrap();
    assert_eq!(trainer.networks().len(), 4);
    assert_eq!(trainer.items(), 6);
}

/// What is cut out of an enlarged picture is larger than what is translated.
#[test]
fn below_the_full_size_no_picture_is_enlarged_to_be_cut() {
    let parent = tempfile::tempdir().unwrap();
    let places = domains(parent.path(), 3);
    let loaded = |changes: &[&str]| {
        let recipe = recipe("pix2pix", &places, changes);
        let data = Domains::open(&domain_options(&recipe)).unwrap();
        let table = recipe.translation.unwrap();
        table.load_side(data.resolution, data.shorter_side)
    };
    assert_eq!(loaded(&["translation.full_size=64"]), 32);
    assert_eq!(loaded(&["translation.full_size=32"]), 36);
    assert_eq!(loaded(&["translation.full_size=0"]), 36);
    // There are pixels to spare.
    let smaller = ["translation.full_size=64", "train.resolution=16"];
    assert_eq!(loaded(&smaller), 18);
    // Of halves, those of a half: 16 pixels of 32.
    let halves = ["domains.from=halves", "translation.full_size=64"];
    assert_eq!(loaded(&halves), 32);
}
