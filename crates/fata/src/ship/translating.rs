//! Pictures of any size, through a network of one.
//!
//! A picture that is larger than the network's side is cut into tiles that
//! overlap, and what the tiles became is blended, each pixel most by the tile in
//! whose middle it lies. One row of tiles is in work at a time, so beyond the two
//! pictures themselves memory grows with the width alone. A smaller picture is
//! enlarged until its longer side fits, and comes back in its own size. What is
//! missing at the edges goes on as the edge's own pixels.

use super::model::ModelError;
use super::translator::{Direction, Translator};
use crate::data::{Drawing, blacken_transparent, resized};
use crate::draw::Picture;

/// How much neighbouring tiles overlap: this part of their side.
const OVERLAP: usize = 4;
/// Pixels of tiles that go through the network at once.
const BATCH_PIXELS: usize = 1 << 16;

/// What is done with pictures larger than the network's side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Each part at its own size.
    #[default]
    Tiles,
    /// The whole picture made smaller, and what becomes of it enlarged again.
    Whole,
}

impl std::str::FromStr for Extent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "tiles" => Ok(Self::Tiles),
            "whole" => Ok(Self::Whole),
            _ => Err("use tiles or whole".into()),
        }
    }
}

/// How pictures are to be translated.
#[derive(Clone, Debug)]
pub struct Translating {
    translator: Translator,
    direction: Direction,
    extent: Extent,
    drawing: Option<Drawing>,
    enlarging: usize,
}

impl Translating {
    /// A way of translating. With `draw`, the network's kind of input (edges and
    /// the like) is drawn from each picture first.
    ///
    /// # Errors
    /// If the model does not go that way, or was not trained on drawings.
    pub fn new(
        translator: Translator,
        direction: Direction,
        extent: Extent,
        draw: bool,
    ) -> Result<Self, ModelError> {
        if direction == Direction::Ba && !translator.goes_back() {
            return Err(ModelError::OneWay);
        }
        let drawing = translator.drawing().filter(|_| direction == Direction::Ab);
        if draw && drawing.is_none() {
            return Err(ModelError::NotDrawn);
        }
        // A model that makes small pictures sharp is given small pictures.
        let enlarging = match drawing {
            Some(Drawing::Small { factor }) if !draw => factor,
            _ => 1,
        };
        Ok(Self {
            translator,
            direction,
            extent,
            drawing: drawing.filter(|_| draw),
            enlarging,
        })
    }

    /// What a picture becomes: of its own size and aspect (larger, where the model
    /// makes small pictures sharp), with its own transparency unless the model
    /// makes one.
    ///
    /// # Errors
    /// If the picture has no pixels.
    pub fn picture(&self, picture: &Picture) -> Result<Picture, ModelError> {
        self.picture_unless(picture, &|| false)
    }

    /// As [`Translating::picture`], but given up where `unwanted` says so, which is
    /// asked between tiles.
    ///
    /// # Errors
    /// As there, and [`ModelError::Unwanted`].
    pub fn picture_unless(
        &self,
        picture: &Picture,
        unwanted: &dyn Fn() -> bool,
    ) -> Result<Picture, ModelError> {
        let [channels, channels_out] = self.translator.channels(self.direction);
        let mut input = match self.drawing {
            Some(drawing) => {
                let plain = as_learnt(picture, channels_out);
                let size = [plain.width, plain.height];
                Picture {
                    pixels: drawing.draw(&plain.pixels, size, channels_out, None),
                    channels,
                    ..plain
                }
            }
            None => as_learnt(picture, channels),
        };
        let mut alpha = (picture.channels == 4 && channels != 4 && channels_out != 4)
            .then(|| plane(picture, 3));
        if self.enlarging > 1 {
            let to = [input.width, input.height].map(|side| side * self.enlarging);
            input = scaled(&input, to)?;
            alpha = alpha.map(|alpha| scaled(&alpha, to)).transpose()?;
        }
        let made = self.fitted(&input, unwanted)?;
        Ok(match alpha {
            Some(alpha) => with_alpha(&made.with_channels(3), &alpha),
            None => made,
        })
    }

    /// The picture, made larger or smaller for the network where it has to be.
    fn fitted(&self, input: &Picture, unwanted: &dyn Fn() -> bool) -> Result<Picture, ModelError> {
        let side = self.translator.side();
        let (width, height) = (input.width, input.height);
        let longest = width.max(height);
        if longest == side || (longest > side && self.extent == Extent::Tiles) {
            return self.tiled(input, unwanted);
        }
        let to = [width, height].map(|length| {
            let scaled = (length as f64 * side as f64 / longest as f64).round() as usize;
            scaled.clamp(1, side)
        });
        let made = self.tiled(&scaled(input, to)?, unwanted)?;
        scaled(&made, [width, height])
    }

