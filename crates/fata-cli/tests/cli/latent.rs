//! `fata walk`, `blend`, `directions` and `invert`: the latent space from the
//! command line.

use crate::workplace::{Workplace, keys};
use fata::data::gallery::still;

/// A workplace with a model of pictures in `run`.
fn with_model() -> Workplace {
    let place = Workplace::with_pictures();
    let flags = "--images 32 --every 32 -o run -q";
    place.train("pictures", flags).done();
    place
}

/// A workplace with a model of two classes in `run`.
fn with_classes() -> Workplace {
    let place = Workplace::new();
    for number in 0..6 {
        let class = if number % 2 == 0 { "cat" } else { "dog" };
        let name = format!("pictures/{class}/{number}.png");
        place.write(&name, &crate::workplace::picture(number, 16));
    }
    let flags = "--set model.condition=projection --images 32 --every 32 -o run -q";
    place.train("pictures", flags).done();
    place
}

/// Width and height in a PNG's header.
fn size(png: &[u8]) -> [u32; 2] {
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
}

fn contains(bytes: &[u8], text: &str) -> bool {
    let mut windows = bytes.windows(text.len());
    windows.any(|window| window == text.as_bytes())
}

#[test]
fn a_walk_is_an_animation_whose_frames_and_times_are_those_asked_for() {
    let place = with_model();
    let said = place
        .fata("walk run --seeds 3,17,40 --frames 6 --fps 25 -o walk.gif --json")
        .done()
        .json();
    assert_eq!(keys(&said), ["files", "fps", "frames", "out"]);
    let gif = still(&place.read("walk.gif")).unwrap();
    assert!(gif.gif);
    assert_eq!(gif.delays_ms, [40; 6]);
    place
        .fata("walk run --seeds 3,17,40 --frames 6 --fps 25 -o walk.png -q")
        .done()
        .silent();
    let png = still(&place.read("walk.png")).unwrap();
    assert_eq!((png.frames.len(), png.delays_ms[5]), (6, 40));
    assert!(contains(&place.read("walk.png"), "seeds 3,17,40"));
    // By default a loop of four seeds, eighty frames, in walk.gif.
    let said = place.fata("walk run").done();
    assert!(said.stderr.contains("80 frames in walk.gif"), "{said:?}");
}

#[test]
fn the_stops_of_a_walk_are_the_seeds_own_samples() {
    let place = with_model();
    place.fata("sample run -o own/ --seeds 3,17 -q").done();
    place
        .fata("walk run --seeds 3,17 --frames 4 -o frames/ -q")
        .done();
    let names = place.names("frames");
    assert_eq!(names.len(), 4);
    assert_eq!(names[3], "frame000003.png");
    let pixels = |name: &str| still(&place.read(name)).unwrap().frames.remove(0);
    assert_eq!(
        pixels("frames/frame000000.png"),
        pixels("own/seed000003.png")
    );
    assert_eq!(
        pixels("frames/frame000002.png"),
        pixels("own/seed000017.png")
    );
    // A loop of two goes there and back.
    let [first, second, last] = [0, 1, 3].map(|n| pixels(&format!("frames/frame{n:06}.png")));
    assert_eq!(second, last);
    assert_ne!(first, second);
    // Open, it ends at the last stop; the other way lies elsewhere.
    place
        .fata("walk run --seeds 3,17 --frames 3 --open -o open/ -q")
        .done();
    place
        .fata("walk run --seeds 3,17 --frames 3 --open --by linear -o straight/ -q")
        .done();
    assert_eq!(pixels("open/frame000002.png"), pixels("own/seed000017.png"));
    assert_ne!(
        pixels("open/frame000001.png"),
        pixels("straight/frame000001.png")
    );
}

