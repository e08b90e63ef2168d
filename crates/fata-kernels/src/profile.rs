//! How long each operator takes: measured between [`start`] and [`stop`], on whichever threads call
//! operators, and for operators that run the CPU kernels. Off, it costs a look at a flag.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

static ON: AtomicBool = AtomicBool::new(false);
static TABLE: Mutex<BTreeMap<String, Entry>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Entry {
    calls: u64,
    time: Duration,
    flops: u64,
}

/// All calls of an operator with the same sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// What it computes, with its sizes.
    pub name: String,
    /// How often it was called.
    pub calls: u64,
    /// How long that took.
    pub seconds: f64,
    /// Its matrix products' arithmetic, in units of 10^9 multiplications or additions; zero where
    /// it has none.
    pub gflop: f64,
}

/// Begins to measure, from nothing.
pub fn start() {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner).clear();
    ON.store(true, Ordering::SeqCst);
}

/// Stops, and gives what was measured, the longest first.
pub fn stop() -> Vec<Operator> {
    ON.store(false, Ordering::SeqCst);
    let table = std::mem::take(&mut *TABLE.lock().unwrap_or_else(PoisonError::into_inner));
    let operators = table.into_iter().map(|(name, entry)| Operator {
        name,
        calls: entry.calls,
        seconds: entry.time.as_secs_f64(),
        gflop: entry.flops as f64 / 1e9,
    });
    let mut operators: Vec<_> = operators.collect();
    operators.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    operators
}

/// Does an operator's work, and notes its time if that is wanted.
pub(crate) fn timed<R>(name: impl FnOnce() -> String, flops: u64, work: impl FnOnce() -> R) -> R {
    if !ON.load(Ordering::Relaxed) {
        return work();
    }
    let began = Instant::now();
    let result = work();
    let time = began.elapsed();
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = table.entry(name()).or_default();
    entry.calls += 1;
    entry.time += time;
    entry.flops += flops;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_add_up_between_start_and_stop() {
        let name = "an operator of this test";
        let call = || timed(|| name.into(), 500_000_000, || 7);
        start();
        assert_eq!((call(), call()), (7, 7));
        // Other tests' operators may be there as well.
        let measured = stop();
        let ours = measured.iter().find(|operator| operator.name == name);
        let ours = ours.expect("it was called");
        assert_eq!((ours.calls, ours.gflop), (2, 1.0));
        call();
        assert!(!stop().iter().any(|operator| operator.name == name));
    }
}
