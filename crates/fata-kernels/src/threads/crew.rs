//! The threads that share an operator's tasks with its caller. An operator of a small network takes
//! tens of microseconds, less than it takes the system to put one thread to sleep and wake another:
//! so the caller works along, helpers look for the next operator for a while before they sleep, and
//! one that comes too late is not waited for. One caller at a time has the helpers; others, and
//! operators within tasks, work alone. Which thread does a task is not decided here, and does not
//! matter to its result.

use std::any::Any;
use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a helper looks for the next operator before it sleeps.
const PATIENCE: Duration = Duration::from_micros(200);

/// Looks between two readings of the clock.
const LOOKS: usize = 64;

/// In `Crew::gate`: helpers may enter. The bits below count those inside.
const OPEN: usize = 1 << (usize::BITS - 1);

/// Tasks that are numbered from 0 to `count - 1`.
#[derive(Clone, Copy)]
struct Job {
    work: *const (dyn Fn(usize) + Sync),
    count: usize,
    helpers: usize,
}

struct Crew {
    /// Whether a caller has the helpers.
    taken: AtomicBool,
    /// Written by the caller that has them, while the gate is shut and nobody is inside.
    job: UnsafeCell<Option<Job>>,
    /// The first task that nobody has begun.
    next: AtomicUsize,
    gate: AtomicUsize,
    /// Changes with each job.
    round: AtomicUsize,
    sleeping: AtomicUsize,
    started: AtomicUsize,
    bed: Mutex<()>,
    bell: Condvar,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: `job` is written by one thread at a time, the caller that has `taken`, and read only by
// helpers that went through the gate, which that caller opens after writing and empties before
// anyone writes again. The work that it points to is `Sync`.
unsafe impl Sync for Crew {}

static CREW: Crew = Crew {
    taken: AtomicBool::new(false),
    job: UnsafeCell::new(None),
    next: AtomicUsize::new(0),
    gate: AtomicUsize::new(0),
    round: AtomicUsize::new(0),
    sleeping: AtomicUsize::new(0),
    started: AtomicUsize::new(0),
    bed: Mutex::new(()),
    bell: Condvar::new(),
    panic: Mutex::new(None),
};

/// Runs `work(0)` to `work(count - 1)`, each once, on this thread and at most `threads - 1` others.
///
/// # Panics
/// When a task does, after all that were begun have ended.
pub(super) fn run(count: usize, threads: usize, work: &(dyn Fn(usize) + Sync)) {
    let helpers = threads.min(count).saturating_sub(1);
    if helpers == 0 || CREW.taken.swap(true, Ordering::Acquire) {
        return (0..count).for_each(work);
    }
    CREW.start(helpers);
    // SAFETY: only the lifetime is changed. The pointer is used by helpers inside the gate alone,
    // and `Shift` shuts it and waits for them before this function is left.
    let work: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(work) };
    let shift = Shift::open(Job {
        work,
        count,
        helpers,
    });
    CREW.work(work, count);
    drop(shift);
}

/// A caller's time with the helpers.
struct Shift;

impl Shift {
    fn open(job: Job) -> Self {
        // SAFETY: this caller has `taken`, so the gate is shut and nobody is inside.
        unsafe { *CREW.job.get() = Some(job) };
        CREW.next.store(0, Ordering::Relaxed);
        CREW.gate.store(OPEN, Ordering::Release);
        CREW.round.fetch_add(1, Ordering::SeqCst);
        if CREW.sleeping.load(Ordering::SeqCst) > 0 {
            let _bed = lock(&CREW.bed);
            CREW.bell.notify_all();
        }
        Shift
    }
}

