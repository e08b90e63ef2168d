//! The optimisers composed of Burn's operators, one tensor at a time, for devices other than the CPU
//! and for comparison. What they compute is said in the parent module.

use burn::tensor::Tensor;

use super::{Adam, AdamCorrection, AdamSlot, RmsProp, RmsPropSlot, Sgd, SgdSlot};

pub(super) fn adam(slots: Vec<AdamSlot>, settings: Adam) -> Vec<(Tensor<1>, Tensor<1>, Tensor<1>)> {
    let Adam { beta1, beta2, .. } = settings;
    let correction = AdamCorrection::new(settings);
    slots
        .into_iter()
        .map(|slot| {
            let gradient = slot.gradient;
            let first =
                slot.first_moment.clone() + (gradient.clone() - slot.first_moment) * (1.0 - beta1);
            let second = slot.second_moment * beta2 + gradient.clone() * gradient * (1.0 - beta2);
            let root = second.clone().sqrt() * correction.inverse_root + settings.epsilon;
            let parameter = slot.parameter - first.clone() / root * correction.rate;
            (parameter, first, second)
        })
        .collect()
}

pub(super) fn sgd(slots: Vec<SgdSlot>, settings: Sgd) -> Vec<(Tensor<1>, Tensor<1>)> {
    slots
        .into_iter()
        .map(|slot| {
            if settings.momentum == 0.0 {
                return (
                    slot.parameter - slot.gradient * settings.rate,
                    slot.velocity,
                );
            }
            let velocity = slot.velocity * settings.momentum + slot.gradient;
            (slot.parameter - velocity.clone() * settings.rate, velocity)
        })
        .collect()
}

pub(super) fn rms_prop(slots: Vec<RmsPropSlot>, settings: RmsProp) -> Vec<(Tensor<1>, Tensor<1>)> {
    slots
        .into_iter()
        .map(|slot| {
            let gradient = slot.gradient;
            let average = slot.square_average * settings.alpha
                + gradient.clone() * gradient.clone() * (1.0 - settings.alpha);
            let root = average.clone().sqrt() + settings.epsilon;
            (slot.parameter - gradient / root * settings.rate, average)
        })
        .collect()
}

pub(super) fn lerp_all(
    averages: Vec<Tensor<1>>,
    values: Vec<Tensor<1>>,
    weight: f32,
) -> Vec<Tensor<1>> {
    averages
        .into_iter()
        .zip(values)
        .map(|(average, value)| average.clone() + (value - average) * weight)
        .collect()
}

pub(super) fn squared_norms(tensors: &[Tensor<1>]) -> (f64, Option<usize>) {
    let mut total = 0.0;
    let mut not_finite = None;
    for (index, tensor) in tensors.iter().enumerate() {
        let values: Vec<f32> = tensor
            .to_data()
            .convert::<f32>()
            .try_into_vec()
            .expect("converted to f32 above");
        let sum: f64 = values
            .iter()
            .map(|&value| f64::from(value) * f64::from(value))
            .sum();
        if !sum.is_finite() && not_finite.is_none() {
            not_finite = Some(index);
        }
        total += sum;
    }
    (total, not_finite)
}
