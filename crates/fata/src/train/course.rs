//! How far a run is on its way, whatever it trains: its clock, its meters, its
//! folder, who watches it and what ends it.

use super::folder::Folder;
use super::report::StepReport;
use super::tick::{Meters, Tick};
use super::{Progress, StoppedBy};
use crate::recipe::Train;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A run's way.
pub(super) struct Course {
    pub(super) meters: Meters,
    pub(super) folder: Option<Folder>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) stopped_by: Option<StoppedBy>,
    pub(super) on_step: Option<Box<dyn FnMut(Progress) + Send>>,
    started: Instant,
    elapsed_before: f64,
}

impl Course {
    /// At its beginning, without a folder.
    pub(super) fn new() -> Self {
        Self {
            meters: Meters::default(),
            folder: None,
            stop: Arc::default(),
            stopped_by: None,
            on_step: None,
            started: Instant::now(),
            elapsed_before: 0.0,
        }
    }

    /// From where a checkpoint leaves off.
    pub(super) fn go_on(&mut self, meters: Meters, elapsed_seconds: f64) {
        self.meters = meters;
        self.elapsed_before = elapsed_seconds;
    }

    /// Starts the clock.
    pub(super) fn start(&mut self) {
        self.started = Instant::now();
    }

    pub(super) fn elapsed_seconds(&self) -> f64 {
        self.elapsed_before + self.started.elapsed().as_secs_f64()
    }

    /// Takes in what a step saw, and tells whoever watches.
    pub(super) fn note(
        &mut self,
        report: &StepReport,
        [before, images_seen]: [u64; 2],
        began: Instant,
        train: &Train,
    ) {
        let seconds = began.elapsed().as_secs_f64();
        self.meters.add(report, images_seen - before, seconds);
        let progress = self.progress(images_seen, train);
        if let Some(watch) = &mut self.on_step {
            watch(progress);
        }
    }

    /// The tick that is due.
    pub(super) fn tick(&mut self, images_seen: u64) -> Tick {
        let elapsed_seconds = self.elapsed_seconds();
        self.meters.tick(images_seen, elapsed_seconds)
    }

    pub(super) fn progress(&self, images_seen: u64, train: &Train) -> Progress {
        Progress {
            images_seen,
            images: train.images,
            elapsed_seconds: self.elapsed_seconds(),
            images_per_second: self.meters.images_per_second(),
        }
    }

    /// Why the run is over, if it is; `stalled` says that judgements have not
    /// become better for as long as the recipe waits.
    pub(super) fn end(&self, images_seen: u64, train: &Train, stalled: bool) -> Option<StoppedBy> {
        if self.stop.load(Ordering::Relaxed) {
            return Some(StoppedBy::Signal);
        }
        if images_seen >= train.images {
            return Some(StoppedBy::Images);
        }
        if stalled {
            return Some(StoppedBy::NoBetter);
        }
        let over = train
            .minutes
            .is_some_and(|minutes| self.elapsed_seconds() >= 60.0 * minutes);
        over.then_some(StoppedBy::Minutes)
    }
}
