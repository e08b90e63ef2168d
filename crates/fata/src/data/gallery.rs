//! Pictures one after another, as their files have them: of any size, still or
//! moving; from a file, a folder or a zip. Where a data set makes all pictures
//! alike, this keeps each as it is.

use super::archive::Archive;
use super::picture::{self, LARGEST_FILE_BYTES};
use super::{DataError, folder, shelf};
use crate::draw::Picture;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::{AnimationDecoder, DynamicImage, ImageFormat};
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// The most memory that the frames of one animation may take, decoded.
const LARGEST_ANIMATION_BYTES: usize = 1 << 30;

/// A still picture, or a moving one.
#[derive(Clone, Debug)]
pub struct Still {
    /// The pictures: one, or the frames of an animation.
    pub frames: Vec<Picture>,
    /// How long each frame is shown; empty for a still.
    pub delays_ms: Vec<u32>,
    /// Whether the file is a GIF.
    pub gif: bool,
}

enum Source {
    File(PathBuf),
    Folder(PathBuf, Vec<PathBuf>),
    Zip(Box<Archive>),
}

/// Pictures by number.
pub struct Gallery {
    source: Source,
    /// Printable names and places, in the order of the names' bytes.
    items: Vec<(String, usize)>,
    /// Whether it is one file.
    pub single: bool,
}

impl Gallery {
    /// Opens a picture, a folder or a zip. Files that do not begin like a
    /// picture are passed over, unless their names claim that they are one.
    ///
    /// # Errors
    /// If it cannot be read or holds nothing that may be a picture.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let metadata = std::fs::metadata(path).map_err(|error| DataError::read(path, error))?;
        let zipped = || -> Result<bool, DataError> {
            let beginning = folder::read(path, 4);
            let beginning = beginning.map_err(|reason| DataError::malformed(path, reason))?;
            Ok(beginning.starts_with(b"PK"))
        };
        let (source, listing) = if metadata.is_dir() {
            let (listing, paths) = folder::list(path)?;
            (Source::Folder(path.to_owned(), paths), listing)
        } else if zipped()? {
            let archive = Archive::open(path)?;
            let listing = archive.list();
            (Source::Zip(Box::new(archive)), listing)
        } else {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            return Ok(Self {
                items: vec![(name.into_owned(), 0)],
                source: Source::File(path.to_owned()),
                single: true,
            });
        };
        let mut candidates = listing.candidates;
        candidates.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let mut gallery = Self {
            source,
            items: Vec::new(),
            single: false,
        };
        let claimed = candidates
            .into_iter()
            .filter(|file| {
                shelf::claims_to_be_a_picture(&file.name)
                    || (gallery.bytes(file.place, 64))
                        .is_ok_and(|beginning| picture::looks_like_a_picture(&beginning))
            })
            .map(|file| (shelf::printable(&file.name), file.place))
            .collect::<Vec<_>>();
        if claimed.is_empty() {
            return Err(DataError::malformed(
                path,
                "there is no picture in it (PNG, JPEG, WebP, GIF, BMP, TIFF)",
            ));
        }
        gallery.items = claimed;
        Ok(gallery)
    }

    /// How many files there are.
    #[allow(
        clippy::len_without_is_empty,
        reason = "an empty gallery cannot be opened"
    )]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// The name of a file: relative, its parts divided by `/`.
    pub fn name(&self, index: usize) -> &str {
        &self.items[index].0
    }

    /// A file, decoded.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn read(&self, index: usize) -> Result<Still, String> {
        let bytes = self.bytes(self.items[index].1, LARGEST_FILE_BYTES)?;
        still(&bytes)
    }

    fn bytes(&self, place: usize, limit: u64) -> Result<Vec<u8>, String> {
        match &self.source {
            Source::File(path) => folder::read(path, limit),
            Source::Folder(root, paths) => folder::read(&root.join(&paths[place]), limit),
            Source::Zip(archive) => archive.read(place, limit),
        }
    }
}

