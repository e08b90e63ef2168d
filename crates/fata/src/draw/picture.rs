//! One picture of eight-bit samples, and its PNG.

use crate::ship::Provenance;
use crate::ship::provenance::XMP_KEYWORD;

/// A picture: rows from the top, pixels from the left, channels together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// 1 is grey, 3 is RGB, 4 is RGB with straight alpha.
    pub channels: usize,
    /// `height * width * channels` samples.
    pub pixels: Vec<u8>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The shape is not that of a picture, or not that of the values.
    #[error(
        "{values} values are no picture of {width} x {height} with {channels} channels: give height * width * channels of them, with 1, 3 or 4 channels"
    )]
    Shape {
        /// How many values there are.
        values: usize,
        /// The width asked for, in pixels.
        width: usize,
        /// The height asked for, in pixels.
        height: usize,
        /// The channels asked for.
        channels: usize,
    },
    /// There is nothing to put into an animation.
    #[error("an animation needs at least one frame: give it the pictures to show")]
    NoFrames,
    /// A frame does not fit the animation it should join.
    #[error(
        "frame {frame} is {found} while the first frame is {expected}: an animation needs frames of one size and colour type"
    )]
    Frames {
        /// The frame, counted from 0.
        frame: usize,
        /// What it is.
        found: String,
        /// What the first one is.
        expected: String,
    },
    /// Bytes that should be a PNG are not one.
    #[error("frame {frame} cannot be read as a PNG: {what}. Remove it or write it again")]
    Decode {
        /// The frame, counted from 0.
        frame: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// What an animation is written to refuses.
    #[error(transparent)]
    Written(#[from] std::io::Error),
    /// The GIF writer refuses.
    #[error(
        "the animation cannot be encoded as GIF: {0}. Write a .png instead, which is larger and exact"
    )]
    Gif(String),
    /// The PNG writer refuses.
    #[error("the picture cannot be encoded as PNG: {0}. Try fewer or smaller pictures")]
    Encode(#[from] png::EncodingError),
    /// The WebP writer refuses.
    #[error("the picture cannot be encoded as WebP: {0}. Try a smaller one, or PNG")]
    Webp(String),
}

impl Picture {
    /// A picture of one colour, given as its `channels` samples.
    pub fn filled(width: usize, height: usize, colour: &[u8]) -> Self {
        Self {
            width,
            height,
            channels: colour.len(),
            pixels: colour.repeat(width * height),
        }
    }

    /// The picture that a network's output means: `round((v + 1) * 127.5)`,
    /// clamped. What is not a number becomes black.
    ///
    /// # Shapes
    ///
    /// `values` is [height, width, channels] in [-1, 1].
    ///
    /// # Errors
    ///
    /// [`PictureError::Shape`] where that is not so, or `channels` is not 1, 3 or 4.
    pub fn from_signed(
        values: &[f32],
        height: usize,
        width: usize,
        channels: usize,
    ) -> Result<Self, PictureError> {
        let picture = Self {
            width,
            height,
            channels,
            // A cast from a float saturates, and takes NaN to 0.
            pixels: values
                .iter()
                .map(|v| ((v + 1.0) * 127.5).round() as u8)
                .collect(),
        };
        picture.check()?;
        Ok(picture)
    }

    /// The same picture with each pixel a square of `factor` by `factor`.
    #[must_use]
    pub fn enlarged(&self, factor: usize) -> Self {
        let factor = factor.max(1);
        let row = self.width * self.channels;
        let mut pixels = Vec::with_capacity(self.pixels.len() * factor * factor);
        for line in self.pixels.chunks_exact(row.max(1)) {
            let wide: Vec<u8> = line
                .chunks_exact(self.channels.max(1))
                .flat_map(|pixel| std::iter::repeat_n(pixel, factor).flatten().copied())
                .collect();
            for _ in 0..factor {
                pixels.extend_from_slice(&wide);
            }
        }
        Self {
            width: self.width * factor,
            height: self.height * factor,
            channels: self.channels,
            pixels,
        }
    }

    /// The same picture with `channels` channels: grey is repeated, colour is
    /// averaged to grey with the weights of Rec. 601, and alpha is laid over
    /// white or added opaque.
    #[must_use]
    pub fn with_channels(&self, channels: usize) -> Self {
        if channels == self.channels {
            return self.clone();
        }
        let mut pixels = Vec::with_capacity(self.width * self.height * channels);
        for pixel in self.pixels.chunks_exact(self.channels.max(1)) {
            let [r, g, b, a] = match *pixel {
                [r, g, b, a] => [r, g, b, a],
                [r, g, b] => [r, g, b, 255],
                _ => [pixel[0], pixel[0], pixel[0], 255],
            };
            let over = |v: u8| ((v as u32 * a as u32 + 255 * (255 - a as u32) + 127) / 255) as u8;
            match channels {
                4 => pixels.extend([r, g, b, a]),
                3 => pixels.extend([over(r), over(g), over(b)]),
                _ => {
                    let [r, g, b] = [over(r), over(g), over(b)].map(u32::from);
                    pixels.push(((299 * r + 587 * g + 114 * b + 500) / 1000) as u8);
                }
            }
        }
        Self {
            channels,
            pixels,
            ..*self
        }
    }

    /// The picture as a PNG that says where it came from.
    ///
    /// # Errors
    ///
    /// [`PictureError::Shape`] where the samples do not fill the picture, and
    /// [`PictureError::Encode`] where it is larger than a PNG may be.
    pub fn encode_png(&self, notes: &Provenance) -> Result<Vec<u8>, PictureError> {
        self.encode(Some(notes))
    }

