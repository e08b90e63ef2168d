//! The part of a course that a diagnosis looks at: the last third for what is,
//! the third before it for where that is going.

use super::course::Line;

/// The fewest ticks that say where a run is going.
pub(super) const FEWEST_TICKS: usize = 4;
/// The share of recent ticks that must show a sign.
const MOSTLY: f64 = 0.7;
/// A run is getting somewhere while its distance falls by more than this from
/// one third to the next.
const PROGRESS: f64 = 0.85;
/// Or by this, while it is already at half of where it began.
const SLOW_PROGRESS: f64 = 0.95;
/// A step forward is this much of what the last ticks scatter by, at least.
const STEP: f64 = 0.4;
/// Progress leads about as near as the run ever was, at least.
const ON_THE_WAY: f64 = 1.6;
/// Samples have fallen back when they are so many times as far as they once were.
const FELL_BACK: f64 = 1.15;
/// Below this the distance is all noise: there is nowhere left to go.
const NEAR: f64 = 0.02;

/// The ticks of a run, or those after the last thing that was done to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'a> {
    pub(super) lines: &'a [Line],
}

impl<'a> Window<'a> {
    /// The last third of the ticks, at least three.
    pub(super) fn recent(self) -> &'a [Line] {
        let count = self.lines.len().div_ceil(3).clamp(3, 12);
        &self.lines[self.lines.len().saturating_sub(count)..]
    }

    /// The last two thirds, at least five.
    pub(super) fn long(self) -> &'a [Line] {
        let count = (2 * self.lines.len() / 3).clamp(5, 24);
        &self.lines[self.lines.len().saturating_sub(count)..]
    }

    /// The recent median of a figure.
    pub(super) fn median(self, name: &str) -> Option<f64> {
        median(self.recent(), name)
    }

    /// Whether most of the recent ticks show a sign.
    pub(super) fn mostly(self, sign: impl Fn(&Line) -> bool) -> bool {
        let recent = self.recent();
        let shown = recent.iter().filter(|line| sign(line)).count();
        self.lines.len() >= FEWEST_TICKS && shown as f64 >= MOSTLY * recent.len() as f64
    }

    /// The images at which a sign began that has been there since: one tick
    /// without it is let pass.
    pub(super) fn since(self, sign: impl Fn(&Line) -> bool) -> Option<u64> {
        let (mut first, mut missed) = (None, 0);
        for line in self.lines.iter().rev() {
            match sign(line) {
                true => (first, missed) = (Some(line.images_seen), 0),
                false if missed == 1 => break,
                false => missed += 1,
            }
        }
        first
    }

    /// Whether the samples are still coming nearer to the data. `None` where
    /// the log does not say.
    pub(super) fn improving(self) -> Option<bool> {
        let [middle, last] = self.last_thirds()?;
        let before = &self.lines[..self.lines.len() - last.len()];
        let first = self.lines.first()?.get("distance")?;
        let middle = median(middle, "distance")?;
        let Spread {
            median: now,
            low,
            high,
            count,
        } = spread(last, "distance")?;
        if now < NEAR {
            return Some(now < PROGRESS * middle && middle >= NEAR);
        }
        let still = count >= 3 && high - low < 0.05 * now;
        let moving = now < PROGRESS * middle || now < 0.5 * first && now < SLOW_PROGRESS * middle;
        // And a step smaller than how far the ticks are apart is none.
        let moving = moving && middle - now > STEP * (high - low);
        // What comes nearer after having left is on its way back, not forward.
        let before = before.iter().filter_map(|line| line.get("distance"));
        let best = before.fold(f64::INFINITY, f64::min);
        let moving = moving && now < ON_THE_WAY * best;
        Some(moving && !still)
    }

    /// Whether the run is on its way: nearer to the data, or making more of them.
    pub(super) fn forward(self) -> bool {
        self.improving() == Some(true) || self.covering() == Some(true)
    }

    /// Whether the generator makes more of the data than before: what it leaves out
    /// shrinks, by more than ticks are apart. `None` where the log does not say.
    fn covering(self) -> Option<bool> {
        let [middle, last] = self.last_thirds()?.map(|lines| spread(lines, "missing"));
        let (middle, last) = (middle?, last?);
        let step = middle.median - last.median;
        Some(last.median < PROGRESS * middle.median && step > STEP * (last.high - last.low))
    }

    /// The third of the ticks before the last, and the last.
    fn last_thirds(self) -> Option<[&'a [Line]; 2]> {
        let third = (self.lines.len() / 3).max(1);
        let (before, last) = self.lines.split_at(self.lines.len().checked_sub(third)?);
        Some([&before[before.len().saturating_sub(third)..], last])
    }

    /// Whether the samples were nearer to the data before than they are now. `None`
    /// where the log does not say.
    pub(super) fn falling_back(self) -> Option<bool> {
        let now = self.median("distance")?;
        let nearest = self
            .lines
            .windows(3)
            .filter_map(|lines| median(lines, "distance"));
        let nearest = nearest.fold(f64::INFINITY, f64::min);
        Some(now > NEAR && now > FELL_BACK * nearest)
    }
}

/// The median of a figure over ticks that have it.
pub(super) fn median(lines: &[Line], name: &str) -> Option<f64> {
    spread(lines, name).map(|spread| spread.median)
}

/// Where a figure lies over some ticks.
struct Spread {
    median: f64,
    low: f64,
    high: f64,
    /// Ticks that have it.
    count: usize,
}

fn spread(lines: &[Line], name: &str) -> Option<Spread> {
    let mut values: Vec<f64> = lines.iter().filter_map(|line| line.get(name)).collect();
    values.sort_by(f64::total_cmp);
    Some(Spread {
        median: *values.get(values.len() / 2)?,
        low: *values.first()?,
        high: *values.last()?,
        count: values.len(),
    })
}
