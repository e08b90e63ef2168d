//! The optimisers on the CPU device: the tensors of all slots are cut into pieces of one size and
//! all pieces are worked off in one parallel sweep, each number read and written once. A piece's
//! arithmetic does not depend on the others, and sums are added in the order of the pieces.

use burn::tensor::Tensor;
use burn_flex::FlexTensor;

use super::{Adam, AdamCorrection, AdamSlot, RmsProp, RmsPropSlot, Sgd, SgdSlot};
use crate::isa::Isa;
use crate::ops::flex::{floats, floats_mut, owned, plain, tensor};
use crate::pointwise::versions::multiversion;
use crate::threads;

/// Floats in a piece: the arrays of one piece together fit a core's second-level cache.
const PIECE: usize = 16 << 10;

multiversion! {
    fn adam_piece(arrays: [&mut [f32]; 3], gradient: &[f32], settings: Adam, correction: AdamCorrection) {
        let [parameter, first, second] = arrays;
        let (keep, new) = (settings.beta2, 1.0 - settings.beta2);
        let blend = 1.0 - settings.beta1;
        for (((p, m), v), &g) in parameter.iter_mut().zip(first).zip(second).zip(gradient) {
            *m += (g - *m) * blend;
            *v = *v * keep + g * g * new;
            // One division a number: they take longer than all the rest.
            let root = v.sqrt() * correction.inverse_root + settings.epsilon;
            *p -= *m * correction.rate / root;
        }
    }

    fn sgd_piece(arrays: [&mut [f32]; 2], gradient: &[f32], settings: Sgd) {
        let [parameter, velocity] = arrays;
        for ((p, u), &g) in parameter.iter_mut().zip(velocity).zip(gradient) {
            *u = *u * settings.momentum + g;
            *p -= *u * settings.rate;
        }
    }

    fn descent_piece(parameter: &mut [f32], gradient: &[f32], rate: f32) {
        for (p, &g) in parameter.iter_mut().zip(gradient) {
            *p -= g * rate;
        }
    }

    fn rms_prop_piece(arrays: [&mut [f32]; 2], gradient: &[f32], settings: RmsProp) {
        let [parameter, average] = arrays;
        let new = 1.0 - settings.alpha;
        for ((p, v), &g) in parameter.iter_mut().zip(average).zip(gradient) {
            *v = *v * settings.alpha + g * g * new;
            *p -= g / (v.sqrt() + settings.epsilon) * settings.rate;
        }
    }

    fn lerp_piece(average: &mut [f32], value: &[f32], weight: f32) {
        for (average, &value) in average.iter_mut().zip(value) {
            *average += (value - *average) * weight;
        }
    }

    fn square_piece(values: &[f32]) -> f64 {
        // Lanes of their own, so that the compiler may use vectors.
        let mut lanes = [0.0_f64; 16];
        let chunks = values.chunks_exact(16);
        let rest = chunks.remainder();
        for chunk in chunks {
            for (lane, &value) in lanes.iter_mut().zip(chunk) {
                *lane += f64::from(value) * f64::from(value);
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(rest) {
            *lane += f64::from(value) * f64::from(value);
        }
        lanes.iter().sum()
    }
}

/// Equal parts of `W` arrays that are written and of one that is read.
struct Piece<'a, const W: usize> {
    written: [&'a mut [f32]; W],
    read: &'a [f32],
}

/// Tensors that are written, with the one that is read beside them.
struct Slot<const W: usize> {
    written: [FlexTensor; W],
    read: FlexTensor,
}

impl<const W: usize> Slot<W> {
    fn new(written: [Tensor<1>; W], read: Tensor<1>) -> Self {
        Self {
            written: written.map(|tensor| owned(plain(tensor))),
            read: plain(read),
        }
    }
}

/// Runs `work` on all pieces of all slots and gives back the tensors that were written.
fn sweep<const W: usize>(
    mut slots: Vec<Slot<W>>,
    work: impl Fn(Piece<W>) + Sync,
) -> Vec<[Tensor<1>; W]> {
    let mut pieces = Vec::new();
    for Slot { written, read } in &mut slots {
        let mut arrays = written.each_mut().map(floats_mut);
        for read in floats(read).chunks(PIECE) {
            let written = arrays.each_mut().map(|array| {
                let (piece, rest) = std::mem::take(array).split_at_mut(read.len());
                *array = rest;
                piece
            });
            pieces.push(Piece { written, read });
        }
    }
    threads::for_each(pieces, work);
    slots
        .into_iter()
        .map(|slot| slot.written.map(tensor))
        .collect()
}

pub(super) fn adam(slots: Vec<AdamSlot>, settings: Adam) -> Vec<(Tensor<1>, Tensor<1>, Tensor<1>)> {
    let isa = Isa::active();
    let correction = AdamCorrection::new(settings);
    let slots = slots.into_iter().map(|slot| {
        let written = [slot.parameter, slot.first_moment, slot.second_moment];
        Slot::new(written, slot.gradient)
    });
    let updated = sweep(slots.collect(), |Piece { written, read }| {
        adam_piece(isa, written, read, settings, correction);
    });
    updated.into_iter().map(|[p, m, v]| (p, m, v)).collect()
}

pub(super) fn sgd(slots: Vec<SgdSlot>, settings: Sgd) -> Vec<(Tensor<1>, Tensor<1>)> {
    let isa = Isa::active();
    if settings.momentum == 0.0 {
        let (slots, velocities): (Vec<_>, Vec<_>) = slots
            .into_iter()
            .map(|slot| (Slot::new([slot.parameter], slot.gradient), slot.velocity))
            .unzip();
        let updated = sweep(slots, |Piece { written: [p], read }| {
            descent_piece(isa, p, read, settings.rate);
        });
        return updated.into_iter().map(|[p]| p).zip(velocities).collect();
    }
    let slots = slots
        .into_iter()
        .map(|slot| Slot::new([slot.parameter, slot.velocity], slot.gradient));
    let updated = sweep(slots.collect(), |Piece { written, read }| {
        sgd_piece(isa, written, read, settings);
    });
    updated.into_iter().map(|[p, u]| (p, u)).collect()
}

pub(super) fn rms_prop(slots: Vec<RmsPropSlot>, settings: RmsProp) -> Vec<(Tensor<1>, Tensor<1>)> {
    let isa = Isa::active();
    let slots = slots
        .into_iter()
        .map(|slot| Slot::new([slot.parameter, slot.square_average], slot.gradient));
    let updated = sweep(slots.collect(), |Piece { written, read }| {
        rms_prop_piece(isa, written, read, settings);
    });
    updated.into_iter().map(|[p, v]| (p, v)).collect()
}

pub(super) fn lerp_all(
    averages: Vec<Tensor<1>>,
    values: Vec<Tensor<1>>,
    weight: f32,
) -> Vec<Tensor<1>> {
    let isa = Isa::active();
    let slots = averages.into_iter().zip(values);
    let slots = slots.map(|(average, value)| Slot::new([average], value));
    let updated = sweep(
        slots.collect(),
        |Piece {
             written: [average],
             read,
         }| {
            lerp_piece(isa, average, read, weight);
        },
    );
    updated.into_iter().map(|[average]| average).collect()
}

pub(super) fn squared_norms(tensors: &[Tensor<1>]) -> (f64, Option<usize>) {
    let isa = Isa::active();
    let primitives: Vec<FlexTensor> = tensors.iter().cloned().map(plain).collect();
    let pieces: Vec<(usize, &[f32])> = primitives
        .iter()
        .enumerate()
        .flat_map(|(index, tensor)| {
            floats(tensor)
                .chunks(PIECE)
                .map(move |piece| (index, piece))
        })
        .collect();
    let mut sums = vec![0.0; pieces.len()];
    threads::for_each(pieces.iter().zip(&mut sums), |(&(_, piece), sum)| {
        *sum = square_piece(isa, piece);
    });
    let bad = sums.iter().position(|sum| !sum.is_finite());
    (sums.iter().sum(), bad.map(|place| pieces[place].0))
}
