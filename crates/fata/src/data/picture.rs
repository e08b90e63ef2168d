//! One picture file: reading its header cheaply, and decoding it safely.
//!
//! The format is told from the content, never from the name. A header is
//! believed only up to [`LARGEST_SIDE`] and [`LARGEST_DECODED_BYTES`], so that
//! a few bytes cannot ask for gigabytes; EXIF orientation is applied; and a
//! decoder that panics is a bad file, not a crash. Resizing is `fit`'s work.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::fit::{self, Fit, Shape};
use crate::draw::Picture;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader};

/// The longest side that is decoded, in pixels: beyond any camera's picture.
pub const LARGEST_SIDE: u32 = 16_384;

/// The most memory one decoded picture may take: 256 MiB, 8192x8192 RGBA.
pub const LARGEST_DECODED_BYTES: u64 = 256 << 20;

/// The longest side of a picture that stands alone and is worked on in parts.
const LARGEST_PANORAMA_SIDE: u32 = 1 << 17;

/// The most memory that such a picture may take, decoded.
const LARGEST_PANORAMA_BYTES: u64 = 512 << 20;

/// The largest picture file that is read.
pub const LARGEST_FILE_BYTES: u64 = 256 << 20;

/// What a picture's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// Whether there is an alpha channel.
    pub alpha: bool,
    /// Whether there is colour.
    pub colour: bool,
    /// Bits per channel: 8, 16 or 32.
    pub bits: u8,
    /// The file format.
    pub format: ImageFormat,
}

impl Header {
    /// "grey", "RGBA", "16-bit RGB" and so on.
    pub fn colour_type(&self) -> String {
        let name = match (self.colour, self.alpha) {
            (false, false) => "grey",
            (false, true) => "grey with alpha",
            (true, false) => "RGB",
            (true, true) => "RGBA",
        };
        if self.bits == 8 {
            name.to_owned()
        } else {
            format!("{}-bit {name}", self.bits)
        }
    }
}

/// Reads the header out of a file's bytes, or its first bytes.
///
/// # Errors
/// A sentence that says what is wrong. With a prefix only, an error may mean
/// that the prefix was too short.
pub fn header(bytes: &[u8]) -> Result<Header, String> {
    guarded(|| {
        let (mut decoder, format) = decoder(bytes, LARGEST_SIDE, LARGEST_DECODED_BYTES)?;
        let (mut width, mut height) = decoder.dimensions();
        // A bad EXIF block costs the orientation, not the picture.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        if turns(orientation) {
            (width, height) = (height, width);
        }
        let colour_type = decoder.color_type();
        let alpha = match format {
            // The decoder reports RGBA for every GIF.
            ImageFormat::Gif => gif_is_transparent(bytes),
            _ => colour_type.has_alpha(),
        };
        Ok(Header {
            width,
            height,
            alpha,
            colour: colour_type.has_color(),
            bits: match colour_type {
                ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => 16,
                ColorType::Rgb32F | ColorType::Rgba32F => 32,
                _ => 8,
            },
            format,
        })
    })
}

/// Width and height that a file claims, however large; nothing is decoded.
///
/// # Errors
/// A sentence that says what is wrong with the header.
pub fn claimed_size(bytes: &[u8]) -> Result<[u32; 2], String> {
    guarded(|| {
        let (decoder, _) = decoder(bytes, u32::MAX, u64::MAX)?;
        let (width, height) = decoder.dimensions();
        Ok([width, height])
    })
}

/// Decodes a whole file: its first frame, upright.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    decode_within(bytes, LARGEST_SIDE, LARGEST_DECODED_BYTES)
}

/// Decodes a whole file and prepares it as data sets are: `[height, width,
/// channels]`, cut from the middle where these are no square.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn prepared(
    bytes: &[u8],
    [height, width, channels]: [usize; 3],
    fit: Fit,
) -> Result<Picture, String> {
    let side = height.max(width);
    let shape = Shape {
        side,
        channels,
        fit,
    };
    let square = fit::prepare(decode(bytes)?, shape)?;
    let [top, left] = [(side - height) / 2, (side - width) / 2];
    let rows = square.chunks_exact(side * channels).skip(top).take(height);
    Ok(Picture {
        width,
        height,
        channels,
        pixels: rows
            .flat_map(|row| &row[left * channels..][..width * channels])
            .copied()
            .collect(),
    })
}

