//! The judge at work: one side is read once, and whatever is judged against it
//! after that is read and measured.

use super::accuracy_score::classification_accuracy_score;
use super::cache::Cache;
use super::examined::{Examined, Reader, Wanted};
use super::features::{Extractor, Features, ImageForm};
use super::fid::{Gaussian, fid};
use super::inception_score::inception_score;
use super::kid::kid;
use super::measured::Measured;
use super::memorisation::{closest_pairs, memorisation, nearest_distances};
use super::metric::Metric;
use super::modes::{Mixture, Modes, most_probable};
use super::ms_ssim;
use super::nearest_neighbour::nearest_neighbour_accuracy;
use super::neighbours::Neighbours;
use super::path_length::path_length;
use super::report::Report;
use super::sliced_wasserstein::between_points;
use super::subject::Subject;
use super::two_sample::classifier_accuracy;
use super::watch::Watch;
use super::{JudgeError, density_coverage, precision_recall, warnings};
use crate::data::Kind;
use crate::rng::Random;
use burn::tensor::Device;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// Fewer items than this say nothing.
const FEWEST: usize = 10;
/// Pairs that a report shows.
const CLOSEST: usize = 16;
/// Above this many features and samples, the Fréchet distance is only computed
/// when it is asked for: its algebra takes minutes.
const WIDE: usize = 3000;

/// How to judge.
#[derive(Clone, Debug)]
pub struct JudgeOptions {
    /// Which metrics; none means all that apply.
    pub metrics: Vec<Metric>,
    /// The most samples of each side.
    pub samples: usize,
    /// Which features; none means those that suit the data.
    pub features: Option<Features>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// Where features of data are kept, if anywhere.
    pub cache: Option<Cache>,
    /// Who is told how far reading is, if anyone.
    pub watch: Option<Watch>,
}

impl Default for JudgeOptions {
    fn default() -> Self {
        Self {
            metrics: Vec::new(),
            samples: 10_000,
            features: None,
            seed: 0,
            cache: None,
            watch: None,
        }
    }
}

/// A side that others are judged against.
pub struct Judge {
    options: JudgeOptions,
    device: Device,
    against: Subject,
    reader: Reader,
    stacked: Option<Extractor>,
    data: Examined,
    gaussian: OnceCell<Gaussian>,
    held_out: Option<Vec<f64>>,
}

/// One side's examination while metrics are computed.
struct Case<'a> {
    subject: &'a Subject,
    samples: Examined,
    neighbours: OnceCell<Neighbours>,
}

impl Judge {
    /// Reads the side to judge against.
    ///
    /// # Errors
    /// If it cannot be read, is too small, or has no such features.
    pub fn open(
        against: Subject,
        options: JudgeOptions,
        device: &Device,
    ) -> Result<Self, JudgeError> {
        let reader = match (against.kind(), against.form()) {
            (Kind::Points { dimensions }, _) => Reader::Points { dimensions },
            (_, form) => {
                let form = form.expect("what is not points has a form");
                let features = options
                    .features
                    .clone()
                    .unwrap_or_else(|| suitable(&against, form));
                Reader::Pictures {
                    extractor: Extractor::open(&features, device)?,
                    form,
                }
            }
        };
        let three_digits = against.builtin() == Some("stacked-digits");
        let stacked =
            match three_digits && options.wants_any(&[Metric::ModeCount, Metric::ReverseKl]) {
                true => Some(Extractor::open(&Features::Digits, device)?),
                false => None,
            };
        let items = against.choose(options.samples, Random::new(options.seed));
        let data = examine(&against, &items, &reader, &options, stacked.as_ref())?;
        Ok(Self {
            options,
            device: device.clone(),
            against,
            reader,
            stacked,
            data,
            gaussian: OnceCell::new(),
            held_out: None,
        })
    }

    /// Uses data that no model was trained on to say how far from the data
    /// fresh ones are.
    ///
    /// # Errors
    /// If they cannot be read or have another form.
    pub fn with_held_out(mut self, held_out: &Subject) -> Result<Self, JudgeError> {
        held_out.check_form(&self.against)?;
        if !self.options.wants_any(&[Metric::Memorisation]) {
            return Ok(self);
        }
        let items = held_out.choose(self.options.samples, Random::new(self.options.seed));
        let examined = examine(held_out, &items, &self.reader, &self.options, None)?;
        self.held_out = Some(nearest_distances(examined.rows(), self.data.rows()));
        Ok(self)
    }

    /// The name of the features.
    pub fn features(&self) -> &str {
        self.reader.name()
    }

    /// The side that is judged against.
    pub fn against(&self) -> &Subject {
        &self.against
    }

