//! The sweeps against PyTorch's numbers (`fixtures/optim.json`, made by `fixtures/make_optim.py`) and
//! against the compositions over lengths that end anywhere in a piece.

use burn::tensor::{Device, Tensor, TensorData};
use serde_json::Value;

use super::*;

fn vector(values: &[f32]) -> Tensor<1> {
    Tensor::from_data(
        TensorData::new(values.to_vec(), [values.len()]),
        &Device::flex(),
    )
}

fn numbers(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.to_data().try_into_vec().expect("f32")
}

/// Numbers between -1 and 1 that look random.
fn noise(length: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..length).map(|_| next()).collect()
}

fn assert_close(ours: &[f32], theirs: &[f32], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let largest = theirs.iter().fold(1e-30_f32, |a, b| a.max(b.abs()));
    for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!(
            (a - b).abs() <= 2e-6 * largest,
            "{what}[{index}]: {a} against {b}"
        );
    }
}

fn fixture(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../../fixtures/optim.json")).expect("JSON");
    all[name].clone()
}

fn list(value: &Value) -> Vec<f32> {
    let values = value.as_array().expect("a list of numbers").iter();
    values
        .map(|number| number.as_f64().expect("a number") as f32)
        .collect()
}

fn setting(case: &Value, key: &str) -> f32 {
    case[key].as_f64().expect("a number") as f32
}

#[test]
fn adam_takes_pytorchs_steps() {
    let case = fixture("adam");
    let start = list(&case["start"]);
    let zeros = vec![0.0; start.len()];
    let mut state = (vector(&start), vector(&zeros), vector(&zeros));
    for (step, gradient) in (1..).zip(case["gradients"].as_array().expect("steps")) {
        let settings = Adam {
            rate: setting(&case, "rate"),
            beta1: setting(&case, "beta1"),
            beta2: setting(&case, "beta2"),
            epsilon: setting(&case, "epsilon"),
            step,
        };
        let slot = AdamSlot {
            parameter: state.0,
            gradient: vector(&list(gradient)),
            first_moment: state.1,
            second_moment: state.2,
        };
        state = adam(vec![slot], settings).remove(0);
    }
    assert_close(&numbers(&state.0), &list(&case["end"]), "adam");
}

#[test]
fn gradient_descent_takes_pytorchs_steps() {
    for name in ["sgd", "sgd_momentum"] {
        let case = fixture(name);
        let start = list(&case["start"]);
        let mut state = (vector(&start), vector(&vec![0.0; start.len()]));
        let settings = Sgd {
            rate: setting(&case, "rate"),
            momentum: setting(&case, "momentum"),
        };
        for gradient in case["gradients"].as_array().expect("steps") {
            let slot = SgdSlot {
                parameter: state.0,
                gradient: vector(&list(gradient)),
                velocity: state.1,
            };
            state = sgd(vec![slot], settings).remove(0);
        }
        assert_close(&numbers(&state.0), &list(&case["end"]), name);
    }
}

#[test]
fn rms_prop_takes_pytorchs_steps() {
    let case = fixture("rms_prop");
    let start = list(&case["start"]);
    let mut state = (vector(&start), vector(&vec![0.0; start.len()]));
    let settings = RmsProp {
        rate: setting(&case, "rate"),
        alpha: setting(&case, "alpha"),
        epsilon: setting(&case, "epsilon"),
    };
    for gradient in case["gradients"].as_array().expect("steps") {
        let slot = RmsPropSlot {
            parameter: state.0,
            gradient: vector(&list(gradient)),
            square_average: state.1,
        };
        state = rms_prop(vec![slot], settings).remove(0);
    }
    assert_close(&numbers(&state.0), &list(&case["end"]), "rms_prop");
}

const LENGTHS: [usize; 6] = [1, 15, 17, 16_384, 16_385, 40_001];

#[test]
fn sweeps_and_compositions_agree_and_leave_shared_tensors_alone() {
    let arrays = |seed| LENGTHS.map(|length| noise(length, seed + length as u32));
    let [p, g, m] = [1, 2, 3].map(arrays);
    let v = arrays(4).map(|values| values.iter().map(|x| x * x).collect::<Vec<_>>());
    let slots = || {
        (0..LENGTHS.len()).map(|i| AdamSlot {
            parameter: vector(&p[i]),
            gradient: vector(&g[i]),
            first_moment: vector(&m[i]),
            second_moment: vector(&v[i]),
        })
    };
    let settings = Adam {
        rate: 0.01,
        beta1: 0.5,
        beta2: 0.99,
        epsilon: 1e-8,
        step: 7,
    };
    let kept: Vec<AdamSlot> = slots().collect();
    let fast = sweep::adam(kept.clone(), settings);
    for (slot, p) in kept.iter().zip(&p) {
        assert_eq!(
            &numbers(&slot.parameter),
            p,
            "a tensor that others hold was changed"
        );
    }
    for (ours, theirs) in fast.iter().zip(portable::adam(slots().collect(), settings)) {
        assert_close(&numbers(&ours.0), &numbers(&theirs.0), "parameter");
        assert_close(&numbers(&ours.1), &numbers(&theirs.1), "first moment");
        assert_close(&numbers(&ours.2), &numbers(&theirs.2), "second moment");
    }

    let both = || {
        (
            p.each_ref().map(|p| vector(p)),
            g.each_ref().map(|g| vector(g)),
        )
    };
    let (averages, values) = both();
    let fast = sweep::lerp_all(averages.into(), values.into(), 0.3);
    let (averages, values) = both();
    let slow = portable::lerp_all(averages.into(), values.into(), 0.3);
    for (ours, theirs) in fast.iter().zip(&slow) {
        assert_close(&numbers(ours), &numbers(theirs), "average");
    }
}

#[test]
fn norms_add_up_and_name_the_tensor_that_is_not_finite() {
    let mut values: Vec<Vec<f32>> = LENGTHS.iter().map(|&length| noise(length, 9)).collect();
    let tensors = |values: &[Vec<f32>]| values.iter().map(|v| vector(v)).collect::<Vec<_>>();
    let (sum, bad) = sweep::squared_norms(&tensors(&values));
    let (expected, _) = portable::squared_norms(&tensors(&values));
    assert!(
        (sum - expected).abs() <= 1e-12 * expected,
        "{sum} against {expected}"
    );
    assert_eq!(bad, None);
    for broken in [f32::NAN, f32::INFINITY] {
        values[4][16_384] = broken;
        assert_eq!(sweep::squared_norms(&tensors(&values)).1, Some(4));
        assert_eq!(portable::squared_norms(&tensors(&values)).1, Some(4));
    }
    values[4][16_384] = 3e38; // its square is beyond f32, not beyond f64
    assert_eq!(sweep::squared_norms(&tensors(&values)).1, None);
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let run = || {
        let slot = SgdSlot {
            parameter: vector(&noise(40_001, 1)),
            gradient: vector(&noise(40_001, 2)),
            velocity: vector(&noise(40_001, 3)),
        };
        let (p, u) = sweep::sgd(
            vec![slot],
            Sgd {
                rate: 0.1,
                momentum: 0.9,
            },
        )
        .remove(0);
        (numbers(&p), numbers(&u))
    };
    let expected = Isa::Portable.with(run);
    for isa in Isa::available() {
        assert_eq!(isa.with(run), expected, "{isa:?}");
    }
}

use crate::isa::Isa;
