//! What the server counts, as Prometheus reads it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the histogram's buckets, in seconds.
const BUCKETS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Paths that are not among the known ones are counted together, so that
/// nobody can fill the memory by asking for many.
const OTHER: &str = "other";

/// Counters since the start.
pub(crate) struct Meters {
    paths: &'static [&'static str],
    answers: Mutex<Answers>,
    pub(crate) images: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) waiting: AtomicUsize,
}

#[derive(Default)]
struct Answers {
    by_path_and_status: BTreeMap<(&'static str, u16), u64>,
    buckets: [u64; BUCKETS.len()],
    seconds: f64,
    count: u64,
}

impl Meters {
    pub(crate) fn new(paths: &'static [&'static str]) -> Self {
        Self {
            paths,
            answers: Mutex::default(),
            images: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
        }
    }

    /// The label of a path.
    pub(crate) fn known(&self, path: &str) -> &'static str {
        self.paths
            .iter()
            .find(|known| **known == path)
            .unwrap_or(&OTHER)
    }

    pub(crate) fn answered(&self, path: &'static str, status: u16, took: Duration) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers
            .by_path_and_status
            .entry((path, status))
            .or_default() += 1;
        let seconds = took.as_secs_f64();
        for (bucket, end) in answers.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= end);
        }
        answers.seconds += seconds;
        answers.count += 1;
    }

    /// The text exposition format, version 0.0.4.
    pub(crate) fn exposition(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        head(out, "fata_requests_total", "counter", "Requests answered.")?;
        for ((path, status), count) in &answers.by_path_and_status {
            writeln!(
                out,
                "fata_requests_total{{path=\"{path}\",status=\"{status}\"}} {count}"
            )?;
        }
        head(
            out,
            "fata_request_seconds",
            "histogram",
            "From a request's head to its answer.",
        )?;
        for (end, count) in BUCKETS.iter().zip(answers.buckets) {
            writeln!(out, "fata_request_seconds_bucket{{le=\"{end}\"}} {count}")?;
        }
        writeln!(
            out,
            "fata_request_seconds_bucket{{le=\"+Inf\"}} {}",
            answers.count
        )?;
        writeln!(out, "fata_request_seconds_sum {}", answers.seconds)?;
        writeln!(out, "fata_request_seconds_count {}", answers.count)?;
        let loaded = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let waiting = self.waiting.load(Ordering::Relaxed) as u64;
        for (name, kind, help, value) in [
            (
                "fata_images_total",
                "counter",
                "Pictures made.",
                loaded(&self.images),
            ),
            (
                "fata_batches_total",
                "counter",
                "Passes of the generator.",
                loaded(&self.batches),
            ),
            (
                "fata_queue_length",
                "gauge",
                "Pictures that wait to be made.",
                waiting,
            ),
            (
                "process_resident_memory_bytes",
                "gauge",
                "Resident memory of the process.",
                fata::train::resident_memory(),
            ),
        ] {
            head(out, name, kind, help)?;
            writeln!(out, "{name} {value}")?;
        }
        Ok(())
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}")
}
