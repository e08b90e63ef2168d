//! What the doctor says: a disease by its stable name, since when, by which
//! figures, and what to change.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a run has. The names are stable: scripts read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disease {
    /// Nothing to worry about.
    Healthy,
    /// The generator gets nothing to learn from.
    DiscriminatorTooStrong,
    /// Neither does it here.
    DiscriminatorTooWeak,
    /// Samples are alike, or some of the data are never made.
    ModeCollapse,
    /// The players circle around each other.
    Oscillation,
    /// Numbers run away.
    Divergence,
    /// The data are learnt by heart.
    Overfitting,
    /// There is nothing more to gain.
    Converged,
    /// There is not enough in the log to say.
    Unknown,
}

impl Disease {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::DiscriminatorTooStrong => "discriminator_too_strong",
            Self::DiscriminatorTooWeak => "discriminator_too_weak",
            Self::ModeCollapse => "mode_collapse",
            Self::Oscillation => "oscillation",
            Self::Divergence => "divergence",
            Self::Overfitting => "overfitting",
            Self::Converged => "converged",
            Self::Unknown => "unknown",
        }
    }

    /// What it means, in plain words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Healthy => "The two players keep up with each other.",
            Self::DiscriminatorTooStrong => {
                "The discriminator tells every sample from the data, and how it does tells the generator nothing that brings it nearer."
            }
            Self::DiscriminatorTooWeak => {
                "The samples are far from the data and the discriminator does not see it, so it has nothing to teach."
            }
            Self::ModeCollapse => {
                "The generator makes a few things over and over, or leaves out part of the data, because that is enough to get by the discriminator."
            }
            Self::Oscillation => {
                "The players chase each other in circles: the samples come near to the data and leave again, and nothing is kept."
            }
            Self::Divergence => {
                "The training ran away: what had been learnt is lost, and going on will not bring it back."
            }
            Self::Overfitting => {
                "The data are being learnt by heart rather than what they have in common."
            }
            Self::Converged => {
                "The discriminator cannot tell fresh data from samples any more, and nothing has changed for a while: there is nothing more to gain."
            }
            Self::Unknown => "There is too little in the log to say anything yet.",
        }
    }

    /// Whether something should be changed.
    pub fn is_alarm(self) -> bool {
        !matches!(self, Self::Healthy | Self::Converged | Self::Unknown)
    }
}

impl fmt::Display for Disease {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.name().replace('_', " "))
    }
}

/// A figure that speaks for a diagnosis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// Its name, as in the log.
    pub figure: String,
    /// Its value.
    pub value: f64,
    /// What is seen by it.
    pub says: String,
}

impl Evidence {
    pub(super) fn new(figure: &str, value: f64, says: impl Into<String>) -> Self {
        Self {
            figure: figure.into(),
            value,
            says: says.into(),
        }
    }
}

/// Something to change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// Flags to paste behind `fata train`.
    pub flags: String,
    /// What they do.
    pub why: String,
    /// Whether it takes a new run: the old one cannot take the change on.
    pub new_run: bool,
    /// The assignments in the flags.
    #[serde(skip)]
    pub(crate) set: Vec<String>,
}

impl Advice {
    /// Values of the recipe to replace.
    pub(super) fn set(assignments: Vec<String>, why: &str) -> Self {
        let flags: Vec<String> = assignments
            .iter()
            .map(|one| format!("--set {one}"))
            .collect();
        Self {
            flags: flags.join(" "),
            why: why.into(),
            new_run: false,
            set: assignments,
        }
    }

    /// The same, for a new run.
    pub(super) fn anew(assignments: Vec<String>, why: &str) -> Self {
        Self {
            new_run: true,
            ..Self::set(assignments, why)
        }
    }

    /// Flags that are no assignments.
    pub(super) fn flags(flags: &str, why: &str) -> Self {
        Self {
            flags: flags.into(),
            why: why.into(),
            new_run: false,
            set: Vec::new(),
        }
    }
}

/// What the doctor found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The disease, or that there is none.
    pub diagnosis: Disease,
    /// What that means.
    pub meaning: &'static str,
    /// Since how many images; `null` where that cannot be said.
    pub since_images: Option<u64>,
    /// The figures that say so.
    pub evidence: Vec<Evidence>,
    /// What to change, the best first.
    pub advice: Vec<Advice>,
    /// What else there are signs of.
    pub also: Vec<Disease>,
    /// What could not be looked at, and why.
    pub missing: Vec<String>,
}

impl Diagnosis {
    pub(super) fn new(diagnosis: Disease, since_images: Option<u64>) -> Self {
        Self {
            diagnosis,
            meaning: diagnosis.meaning(),
            since_images,
            evidence: Vec::new(),
            advice: Vec::new(),
            also: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Adds a figure that is there.
    pub(super) fn seen(mut self, figure: &str, value: Option<f64>, says: &str) -> Self {
        let evidence = value.map(|value| Evidence::new(figure, value, says));
        self.evidence.extend(evidence);
        self
    }

    pub(super) fn advised(mut self, advice: impl IntoIterator<Item = Advice>) -> Self {
        self.advice.extend(advice);
        self
    }
}
