//! A run that was stopped, however it was stopped, ends as if it had not been.

use crate::workplace::{Workplace, train};
use std::process::Child;

/// A run long enough to be stopped here and there, and how it ended.
const LONG: &str = "--images 12800 --every 1600 -q";

/// Both runs ended alike: the generator's bytes, and all that the log says
/// but times.
#[track_caller]
fn assert_same_end(place: &Workplace, one: &str, other: &str) {
    let generator = |run| place.read(&format!("{run}/generator.safetensors"));
    assert!(
        generator(one) == generator(other),
        "{one} and {other} end with other weights"
    );
    assert_eq!(place.log(one), place.log(other));
    assert_eq!(
        place.names(&format!("{one}/samples")),
        place.names(&format!("{other}/samples"))
    );
}

fn interrupt(child: Child, signal: &str) -> crate::workplace::Outcome {
    let kill = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_run_that_is_killed_again_and_again_ends_bit_for_bit_as_if_it_had_not_been() {
    let place = Workplace::with_pictures();
    place.train("pictures", &format!("{LONG} -o whole")).done();
    let mut child = place.start(&train("pictures", &format!("{LONG} -o run")));
    place.wait_for("run/recipe.toml");
    for milliseconds in [0, 30, 90, 250, 10, 150] {
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
        child = place.start("train --resume run -q");
    }
    let outcome: crate::workplace::Outcome = child.wait_with_output().unwrap().into();
    outcome.done();
    assert_same_end(&place, "run", "whole");
    let left: Vec<_> = place
        .contents("run")
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    let unfinished = |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "tmp");
    assert_eq!(left.iter().find(unfinished), None);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_saves_says_how_to_go_on_and_can_be_extended() {
    let place = Workplace::with_pictures();
    let flags = "--images 100M --every 800 -o run --json";
    let child = place.start(&train("pictures", flags));
    place.wait_for("run/checkpoints/000000000800.safetensors");
    let stopped = interrupt(child, "-INT");
    assert_eq!(stopped.code, Some(130), "{stopped:#?}");
    let object = stopped.json();
    assert_eq!(object["stopped_by"], "signal");
    assert!(
        stopped.stderr.contains("fata train --resume run"),
        "{}",
        stopped.stderr
    );

    // SIGTERM is no different, and neither is a run that was resumed.
    let child = place.start("train --resume run -q");
    let seen = object["images_seen"].as_u64().unwrap();
    let next = (seen / 800 + 2) * 800;
    place.wait_for(&format!("run/checkpoints/{next:012}.safetensors"));
    assert_eq!(interrupt(child, "-TERM").code, Some(130));

    let last: u64 = place.names("run/checkpoints").last().unwrap()[..12]
        .parse()
        .unwrap();
    let images = (last + 1000).to_string();
    let extended = place
        .fata(&format!("train --resume run --images {images} --json"))
        .done()
        .json();
    assert!(extended["images_seen"].as_u64().unwrap() >= last + 1000);
    place
        .train(
            "pictures",
            &format!("--images {images} --every 800 -o whole -q"),
        )
        .done();
    assert_same_end(&place, "run", "whole");
}

#[test]
fn a_run_that_has_ended_goes_on_where_more_images_are_asked_for() {
    let place = Workplace::with_pictures();
    let images = |images, run| {
        let flags = format!("--images {images} --every 160 -o {run} -q");
        place.train("pictures", &flags).done();
    };
    images("320", "run");
    images("640", "whole");
    place.fata("train --resume run -q").done();
    assert_eq!(place.log("run").len(), 2, "it is at its end already");
    place.fata("train --resume run --images 640 -q").done();
    assert_same_end(&place, "run", "whole");
    assert!(place.text("run/recipe.toml").contains("images = 640"));
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let place = Workplace::with_pictures();
    for threads in ["1", "2", "3"] {
        let flags = format!("--images 640 --every 320 --threads {threads} -o {threads}");
        place.train("pictures", &flags).done();
    }
    assert_same_end(&place, "1", "2");
    assert_same_end(&place, "1", "3");
}

#[test]
fn a_damaged_checkpoint_is_said_to_be_damaged_and_the_one_before_is_used() {
    let place = Workplace::with_pictures();
    for run in ["run", "whole"] {
        place
            .train("pictures", &format!("--images 480 --every 160 -q -o {run}"))
            .done();
    }
    let newest = "run/checkpoints/000000000480.safetensors";
    let mut bytes = place.read(newest);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    place.write(newest, &bytes);
    let outcome = place.fata("train --resume run").done();
    for part in [
        "000000000480.safetensors",
        "damaged",
        "000000000320.safetensors, the one before",
    ] {
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
    assert_same_end(&place, "run", "whole");
    assert_eq!(
        place.names("run/checkpoints"),
        [
            "000000000320.safetensors",
            "000000000480.safetensors",
            "000000000480.safetensors.damaged"
        ]
    );
    assert!(
        place.read(&format!("{newest}.damaged")) == bytes,
        "nothing is lost"
    );
}

#[test]
fn a_run_without_a_whole_checkpoint_is_left_as_it_is() {
    let place = Workplace::with_pictures();
    place
        .train("pictures", "--images 32 --every 16 -o run -q")
        .done();
    for name in place.names("run/checkpoints") {
        let file = format!("run/checkpoints/{name}");
        let bytes = place.read(&file);
        place.write(&file, &bytes[..bytes.len() / 3]);
    }
    let before = place.contents("run");
    place.fata("train --resume run --images 64").fails(
        1,
        &[
            "no checkpoint in run can be used",
            "000000000032",
            "000000000016",
            "damaged",
        ],
    );
    assert!(place.contents("run") == before);
    place.fata("sample run -q").done();
}

#[test]
fn a_run_that_was_killed_before_its_first_checkpoint_begins_anew() {
    let place = Workplace::with_pictures();
    for run in ["run", "whole"] {
        place
            .train("pictures", &format!("--images 32 --every 16 -o {run} -q"))
            .done();
    }
    for gone in ["run/checkpoints", "run/samples"] {
        std::fs::remove_dir_all(place.path(gone)).unwrap();
        std::fs::create_dir(place.path(gone)).unwrap();
    }
    std::fs::remove_file(place.path("run/log.jsonl")).unwrap();
    place.write(
        "run/checkpoints/.000000000000.safetensors.123-0.tmp",
        b"half",
    );
    place.fata("train --resume run -q").done();
    assert_same_end(&place, "run", "whole");
}
