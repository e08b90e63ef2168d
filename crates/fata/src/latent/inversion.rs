//! The place of a given picture in the latent space.
//!
//! Many random latents are drawn; the nearest few to the picture begin, each moved
//! downhill in pixels and features together; after a part of the way the best of
//! them go on alone. A few of the model's own samples are searched for beside it,
//! so that the error can be judged ([`Verdict`]). Nothing depends on anything but
//! model, picture and options: the same search finds the same latent.
//!
//! # Source
//! Lipton and Tripathi 2017, arXiv 1702.04782 (descent on the latent, kept within
//! reach); Karras et al. 2020, arXiv 1912.04958, appendix D (pixels and features).

use super::LatentError;
use super::search::{Search, Seeker};
use super::verdict::Verdict;
use crate::data::{Fit, Kind};
use crate::draw::Picture;
use crate::ship::{Generator, Place};

/// Seeds from here on are drawn as candidates, and from here on as controls:
/// nobody asks for their samples.
const CANDIDATES: u64 = 1 << 62;
const CONTROLS: u64 = CANDIDATES + (1 << 40);

/// The share of all steps after which only the best latents of each picture go on.
const TRIAL: f64 = 0.3;
/// How many of them.
const FINALISTS: usize = 2;

/// How a search is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InversionOptions {
    /// Steps downhill.
    pub steps: u64,
    /// Latents that begin.
    pub starts: usize,
    /// Random latents that those are the best of.
    pub candidates: usize,
    /// The model's own samples that are searched for beside the picture.
    pub controls: usize,
}

impl Default for InversionOptions {
    fn default() -> Self {
        Self {
            steps: 600,
            starts: 8,
            candidates: 1024,
            controls: 4,
        }
    }
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Steps made.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// The root of the mean squared difference of pixels, in [-1, 1], at the best
    /// latent so far.
    pub pixel_rms: f32,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Inverted {
    /// The picture as it was searched for: fitted to what the model makes.
    pub target: Picture,
    /// The nearest that the model makes.
    pub picture: Picture,
    /// Where it makes that.
    pub place: Place,
    /// What was minimised: the mean squared differences of pixels and of features,
    /// added.
    pub error: f32,
    /// The mean absolute difference of pixels, in [-1, 1].
    pub pixel_error: f32,
    /// The root of the mean squared difference of pixels, in [-1, 1].
    pub pixel_rms: f32,
    /// The mean squared difference of features.
    pub feature_error: f32,
    /// The largest error at which a search for one of the model's own samples ended.
    pub own_error: f32,
    /// How near the best of the random draws came to the model's own samples, the
    /// median of them: an error, as the others are.
    pub random_error: f32,
    /// What that means; none if no own samples were searched for.
    pub verdict: Option<Verdict>,
}

/// A search for the latent of a picture, made step by step.
pub struct Inversion<'a> {
    generator: &'a Generator,
    search: Search<'a>,
    target: Picture,
    options: InversionOptions,
    /// The error of the nearest candidate to each target.
    nearest: Vec<f32>,
    step: u64,
}

impl<'a> Inversion<'a> {
    /// Prepares a picture file's bytes as the model's data were, and finds where to
    /// begin.
    ///
    /// # Errors
    /// If the bytes are no picture that can be read, or the model makes points.
    pub fn of_file(
        generator: &'a Generator,
        bytes: &[u8],
        fit: Fit,
        options: InversionOptions,
    ) -> Result<Self, LatentError> {
        let [height, width, channels] = shape(generator)?;
        let target = crate::data::picture::prepared(bytes, [height, width, channels], fit);
        Self::new(generator, target.map_err(LatentError::Picture)?, options)
    }

