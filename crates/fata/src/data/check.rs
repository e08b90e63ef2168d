//! `fata data check`: everything there is to know about data before anyone
//! waits for a training run.
//!
//! Every picture is decoded, on all threads, so what is damaged is found here
//! and not an hour into training. Nothing is changed and nothing is kept.

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;
use serde::Serialize;

use super::dataset::Store;
use super::error::Skipped;
use super::fit::Fit;
use super::loader::DEFAULT_MEMORY_BUDGET_BYTES;
use super::{DataError, Dataset, Kind};

/// How many lines of a list the printed report shows; JSON has all of them.
const SHOWN: usize = 10;

/// Something and how often it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// What.
    pub name: String,
    /// How often.
    pub count: usize,
}

/// A size in pixels and how often it was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SizeCount {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How often.
    pub count: usize,
}

/// One column of a table of points, in its own units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Column {
    /// The mean.
    pub mean: f64,
    /// The standard deviation.
    pub deviation: f64,
}

/// How the data would be trained on: what the one who asks knows, and the data
/// do not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Training {
    /// The recipe's name.
    pub recipe: String,
    /// Items in its batch.
    pub batch: usize,
    /// Pixels a side, if they were asked for.
    pub resolution: Option<usize>,
    /// What happens to pictures that are not square.
    pub fit: Fit,
}

/// What training would do with the data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Pixels a side; none for points.
    pub resolution: Option<usize>,
    /// Channels of a picture, or columns of a point.
    pub channels: usize,
    /// What happens to pictures that are not square.
    pub fit: Fit,
    /// The recipe.
    pub recipe: String,
    /// The command that trains so.
    pub command: String,
    /// Items in a batch.
    pub batch: usize,
    /// Batches in one pass through the data.
    pub batches_per_epoch: usize,
    /// Memory that the prepared data takes, in bytes.
    pub memory_bytes: u64,
    /// Whether that fits the loader's budget; if not, the rest is decoded again.
    pub cached: bool,
}

/// The report of `fata data check`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was checked.
    pub path: String,
    /// Its short name.
    pub name: String,
    /// `images` or `points`.
    pub kind: &'static str,
    /// Items that can be used.
    pub usable: usize,
    /// Files that look like pictures and cannot be used, each with the reason.
    pub unreadable: Vec<Skipped>,
    /// Files that are not pictures and do not claim to be.
    pub other_files: usize,
    /// Sizes, the commonest first.
    pub sizes: Vec<SizeCount>,
    /// Colour types, the commonest first.
    pub colour_types: Vec<Count>,
    /// File formats, the commonest first.
    pub formats: Vec<Count>,
    /// Classes with their usable items, in the order of the labels.
    pub classes: Vec<Count>,
    /// Groups of items whose content is the same, byte for byte.
    pub duplicates: Vec<Vec<String>>,
    /// The columns of points.
    pub columns: Vec<Column>,
    /// What tells this data from other data.
    pub fingerprint: String,
    /// What training would do with it.
    pub training: Plan,
}

/// Decodes everything and reports.
///
/// # Errors
/// If not one item can be used.
pub fn check(dataset: &Dataset, training: &Training) -> Result<Report, DataError> {
    // Of each item: the hash of its content, or nothing if it is unreadable.
    let hashes: Vec<Option<u128>> = (0..dataset.len())
        .into_par_iter()
        .map(|index| dataset.examine(index))
        .collect();
    let usable: Vec<usize> = (0..hashes.len())
        .filter(|&index| hashes[index].is_some())
        .collect();
    if usable.is_empty() {
        return Err(dataset.nothing_usable());
    }
    let mut classes: Vec<Count> = dataset
        .classes()
        .iter()
        .map(|name| Count {
            name: name.clone(),
            count: 0,
        })
        .collect();
    for label in usable.iter().filter_map(|&index| dataset.label(index)) {
        if let Some(class) = classes.get_mut(label as usize) {
            class.count += 1;
        }
    }
    let mut report = Report {
        path: dataset.path().display().to_string(),
        name: dataset.name().to_owned(),
        kind: match dataset.kind() {
            Kind::Images { .. } => "images",
            Kind::Points { .. } => "points",
        },
        usable: usable.len(),
        unreadable: dataset.skipped(),
        other_files: 0,
        sizes: Vec::new(),
        colour_types: Vec::new(),
        formats: Vec::new(),
        classes,
        duplicates: duplicates(dataset, &hashes),
        columns: Vec::new(),
        fingerprint: dataset.fingerprint(),
        training: plan(dataset, usable.len(), training),
    };
    describe(dataset, &usable, &mut report);
    Ok(report)
}