#[test]
fn walks_stand_side_by_side_and_are_the_same_each_time_on_any_threads() {
    let place = with_model();
    let walk = |flags: &str| {
        place
            .fata(&format!("walk run --frames 5 --grid 3x2 -q {flags}"))
            .done()
            .silent();
    };
    walk("-o one.png --threads 1");
    walk("-o two.png --threads 2");
    walk("-o other.png --seed 99");
    assert_eq!(place.read("one.png"), place.read("two.png"));
    assert_ne!(place.read("one.png"), place.read("other.png"));
    assert_eq!(size(&place.read("one.png")), [3 * 18 + 2, 2 * 18 + 2]);
    place
        .fata("walk run --grid 3x2 --seeds 0-6 -o x.gif")
        .fails(2, &["7 stops", "multiple of 6"]);
    place
        .fata("walk run --frames 2 --scale 3 -o large.png")
        .done();
    assert_eq!(size(&place.read("large.png")), [48, 48]);
}

#[test]
fn a_walk_that_cannot_be_is_said_to_be_so() {
    let place = with_model();
    for (words, said) in [
        ("walk run -o walk.jpg", "FILE.gif"),
        ("walk run --fps 60 -o walk.gif", "at most 50"),
        ("walk run --fps 0", "--fps"),
        ("walk run --frames 0", "--frames"),
        ("walk run --seeds 3", "at least two"),
        ("walk run --seeds x", "@FILE"),
        ("walk run --grid 0x2", "3x2"),
        ("walk run --by bicycle", "spherical"),
        ("walk run --trunc=-1", "from 0 to 4"),
        ("walk run -o walk.csv", "makes pictures"),
    ] {
        place.fata(words).fails(2, &[said]);
    }
    place
        .fata("walk run --seeds 1,@nowhere.safetensors")
        .fails(1, &["nowhere.safetensors"]);
    place
        .fata("walk run --class 3")
        .fails(1, &["not trained on labels"]);
    place
        .fata("walk run --direction run/generator.safetensors:0 --seeds 1")
        .fails(1, &["directions is needed"]);
    assert_eq!(place.names("."), ["pictures", "run"], "nothing is written");
}

#[test]
fn without_ffmpeg_a_video_is_refused_with_what_to_do() {
    let place = with_model();
    let mut command = place.command("walk run --frames 2 -o walk.mp4");
    let outcome = command.env("PATH", place.path("nowhere")).output().unwrap();
    let said = String::from_utf8(outcome.stderr).unwrap();
    assert_eq!(outcome.status.code(), Some(1));
    assert!(said.contains("install it, or write a .gif"), "{said}");
    assert_eq!(place.names("."), ["pictures", "run"]);
}

#[test]
fn points_are_walked_in_a_table() {
    let place = Workplace::new();
    place
        .fata("train ring --images 512 --every 512 -o run -q")
        .done();
    place.fata("walk run --frames 12 -q").done().silent();
    let text = place.text("walk.csv");
    assert_eq!(text.lines().count(), 12);
    assert!(text.lines().all(|line| line.split(',').count() == 2));
    place.fata("walk run -o walk.gif").fails(2, &[".csv"]);
    place.fata("blend run 1+2").fails(2, &["makes points"]);
    place.fata("directions run").fails(2, &["makes points"]);
}

#[test]
fn a_sum_is_shown_with_its_parts_and_its_latent_can_be_kept() {
    let place = with_model();
    let mut command = place.command("blend run -o sum.png --json --out-latent sum.safetensors");
    let outcome = command
        .arg("mean(12,40,7) - mean(3,9) + 21")
        .output()
        .unwrap();
    assert!(outcome.status.success());
    let said: serde_json::Value = serde_json::from_slice(&outcome.stdout).unwrap();
    assert_eq!(
        keys(&said),
        [
            "classes",
            "expression",
            "latent",
            "out",
            "out_latent",
            "parts"
        ]
    );
    assert_eq!(said["parts"][1]["text"], "mean(3,9)");
    assert_eq!(said["parts"][1]["sign"], "-");
    let [width, height] = size(&place.read("sum.png"));
    assert!(width > 300 && height > 100, "{width}x{height}");
    // What was kept is where the sum led.
    place
        .fata("blend run @sum.safetensors --alone -o kept.png -q")
        .done();
    let mut again = place.command("blend run --alone -o sum-alone.png -q");
    again
        .arg("mean(12,40,7) - mean(3,9) + 21")
        .output()
        .unwrap();
    let pixels = |name: &str| still(&place.read(name)).unwrap().frames;
    assert_eq!(pixels("kept.png"), pixels("sum-alone.png"));
    place
        .fata("walk run --seeds 1,@sum.safetensors --frames 3 -o walk.gif -q")
        .done();
}

