//! Every format, colour type, size and fit.

use super::*;
use crate::data::Fit;
use image::{ColorType, Rgba, RgbaImage};

#[test]
fn every_format_and_colour_type_comes_out_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let grey = plain(16, 16, [100; 3]);
    for (name, format) in [
        ("a.png", ImageFormat::Png),
        ("b.jpg", ImageFormat::Jpeg),
        ("c.webp", ImageFormat::WebP),
        ("d.gif", ImageFormat::Gif),
        ("e.bmp", ImageFormat::Bmp),
        // Told by the content, not by the name.
        ("f.jpeg", ImageFormat::Tiff),
    ] {
        write(folder.path(), name, &encode(&grey, format));
    }
    write(
        folder.path(),
        "g.png",
        &png(&DynamicImage::ImageLuma8(grey.to_luma8())),
    );
    write(
        folder.path(),
        "h.png",
        &png(&DynamicImage::ImageLuma16(grey.to_luma16())),
    );
    write(
        folder.path(),
        "i.png",
        &png(&DynamicImage::ImageRgb16(grey.to_rgb16())),
    );
    write(
        folder.path(),
        "j.tiff",
        &encode(
            &DynamicImage::ImageRgb16(grey.to_rgb16()),
            ImageFormat::Tiff,
        ),
    );
    write(folder.path(), "palette.png", &palette_png());
    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.skipped(), []);
    assert_eq!((dataset.len(), dataset.kind()), (11, images(3, 16)));
    for index in 0..dataset.len() {
        for value in item(&dataset, index) {
            assert!(
                (value - (100.0 / 127.5 - 1.0)).abs() < 0.03,
                "{index}: {value}"
            );
        }
    }

    write(
        folder.path(),
        "k.png",
        &png(&DynamicImage::ImageRgba16(grey.to_rgba16())),
    );
    write(
        folder.path(),
        "l.png",
        &png(&DynamicImage::ImageLumaA8(grey.to_luma_alpha8())),
    );
    let dataset = open(folder.path()).unwrap();
    assert_eq!((dataset.len(), dataset.kind()), (13, images(4, 16)));
    for index in 0..dataset.len() {
        assert!(
            item(&dataset, index)
                .chunks(4)
                .all(|pixel| pixel[3] == 1.0 && pixel[0] < -0.18)
        );
    }
}

/// A 16x16 PNG of two bits a pixel, all of the colour 1.
fn palette_png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 16, 16);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(vec![0, 0, 0, 100, 100, 100]);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0b0101_0101; 4 * 16]).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn a_folder_of_grey_pictures_has_one_channel() {
    let folder = tempfile::tempdir().unwrap();
    let grey = DynamicImage::ImageLuma8(plain(10, 10, [255; 3]).to_luma8());
    assert_eq!(grey.color(), ColorType::L8);
    write(folder.path(), "a.png", &png(&grey));
    write(folder.path(), "b.jpg", &encode(&grey, ImageFormat::Jpeg));
    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.kind(), images(1, 10));
    assert_eq!(item(&dataset, 1), vec![1.0; 100]);
}

/// Left half red, right half blue.
fn halves(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 {
            Rgb([255, 0, 0])
        } else {
            Rgb([0, 0, 255])
        }
    }))
}

#[test]
fn exif_orientation_turns_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let jpeg = encode(&halves(32, 32), ImageFormat::Jpeg);
    // Orientation 6: the top of the picture is at the right of the sensor, so
    // it is turned clockwise and its left half becomes the top.
    let exif = b"\xFF\xE1\x00\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&jpeg[..2], exif, &jpeg[2..]].concat();
    write(folder.path(), "a.jpg", &turned);
    let dataset = open(folder.path()).unwrap();
    let picture = item(&dataset, 0);
    let pixel = |x: usize, y: usize| &picture[(y * 32 + x) * 3..][..3];
    assert!(
        pixel(4, 4)[0] > 0.8 && pixel(28, 4)[0] > 0.8,
        "the top is red"
    );
    assert!(
        pixel(4, 28)[2] > 0.8 && pixel(28, 28)[2] > 0.8,
        "the bottom is blue"
    );
}

#[test]
fn fit_crops_pads_or_stretches() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.png", &png(&halves(64, 32)));
    let prepared = |fit| {
        let options = DataOptions {
            resolution: Some(16),
            fit,
            ..Default::default()
        };
        item(&Dataset::open(folder.path(), &options).unwrap(), 0)
    };
    let corner = |picture: &[f32]| [picture[0], picture[1], picture[2]];
    let red = [1.0, -1.0, -1.0];
    assert_eq!(corner(&prepared(Fit::Crop)), red);
    assert_eq!(corner(&prepared(Fit::Stretch)), red);
    let padded = prepared(Fit::Pad);
    assert_eq!(corner(&padded), [-1.0; 3], "a bar above");
    assert_eq!(
        corner(&padded[8 * 16 * 3..]),
        red,
        "the whole width in the middle"
    );
    for fit in [Fit::Crop, Fit::Pad, Fit::Stretch] {
        assert_eq!(fit.to_string().parse(), Ok(fit));
    }
    assert!("Crop".parse::<Fit>().is_err());
}