/// Fills in what depends on the kind of data.
fn describe(dataset: &Dataset, usable: &[usize], report: &mut Report) {
    let colour = |channels| match channels {
        1 => "grey",
        3 => "RGB",
        _ => "RGBA",
    };
    let raw = |pictures: &super::idx::Pictures, channels, report: &mut Report| {
        report.sizes = vec![SizeCount {
            width: pictures.width as u32,
            height: pictures.height as u32,
            count: usable.len(),
        }];
        report.colour_types = vec![Count {
            name: colour(channels).to_owned(),
            count: usable.len(),
        }];
        report.formats = vec![Count {
            name: "IDX".to_owned(),
            count: usable.len(),
        }];
    };
    match &dataset.store {
        Store::Files { shelf, .. } => {
            let headers = || usable.iter().map(|&index| shelf.entries[index].header);
            report.other_files = shelf.others;
            report.sizes = tally(headers().map(|header| (header.width, header.height)))
                .into_iter()
                .map(|((width, height), count)| SizeCount {
                    width,
                    height,
                    count,
                })
                .collect();
            report.colour_types = counts(headers().map(|header| header.colour_type()));
            report.formats =
                counts(headers().map(|header| format!("{:?}", header.format).to_uppercase()));
        }
        Store::Pixels { pictures, .. } => raw(pictures, pictures.channels, report),
        Store::Stacked { digits, .. } => raw(digits, 3, report),
        Store::Points(points) => {
            report.columns = points
                .units
                .mean
                .iter()
                .zip(&points.units.deviation)
                .map(|(&mean, &deviation)| Column { mean, deviation })
                .collect();
        }
    }
}

fn plan(dataset: &Dataset, usable: usize, training: &Training) -> Plan {
    let (resolution, channels, bytes) = match dataset.kind() {
        Kind::Images {
            channels, height, ..
        } => (Some(height), channels, channels * height * height),
        Kind::Points { dimensions } => (None, dimensions, 4 * dimensions),
    };
    let memory_bytes = bytes as u64 * usable as u64;
    Plan {
        resolution,
        channels,
        fit: training.fit,
        recipe: training.recipe.clone(),
        command: command(dataset, training),
        batch: training.batch,
        batches_per_epoch: usable.div_ceil(training.batch),
        memory_bytes,
        cached: !dataset.worth_caching() || memory_bytes <= DEFAULT_MEMORY_BUDGET_BYTES,
    }
}

/// What a person types to train on the data just as they were looked at.
fn command(dataset: &Dataset, training: &Training) -> String {
    let Some(path) = dataset.path().to_str() else {
        return "give the path a name that is text (UTF-8), or make a link to it that has one: a recipe names its data in text".to_owned();
    };
    let mut command = format!("fata train {} --recipe {}", quoted(path), training.recipe);
    if let Kind::Points { .. } = dataset.kind() {
        return command;
    }
    if let Some(side) = training.resolution {
        command += &format!(" --resolution {side}");
    }
    if training.fit != Fit::default() {
        command += &format!(" --fit {}", training.fit);
    }
    command
}

/// A path as a shell takes it whole.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/\\._-+:@%,".contains(c);
    if !path.is_empty() && path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// Points may well repeat, and generated pictures are drawn with replacement;
/// only files and IDX pictures are compared.
fn duplicates(dataset: &Dataset, hashes: &[Option<u128>]) -> Vec<Vec<String>> {
    if !matches!(dataset.store, Store::Files { .. } | Store::Pixels { .. }) {
        return Vec::new();
    }
    let mut groups: BTreeMap<u128, Vec<usize>> = BTreeMap::new();
    for (index, hash) in hashes.iter().enumerate() {
        if let Some(hash) = hash {
            groups.entry(*hash).or_default().push(index);
        }
    }
    let mut groups: Vec<Vec<usize>> = groups
        .into_values()
        .filter(|group| group.len() > 1)
        .collect();
    groups.sort_unstable();
    groups
        .into_iter()
        .map(|group| {
            group
                .into_iter()
                .map(|index| dataset.item_name(index))
                .collect()
        })
        .collect()
}

