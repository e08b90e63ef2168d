//! Where a walk goes: an animation, a video, a folder of frames, a table. Frames
//! are written as they are made, and no more than a few are in memory.

use super::{Frames, is_apng, is_folder, usage};
use crate::ffmpeg::{ENDINGS, Encoder, Extras, is_video};
use crate::space::has_ending;
use anyhow::Context;
use fata::draw::{Animation, ApngWriter, GifWriter};
use fata::files::{write_whole, write_whole_with};
use fata::ship::Provenance;
use indicatif::ProgressBar;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What shows a GIF waits a tenth of a second where a frame asks for less than two
/// hundredths.
const FASTEST_GIF: f64 = 50.0;

enum Form {
    Gif,
    Apng,
    Video,
    Folder,
    Table,
}

pub(super) struct Out {
    path: PathBuf,
    form: Form,
    fps: f64,
}

impl Out {
    /// What the name asks for.
    pub(super) fn new(path: &Path, fps: f64, points: bool) -> anyhow::Result<Self> {
        let form = if is_folder(path) {
            Form::Folder
        } else if has_ending(path, "gif") {
            Form::Gif
        } else if is_apng(path) {
            Form::Apng
        } else if is_video(path) {
            Form::Video
        } else if has_ending(path, "csv") {
            Form::Table
        } else {
            return usage(format!(
                "a walk is written to FILE.gif, .png, .apng, .{} or DIR/, not to {}",
                ENDINGS.join(", ."),
                path.display()
            ));
        };
        match (&form, points) {
            (Form::Table, false) => usage("this model makes pictures: write the walk to a .gif, .png or .mp4 file or to a folder (DIR/)".into()),
            (Form::Table, true) => Ok(()),
            (_, true) => usage("this model makes points: write the walk to a .csv file".into()),
            (Form::Gif, _) if fps > FASTEST_GIF => usage(format!(
                "a GIF shows at most {FASTEST_GIF} frames a second: write a .png or .mp4, or ask for a smaller --fps"
            )),
            _ => Ok(()),
        }?;
        Ok(Self {
            path: path.into(),
            form,
            fps,
        })
    }

    /// Writes all frames; returns how many files they became.
    pub(super) fn write(
        &self,
        mut frames: Frames,
        count: usize,
        notes: &Provenance,
        bar: &ProgressBar,
    ) -> anyhow::Result<usize> {
        let path = &self.path;
        match self.form {
            Form::Gif => whole(path, |file| {
                let mut writer = GifWriter::new(BufWriter::new(file))?;
                let mut shown = 0;
                while let Some(frame) = frames.picture()? {
                    // Hundredths of a second, so that rounding does not add up.
                    let at = |frame: usize| (100.0 * frame as f64 / self.fps).round() as u32;
                    writer.frame(&frame, 10 * (at(shown + 1) - at(shown)))?;
                    shown += 1;
                    bar.inc(1);
                }
                Ok(())
            }),
            Form::Apng => whole(path, |file| {
                let delay = (1000.0 / self.fps).round().clamp(1.0, 65_535.0) as u16;
                let plan = Animation {
                    frames: count as u32,
                    delay_ms: delay,
                    last_ms: delay,
                };
                let mut writer = ApngWriter::new(BufWriter::new(file), plan);
                while let Some(frame) = frames.picture()? {
                    writer.frame(&frame.encode_png(notes)?)?;
                    bar.inc(1);
                }
                Ok(writer.finish()?.flush()?)
            }),
            Form::Video => {
                let extras = Extras {
                    comment: Some(notes.sentence()),
                    ..Extras::default()
                };
                let instead = "write a .gif or .png animation or a folder of frames (DIR/)";
                let mut encoder = Encoder::begin(path, &self.fps.to_string(), &extras, instead)?;
                while let Some(frame) = frames.picture()? {
                    encoder.frame(&frame)?;
                    bar.inc(1);
                }
                encoder.finish()?;
                Ok(1)
            }
            Form::Folder => {
                std::fs::create_dir_all(path)
                    .with_context(|| format!("cannot make the folder {}", path.display()))?;
                let mut number = 0;
                while let Some(frame) = frames.picture()? {
                    let file = path.join(format!("frame{number:06}.png"));
                    write_whole(&file, &frame.encode_png(notes)?)?;
                    number += 1;
                    bar.inc(1);
                }
                Ok(number)
            }
            Form::Table => whole(path, |file| {
                let mut file = BufWriter::new(file);
                while let Some(samples) = frames.samples() {
                    let row: Vec<_> = samples.concat().iter().map(f32::to_string).collect();
                    writeln!(file, "{}", row.join(","))?;
                    bar.inc(1);
                }
                Ok(file.flush()?)
            }),
        }
    }
}

/// Writes one file, whole or not at all, and keeps the reason why not.
fn whole(
    path: &Path,
    fill: impl FnOnce(&mut std::fs::File) -> anyhow::Result<()>,
) -> anyhow::Result<usize> {
    let mut failed = None;
    let written = write_whole_with(path, |file| match fill(file) {
        Ok(()) => Ok(()),
        Err(error) => {
            // A full disk is told by what it is.
            let kind = error
                .downcast_ref::<std::io::Error>()
                .map(std::io::Error::kind);
            match kind {
                Some(kind) => Err(kind.into()),
                None => {
                    failed = Some(error);
                    Err(std::io::Error::other("stopped"))
                }
            }
        }
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(written.map(|()| 1)?),
    }
}