#[test]
fn pictures_of_one_square_size_keep_it_and_others_do_not() {
    for (sizes, side) in [
        ([(28, 28), (28, 28)], 28),
        ([(256, 256), (256, 256)], 256),
        ([(257, 257), (257, 257)], 64),
        ([(178, 218), (178, 218)], 64),
        ([(32, 32), (48, 48)], 64),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (index, (width, height)) in sizes.into_iter().enumerate() {
            write(
                folder.path(),
                &format!("{index}.png"),
                &png(&plain(width, height, [0; 3])),
            );
        }
        assert_eq!(
            open(folder.path()).unwrap().kind(),
            images(3, side),
            "{sizes:?}"
        );
    }
}

#[test]
fn hidden_colours_are_cleared_and_dropped_alpha_is_laid_on_white() {
    let folder = tempfile::tempdir().unwrap();
    let clear = RgbaImage::from_pixel(8, 8, Rgba([200, 10, 10, 0]));
    write(
        folder.path(),
        "a.png",
        &png(&DynamicImage::ImageRgba8(clear)),
    );
    assert_eq!(
        item(&open(folder.path()).unwrap(), 0),
        vec![-1.0; 8 * 8 * 4]
    );
    let options = DataOptions {
        channels: Some(3),
        ..Default::default()
    };
    let dataset = Dataset::open(folder.path(), &options).unwrap();
    assert_eq!(item(&dataset, 0), vec![1.0; 8 * 8 * 3]);
}

#[test]
fn sub_folders_are_classes_only_if_every_picture_lies_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let picture = png(&plain(8, 8, [0; 3]));
    for name in [
        "dogs/1.png",
        "cats/deep/2.png",
        "cats/1.png",
        ".hidden/3.png",
        "cats/.4.png",
    ] {
        write(folder.path(), name, &picture);
    }
    write(folder.path(), "notes.txt", b"about the pictures");
    let dataset = open(folder.path()).unwrap();
    assert_eq!(dataset.classes(), ["cats", "dogs"]);
    let labels: Vec<_> = (0..dataset.len())
        .map(|index| dataset.label(index))
        .collect();
    assert_eq!(labels, [Some(0), Some(0), Some(1)]);
    assert_eq!(dataset.skipped(), []);
    write(folder.path(), "loose.png", &picture);
    let dataset = open(folder.path()).unwrap();
    assert!(dataset.classes().is_empty() && dataset.label(0).is_none());
}

#[test]
fn a_zip_holds_what_the_folder_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (red, blue) = (
        png(&plain(8, 8, [255, 0, 0])),
        png(&plain(8, 8, [0, 0, 255])),
    );
    let entries: [(&str, &[u8]); 3] = [
        ("set/a/1.png", &red),
        ("set/b/2.png", &blue),
        ("__MACOSX/set/a/._1.png", b"junk"),
    ];
    write(folder.path(), "my set.zip", &zip(&entries));
    for (name, bytes) in &entries[..2] {
        write(folder.path(), name, bytes);
    }
    let zipped = open(folder.path().join("my set.zip")).unwrap();
    let plain = open(folder.path().join("set")).unwrap();
    assert_eq!(zipped.name(), "my-set");
    assert_eq!((zipped.len(), zipped.classes()), (2, plain.classes()));
    for index in 0..2 {
        assert_eq!(item(&zipped, index), item(&plain, index));
        assert_eq!(zipped.label(index), plain.label(index));
    }
    // The fingerprint knows the content and not the place.
    fs::rename(folder.path().join("set"), folder.path().join("moved")).unwrap();
    assert_eq!(
        open(folder.path().join("moved")).unwrap().fingerprint(),
        plain.fingerprint()
    );
    write(folder.path(), "moved/a/3.png", &red);
    assert_ne!(
        open(folder.path().join("moved")).unwrap().fingerprint(),
        plain.fingerprint()
    );
}