/// Decodes a picture that stands alone and may be larger than those of a data
/// set.
pub(crate) fn decode_panorama(bytes: &[u8]) -> Result<DynamicImage, String> {
    decode_within(bytes, LARGEST_PANORAMA_SIDE, LARGEST_PANORAMA_BYTES)
}

fn decode_within(bytes: &[u8], side: u32, most: u64) -> Result<DynamicImage, String> {
    guarded(|| {
        let (mut decoder, format) = decoder(bytes, side, most)?;
        if format == ImageFormat::Jpeg && !jpeg_is_whole(bytes) {
            return Err("the JPEG is truncated".to_owned());
        }
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut picture =
            DynamicImage::from_decoder(decoder).map_err(|error| format!("damaged: {error}"))?;
        picture.apply_orientation(orientation);
        Ok(picture)
    })
}

/// Whether a file begins like a picture of a kind that can be read.
pub fn looks_like_a_picture(prefix: &[u8]) -> bool {
    image::guess_format(prefix).is_ok_and(is_supported)
}

fn is_supported(format: ImageFormat) -> bool {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    matches!(format, Png | Jpeg | WebP | Gif | Bmp | Tiff)
}

/// Opens a decoder whose picture has at most this side and takes at most so
/// many bytes.
pub(super) fn decoder(
    bytes: &[u8],
    largest_side: u32,
    most_bytes: u64,
) -> Result<(impl ImageDecoder + '_, ImageFormat), String> {
    if bytes.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let format = image::guess_format(bytes)
        .ok()
        .filter(|&format| is_supported(format))
        .ok_or_else(|| {
            "not a picture (no PNG, JPEG, WebP, GIF, BMP or TIFF signature)".to_owned()
        })?;
    let decoder = ImageReader::with_format(Cursor::new(bytes), format)
        .into_decoder()
        .map_err(|error| format!("bad header: {error}"))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(format!("it claims {width}x{height} pixels: nothing to see"));
    }
    if width > largest_side || height > largest_side {
        return Err(format!(
            "it claims {width}x{height} pixels; at most {largest_side} a side are read"
        ));
    }
    if decoder.total_bytes() > most_bytes {
        return Err(format!(
            "it claims {width}x{height} pixels, {} MiB decoded; at most {} MiB are read",
            decoder.total_bytes() >> 20,
            most_bytes >> 20
        ));
    }
    Ok((decoder, format))
}

/// Runs a decoder; its panic becomes a reason to skip the file. Reasons are one
/// line, whatever the decoder says.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("damaged: the decoder gave up on it".to_owned()))
        .map_err(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn turns(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(
        orientation,
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH
    )
}

/// Whether a JPEG's scans run to the end marker. The decoder fills what is
/// missing with grey instead of refusing it.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(offset) = bytes
        .get(at..)
        .and_then(|rest| rest.iter().position(|&b| b == 0xFF))
    {
        at += offset;
        match bytes.get(at + 1) {
            Some(0xD9) => return true,
            // Fill bytes, stuffed zeros, restart markers and TEM stand alone.
            Some(0xFF) => at += 1,
            Some(0x00 | 0x01 | 0xD0..=0xD8) => at += 2,
            Some(_) => {
                let Some(length) = bytes.get(at + 2..at + 4) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]])).max(2);
            }
            None => return false,
        }
    }
    false
}

/// Whether a GIF's first frame has a transparent colour.
fn gif_is_transparent(bytes: &[u8]) -> bool {
    let Some(&flags) = bytes.get(10) else {
        return false;
    };
    let mut at = 13;
    if flags & 0x80 != 0 {
        at += 3 << ((flags & 7) + 1);
    }
    // Extension blocks come before the first image descriptor.
    while bytes.get(at) == Some(&0x21) {
        if bytes.get(at + 1) == Some(&0xF9) && bytes.get(at + 3).is_some_and(|flags| flags & 1 == 1)
        {
            return true;
        }
        at += 2;
        while let Some(&length) = bytes.get(at) {
            at += 1 + usize::from(length);
            if length == 0 {
                break;
            }
        }
    }
    false
}
