//! Judging a translation. With pairs: how far what it makes is from the
//! counterparts (`l1`, `psnr`, `ssim`) and from their features (`fid`, `kid`).
//! Without: features against the other domain's, and `cycle_error`, the mean
//! absolute difference after the way there and back. Each metric's `reference` is
//! what the untranslated input gives, which a translation has to beat.
//!
//! All pictures are compared in colour, on white where they are transparent, at
//! the network's side; differences are of pixels in [-1, 1].
//!
//! `psnr = 10 log10(4 / mean squared difference)` in decibels, the mean over
//! pictures, 100 at most; `ssim` is of one scale (Wang et al. 2004), with the
//! window of [`super::ms_ssim`].

use super::features::{Extractor, ImageForm};
use super::measured::Measured;
use super::rows::Rows;
use super::{Features, JudgeError, fid, kid, ms_ssim};
use crate::data::Part;
use crate::draw::{Picture, PictureError};
use crate::rng::Random;
use crate::ship::{Direction, ModelError, Translator};
use burn::tensor::Device;
use serde::Serialize;
use std::collections::BTreeMap;

/// Pictures that are translated at once.
const BATCH: usize = 16;
/// What identical pictures are said to have.
const MOST_DECIBELS: f64 = 100.0;

/// How to judge a translation.
#[derive(Clone, Debug)]
pub struct TranslationOptions {
    /// Which features `fid` and `kid` compare.
    pub features: Features,
    /// The most pictures of each domain.
    pub samples: usize,
    /// The seed of what is drawn.
    pub seed: u64,
}

/// A judgement of a translation.
#[derive(Clone, Debug, Serialize)]
pub struct TranslationReport {
    /// What was judged.
    pub name: String,
    /// The features that were read.
    pub features: String,
    /// Whether pictures were compared with their counterparts.
    pub paired: bool,
    /// How many pictures were translated.
    pub samples: usize,
    /// How many pictures they were compared with.
    pub against_samples: usize,
    /// The metrics; those of the way back end in `_back`.
    pub metrics: BTreeMap<String, Measured>,
    /// What a reader of the numbers should know.
    pub warnings: Vec<String>,
}

/// Judges a translation on pictures of both domains.
///
/// # Errors
/// If the features cannot be used, or fewer than two pictures of a domain can
/// be read.
pub fn judge_translation(
    name: &str,
    translator: &Translator,
    part: &Part,
    options: &TranslationOptions,
    device: &Device,
) -> Result<TranslationReport, JudgeError> {
    let extractor = Extractor::open(&options.features, device)?;
    let mut sides = Sides::read(translator, part, options.samples);
    for (items, side) in sides
        .pixels
        .iter()
        .zip(["the first domain", "the second domain"])
    {
        if items.len() < 2 {
            return Err(JudgeError::TooFew {
                side: side.into(),
                count: items.len(),
                needed: 2,
            });
        }
    }
    let mut report = TranslationReport {
        name: name.into(),
        features: extractor.name().into(),
        paired: sides.paired,
        samples: sides.pixels[0].len(),
        against_samples: sides.pixels[1].len(),
        metrics: BTreeMap::new(),
        warnings: std::mem::take(&mut sides.warnings),
    };
    let width = extractor.width(sides.form());
    if report.samples.min(report.against_samples) < width {
        report.warnings.push(format!(
            "{} and {} pictures are fewer than the {width} features: fid is far too high for both the model and its reference, and only their order says something",
            report.samples, report.against_samples
        ));
    }
    let mut ways = vec![(Direction::Ab, "")];
    if translator.goes_back() {
        ways.push((Direction::Ba, "_back"));
    }
    for (direction, ending) in ways {
        let metrics = sides.judge(translator, direction, &extractor, options)?;
        let named = metrics.into_iter();
        report
            .metrics
            .extend(named.map(|(name, value)| (format!("{name}{ending}"), value)));
    }
    Ok(report)
}

/// Pictures of both domains.
struct Sides {
    side: usize,
    paired: bool,
    /// As networks see them: each picture's numbers in [-1, 1].
    pixels: [Vec<Vec<f32>>; 2],
    warnings: Vec<String>,
}

impl Sides {
    fn read(translator: &Translator, part: &Part, most: usize) -> Self {
        let side = translator.side();
        let signed = |pixels: &[u8]| -> Vec<f32> {
            pixels
                .iter()
                .map(|&pixel| f32::from(pixel) / 127.5 - 1.0)
                .collect()
        };
        let mut pixels = [Vec::new(), Vec::new()];
        let mut missing = 0;
        if part.paired {
            for at in 0..part.len().min(most) {
                match part.pair(at, side) {
                    Some([input, target]) => {
                        pixels[0].push(signed(&input));
                        pixels[1].push(signed(&target));
                    }
                    None => missing += 1,
                }
            }
        } else {
            for (domain, all) in pixels.iter_mut().enumerate() {
                for &item in part.items[domain].iter().take(most) {
                    let read = part.pixels(domain, item, side);
                    let read = match part.is_drawn(domain) {
                        true => read.and_then(|pixels| part.draw(&pixels, side, None)),
                        false => read,
                    };
                    match read {
                        Some(pixels) => all.push(signed(&pixels)),
                        None => missing += 1,
                    }
                }
            }
        }
        let warnings = match missing {
            0 => Vec::new(),
            count => vec![format!(
                "{count} pictures cannot be decoded and are left out"
            )],
        };
        Self {
            side,
            paired: part.paired,
            pixels,
            warnings,
        }
    }

