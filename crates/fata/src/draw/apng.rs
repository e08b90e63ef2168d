//! Animations: PNG frames, one after another, in one file.
//!
//! A run keeps each frame as a PNG of its own and puts the animation together
//! anew at every tick. The frames' compressed data is only copied, so this
//! costs little, the file is whole at any time, and resuming needs nothing but
//! the frames.

use super::{Picture, PictureError};
use crate::ship::Provenance;
use std::io::Write;

/// More frames than this make an animation that nobody watches to its end.
pub const MOST_FRAMES: usize = 300;

/// How long the last frame is shown at least, in milliseconds: it is the one
/// people want to look at.
const LAST_FRAME_MS: u16 = 2000;

/// The first bytes of every PNG.
///
/// # Source
///
/// Portable Network Graphics (third edition), section 5.2.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// An endless animation of `frames`, as an APNG that says where it came from.
///
/// # Errors
///
/// [`PictureError`] where there are no frames, or they differ in size or channels.
pub fn write_apng(
    frames: &[Picture],
    delay_ms: u16,
    notes: &Provenance,
) -> Result<Vec<u8>, PictureError> {
    let pngs: Result<Vec<_>, _> = frames.iter().map(|frame| frame.encode_png(notes)).collect();
    assemble_apng(&pngs?, delay_ms)
}

/// An endless animation of frames that are PNGs already. The notes of the
/// first frame are those of the animation.
///
/// # Errors
///
/// [`PictureError`] where there are no frames, one is no PNG or damaged, or
/// they differ in size or colour type. PNGs with a palette are refused.
///
/// # Source
///
/// Portable Network Graphics (third edition), section 11.3.6, animation
/// information.
pub fn assemble_apng(pngs: &[impl AsRef<[u8]>], delay_ms: u16) -> Result<Vec<u8>, PictureError> {
    if pngs.is_empty() {
        return Err(PictureError::NoFrames);
    }
    let size: usize = pngs.iter().map(|png| png.as_ref().len() + 64).sum();
    let plan = Animation {
        frames: pngs.len() as u32,
        delay_ms,
        last_ms: delay_ms.max(LAST_FRAME_MS),
    };
    let mut writer = ApngWriter::new(Vec::with_capacity(size), plan);
    for png in pngs {
        writer.frame(png.as_ref())?;
    }
    writer.finish()
}

/// What an animation's first chunks say of all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Animation {
    /// How many frames there will be.
    pub frames: u32,
    /// How long each is shown, in milliseconds.
    pub delay_ms: u16,
    /// How long the last one is shown, in milliseconds.
    pub last_ms: u16,
}

/// An APNG that is written frame by frame, each a PNG already, so that no more
/// than one is in memory. The notes of the first are those of the animation.
pub struct ApngWriter<W: Write> {
    out: W,
    plan: Animation,
    header: Vec<u8>,
    written: u32,
    sequence: u32,
}

impl<W: Write> ApngWriter<W> {
    /// Begins an endless animation.
    pub fn new(out: W, plan: Animation) -> Self {
        Self {
            out,
            plan,
            header: Vec::new(),
            written: 0,
            sequence: 0,
        }
    }

    /// Adds a frame.
    ///
    /// # Errors
    /// As [`assemble_apng`], or if `out` refuses.
    pub fn frame(&mut self, png: &[u8]) -> Result<(), PictureError> {
        let frame = self.written as usize;
        let parts = Parts::read(png).map_err(|what| PictureError::Decode { frame, what })?;
        if frame == 0 {
            self.header = parts.header.to_vec();
            self.out.write_all(SIGNATURE)?;
            self.chunk(b"IHDR", &[parts.header])?;
            let frames = self.plan.frames.to_be_bytes();
            self.chunk(b"acTL", &[&frames, &[0; 4]])?;
            for (kind, data) in &parts.notes {
                self.chunk(kind, &[data])?;
            }
        } else if parts.header != self.header {
            return Err(PictureError::Frames {
                frame,
                found: describe(parts.header),
                expected: describe(&self.header),
            });
        }
        let last = self.written + 1 == self.plan.frames;
        let delay = if last {
            self.plan.last_ms
        } else {
            self.plan.delay_ms
        };
        // Number, width, height, offsets of zero, delay in thousandths of a
        // second, and: leave the frame as it is, overwrite the one before.
        let number = self.next();
        self.chunk(
            b"fcTL",
            &[
                &number,
                &parts.header[..8],
                &[0; 8],
                &delay.to_be_bytes(),
                &1000u16.to_be_bytes(),
                &[0, 0],
            ],
        )?;
        for data in &parts.data {
            if frame == 0 {
                self.chunk(b"IDAT", &[data])?;
            } else {
                let number = self.next();
                self.chunk(b"fdAT", &[&number, data])?;
            }
        }
        self.written += 1;
        Ok(())
    }

    /// Ends the animation.
    ///
    /// # Errors
    /// If `out` refuses, or there are not as many frames as were planned.
    pub fn finish(mut self) -> Result<W, PictureError> {
        if self.written == 0 || self.written != self.plan.frames {
            return Err(PictureError::NoFrames);
        }
        self.chunk(b"IEND", &[])?;
        Ok(self.out)
    }

    fn next(&mut self) -> [u8; 4] {
        self.sequence += 1;
        (self.sequence - 1).to_be_bytes()
    }

    /// Appends a chunk whose data is in pieces.
    fn chunk(&mut self, kind: &[u8; 4], data: &[&[u8]]) -> Result<(), PictureError> {
        let length: usize = data.iter().map(|piece| piece.len()).sum();
        self.out.write_all(&(length as u32).to_be_bytes())?;
        self.out.write_all(kind)?;
        for piece in data {
            self.out.write_all(piece)?;
        }
        self.out.write_all(&checksum_of(kind, data).to_be_bytes())?;
        Ok(())
    }
}

