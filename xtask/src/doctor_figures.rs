//! The figures of `docs/the-game.md`: what the doctor says of failures made on
//! purpose and of healthy recipes, over seeds, and what `--auto` makes of both.

use fata::doctor::Disease;
use fata::train::TrainError;
use fata::{Recipe, Trainer};

/// What is run: a name, a recipe, its data, values replaced, what it should be called.
struct Case {
    name: &'static str,
    recipe: &'static str,
    data: &'static str,
    set: &'static [&'static str],
    expected: &'static [Disease],
}

const SOUND: &[Disease] = &[Disease::Healthy, Disease::Converged];

const FAILURES: [Case; 7] = [
    case(
        "collapse",
        "collapse",
        "ring",
        &[],
        &[Disease::ModeCollapse],
    ),
    case(
        "too-strong",
        "too-strong",
        "digits",
        &[],
        &[Disease::DiscriminatorTooStrong],
    ),
    case(
        "too-weak",
        "too-weak",
        "ring",
        &[],
        &[Disease::DiscriminatorTooWeak],
    ),
    case(
        "oscillation",
        "oscillation",
        "gaussian",
        &[],
        &[Disease::Oscillation],
    ),
    case(
        "dcgan, D's rate x20",
        "dcgan",
        "digits",
        &[
            "model.width=16",
            "train.images=40000",
            "train.every=4000",
            "optimizer.discriminator.rate=0.004",
        ],
        &[Disease::DiscriminatorTooStrong],
    ),
    case(
        "collapse on grid",
        "collapse",
        "grid",
        &[],
        &[Disease::ModeCollapse],
    ),
    case(
        "rates of 1",
        "mlp",
        "ring",
        &[
            "optimizer.generator.rate=1",
            "optimizer.discriminator.rate=1",
            "train.images=200000",
            "train.every=10000",
        ],
        &[Disease::Divergence],
    ),
];

const HEALTHY: [Case; 7] = [
    case("figure1", "figure1", "gaussian", &[], SOUND),
    case(
        "points on ring",
        "points",
        "ring",
        &["train.images=500000", "train.every=25000"],
        SOUND,
    ),
    case(
        "points on line",
        "points",
        "line",
        &["train.images=300000", "train.every=15000"],
        SOUND,
    ),
    case(
        "points on grid",
        "points",
        "grid",
        &["train.images=500000", "train.every=25000"],
        SOUND,
    ),
    case(
        "mlp on digits",
        "mlp",
        "digits",
        &["train.images=100000", "train.every=5000"],
        SOUND,
    ),
    case(
        "dcgan on digits",
        "dcgan",
        "digits",
        &["model.width=16", "train.images=40000", "train.every=4000"],
        SOUND,
    ),
    case(
        "digits",
        "digits",
        "digits",
        &["model.width=16", "train.images=40000", "train.every=4000"],
        SOUND,
    ),
];

const fn case(
    name: &'static str,
    recipe: &'static str,
    data: &'static str,
    set: &'static [&'static str],
    expected: &'static [Disease],
) -> Case {
    Case {
        name,
        recipe,
        data,
        set,
        expected,
    }
}

/// `doctor-figures [SEEDS] [auto] [NAME]`: a table in Markdown.
pub(crate) fn report(words: &[&str]) -> anyhow::Result<()> {
    let seeds: u64 = words
        .first()
        .and_then(|word| word.parse().ok())
        .unwrap_or(10);
    let auto = words.contains(&"auto");
    let only = words.iter().skip(1).find(|&&word| word != "auto");
    println!("| run | as expected | what was said, seed by seed | distance at the end, median |");
    println!("|---|---|---|---|");
    let cases = FAILURES
        .iter()
        .map(|case| (case, if auto { SOUND } else { case.expected }));
    let cases = cases.chain(HEALTHY.iter().map(|case| (case, case.expected)));
    for (case, expected) in cases {
        if only.is_some_and(|only| !case.name.contains(*only)) {
            continue;
        }
        let mut said = Vec::new();
        let mut distances = Vec::new();
        for seed in 0..seeds {
            let (disease, distance) = run(case, seed, auto)?;
            said.push(disease);
            distances.extend(distance);
        }
        let right = said
            .iter()
            .filter(|disease| expected.contains(disease))
            .count();
        distances.sort_by(f64::total_cmp);
        let median = distances
            .get(distances.len() / 2)
            .copied()
            .unwrap_or(f64::NAN);
        let names: Vec<&str> = said.iter().map(|disease| disease.name()).collect();
        println!(
            "| {} | {right} of {seeds} | {} | {median:.3} |",
            case.name,
            counted(&names)
        );
    }
    Ok(())
}

fn run(case: &Case, seed: u64, auto: bool) -> anyhow::Result<(Disease, Option<f64>)> {
    let set = [format!("train.seed={seed}"), format!("train.auto={auto}")];
    let recipe = Recipe::named(case.recipe)?.with_data(case.data)?;
    let mut set = case
        .set
        .iter()
        .copied()
        .chain(set.iter().map(String::as_str));
    let recipe = set.try_fold(recipe, |recipe, set| recipe.with_set(set))?;
    let mut trainer = Trainer::new(recipe)?;
    let mut distance = None;
    loop {
        match trainer.next_tick() {
            Ok(Some(tick)) => distance = tick.checkup.distance,
            Ok(None) => break Ok((trainer.diagnosis().diagnosis, distance)),
            Err(TrainError::NotFinite { .. }) => break Ok((Disease::Divergence, distance)),
            Err(error) => break Err(error.into()),
        }
    }
}

/// `healthy 9, oscillation 1`.
fn counted(names: &[&str]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match kinds.iter_mut().find(|(kind, _)| kind == name) {
            Some((_, count)) => *count += 1,
            None => kinds.push((name, 1)),
        }
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    kinds.join(", ")
}