    /// All are compared in colour.
    fn form(&self) -> ImageForm {
        ImageForm {
            height: self.side,
            width: self.side,
            channels: 3,
        }
    }

    fn judge(
        &self,
        translator: &Translator,
        direction: Direction,
        extractor: &Extractor,
        options: &TranslationOptions,
    ) -> Result<BTreeMap<&'static str, Measured>, JudgeError> {
        let (from, to) = match direction {
            Direction::Ab => (&self.pixels[0], &self.pixels[1]),
            Direction::Ba => (&self.pixels[1], &self.pixels[0]),
        };
        let [channels, out] = translator.channels(direction);
        let made = translated(translator, direction, from);
        let mut metrics = BTreeMap::new();
        if translator.goes_back() {
            let again = translated(translator, direction.reversed(), &made);
            let away = from.iter().zip(&again).map(|(a, b)| mean_difference(a, b));
            metrics.insert("cycle_error", Measured::mean(away));
        }
        let colour = |all: &[Vec<f32>], channels: usize| -> Result<Vec<Vec<f32>>, JudgeError> {
            let each = all.iter().map(|values| self.in_colour(values, channels));
            let each: Result<_, PictureError> = each.collect();
            each.map_err(|error| JudgeError::Model(ModelError::Picture(error)))
        };
        let (made, inputs) = (colour(&made, out)?, colour(from, channels)?);
        let targets = colour(to, out)?;
        if self.paired {
            let form = self.form();
            let pairs = |of: &[Vec<f32>], f: &dyn Fn(&[f32], &[f32]) -> f64| {
                Measured::mean(of.iter().zip(&targets).map(|(a, b)| f(a, b)))
            };
            let mut compare = |name: &'static str, f: &dyn Fn(&[f32], &[f32]) -> f64| {
                let value = pairs(&made, f).against(pairs(&inputs, f).value);
                metrics.insert(name, value);
            };
            compare("l1", &mean_difference);
            compare("psnr", &decibels);
            if ms_ssim::scales(form) > 0 {
                compare("ssim", &|a, b| ms_ssim::single_scale(a, b, form));
            }
        }
        let features = |all: &[Vec<f32>]| -> Result<Vec<f32>, JudgeError> {
            Ok(extractor.extract(&all.concat(), self.form())?.features)
        };
        let width = extractor.width(self.form());
        let [made, inputs, targets] = [features(&made)?, features(&inputs)?, features(&targets)?];
        let [made, inputs, targets] =
            [&made, &inputs, &targets].map(|values| Rows::new(values, width));
        let gaussian = fid::Gaussian::of(targets);
        let untranslated = gaussian.distance(&fid::Gaussian::of(inputs));
        let random = Random::new(options.seed);
        metrics.insert(
            "fid",
            fid::fid(&gaussian, made, random).against(untranslated),
        );
        let untranslated = kid::kid(targets, inputs).value;
        metrics.insert("kid", kid::kid(targets, made).against(untranslated));
        Ok(metrics)
    }

    /// A picture of a network as the eye sees it: on white, in colour.
    fn in_colour(&self, values: &[f32], channels: usize) -> Result<Vec<f32>, PictureError> {
        let picture = Picture::from_signed(values, self.side, self.side, channels)?;
        let pixels = picture.with_channels(3).pixels;
        Ok(pixels
            .iter()
            .map(|&pixel| f32::from(pixel) / 127.5 - 1.0)
            .collect())
    }
}

fn translated(
    translator: &Translator,
    direction: Direction,
    pictures: &[Vec<f32>],
) -> Vec<Vec<f32>> {
    let mut made = Vec::with_capacity(pictures.len());
    for some in pictures.chunks(BATCH) {
        let values = translator.run(direction, &some.concat(), some.len());
        made.extend(
            values
                .chunks_exact(values.len() / some.len())
                .map(<[f32]>::to_vec),
        );
    }
    made
}

fn mean_difference(a: &[f32], b: &[f32]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs())).sum();
    sum / a.len() as f64
}

fn decibels(a: &[f32], b: &[f32]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    let mean = squares / a.len() as f64;
    match mean > 0.0 {
        true => (10.0 * (4.0 / mean).log10()).min(MOST_DECIBELS),
        false => MOST_DECIBELS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_and_decibels_are_those_of_their_formulas() {
        let (a, b) = ([-1.0, 0.0, 1.0, 0.5], [-0.8, 0.2, 0.8, 0.3]);
        assert!((mean_difference(&a, &b) - 0.2).abs() < 1e-7);
        // 10 log10(4 / 0.04)
        assert!((decibels(&a, &b) - 20.0).abs() < 1e-5);
        assert_eq!(decibels(&a, &a), MOST_DECIBELS);
    }
}
