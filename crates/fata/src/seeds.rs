//! Seeds: which samples a person wants. The same seed gives the same sample
//! whatever else is asked for beside it.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// How many seeds one list may hold.
const MOST: u64 = 1_000_000;

/// A list of seeds, as `0-35,40` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(Vec<u64>);

/// A text that is no list of seeds.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no list of seeds: {reason}; write them as 0-35,40")]
pub struct SeedsError {
    text: String,
    reason: String,
}

impl Seeds {
    /// The seeds of a range, its end left out.
    pub fn range(range: Range<u64>) -> Self {
        Self(range.collect())
    }

    /// The same seeds in lists of `size`, the last one shorter; so that not all
    /// samples need be in memory at once.
    ///
    /// # Panics
    /// If `size` is 0.
    pub fn chunks(&self, size: usize) -> impl Iterator<Item = Self> {
        self.0.chunks(size).map(|seeds| Self(seeds.to_vec()))
    }

    /// The seeds, in the order they were asked for.
    pub fn list(&self) -> &[u64] {
        &self.0
    }
}

impl FromStr for Seeds {
    type Err = SeedsError;

    fn from_str(text: &str) -> Result<Self, SeedsError> {
        let refuse = |reason: String| SeedsError {
            text: text.into(),
            reason,
        };
        let number = |part: &str| {
            part.trim()
                .parse::<u64>()
                .map_err(|_| refuse(format!("`{part}` is not a whole number")))
        };
        let mut seeds = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(part)?, number(part)?),
            };
            if last < first {
                return Err(refuse(format!("{first}-{last} runs backwards")));
            }
            if last - first >= MOST || seeds.len() as u64 + (last - first) >= MOST {
                return Err(refuse(format!("more than {MOST} seeds")));
            }
            seeds.extend(first..=last);
        }
        Ok(Self(seeds))
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let mut rest = &self.0[..];
        let mut separator = "";
        while let Some(&first) = rest.first() {
            let run = rest
                .iter()
                .enumerate()
                .take_while(|&(i, &seed)| seed.checked_sub(i as u64) == Some(first))
                .count();
            match run {
                1 => write!(out, "{separator}{first}")?,
                _ => write!(out, "{separator}{first}-{}", rest[run - 1])?,
            }
            (rest, separator) = (&rest[run..], ",");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_and_print_as_people_write_them() {
        let seeds: Seeds = "0-3,40, 7-8".parse().unwrap();
        assert_eq!(seeds.list(), [0, 1, 2, 3, 40, 7, 8]);
        assert_eq!(seeds.to_string(), "0-3,40,7-8");
        let chunks: Vec<_> = seeds.chunks(3).map(|some| some.to_string()).collect();
        assert_eq!(chunks, ["0-2", "3,40,7", "8"]);
    }

    #[test]
    fn what_is_no_list_is_refused_with_the_reason() {
        for bad in ["", "a", "3-1", "1-", "-1", "0-99999999999", "1,,2", "1.5"] {
            let error = bad.parse::<Seeds>().unwrap_err().to_string();
            assert!(error.contains("0-35,40"), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[0-9,\\- ]{0,30}") {
            if let Ok(seeds) = text.parse::<Seeds>() {
                proptest::prop_assert_eq!(seeds.to_string().parse::<Seeds>().unwrap(), seeds);
            }
        }
    }
}
