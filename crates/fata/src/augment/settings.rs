//! `[augment]`: the keys of a recipe, their defaults and their bounds.

use serde::{Deserialize, Serialize};

/// `[augment]`: what is done to images before the discriminator sees them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Mirror each image of the data left to right half of the time.
    pub mirror: bool,
    /// How real and generated images are augmented.
    pub kind: Kind,
    /// What `diffaugment` does.
    pub policy: Vec<Part>,
    /// The probability of each transform: of `diffaugment` throughout, 1 by default; of `ada` at
    /// the beginning, 0 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// The share of real images judged real, less that of those judged generated, which `ada`
    /// holds by its probability; 0 leaves the probability as it is.
    pub target: f64,
    /// Images in which `ada` goes from probability 0 to 1 at most.
    pub images_per_unit: u64,
    /// Steps from one change of `ada`'s probability to the next.
    pub interval: u64,
    /// Standard deviation of the instance noise on real and generated samples at the beginning, in
    /// the data's range of 2 (pictures) or standard units.
    pub noise: f64,
    /// The share of the run after which the noise is gone.
    pub noise_until: f64,
}

/// Ways of augmenting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Images are shown as they are.
    #[default]
    None,
    /// A few strong transforms, each of every image (Zhao et al. 2020, arXiv 2006.10738).
    DiffAugment,
    /// Many transforms, each of as many images as keeps the discriminator from overfitting
    /// (Karras et al. 2020, arXiv 2006.06676).
    Ada,
}

/// Parts of `diffaugment`, in the order in which they are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Brightness, saturation and contrast.
    Colour,
    /// A shift of up to an eighth of the image, zeros moving in.
    Translation,
    /// A square of half the image's side made zero.
    Cutout,
}

impl Default for Settings {
    /// None; with the values of the papers' official settings for either kind.
    fn default() -> Self {
        Self {
            mirror: false,
            kind: Kind::None,
            policy: vec![Part::Colour, Part::Translation, Part::Cutout],
            probability: None,
            target: 0.6,
            images_per_unit: 500_000,
            interval: 4,
            noise: 0.0,
            noise_until: 1.0,
        }
    }
}

/// A value outside of its bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The key, with its table.
    pub key: &'static str,
    /// What stands there.
    pub value: String,
    /// What may stand there.
    pub allowed: &'static str,
}

impl Settings {
    /// The probability at the beginning.
    pub fn probability(&self) -> f64 {
        self.probability.unwrap_or(match self.kind {
            Kind::DiffAugment => 1.0,
            Kind::None | Kind::Ada => 0.0,
        })
    }

    /// Whether all values are within their bounds.
    ///
    /// # Errors
    /// The first that is not.
    pub fn check(&self) -> Result<(), Violation> {
        let twice = |part| self.policy.iter().filter(|&other| other == part).count() > 1;
        let checks: [(bool, &'static str, String, &'static str); 7] = [
            (
                !self.policy.is_empty() && !self.policy.iter().any(twice),
                "augment.policy",
                format!("{:?}", self.policy).to_lowercase(),
                "some of colour, translation and cutout, each once",
            ),
            (
                (0.0..=1.0).contains(&self.probability()),
                "augment.probability",
                self.probability().to_string(),
                "between 0 and 1",
            ),
            (
                (0.0..1.0).contains(&self.target),
                "augment.target",
                self.target.to_string(),
                "at least 0 and below 1",
            ),
            (
                (1..=1_000_000_000).contains(&self.images_per_unit),
                "augment.images_per_unit",
                self.images_per_unit.to_string(),
                "between 1 and 1000000000",
            ),
            (
                (1..=10_000).contains(&self.interval),
                "augment.interval",
                self.interval.to_string(),
                "between 1 and 10000",
            ),
            (
                (0.0..=100.0).contains(&self.noise),
                "augment.noise",
                self.noise.to_string(),
                "between 0 and 100",
            ),
            (
                self.noise_until > 0.0 && self.noise_until <= 1.0,
                "augment.noise_until",
                self.noise_until.to_string(),
                "more than 0, at most 1",
            ),
        ];
        for (fits, key, value, allowed) in checks {
            if !fits {
                return Err(Violation {
                    key,
                    value,
                    allowed,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_defaults_of_the_papers() {
        let settings: Settings = toml::from_str("kind = 'ada'").unwrap();
        assert_eq!((settings.target, settings.interval), (0.6, 4));
        assert_eq!(settings.images_per_unit, 500_000);
        assert_eq!(settings.probability(), 0.0);
        let text = "kind = 'diffaugment'\npolicy = ['cutout', 'colour']";
        let settings: Settings = toml::from_str(text).unwrap();
        assert_eq!(settings.policy, [Part::Cutout, Part::Colour]);
        assert_eq!(settings.probability(), 1.0);
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&text).unwrap(), settings);
        assert!(toml::from_str::<Settings>("kin = 'ada'").is_err());
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        assert_eq!(Settings::default().check(), Ok(()));
        for (text, key) in [
            ("policy = []", "augment.policy"),
            ("policy = ['cutout', 'cutout']", "augment.policy"),
            ("probability = 1.5", "augment.probability"),
            ("probability = nan", "augment.probability"),
            ("target = 1.0", "augment.target"),
            ("images_per_unit = 0", "augment.images_per_unit"),
            ("interval = 0", "augment.interval"),
        ] {
            let settings: Settings = toml::from_str(text).unwrap();
            assert_eq!(settings.check().unwrap_err().key, key, "{text}");
        }
    }
}
