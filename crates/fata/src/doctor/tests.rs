//! Courses as runs have them, one for each disease, and healthy ones.

use super::*;

/// Ticks whose figures are given by columns.
fn lines(names: &[&str], rows: &[&[f64]]) -> Vec<Line> {
    let line = |(at, row): (usize, &&[f64])| {
        let figures = names
            .iter()
            .map(ToString::to_string)
            .zip(row.iter().copied());
        Line::new(1000 * (at as u64 + 1), figures)
    };
    rows.iter().enumerate().map(line).collect()
}

const NAMES: [&str; 7] = [
    "probability_real",
    "probability_fake",
    "separation",
    "diversity",
    "distance",
    "missing",
    "unrest",
];

fn found(rows: &[[f64; 7]]) -> Diagnosis {
    let rows: Vec<&[f64]> = rows.iter().map(|row| &row[..]).collect();
    examine(Patient {
        lines: &lines(&NAMES, &rows),
        events: &[],
        recipe: Some(&Recipe::named("mlp").unwrap()),
    })
}

/// From one row to another in so many ticks.
fn between(from: [f64; 7], to: [f64; 7], ticks: usize) -> Vec<[f64; 7]> {
    let step = |at: usize| {
        let share = at as f64 / (ticks - 1) as f64;
        std::array::from_fn(|i| from[i] * (to[i] / from[i]).powf(share))
    };
    (0..ticks).map(step).collect()
}

#[test]
fn a_run_that_comes_nearer_is_healthy_however_sure_the_discriminator_is() {
    let begin = [0.95, 0.05, 1.0, 0.1, 1.9, 0.8, 0.1];
    let end = [0.85, 0.15, 1.0, 0.9, 0.03, 0.06, 0.2];
    let course = between(begin, end, 15);
    for ticks in 1..=15 {
        let found = found(&course[..ticks]);
        assert_eq!(found.diagnosis, Disease::Healthy, "{ticks}: {found:?}");
    }
}

#[test]
fn a_discriminator_that_is_sure_of_samples_that_stay_far_is_too_strong() {
    let sure = [0.9, 0.1, 1.0, 0.15, 1.7, 0.7, 0.1];
    let found = found(&[sure; 8]);
    assert_eq!(found.diagnosis, Disease::DiscriminatorTooStrong);
    assert_eq!(found.since_images, Some(1000));
    assert!(found.evidence.iter().any(|one| one.figure == "separation"));
    assert!(
        found.advice[0]
            .flags
            .contains("--set optimizer.discriminator.rate=")
    );
    assert_eq!(found.also, [Disease::ModeCollapse]);
}

#[test]
fn a_discriminator_that_prefers_samples_is_too_weak() {
    let misled = [0.57, 0.9, 0.0, 2.0, 30.0, 0.9, 0.5];
    assert_eq!(found(&[misled; 5]).diagnosis, Disease::DiscriminatorTooWeak);
    let faint = [0.51, 0.49, 1.0, 0.03, 1.8, 0.9, 0.01];
    assert_eq!(found(&[faint; 5]).diagnosis, Disease::DiscriminatorTooWeak);
}

#[test]
fn samples_that_are_alike_or_leave_out_much_have_collapsed() {
    let learnt = [0.5, 0.5, 0.6, 0.9, 0.015, 0.05, 0.05];
    let alike = [0.5, 0.48, 0.6, 0.1, 0.7, 0.9, 0.5];
    let found_alike = found(&[[learnt; 3].as_slice(), &[alike; 6]].concat());
    assert_eq!(found_alike.diagnosis, Disease::ModeCollapse);
    assert_eq!(found_alike.since_images, Some(4000));
    let partial = [0.5, 0.45, 0.7, 0.95, 0.04, 0.4, 0.1];
    assert_eq!(found(&[partial; 6]).diagnosis, Disease::ModeCollapse);
}

