//! Moving pictures as GIF: 256 colours a frame, and times in hundredths of a
//! second, but every program shows them.

use super::{Picture, PictureError};
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, RgbaImage};
use std::io::Write;
use std::time::Duration;

/// How fast colours are chosen: 1 is best, 30 fastest.
const SPEED: i32 = 10;

/// A GIF that is written frame by frame, so that no more than one is in memory.
pub struct GifWriter<W: Write> {
    encoder: GifEncoder<W>,
}

impl<W: Write> GifWriter<W> {
    /// Begins an endless animation.
    ///
    /// # Errors
    /// If `out` refuses.
    pub fn new(out: W) -> Result<Self, PictureError> {
        let mut encoder = GifEncoder::new_with_speed(out, SPEED);
        encoder.set_repeat(Repeat::Infinite).map_err(refused)?;
        Ok(Self { encoder })
    }

    /// Adds a frame, shown for so many milliseconds (rounded to tens).
    ///
    /// # Errors
    /// If it is no picture, or `out` refuses.
    pub fn frame(&mut self, frame: &Picture, delay_ms: u32) -> Result<(), PictureError> {
        frame.check()?;
        let rgba = frame.with_channels(4);
        let (width, height) = (rgba.width as u32, rgba.height as u32);
        let picture = RgbaImage::from_raw(width, height, rgba.pixels)
            .ok_or_else(|| PictureError::Gif("a frame has too few pixels".into()))?;
        let delay = Delay::from_saturating_duration(Duration::from_millis(delay_ms.into()));
        let frame = Frame::from_parts(picture, 0, 0, delay);
        self.encoder.encode_frame(frame).map_err(refused)
    }
}

fn refused(error: image::ImageError) -> PictureError {
    PictureError::Gif(error.to_string())
}

/// An endless animation of frames, each shown for its milliseconds.
///
/// # Errors
/// [`PictureError`] where there are no frames, or one is no picture.
pub fn write_gif(frames: &[Picture], delays_ms: &[u32]) -> Result<Vec<u8>, PictureError> {
    if frames.is_empty() {
        return Err(PictureError::NoFrames);
    }
    let mut bytes = Vec::new();
    let mut writer = GifWriter::new(&mut bytes)?;
    for (index, frame) in frames.iter().enumerate() {
        writer.frame(frame, delays_ms.get(index).copied().unwrap_or(100))?;
    }
    drop(writer);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::gallery::still;

    #[test]
    fn frames_and_their_times_read_back() {
        let frames = [0_u8, 128, 255].map(|value| Picture::filled(4, 3, &[value, 0, 9]));
        let read = still(&write_gif(&frames, &[50, 70, 110]).unwrap()).unwrap();
        assert!(read.gif);
        assert_eq!(read.frames, frames);
        assert_eq!(read.delays_ms, [50, 70, 110]);
        assert!(write_gif(&[], &[]).is_err());
    }
}
