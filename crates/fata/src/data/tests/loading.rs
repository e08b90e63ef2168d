//! Batches: the same whatever the threads, the memory or the resuming.

use std::sync::Arc;

use super::*;
use crate::data::{Batch, Loader, LoaderOptions};
use crate::rng::{Random, Stream};

/// A folder of 23 shades, of which one is damaged, in two classes.
fn shades(folder: &Path) -> Arc<Dataset> {
    for shade in 0..23_u8 {
        let mut bytes = png(&plain(6, 6, [shade * 10; 3]));
        if shade == 7 {
            bytes.truncate(bytes.len() - 20);
        }
        write(
            folder,
            &format!(
                "{}/{shade:02}.png",
                if shade < 8 { "dark" } else { "light" }
            ),
            &bytes,
        );
    }
    Arc::new(open(folder).unwrap())
}

fn take(dataset: &Arc<Dataset>, options: LoaderOptions, batches: usize) -> Vec<Batch> {
    let mut loader = Loader::new(Arc::clone(dataset), options);
    (0..batches).map(|_| loader.next_batch().unwrap()).collect()
}

#[test]
fn threads_memory_and_resuming_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = LoaderOptions {
        batch: 5,
        seed: 3,
        mirror: true,
        pad_to: Some(9),
        ..Default::default()
    };
    let expected = take(&shades(folder.path()), options, 20);
    for (threads, memory_budget_bytes) in [(1, 0), (4, 500), (3, 1 << 20)] {
        let options = LoaderOptions {
            threads,
            memory_budget_bytes,
            ..options
        };
        assert_eq!(take(&shades(folder.path()), options, 20), expected);
    }
    let later = LoaderOptions {
        start: 35,
        ..options
    };
    assert_eq!(take(&shades(folder.path()), later, 13), expected[7..]);
    assert_eq!(expected[7].start, 35);
}

#[test]
fn the_order_is_a_permutation_an_epoch_from_the_order_stream() {
    let digits = Arc::new(open("digits").unwrap());
    let batch = &take(
        &digits,
        LoaderOptions {
            seed: 5,
            start: 9_990,
            ..Default::default()
        },
        1,
    )[0];
    let last = Random::new(5).at(Stream::Order, 0).permutation(10_000);
    let next = Random::new(5).at(Stream::Order, 1).permutation(10_000);
    let order: Vec<u32> = last[9_990..].iter().chain(&next[..54]).copied().collect();
    for ((&index, values), label) in order
        .iter()
        .zip(batch.values.chunks(784))
        .zip(batch.labels.as_ref().unwrap())
    {
        assert_eq!(item(&digits, index as usize), values);
        assert_eq!(digits.label(index as usize), Some(*label));
    }
}

#[test]
fn a_damaged_picture_is_replaced_together_with_its_label() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = shades(folder.path());
    let batch = &take(
        &dataset,
        LoaderOptions {
            batch: 23,
            ..Default::default()
        },
        1,
    )[0];
    for (picture, &label) in batch
        .values
        .chunks(6 * 6 * 3)
        .zip(batch.labels.as_ref().unwrap())
    {
        let shade = ((picture[0] * 127.5 + 127.5) / 10.0).round();
        assert_eq!(label, u32::from(shade >= 8.0), "shade {shade}");
    }
    assert_eq!(dataset.skipped().len(), 1);
}

#[test]
fn padding_repeats_the_edges_evenly() {
    let digits = Arc::new(open("digits").unwrap());
    let options = LoaderOptions {
        batch: 1,
        pad_to: Some(32),
        ..Default::default()
    };
    let padded = &take(&digits, options, 1)[0].values;
    let plain = &take(
        &digits,
        LoaderOptions {
            pad_to: None,
            ..options
        },
        1,
    )[0]
    .values;
    for y in 0..32_usize {
        for x in 0..32_usize {
            let inside = |at: usize| at.saturating_sub(2).min(27);
            assert_eq!(padded[y * 32 + x], plain[inside(y) * 28 + inside(x)]);
        }
    }
    let smaller = LoaderOptions {
        pad_to: Some(16),
        ..options
    };
    assert!(Loader::new(digits, smaller).next_batch().is_err());
}

#[test]
fn half_of_the_pictures_are_mirrored() {
    let folder = tempfile::tempdir().unwrap();
    let picture = RgbImage::from_fn(4, 4, |x, _| Rgb([x as u8 * 80; 3]));
    write(
        folder.path(),
        "a.png",
        &png(&DynamicImage::ImageRgb8(picture)),
    );
    let dataset = Arc::new(open(folder.path()).unwrap());
    let batch = &take(
        &dataset,
        LoaderOptions {
            batch: 1000,
            mirror: true,
            ..Default::default()
        },
        1,
    )[0];
    let mirrored = batch
        .values
        .chunks(48)
        .filter(|picture| picture[0] > picture[9])
        .count();
    // Five standard deviations about 500.
    assert!((421..=579).contains(&mirrored), "{mirrored}");
}

#[test]
fn points_come_in_batches_too() {
    let ring = Arc::new(open("ring").unwrap());
    let batch = &take(
        &ring,
        LoaderOptions {
            batch: 100,
            mirror: true,
            pad_to: Some(64),
            ..Default::default()
        },
        1,
    )[0];
    assert_eq!(batch.values.len(), 200);
    assert!(batch.labels.as_ref().unwrap().iter().all(|&mode| mode < 8));
}