#[test]
fn what_is_wrong_in_a_sum_is_pointed_at() {
    let place = with_model();
    for (sum, said) in [
        ("12+", "at character 4"),
        ("median(3,4)", "only mean"),
        ("3*4*", "a seed"),
        ("3-3", "cancel out"),
    ] {
        place.fata(&format!("blend run {sum}")).fails(2, &[said]);
    }
    place
        .fata("blend run @nowhere.safetensors")
        .fails(1, &["cannot read nowhere.safetensors"]);
    place
        .fata("blend run @run/generator.safetensors")
        .fails(1, &["latent is needed"]);
    place.fata("blend run 3 -o sum.gif").fails(2, &[".png"]);
    place.fata("blend run -1").done();
}

#[test]
fn directions_are_found_four_ways_and_walked_along() {
    let place = with_model();
    let said = place.fata("directions run --count 2 --json").done().json();
    assert_eq!(keys(&said), ["directions", "figure", "method", "out"]);
    assert_eq!(said["directions"][1]["name"], "component1");
    assert_eq!(
        place.names("."),
        [
            "directions.png",
            "directions.safetensors",
            "pictures",
            "run"
        ]
    );
    place
        .fata("directions run --by sefa --count 2 -o sefa.safetensors -q")
        .done();
    place
        .fata("directions run --by features --features pixels --count 2 -o f.safetensors -q")
        .done();
    place
        .fata("directions run --from 12,40,7 --minus 3,9 --name glasses -o g.safetensors -q")
        .done();
    place
        .fata("directions run --with pictures --without run/samples --features pixels -o w.safetensors -q")
        .done();
    place
        .fata("walk run --seeds 5 --direction g.safetensors:glasses --strength 2 --frames 4 -o g.gif -q")
        .done();
    place
        .fata("walk run --seeds 5 --direction sefa.safetensors:1 --frames 4 -o s.gif -q")
        .done();
    assert_ne!(place.read("g.gif"), place.read("s.gif"));
    place
        .fata("walk run --seeds 5 --direction sefa.safetensors:smile")
        .fails(2, &["no direction `smile`", "sefa0, sefa1"]);
    place
        .fata("walk run --seeds 5,6 --direction sefa.safetensors:0")
        .fails(2, &["begins at one seed"]);
    place
        .fata("directions run --count 999")
        .fails(2, &["999 directions"]);
    place
        .fata("directions run --from 1 --minus 1")
        .fails(1, &["do not differ"]);
}

#[test]
fn a_walk_goes_from_class_to_class() {
    let place = with_classes();
    place
        .fata("walk run --seeds 5 --class cat,dog --frames 4 -o frames/ -q")
        .done();
    for class in ["cat", "dog"] {
        place
            .fata(&format!(
                "sample run --seeds 5 --class {class} -o {class}/ -q"
            ))
            .done();
    }
    let pixels = |name: &str| still(&place.read(name)).unwrap().frames.remove(0);
    assert_eq!(
        pixels("frames/frame000000.png"),
        pixels("cat/seed000005.png")
    );
    assert_eq!(
        pixels("frames/frame000002.png"),
        pixels("dog/seed000005.png")
    );
    assert_eq!(
        pixels("frames/frame000001.png"),
        pixels("frames/frame000003.png")
    );
    place
        .fata("walk run --class cat,bird")
        .fails(1, &["no class `bird`"]);
}