    /// Judges a subject.
    ///
    /// # Errors
    /// If it cannot be read, does not fit the other side, or a metric that was
    /// asked for cannot be computed.
    pub fn score(&self, subject: &Subject) -> Result<Report, JudgeError> {
        subject.check_form(&self.against)?;
        let items = subject.choose(self.options.samples, self.random());
        let mut options = self.options.clone();
        options.cache = None; // only the side that stays is worth keeping
        let samples = examine(
            subject,
            &items,
            &self.reader,
            &options,
            self.stacked.as_ref(),
        )?;
        let case = Case {
            subject,
            samples,
            neighbours: OnceCell::new(),
        };
        let mut metrics = BTreeMap::new();
        for metric in self.wanted(subject)? {
            metrics.insert(metric, self.measure(metric, &case)?);
        }
        let closest = match metrics.contains_key(&Metric::Memorisation) {
            true => closest_pairs(self.neighbours(&case), CLOSEST),
            false => Vec::new(),
        };
        let counted = metrics.contains_key(&Metric::ModeCount);
        let missing = counted.then(|| self.modes(&case)).flatten();
        let mut report = Report {
            name: subject.name().into(),
            against: self.against.name().into(),
            features: self.reader.name().into(),
            samples: case.samples.count(),
            against_samples: self.data.count(),
            metrics,
            missing_modes: missing.map_or(Vec::new(), |modes| self.mode_names(&modes.missing())),
            warnings: Vec::new(),
            closest,
            items: case.samples.items,
            against_items: self.data.items.clone(),
        };
        report.warnings = warnings::of(&report, subject, &self.against, self.held_out.is_some());
        Ok(report)
    }

    fn random(&self) -> Random {
        Random::new(self.options.seed)
    }

    /// Whether a subject can be judged, before the work of doing so.
    ///
    /// # Errors
    /// As [`Judge::score`], as far as it can be known.
    pub fn check(&self, subject: &Subject) -> Result<(), JudgeError> {
        subject.check_form(&self.against)?;
        self.wanted(subject).map(drop)
    }

    /// The metrics to compute: those that were asked for, or all that apply.
    fn wanted(&self, subject: &Subject) -> Result<Vec<Metric>, JudgeError> {
        if self.options.metrics.is_empty() {
            let all = Metric::ALL.into_iter();
            return Ok(all
                .filter(|&metric| self.obstacle(metric, subject).is_none() && !self.is_slow(metric))
                .collect());
        }
        for &metric in &self.options.metrics {
            if let Some(reason) = self.obstacle(metric, subject) {
                let metric = metric.name();
                return Err(JudgeError::NotApplicable { metric, reason });
            }
        }
        Ok(self.options.metrics.clone())
    }

    fn is_slow(&self, metric: Metric) -> bool {
        match metric {
            Metric::ClassificationAccuracyScore => true,
            Metric::Fid => self.data.count().min(self.reader.width()) > WIDE,
            _ => false,
        }
    }

    /// Why a metric cannot be computed.
    fn obstacle(&self, metric: Metric, subject: &Subject) -> Option<String> {
        let pictures = matches!(self.reader, Reader::Pictures { .. });
        let reason = match metric {
            Metric::InceptionScore if self.data.probabilities.is_none() => format!(
                "the features `{}` name no classes; use digits or inception:FILE",
                self.reader.name()
            ),
            Metric::MsSsim => match self.against.form().map(ms_ssim::scales) {
                None => "points have no structure; it is for pictures".into(),
                Some(0) => "the pictures are smaller than its window of 11 pixels".into(),
                Some(_) => return None,
            },
            Metric::PathLength if !pictures || subject.generator().is_none() => {
                "it moves through a latent space, which only a model of pictures has".into()
            }
            Metric::ModeCount | Metric::ReverseKl if !self.knows_modes() => {
                "modes are known of ring, grid, spiral and stacked-digits, and of pictures under the digits features".into()
            }
            Metric::ClassificationAccuracyScore if !pictures => {
                "it is for pictures with labels".into()
            }
            _ => return None,
        };
        Some(reason)
    }

    fn knows_modes(&self) -> bool {
        match self.reader {
            Reader::Points { dimensions } => {
                dimensions == 2 && self.against.builtin().and_then(Mixture::of).is_some()
            }
            Reader::Pictures { .. } => self.stacked.is_some() || self.reader.name() == "digits",
        }
    }

