//! A run's log, read as it grows, and thinned for drawing.
//!
//! Only what was added since the last look is read. A line that is half
//! written waits until it is whole; one that is no tick is passed over. A log
//! that was cut and written anew, as a resumed run does, is read from its start.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes before the place that was read to, by which a log is known again.
const KNOWN_AGAIN: usize = 64;

/// The ticks of a log, a column a key; what a tick lacks is NaN.
#[derive(Default)]
pub(crate) struct Log {
    columns: BTreeMap<String, Vec<f32>>,
    images_seen: Vec<f64>,
    /// Bytes that are read and understood.
    offset: u64,
    /// The last of them.
    tail: Vec<u8>,
    /// Changes whenever there is something new.
    version: u64,
}

/// A column in as many pieces as are drawn: mean, least and most of each.
#[derive(serde::Serialize)]
pub(crate) struct Thinned {
    mean: Vec<Option<f32>>,
    least: Vec<Option<f32>>,
    most: Vec<Option<f32>>,
}

impl Log {
    /// Reads what was added.
    pub(crate) fn follow(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        if !self.is_continued(&mut file)? {
            *self = Self {
                version: self.version + 1,
                ..Self::default()
            };
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        for line in bytes[..whole].split(|&byte| byte == b'\n') {
            self.take(line);
        }
        self.version += u64::from(whole > 0);
        self.offset += whole as u64;
        self.tail.extend_from_slice(&bytes[..whole]);
        self.tail
            .drain(..self.tail.len().saturating_sub(KNOWN_AGAIN));
        Ok(())
    }

    /// Whether the file still begins with what was read.
    fn is_continued(&self, file: &mut File) -> io::Result<bool> {
        let known = self.tail.len() as u64;
        if file.metadata()?.len() < self.offset {
            return Ok(false);
        }
        file.seek(SeekFrom::Start(self.offset - known))?;
        let mut found = vec![0; self.tail.len()];
        file.read_exact(&mut found)?;
        Ok(found == self.tail)
    }

    fn take(&mut self, line: &[u8]) {
        let Ok(tick) = serde_json::from_slice::<BTreeMap<String, Value>>(line) else {
            return;
        };
        let Some(seen) = tick.get("images_seen").and_then(Value::as_f64) else {
            return;
        };
        let before = self.images_seen.len();
        self.images_seen.push(seen);
        for (key, value) in tick {
            if let Some(number) = value.as_f64() {
                let column = self.columns.entry(key).or_default();
                column.resize(before, f32::NAN);
                column.push(number as f32);
            }
        }
    }

    /// A number that was another one when the log was.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The columns in at most `pieces`, and the images seen at each piece's end.
    pub(crate) fn thinned(&self, pieces: usize) -> (Vec<f64>, BTreeMap<&str, Thinned>) {
        let ticks = self.images_seen.len();
        let size = ticks.div_ceil(pieces.max(1)).max(1);
        let ends = self
            .images_seen
            .chunks(size)
            .filter_map(|piece| piece.last().copied());
        let columns = self.columns.iter().filter(|(key, _)| *key != "images_seen");
        let columns = columns.map(|(key, column)| {
            let mut thinned = Thinned {
                mean: Vec::new(),
                least: Vec::new(),
                most: Vec::new(),
            };
            for start in (0..ticks).step_by(size) {
                let end = (start + size).min(column.len());
                let piece = column.get(start..end).unwrap_or_default();
                let numbers = || piece.iter().copied().filter(|number| number.is_finite());
                let count = numbers().count();
                let some = |number: f32| (count > 0).then_some(number);
                thinned
                    .mean
                    .push(some(numbers().sum::<f32>() / count as f32));
                thinned
                    .least
                    .push(some(numbers().fold(f32::INFINITY, f32::min)));
                thinned
                    .most
                    .push(some(numbers().fold(f32::NEG_INFINITY, f32::max)));
            }
            (&key[..], thinned)
        });
        (ends.collect(), columns.collect())
    }
}

/// The newest whole tick of a log, read from its end alone.
pub(crate) fn last_tick(path: &Path) -> Option<Value> {
    const END: u64 = 8192;
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(END)))
        .ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let lines = bytes.rsplit(|&byte| byte == b'\n');
    let mut ticks = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    ticks.find(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn line(seen: u64, loss: f64) -> String {
        format!("{{\"images_seen\":{seen},\"loss_generator\":{loss}}}\n")
    }

    #[test]
    fn a_half_written_line_waits_and_rubbish_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = Log::default();
        assert!(log.follow(&path).is_err());
        let half = line(3, 5.0);
        let (begun, rest) = half.split_at(12);
        let text = line(1, 1.0) + "rubbish\n" + &line(2, 3.0);
        fs::write(&path, text.clone() + begun).unwrap();
        log.follow(&path).unwrap();
        let version = log.version();
        log.follow(&path).unwrap();
        assert_eq!(log.version(), version, "there is nothing new");
        assert_eq!(log.images_seen, [1.0, 2.0]);
        assert_eq!(last_tick(&path).unwrap()["images_seen"], 2);
        fs::write(&path, text + begun + rest).unwrap();
        log.follow(&path).unwrap();
        assert_eq!(log.images_seen, [1.0, 2.0, 3.0]);
        assert_ne!(log.version(), version);
        let (ends, columns) = log.thinned(2);
        assert_eq!(ends, [2.0, 3.0]);
        assert_eq!(columns["loss_generator"].mean, [Some(2.0), Some(5.0)]);
        assert_eq!(columns["loss_generator"].most, [Some(3.0), Some(5.0)]);
    }

    #[test]
    fn a_log_that_was_cut_is_read_anew_and_late_columns_keep_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        fs::write(&path, line(1, 1.0) + &line(2, 2.0)).unwrap();
        let mut log = Log::default();
        log.follow(&path).unwrap();
        let judged = "{\"images_seen\":5,\"fid\":7.5}\n";
        fs::write(&path, line(1, 9.0) + &line(4, 9.0) + judged + &line(6, 9.0)).unwrap();
        log.follow(&path).unwrap();
        assert_eq!(log.images_seen, [1.0, 4.0, 5.0, 6.0]);
        let (_, columns) = log.thinned(100);
        assert_eq!(columns["fid"].mean, [None, None, Some(7.5), None]);
        assert_eq!(
            columns["loss_generator"].mean,
            [Some(9.0), Some(9.0), None, Some(9.0)]
        );
    }
}