/// A picture file's bytes, decoded: its frames, if it moves.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn still(bytes: &[u8]) -> Result<Still, String> {
    let format = image::guess_format(bytes).ok();
    let gif = format == Some(ImageFormat::Gif);
    let moving = gif || (format == Some(ImageFormat::Png) && has_animation(bytes));
    if moving {
        let (frames, delays_ms) = picture::guarded(|| frames(bytes, gif))?;
        if frames.len() > 1 {
            return Ok(Still {
                frames,
                delays_ms,
                gif,
            });
        }
    }
    Ok(Still {
        frames: vec![plain(picture::decode_panorama(bytes)?)],
        delays_ms: Vec::new(),
        gif,
    })
}

/// A picture file's bytes, decoded: its first frame, if it moves.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn picture(bytes: &[u8]) -> Result<Picture, String> {
    Ok(plain(picture::decode(bytes)?))
}

/// Whether a PNG has an `acTL` chunk, which an APNG has before its pixels.
fn has_animation(png: &[u8]) -> bool {
    let head = &png[..png.len().min(1 << 16)];
    let pixels = head.windows(4).position(|part| part == b"IDAT");
    let head = &head[..pixels.unwrap_or(head.len())];
    head.windows(4).any(|part| part == b"acTL")
}

fn frames(bytes: &[u8], gif: bool) -> Result<(Vec<Picture>, Vec<u32>), String> {
    picture::decoder(bytes, picture::LARGEST_SIDE, picture::LARGEST_DECODED_BYTES)?;
    let damaged = |error: image::ImageError| format!("damaged: {error}");
    let all = match gif {
        true => GifDecoder::new(Cursor::new(bytes))
            .map_err(damaged)?
            .into_frames(),
        false => PngDecoder::new(Cursor::new(bytes))
            .and_then(PngDecoder::apng)
            .map_err(damaged)?
            .into_frames(),
    };
    let (mut pictures, mut delays, mut total) = (Vec::new(), Vec::new(), 0);
    for frame in all {
        let frame = frame.map_err(damaged)?;
        let (numerator, denominator) = frame.delay().numer_denom_ms();
        delays.push(numerator / denominator.max(1));
        let rgba = frame.into_buffer();
        total += rgba.len();
        if total > LARGEST_ANIMATION_BYTES {
            return Err(format!(
                "its frames take more than {} MiB: cut the animation into parts, or make a video of it",
                LARGEST_ANIMATION_BYTES >> 20
            ));
        }
        pictures.push(plain(DynamicImage::ImageRgba8(rgba)));
    }
    // Frames come with alpha, whether or not any pixel has some.
    let clear = |picture: &Picture| picture.pixels.iter().skip(3).step_by(4).any(|&a| a < 255);
    if !pictures.iter().any(clear) {
        pictures = pictures
            .iter()
            .map(|picture| picture.with_channels(3))
            .collect();
    }
    Ok((pictures, delays))
}

/// A decoded picture with 1, 3 or 4 channels of eight bits.
fn plain(picture: DynamicImage) -> Picture {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let colour = picture.color();
    let (channels, pixels) = match (colour.has_alpha(), colour.has_color()) {
        (true, _) => (4, picture.into_rgba8().into_raw()),
        (false, true) => (3, picture.into_rgb8().into_raw()),
        (false, false) => (1, picture.into_luma8().into_raw()),
    };
    Picture {
        width,
        height,
        channels,
        pixels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::write_apng;
    use crate::ship::Provenance;

    #[test]
    fn the_frames_of_an_animation_are_read_and_a_still_is_one() {
        let frames = [10_u8, 90, 200].map(|value| Picture::filled(3, 2, &[value, 0, value]));
        let notes = Provenance::new("test");
        let moving = still(&write_apng(&frames, 40, &notes).unwrap()).unwrap();
        assert_eq!(moving.frames, frames);
        assert_eq!(moving.delays_ms[0], 40);
        let one = still(&frames[1].encode_png(&notes).unwrap()).unwrap();
        assert_eq!((&one.frames[..], one.delays_ms.len()), (&frames[1..2], 0));
        assert!(still(b"GIF89a").is_err());
        assert!(still(b"").is_err());
    }

    #[test]
    fn a_panorama_is_read_although_no_data_set_has_one() {
        let wide = Picture::filled(20_000, 2, &[7]);
        let bytes = wide.encode_png(&Provenance::new("test")).unwrap();
        assert!(picture::decode(&bytes).is_err());
        assert_eq!(still(&bytes).unwrap().frames[0], wide);
    }
}
