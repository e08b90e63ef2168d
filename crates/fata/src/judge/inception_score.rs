//! The Inception Score: a classifier should be sure of each sample, and of
//! each for another class.
//!
//! `IS = exp E_x KL(p(y|x) || p(y))`, over ten portions of the samples as is
//! customary. It never looks at the data: one perfect picture a class reaches
//! the best score, and it means something only where the classes of the
//! classifier are those of the data.
//!
//! # Source
//! Salimans et al. 2016, arXiv 1606.03498, section 4.

use super::measured::Measured;
use super::rows::Rows;

/// Portions over which the score is averaged.
const SPLITS: usize = 10;

/// The score of class probabilities.
///
/// # Shapes
/// `probabilities` [samples, classes].
pub fn inception_score(probabilities: Rows) -> Measured {
    let count = probabilities.count();
    let splits = SPLITS.min(count).max(1);
    Measured::mean((0..splits).map(|split| {
        // As the original cuts them, every sample in one portion.
        let range = split * count / splits..(split + 1) * count / splits;
        portion(probabilities, range)
    }))
}

fn portion(probabilities: Rows, range: std::ops::Range<usize>) -> f64 {
    let count = range.len() as f64;
    let mut marginal = vec![0.0; probabilities.width];
    for index in range.clone() {
        let row = probabilities.row(index).iter();
        marginal
            .iter_mut()
            .zip(row)
            .for_each(|(m, &p)| *m += f64::from(p) / count);
    }
    let mut divergence = 0.0;
    for index in range {
        for (&p, m) in probabilities.row(index).iter().zip(&marginal) {
            let p = f64::from(p);
            if p > 0.0 {
                divergence += p * (p / m).ln();
            }
        }
    }
    (divergence / count).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::fixtures;

    #[test]
    fn it_is_torch_fidelitys_number() {
        let fixture = fixtures::open();
        let probabilities = fixture.array("probabilities");
        let score = inception_score(probabilities.rows());
        fixture.compare("inception_score", score.value, 1e-6);
        let error = score.standard_error.unwrap();
        fixture.compare("inception_score_error", error, 1e-6);
    }

    #[test]
    fn a_sure_sample_of_each_class_scores_the_number_of_classes() {
        let sure: Vec<f32> = (0..1600)
            .map(|i| f32::from(u8::from(i % 4 == i / 4 % 4)))
            .collect();
        assert!((inception_score(Rows::new(&sure, 4)).value - 4.0).abs() < 1e-12);
    }
}
