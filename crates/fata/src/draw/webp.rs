//! A picture as a lossless WebP.

use super::{Picture, PictureError};
use crate::ship::Provenance;
use image_webp::{ColorType, WebPEncoder};

impl Picture {
    /// The picture as a lossless WebP that says where it came from, in an XMP packet.
    ///
    /// # Errors
    ///
    /// [`PictureError::Shape`] where the samples do not fill the picture, and
    /// [`PictureError::Webp`] where it is larger than a WebP may be (16384 pixels a side).
    pub fn encode_webp(&self, notes: &Provenance) -> Result<Vec<u8>, PictureError> {
        self.check()?;
        let colour = match self.channels {
            1 => ColorType::L8,
            3 => ColorType::Rgb8,
            _ => ColorType::Rgba8,
        };
        // A side beyond 32 bits is refused by the encoder as well.
        let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let mut bytes = Vec::new();
        let mut encoder = WebPEncoder::new(&mut bytes);
        encoder.set_xmp_metadata(notes.xmp().into_bytes());
        encoder
            .encode(&self.pixels, side(self.width), side(self.height), colour)
            .map_err(|error| PictureError::Webp(error.to_string()))?;
        Ok(bytes)
    }
}
