//! Each thing that a stranger's folder may hold: none ends a run, all are named.

use super::*;
use crate::data::{Loader, LoaderOptions};
use std::sync::Arc;

fn reason(dataset: &Dataset, name: &str) -> String {
    let skipped = dataset.skipped();
    let found = skipped.iter().find(|skipped| skipped.path.contains(name));
    found
        .unwrap_or_else(|| panic!("{name} is not among {skipped:?}"))
        .reason
        .clone()
}

fn message(path: impl AsRef<Path>) -> String {
    match open(path) {
        Err(error) => error.to_string(),
        Ok(dataset) => panic!("opened, with {:?} skipped", dataset.skipped()),
    }
}

#[test]
fn an_empty_folder_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let message = message(folder.path());
    assert!(
        message.contains("empty") && message.contains("PNG"),
        "{message}"
    );
}

#[test]
fn what_does_not_exist_is_answered_with_the_builtin_names() {
    let message = message("no-such-thing");
    assert!(
        message.contains("no-such-thing") && message.contains("stacked-digits"),
        "{message}"
    );
}

#[test]
fn text_named_png_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..5 {
        write(folder.path(), &format!("{number}.png"), b"these are words");
    }
    let message = message(folder.path());
    assert!(
        message.contains("5 files") && message.contains("0.png: not a picture"),
        "{message}"
    );
}

#[test]
fn damaged_pictures_are_skipped_and_the_rest_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let noise = RgbImage::from_fn(40, 40, |x, y| {
        Rgb([(x * 37 + y * 91) as u8, (x * y) as u8, x as u8])
    });
    let noise = DynamicImage::ImageRgb8(noise);
    write(folder.path(), "a.png", &png(&noise));
    write(folder.path(), "empty.png", b"");
    for (name, format) in [
        ("cut.png", ImageFormat::Png),
        ("cut.jpg", ImageFormat::Jpeg),
        ("cut.gif", ImageFormat::Gif),
        ("cut.webp", ImageFormat::WebP),
        ("cut.bmp", ImageFormat::Bmp),
        ("cut.tiff", ImageFormat::Tiff),
    ] {
        let whole = encode(&noise, format);
        write(folder.path(), name, &whole[..whole.len() * 2 / 3]);
        write(folder.path(), &name.replace("cut", "stub"), &whole[..20]);
    }
    let dataset = open(folder.path()).unwrap();
    let expected = item(&dataset, 0);
    for index in 0..dataset.len() {
        assert_eq!(item(&dataset, index), expected, "only a.png is readable");
    }
    assert_eq!(dataset.skipped().len(), 13, "{:#?}", dataset.skipped());
    assert!(reason(&dataset, "empty.png").contains("empty"));
    assert!(reason(&dataset, "cut.jpg").contains("truncated"));
}

#[test]
fn a_one_pixel_picture_is_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "dot.png", &png(&plain(1, 1, [255, 0, 0])));
    write(folder.path(), "wide.png", &png(&plain(300, 2, [255, 0, 0])));
    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.kind(), images(3, 64));
    for index in 0..2 {
        for pixel in item(&dataset, index).chunks(3) {
            assert_eq!(pixel, [1.0, -1.0, -1.0]);
        }
    }
}

#[test]
fn a_header_that_claims_a_hundred_thousand_pixels_a_side_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut bomb = png(&plain(1, 1, [0; 3]));
    bomb[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&100_000_u32.to_be_bytes());
    // The header's checksum is put right, so that only its claim is wrong.
    let mut crc = flate2::Crc::new();
    crc.update(&bomb[12..29]);
    let sum = crc.sum();
    bomb[29..33].copy_from_slice(&sum.to_be_bytes());
    write(folder.path(), "bomb.png", &bomb);
    write(folder.path(), "good.png", &png(&plain(8, 8, [0; 3])));
    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.len(), 1);
    let reason = reason(&dataset, "bomb.png");
    assert!(reason.contains("100000x100000"), "{reason}");
}

#[test]
fn a_zip_with_names_that_lead_outside_is_read_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let picture = png(&plain(8, 8, [9; 3]));
    let names = ["../evil.png", "a/../../worse.png", "/root.png", "good.png"];
    let bytes = zip(&names.map(|name| (name, picture.as_slice())));
    write(folder.path(), "set.zip", &bytes);
    let dataset = open(folder.path().join("set.zip")).unwrap();
    assert_eq!(dataset.len(), 1);
    for name in ["evil", "worse", "root"] {
        assert!(reason(&dataset, name).contains("outside"));
    }
}

/// Overwrites a field of the first entry, in both of its headers.
fn patch(zip: &mut [u8], local: usize, central: usize, value: u32) {
    let mut at = |signature: &[u8], offset: usize| {
        let start = zip
            .windows(4)
            .position(|window| window == signature)
            .unwrap()
            + offset;
        zip[start..start + 4].copy_from_slice(&value.to_le_bytes());
    };
    at(b"PK\x03\x04", local);
    at(b"PK\x01\x02", central);
}

#[test]
fn an_entry_that_inflates_beyond_its_size_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut endless = png(&plain(8, 8, [9; 3]));
    endless.resize(50 << 20, 0);
    let good = png(&plain(8, 8, [9; 3]));
    let mut bytes = zip(&[("bomb.png", &endless), ("good.png", &good)]);
    assert!(bytes.len() < 1 << 20, "it compresses well");
    patch(&mut bytes, 22, 24, 1000);
    write(folder.path(), "set.zip", &bytes);
    let dataset = open(folder.path().join("set.zip")).unwrap();
    assert_eq!(dataset.len(), 1);
    let reason = reason(&dataset, "bomb.png");
    assert!(reason.contains("declare"), "{reason}");
}

