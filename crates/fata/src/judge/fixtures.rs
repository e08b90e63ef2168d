//! Numbers of independent implementations, made by `fixtures/judge/make.py`.

use super::rows::Rows;
use serde_json::Value;

const TEXT: &str = include_str!("../../fixtures/judge/fixtures.json");

pub(super) struct Fixture(Value);

pub(super) struct Array {
    values: Vec<f32>,
    width: usize,
}

impl Array {
    pub(super) fn rows(&self) -> Rows<'_> {
        Rows::new(&self.values, self.width)
    }
}

pub(super) fn open() -> Fixture {
    Fixture(serde_json::from_str(TEXT).expect("the fixture is JSON"))
}

impl Fixture {
    fn number(&self, name: &str) -> f64 {
        self.0[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name} is a number"))
    }

    pub(super) fn array(&self, name: &str) -> Array {
        let array = &self.0[name];
        let values = array["values"]
            .as_array()
            .unwrap_or_else(|| panic!("{name} is an array"));
        Array {
            values: values
                .iter()
                .filter_map(Value::as_f64)
                .map(|v| v as f32)
                .collect(),
            width: array["width"].as_u64().expect("an array has a width") as usize,
        }
    }

    /// Data and samples.
    pub(super) fn features(&self, name: &str) -> (Array, Array) {
        (
            self.array(&format!("{name}.real")),
            self.array(&format!("{name}.fake")),
        )
    }

    pub(super) fn compare(&self, name: &str, found: f64, tolerance: f64) {
        let expected = self.number(name);
        let error = (found - expected).abs() / expected.abs().max(1e-12);
        assert!(
            error <= tolerance,
            "{name}: {found}, not {expected} (off by {error:.1e})"
        );
    }
}
