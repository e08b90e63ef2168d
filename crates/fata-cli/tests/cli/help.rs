//! `--help`, held against files: a flag that changes is a change that somebody
//! has to read. `FATA_WRITE_SNAPSHOTS=1` writes the files anew.

use crate::workplace::{Workplace, names};
use std::fs;
use std::path::Path;

const COMMANDS: [&str; 19] = [
    "",
    "train",
    "sample",
    "walk",
    "blend",
    "directions",
    "invert",
    "translate",
    "serve",
    "studio",
    "judge",
    "doctor",
    "data",
    "data check",
    "data pack",
    "data list",
    "recipes",
    "bench",
    "bench conv",
];

#[test]
fn every_help_text_is_the_one_that_was_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let rewrite = std::env::var_os("FATA_WRITE_SNAPSHOTS").is_some();
    let place = Workplace::new();
    let mut expected = Vec::new();
    for command in COMMANDS {
        let words = format!("{command} --help");
        let help = place.fata(&words).done().stdout.replace("fata.exe", "fata");
        let file = format!("help {command}").trim_end().replace(' ', "-") + ".txt";
        let path = folder.join(&file);
        if rewrite {
            fs::write(&path, &help).unwrap();
        }
        let read = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            help.lines().eq(read.lines()),
            "`fata {command} --help` is no longer {file}; if it should be so, run the tests once \
             with FATA_WRITE_SNAPSHOTS=1. It is now:\n{help}"
        );
        expected.push(file);
    }
    expected.sort();
    assert_eq!(names(&folder), expected);
}

#[test]
fn every_command_that_is_listed_has_a_help_text() {
    let help = Workplace::new().fata("--help").done().stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next());
    for command in listed.filter(|command| *command != "help") {
        assert!(COMMANDS.contains(&command), "{command}");
    }
}

#[test]
fn a_command_line_that_is_wrong_exits_with_2() {
    let place = Workplace::with_pictures();
    for words in [
        "frobnicate",
        "train --frobnicate",
        "train pictures --images 1.5x",
        "train pictures --device toaster",
        "train pictures --threads 0",
        "train pictures --fit squeeze",
        "train pictures --recipe no-such-recipe",
        "train pictures --set model.width",
        "train pictures --set train.batch=0",
        "train pictures --minutes=-1",
        "train pictures --resume runs/00000",
        "sample",
        "sample run --seeds 5-1",
        "recipes no-such-recipe",
        "bench --resolution 0",
        "bench --channels 2",
    ] {
        place.fata(words).fails(2, &[]);
    }
    assert_eq!(place.fata("").code, Some(2));
    assert_eq!(place.names("."), ["pictures"], "nothing is written");
}

#[test]
fn a_wrong_key_or_value_is_named_with_what_is_allowed() {
    let place = Workplace::with_pictures();
    let set = |assignment| place.train("pictures", &format!("--set {assignment}"));
    set("model.widht=3").fails(2, &["model.widht", "`width`"]);
    set("modle.width=3").fails(2, &["modle", "`model`"]);
    set("loss.kind=best").fails(2, &["loss.kind", "`minimax`", "`non-saturating`"]);
    set("optimizer.generator.rate=-1").fails(2, &["optimizer.generator.rate = -1", "more than 0"]);
    place.write("mine.toml", b"[model]\nkind = \"dcgan\"\nwidht = 3\n");
    place
        .fata("train pictures --recipe mine.toml")
        .fails(2, &["mine.toml", "line 3", "widht", "`width`"]);
}
