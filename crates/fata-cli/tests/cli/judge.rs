//! `fata judge`, as a person and as a script use it.

use crate::workplace::{SMALL, Workplace, keys, picture};

/// A workplace that keeps its features to itself, with pictures of one side.
fn place() -> Workplace {
    let place = Workplace::new();
    for number in 0..24 {
        place.write(&format!("a/{number}.png"), &picture(number, 16));
        place.write(&format!("b/{number}.png"), &picture(number + 12, 16));
        place.write(&format!("large/{number}.png"), &picture(number, 24));
    }
    place
}

const RAW: &str = "--features pixels --no-cache";

#[test]
fn a_judgement_is_one_object_with_the_keys_that_scripts_read() {
    let place = place();
    let words =
        format!("judge a --against b {RAW} --json --metrics fid,kid,precision,memorisation");
    let report = place.fata(&words).done().json();
    assert_eq!(
        keys(&report),
        [
            "against",
            "against_samples",
            "features",
            "metrics",
            "missing_modes",
            "name",
            "samples",
            "warnings"
        ]
    );
    assert_eq!(report["features"], "pixels");
    assert_eq!(report["samples"], 24);
    assert_eq!(report["against"], "b");
    assert_eq!(
        keys(&report["metrics"]),
        ["fid", "kid", "memorisation", "precision"]
    );
    assert!(report["metrics"]["fid"]["value"].as_f64().unwrap() > 0.0);
    assert!(report["metrics"]["kid"]["standard_error"].as_f64().unwrap() > 0.0);
    // 24 pictures are far too few for a Fréchet distance.
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("2048"), "{warnings}");
}

#[test]
fn a_set_against_itself_is_at_no_distance() {
    let report = place()
        .fata(&format!("judge a --against a {RAW} --json --metrics fid"))
        .done()
        .json();
    assert!(report["metrics"]["fid"]["value"].as_f64().unwrap() < 1e-6);
}

#[test]
fn pictures_of_one_size_keep_it_and_others_are_warned_of() {
    let place = Workplace::new();
    for number in 0..12 {
        place.write(&format!("whole/{number}.png"), &picture(number, 260));
        let side = if number == 0 { 20 } else { 24 };
        place.write(&format!("mixed/{number}.png"), &picture(number, side));
    }
    let warnings = |words: &str| {
        let words = format!("judge {words} {RAW} --metrics kid --json");
        place.fata(&words).done().json()["warnings"].to_string()
    };
    let shown = warnings("whole --against whole");
    assert!(!shown.contains("brought to"), "{shown}");
    let shown = warnings("mixed --against whole --resolution 260");
    assert!(shown.contains("mixed were brought to 260x260"), "{shown}");
    assert!(!shown.contains("whole were"), "{shown}");
}

#[test]
fn people_get_a_table_and_a_page() {
    let place = place();
    let shown = place
        .fata(&format!("judge a --against b {RAW} --html page.html"))
        .done()
        .stdout;
    for word in ["fid", "coverage", "lower", "pixels features", "note:"] {
        assert!(shown.contains(word), "{word} in {shown}");
    }
    let page = place.text("page.html");
    assert!(page.contains("data:image/png;base64,") && page.contains("Closest pairs"));
    assert!(!page.contains("http"), "the page needs nothing else");
}

#[test]
fn runs_are_judged_against_their_own_data_and_ranked() {
    let place = place();
    for (run, images) in [("short", 32), ("long", 320)] {
        let words = format!("train a {SMALL} --images {images} -o {run} -q");
        place.fata(&words).done();
    }
    let words = format!("judge short long {RAW} --samples 50 --metrics kid --json");
    let ranked = place.fata(&words).done().json();
    assert_eq!(ranked["against"], "a");
    assert_eq!(ranked["rankings"][0]["places"].as_array().unwrap().len(), 2);
    assert!(ranked["verdicts"][0].as_str().unwrap().starts_with("kid"));
    let words = format!("judge short long {RAW} --samples 50 --metrics kid");
    let shown = place.fata(&words).done().stdout;
    assert!(shown.contains("1. ") && shown.contains("2. "), "{shown}");
}

#[test]
fn what_cannot_be_judged_is_said() {
    let place = place();
    std::fs::create_dir(place.path("empty")).unwrap();
    place.write("points.csv", b"1,2\n3,4\n5,6\n");
    for (words, code, said) in [
        ("judge a --against large", 1, ["16x16", "24x24"]),
        ("judge empty --against a", 1, ["empty", "holds nothing"]),
        ("judge a --against points.csv", 1, ["points", "pictures"]),
        ("judge a --against b --metrics fidd", 2, ["fidd", "fid"]),
        (
            "judge a --against b --metrics path_length",
            2,
            ["path_length", "model"],
        ),
        (
            "judge a --against b --features magic",
            2,
            ["magic", "vgg16"],
        ),
        ("judge a", 2, ["--against", "judge"]),
    ] {
        let words = match words.contains("--features") {
            true => words.into(),
            false => format!("{words} {RAW}"),
        };
        place.fata(&words).fails(code, &said);
    }
}

#[test]
fn a_run_keeps_its_best_generator_and_samples_it() {
    let place = place();
    let judged = "--set judge.every=32 --set judge.metrics=kid,fid --set judge.features=pixels";
    // A list may be written as one name; here it is not a list.
    let refused = format!("train a {SMALL} {judged} --images 64 -o run -q");
    place.fata(&refused).fails(2, &["judge.metrics"]);
    let judged = judged.replace("kid,fid", "[\"kid\",\"fid\"]");
    let words = format!("train a {SMALL} {judged} --images 160 --every 32 -o run -q");
    place.fata(&words).done();
    let log = place.log("run");
    assert!(
        log.iter()
            .all(|tick| tick["kid"].is_f64() && tick["fid"].is_f64())
    );
    assert!(place.names("run").contains(&"best.safetensors".to_string()));
    for which in ["best", "last"] {
        let words = format!("sample run --which {which} --count 1 -q -o {which}.png");
        place.fata(&words).done();
    }
    let best = log
        .iter()
        .min_by(|a, b| {
            a["kid"]
                .as_f64()
                .unwrap()
                .total_cmp(&b["kid"].as_f64().unwrap())
        })
        .unwrap();
    let best = format!("{:012}.safetensors", best["images_seen"].as_u64().unwrap());
    assert!(place.names("run/checkpoints").contains(&best));
}
