//! Whatever the bytes, a reader returns.

use proptest::prelude::*;

use super::*;
use crate::data::archive::Archive;
use crate::data::{idx, picture, points};

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = idx::pictures(&bytes);
        let _ = idx::labels(&bytes);
        let _ = points::parse_csv(&bytes);
        let _ = picture::header(&bytes);
        if let Ok(archive) = Archive::from_bytes(&bytes) {
            archive.exercise();
        }
    }

    #[test]
    fn idx_headers_never_panic(rank in 0..6_u8, sizes in proptest::collection::vec(any::<u32>(), 0..5), data in 0..300_usize) {
        let mut bytes = vec![0, 0, 8, rank];
        for size in sizes {
            bytes.extend((size % 20).to_be_bytes());
        }
        bytes.resize(bytes.len() + data, 1);
        if let Ok(pictures) = idx::pictures(&bytes) {
            prop_assert_eq!(pictures.pixels.len(), pictures.count * pictures.height * pictures.width * pictures.channels);
        }
    }

    #[test]
    fn a_damaged_zip_never_panics(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let picture = png(&plain(4, 4, [5; 3]));
        let mut bytes = zip(&[("a/b.png", &picture), ("c.png", &picture)]);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(archive) = Archive::from_bytes(&bytes) {
            archive.exercise();
        }
    }

    #[test]
    fn tables_are_read_or_refused(text in "[-0-9a-z,;.\"\n\r\t ]{0,200}") {
        if let Ok(points) = points::parse_csv(text.as_bytes()) {
            prop_assert!(points.dimensions > 0 && points.values.len().is_multiple_of(points.dimensions));
            prop_assert!(points.values.iter().all(|value| value.is_finite()), "{:?}", points);
        }
    }

    #[test]
    fn numbers_survive_a_table(rows in proptest::collection::vec((-1e6_f32..1e6, -1e-3_f32..1e-3), 1..50)) {
        let text: String = rows.iter().map(|(a, b)| format!("{a},{b}\n")).collect();
        let points = points::parse_csv(text.as_bytes()).unwrap();
        let mut values = points.values.clone();
        points.units.to_units(&mut values);
        for ((a, b), row) in rows.iter().zip(values.chunks(2)) {
            prop_assert!((row[0] - a).abs() <= 1.0 && (row[1] - b).abs() <= 1e-8, "{a},{b} became {row:?}");
        }
    }
}

#[test]
fn idx_says_what_is_wrong() {
    let truncated = [
        &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4][..],
        &[0; 20],
    ]
    .concat();
    let reason = idx::pictures(&truncated).unwrap_err();
    assert!(
        reason.contains("truncated") && reason.contains("32"),
        "{reason}"
    );
    let floats = idx::pictures(&[0, 0, 0x0D, 3, 0, 0, 0, 1]).unwrap_err();
    assert!(floats.contains("type"), "{floats}");
    let claim = idx::pictures(&[
        0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255,
    ])
    .unwrap_err();
    assert!(claim.contains("GiB"), "{claim}");
}

/// Ten gigabytes of zeros in ten megabytes would be inflated only as far as the
/// header says.
#[test]
fn a_gzip_bomb_is_inflated_no_further_than_its_header_says() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2])
        .unwrap();
    gzip.write_all(&vec![0; 64 << 20]).unwrap();
    let pictures = idx::pictures(&gzip.finish().unwrap()).unwrap();
    assert_eq!(pictures.pixels, [0; 4]);
}

#[test]
fn colour_idx_is_read_in_either_order() {
    let last = [
        &[0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3][..],
        &[1, 2, 3, 4, 5, 6],
    ]
    .concat();
    let first = [
        &[0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2][..],
        &[1, 4, 2, 5, 3, 6],
    ]
    .concat();
    assert_eq!(
        idx::pictures(&last).unwrap(),
        idx::pictures(&first).unwrap()
    );
}
