//! What scripts read: one JSON object on stdout, the log's lines, and silence
//! where it was asked for.

use crate::workplace::{Workplace, keys, train};
use serde_json::Value;

const TICK: [&str; 12] = [
    "elapsed_seconds",
    "gradient_norm_discriminator",
    "gradient_norm_generator",
    "images_per_second",
    "images_seen",
    "loss_discriminator",
    "loss_generator",
    "memory_bytes",
    "probability_fake",
    "probability_real",
    "swing_discriminator",
    "swing_generator",
];

#[test]
fn a_training_run_ends_with_one_object_and_leaves_a_log_of_ticks() {
    let place = Workplace::with_pictures();
    let outcome = place
        .train("pictures", "--images 96 --every 48 -o run --json")
        .done();
    let object = outcome.json();
    assert_eq!(
        keys(&object),
        [
            "diagnosis",
            "elapsed_seconds",
            "images_per_second",
            "images_seen",
            "parameters_discriminator",
            "parameters_generator",
            "run",
            "stopped_by"
        ]
    );
    assert_eq!(object["run"], "run");
    assert_eq!(object["images_seen"], 96);
    assert_eq!(object["stopped_by"], "images");
    assert!(object["images_per_second"].as_f64().unwrap() > 0.0);

    let log = place.text("run/log.jsonl");
    let ticks: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let seen: Vec<_> = ticks
        .iter()
        .map(|tick| tick["images_seen"].as_u64())
        .collect();
    assert_eq!(seen, [Some(48), Some(96)]);
    for tick in &ticks {
        assert_eq!(keys(tick), TICK);
        for key in TICK {
            let value = tick[key].as_f64().unwrap();
            assert!(value.is_finite() && value > 0.0, "{key} is {value}");
        }
        for key in ["probability_real", "probability_fake"] {
            assert!(tick[key].as_f64().unwrap() < 1.0);
        }
    }
    assert_eq!(
        place.names("run"),
        [
            ".lock",
            "checkpoints",
            "generator.safetensors",
            "log.jsonl",
            "recipe.toml",
            "samples"
        ]
    );
    assert_eq!(
        place.names("run/checkpoints"),
        ["000000000048.safetensors", "000000000096.safetensors"]
    );
    assert_eq!(
        place.names("run/samples"),
        [
            "000000000000.png",
            "000000000048.png",
            "000000000096.png",
            "training.png"
        ]
    );
}

#[test]
fn runs_are_numbered_where_no_folder_is_named() {
    let place = Workplace::with_pictures();
    for name in ["00000-pictures-dcgan", "00001-pictures-dcgan"] {
        let outcome = place
            .train("pictures", "--images 16 --every 16 -q --json")
            .done();
        assert!(outcome.json()["run"].as_str().unwrap().ends_with(name));
        assert_eq!(outcome.stderr, "");
    }
    assert_eq!(place.names("runs").len(), 2);
}

#[test]
fn a_run_that_has_no_time_stops_by_minutes() {
    let place = Workplace::with_pictures();
    let outcome = place
        .train("pictures", "--minutes 0.005 -o run --json")
        .done();
    assert_eq!(outcome.json()["stopped_by"], "minutes");
}

#[test]
fn data_reports_have_the_keys_that_scripts_read() {
    let place = Workplace::with_pictures();
    place.write("pictures/words.png", b"words");
    let report = place
        .fata("data check pictures --json --resolution 32 --fit pad")
        .done()
        .json();
    assert_eq!(
        keys(&report),
        [
            "classes",
            "colour_types",
            "columns",
            "duplicates",
            "fingerprint",
            "formats",
            "kind",
            "name",
            "other_files",
            "path",
            "sizes",
            "training",
            "unreadable",
            "usable"
        ]
    );
    assert_eq!(
        (&report["usable"], &report["kind"]),
        (&6.into(), &"images".into())
    );
    assert_eq!(report["unreadable"][0]["path"], "words.png");
    assert_eq!(
        keys(&report["training"]),
        [
            "batch",
            "batches_per_epoch",
            "cached",
            "channels",
            "command",
            "fit",
            "memory_bytes",
            "recipe",
            "resolution"
        ]
    );
    assert_eq!(
        report["training"]["command"],
        "fata train pictures --recipe pictures --resolution 32 --fit pad"
    );
    let packed = place
        .fata("data pack pictures -o packed.zip --json")
        .done()
        .json();
    assert_eq!(keys(&packed), ["out", "skipped", "written"]);
    assert_eq!(packed["written"], 6);
    let list = place.fata("data list --json").done().json();
    assert_eq!(list["data"][0]["name"], "digits");
}

#[test]
fn a_report_says_what_training_would_do_with_built_in_data() {
    let place = Workplace::new();
    for (data, recipe) in [
        ("digits", "digits"),
        ("gaussian", "figure1"),
        ("ring", "points"),
    ] {
        let report = place
            .fata(&format!("data check {data} --json"))
            .done()
            .json();
        assert_eq!(report["training"]["recipe"], recipe);
        let shipped = place
            .fata(&format!("recipes {recipe} --json"))
            .done()
            .json();
        assert_eq!(report["training"]["batch"], shipped["train"]["batch"]);
    }
}

#[test]
fn a_benchmark_is_one_object() {
    let place = Workplace::new();
    let small = "--set model.width=8 --batch 8 --steps 1 --json";
    let network = format!("bench --recipe mlp --resolution 16 --channels 1 {small}");
    let layer = "bench conv --batch 1 --in 4 --out 4 --size 8 --steps 1 --json";
    let pairs = format!("bench --recipe pix2pix --resolution 32 {small}");
    let domains = format!("bench --recipe cyclegan --resolution 32 {small}");
    for words in [&network, layer, &pairs, &domains] {
        let report = place.fata(words).done().json();
        for key in [
            "images_per_second",
            "step_milliseconds",
            "gflop_per_step",
            "gflops",
            "peak_gflops",
            "efficiency",
        ] {
            assert!(report[key].as_f64().unwrap() > 0.0, "{key} in {report}");
        }
    }
    assert_eq!(place.names("."), [""; 0]);
}

#[test]
fn quiet_commands_print_nothing() {
    let place = Workplace::with_pictures();
    let short = "--images 16 --every 16 -q";
    let quiet = |words: &str| place.fata(words).done().silent();
    quiet(&train("pictures", &format!("{short} -o run")));
    quiet("train --resume run -q");
    quiet(&train("pictures", &format!("{short} --dry-run")));
    quiet("sample run --count 4 -q");
    quiet("data check pictures -q");
    quiet("data pack pictures -o packed.zip -q");
}