    fn measure(&self, metric: Metric, case: &Case) -> Result<Measured, JudgeError> {
        let (data, samples) = (self.data.rows(), case.samples.rows());
        let random = self.random();
        Ok(match metric {
            Metric::Fid => {
                let gaussian = self.gaussian.get_or_init(|| Gaussian::of(data));
                fid(gaussian, samples, random)
            }
            Metric::Kid => kid(data, samples),
            Metric::InceptionScore => {
                let score = |of: &Examined| of.probability_rows().map(inception_score);
                let value = score(&case.samples).expect("an obstacle without probabilities");
                match score(&self.data) {
                    Some(reference) => value.against(reference.value),
                    None => value,
                }
            }
            Metric::Precision => precision_recall::precision(self.neighbours(case)),
            Metric::Recall => precision_recall::recall(self.neighbours(case)),
            Metric::Density => density_coverage::density(self.neighbours(case)),
            Metric::Coverage => density_coverage::coverage(self.neighbours(case)),
            Metric::NearestNeighbourAccuracy => {
                nearest_neighbour_accuracy(data, samples, self.neighbours(case))
            }
            Metric::SlicedWasserstein => match (&self.data.patches, &case.samples.patches) {
                (Some(data), Some(samples)) => samples.distance(data),
                _ => between_points(data, samples, random),
            },
            Metric::MsSsim => {
                let of = |subject: &Subject, items: &[u64]| self.similarity(subject, items);
                let reference = of(&self.against, &self.data.items)?;
                of(case.subject, &case.samples.items)?.against(reference.value)
            }
            Metric::ClassifierAccuracy => classifier_accuracy(data, samples, random, &self.device),
            Metric::PathLength => {
                let generator = case
                    .subject
                    .generator()
                    .expect("an obstacle without a model");
                path_length(generator, &self.reader, random)?
            }
            Metric::ModeCount => self.modes(case).expect("an obstacle without").mode_count(),
            Metric::ReverseKl => self.modes(case).expect("an obstacle without").reverse_kl(),
            Metric::ClassificationAccuracyScore => classification_accuracy_score(
                (case.subject, &case.samples.items),
                (&self.against, &self.data.items),
                random,
                &self.device,
            )?,
            Metric::Memorisation => {
                memorisation(self.neighbours(case), self.held_out.as_deref(), random)
            }
        })
    }

    fn neighbours<'a>(&self, case: &'a Case) -> &'a Neighbours {
        case.neighbours
            .get_or_init(|| Neighbours::search(self.data.rows(), case.samples.rows()))
    }

    /// The mean similarity of random pairs of a side.
    fn similarity(&self, subject: &Subject, items: &[u64]) -> Result<Measured, JudgeError> {
        let form = subject.form().expect("an obstacle without pictures");
        let each = form.height * form.width * form.channels;
        let mut values = Vec::new();
        for some in ms_ssim::pairs(items.len(), self.random()).chunks(100) {
            let wanted: Vec<u64> = some.iter().flatten().map(|&index| items[index]).collect();
            let (pixels, _) = subject.read(&wanted)?;
            values.extend(ms_ssim::similarities(&pixels, each, form));
        }
        Ok(Measured::mean(values).within(0.0, 1.0))
    }

    /// The samples by mode, where modes are known.
    fn modes(&self, case: &Case) -> Option<Modes> {
        if let Reader::Points { dimensions: 2 } = self.reader {
            return Some(Mixture::of(self.against.builtin()?)?.count(case.samples.rows()));
        }
        if let (Some(samples), Some(data)) = (&case.samples.stacked, &self.data.stacked) {
            return Some(Modes::of_classes(samples, data, 1000));
        }
        if self.reader.name() != "digits" {
            return None;
        }
        let classes = |of: &Examined| of.probability_rows().map(most_probable);
        Some(Modes::of_classes(
            &classes(&case.samples)?,
            &classes(&self.data)?,
            10,
        ))
    }

    fn mode_names(&self, modes: &[usize]) -> Vec<String> {
        let width = if self.stacked.is_some() { 3 } else { 1 };
        modes.iter().map(|mode| format!("{mode:0width$}")).collect()
    }
}

impl JudgeOptions {
    fn wants_any(&self, metrics: &[Metric]) -> bool {
        self.metrics.is_empty() || metrics.iter().any(|metric| self.metrics.contains(metric))
    }
}

fn examine(
    subject: &Subject,
    items: &[u64],
    reader: &Reader,
    options: &JudgeOptions,
    stacked: Option<&Extractor>,
) -> Result<Examined, JudgeError> {
    let patches = options
        .wants_any(&[Metric::SlicedWasserstein])
        .then(|| Random::new(options.seed));
    let metrics = &options.metrics;
    let wanted = Wanted {
        features: metrics.is_empty()
            || metrics
                .iter()
                .any(|metric| metric.reads_features(stacked.is_some())),
        patches,
        stacked,
        cache: options.cache.as_ref(),
        watch: options.watch.as_ref(),
    };
    let examined = Examined::new(subject, items, reader, wanted)?;
    match examined.count() {
        count if count < FEWEST => Err(JudgeError::TooFew {
            side: subject.name().into(),
            count,
            needed: FEWEST,
        }),
        _ => Ok(examined),
    }
}

/// The features that suit data of which nothing more is known.
fn suitable(against: &Subject, form: ImageForm) -> Features {
    let digits = against.builtin() == Some("digits");
    match (form.height, form.width, form.channels) {
        (28, 28, 1) if digits => Features::Digits,
        _ => Features::Vgg16,
    }
}