fn tally<T: Ord>(things: impl Iterator<Item = T>) -> Vec<(T, usize)> {
    let mut found = BTreeMap::new();
    for thing in things {
        *found.entry(thing).or_insert(0) += 1;
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
}

fn counts(names: impl Iterator<Item = String>) -> Vec<Count> {
    tally(names)
        .into_iter()
        .map(|(name, count)| Count { name, count })
        .collect()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.usable {
            1 => self.kind.trim_end_matches('s'),
            _ => self.kind,
        };
        writeln!(f, "{}: {} usable {kind}", self.path, self.usable)?;
        let sizes = self
            .sizes
            .iter()
            .map(|size| format!("{} of {}x{}", size.count, size.width, size.height));
        list(f, "sizes", sizes.collect())?;
        let counted = |counts: &[Count]| {
            counts
                .iter()
                .map(|c| format!("{} {}", c.count, c.name))
                .collect()
        };
        list(f, "colours", counted(&self.colour_types))?;
        list(f, "formats", counted(&self.formats))?;
        let columns = self
            .columns
            .iter()
            .map(|c| format!("mean {:.4} deviation {:.4}", c.mean, c.deviation));
        list(f, "columns", columns.collect())?;
        let classes: Vec<_> = self
            .classes
            .iter()
            .map(|c| format!("{} ({})", c.name, c.count))
            .collect();
        if classes.is_empty() {
            writeln!(f, "  classes    none")?;
        }
        list(f, "classes", classes)?;
        let extra: usize = self.duplicates.iter().map(|group| group.len() - 1).sum();
        if extra > 0 {
            writeln!(
                f,
                "  duplicates {extra} in {}:",
                several(self.duplicates.len(), "group")
            )?;
            block(
                f,
                self.duplicates
                    .iter()
                    .map(|group| group.join(" = "))
                    .collect(),
            )?;
        }
        if self.other_files > 0 {
            writeln!(
                f,
                "  left out   {}, no picture{}",
                several(self.other_files, "file"),
                if self.other_files == 1 { "" } else { "s" }
            )?;
        }
        if !self.unreadable.is_empty() {
            writeln!(f, "  unreadable {}:", self.unreadable.len())?;
            block(
                f,
                self.unreadable
                    .iter()
                    .map(|s| format!("{}: {}", s.path, s.reason))
                    .collect(),
            )?;
        }
        let plan = &self.training;
        match plan.resolution {
            Some(side) => write!(
                f,
                "  training   {side}x{side}, {}, --fit {}, ",
                several(plan.channels, "channel"),
                plan.fit
            )?,
            None => write!(
                f,
                "  training   points of {}, ",
                several(plan.channels, "column")
            )?,
        }
        let batches = match plan.batches_per_epoch {
            1 => "1 batch".to_owned(),
            many => format!("{many} batches"),
        };
        writeln!(f, "{batches} of {} a pass", plan.batch)?;
        let mebibytes = plan.memory_bytes.div_ceil(1 << 20);
        if plan.cached {
            writeln!(f, "             {mebibytes} MiB, kept in memory")?;
        } else {
            writeln!(
                f,
                "             {mebibytes} MiB; what does not fit the memory budget is decoded again"
            )?;
        }
        write!(f, "             {}", plan.command)
    }
}

/// `1 file`, `2 files`.
fn several(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// One line: a heading and the first few of its entries.
fn list(f: &mut fmt::Formatter<'_>, heading: &str, lines: Vec<String>) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    write!(
        f,
        "  {heading:<10} {}",
        lines[..lines.len().min(SHOWN)].join(", ")
    )?;
    if lines.len() > SHOWN {
        write!(f, ", and {} more", lines.len() - SHOWN)?;
    }
    writeln!(f)
}

/// Every entry on its own line; nothing is left out of these.
fn block(f: &mut fmt::Formatter<'_>, lines: Vec<String>) -> fmt::Result {
    lines.iter().try_for_each(|line| writeln!(f, "    {line}"))
}
