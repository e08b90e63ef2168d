//! `data check` and `data pack`.

use super::*;
use crate::data::check::{Training, check};
use crate::data::pack::pack;
use crate::data::{Fit, Loader, LoaderOptions};
use std::sync::Arc;

fn messy(folder: &Path) {
    let red = png(&plain(20, 10, [255, 0, 0]));
    write(folder, "a/1.png", &red);
    write(folder, "a/copy.png", &red);
    write(
        folder,
        "b/1.jpg",
        &encode(&plain(16, 16, [9; 3]), ImageFormat::Jpeg),
    );
    write(folder, "b/1.png", &png(&plain(16, 16, [9, 200, 9])));
    write(folder, "b/words.png", b"words");
    write(folder, "b/cut.png", &red[..red.len() - 20]);
    write(folder, "notes.txt", b"notes");
}

fn training(recipe: &str) -> Training {
    Training {
        recipe: recipe.to_owned(),
        batch: 3,
        resolution: None,
        fit: Fit::Crop,
    }
}

#[test]
fn the_command_trains_on_what_was_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("it's mine");
    messy(&place);
    let options = DataOptions {
        resolution: Some(32),
        fit: Fit::Pad,
        ..Default::default()
    };
    let asked = Training {
        resolution: Some(32),
        fit: Fit::Pad,
        ..training("dcgan")
    };
    let plan = check(&Dataset::open(&place, &options).unwrap(), &asked)
        .unwrap()
        .training;
    assert_eq!((plan.batch, plan.batches_per_epoch), (3, 2));
    let quoted = place.display().to_string().replace('\'', r"'\''");
    assert_eq!(
        plan.command,
        format!("fata train '{quoted}' --recipe dcgan --resolution 32 --fit pad")
    );
    let asked = Training {
        recipe: "points".to_owned(),
        ..asked
    };
    let ring = check(&open("ring").unwrap(), &asked).unwrap();
    assert_eq!(ring.training.command, "fata train ring --recipe points");
}

#[test]
fn a_report_counts_everything() {
    let folder = tempfile::tempdir().unwrap();
    messy(folder.path());
    let report = check(&open(folder.path()).unwrap(), &training("dcgan")).unwrap();
    assert_eq!((report.usable, report.other_files), (4, 1));
    let unreadable: Vec<_> = report
        .unreadable
        .iter()
        .map(|skipped| skipped.path.as_str())
        .collect();
    assert_eq!(unreadable, ["b/cut.png", "b/words.png"]);
    assert_eq!(report.duplicates, [["a/1.png", "a/copy.png"]]);
    let classes: Vec<_> = report
        .classes
        .iter()
        .map(|class| (class.name.as_str(), class.count))
        .collect();
    assert_eq!(classes, [("a", 2), ("b", 2)]);
    assert_eq!(report.sizes.len(), 2);
    assert_eq!(
        (report.training.resolution, report.training.channels),
        (Some(64), 3)
    );
    let text = report.to_string();
    for part in [
        "4 usable images",
        "b/words.png: not a picture",
        "a/1.png = a/copy.png",
        "20x10",
        "--fit crop",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["unreadable"][0]["path"], "b/cut.png");
}

#[test]
fn builtins_and_points_are_reported_too() {
    for (name, usable, recipe) in [("digits", 10_000, "digits"), ("ring", 100_000, "points")] {
        let report = check(&open(name).unwrap(), &training(recipe)).unwrap();
        assert_eq!(
            (report.usable, report.training.recipe.as_str()),
            (usable, recipe)
        );
        assert!(report.to_string().contains(recipe));
    }
}

#[test]
fn packed_data_is_the_prepared_data() {
    let folder = tempfile::tempdir().unwrap();
    messy(folder.path());
    let options = DataOptions {
        resolution: Some(12),
        ..Default::default()
    };
    let source = Dataset::open(folder.path(), &options).unwrap();
    let out = folder.path().join("packed.zip");
    let packed = pack(&source, &out).unwrap();
    assert_eq!((packed.written, packed.skipped.len()), (4, 2));
    let again = open(&out).unwrap();
    assert_eq!(
        (again.len(), again.kind(), again.classes()),
        (4, images(3, 12), source.classes())
    );
    assert_eq!(again.skipped(), []);
    // Two are called b/1, so one became b/1-2; their order is that of names.
    let mut before: Vec<_> = [0, 1, 2, 3].map(|index| item(&source, index)).into();
    let mut after: Vec<_> = [0, 1, 2, 3].map(|index| item(&again, index)).into();
    before.sort_by(f32_order);
    after.sort_by(f32_order);
    assert!(before == after);
}

fn f32_order(a: &Vec<f32>, b: &Vec<f32>) -> std::cmp::Ordering {
    a.partial_cmp(b).unwrap()
}

#[test]
fn packing_what_cannot_be_packed_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.zip");
    assert!(pack(&open("ring").unwrap(), &out).is_err());
    // What goes bad after it was opened.
    let whole = png(&plain(40, 40, [3; 3]));
    write(folder.path(), "set/cut.png", &whole);
    let set = open(folder.path().join("set")).unwrap();
    write(folder.path(), "set/cut.png", &whole[..whole.len() - 30]);
    let error = pack(&set, &out).unwrap_err();
    assert!(error.to_string().contains("cut.png"), "{error}");
    let missing = folder.path().join("no/such/out.zip");
    assert!(pack(&open("digits").unwrap(), &missing).is_err());
    assert!(!out.exists());
}

#[test]
fn packed_builtins_keep_their_classes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("digits.zip");
    let digits = open("digits").unwrap();
    assert_eq!(pack(&digits, &out).unwrap().written, 10_000);
    let again = Arc::new(open(&out).unwrap());
    assert_eq!(
        (again.kind(), again.classes()),
        (images(1, 28), digits.classes())
    );
    let batch = Loader::new(again, LoaderOptions::default())
        .next_batch()
        .unwrap();
    assert_eq!(batch.values.len(), 64 * 784);
}