    /// The picture, tile by tile.
    fn tiled(&self, input: &Picture, unwanted: &dyn Fn() -> bool) -> Result<Picture, ModelError> {
        let side = self.translator.side();
        let [channels, out] = self.translator.channels(self.direction);
        let (width, height) = (input.width, input.height);
        let [columns, rows] = [width, height].map(|length| starts(length, side));
        let [across, down] = [(&columns, width), (&rows, height)]
            .map(|(starts, length)| total_weights(starts, length, side));
        let ramp = ramp(side);
        let mut pixels = Vec::with_capacity(width * height * out);
        // Sums of the rows from `top` on that are not finished.
        let mut sums = vec![0.0_f32; side * width * out];
        let at_once = (BATCH_PIXELS / (side * side)).max(1);
        for (index, &top) in rows.iter().enumerate() {
            for some in columns.chunks(at_once) {
                if unwanted() {
                    return Err(ModelError::Unwanted);
                }
                let mut values = Vec::with_capacity(some.len() * side * side * channels);
                for &left in some {
                    push_tile(&mut values, input, [left, top], side);
                }
                let made = self.translator.run(self.direction, &values, some.len());
                for (tile, &left) in made.chunks_exact(side * side * out).zip(some) {
                    for y in 0..side.min(height - top) {
                        for x in 0..side.min(width - left) {
                            let weight = ramp[y] * ramp[x];
                            let from = (y * side + x) * out;
                            let to = (y * width + left + x) * out;
                            for channel in 0..out {
                                sums[to + channel] += weight * tile[from + channel];
                            }
                        }
                    }
                }
            }
            let next = rows.get(index + 1).copied().unwrap_or(height);
            for (y, down) in down.iter().enumerate().take(next).skip(top) {
                let row = (y - top) * width * out;
                for x in 0..width {
                    let weight = across[x] * down;
                    let sum = &sums[row + x * out..][..out];
                    pixels.extend(
                        sum.iter()
                            .map(|sum| ((sum / weight + 1.0) * 127.5).round() as u8),
                    );
                }
            }
            let done = ((next - top) * width * out).min(sums.len());
            sums.copy_within(done.., 0);
            let kept = sums.len() - done;
            sums[kept..].fill(0.0);
        }
        let picture = Picture {
            width,
            height,
            channels: out,
            pixels,
        };
        match picture.width > 0 && picture.height > 0 {
            true => Ok(picture),
            false => Ok(Picture::from_signed(&[], height, width, out)?),
        }
    }
}

/// Where tiles begin along an axis: evenly, each overlapping the next.
fn starts(length: usize, side: usize) -> Vec<usize> {
    if length <= side {
        return vec![0];
    }
    let overlap = side / OVERLAP;
    let count = (length - overlap).div_ceil(side - overlap);
    let last = count - 1;
    (0..count).map(|at| at * (length - side) / last).collect()
}

/// A tile's share in its pixels along an axis: least at its ends.
fn ramp(side: usize) -> Vec<f32> {
    let overlap = (side / OVERLAP).max(1) as f32;
    let rise = |from_end: usize| ((from_end + 1) as f32 / overlap).min(1.0);
    (0..side).map(|at| rise(at.min(side - 1 - at))).collect()
}

/// The sum of all tiles' shares at each place of an axis.
fn total_weights(starts: &[usize], length: usize, side: usize) -> Vec<f32> {
    let ramp = ramp(side);
    let mut total = vec![0.0; length];
    for &start in starts {
        for (place, share) in total[start..].iter_mut().zip(&ramp) {
            *place += share;
        }
    }
    total
}

/// A picture in the channels of a network, and as training was shown it: what is
/// wholly transparent has no colour.
fn as_learnt(picture: &Picture, channels: usize) -> Picture {
    let mut plain = picture.with_channels(channels);
    if channels == 4 {
        blacken_transparent(&mut plain.pixels);
    }
    plain
}

/// A square of the picture as numbers; beyond its edges the edge goes on.
fn push_tile(values: &mut Vec<f32>, picture: &Picture, [left, top]: [usize; 2], side: usize) {
    let channels = picture.channels;
    for y in top..top + side {
        let row = y.min(picture.height - 1) * picture.width;
        for x in left..left + side {
            let at = (row + x.min(picture.width - 1)) * channels;
            let pixel = &picture.pixels[at..at + channels];
            values.extend(pixel.iter().map(|&value| f32::from(value) / 127.5 - 1.0));
        }
    }
}

fn scaled(picture: &Picture, to: [usize; 2]) -> Result<Picture, ModelError> {
    let from = [picture.width, picture.height];
    if from == to {
        return Ok(picture.clone());
    }
    let pixels = resized(&picture.pixels, from, to, picture.channels)
        .map_err(|reason| ModelError::Resize { reason })?;
    Ok(Picture {
        width: to[0],
        height: to[1],
        channels: picture.channels,
        pixels,
    })
}

fn plane(picture: &Picture, channel: usize) -> Picture {
    let pixels = picture
        .pixels
        .iter()
        .skip(channel)
        .step_by(picture.channels);
    Picture {
        pixels: pixels.copied().collect(),
        channels: 1,
        ..*picture
    }
}

fn with_alpha(colour: &Picture, alpha: &Picture) -> Picture {
    let pixels = colour.pixels.chunks_exact(3).zip(&alpha.pixels);
    Picture {
        pixels: pixels.flat_map(|(c, &a)| [c[0], c[1], c[2], a]).collect(),
        channels: 4,
        ..*colour
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_every_place_and_overlap() {
        for (length, side) in [(64, 64), (65, 64), (200, 64), (20_000, 256), (10, 64)] {
            let starts = starts(length, side);
            assert!(
                total_weights(&starts, length, side)
                    .iter()
                    .all(|&w| w > 0.0)
            );
            let last = *starts.last().unwrap();
            assert_eq!(last, length.saturating_sub(side));
            for pair in starts.windows(2) {
                let overlap = pair[0] + side - pair[1];
                assert!(overlap >= side / OVERLAP, "{overlap} of {side} in {length}");
            }
        }
    }

    #[test]
    fn a_colour_that_cannot_be_seen_says_nothing() {
        let hidden = Picture {
            width: 2,
            height: 1,
            channels: 4,
            pixels: vec![9, 8, 7, 0, 6, 5, 4, 1],
        };
        assert_eq!(as_learnt(&hidden, 4).pixels, [0, 0, 0, 0, 6, 5, 4, 1]);
    }
}