impl Drop for Shift {
    fn drop(&mut self) {
        // Where this thread panics, helpers begin no further tasks.
        CREW.next.store(usize::MAX / 2, Ordering::Relaxed);
        CREW.gate.fetch_and(!OPEN, Ordering::AcqRel);
        let mut looks = 0_usize;
        while CREW.gate.load(Ordering::Acquire) > 0 {
            looks += 1;
            match looks > 4096 {
                true => std::thread::yield_now(),
                false => spin_loop(),
            }
        }
        let panic = lock(&CREW.panic).take();
        CREW.taken.store(false, Ordering::Release);
        if let Some(panic) = panic
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

impl Crew {
    /// Starts helpers until there are so many. The caller has `taken`.
    fn start(&'static self, helpers: usize) {
        for number in self.started.load(Ordering::Relaxed)..helpers {
            let thread = std::thread::Builder::new().name(format!("fata-kernels-{number}"));
            let seen = self.round.load(Ordering::SeqCst);
            // Without the thread the others do its work.
            if thread.spawn(move || self.serve(seen)).is_err() {
                return;
            }
            self.started.store(number + 1, Ordering::Relaxed);
        }
    }

    /// Does tasks until all are begun.
    fn work(&self, work: &(dyn Fn(usize) + Sync), count: usize) {
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= count {
                return;
            }
            work(task);
        }
    }

    /// What a helper does all its life.
    fn serve(&self, mut seen: usize) {
        loop {
            seen = self.wait(seen);
            let Some(job) = self.enter() else { continue };
            // SAFETY: the caller waits for those inside the gate before the work goes out of scope.
            let work = unsafe { &*job.work };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work(work, job.count))) {
                self.next.store(usize::MAX / 2, Ordering::Relaxed);
                lock(&self.panic).get_or_insert(panic);
            }
            self.gate.fetch_sub(1, Ordering::Release);
        }
    }

    /// Goes through the gate, unless it is shut or there are enough inside.
    fn enter(&self) -> Option<Job> {
        let mut gate = self.gate.load(Ordering::Relaxed);
        loop {
            if gate & OPEN == 0 {
                return None;
            }
            let entered = self.gate.compare_exchange_weak(
                gate,
                gate + 1,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match entered {
                Ok(_) => break,
                Err(now) => gate = now,
            }
        }
        // SAFETY: inside the gate the job is not written.
        let job = unsafe { (*self.job.get())? };
        if gate & !OPEN >= job.helpers {
            self.gate.fetch_sub(1, Ordering::Release);
            return None;
        }
        Some(job)
    }

    /// Waits for a round other than `seen`.
    fn wait(&self, seen: usize) -> usize {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            for _ in 0..LOOKS {
                let round = self.round.load(Ordering::Acquire);
                if round != seen {
                    return round;
                }
                spin_loop();
            }
        }
        let mut bed = lock(&self.bed);
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        loop {
            let round = self.round.load(Ordering::SeqCst);
            if round != seen {
                self.sleeping.fetch_sub(1, Ordering::SeqCst);
                return round;
            }
            bed = self.bell.wait(bed).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that these hold is left half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(count: usize, threads: usize) -> Vec<usize> {
        let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
        run(count, threads, &|task| {
            done[task].fetch_add(1, Ordering::Relaxed);
        });
        done.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_task_is_done_once_by_any_number_of_threads() {
        for round in 0..2000 {
            let (count, threads) = (round % 37, 1 + round % 5);
            assert_eq!(counts(count, threads), vec![1; count]);
        }
    }

    #[test]
    fn callers_side_by_side_and_within_tasks_are_served() {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        run(4, 3, &|_| assert_eq!(counts(5, 3), [1; 5]));
                    }
                });
            }
        });
    }

    #[test]
    fn a_task_that_panics_panics_the_caller_and_nobody_else() {
        for bad in 0..8 {
            let panicked = catch_unwind(|| {
                run(8, 3, &|task| {
                    assert!(task != bad, "this task fails");
                });
            });
            assert!(panicked.is_err(), "{bad}");
            assert_eq!(counts(9, 3), [1; 9]);
        }
    }
}