#[test]
fn a_distance_that_falls_and_rises_again_and_again_is_oscillation() {
    let near = [0.5, 0.5, 0.5, 0.9, 0.03, 0.05, 0.3];
    let away = [0.5, 0.5, 0.5, 0.6, 0.8, 0.5, 0.9];
    let course: Vec<[f64; 7]> = (0..12)
        .map(|i| if i % 3 == 0 { near } else { away })
        .collect();
    assert_eq!(found(&course).diagnosis, Disease::Oscillation);
}

#[test]
fn what_was_learnt_and_is_lost_is_divergence() {
    let learnt = [0.6, 0.4, 0.8, 0.9, 0.04, 0.1, 0.1];
    let lost = [0.9, 0.1, 1.0, 0.3, 1.5, 0.9, 0.3];
    let course = [[learnt; 6].as_slice(), &[lost; 6]].concat();
    let found = found(&course);
    assert_eq!(found.diagnosis, Disease::Divergence);
    assert_eq!(found.since_images, Some(7000));
}

#[test]
fn a_run_that_broke_down_diverged_even_before_its_first_tick() {
    let event = Event::NotFinite {
        images_seen: 640,
        step: 11,
        player: "generator".into(),
        tensor: "the loss".into(),
    };
    let patient = |lines| Patient {
        lines,
        events: std::slice::from_ref(&event),
        recipe: None,
    };
    let found = examine(patient(&[]));
    assert_eq!(found.diagnosis, Disease::Divergence);
    assert_eq!(found.since_images, Some(640));
    // It was resumed and has gone further.
    let further = [Line::new(1000, [])];
    assert_ne!(examine(patient(&further)).diagnosis, Disease::Divergence);
}

#[test]
fn losses_without_bound_are_divergence() {
    let rows: Vec<Vec<f64>> = (0..9).map(|i| vec![10f64.powi(i - 2), 0.7]).collect();
    let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let lines = lines(&["loss_discriminator", "loss_generator"], &rows);
    let found = examine(Patient {
        lines: &lines,
        events: &[],
        recipe: None,
    });
    assert_eq!(found.diagnosis, Disease::Divergence);
    assert!(!found.missing.is_empty(), "an older log lacks figures");
}

#[test]
fn data_learnt_by_heart_are_overfitting() {
    let names = [
        "probability_real",
        "probability_held_out",
        "overfitting",
        "distance",
    ];
    let row: &[f64] = &[0.9, 0.3, 0.7, 0.01];
    let found = examine(Patient {
        lines: &lines(&names, &[row; 6]),
        events: &[],
        recipe: None,
    });
    assert_eq!(found.diagnosis, Disease::Overfitting);
    let copies: &[f64] = &[0.2];
    let found = examine(Patient {
        lines: &lines(&["novelty"], &[copies; 6]),
        events: &[],
        recipe: None,
    });
    assert_eq!(found.diagnosis, Disease::Overfitting);
}

#[test]
fn a_little_by_heart_is_a_disease_only_when_the_samples_suffer() {
    let names = [
        "probability_real",
        "probability_held_out",
        "overfitting",
        "distance",
    ];
    let found = |distances: [f64; 9]| {
        let rows = distances.map(|distance| vec![0.8, 0.55, 0.46, distance]);
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let patient = Patient {
            lines: &lines(&names, &rows),
            events: &[],
            recipe: None,
        };
        examine(patient).diagnosis
    };
    let better = [0.5, 0.3, 0.2, 0.15, 0.12, 0.1, 0.09, 0.08, 0.08];
    assert_ne!(found(better), Disease::Overfitting);
    let worse = [0.5, 0.3, 0.1, 0.08, 0.08, 0.1, 0.13, 0.15, 0.16];
    assert_eq!(found(worse), Disease::Overfitting);
}