#[test]
fn truncation_is_the_same_in_samples_and_walks() {
    let place = with_model();
    for psi in ["0", "0.5"] {
        place
            .fata(&format!(
                "sample run --seeds 3,4 --trunc {psi} -o own{psi}/ -q"
            ))
            .done();
    }
    place
        .fata("walk run --seeds 3,4 --frames 2 --trunc 0.5 -o walk/ -q")
        .done();
    let pixels = |name: &str| still(&place.read(name)).unwrap().frames.remove(0);
    assert_eq!(pixels("own0/seed000003.png"), pixels("own0/seed000004.png"));
    assert_ne!(
        pixels("own0/seed000003.png"),
        pixels("own0.5/seed000003.png")
    );
    assert_eq!(
        pixels("walk/frame000001.png"),
        pixels("own0.5/seed000004.png")
    );
    place
        .fata("sample run --trunc nan")
        .fails(2, &["from 0 to 4"]);
}

/// A quick search: of the command, not of the mathematics.
const QUICK: &str = "--steps 12 --starts 2 --candidates 32 --controls 1";

#[test]
fn an_inversion_reports_its_errors_and_keeps_its_latent() {
    let place = with_model();
    place.fata("sample run --seeds 5 -o own/ -q").done();
    let said = place
        .fata(&format!(
            "invert run own/seed000005.png --json --out-latent found.safetensors {QUICK}"
        ))
        .done()
        .json();
    assert_eq!(
        keys(&said),
        [
            "class",
            "elapsed_seconds",
            "error",
            "feature_error",
            "latent",
            "out",
            "out_latent",
            "own_error",
            "pixel_error",
            "pixel_rms",
            "random_error",
            "verdict"
        ]
    );
    assert!(said["pixel_error"].as_f64() <= said["pixel_rms"].as_f64());
    assert!(said["verdict"].is_string() && said["class"].is_null());
    assert!(size(&place.read("inverted.png"))[0] > 3 * 64);
    let words = place
        .fata(&format!("invert run own/seed000005.png -o two.png {QUICK}"))
        .done()
        .stderr;
    assert!(words.contains("pixels in [-1, 1] are off by"), "{words}");
    assert!(words.contains("the model"), "{words}");
    assert_eq!(place.read("inverted.png"), place.read("two.png"));
    place
        .fata("blend run @found.safetensors --alone -o kept.png -q")
        .done();
    place
        .fata(&format!("invert run own/seed000005.png -q {QUICK}"))
        .done()
        .silent();
}

#[test]
fn pictures_of_any_size_and_colour_are_fitted_and_others_refused() {
    let place = with_model();
    let grey = fata::Picture::filled(50, 31, &[90]);
    let bytes = grey.encode_png(&fata::ship::Provenance::new("test"));
    place.write("grey.png", &bytes.unwrap());
    place
        .fata(&format!("invert run grey.png --fit pad -q {QUICK}"))
        .done();
    place.write("words.png", b"these are words");
    place
        .fata("invert run words.png")
        .fails(1, &["words.png", "picture"]);
    place
        .fata("invert run nowhere.png")
        .fails(1, &["nowhere.png"]);
    place.fata("invert run pictures").fails(2, &["folder"]);
    // A header that claims 60000 by 60000 pixels.
    let mut bomb = place.read("grey.png");
    for (at, byte) in [(18, 0xea), (19, 0x60), (22, 0xea), (23, 0x60)] {
        bomb[at] = byte;
    }
    let mut crc = flate_crc(&bomb[12..29]);
    for byte in bomb[29..33].iter_mut().rev() {
        *byte = crc as u8;
        crc >>= 8;
    }
    place.write("bomb.png", &bomb);
    place
        .fata("invert run bomb.png")
        .fails(1, &["bomb.png", "60000"]);
}

/// The CRC-32 of a PNG's chunk.
fn flate_crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    !crc
}