    /// Finds where to begin a search for a picture of the model's own size and
    /// channels.
    ///
    /// # Errors
    /// If the model makes points, or the picture is not of its size.
    pub fn new(
        generator: &'a Generator,
        target: Picture,
        options: InversionOptions,
    ) -> Result<Self, LatentError> {
        let [height, width, channels] = shape(generator)?;
        if [target.height, target.width, target.channels] != [height, width, channels]
            || target.pixels.len() != height * width * channels
        {
            return Err(LatentError::Picture(format!(
                "it is {} x {} with {} channels, and the model makes {width} x {height} with {channels}",
                target.width, target.height, target.channels
            )));
        }
        let mut targets: Vec<f32> = signed(&target);
        let controls: Vec<_> = (0..options.controls as u64)
            .map(|number| generator.place(CONTROLS + number))
            .collect();
        targets.extend(generator.values_at(&controls).concat());
        let mut search = Search::new(generator, [height, width, channels], targets, options.steps);
        let nearest = begin(&mut search, generator, options);
        Ok(Self {
            generator,
            search,
            target,
            options,
            nearest,
            step: 0,
        })
    }

    /// Goes one step; none is left once all are made.
    ///
    /// # Errors
    /// If the model's weights make numbers that are none.
    pub fn step(&mut self) -> Result<Option<Progress>, LatentError> {
        if self.step == self.options.steps {
            return Ok(None);
        }
        if self.step == (TRIAL * self.options.steps as f64) as u64 {
            self.thin_out();
        }
        self.search.step()?;
        self.step += 1;
        Ok(Some(Progress {
            step: self.step,
            steps: self.options.steps,
            pixel_rms: self.best(0).map_or(f32::NAN, |best| best.parts[0].sqrt()),
        }))
    }

    /// What was found so far.
    ///
    /// # Errors
    /// None that a search can cause.
    pub fn finish(self) -> Result<Inverted, LatentError> {
        let place = match self.best(0) {
            Some(best) => best.best.clone(),
            None => self.generator.place(CANDIDATES),
        };
        // Anew, as samples are made: in full batches, to the last bit.
        let sample = self.generator.values_at(std::slice::from_ref(&place));
        let target = signed(&self.target);
        let errors = self.search.errors(&sample);
        let made = sample.concat();
        let differences = || made.iter().zip(&target).map(|(a, b)| f64::from(a - b));
        let count = target.len() as f64;
        let squares = differences().map(|d| d * d).sum::<f64>() / count;
        let error = errors[0][0];
        let own = 1..self.search.targets();
        let own_error = own.clone().filter_map(|target| self.best(target));
        let own_error = own_error.map(|best| best.error).fold(0.0, f32::max);
        let mut random: Vec<f32> = own.clone().map(|target| self.nearest[target]).collect();
        random.sort_by(f32::total_cmp);
        let random_error = random.get(random.len() / 2).copied().unwrap_or(0.0);
        let [picture] = [self.generator.pictures_at(std::slice::from_ref(&place))?];
        Ok(Inverted {
            picture: picture
                .into_iter()
                .next()
                .unwrap_or_else(|| self.target.clone()),
            target: self.target,
            place,
            error,
            pixel_error: (differences().map(f64::abs).sum::<f64>() / count) as f32,
            pixel_rms: squares.sqrt() as f32,
            feature_error: error - squares as f32,
            own_error,
            random_error,
            verdict: (!own.is_empty()).then(|| Verdict::of(error, own_error, random_error)),
        })
    }

    /// The best latent of a target.
    fn best(&self, target: usize) -> Option<&Seeker> {
        let seekers = self.search.seekers.iter();
        seekers
            .filter(|seeker| seeker.target == target && seeker.error.is_finite())
            .min_by(|a, b| a.error.total_cmp(&b.error))
    }