#[test]
fn a_wrong_checksum_in_a_zip_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let picture = png(&plain(8, 8, [9; 3]));
    let mut bytes = zip(&[("bad.png", &picture), ("good.png", &picture)]);
    patch(&mut bytes, 14, 16, 0xDEAD_BEEF);
    write(folder.path(), "set.zip", &bytes);
    let dataset = open(folder.path().join("set.zip")).unwrap();
    assert_eq!(dataset.len(), 1);
    assert!(reason(&dataset, "bad.png").contains("hecksum"));
}

#[test]
fn a_truncated_zip_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = zip(&[("a.png", &png(&plain(8, 8, [9; 3])))]);
    write(folder.path(), "set.zip", &bytes[..bytes.len() / 2]);
    let message = message(folder.path().join("set.zip"));
    assert!(
        message.contains("set.zip") && message.contains("truncated"),
        "{message}"
    );
}

#[cfg(unix)]
#[test]
fn loops_of_links_broken_links_and_pipes_are_survived() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "sub/a.png", &png(&plain(8, 8, [1; 3])));
    symlink(folder.path(), folder.path().join("sub/loop")).unwrap();
    symlink("../sub", folder.path().join("sub/again")).unwrap();
    symlink("self.png", folder.path().join("self.png")).unwrap();
    symlink("nowhere", folder.path().join("gone.png")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("pipe.png")).unwrap();
    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.len(), 1);
    assert_eq!(dataset.skipped().len(), 2, "{:?}", dataset.skipped());
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_are_read_like_any_other() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let class = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xE9"));
    fs::create_dir(&class).unwrap();
    let name = class.join(std::ffi::OsStr::from_bytes(b"\xFF\xFE.png"));
    fs::write(name, png(&plain(8, 8, [255; 3]))).unwrap();
    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.classes(), ["caf\u{FFFD}"]);
    assert_eq!(item(&dataset, 0), vec![1.0; 8 * 8 * 3]);
}

#[test]
fn fewer_pictures_than_a_batch_are_shown_again() {
    let folder = tempfile::tempdir().unwrap();
    for shade in 0..3 {
        write(
            folder.path(),
            &format!("{shade}.png"),
            &png(&plain(4, 4, [shade * 100; 3])),
        );
    }
    let dataset = Arc::new(open(folder.path()).unwrap());
    let batch = Loader::new(
        dataset,
        LoaderOptions {
            batch: 7,
            ..Default::default()
        },
    )
    .next_batch()
    .unwrap();
    let mut shades: Vec<i32> = batch
        .values
        .chunks(48)
        .map(|p| (p[0] * 127.5 + 127.5).round() as i32)
        .collect();
    shades.truncate(6);
    shades.sort_unstable();
    assert_eq!(shades, [0, 0, 100, 100, 200, 200]);
}

#[test]
fn pictures_that_all_fail_to_decode_are_an_error_not_a_hang() {
    let folder = tempfile::tempdir().unwrap();
    let whole = png(&plain(40, 40, [3; 3]));
    write(folder.path(), "cut.png", &whole[..whole.len() - 30]);
    let Err(error) = open(folder.path()) else {
        panic!("no picture there can be decoded");
    };
    assert!(error.to_string().contains("cut.png"), "{error}");
}

#[test]
fn a_missing_value_is_named_by_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let case = |text: &str| {
        write(folder.path(), "t.csv", text.as_bytes());
        message(folder.path().join("t.csv"))
    };
    let missing = case("x,y\n1,2\n3,\n");
    assert!(
        missing.contains("line 3, column 2 (`y`)") && missing.contains("missing"),
        "{missing}"
    );
    let text = case("1,2\n3,four\n");
    assert!(
        text.contains("line 2, column 2: `four` is not a number"),
        "{text}"
    );
    assert!(case("1,2\n3\n").contains("line 2 has 1 fields"));
    assert!(case("1,nan\n").contains("`nan`"));
    assert!(case("1,2\n1e300,2\n").contains("line 2, column 1"));
    assert!(case("1,2\n3,inf\n").contains("line 2, column 2: `inf`"));
    assert!(case("1,2\n\n\n3,x\n").contains("line 4, column 2"));
    assert!(case("x\r\n1\r\n\r\n3\r\n").contains("line 3, column 1: the value is missing"));
    assert!(case("1\n2\n \n\n3\n").contains("line 3, column 1: the value is missing"));
    assert!(case("x,y\n").contains("no row"));
    assert!(case("").contains("empty"));
}

#[test]
fn empty_lines_around_a_table_are_no_missing_values() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["\n\n1\n2\n3\n\n\n", "1,2\n\n3,4\n5,6\n\n"] {
        write(folder.path(), "t.csv", text.as_bytes());
        assert_eq!(open(folder.path().join("t.csv")).unwrap().len(), 3);
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for options in [
        DataOptions {
            resolution: Some(0),
            ..Default::default()
        },
        DataOptions {
            resolution: Some(1 << 20),
            ..Default::default()
        },
        DataOptions {
            channels: Some(2),
            ..Default::default()
        },
    ] {
        assert!(Dataset::open(Path::new("digits"), &options).is_err());
    }
}

#[test]
fn a_single_picture_is_no_data_set() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "one.png", &png(&plain(4, 4, [0; 3])));
    assert!(message(folder.path().join("one.png")).contains("neither"));
}
