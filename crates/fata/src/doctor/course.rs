//! The course of a run: its ticks as numbers by name, read from a log that may
//! be of an older version, broken off or damaged.

use serde_json::Value;
use std::collections::BTreeMap;

/// One tick, as the doctor reads it: any figure may be missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Real images that the discriminator had seen.
    pub images_seen: u64,
    figures: BTreeMap<String, f64>,
}

impl Line {
    /// A tick with these figures.
    pub fn new(images_seen: u64, figures: impl IntoIterator<Item = (String, f64)>) -> Self {
        Self {
            images_seen,
            figures: figures.into_iter().collect(),
        }
    }

    /// A line of `log.jsonl`; `None` if it is no tick.
    pub fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        Self::of_json(&value)
    }

    /// The numbers of a JSON object that has `images_seen`.
    pub fn of_json(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let images_seen = object.get("images_seen")?.as_u64()?;
        let numbers = object.iter();
        let numbers = numbers.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)));
        Some(Self::new(images_seen, numbers))
    }

    /// The figure of this name, if it is there.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.figures.get(name).copied()
    }

    /// The names of all figures.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.figures.keys().map(String::as_str)
    }
}

/// The ticks of a log, in the order of images, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// The ticks.
    pub lines: Vec<Line>,
    /// Lines that are no ticks.
    pub damaged: usize,
}

impl Course {
    /// Reads a log. Where a resumed run reported images again, the later line
    /// counts.
    pub fn read(log: &[u8]) -> Self {
        let mut course = Self::default();
        for text in String::from_utf8_lossy(log).lines() {
            match Line::read(text) {
                Some(line) => {
                    let earlier = |old: &Line| old.images_seen < line.images_seen;
                    course.lines.truncate(course.lines.partition_point(earlier));
                    course.lines.push(line);
                }
                None if text.trim().is_empty() => {}
                None => course.damaged += 1,
            }
        }
        course
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_log_is_read_as_far_as_it_goes() {
        let log = concat!(
            "{\"images_seen\": 10, \"loss_generator\": 1.5, \"fid\": null}\n",
            "not json\n\n[1, 2]\n",
            "{\"images_seen\": 20, \"loss_generator\": 1.0}\n",
            "{\"images_seen\": 20, \"loss_generator\": 0.5}\n",
            "{\"images_seen\": 3",
        );
        let course = Course::read(log.as_bytes());
        assert_eq!(course.damaged, 3);
        let seen: Vec<u64> = course.lines.iter().map(|line| line.images_seen).collect();
        assert_eq!(seen, [10, 20]);
        assert_eq!(course.lines[0].get("fid"), None);
        assert_eq!(course.lines[1].get("loss_generator"), Some(0.5));
        assert_eq!(Course::read(b"\xff\xfe\n").damaged, 1);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(0u8.., 0..200)) {
            let _ = Course::read(&bytes);
        }
    }
}
