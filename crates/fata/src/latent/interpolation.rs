//! What lies between two places.

use crate::ship::Place;
use std::str::FromStr;

/// Angles below which, or this near to half a turn, two directions are one line.
const SMALLEST_ANGLE: f64 = 1e-4;

/// By which way one goes from latent to latent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// Straight. Half way between two normal latents lies far inside the shell on
    /// which generators were trained, so pictures there are dull.
    Linear,
    /// Around the origin at constant angular speed, the length going evenly from
    /// that of one latent to that of the other.
    #[default]
    Spherical,
}

impl FromStr for Interpolation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "linear" => Ok(Self::Linear),
            "spherical" => Ok(Self::Spherical),
            _ => Err("use linear or spherical".into()),
        }
    }
}

/// The place at `t`, from 0 to 1, on the way between two.
///
/// `linear`: `(1 - t) a + t b`. `spherical`, with `w` the angle between `a` and
/// `b`: the direction `(sin((1 - t) w) a/|a| + sin(t w) b/|b|) / sin w`, times the
/// length `(1 - t) |a| + t |b|`. Class shares go straight: the networks use them
/// linearly, so half way lies the mean of two classes' own weights.
///
/// # Panics
/// If the places are of different models.
///
/// # Source
/// White 2016, arXiv 1609.04468, section 2, which interpolates direction and
/// length together; apart, the angle goes evenly even where lengths differ.
pub fn between(a: &Place, b: &Place, t: f64, by: Interpolation) -> Place {
    assert_eq!(a.z.len(), b.z.len(), "both places are of one model");
    assert_eq!(a.classes.len(), b.classes.len());
    let z = match by {
        Interpolation::Linear => straight(&a.z, &b.z, t),
        Interpolation::Spherical => around(&a.z, &b.z, t),
    };
    Place {
        z,
        classes: straight(&a.classes, &b.classes, t),
    }
}

fn straight(a: &[f32], b: &[f32], t: f64) -> Vec<f32> {
    mix(a, b, [1.0 - t, t])
}

fn mix(a: &[f32], b: &[f32], shares: [f64; 2]) -> Vec<f32> {
    let pairs = a.iter().zip(b);
    pairs
        .map(|(a, b)| (shares[0] * f64::from(*a) + shares[1] * f64::from(*b)) as f32)
        .collect()
}

fn around(a: &[f32], b: &[f32], t: f64) -> Vec<f32> {
    // The ends are what the seeds make, to the bit.
    if t <= 0.0 || t >= 1.0 {
        return if t <= 0.0 { a } else { b }.to_vec();
    }
    let [long_a, long_b] = [a, b].map(|z| dot(z, z).sqrt());
    if long_a == 0.0 || long_b == 0.0 {
        return straight(a, b, t);
    }
    let cosine = (dot(a, b) / (long_a * long_b)).clamp(-1.0, 1.0);
    let angle = libm::acos(cosine);
    let length = (1.0 - t) * long_a + t * long_b;
    if angle < SMALLEST_ANGLE {
        return straight(a, b, t);
    }
    let unit_a: Vec<f32> = a.iter().map(|v| (f64::from(*v) / long_a) as f32).collect();
    // The part of b that is across a: of opposite latents any way round is as good.
    let across = match std::f64::consts::PI - angle < SMALLEST_ANGLE {
        true => perpendicular(&unit_a),
        false => {
            let pairs = b.iter().zip(&unit_a);
            pairs
                .map(|(b, a)| (f64::from(*b) / long_b - cosine * f64::from(*a)) as f32)
                .collect()
        }
    };
    let scale = length / dot(&across, &across).sqrt();
    let (sine, cosine) = libm::sincos(t * angle);
    mix(&unit_a, &across, [cosine * length, sine * scale])
}

/// A vector at right angles to a unit vector, always the same one.
fn perpendicular(unit: &[f32]) -> Vec<f32> {
    let smallest = (0..unit.len())
        .min_by(|&i, &j| unit[i].abs().total_cmp(&unit[j].abs()))
        .unwrap_or_default();
    let mut axis: Vec<f32> = unit.iter().map(|v| -unit[smallest] * v).collect();
    if let Some(number) = axis.get_mut(smallest) {
        *number += 1.0;
    }
    axis
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let products = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b));
    products.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Random, Stream};

    fn place(seed: u64) -> Place {
        let mut z = vec![0.0; 64];
        Random::new(seed).at(Stream::Samples, 0).fill_normal(&mut z);
        let mut classes = vec![0.0; 3];
        classes[seed as usize % 3] = 1.0;
        Place { z, classes }
    }

    fn angle(a: &[f32], b: &[f32]) -> f64 {
        (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt())
            .clamp(-1.0, 1.0)
            .acos()
    }

    #[test]
    fn spherical_ways_go_at_constant_angular_speed_and_their_length_goes_evenly() {
        let (mut a, b) = (place(1), place(2));
        a.z.iter_mut().for_each(|v| *v *= 2.5);
        let whole = angle(&a.z, &b.z);
        let [long_a, long_b] = [&a, &b].map(|p| dot(&p.z, &p.z).sqrt());
        for step in 0..=10 {
            let t = f64::from(step) / 10.0;
            let on = between(&a, &b, t, Interpolation::Spherical);
            assert!((angle(&a.z, &on.z) - t * whole).abs() < 2e-4, "{t}");
            let length = dot(&on.z, &on.z).sqrt();
            assert!((length - ((1.0 - t) * long_a + t * long_b)).abs() < 1e-4);
            assert!((on.classes.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn latents_of_one_length_keep_it_on_a_spherical_way_and_lose_it_on_a_straight_one() {
        let (a, mut b) = (place(3), place(4));
        let [long, other] = [&a, &b].map(|p| dot(&p.z, &p.z).sqrt());
        b.z.iter_mut().for_each(|v| *v *= (long / other) as f32);
        let length = |by| {
            let half = between(&a, &b, 0.5, by);
            dot(&half.z, &half.z).sqrt()
        };
        assert!((length(Interpolation::Spherical) - long).abs() < 1e-4);
        assert!(length(Interpolation::Linear) < 0.85 * long);
    }

    #[test]
    fn ends_are_the_places_themselves_and_odd_pairs_have_a_way_too() {
        let (a, b) = (place(5), place(6));
        for by in [Interpolation::Linear, Interpolation::Spherical] {
            assert_eq!(between(&a, &b, 0.0, by), a);
            assert_eq!(between(&a, &b, 1.0, by), b);
            assert_eq!(between(&a, &a, 0.3, by).z.len(), 64);
        }
        let opposite = Place {
            z: a.z.iter().map(|v| -v).collect(),
            ..a.clone()
        };
        let half = between(&a, &opposite, 0.5, Interpolation::Spherical);
        assert!((angle(&a.z, &half.z) - std::f64::consts::FRAC_PI_2).abs() < 1e-3);
        let nothing = Place {
            z: vec![0.0; 64],
            ..a.clone()
        };
        for (x, y) in [(&nothing, &a), (&a, &nothing), (&nothing, &nothing)] {
            let half = between(x, y, 0.5, Interpolation::Spherical);
            assert!(half.z.iter().all(|v| v.is_finite()));
        }
    }
}
