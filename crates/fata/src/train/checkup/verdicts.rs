//! Figures of a discriminator's answers.

use crate::recipe::LossKind;

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The chance that an answer of `real` is above one of `fake`, ties counting
/// half: the area under the curve of true over false positives. It needs no
/// probabilities, so it says the same of a logit, a critic and least squares.
///
/// # Source
/// Mann and Whitney 1947, by ranks.
pub(super) fn area_under_curve(real: &[f64], fake: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = real
        .iter()
        .map(|&answer| (answer, true))
        .chain(fake.iter().map(|&answer| (answer, false)))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut above) = (0.0, 0.0);
    let mut at = 0;
    while at < all.len() {
        let same = all[at..].iter().take_while(|one| one.0 == all[at].0);
        let (mut reals, mut fakes) = (0.0, 0.0);
        for (_, is_real) in same {
            *(if *is_real { &mut reals } else { &mut fakes }) += 1.0;
        }
        above += reals * (below + fakes / 2.0);
        below += fakes;
        at += (reals + fakes) as usize;
    }
    above / (real.len() * fake.len()) as f64
}

/// The standard deviation of that chance between two sets that are alike.
///
/// # Source
/// Mann and Whitney 1947, equation 3: `sqrt((n + m + 1) / (12 n m))`.
pub(super) fn chance(real: usize, fake: usize) -> f64 {
    let [n, m] = [real, fake].map(|count| count as f64);
    ((n + m + 1.0) / (12.0 * n * m)).sqrt()
}

/// The mean probability that these real items are taken for real, as a tick's
/// `probability_real` has it.
pub(super) fn probability(kind: LossKind, real: &[f64], fake: &[f64]) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
    let all = |f: &dyn Fn(f64) -> f64| real.iter().map(|&x| f(x)).sum::<f64>() / real.len() as f64;
    match kind {
        LossKind::LeastSquares => all(&|x| x.clamp(0.0, 1.0)),
        LossKind::RelativisticAverage | LossKind::RelativisticPairing => {
            let of_fake = mean(fake);
            all(&|x| sigmoid(x - of_fake))
        }
        _ => all(&sigmoid),
    }
}
