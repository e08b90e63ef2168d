//! What happened in a run beside its ticks: `events.jsonl`, one object a line,
//! which only a run has in which something happened.

use super::Disease;
use serde::{Deserialize, Serialize};

/// Something that happened, after so many images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A number was no longer finite, and the run ended or was rolled back.
    NotFinite {
        /// Images seen.
        images_seen: u64,
        /// The step, counted from 1.
        step: u64,
        /// Generator or discriminator.
        player: String,
        /// Which of its tensors.
        tensor: String,
    },
    /// `--auto` changed the recipe from here on.
    Act {
        /// Images seen.
        images_seen: u64,
        /// What for.
        diagnosis: Disease,
        /// Values replaced, as `table.key=value`.
        set: Vec<String>,
        /// Whether both players began anew, with weights as at the start.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        anew: bool,
    },
    /// A person set values that `--auto` had changed.
    Changed {
        /// Images seen.
        images_seen: u64,
        /// Values replaced, as `table.key=value`.
        set: Vec<String>,
    },
    /// `--auto` went back to a checkpoint.
    Rollback {
        /// Images of the checkpoint, where the run is now.
        images_seen: u64,
        /// Where it had come to.
        from_images: u64,
        /// What for.
        reason: String,
    },
}

impl Event {
    /// Where the run was, or is after a rollback.
    pub fn images_seen(&self) -> u64 {
        match self {
            Self::NotFinite { images_seen, .. }
            | Self::Act { images_seen, .. }
            | Self::Changed { images_seen, .. }
            | Self::Rollback { images_seen, .. } => *images_seen,
        }
    }

    /// All that can be read of `events.jsonl`.
    pub fn read_all(text: &[u8]) -> Vec<Self> {
        let text = String::from_utf8_lossy(text);
        let lines = text.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}
