//! Batches, prepared ahead of training.
//!
//! Position `p` of the endless stream shows the item at place `p mod n` of the
//! permutation of epoch `p / n`, so any batch follows from the seed and `p`
//! alone: threads, caching and resuming change nothing. Worker threads keep a
//! short queue full and sleep when it is. Each makes a part of every batch, so
//! that what they take from the processors is taken from all of them alike: an
//! operator of training ends when its slowest thread does. Prepared pictures
//! stay in memory as bytes up to a budget; those beyond it are decoded again.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;

use super::dataset::to_signed;
use super::{DataError, Dataset, Kind};
use crate::rng::{Random, Stream};

/// The memory that prepared pictures may take unless it is said otherwise:
/// 1 GiB, 87,000 pictures of 64x64 RGB.
pub const DEFAULT_MEMORY_BUDGET_BYTES: u64 = 1 << 30;

/// The most memory that batches waiting in the queue take, beyond two of them.
const QUEUE_BYTES: usize = 128 << 20;

/// How data is put into batches.
#[derive(Clone, Copy, Debug)]
pub struct LoaderOptions {
    /// Items in a batch.
    pub batch: usize,
    /// The run's seed.
    pub seed: u64,
    /// Where in the stream to begin: items consumed before.
    pub start: u64,
    /// Pads pictures to this side, evenly, by repeating their edges.
    pub pad_to: Option<usize>,
    /// Mirrors each picture with probability one half.
    pub mirror: bool,
    /// Worker threads; at least one is used.
    pub threads: usize,
    /// Memory for prepared pictures, in bytes.
    pub memory_budget_bytes: u64,
}

impl Default for LoaderOptions {
    fn default() -> Self {
        Self {
            batch: 64,
            seed: 0,
            start: 0,
            pad_to: None,
            mirror: false,
            threads: 1,
            memory_budget_bytes: DEFAULT_MEMORY_BUDGET_BYTES,
        }
    }
}

/// Consecutive items of the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[batch, height, width, channels]` in `[-1, 1]`, or `[batch, dimensions]`
    /// in standard units.
    pub values: Vec<f32>,
    /// The classes, where the data has them: `[batch]`.
    pub labels: Option<Vec<u32>>,
    /// The position of the first item in the stream.
    pub start: u64,
}

/// An endless stream of batches.
pub struct Loader {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    dataset: Arc<Dataset>,
    /// The items that are shown; all where there is no list.
    items: Option<Vec<u32>>,
    options: LoaderOptions,
    /// Into how many parts a batch is cut.
    parts: u64,
    /// How many parts may be made ahead.
    depth: u64,
    queue: Mutex<Queue>,
    /// Told when a part is done.
    done: Condvar,
    /// Told when a batch was taken.
    room: Condvar,
    orders: Mutex<VecDeque<(u64, Arc<Vec<u32>>)>>,
    cache: Cache,
}

/// Parts of batches by number, counted from the loader's start.
#[derive(Default)]
struct Queue {
    claimed: u64,
    delivered: u64,
    ready: BTreeMap<u64, Result<Part, DataError>>,
    stopped: bool,
}

/// Consecutive items of a batch.
#[derive(Default)]
struct Part {
    values: Vec<f32>,
    labels: Vec<u32>,
}

impl Loader {
    /// Starts loading.
    pub fn new(dataset: Arc<Dataset>, options: LoaderOptions) -> Self {
        Self::start(dataset, None, options)
    }

    /// Starts loading some of a data set's items.
    ///
    /// # Panics
    /// If there are none.
    pub fn of_items(dataset: Arc<Dataset>, items: Vec<u32>, options: LoaderOptions) -> Self {
        assert!(!items.is_empty(), "a loader needs an item at least");
        Self::start(dataset, Some(items), options)
    }