    /// Leaves the best latents of each target.
    fn thin_out(&mut self) {
        let mut kept = Vec::new();
        for target in 0..self.search.targets() {
            let seekers = &self.search.seekers;
            let mut own: Vec<usize> = (0..seekers.len())
                .filter(|&i| seekers[i].target == target)
                .collect();
            own.sort_by(|&i, &j| {
                seekers[i]
                    .error
                    .total_cmp(&seekers[j].error)
                    .then(i.cmp(&j))
            });
            kept.extend(own.into_iter().take(FINALISTS));
        }
        self.search.keep(&kept);
    }
}

/// Puts the best candidates at each target's beginning, and says how near the best
/// one is to each.
fn begin(search: &mut Search, generator: &Generator, options: InversionOptions) -> Vec<f32> {
    let candidates: Vec<_> = (0..options.candidates.max(1) as u64)
        .map(|number| generator.place(CANDIDATES + number))
        .collect();
    let mut errors = vec![Vec::new(); search.targets()];
    for some in candidates.chunks(64) {
        let of_some = search.errors(&generator.values_at(some));
        for (all, some) in errors.iter_mut().zip(of_some) {
            all.extend(some);
        }
    }
    let mut starts = Vec::new();
    let mut nearest = Vec::new();
    for (target, errors) in errors.iter().enumerate() {
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|&i, &j| errors[i].total_cmp(&errors[j]).then(i.cmp(&j)));
        nearest.push(errors[order[0]]);
        let best = order.iter().take(options.starts.max(1));
        starts.extend(best.map(|&i| (target, candidates[i].clone())));
    }
    search.begin(starts);
    nearest
}

fn shape(generator: &Generator) -> Result<[usize; 3], LatentError> {
    match generator.data().kind {
        Kind::Images {
            channels,
            height,
            width,
        } => Ok([height, width, channels]),
        Kind::Points { .. } => Err(LatentError::Points("the search for a latent")),
    }
}

/// A picture's samples in [-1, 1].
fn signed(picture: &Picture) -> Vec<f32> {
    let samples = picture.pixels.iter();
    samples.map(|&v| f32::from(v) / 127.5 - 1.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::figures::tests::generator;

    const FEW: InversionOptions = InversionOptions {
        steps: 60,
        starts: 3,
        candidates: 48,
        controls: 2,
    };

    fn invert(target: Picture) -> Inverted {
        let generator = generator();
        let mut inversion = Inversion::new(&generator, target, FEW).unwrap();
        let mut last = None;
        while let Some(progress) = inversion.step().unwrap() {
            last = Some(progress);
        }
        assert_eq!(last.unwrap().step, 60);
        inversion.finish().unwrap()
    }

    #[test]
    fn a_search_comes_nearer_and_finds_the_same_each_time() {
        let target = generator()
            .pictures_at(&[generator().place(7)])
            .unwrap()
            .remove(0);
        let found = invert(target.clone());
        assert!(found.error < 0.5 * found.random_error, "{found:?}");
        assert_ne!(found.verdict, Some(Verdict::Cannot));
        assert!(found.pixel_error <= found.pixel_rms);
        assert_eq!(invert(target).place, found.place);
    }

    #[test]
    fn what_the_model_cannot_make_is_told() {
        // A generator as it begins makes soft noise, and no black and white stripes.
        let mut stripes = Picture::filled(12, 12, &[0]);
        (stripes.pixels.iter_mut().enumerate())
            .for_each(|(i, v)| *v = if i % 2 == 0 { 255 } else { 0 });
        let found = invert(stripes);
        assert_eq!(found.verdict, Some(Verdict::Cannot), "{found:?}");
    }

    #[test]
    fn a_picture_of_another_size_is_refused() {
        let generator = generator();
        let wide = Picture::filled(13, 12, &[0]);
        let refused = Inversion::new(&generator, wide, FEW)
            .err()
            .unwrap()
            .to_string();
        assert!(refused.contains("13 x 12"), "{refused}");
        let text = Inversion::of_file(&generator, b"no picture", Fit::Crop, FEW);
        assert!(text.err().unwrap().to_string().contains("picture"));
    }
}