/// Which of `count` frames to show where only `most` shall be: evenly spread,
/// the first and the last always among them.
pub fn frames_to_show(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    match most {
        0 => Vec::new(),
        1 => vec![count - 1],
        _ => (0..most).map(|k| k * (count - 1) / (most - 1)).collect(),
    }
}

/// The parts of a PNG that an animation is made of.
struct Parts<'a> {
    header: &'a [u8],
    notes: Vec<(&'a [u8; 4], &'a [u8])>,
    data: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// Takes a PNG apart, or says what is wrong with it.
    fn read(png: &'a [u8]) -> Result<Self, &'static str> {
        let mut rest = png.strip_prefix(SIGNATURE).ok_or("it is no PNG")?;
        let mut parts = Self {
            header: &[],
            notes: Vec::new(),
            data: Vec::new(),
        };
        loop {
            let chunk = Chunk::read(rest)?;
            rest = chunk.rest;
            let (kind, data) = (chunk.kind, chunk.data);
            match kind {
                b"IHDR" => parts.header = data,
                b"IDAT" => parts.data.push(data),
                b"PLTE" => return Err("it has a palette, which frames may not"),
                b"acTL" => return Err("it is an animation already"),
                b"IEND" => break,
                b"tEXt" | b"iTXt" | b"zTXt" => parts.notes.push((kind, data)),
                _ => {}
            }
        }
        if parts.header.len() != 13 || parts.data.is_empty() {
            return Err("it has no picture in it");
        }
        Ok(parts)
    }
}

/// One chunk of a PNG, its checksum proven.
struct Chunk<'a> {
    kind: &'a [u8; 4],
    data: &'a [u8],
    /// What follows it.
    rest: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The first chunk of `bytes`.
    fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        const CUT: &str = "it ends too early";
        let (length, rest) = bytes.split_first_chunk().ok_or(CUT)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (kind, rest) = rest.split_first_chunk().ok_or(CUT)?;
        let (data, rest) = rest.split_at_checked(length).ok_or(CUT)?;
        let (checksum, rest) = rest.split_first_chunk().ok_or(CUT)?;
        if u32::from_be_bytes(*checksum) != checksum_of(kind, &[data]) {
            return Err("a checksum in it is wrong");
        }
        Ok(Self { kind, data, rest })
    }
}

/// The CRC-32 of a chunk: over its kind and its data.
fn checksum_of(kind: &[u8; 4], data: &[&[u8]]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    for piece in data {
        crc.update(piece);
    }
    crc.sum()
}

/// A PNG header in words.
fn describe(header: &[u8]) -> String {
    let side = |at: usize| {
        let bytes = header.get(at..at + 4).and_then(|b| b.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    };
    let colour = match header.get(9) {
        Some(0) => "grey",
        Some(2) => "RGB",
        Some(4) => "grey with alpha",
        Some(6) => "RGBA",
        _ => "of an unknown colour type",
    };
    format!("{} x {} {colour}", side(0), side(4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(value: u8) -> Picture {
        Picture {
            width: 40,
            height: 30,
            channels: 3,
            pixels: (0..3600u32).map(|i| (i * i) as u8 ^ value).collect(),
        }
    }

    #[test]
    fn an_animation_reads_back_frame_by_frame() {
        let frames = [frame(1), frame(2), frame(3)];
        let notes = Provenance::new("ring").with_seed(1);
        let bytes = write_apng(&frames, 80, &notes).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes))
            .read_info()
            .unwrap();
        let control = *reader.info().animation_control().unwrap();
        assert_eq!((control.num_frames, control.num_plays), (3, 0));
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        for (number, frame) in frames.iter().enumerate() {
            reader.next_frame(&mut pixels).unwrap();
            assert_eq!(pixels, frame.pixels);
            let delay = reader.info().frame_control().unwrap().delay_num;
            assert_eq!(delay, if number == 2 { LAST_FRAME_MS } else { 80 });
        }
        let said = &reader.info().uncompressed_latin1_text;
        assert!(said.iter().any(|chunk| chunk.text == notes.sentence()));
    }

    #[test]
    fn frames_that_do_not_fit_are_named() {
        let notes = Provenance::new("ring");
        let frames = [frame(1), frame(2).with_channels(1)];
        let error = write_apng(&frames, 80, &notes).unwrap_err().to_string();
        assert!(error.contains("frame 1 is 40 x 30 grey while the first frame is 40 x 30 RGB"));
        assert!(matches!(
            write_apng(&[], 80, &notes),
            Err(PictureError::NoFrames)
        ));
    }

    #[test]
    fn a_damaged_frame_is_named() {
        let good = frame(1).encode_png(&Provenance::new("ring")).unwrap();
        let mut flipped = good.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 4;
        for bad in [flipped, good[..middle].to_vec(), Vec::new()] {
            let error = assemble_apng(&[good.clone(), bad], 80).unwrap_err();
            assert!(matches!(error, PictureError::Decode { frame: 1, .. }));
        }
    }

    #[test]
    fn too_many_frames_are_thinned_evenly() {
        assert_eq!(frames_to_show(4, 9), [0, 1, 2, 3]);
        assert_eq!(frames_to_show(101, 5), [0, 25, 50, 75, 100]);
        assert_eq!(frames_to_show(7, 1), [6]);
        assert!(frames_to_show(0, 5).is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes: Vec<u8>, cut in 0usize..2000) {
            let _ = assemble_apng(&[bytes.clone()], 50);
            let mut png = frame(1).encode_png(&Provenance::new("ring")).unwrap();
            png.truncate(cut);
            png.append(&mut bytes);
            let _ = assemble_apng(&[png], 50);
        }
    }
}
