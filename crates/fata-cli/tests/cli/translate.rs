//! Pictures into other pictures: trained from two domains, used on files of any
//! kind, and clear about what cannot be.

use crate::workplace::{Workplace, keys, picture};
use fata::Picture;
use fata::data::gallery::{Still, still};
use fata::draw::write_gif;
use fata::ship::Provenance;

/// What makes a translation quick: narrow, shallow, few pictures.
const QUICK: &str = "--set model.width=8 --set translation.full_size=0 --set translation.blocks=1 --set translation.field=16 --images 8 --every 8 -q";

/// A workplace with the folders `a` and `b`, whose pictures have the same names.
fn with_domains() -> Workplace {
    let place = Workplace::new();
    for number in 0..6 {
        place.write(&format!("a/{number}.png"), &picture(number, 32));
        place.write(&format!("b/{number}.png"), &picture(number + 9, 32));
    }
    place
}

fn png(picture: &Picture) -> Vec<u8> {
    picture.encode_png(&Provenance::new("a test")).unwrap()
}

fn decoded(place: &Workplace, name: &str) -> Still {
    still(&place.read(name)).unwrap()
}

fn size(place: &Workplace, name: &str) -> [usize; 3] {
    let still = decoded(place, name);
    let frame = &still.frames[0];
    [frame.width, frame.height, frame.channels]
}

#[test]
fn two_folders_of_the_same_names_are_pairs_and_train_pix2pix() {
    let place = with_domains();
    let loud = QUICK.replace("-q", "");
    let said = place
        .fata(&format!("train --from a --to b {loud} -o run --json"))
        .done();
    assert!(said.stderr.contains("6 pairs"), "{}", said.stderr);
    assert!(said.stderr.contains("pix2pix"), "{}", said.stderr);
    let object = said.json();
    assert_eq!(object["images_seen"], 8);
    assert_eq!(keys(&object["networks"]), ["discriminator", "generator"]);
    assert_eq!(
        place.names("run/samples"),
        ["000000000000.png", "000000000008.png", "training.png"]
    );

    // And is used: on one picture, a folder and a zip.
    place
        .fata("translate run a/0.png -o one.png -q")
        .done()
        .silent();
    assert_eq!(size(&place, "one.png"), [32, 32, 3]);
    let said = place.fata("translate run a -o made/ --json").done().json();
    assert_eq!((&said["pictures"], &said["files"]), (&6.into(), &6.into()));
    assert_eq!(
        place.names("made"),
        ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png"]
    );
    place.fata("translate run a -o made.zip -q").done();
    let said = place
        .fata("translate run made.zip -o again --json")
        .done()
        .json();
    assert_eq!(said["pictures"], 6);
    // One picture is the same whichever way it came.
    assert!(decoded(&place, "one.png").frames == decoded(&place, "made/0.png").frames);
}

#[test]
fn folders_without_pairs_train_cyclegan_and_go_both_ways() {
    let place = Workplace::new();
    for number in 0..3 {
        place.write(&format!("data/trainA/h{number}.png"), &picture(number, 32));
        place.write(
            &format!("data/trainB/z{number}.png"),
            &picture(number + 9, 32),
        );
    }
    place.write("data/trainB/z3.png", &picture(3, 48));
    let said = place
        .fata(&format!("train data {QUICK} -o run --json"))
        .done()
        .json();
    let networks = keys(&said["networks"]);
    assert_eq!(
        networks,
        [
            "discriminator_a",
            "discriminator_b",
            "generator_ab",
            "generator_ba"
        ]
    );
    assert_eq!(
        said["parameters_generator"],
        said["networks"]["generator_ab"]
    );
    for way in ["ab", "ba"] {
        place
            .fata(&format!(
                "translate run data/trainA/h0.png --direction {way} -o {way}.png -q"
            ))
            .done();
    }
    assert_ne!(place.read("ab.png"), place.read("ba.png"));
    place
        .fata("translate run data/trainA/h0.png --direction up -o x.png")
        .fails(2, &["ab or ba"]);
}