#[test]
fn points_are_standardised_and_go_back_to_their_units() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "t.csv",
        b"\xEF\xBB\xBFtime;same\r\n1700000000;7.5\r\n1700000010;7.5\r\n1700000020;7.5\r\n",
    );
    let dataset = open(folder.path().join("t.csv")).unwrap();
    assert_eq!(
        (dataset.len(), dataset.kind()),
        (3, Kind::Points { dimensions: 2 })
    );
    let mut rows: Vec<f32> = (0..3).flat_map(|index| item(&dataset, index)).collect();
    let step = 1.5_f32.sqrt();
    for (value, expected) in rows.iter().zip([-step, 0.0, 0.0, 0.0, step, 0.0]) {
        assert!((value - expected).abs() < 1e-6, "{rows:?}");
    }
    rows[5] = 3.0;
    let units = dataset.units().unwrap();
    units.to_units(&mut rows);
    assert_eq!(
        rows,
        [1.7e9, 7.5, 1_700_000_010.0, 7.5, 1_700_000_020.0, 7.5]
    );
}

#[test]
fn idx_files_are_found_in_a_folder_with_their_labels() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = [
        &[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 4][..],
        &[0; 16],
        &[255; 16],
    ]
    .concat();
    write(folder.path(), "train-images-idx3-ubyte", &pictures);
    write(
        folder.path(),
        "train-labels-idx1-ubyte",
        &[0, 0, 8, 1, 0, 0, 0, 2, 3, 0],
    );
    for path in [
        folder.path().to_owned(),
        folder.path().join("train-images-idx3-ubyte"),
    ] {
        let dataset = open(path).unwrap();
        assert_eq!((dataset.len(), dataset.kind()), (2, images(1, 4)));
        assert_eq!(
            (dataset.label(0), dataset.label(1), dataset.classes().len()),
            (Some(3), Some(0), 4)
        );
        assert_eq!(item(&dataset, 1), vec![1.0; 16]);
    }
    write(
        folder.path(),
        "train-labels-idx1-ubyte",
        &[0, 0, 8, 1, 0, 0, 0, 1, 3],
    );
    assert!(open(folder.path()).is_err(), "one label for two pictures");
}

#[test]
fn every_builtin_is_what_it_says() {
    let mean_and_deviation = |name: &str, column: usize| {
        let dataset = open(name).unwrap();
        let units = dataset.units().unwrap();
        (units.mean[column], units.deviation[column])
    };
    let (mean, deviation) = mean_and_deviation("gaussian", 0);
    assert!((mean - 4.0).abs() < 0.01 && (deviation - 0.5).abs() < 0.01);
    // Uniform on [-2, 2]; then half of it with noise.
    assert!((mean_and_deviation("line", 0).1 - (4.0_f64 / 3.0).sqrt()).abs() < 0.01);
    assert!((mean_and_deviation("line", 1).1 - (1.0_f64 / 3.0 + 0.09).sqrt()).abs() < 0.01);
    assert!((mean_and_deviation("ring", 1).1 - 0.5_f64.sqrt()).abs() < 0.01);
    assert!((mean_and_deviation("grid", 0).1 - 8.0_f64.sqrt()).abs() < 0.02);
    assert!(open("spiral").unwrap().classes().is_empty());

    let grid = open("grid").unwrap();
    for index in 0..1000 {
        let mut point = item(&grid, index);
        grid.units().unwrap().to_units(&mut point);
        let mode = grid.label(index).unwrap();
        for (value, place) in point.iter().zip([mode % 5, mode / 5]) {
            assert!((value - (2.0 * place as f32 - 4.0)).abs() < 0.3);
        }
    }

    let digits = open("digits").unwrap();
    assert_eq!((digits.len(), digits.kind()), (10_000, images(1, 28)));
    for class in 0..10 {
        assert!(
            (0..10_000)
                .filter(|&index| digits.label(index) == Some(class))
                .count()
                > 500
        );
    }
    let stacked = open("stacked-digits").unwrap();
    assert_eq!(
        (stacked.len(), stacked.kind(), stacked.classes().len()),
        (128_000, images(3, 28), 1000)
    );
    assert_eq!(stacked.classes()[42], "042");
    let picture = item(&stacked, 5);
    let red: Vec<f32> = picture.iter().step_by(3).copied().collect();
    let label = stacked.label(5).unwrap();
    let found = (0..10_000)
        .find(|&index| item(&digits, index) == red)
        .unwrap();
    assert_eq!(digits.label(found), Some(label / 100));
}

#[test]
fn a_builtin_can_be_resized_and_recoloured() {
    let options = DataOptions {
        resolution: Some(16),
        channels: Some(3),
        ..Default::default()
    };
    for name in ["digits", "stacked-digits"] {
        let dataset = Dataset::open(Path::new(name), &options).unwrap();
        assert_eq!(dataset.kind(), images(3, 16));
        assert!(item(&dataset, 0).iter().any(|&value| value > 0.0));
    }
}
