//! Figures on samples whose answer is known, and a game that is left alone.

use super::*;

fn rows(values: &[f32], width: usize) -> Miniatures {
    Miniatures::of(values, &[width])
}

#[test]
fn the_area_under_the_curve_counts_pairs_and_half_of_ties() {
    assert_eq!(area_under_curve(&[2.0, 3.0], &[0.0, 1.0]), 1.0);
    assert_eq!(area_under_curve(&[0.0], &[1.0, 2.0]), 0.0);
    assert_eq!(area_under_curve(&[1.0, 1.0], &[1.0]), 0.5);
    // 3 above 1 and 2; 1 ties with 1: (2 + 0.5) of 4.
    assert_eq!(area_under_curve(&[3.0, 1.0], &[1.0, 2.0]), 0.625);
}

#[test]
fn pictures_are_averaged_and_points_kept() {
    let picture: Vec<f32> = (0..32 * 32).map(|at| (at % 2) as f32).collect();
    let small = Miniatures::of(&picture, &[32, 32, 1]);
    assert_eq!((small.rows(), small.width()), (1, 256));
    assert!(small.row(0).iter().all(|&value| value == 0.5));
    // 18 pixels a side become 9 of two by two.
    let odd = Miniatures::of(&vec![1.0; 2 * 17 * 18 * 3], &[17, 18, 3]);
    assert_eq!((odd.rows(), odd.width()), (2, 9 * 9 * 3));
    assert_eq!(rows(&[1.0, 2.0], 2).row(0), [1.0, 2.0]);
}

#[test]
fn distances_are_euclidean_means_and_medians() {
    let line = rows(&[0.0, 1.0, 3.0], 1);
    assert_eq!(mean_pair_distance(&line), 2.0);
    assert_eq!(line.median_distance_to_others(), 1.0);
    let other = rows(&[0.5, 0.5, 4.0], 1);
    assert_eq!(line.distances_row_by_row(&other), [0.5, 0.5, 1.0]);
    assert_eq!(other.median_distance_to(&line), 0.5);
    let long: Vec<f32> = (0..11).map(|value| value as f32).collect();
    let zero = vec![0.0; 11];
    assert!((miniature::distance(&long, &zero) - 385.0_f64.sqrt()).abs() < 1e-6);
}

#[test]
fn cells_say_what_share_of_the_data_is_missing() {
    // Four heaps of 32 points each, at the corners of a square.
    let heap = |corner: usize, i: usize| {
        let [x, y] = [(corner % 2) as f32, (corner / 2) as f32];
        [x + 0.001 * (i % 8) as f32, y + 0.001 * (i / 8) as f32]
    };
    let of = |corners: &[usize]| {
        let points = corners
            .iter()
            .flat_map(|&c| (0..32).map(move |i| heap(c, i)));
        let points: Vec<f32> = points.flatten().collect();
        rows(&points, 2)
    };
    let cells = Cells::of(&of(&[0, 1, 2, 3]), 0.8, Random::new(1)).unwrap();
    assert_eq!(cells.missing(&of(&[0, 1, 2, 3])), 0.0);
    assert_eq!(cells.missing(&of(&[0, 1, 3])), 0.25);
    assert_eq!(cells.missing(&of(&[2])), 0.75);
    assert!(
        Cells::of(&of(&[0]), 0.01, Random::new(1)).is_none(),
        "too few"
    );
}
