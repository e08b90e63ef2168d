//! How a decoded picture becomes a square of the wanted size and channels.
//!
//! Resizing is Lanczos with its window widened when shrinking, so that nothing
//! aliases; colours under alpha are premultiplied, so that no fringe appears;
//! and pixels that are wholly transparent are made black, because their colour
//! cannot be seen and should not be learned.

use std::fmt;
use std::str::FromStr;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::DynamicImage;
use serde::{Deserialize, Serialize};

/// What happens to a picture that is not square.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Keep the middle square.
    #[default]
    Crop,
    /// Keep everything, with black (transparent, where there is alpha) bars.
    Pad,
    /// Keep everything, squeezed.
    Stretch,
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crop => "crop",
            Self::Pad => "pad",
            Self::Stretch => "stretch",
        })
    }
}

impl FromStr for Fit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "crop" => Ok(Self::Crop),
            "pad" => Ok(Self::Pad),
            "stretch" => Ok(Self::Stretch),
            other => Err(format!("`{other}` is none of crop, pad, stretch")),
        }
    }
}

/// The shape that pictures are prepared to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Pixels a side.
    pub(crate) side: usize,
    /// 1 grey, 3 RGB, 4 RGBA.
    pub(crate) channels: usize,
    /// What happens to a picture that is not square.
    pub(crate) fit: Fit,
}

impl Shape {
    /// Bytes of one prepared picture.
    pub(crate) fn bytes(&self) -> usize {
        self.side * self.side * self.channels
    }
}

thread_local! {
    static RESIZER: std::cell::RefCell<Resizer> = std::cell::RefCell::new(Resizer::new());
}

/// Prepares a decoded picture: `shape.bytes()` bytes, `[height, width, channels]`.
///
/// # Errors
/// A sentence, if the resizer refuses; no size that decodes is known to do so.
pub(crate) fn prepare(picture: DynamicImage, shape: Shape) -> Result<Vec<u8>, String> {
    let (width, height) = (picture.width(), picture.height());
    let pixels = with_channels(picture, shape.channels);
    prepare_pixels(pixels, width as usize, height as usize, shape)
}

/// The same for raw pixels that already have the wanted channels.
pub(crate) fn prepare_pixels(
    pixels: Vec<u8>, // [height, width, channels]
    width: usize,
    height: usize,
    shape: Shape,
) -> Result<Vec<u8>, String> {
    let side = shape.side;
    let mut prepared = if (width, height) == (side, side) {
        pixels
    } else {
        match shape.fit {
            Fit::Crop | Fit::Stretch => resize(&pixels, (width, height), (side, side), shape)?,
            Fit::Pad => {
                let longest = width.max(height);
                let scaled = |length: usize| ((length * side + longest / 2) / longest).max(1);
                let inner = (scaled(width), scaled(height));
                let resized = resize(&pixels, (width, height), inner, shape)?;
                paste(&resized, inner, shape)
            }
        }
    };
    if shape.channels == 4 {
        blacken_transparent(&mut prepared);
    }
    Ok(prepared)
}

/// Makes pixels of four channels black that are wholly transparent.
pub(crate) fn blacken_transparent(pixels: &mut [u8]) {
    for pixel in pixels.chunks_exact_mut(4) {
        if pixel[3] == 0 {
            pixel.fill(0);
        }
    }
}

/// Resizes a picture to any size; sizes are width, height.
///
/// # Errors
/// A sentence, if the resizer refuses.
pub(crate) fn resized(
    pixels: &[u8],
    from: [usize; 2],
    to: [usize; 2],
    channels: usize,
) -> Result<Vec<u8>, String> {
    let shape = Shape {
        side: 0,
        channels,
        fit: Fit::Stretch,
    };
    resize(pixels, from.into(), to.into(), shape)
}

fn resize(
    pixels: &[u8],
    from: (usize, usize),
    to: (usize, usize),
    shape: Shape,
) -> Result<Vec<u8>, String> {
    let kind = match shape.channels {
        1 => PixelType::U8,
        3 => PixelType::U8x3,
        _ => PixelType::U8x4,
    };
    let source = ImageRef::new(from.0 as u32, from.1 as u32, pixels, kind)
        .map_err(|error| format!("cannot be resized: {error}"))?;
    let mut target = Image::new(to.0 as u32, to.1 as u32, kind);
    let mut options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    if shape.fit == Fit::Crop {
        options = options.fit_into_destination(Some((0.5, 0.5)));
    }
    RESIZER
        .with_borrow_mut(|resizer| resizer.resize(&source, &mut target, &options))
        .map_err(|error| format!("cannot be resized: {error}"))?;
    Ok(target.into_vec())
}

/// Puts a smaller picture into the middle of an empty square.
fn paste(pixels: &[u8], (width, height): (usize, usize), shape: Shape) -> Vec<u8> {
    let (side, channels) = (shape.side, shape.channels);
    let (left, top) = ((side - width) / 2, (side - height) / 2);
    let mut out = vec![0; shape.bytes()];
    for (y, row) in pixels.chunks_exact(width * channels).enumerate() {
        let start = ((top + y) * side + left) * channels;
        out[start..start + row.len()].copy_from_slice(row);
    }
    out
}

/// Brings a picture to 1, 3 or 4 channels of 8 bits. Where alpha is dropped,
/// the picture is laid on white.
fn with_channels(picture: DynamicImage, channels: usize) -> Vec<u8> {
    if channels == 4 {
        return picture.into_rgba8().into_raw();
    }
    let opaque = if picture.color().has_alpha() {
        let mut rgba = picture.into_rgba8();
        for pixel in rgba.pixels_mut() {
            let alpha = u32::from(pixel[3]);
            for channel in &mut pixel.0[..3] {
                *channel = ((u32::from(*channel) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
            }
            pixel[3] = 255;
        }
        DynamicImage::ImageRgba8(rgba)
    } else {
        picture
    };
    if channels == 1 {
        opaque.into_luma8().into_raw()
    } else {
        opaque.into_rgb8().into_raw()
    }
}
