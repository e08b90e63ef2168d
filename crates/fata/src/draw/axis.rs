//! Axes: from the data's units to pixels, and the round numbers along the way.

/// A stretch of an axis, in the data's units, and the pixels it lies on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) low: f32,
    pub(super) high: f32,
    /// The pixel at which `low` lies.
    pub(super) from: f32,
    /// The pixel at which `high` lies.
    pub(super) to: f32,
}

impl Axis {
    /// Where a value lies, in pixels.
    pub(super) fn place(&self, value: f32) -> f32 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Round values along the axis, about `wanted` of them, with their labels.
    pub(super) fn ticks(&self, wanted: usize) -> Vec<(f32, String)> {
        let span = f64::from(self.high) - f64::from(self.low);
        if !(span.is_finite() && span > 0.0) {
            return Vec::new();
        }
        let step = round_step(span / wanted.max(1) as f64);
        let places = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        // The ends belong to the axis, though not quite in floating point.
        let first = (f64::from(self.low) / step - 1e-4).ceil();
        let last = (f64::from(self.high) / step + 1e-4).floor();
        let count = (last - first).clamp(-1.0, 1000.0) as i64;
        (0..=count)
            .map(|number| (first + number as f64) * step)
            .map(|value| (value as f32, label(value, places)))
            .collect()
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not under `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|f| f * power >= step * 0.999_999);
    factor.unwrap_or(10.0) * power
}

/// A number with so many digits behind the point, and no `-0`.
fn label(value: f64, places: usize) -> String {
    if value != 0.0 && value.abs() >= 1e6 {
        return format!("{value:e}");
    }
    let text = format!("{value:.places$}");
    match text.strip_prefix('-') {
        Some(rest) if !rest.contains(|c: char| ('1'..='9').contains(&c)) => rest.into(),
        _ => text,
    }
}

/// A count with its thousands apart: `1,280,000`.
pub(super) fn with_thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f32, high: f32) -> Vec<String> {
        let axis = Axis {
            low,
            high,
            from: 0.0,
            to: 1.0,
        };
        axis.ticks(6).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(labels(-1.3, 1.3), ["-1.0", "-0.5", "0.0", "0.5", "1.0"]);
        assert_eq!(labels(0.0, 6.0), ["0", "1", "2", "3", "4", "5", "6"]);
        assert_eq!(
            labels(0.0, 0.3),
            ["0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"]
        );
        assert!(labels(1.0, 1.0).is_empty());
        assert!(labels(f32::NAN, 1.0).is_empty());
    }

    #[test]
    fn an_axis_that_runs_downwards_places_values_upside_down() {
        let axis = Axis {
            low: 0.0,
            high: 2.0,
            from: 100.0,
            to: 0.0,
        };
        assert_eq!(axis.place(0.5), 75.0);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(with_thousands(0), "0");
        assert_eq!(with_thousands(999), "999");
        assert_eq!(with_thousands(1_280_000), "1,280,000");
    }
}
