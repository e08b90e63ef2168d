//! Data as strangers leave them: what is unusable is named, and what remains
//! is trained on.

use crate::workplace::{Outcome, Workplace, picture};
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Looks at data and trains on them; both must end alike.
#[track_caller]
fn refused(place: &Workplace, data: &str, said: &[&str]) {
    place.fata(&format!("data check {data}")).fails(1, said);
    place.train(data, "--images 16 -o run").fails(1, said);
    assert!(!place.path("run").exists(), "nothing is left behind");
}

/// Trains on data of which something is left out.
#[track_caller]
fn trained(place: &Workplace, data: &str, said: &[&str]) -> Outcome {
    let report = place.fata(&format!("data check {data}")).done();
    let outcome = place.train(data, "--images 16 --every 16 -o run").done();
    for part in said {
        assert!(
            report.stdout.contains(part),
            "{part:?} is not in {}",
            report.stdout
        );
    }
    place.fata("sample run -q").done();
    outcome
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Overwrites a field of the first entry, in both of its headers.
fn patch(zip: &mut [u8], local: usize, central: usize, value: u32) {
    for (signature, offset) in [(b"PK\x03\x04", local), (b"PK\x01\x02", central)] {
        let start = zip.windows(4).position(|window| window == signature);
        let start = start.unwrap() + offset;
        zip[start..start + 4].copy_from_slice(&value.to_le_bytes());
    }
}

/// A checksum as PNGs have it.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn nothing_to_train_on_is_an_error_that_says_what_was_found() {
    let place = Workplace::new();
    std::fs::create_dir(place.path("empty")).unwrap();
    refused(
        &place,
        "empty",
        &["empty holds nothing that can be used", "it is empty", "PNG"],
    );
    for number in 0..5 {
        place.write(&format!("words/{number}.png"), b"these are words");
    }
    refused(
        &place,
        "words",
        &["5 files", "0.png: not a picture", "and 2 more"],
    );
    place.write("notes/notes.txt", b"notes");
    refused(&place, "notes", &["no picture"]);
    refused(&place, "nowhere", &["`nowhere`", "digits, gaussian"]);
    place.write("one.png", &picture(1, 16));
    refused(&place, "one.png", &["one.png is neither a folder, a zip"]);
    place.write("half.zip", b"PK\x03\x04 and then nothing");
    refused(&place, "half.zip", &["half.zip", "not a whole zip"]);
}

