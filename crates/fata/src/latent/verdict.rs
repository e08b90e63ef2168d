//! Whether a model can make a picture, by how near a search came to it.
//!
//! An error alone says nothing: what is near for one model is far for another. Two
//! measures of the same model tell. A few of its own samples are searched for
//! beside the picture: what is found as well as the worst of those, the model
//! makes. And of those samples it is known how near the best of many random draws
//! comes: what a search finds not even twice as near, the model does not make at all.

use std::fmt;

/// How much farther than its own worst sample a picture may be and still count as
/// made: the search stops short of the very end for each.
const SLACK: f32 = 2.0;

/// Errors are squares: at a quarter of an error a picture is twice as near.
const TWICE_AS_NEAR: f32 = 0.25;

/// What was found out about a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The model makes it.
    Makes,
    /// The model makes pictures like it, and not this one.
    Near,
    /// The model makes nothing like it.
    Cannot,
}

impl Verdict {
    /// The verdict on an error, beside the largest error at which searches for the
    /// model's own samples ended, and how near random draws come to them.
    pub(super) fn of(error: f32, own: f32, random: f32) -> Self {
        if error <= SLACK * own {
            Self::Makes
        } else if error <= TWICE_AS_NEAR * random {
            Self::Near
        } else {
            Self::Cannot
        }
    }

    /// One word, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Makes => "makes",
            Self::Near => "near",
            Self::Cannot => "cannot",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Self::Makes => "the model makes this picture: it is found as well as the model's own samples are",
            Self::Near => "the model makes pictures like this one, but not this one: it is found less well than the model's own samples, but at least twice as near as random draws come to those",
            Self::Cannot => "the model cannot make this picture: the nearest that it makes is not even twice as near as random draws come to its own samples",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_judged_by_those_of_the_models_own_samples() {
        assert_eq!(Verdict::of(0.019, 0.01, 0.3), Verdict::Makes);
        assert_eq!(Verdict::of(0.021, 0.01, 0.3), Verdict::Near);
        assert_eq!(Verdict::of(0.08, 0.01, 0.3), Verdict::Cannot);
        assert_eq!(Verdict::Cannot.word(), "cannot");
    }
}
