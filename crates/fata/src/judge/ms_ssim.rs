//! Multi-scale structural similarity between pairs of samples: how alike they
//! are. Falling diversity, as in mode collapse, makes it rise.
//!
//! The value is the mean over random pairs, in [0, 1]; the same for pairs of
//! data is its reference. It sees variation of layout, not of what is shown.
//!
//! `MS-SSIM = l_L^(w_L) prod over scales j of cs_j^(w_j)`, with an 11x11
//! Gaussian window of deviation 1.5, K1 0.01, K2 0.03, channels averaged at
//! the end. Small pictures have fewer than the five scales of the paper; the
//! weights of those that are left are scaled to add up to 1.
//!
//! # Source
//! Wang, Simoncelli and Bovik 2003; Odena et al. 2017, arXiv 1610.09585,
//! section 4.2, for its use on samples.

use super::features::ImageForm;
use crate::rng::{Random, Stream};
use rayon::prelude::*;

const WINDOW: usize = 11;
const DEVIATION: f64 = 1.5;
const WEIGHTS: [f64; 5] = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
/// Pairs that are compared.
const PAIRS: usize = 1000;
/// The luminance term depends on where black is: pixels are taken to [0, 1].
const RANGE: f64 = 1.0;

/// How many scales pictures of this form have; none if the window does not fit.
pub fn scales(form: ImageForm) -> usize {
    let mut side = form.height.min(form.width);
    let mut count = 0;
    while side >= WINDOW && count < WEIGHTS.len() {
        count += 1;
        side = side.div_ceil(2);
    }
    count
}

/// Which pairs of `count` pictures are compared.
pub fn pairs(count: usize, random: Random) -> Vec<[usize; 2]> {
    let mut draws = random.at(Stream::Judge, 4 << 32);
    if count < 2 {
        return Vec::new();
    }
    (0..PAIRS)
        .map(|_| {
            let a = draws.below(count as u32) as usize;
            let b = draws.below(count as u32 - 1) as usize;
            [a, b + usize::from(b >= a)]
        })
        .collect()
}

/// The similarity of each pair of pictures.
///
/// # Shapes
/// `pixels` [pairs, 2, height, width, channels] in [-1, 1], `each` numbers a
/// picture.
pub fn similarities(pixels: &[f32], each: usize, form: ImageForm) -> Vec<f64> {
    pixels
        .par_chunks_exact(2 * each)
        .map(|pair| {
            let (a, b) = pair.split_at(each);
            similarity(a, b, form)
        })
        .collect()
}

/// Structural similarity at one scale, the mean over channels.
///
/// # Source
/// Wang et al. 2004, doi 10.1109/TIP.2003.819861.
pub fn single_scale(a: &[f32], b: &[f32], form: ImageForm) -> f64 {
    let sum: f64 = (0..form.channels)
        .map(|channel| {
            let plane = |picture: &[f32]| {
                let pixels = picture.iter().skip(channel).step_by(form.channels);
                let values = pixels.map(|&v| f64::midpoint(f64::from(v), 1.0));
                Plane::new(values.collect(), form.height, form.width)
            };
            let [ssim, _] = compare(&plane(a), &plane(b));
            ssim
        })
        .sum();
    sum / form.channels as f64
}

/// The similarity of two pictures, the mean over channels.
fn similarity(a: &[f32], b: &[f32], form: ImageForm) -> f64 {
    let scales = scales(form);
    // The paper's five add up to 1.0001, and are used as they stand.
    let total = match scales == WEIGHTS.len() {
        true => 1.0,
        false => WEIGHTS[..scales].iter().sum::<f64>(),
    };
    let mut sum = 0.0;
    for channel in 0..form.channels {
        let plane = |picture: &[f32]| -> Vec<f64> {
            let pixels = picture.iter().skip(channel).step_by(form.channels);
            pixels.map(|&v| f64::midpoint(f64::from(v), 1.0)).collect()
        };
        let mut plane_a = Plane::new(plane(a), form.height, form.width);
        let mut plane_b = Plane::new(plane(b), form.height, form.width);
        let mut product = 1.0;
        for (scale, weight) in WEIGHTS[..scales].iter().enumerate() {
            let [ssim, contrast] = compare(&plane_a, &plane_b);
            let value = if scale + 1 == scales { ssim } else { contrast };
            // Anticorrelated structure counts as none.
            product *= value.max(0.0).powf(weight / total);
            if scale + 1 < scales {
                (plane_a, plane_b) = (plane_a.halved(), plane_b.halved());
            }
        }
        sum += product;
    }
    sum / form.channels as f64
}

struct Plane {
    values: Vec<f64>,
    height: usize,
    width: usize,
}

