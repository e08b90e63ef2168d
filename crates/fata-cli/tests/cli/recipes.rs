//! Every recipe that is shipped can be looked at before it is waited for.

use crate::workplace::{Workplace, keys, names};
use std::path::Path;

/// The recipes in `recipes/`, whatever the binary believes.
fn shipped() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let files = names(&folder).into_iter();
    let mut stems: Vec<String> = files
        .filter_map(|file| file.strip_suffix(".toml").map(str::to_owned))
        .collect();
    stems.sort_unstable();
    stems
}

#[test]
fn every_recipe_file_is_in_the_binary() {
    let place = Workplace::new();
    let list = place.fata("recipes --json").done().json();
    assert_eq!(keys(&list["recipes"]), shipped());
    for name in shipped() {
        let text = place.fata(&format!("recipes {name}")).done().stdout;
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../recipes/{name}.toml"));
        assert!(
            text.lines()
                .eq(std::fs::read_to_string(path).unwrap().lines())
        );
    }
}

#[test]
fn every_recipe_says_what_it_would_take_and_writes_nothing() {
    let place = Workplace::with_pictures();
    for name in shipped() {
        let data = match &name[..] {
            "figure1" => "gaussian",
            "points" => "ring",
            // They want labels.
            "acgan" | "cgan" | "classes" | "digits" | "projection" | "sagan" | "sgan" => "digits",
            _ => "pictures",
        };
        let plan = place
            .fata(&format!(
                "train {data} --recipe {name} --batch 4 --dry-run --json"
            ))
            .done()
            .json();
        let translates = ["cyclegan", "pix2pix", "regression"].contains(&&name[..]);
        let expected: Vec<_> = keys(&plan)
            .into_iter()
            .filter(|key| *key != "networks" || !translates)
            .collect();
        assert_eq!(
            expected,
            [
                "expected_memory_bytes",
                "expected_seconds",
                "images_per_second",
                "parameters_discriminator",
                "parameters_generator",
                "recipe"
            ],
            "{name}"
        );
        for key in &expected[..5] {
            // Which has none.
            let none = name == "regression" && *key == "parameters_discriminator";
            assert!(none || plan[key].as_f64().unwrap() > 0.0, "{key} of {name}");
        }
        assert_eq!(plan["recipe"]["name"], name);
        assert_eq!(plan["recipe"]["train"]["batch"], 4);
        assert_eq!(place.names("."), ["pictures"], "{name}");
    }
}

#[test]
fn what_a_dry_run_prints_is_a_recipe() {
    let place = Workplace::with_pictures();
    let plan = place.train("pictures", "--dry-run --seed 7").done();
    assert!(plan.stderr.contains("parameters") && plan.stderr.contains("images/s"));
    place.write("mine.toml", plan.stdout.as_bytes());
    let again = place
        .fata("train pictures --recipe mine.toml --dry-run")
        .done();
    assert_eq!(again.stdout, plan.stdout);
    assert!(plan.stdout.contains("seed = 7"));
}