#[test]
fn a_game_at_rest_in_which_nothing_can_be_told_has_converged() {
    let names = ["separation", "separation_items", "distance", "unrest"];
    let row: &[f64] = &[0.52, 256.0, 0.001, 0.02];
    let found = |rows: &[&[f64]]| {
        examine(Patient {
            lines: &lines(&names, rows),
            events: &[],
            recipe: None,
        })
    };
    assert_eq!(found(&[row; 8]).diagnosis, Disease::Converged);
    let told: &[f64] = &[0.7, 256.0, 0.001, 0.02];
    assert_eq!(found(&[told; 8]).diagnosis, Disease::Healthy);
}

#[test]
fn of_nothing_nothing_is_said() {
    let found = examine(Patient {
        lines: &[],
        events: &[],
        recipe: None,
    });
    assert_eq!(found.diagnosis, Disease::Unknown);
    assert!(found.missing[0].contains("no tick"));
}

#[test]
fn advice_can_be_taken_on_by_the_recipe_it_is_given_for() {
    for name in crate::recipe::names() {
        let recipe = Recipe::named(name).unwrap();
        let rows: [&[[f64; 7]]; 4] = [
            &[[0.9, 0.1, 1.0, 0.15, 1.7, 0.7, 0.1]; 8],
            &[[0.57, 0.9, 0.0, 2.0, 30.0, 0.9, 0.5]; 8],
            &[[0.5, 0.48, 0.6, 0.1, 0.7, 0.9, 0.5]; 8],
            &[
                [0.6, 0.4, 0.8, 0.9, 0.04, 0.1, 0.1],
                [0.9, 0.1, 1.0, 0.3, 1.5, 0.9, 0.3],
            ],
        ];
        for rows in rows {
            let rows: Vec<&[f64]> = rows.iter().map(|row| &row[..]).collect();
            let found = examine(Patient {
                lines: &lines(&NAMES, &rows),
                events: &[],
                recipe: Some(&recipe),
            });
            for advice in found.advice {
                let taken = advice
                    .set
                    .iter()
                    .try_fold(recipe.clone(), |recipe, set| recipe.with_set(set));
                let taken =
                    taken.unwrap_or_else(|error| panic!("{name}: {}: {error}", advice.flags));
                taken
                    .check_together()
                    .unwrap_or_else(|error| panic!("{name}: {}: {error}", advice.flags));
            }
        }
    }
}

/// What is found in a course of four figures alone.
fn found_in(names: &[&str; 4], course: &[[f64; 4]]) -> Disease {
    let rows: Vec<&[f64]> = course.iter().map(|row| &row[..]).collect();
    let patient = Patient {
        lines: &lines(names, &rows),
        events: &[],
        recipe: None,
    };
    examine(patient).diagnosis
}

#[test]
fn a_generator_that_jumps_between_places_has_collapsed_and_does_not_oscillate() {
    let names = ["diversity", "missing", "distance", "unrest"];
    let found = |missing: f64| {
        let far = [0.2, 0.75, 0.8, 0.6];
        let near = [0.2, missing, 0.15, 0.6];
        let course = [far, near, far, far, near, far, far, far, far];
        found_in(&names, &course)
    };
    assert_eq!(found(0.5), Disease::ModeCollapse);
    assert_eq!(found(0.1), Disease::Oscillation);
}

#[test]
fn a_generator_that_leaves_out_less_and_less_has_not_collapsed_however_its_distance_swings() {
    let names = ["diversity", "missing", "distance", "unrest"];
    let found = |missing: [f64; 3]| {
        let rows: Vec<[f64; 4]> = (0..12)
            .map(|tick| [0.6, missing[tick / 4], [0.12, 0.5][tick % 2], 0.5])
            .collect();
        found_in(&names, &rows)
    };
    assert_eq!(found([0.7, 0.65, 0.45]), Disease::Healthy);
    assert_eq!(found([0.65, 0.65, 0.65]), Disease::ModeCollapse);
    assert_eq!(found([0.45, 0.45, 0.45]), Disease::Oscillation);
}