    /// The picture as a PNG that says nothing of where it came from: for those who
    /// are to find out by looking.
    ///
    /// # Errors
    ///
    /// As [`Picture::encode_png`].
    pub fn encode_png_without_notes(&self) -> Result<Vec<u8>, PictureError> {
        self.encode(None)
    }

    fn encode(&self, notes: Option<&Provenance>) -> Result<Vec<u8>, PictureError> {
        self.check()?;
        let mut bytes = Vec::new();
        let mut encoder = self.encoder(&mut bytes)?;
        if let Some(notes) = notes {
            add_notes(&mut encoder, notes)?;
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(bytes)
    }

    /// A PNG encoder of the picture's size and colours.
    pub(super) fn encoder<'a>(
        &self,
        bytes: &'a mut Vec<u8>,
    ) -> Result<png::Encoder<'static, &'a mut Vec<u8>>, PictureError> {
        let side = |pixels| u32::try_from(pixels).map_err(|_| self.misshapen());
        let mut encoder = png::Encoder::new(bytes, side(self.width)?, side(self.height)?);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_color(match self.channels {
            1 => png::ColorType::Grayscale,
            3 => png::ColorType::Rgb,
            _ => png::ColorType::Rgba,
        });
        Ok(encoder)
    }

    pub(super) fn check(&self) -> Result<(), PictureError> {
        let wanted = self
            .width
            .checked_mul(self.height)
            .and_then(|area| area.checked_mul(self.channels));
        let whole = wanted == Some(self.pixels.len()) && !self.pixels.is_empty();
        if whole && matches!(self.channels, 1 | 3 | 4) {
            Ok(())
        } else {
            Err(self.misshapen())
        }
    }

    fn misshapen(&self) -> PictureError {
        PictureError::Shape {
            values: self.pixels.len(),
            width: self.width,
            height: self.height,
            channels: self.channels,
        }
    }
}

/// Puts the text chunks of `notes` into a PNG that is about to be written.
pub(super) fn add_notes<W: std::io::Write>(
    encoder: &mut png::Encoder<'_, W>,
    notes: &Provenance,
) -> Result<(), PictureError> {
    for (keyword, text) in notes.chunks() {
        // The older chunk is the one every tool reads, but it holds no Unicode,
        // and an XMP packet must be in the newer one.
        if text.is_ascii() && keyword != XMP_KEYWORD {
            encoder.add_text_chunk(keyword.into(), text)?;
        } else {
            encoder.add_itxt_chunk(keyword.into(), text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ship::provenance::DIGITAL_SOURCE_TYPE;

    #[test]
    fn signed_values_are_rounded_and_clamped() {
        let picture =
            Picture::from_signed(&[-1.0, 0.0, 1.0, -7.0, 7.0, f32::NAN], 2, 3, 1).unwrap();
        assert_eq!(picture.pixels, [0, 128, 255, 0, 255, 0]);
        assert!(Picture::from_signed(&[0.0; 6], 2, 2, 1).is_err());
        assert!(Picture::from_signed(&[0.0; 8], 2, 2, 2).is_err());
        assert!(Picture::from_signed(&[], 0, 0, 1).is_err());
    }

    #[test]
    fn enlarging_repeats_pixels_both_ways() {
        let picture = Picture {
            width: 2,
            height: 1,
            channels: 3,
            pixels: vec![1, 2, 3, 4, 5, 6],
        };
        let row = [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6];
        let large = picture.enlarged(2);
        assert_eq!((large.width, large.height), (4, 2));
        assert_eq!(large.pixels, [row, row].concat());
    }

    #[test]
    fn channels_convert_both_ways() {
        let clear = Picture::filled(1, 1, &[10, 20, 30, 0]);
        assert_eq!(clear.with_channels(3).pixels, [255, 255, 255]);
        let grey = Picture::filled(1, 1, &[9]);
        assert_eq!(grey.with_channels(4).pixels, [9, 9, 9, 255]);
        assert_eq!(grey.with_channels(3).with_channels(1).pixels, [9]);
    }

    #[test]
    fn a_png_reads_back_with_its_pixels_and_its_notes() {
        for channels in [1, 3, 4] {
            let picture = Picture {
                width: 3,
                height: 2,
                channels,
                pixels: (0..6 * channels as u8).map(|v| v * 9).collect(),
            };
            let notes = Provenance::new("Möwen & Co").with_seed("0-5");
            let bytes = picture.encode_png(&notes).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes))
                .read_info()
                .unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            assert_eq!(pixels, picture.pixels);

            let info = reader.info();
            let xmp = info
                .utf8_text
                .iter()
                .find(|chunk| chunk.keyword == XMP_KEYWORD)
                .unwrap();
            assert!(!xmp.compressed);
            let xmp = xmp.get_text().unwrap();
            assert!(xmp.contains(&format!(
                "<Iptc4xmpExt:DigitalSourceType>{DIGITAL_SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>"
            )));
            assert!(xmp.contains("model Möwen &amp; Co, seeds 0-5"));
            let said = info
                .utf8_text
                .iter()
                .find(|chunk| chunk.keyword == "Description")
                .unwrap();
            assert_eq!(said.get_text().unwrap(), notes.sentence());
            let software = info
                .uncompressed_latin1_text
                .iter()
                .find(|chunk| chunk.keyword == "Software")
                .unwrap();
            assert_eq!(software.text, notes.software);
        }
    }
}