    fn start(dataset: Arc<Dataset>, items: Option<Vec<u32>>, options: LoaderOptions) -> Self {
        let options = LoaderOptions {
            batch: options.batch.max(1),
            threads: options.threads.max(1),
            ..options
        };
        let batch_bytes = 4 * options.batch * padded_values(&dataset, &options);
        let depth = (QUEUE_BYTES / batch_bytes.max(1)).clamp(2, 4);
        let parts = options.threads.min(options.batch);
        let shared = Arc::new(Shared {
            cache: Cache::new(&dataset, options.memory_budget_bytes),
            dataset,
            items,
            options,
            parts: parts as u64,
            depth: (parts * depth) as u64,
            queue: Mutex::default(),
            done: Condvar::new(),
            room: Condvar::new(),
            orders: Mutex::default(),
        });
        let workers = (0..options.threads)
            .filter_map(|_| {
                let shared = Arc::clone(&shared);
                std::thread::Builder::new()
                    .name("fata-loader".to_owned())
                    .spawn(move || shared.work())
                    .ok()
            })
            .collect();
        Self { shared, workers }
    }

    /// The next batch; waits for it if training is ahead of loading.
    ///
    /// # Errors
    /// If no picture can be decoded at all, or the padding is smaller than the
    /// pictures.
    pub fn next_batch(&mut self) -> Result<Batch, DataError> {
        let parts = self.shared.parts;
        let mut batch = Batch {
            values: Vec::new(),
            labels: (!self.shared.dataset.classes().is_empty()).then(Vec::new),
            start: 0,
        };
        let mut failure = None;
        for _ in 0..parts {
            let (number, part) = self.next_part();
            let part = match part {
                Ok(part) => part,
                // The other parts are taken all the same: what follows is whole.
                Err(error) => {
                    failure.get_or_insert(error);
                    continue;
                }
            };
            let number = number / parts;
            batch.start = self.shared.options.start + number * self.shared.options.batch as u64;
            match batch.values.is_empty() {
                true => batch.values = part.values,
                false => batch.values.extend(part.values),
            }
            if let Some(labels) = &mut batch.labels {
                labels.extend(part.labels);
            }
        }
        failure.map_or(Ok(batch), Err)
    }

    /// The next part and its number.
    fn next_part(&mut self) -> (u64, Result<Part, DataError>) {
        let mut queue = self.shared.lock();
        let number = queue.delivered;
        if self.workers.is_empty() {
            // The system gave no thread: do the work here.
            queue.delivered += 1;
            drop(queue);
            return (number, self.shared.part(number));
        }
        loop {
            if let Some(part) = queue.ready.remove(&number) {
                queue.delivered += 1;
                let room = queue.claimed < queue.delivered + self.shared.depth;
                drop(queue);
                if room {
                    self.shared.room.notify_one();
                }
                return (number, part);
            }
            queue = self
                .shared
                .done
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.room.notify_all();
        for worker in self.workers.drain(..) {
            // A worker's panic was already turned into an error.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker thread: claim the next part, make it, hand it over.
    fn work(&self) {
        loop {
            let mut queue = self.lock();
            while !queue.stopped && queue.claimed >= queue.delivered + self.depth {
                queue = self
                    .room
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if queue.stopped {
                return;
            }
            let number = queue.claimed;
            queue.claimed += 1;
            drop(queue);
            let part = catch_unwind(AssertUnwindSafe(|| self.part(number))).unwrap_or_else(|_| {
                Err(DataError::malformed(
                    self.dataset.path(),
                    "the loader failed; this is a bug in fata",
                ))
            });
            self.lock().ready.insert(number, part);
            self.done.notify_one();
        }
    }

    fn part(&self, number: u64) -> Result<Part, DataError> {
        let options = &self.options;
        let items = self.count() as u64;
        let batch = options.batch as u64;
        let (number, part) = (number / self.parts, number % self.parts);
        let places = part * batch / self.parts..(part + 1) * batch / self.parts;
        let start = options.start + number * batch + places.start;
        let size = padded_values(&self.dataset, options);
        self.check_padding()?;
        // The first part has room for the others, which are joined to it.
        let count = (places.end - places.start) as usize;
        let room = if part == 0 { options.batch } else { count };
        let mut values = Vec::with_capacity(room * size);
        values.resize(count * size, 0.0);
        let mut labels = Vec::new();
        for (position, out) in (start..).zip(values.chunks_exact_mut(size)) {
            if self.lock().stopped {
                // Nobody waits for this part any more.
                break;
            }
            let order = self.order(position / items);
            let index = order[(position % items) as usize] as usize;
            let index = self.item(index, position, out)?;
            labels.extend(self.dataset.label(index));
        }
        Ok(Part { values, labels })
    }

    /// How many items are shown.
    fn count(&self) -> usize {
        self.items.as_ref().map_or(self.dataset.len(), Vec::len)
    }

    fn check_padding(&self) -> Result<(), DataError> {
        match (self.options.pad_to, self.dataset.kind()) {
            (Some(side), Kind::Images { height, width, .. }) if side < height.max(width) => {
                Err(DataError::BadOption {
                    option: "pad_to",
                    value: side.to_string(),
                    reason: format!("the pictures have {width}x{height} pixels already"),
                })
            }
            _ => Ok(()),
        }
    }

    /// The order of an epoch. A batch straddles few epochs, and all workers are
    /// near each other, so a handful is remembered.
    fn order(&self, epoch: u64) -> Arc<Vec<u32>> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, order)) = orders.iter().find(|(known, _)| *known == epoch) {
            return Arc::clone(order);
        }
        let mut draws = Random::new(self.options.seed).at(Stream::Order, epoch);
        let mut order = draws.permutation(self.count() as u32);
        if let Some(items) = &self.items {
            for place in &mut order {
                *place = items[*place as usize];
            }
        }
        let order = Arc::new(order);
        if orders.len() == 4 {
            orders.pop_front();
        }
        orders.push_back((epoch, Arc::clone(&order)));
        order
    }

    fn item(&self, index: usize, position: u64, out: &mut [f32]) -> Result<usize, DataError> {
        if let Some(point) = self.dataset.point(index) {
            out.copy_from_slice(point);
            return Ok(index);
        }
        let Kind::Images {
            channels,
            height,
            width,
        } = self.dataset.kind()
        else {
            return Ok(index);
        };
        let (index, pixels) = self
            .dataset
            .resolve(index, |index| self.cache.pixels(&self.dataset, index))?;
        let mirrored = self.options.mirror
            && Random::new(self.options.seed)
                .at(Stream::Augment, position)
                .uniform()
                < 0.5;
        let side = self.options.pad_to.unwrap_or(height);
        if side == height && side == width && !mirrored {
            to_signed(&pixels, out);
            return Ok(index);
        }
        let (top, left) = ((side - height) / 2, (side - width) / 2);
        for (y, row) in out.chunks_exact_mut(side * channels).enumerate() {
            let from = y.saturating_sub(top).min(height - 1) * width * channels;
            let source = &pixels[from..from + width * channels];
            for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
                let x = x.saturating_sub(left).min(width - 1);
                let x = if mirrored { width - 1 - x } else { x };
                to_signed(&source[x * channels..][..channels], pixel);
            }
        }
        Ok(index)
    }
}