#[test]
fn damaged_pictures_are_named_and_left_out() {
    let place = Workplace::new();
    let whole = picture(1, 16);
    place.write("set/good.png", &whole);
    place.write("set/cut.png", &whole[..whole.len() - 60]);
    place.write("set/empty.png", b"");
    place.write("set/dot.png", &picture(2, 1));
    let mut claim = picture(3, 1);
    claim[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
    claim[20..24].copy_from_slice(&100_000_u32.to_be_bytes());
    let sum = crc32(&claim[12..29]);
    claim[29..33].copy_from_slice(&sum.to_be_bytes());
    place.write("set/claim.png", &claim);
    let outcome = trained(
        &place,
        "set",
        &[
            "2 usable images",
            "unreadable 3",
            "cut.png: damaged",
            "empty.png: the file is empty",
            "claim.png: it claims 100000x100000 pixels",
        ],
    );
    assert!(
        outcome.stderr.contains("3 files cannot be used"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("fata data check"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn pictures_of_which_none_can_be_decoded_begin_no_run() {
    let place = Workplace::new();
    let whole = picture(1, 16);
    for number in 0..5 {
        place.write(&format!("set/{number}.png"), &whole[..whole.len() - 60]);
    }
    refused(
        &place,
        "set",
        &[
            "5 files that cannot be used",
            "0.png: damaged",
            "and 2 more",
        ],
    );
}

#[test]
fn a_picture_that_turns_out_damaged_during_the_training_is_named_then() {
    let place = Workplace::new();
    let whole = picture(1, 16);
    place.write("set/good.png", &whole);
    place.write("set/late.png", &whole[..whole.len() - 60]);
    place.write("set/words.png", b"words");
    let outcome = place
        .train("set", "--images 160 --every 16 -o run --json")
        .done();
    outcome.json();
    for part in [
        "note: 1 file cannot be used and is left out, the first words.png: not a picture",
        "note: 1 more file turned out damaged and is left out, the first late.png: damaged",
    ] {
        assert_eq!(
            outcome.stderr.matches(part).count(),
            1,
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn a_hostile_zip_is_read_as_far_as_it_is_good() {
    let place = Workplace::new();
    let good = picture(1, 16);
    let mut endless = good.clone();
    endless.resize(20 << 20, 0);
    let mut bytes = zip(&[
        ("endless.png", &endless),
        ("../outside.png", &good),
        ("good.png", &good),
    ]);
    patch(&mut bytes, 22, 24, 1000);
    place.write("hostile.zip", &bytes);
    let mut bytes = zip(&[("sum.png", &good), ("good.png", &good)]);
    patch(&mut bytes, 14, 16, 0xDEAD_BEEF);
    place.write("sum.zip", &bytes);
    trained(
        &place,
        "hostile.zip",
        &[
            "1 usable image\n",
            "../outside.png: its name leads outside the archive",
            "endless.png: damaged in the zip: File is larger than its declared",
        ],
    );
    std::fs::remove_dir_all(place.path("run")).unwrap();
    trained(
        &place,
        "sum.zip",
        &["1 usable image\n", "sum.png", "hecksum"],
    );
    assert_eq!(
        place.names("."),
        ["hostile.zip", "run", "samples.png", "sum.zip"]
    );
    place.write("only.zip", &zip(&[("../outside.png", &good)]));
    place.fata("data check only.zip").fails(
        1,
        &["only.zip holds nothing that can be used", "../outside.png"],
    );
}

#[cfg(unix)]
#[test]
fn loops_of_links_and_names_that_are_no_text_are_walked_through() {
    use std::os::unix::ffi::OsStrExt;
    let place = Workplace::with_pictures();
    std::fs::create_dir(place.path("pictures/sub")).unwrap();
    std::os::unix::fs::symlink("..", place.path("pictures/sub/up")).unwrap();
    std::os::unix::fs::symlink("self.png", place.path("pictures/self.png")).unwrap();
    let mut usable = "6 usable images";
    // Not every system lets such a name be made.
    let name = std::ffi::OsStr::from_bytes(b"\xFF\xFE.png");
    if std::fs::write(place.path("pictures").join(name), picture(7, 16)).is_ok() {
        usable = "7 usable images";
    }
    trained(&place, "pictures", &[usable, "self.png: cannot be read"]);
}

#[cfg(unix)]
#[test]
fn names_that_would_steer_a_terminal_are_written_out() {
    let place = Workplace::new();
    place.write("set/good.png", &picture(1, 16));
    // Not every system lets such a name be made.
    if std::fs::write(place.path("set/\u{1b}[31mred\n.png"), b"words").is_err() {
        return;
    }
    let report = place.fata("data check set").done().stdout;
    assert!(
        report.contains(r"\u{1b}[31mred\n.png: not a picture"),
        "{report}"
    );
    let said = place.train("set", "--images 16 -o run").done().stderr;
    for text in [report, said] {
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn data_at_a_path_that_is_no_text_are_refused_with_the_path() {
    use std::os::unix::ffi::OsStrExt;
    let place = Workplace::with_pictures();
    let path = std::ffi::OsStr::from_bytes(b"pictures\xFF");
    // Not every file system lets such a name be made.
    if std::fs::rename(place.path("pictures"), place.path("").join(path)).is_err() {
        return;
    }
    let type_it =
        |words: &str| -> Outcome { place.command(words).arg(path).output().unwrap().into() };
    type_it("train -o run").fails(2, &["the path pictures", "not text (UTF-8)", "rename it"]);
    let report = type_it("data check").done().stdout;
    assert!(
        report.contains("6 usable images") && report.contains("UTF-8"),
        "{report}"
    );
}

#[test]
fn fewer_pictures_than_a_batch_are_shown_again() {
    let place = Workplace::with_pictures();
    let outcome = place
        .fata("train pictures --recipe dcgan --set model.width=8 --batch 64 --images 128 --every 64 -o run --json")
        .done();
    assert_eq!(outcome.json()["images_seen"], 128);
}

#[test]
fn pictures_of_every_colour_type_train_together() {
    use fata::draw::Picture;
    use fata::ship::Provenance;
    let place = Workplace::new();
    for channels in [1, 3, 4] {
        let picture = Picture::filled(16, 16, &vec![90; channels]);
        let png = picture.encode_png(&Provenance::new("one colour")).unwrap();
        place.write(&format!("set/{channels}.png"), &png);
    }
    trained(
        &place,
        "set",
        &["3 usable images", "1 grey", "1 RGB", "1 RGBA", "4 channels"],
    );
}

#[test]
fn a_table_with_a_hole_is_refused_with_line_and_column() {
    let place = Workplace::new();
    for (name, text, said) in [
        (
            "hole",
            "x,y\n1,2\n3,\n",
            &["line 3, column 2 (`y`)", "missing"][..],
        ),
        ("short", "1,2\n3\n", &["line 2 has 1 fields"]),
        ("gap", "x\n1\n\n3\n", &["line 3, column 1", "missing"]),
        (
            "nan",
            "1,2\nnan,3\n",
            &["line 2, column 1", "`nan` is not a finite number"],
        ),
        (
            "inf",
            "1,2\n\n3,-inf\n",
            &["line 3, column 2", "`-inf` is not a finite number"],
        ),
        (
            "word",
            "x\n1\nNA\n",
            &["line 3, column 1 (`x`)", "`NA` is not a number"],
        ),
        ("names", "x,y\n", &["no row of numbers"]),
        ("void", "", &["empty"]),
    ] {
        let file = format!("{name}.csv");
        place.write(&file, text.as_bytes());
        place
            .fata(&format!("data check {file}"))
            .fails(1, &[&[&file[..]], said].concat());
        place
            .fata(&format!("train {file} --images 16 -o run"))
            .fails(1, &[&[&file[..]], said].concat());
    }
    assert!(!place.path("run").exists());
}
