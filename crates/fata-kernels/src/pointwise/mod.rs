//! Loops over floats one by one or channel by channel, on slices: activations with their slopes,
//! sums of columns, binary cross-entropy. Work is cut into chunks by shape alone and partial sums
//! are added in order, so that results do not depend on the number of threads.

pub(crate) mod curve;
pub(crate) mod versions;

use crate::Activation;
use crate::isa::Isa;
use crate::pool;
use crate::threads;
use curve::{Curve, exp, with_curve};
use versions::multiversion;

/// Floats per chunk: 64 KiB, so that a chunk stays in a core's cache between two passes over it.
pub(crate) const CHUNK: usize = 16 * 1024;

/// How rows of channels are grouped and cut. Rows of few channels are taken several at a time, so
/// that inner loops are long enough for vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    /// Floats of a row.
    pub(crate) channels: usize,
    /// Floats of a group of rows, the length of the inner loops.
    pub(crate) group: usize,
    /// Floats of a chunk, a multiple of the group.
    pub(crate) chunk: usize,
}

impl Rows {
    /// For rows of this many channels.
    pub(crate) fn new(channels: usize) -> Self {
        assert!(channels > 0, "a row has at least one channel");
        let group = channels * 64_usize.div_ceil(channels);
        Rows {
            channels,
            group,
            chunk: group * (CHUNK / group).max(1),
        }
    }

    /// Values of channels repeated to the length of a group.
    pub(crate) fn repeat(&self, values: impl IntoIterator<Item = f32>) -> Vec<f32> {
        let mut list: Vec<f32> = values.into_iter().collect();
        debug_assert_eq!(list.len(), self.channels);
        list.reserve(self.group - self.channels);
        while list.len() < self.group {
            list.extend_from_within(..self.channels);
        }
        list
    }

    /// Adds the rows of a group up into its first.
    pub(crate) fn fold(&self, group: &mut [f32]) {
        let (first, rest) = group.split_at_mut(self.channels);
        for row in rest.chunks(self.channels) {
            for (total, &value) in first.iter_mut().zip(row) {
                *total += value;
            }
        }
    }
}

/// Replaces each value by the activation's.
pub(crate) fn activate_in_place(x: &mut [f32], activation: Activation) {
    if activation == Activation::Identity {
        return;
    }
    let isa = Isa::active();
    with_curve!(activation, curve => {
        threads::for_each(x.chunks_mut(CHUNK), |x| map_in_place(isa, x, curve));
    });
}

/// `y = activation(x)`
pub(crate) fn activate(x: &[f32], y: &mut [f32], activation: Activation) {
    let isa = Isa::active();
    with_curve!(activation, curve => {
        let chunks = x.chunks(CHUNK).zip(y.chunks_mut(CHUNK));
        threads::for_each(chunks, |(x, y)| map(isa, x, y, curve));
    });
}

/// `gradient *= slope`, the slope being the activation's where its value is `y`.
pub(crate) fn scale_by_slope(gradient: &mut [f32], y: &[f32], activation: Activation) {
    let isa = Isa::active();
    with_curve!(activation, curve => {
        let chunks = gradient.chunks_mut(CHUNK).zip(y.chunks(CHUNK));
        threads::for_each(chunks, |(gradient, y)| slopes(isa, gradient, y, curve));
    });
}

multiversion! {
    fn map_in_place<C: Curve>(x: &mut [f32], curve: C) {
        for x in x {
            *x = curve.value(*x);
        }
    }

    fn map<C: Curve>(x: &[f32], y: &mut [f32], curve: C) {
        for (x, y) in x.iter().zip(y) {
            *y = curve.value(*x);
        }
    }

    fn slopes<C: Curve>(gradient: &mut [f32], y: &[f32], curve: C) {
        for (gradient, &y) in gradient.iter_mut().zip(y) {
            *gradient *= curve.slope(y);
        }
    }

    fn add_rows(x: &[f32], total: &mut [f32]) {
        for group in x.chunks(total.len()) {
            for (total, &x) in total.iter_mut().zip(group) {
                *total += x;
            }
        }
    }

    fn affine<C: Curve>(x: &[f32], y: &mut [f32], scale: &[f32], shift: &[f32], curve: C) {
        let group = scale.len();
        for (x, y) in x.chunks(group).zip(y.chunks_mut(group)) {
            let factors = scale.iter().zip(shift);
            for ((&x, y), (&scale, &shift)) in x.iter().zip(y).zip(factors) {
                *y = curve.value(x * scale + shift);
            }
        }
    }

    fn affine_backward<C: Curve>(
        x: &[f32],
        gradient: &mut [f32],
        scale: &[f32],
        shift: &[f32],
        scale_sum: &mut [f32],
        shift_sum: &mut [f32],
        curve: C,
    ) {
        let group = scale.len();
        for (x, gradient) in x.chunks(group).zip(gradient.chunks_mut(group)) {
            let factors = scale.iter().zip(shift);
            let sums = scale_sum.iter_mut().zip(shift_sum.iter_mut());
            for (((&x, gradient), (&scale, &shift)), (scale_sum, shift_sum)) in
                x.iter().zip(gradient).zip(factors).zip(sums)
            {
                let inner = *gradient * curve.slope(curve.value(x * scale + shift));
                *scale_sum += inner * x;
                *shift_sum += inner;
                *gradient = inner * scale;
            }
        }
    }

    fn sigmoid_difference(logits: &[f32], gradient: &mut [f32], target: f32, factor: f32) {
        for (&logit, gradient) in logits.iter().zip(gradient) {
            *gradient = (1.0 / (1.0 + exp(-logit)) - target) * factor;
        }
    }
}