/// Numbers in one item of a batch.
fn padded_values(dataset: &Dataset, options: &LoaderOptions) -> usize {
    match (dataset.kind(), options.pad_to) {
        (Kind::Images { channels, .. }, Some(side)) => channels * side * side,
        (kind, _) => kind.values(),
    }
}

/// Prepared pictures, kept while they fit the budget.
struct Cache {
    slots: Vec<OnceLock<Box<[u8]>>>,
    budget_bytes: u64,
    used_bytes: AtomicU64,
}

impl Cache {
    fn new(dataset: &Dataset, budget_bytes: u64) -> Self {
        let slots = if dataset.worth_caching() {
            dataset.len()
        } else {
            0
        };
        Self {
            slots: (0..slots).map(|_| OnceLock::new()).collect(),
            budget_bytes,
            used_bytes: AtomicU64::new(0),
        }
    }

    fn pixels<'a>(&'a self, dataset: &'a Dataset, index: usize) -> Result<Cow<'a, [u8]>, String> {
        let Some(slot) = self.slots.get(index) else {
            return dataset.pixels(index);
        };
        if let Some(pixels) = slot.get() {
            return Ok(Cow::Borrowed(pixels));
        }
        let pixels = dataset.pixels(index)?;
        let size = pixels.len() as u64;
        if self.used_bytes.fetch_add(size, Ordering::Relaxed) + size > self.budget_bytes {
            self.used_bytes.fetch_sub(size, Ordering::Relaxed);
            return Ok(pixels);
        }
        let mut kept = true;
        let stored = slot.get_or_init(|| {
            kept = false;
            pixels.into_owned().into_boxed_slice()
        });
        if kept {
            // Another worker was first.
            self.used_bytes.fetch_sub(size, Ordering::Relaxed);
        }
        Ok(Cow::Borrowed(stored))
    }
}
