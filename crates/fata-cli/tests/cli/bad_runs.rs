//! Runs that cannot begin or go on: what is said, what is returned, and that
//! nothing is lost.

use crate::workplace::{Workplace, train};

/// A workplace with a short run in `run`.
fn with_run() -> Workplace {
    let place = Workplace::with_pictures();
    place
        .train("pictures", "--images 32 --every 16 -o run -q")
        .done();
    place
}

fn resume(flags: &str) -> String {
    format!("train --resume run {flags}")
}

#[test]
fn a_resolution_that_a_network_cannot_have_is_answered_with_those_that_it_can() {
    let place = Workplace::with_pictures();
    for flags in ["--dry-run", "-o run"] {
        place
            .train("pictures", &format!("--resolution 100 {flags}"))
            .fails(2, &["100x100", "16, 32, 64, 128, 256"]);
    }
    assert_eq!(place.names("."), ["pictures"]);
}

#[test]
fn a_network_for_pictures_is_not_trained_on_points() {
    let place = Workplace::new();
    place
        .train("ring", "-o run")
        .fails(2, &["points", "`--recipe points`"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let place = Workplace::with_pictures();
    place.write("notes.txt", b"notes");
    for out in ["notes.txt", "notes.txt/run"] {
        let outcome = place.train("pictures", &format!("--images 16 -o {out}"));
        let said = outcome.fails(1, &["cannot use notes.txt", "-o"]).stderr;
        assert_eq!(said.matches("os error").count(), 1, "{said}");
    }
    assert_eq!(place.read("notes.txt"), b"notes");
    place
        .fata("data pack pictures -o notes.txt/p.zip")
        .fails(1, &["cannot write notes.txt/p.zip"]);
    assert_eq!(place.names("."), ["notes.txt", "pictures"]);
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_named() {
    use std::fs::{Permissions, create_dir, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let place = Workplace::with_pictures();
    create_dir(place.path("locked")).unwrap();
    set_permissions(place.path("locked"), Permissions::from_mode(0o555)).unwrap();
    let outcome = place.train("pictures", "--images 16 -o locked/run");
    set_permissions(place.path("locked"), Permissions::from_mode(0o755)).unwrap();
    // The superuser may write anywhere.
    if outcome.code != Some(0) {
        outcome.fails(1, &["cannot use locked/run", "Permission denied", "-o"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_checkpoints_whole_and_says_how_to_go_on() {
    let place = with_run();
    let checkpoints = place.contents("run/checkpoints");
    let generator = place.path("run/generator.safetensors");
    std::fs::remove_file(&generator).unwrap();
    std::os::unix::fs::symlink("/dev/full", &generator).unwrap();
    let outcome = place.fata(&resume("--images 64 --json")).fails(
        1,
        &[
            "cannot write run/generator.safetensors: no space left",
            "hint: what was saved is whole; go on with: fata train --resume run",
        ],
    );
    assert_eq!(outcome.stderr.matches("error: ").count(), 1);
    assert!(place.contents("run/checkpoints") == checkpoints);
    std::fs::remove_file(&generator).unwrap();
    let end = place.fata(&resume("--images 64 --json")).done().json();
    assert_eq!(end["images_seen"], 64);
    assert_eq!(place.log("run").len(), 4);
}

#[test]
fn a_new_run_is_not_begun_over_another() {
    let place = with_run();
    let before = place.contents("run");
    place
        .train("pictures", "--images 16 -o run")
        .fails(1, &["run holds a run already", "--resume", "-o"]);
    assert!(place.contents("run") == before);
}

#[test]
fn two_trainings_do_not_share_a_run() {
    let place = Workplace::with_pictures();
    let long = train("pictures", "--images 100M --every 100M -o run -q");
    let mut child = place.start(&long);
    place.wait_for("run/checkpoints/000000000000.safetensors");
    let resumed = place.fata("train --resume run");
    let begun = place.train("pictures", "-o run");
    let running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    resumed.fails(1, &["another training is using run", "wait for it"]);
    begun.fails(1, &["run holds a run already"]);
    assert!(running, "the first goes on");
    place.fata("train --resume run --images 16 -q").done();
}

#[test]
fn what_is_no_run_is_not_resumed() {
    let place = with_run();
    for run in ["nowhere", "pictures", "run/generator.safetensors"] {
        for flags in ["", "--dry-run"] {
            place
                .fata(&format!("train --resume {run} {flags}"))
                .fails(1, &[run, "is no run folder"]);
        }
    }
    assert_eq!(place.names("."), ["pictures", "run"]);
    assert_eq!(place.names("pictures").len(), 6);
}

#[test]
fn a_run_of_another_version_names_that_version() {
    let place = with_run();
    let recipe = place.text("run/recipe.toml");
    let version = format!("fata = \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(recipe.contains(&version));
    let other = recipe.replace(&version, "fata = \"9.9.9\"");
    let strange = other.replace("[loss]", "[loss]\ntwist = 1");
    place.write("run/recipe.toml", strange.as_bytes());
    let before = place.contents("run");
    place.fata(&resume("--images 64")).fails(
        1,
        &[
            "run",
            "written by fata 9.9.9",
            "resume it with that version",
            "twist",
        ],
    );
    assert!(place.contents("run") == before);
    // One that can be read is gone on with, and the difference is said.
    place.write("run/recipe.toml", other.as_bytes());
    let outcome = place.fata(&resume("--images 64")).done();
    assert!(
        outcome.stderr.contains("begun by fata 9.9.9"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_damaged_recipe_of_a_run_is_no_fault_of_the_command_line() {
    let place = with_run();
    place.write("run/recipe.toml", b"[model\nkind");
    place
        .fata(&resume(""))
        .fails(1, &["the recipe of the run in run is damaged", "line 1"]);
}

#[test]
fn a_run_keeps_its_network_and_its_data() {
    let place = with_run();
    let before = place.contents("run");
    for change in [
        "--set model.width=16",
        "--resolution 32",
        "--set data.channels=1",
        "--set optimizer.generator.kind=sgd",
    ] {
        place
            .fata(&resume(&format!("--images 64 {change}")))
            .fails(2, &["a run that has begun keeps its", "--resume"]);
    }
    place.write("pictures/new.png", &crate::workplace::picture(9, 16));
    place.fata(&resume("--images 64")).fails(
        1,
        &["the data at pictures are not those the run began with"],
    );
    std::fs::remove_dir_all(place.path("pictures")).unwrap();
    place.fata(&resume("--images 64")).fails(1, &["pictures"]);
    assert!(place.contents("run") == before);
}

#[test]
fn a_number_that_is_not_finite_stops_the_run_and_is_named() {
    let place = Workplace::with_pictures();
    let wild = "--images 64000 --every 16 -o run --set optimizer.generator.kind=sgd --set optimizer.generator.rate=10 --set optimizer.discriminator.kind=sgd --set optimizer.discriminator.rate=10";
    let said = place
        .train("pictures", wild)
        .fails(
            1,
            &[
                "training broke down at step",
                "not finite",
                "checkpoint is kept",
                "rate",
            ],
        )
        .stderr;
    let error = &said[said.find("error: ").unwrap()..];
    assert!(
        error.contains("of the generator") || error.contains("of the discriminator"),
        "{error}"
    );
    assert!(
        error.contains("block") || error.contains("weight"),
        "a tensor is named: {error}"
    );
    let kept = place.names("run/checkpoints");
    let ticks = place.log("run");
    let last = ticks.last().unwrap()["images_seen"].as_u64().unwrap();
    assert_eq!(kept.last().unwrap(), &format!("{last:012}.safetensors"));
    // The kept one is whole: the run goes on from it, and breaks down again.
    place
        .fata(&resume("-q"))
        .fails(1, &["training broke down at step"]);
    assert_eq!(place.names("run/checkpoints"), kept);
}

/// The shell's limit on the size of files stands for a disk that is full.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_previous_checkpoint_whole() {
    let place = Workplace::with_pictures();
    for run in ["run", "whole"] {
        let images = if run == "run" { "32" } else { "96" };
        place
            .train(
                "pictures",
                &format!("--set model.width=16 --images {images} --every 16 -o {run} -q"),
            )
            .done();
    }
    let checkpoints = place.contents("run/checkpoints");
    let smallest = checkpoints
        .iter()
        .map(|(_, bytes)| bytes.len())
        .min()
        .unwrap();
    let largest_else = place.read("run/generator.safetensors").len();
    assert!(2 * largest_else < smallest);
    assert!(2 * place.read("run/samples/training.png").len() < smallest);
    // In blocks of 512 bytes, or of 1024 where the shell thinks in those.
    let blocks = smallest / 1024 - 1;
    let line = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$@\"");
    let outcome: crate::workplace::Outcome = std::process::Command::new("sh")
        .args(["-c", &line, "sh", env!("CARGO_BIN_EXE_fata")])
        .args(["train", "--resume", "run", "--images", "96", "-q"])
        .current_dir(place.path("."))
        .output()
        .unwrap()
        .into();
    outcome.fails(
        1,
        &["cannot write", "run/checkpoints/000000000048.safetensors"],
    );
    assert!(place.contents("run/checkpoints") == checkpoints);
    place.fata(&resume("--images 96 -q")).done();
    let generator = |run| place.read(&format!("{run}/generator.safetensors"));
    assert!(generator("run") == generator("whole"));
    assert_eq!(place.log("run"), place.log("whole"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_without_space_is_said_to_have_none() {
    let place = with_run();
    let generator = place.path("run/generator.safetensors");
    std::fs::rename(&generator, place.path("aside")).unwrap();
    std::os::unix::fs::symlink("/dev/full", &generator).unwrap();
    let checkpoints = place.contents("run/checkpoints");
    place.fata(&resume("--images 64 -q")).fails(
        1,
        &["cannot write run/generator.safetensors", "no space left"],
    );
    assert!(place.contents("run/checkpoints") == checkpoints);
}
