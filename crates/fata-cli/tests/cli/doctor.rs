//! What the doctor says of runs, whole and broken, and what `--auto` does.

use crate::workplace::{Workplace, keys, train};
use serde_json::json;

/// A log of so many ticks that all have these figures.
fn log(ticks: u64, figures: &str) -> String {
    let line = |at: u64| format!("{{\"images_seen\": {}, {figures}}}\n", 100 * at);
    (1..=ticks).map(line).collect()
}

const COLLAPSED: &str =
    "\"separation\": 0.6, \"diversity\": 0.1, \"distance\": 0.7, \"missing\": 0.9";

#[test]
fn a_run_is_diagnosed_by_its_log_and_told_what_to_change() {
    let place = Workplace::new();
    place.write("run/log.jsonl", log(8, COLLAPSED).as_bytes());
    let recipe = place.fata("recipes collapse").done().stdout;
    place.write("run/recipe.toml", recipe.as_bytes());
    let object = place.fata("doctor run --json").done().json();
    assert_eq!(
        keys(&object),
        [
            "advice",
            "also",
            "diagnosis",
            "events",
            "evidence",
            "images_seen",
            "meaning",
            "missing",
            "run",
            "since_images",
            "ticks"
        ]
    );
    assert_eq!(object["diagnosis"], "mode_collapse");
    assert_eq!(object["since_images"], 100);
    assert_eq!(object["evidence"][0]["figure"], "diversity");
    let flags = object["advice"][0]["flags"].as_str().unwrap();
    assert!(flags.starts_with("--set "), "{flags}");

    let text = place.fata("doctor run").done().stdout;
    assert!(
        text.starts_with("mode collapse, since 100 images."),
        "{text}"
    );
    for part in [
        "diversity 0.1",
        "fata train --resume run --set",
        "Note: the log ends at",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn what_is_broken_or_missing_is_said_and_the_rest_diagnosed() {
    let place = Workplace::new();
    let broken = format!("nonsense\n{}{{\"images_se", log(8, COLLAPSED));
    place.write("run/log.jsonl", broken.as_bytes());
    let object = place.fata("doctor run --json").done().json();
    assert_eq!(object["diagnosis"], "mode_collapse");
    assert_eq!(object["advice"], json!([]));
    let missing = object["missing"].to_string();
    for part in [
        "2 lines of the log are damaged",
        "no recipe.toml",
        "no unrest",
    ] {
        assert!(missing.contains(part), "{part} is not in {missing}");
    }
    place.write("empty/recipe.toml", b"[model]\nkind = \"mlp\"\n");
    let object = place.fata("doctor empty --json").done().json();
    assert_eq!(object["diagnosis"], "unknown");
    assert!(object["missing"].to_string().contains("no tick"));
    place.write("other/file", b"");
    place
        .fata("doctor other")
        .fails(1, &["other", "no run folder"]);
    place.fata("doctor").fails(2, &["RUN"]);
}

#[test]
fn a_run_of_a_version_without_these_figures_is_diagnosed_as_far_as_it_goes() {
    let place = Workplace::new();
    let dead =
        "\"probability_real\": 0.999, \"probability_fake\": 0.001, \"loss_discriminator\": 0.002";
    place.write("run/log.jsonl", log(8, dead).as_bytes());
    let object = place.fata("doctor run --json").done().json();
    assert_eq!(object["diagnosis"], "discriminator_too_strong");
    assert!(object["missing"].to_string().contains("older version"));
}

#[test]
fn a_run_that_broke_down_has_diverged_and_says_so_at_its_end() {
    let place = Workplace::with_pictures();
    let wild = "--images 64000 --every 16 -o run -q --set optimizer.generator.rate=10 --set optimizer.discriminator.rate=10 --set optimizer.generator.kind=sgd --set optimizer.discriminator.kind=sgd";
    place
        .train("pictures", wild)
        .fails(1, &["hint: what to change: fata doctor run"]);
    let object = place.fata("doctor run --json").done().json();
    assert_eq!(object["diagnosis"], "divergence");
    assert_eq!(object["events"][0]["event"], "not_finite");
    let flags = object["advice"][0]["flags"].as_str().unwrap();
    assert!(flags.contains("optimizer.generator.rate=2.5"), "{flags}");
}

#[test]
fn auto_goes_back_to_the_best_checkpoint_and_logs_it() {
    let place = Workplace::with_pictures();
    let wild = "--images 640 --every 16 -o run --json --auto --set optimizer.generator.rate=10 --set optimizer.discriminator.rate=10 --set optimizer.generator.kind=sgd --set optimizer.discriminator.kind=sgd";
    let outcome = place.train("pictures", wild).done();
    assert_eq!(outcome.json()["images_seen"], 640);
    assert!(
        outcome.stderr.contains("note: --auto: "),
        "{}",
        outcome.stderr
    );
    let events = place.text("run/events.jsonl");
    for part in ["\"rollback\"", "\"act\"", "optimizer.generator.rate=2.5"] {
        assert!(events.contains(part), "{part} is not in {events}");
    }
    let seen: Vec<u64> = place
        .log("run")
        .iter()
        .map(|tick| tick["images_seen"].as_u64().unwrap())
        .collect();
    assert_eq!(seen, (1..=40).map(|tick| 16 * tick).collect::<Vec<u64>>());
    // What the run began with is what its recipe says.
    assert!(place.text("run/recipe.toml").contains("rate = 10.0"));
}

/// A run that its doctor treats, stopped in the middle, ends bit for bit as one
/// that was not.
#[test]
fn a_run_with_acts_resumes_bit_for_bit() {
    let place = Workplace::new();
    let small =
        "train ring --recipe too-weak --auto -q --batch 64 --set model.width=16 --every 1000";
    place
        .fata(&format!("{small} --images 16000 -o whole"))
        .done();
    let acts = place.text("whole/events.jsonl");
    assert!(acts.contains("discriminator_too_weak"), "{acts}");
    assert!(acts.contains("\"anew\":true"), "players began anew: {acts}");
    place.fata(&format!("{small} --images 7000 -o run")).done();
    place.fata("train --resume run --images 16000 -q").done();
    assert!(
        place.read("run/generator.safetensors") == place.read("whole/generator.safetensors"),
        "they end with other weights"
    );
    assert_eq!(place.log("run"), place.log("whole"));
    assert_eq!(place.text("run/events.jsonl"), acts);
}

#[test]
fn a_run_ends_with_what_ended_it_the_diagnosis_and_the_command_to_go_on() {
    let place = Workplace::new();
    let ring = "train ring --recipe points --batch 64 --set model.width=16 --every 640";
    let said = place
        .fata(&format!("{ring} --images 1280 -o run"))
        .done()
        .stderr;
    let last: Vec<&str> = said.lines().rev().take(3).collect();
    assert_eq!(last[0], "go on with: fata train --resume run --images 2560");
    assert!(last[1].starts_with("doctor: healthy."), "{said}");
    assert!(last[2].starts_with("ended after 1280 images: "), "{said}");

    let mut stopped = place.command(&format!("{ring} --images 64000 -o other --json"));
    let outcome = stopped
        .args(["--set", "stop.when=1k images or converged"])
        .output()
        .unwrap();
    let outcome = crate::workplace::Outcome::from(outcome).done();
    assert_eq!(outcome.json()["stopped_by"], "images");
    assert!(outcome.json()["images_seen"].as_u64().unwrap() < 1100);
    assert!(
        outcome.stderr.contains("--set stop.when=never"),
        "{}",
        outcome.stderr
    );
    place
        .fata(&format!("{ring} -o bad --set stop.when=soon"))
        .fails(2, &["stop.when"]);
}

#[test]
fn every_figure_of_a_tick_is_explained() {
    let place = Workplace::new();
    let words = "train digits --recipe dcgan --set model.width=8 --batch 16 --images 512 --every 512 -o run -q";
    place.fata(words).done();
    let explained = place.fata("doctor --explain all --json").done().json();
    let log = place.text("run/log.jsonl");
    let tick: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    for key in keys(&tick) {
        assert!(explained[key].is_string(), "{key}");
    }
    for key in [
        "distance",
        "diversity",
        "separation",
        "unrest",
        "probability_held_out",
    ] {
        assert!(tick[key].is_number(), "{key} is not in {tick}");
    }
    let said = place.fata("doctor --explain separation").done().stdout;
    assert!(said.starts_with("separation: The chance"), "{said}");
    place
        .fata("doctor --explain loss")
        .fails(2, &["loss_generator"]);
}

#[test]
fn what_is_held_out_is_said_and_can_be_turned_off() {
    let place = Workplace::new();
    let run = "train digits --recipe dcgan --set model.width=8 --batch 16 --images 16";
    let said = place.fata(&format!("{run} -o one")).done().stderr;
    assert!(said.contains("256 of them held out"), "{said}");
    assert!(place.text("one/recipe.toml").contains("held_out = 0.0256"));
    let said = place
        .fata(&format!("{run} -o two --set data.held_out=0"))
        .done()
        .stderr;
    assert!(!said.contains("held out"), "{said}");
    // A set so small is shown whole.
    let few = Workplace::with_pictures();
    few.fata(&train("pictures", "--images 16 -o run -q")).done();
    assert!(few.text("run/recipe.toml").contains("held_out = 0.0\n"));
}