impl Plane {
    fn new(values: Vec<f64>, height: usize, width: usize) -> Self {
        Self {
            values,
            height,
            width,
        }
    }

    /// Squares of 2x2 averaged; an odd side gains a border of zeros, of which
    /// the last one counts and the first does too, as PyTorch pads.
    fn halved(&self) -> Self {
        let (height, width) = (self.height.div_ceil(2), self.width.div_ceil(2));
        let (top, left) = (self.height % 2, self.width % 2);
        let mut values = Vec::with_capacity(height * width);
        for y in 0..height {
            for x in 0..width {
                let mut sum = 0.0;
                for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let at = (
                        (2 * y + dy).checked_sub(top),
                        (2 * x + dx).checked_sub(left),
                    );
                    if let (Some(y), Some(x)) = at
                        && y < self.height
                        && x < self.width
                    {
                        sum += self.values[y * self.width + x];
                    }
                }
                values.push(sum / 4.0);
            }
        }
        Self::new(values, height, width)
    }

    /// Smoothed where the window fits.
    fn smooth(&self, window: &[f64; WINDOW]) -> Vec<f64> {
        let width = self.width - WINDOW + 1;
        let mut across = Vec::with_capacity(self.height * width);
        for row in self.values.chunks_exact(self.width) {
            let places = row.windows(WINDOW);
            across.extend(places.map(|at| at.iter().zip(window).map(|(v, w)| v * w).sum::<f64>()));
        }
        let height = self.height - WINDOW + 1;
        let mut both = vec![0.0; height * width];
        for (y, row) in both.chunks_exact_mut(width).enumerate() {
            for (tap, weight) in window.iter().enumerate() {
                let from = &across[(y + tap) * width..][..width];
                row.iter_mut().zip(from).for_each(|(v, f)| *v += weight * f);
            }
        }
        both
    }
}

/// The means of structural similarity and of its contrast and structure part.
fn compare(a: &Plane, b: &Plane) -> [f64; 2] {
    let mut window: [f64; WINDOW] = std::array::from_fn(|i| {
        let from_centre = i as f64 - (WINDOW / 2) as f64;
        (-from_centre * from_centre / (2.0 * DEVIATION * DEVIATION)).exp()
    });
    let total: f64 = window.iter().sum();
    window.iter_mut().for_each(|w| *w /= total);
    let (c1, c2) = ((0.01 * RANGE).powi(2), (0.03 * RANGE).powi(2));
    let product = |x: &Plane, y: &Plane| {
        let values = x.values.iter().zip(&y.values).map(|(x, y)| x * y).collect();
        Plane::new(values, x.height, x.width).smooth(&window)
    };
    let (mean_a, mean_b) = (a.smooth(&window), b.smooth(&window));
    let (aa, bb, ab) = (product(a, a), product(b, b), product(a, b));
    let (mut ssim, mut contrast) = (0.0, 0.0);
    for i in 0..mean_a.len() {
        let (ma, mb) = (mean_a[i], mean_b[i]);
        let (va, vb, covariance) = (aa[i] - ma * ma, bb[i] - mb * mb, ab[i] - ma * mb);
        let cs = (2.0 * covariance + c2) / (va + vb + c2);
        contrast += cs;
        ssim += cs * (2.0 * ma * mb + c1) / (ma * ma + mb * mb + c1);
    }
    [ssim, contrast].map(|sum| sum / mean_a.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::fixtures;

    #[test]
    fn it_is_the_number_of_pytorch_msssim() {
        let fixture = fixtures::open();
        for (name, side, channels) in [("ms_ssim.small", 28, 3), ("ms_ssim.odd", 45, 1)] {
            let form = ImageForm {
                height: side,
                width: side,
                channels,
            };
            let pictures = fixture.array(name);
            let [a, b] = [0, 1].map(|index| pictures.rows().row(index).to_vec());
            fixture.compare(&format!("{name}.value"), similarity(&a, &b, form), 1e-6);
            assert!((similarity(&a, &a, form) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn with_all_scales_it_is_the_packages_own_function() {
        let picture = |odd: usize| -> Vec<f32> {
            let places = (0..180 * 180).map(|at| (at % 180, at / 180));
            let values = places.map(|(x, y)| (37 * x + 91 * y + x * y % odd) % 64);
            values.map(|value| value as f32 / 32.0 - 1.0).collect()
        };
        let form = ImageForm {
            height: 180,
            width: 180,
            channels: 1,
        };
        assert_eq!(scales(form), 5);
        let found = similarity(&picture(53), &picture(59), form);
        fixtures::open().compare("ms_ssim.five.value", found, 1e-6);
    }
}