/// The sum of each column of rows.
pub(crate) fn column_sums(x: &[f32], channels: usize) -> Vec<f32> {
    let rows = Rows::new(channels);
    let isa = Isa::active();
    let chunks = x.len().div_ceil(rows.chunk);
    let mut partial = pool::take_zeroed(chunks * rows.group);
    let parts = x.chunks(rows.chunk).zip(partial.chunks_mut(rows.group));
    threads::for_each(parts, |(x, total)| {
        add_rows(isa, x, total);
        rows.fold(total);
    });
    let sums = add_in_order(partial.chunks(rows.group), channels);
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// The sums of the first `channels` floats of each part, in double precision and in order.
pub(crate) fn add_in_order<'a>(
    parts: impl IntoIterator<Item = &'a [f32]>,
    channels: usize,
) -> Vec<f64> {
    let mut sums = vec![0.0; channels];
    for part in parts {
        for (sum, &value) in sums.iter_mut().zip(part) {
            *sum += f64::from(value);
        }
    }
    sums
}

/// `y = activation(x * scale + shift)` channel by channel.
pub(crate) fn affine_activation(
    x: &[f32],
    y: &mut [f32],
    [scale, shift]: [&[f32]; 2],
    activation: Activation,
) {
    let rows = Rows::new(scale.len());
    let isa = Isa::active();
    let scale = rows.repeat(scale.iter().copied());
    let shift = rows.repeat(shift.iter().copied());
    with_curve!(activation, curve => {
        let chunks = x.chunks(rows.chunk).zip(y.chunks_mut(rows.chunk));
        threads::for_each(chunks, |(x, y)| affine(isa, x, y, &scale, &shift, curve));
    });
}

/// Turns the gradient of [`affine_activation`]'s output into that of `x`, and gives those of
/// `scale` and `shift`.
pub(crate) fn affine_activation_backward(
    x: &[f32],
    gradient: &mut [f32],
    [scale, shift]: [&[f32]; 2],
    activation: Activation,
) -> [Vec<f32>; 2] {
    let rows = Rows::new(scale.len());
    let isa = Isa::active();
    let wide_scale = rows.repeat(scale.iter().copied());
    let wide_shift = rows.repeat(shift.iter().copied());
    let chunks = x.len().div_ceil(rows.chunk);
    let mut partial = pool::take_zeroed(chunks * 2 * rows.group);
    with_curve!(activation, curve => {
        let chunks = x.chunks(rows.chunk).zip(gradient.chunks_mut(rows.chunk));
        let chunks = chunks.zip(partial.chunks_mut(2 * rows.group));
        threads::for_each(chunks, |((x, gradient), sums)| {
            let (first, second) = sums.split_at_mut(rows.group);
            affine_backward(isa, x, gradient, &wide_scale, &wide_shift, first, second, curve);
            rows.fold(first);
            rows.fold(second);
        });
    });
    [0, 1].map(|half| {
        let parts = partial.chunks(rows.group).skip(half).step_by(2);
        add_in_order(parts, rows.channels)
            .into_iter()
            .map(|sum| sum as f32)
            .collect()
    })
}

/// Mean binary cross-entropy of logits against a target probability.
pub(crate) fn binary_cross_entropy(logits: &[f32], target: f32) -> f32 {
    let target = f64::from(target);
    let mut partial = vec![0.0_f64; logits.len().div_ceil(CHUNK / 4)];
    let chunks = logits.chunks(CHUNK / 4).zip(&mut partial);
    threads::for_each(chunks, |(chunk, sum)| {
        let terms = chunk.iter().map(|&logit| {
            let logit = f64::from(logit);
            // max() would lose a NaN.
            let positive = if logit < 0.0 { 0.0 } else { logit };
            positive - logit * target + (-logit.abs()).exp().ln_1p()
        });
        *sum = terms.sum();
    });
    (partial.iter().sum::<f64>() / logits.len() as f64) as f32
}

/// The gradient of [`binary_cross_entropy`] times `factor`.
pub(crate) fn binary_cross_entropy_backward(
    logits: &[f32],
    gradient: &mut [f32],
    target: f32,
    factor: f32,
) {
    let isa = Isa::active();
    let factor = factor / logits.len() as f32;
    let chunks = logits.chunks(CHUNK).zip(gradient.chunks_mut(CHUNK));
    threads::for_each(chunks, |(logits, gradient)| {
        sigmoid_difference(isa, logits, gradient, target, factor);
    });
}
