//! Where a walk goes by, as people write it: `3,17,40-42,@face.safetensors`.

use crate::seeds::Seeds;
use std::fmt;
use std::str::FromStr;

/// One stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The latent of a seed.
    Seed(u64),
    /// A latent in a file.
    File(String),
}

/// The stops of a walk, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stops(Vec<Stop>);

impl Stops {
    /// The seeds of a range.
    pub fn range(range: std::ops::Range<u64>) -> Self {
        Self(range.map(Stop::Seed).collect())
    }

    /// The stops, in order.
    pub fn list(&self) -> &[Stop] {
        &self.0
    }
}

impl FromStr for Stops {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut stops = Vec::new();
        for part in text.split(',') {
            match part.trim().strip_prefix('@') {
                Some("") => return Err("a file's name is expected after @".into()),
                Some(file) => stops.push(Stop::File(file.into())),
                None => {
                    let seeds: Seeds = part
                        .parse()
                        .map_err(|error| format!("{error}, or @FILE for a kept latent"))?;
                    stops.extend(seeds.list().iter().map(|&seed| Stop::Seed(seed)));
                }
            }
        }
        Ok(Self(stops))
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Seed(seed) => write!(out, "{seed}"),
            Self::File(name) => write!(out, "@{name}"),
        }
    }
}

impl fmt::Display for Stops {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        for (index, stop) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(out, "{comma}{stop}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_ranges_and_files_read_in_their_order() {
        let stops: Stops = "3,17, @a b.safetensors,40-42".parse().unwrap();
        assert_eq!(stops.to_string(), "3,17,@a b.safetensors,40,41,42");
        assert_eq!(stops.list()[2], Stop::File("a b.safetensors".into()));
        for bad in ["", "a", "3-1", "@", "1,,2", "1,@"] {
            assert!(bad.parse::<Stops>().is_err(), "{bad}");
        }
    }
}
