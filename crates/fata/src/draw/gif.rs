//! Moving pictures as GIF: 256 colours a frame, and times in hundredths of a
//! second, but every program shows them.

use super::{Picture, PictureError};
use image::codecs::gif::{GifEncoder, Repeat};
use image::{Delay, Frame, RgbaImage};
use std::time::Duration;

/// How fast colours are chosen: 1 is best, 30 fastest.
const SPEED: i32 = 10;

/// An endless animation of frames, each shown for its milliseconds.
///
/// # Errors
/// [`PictureError`] where there are no frames, or one is no picture.
pub fn write_gif(frames: &[Picture], delays_ms: &[u32]) -> Result<Vec<u8>, PictureError> {
    if frames.is_empty() {
        return Err(PictureError::NoFrames);
    }
    let refused = |error: image::ImageError| PictureError::Gif(error.to_string());
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, SPEED);
    encoder.set_repeat(Repeat::Infinite).map_err(refused)?;
    for (index, frame) in frames.iter().enumerate() {
        frame.check()?;
        let rgba = frame.with_channels(4);
        let (width, height) = (rgba.width as u32, rgba.height as u32);
        let picture = RgbaImage::from_raw(width, height, rgba.pixels)
            .ok_or_else(|| PictureError::Gif("a frame has too few pixels".into()))?;
        let delay = delays_ms.get(index).copied().unwrap_or(100);
        let delay = Delay::from_saturating_duration(Duration::from_millis(delay.into()));
        let frame = Frame::from_parts(picture, 0, 0, delay);
        encoder.encode_frame(frame).map_err(refused)?;
    }
    drop(encoder);
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