#[test]
fn aspect_and_alpha_are_kept_at_any_size() {
    let place = with_domains();
    place
        .fata(&format!("train --from a --to b {QUICK} -o run"))
        .done();
    let mut clear = Picture::filled(70, 9, &[200, 10, 10, 255]);
    for pixel in clear.pixels.chunks_exact_mut(4).step_by(2) {
        pixel[3] = 40;
    }
    place.write("wide.png", &png(&clear));
    place.write("tiny.png", &png(&Picture::filled(5, 3, &[9])));
    place.write(
        "panorama.png",
        &png(&Picture::filled(20_000, 3, &[1, 2, 3])),
    );
    place
        .fata("translate run wide.png -o wide-made.png -q")
        .done();
    assert_eq!(size(&place, "wide-made.png"), [70, 9, 4]);
    let made = decoded(&place, "wide-made.png");
    let alpha = |picture: &Picture| {
        picture
            .pixels
            .iter()
            .skip(3)
            .step_by(4)
            .copied()
            .collect::<Vec<_>>()
    };
    assert_eq!(alpha(&made.frames[0]), alpha(&clear));
    place
        .fata("translate run tiny.png -o tiny-made.png -q")
        .done();
    assert_eq!(size(&place, "tiny-made.png"), [5, 3, 3]);
    place
        .fata("translate run panorama.png -o panorama-made.png -q")
        .done();
    assert_eq!(size(&place, "panorama-made.png"), [20_000, 3, 3]);
    place
        .fata("translate run panorama.png --large whole -o whole.png -q")
        .done();
    assert_eq!(size(&place, "whole.png"), [20_000, 3, 3]);
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_go_through() {
    let place = with_domains();
    place
        .fata(&format!("train --from a --to b {QUICK} -o run"))
        .done();
    place.write("mixed/fine.png", &picture(1, 40));
    place.write("mixed/broken.png", b"\x89PNG\r\n\x1a\nnothing more");
    place.write("mixed/notes.txt", b"not a picture");
    let frames = [30, 90, 200].map(|value| Picture::filled(20, 20, &[value; 3]));
    place.write("mixed/moving.gif", &write_gif(&frames, &[40; 3]).unwrap());
    let said = place.fata("translate run mixed -o made").done();
    assert!(
        said.stderr.contains("broken.png is left out"),
        "{}",
        said.stderr
    );
    assert_eq!(place.names("made"), ["fine.png", "moving.gif"]);
    let moving = decoded(&place, "made/moving.gif");
    assert_eq!((moving.frames.len(), moving.delays_ms[0]), (3, 40));
    // A GIF may become an APNG.
    place
        .fata("translate run mixed/moving.gif -o moving.png -q")
        .done();
    assert_eq!(decoded(&place, "moving.png").frames.len(), 3);
    place
        .fata("translate run mixed/broken.png -o x.png")
        .fails(1, &["broken.png"]);
}

#[test]
fn pairs_side_by_side_and_drawn_ones_train_too() {
    let place = Workplace::new();
    for number in 0..4 {
        let both = Picture::filled(64, 32, &[number * 20, 90, 10]);
        place.write(&format!("pairs/{number}.png"), &png(&both));
        place.write(&format!("only/{number}.png"), &picture(number.into(), 32));
    }
    place
        .fata(&format!("train --pairs pairs {QUICK} -o halves"))
        .done();
    for (kind, channels) in [("edges", 1), ("grey", 1), ("small", 3), ("masked", 3)] {
        let said = place
            .fata(&format!(
                "train --from {kind} --to only {QUICK} -o {kind} --json"
            ))
            .done();
        assert_eq!(said.json()["images_seen"], 8, "{kind}");
        let recipe = place.text(&format!("{kind}/recipe.toml"));
        let domains = recipe.split("[domains]").nth(1).unwrap();
        assert!(
            domains.contains(&format!("channels = {channels}")),
            "{kind}: {domains}"
        );
        place
            .fata(&format!(
                "translate {kind} only/1.png --draw -o {kind}.png -q"
            ))
            .done();
        assert_eq!(size(&place, &format!("{kind}.png")), [32, 32, 3]);
    }
    // A model that makes small pictures sharp makes them larger.
    place
        .fata("translate small only/1.png -o large.png -q")
        .done();
    assert_eq!(size(&place, "large.png"), [128, 128, 3]);
    place
        .fata("translate halves only/1.png --draw -o x.png")
        .fails(1, &["--draw"]);
}

#[test]
fn a_translation_goes_on_from_where_it_was_stopped() {
    let place = with_domains();
    let flags = QUICK.replace(
        "--images 8 --every 8",
        "--every 4 --recipe cyclegan --set translation.pool=2 --set train.rate_decay=none",
    );
    place
        .fata(&format!(
            "train --from a --to b {flags} --images 12 -o whole"
        ))
        .done();
    place
        .fata(&format!(
            "train --from a --to b {flags} --images 4 -o parts"
        ))
        .done();
    place.fata("train --resume parts --images 12 -q").done();
    assert!(place.read("whole/generator.safetensors") == place.read("parts/generator.safetensors"));
    assert_eq!(place.log("whole"), place.log("parts"));
    place
        .fata("train --resume parts --set model.width=16 -q")
        .fails(2, &["keeps its networks"]);
}

#[test]
fn models_of_the_other_kind_are_told_apart() {
    let place = with_domains();
    place
        .fata(&format!("train --from a --to b {QUICK} -o run"))
        .done();
    place
        .fata("sample run -o x.png")
        .fails(1, &["fata translate"]);
    place
        .train("a", "--images 16 --every 16 -o plain -q")
        .done();
    place
        .fata("translate plain a -o x/")
        .fails(1, &["fata sample"]);
    place
        .fata("translate run a/0.png --direction ba -o x.png")
        .fails(1, &["one way", "--direction ab"]);
    place
        .fata("translate run a/0.png -o x.jpg")
        .fails(2, &[".png"]);
    place.fata("translate run a -o x.png").fails(2, &["DIR/"]);
    place
        .fata("translate run nowhere -o x.png")
        .fails(1, &["nowhere"]);
}

#[test]
fn domains_that_do_not_go_together_are_refused_with_the_way_out() {
    let place = with_domains();
    place.fata("train --from a").fails(2, &["--to"]);
    place
        .fata(&format!(
            "train --from a --to b --recipe dcgan {QUICK} -o x"
        ))
        .fails(2, &["pix2pix"]);
    place
        .fata(&format!("train --from folders --to b {QUICK} -o x"))
        .fails(1, &["trainA", "--from A --to B"]);
    place
        .fata(&format!("train ring --recipe pix2pix {QUICK} -o x"))
        .fails(1, &["points"]);
    place
        .fata(&format!(
            "train --from a --to b --resolution 48 {QUICK} -o x"
        ))
        .fails(2, &["power of two"]);
    place.write("few/0.png", &picture(0, 32));
    let loud = QUICK.replace("-q", "");
    let said = place
        .fata(&format!("train --from few --to b {loud} -o one"))
        .done();
    assert!(said.stderr.contains("one picture"), "{}", said.stderr);
    let said = place
        .fata(&format!(
            "train --from few --to b --paired yes {loud} -o pair"
        ))
        .done();
    assert!(said.stderr.contains("1 pairs"), "{}", said.stderr);
}

#[test]
fn a_translation_is_judged_on_pairs_that_it_was_not_shown() {
    let place = with_domains();
    let flags = format!("{QUICK} --set data.held_out=0.5");
    for (recipe, ending) in [("pix2pix", &[][..]), ("cyclegan", &["_back"])] {
        place
            .fata(&format!(
                "train --from a --to b --recipe {recipe} {flags} -o {recipe}"
            ))
            .done();
        let said = place
            .fata(&format!("judge {recipe} --features pixels --json"))
            .done()
            .json();
        assert_eq!(said["paired"], true, "{said}");
        let held_out = said["samples"].as_u64().unwrap();
        assert!((2..5).contains(&held_out), "{said}");
        let mut names = vec!["fid", "kid", "l1", "psnr", "ssim"];
        if !ending.is_empty() {
            names.push("cycle_error");
        }
        for name in names {
            let metric = &said["metrics"][name];
            assert!(metric["value"].is_f64(), "{name} of {said}");
            let reference = metric["reference"].is_f64();
            assert_eq!(reference, name != "cycle_error", "{name}: {metric}");
            for ending in ending {
                assert!(said["metrics"][format!("{name}{ending}")]["value"].is_f64());
            }
        }
    }
    // Against others: the counterparts of copies are themselves.
    let same = place
        .fata("judge pix2pix --from a --against a --features pixels --json")
        .done()
        .json();
    assert_eq!(same["samples"], 6);
    assert_eq!(same["metrics"]["l1"]["reference"], 0.0);
    place
        .fata("judge pix2pix/generator.safetensors")
        .fails(2, &["--from A --against B"]);
    // What translates and cannot be used is not taken for something else.
    let mut bytes = place.read("pix2pix/generator.safetensors");
    let width = bytes.windows(9).position(|part| part == b"width = 8");
    bytes[width.unwrap() + 8] = b'9';
    place.write("other.safetensors", &bytes);
    let said = place.fata("judge other.safetensors --from a --against b");
    let said = said.fails(1, &["other.safetensors"]).stderr;
    assert!(!said.contains("makes none of latents"), "{said}");
}
