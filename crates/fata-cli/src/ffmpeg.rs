//! Videos, decoded and encoded by `ffmpeg` where it is installed. Frames go
//! through pipes as PPM pictures, so no more than one is in memory.

use anyhow::{Context, bail};
use fata::Picture;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// What a video's name ends in.
pub(crate) const ENDINGS: [&str; 8] = ["mp4", "mkv", "webm", "mov", "avi", "m4v", "mpg", "ogv"];

pub(crate) fn is_video(path: &Path) -> bool {
    path.extension().is_some_and(|found| {
        ENDINGS
            .iter()
            .any(|ending| found.eq_ignore_ascii_case(ending))
    })
}

/// Starts ffmpeg or one of its family; `instead` says what can be done without.
pub(crate) fn start(command: &mut Command, instead: &str) -> anyhow::Result<Child> {
    command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow::anyhow!(
            "videos are decoded and encoded by ffmpeg, and it is not installed (or not in the PATH): install it, or {instead}"
        ),
        _ => anyhow::anyhow!("ffmpeg cannot be started: {error}"),
    })
}

/// A video that is written frame by frame, beside the wanted file until it is
/// whole. One that is given up leaves nothing.
pub(crate) struct Encoder {
    child: Child,
    frames: Option<BufWriter<ChildStdin>>,
    beside: PathBuf,
    out: PathBuf,
    whole: bool,
}

/// What goes into a video beside its frames.
#[derive(Default)]
pub(crate) struct Extras<'a> {
    /// A video whose sound is copied.
    pub(crate) sound_of: Option<&'a Path>,
    /// What is noted in its metadata.
    pub(crate) comment: Option<String>,
}

impl Encoder {
    /// Begins a video of `rate` frames a second, a number or a fraction.
    pub(crate) fn begin(
        out: &Path,
        rate: &str,
        extras: &Extras,
        instead: &str,
    ) -> anyhow::Result<Self> {
        let beside = out.with_file_name(format!(
            ".{}.tmp.{}",
            out.file_stem().unwrap_or_default().to_string_lossy(),
            out.extension().unwrap_or_default().to_string_lossy()
        ));
        let mut command = Command::new("ffmpeg");
        command
            .args(["-v", "error", "-y", "-f", "image2pipe", "-vcodec", "ppm"])
            .args(["-framerate", rate, "-i", "-"]);
        if let Some(video) = extras.sound_of {
            command.arg("-i").arg(video);
            command.args(["-map", "0:v", "-map", "1:a?", "-c:a", "copy"]);
        }
        if let Some(comment) = &extras.comment {
            command.args(["-metadata", &format!("comment={comment}")]);
        }
        command
            // Most encoders want even sides.
            .args(["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"])
            .args(["-pix_fmt", "yuv420p"])
            .arg(&beside)
            .stdin(Stdio::piped());
        let mut child = start(&mut command, instead)?;
        let frames = child.stdin.take().map(BufWriter::new);
        Ok(Self {
            child,
            frames,
            beside,
            out: out.into(),
            whole: false,
        })
    }

    pub(crate) fn frame(&mut self, picture: &Picture) -> anyhow::Result<()> {
        let Some(frames) = &mut self.frames else {
            bail!("ffmpeg was started without pipes");
        };
        let picture = picture.with_channels(3);
        let written = write!(frames, "P6\n{} {}\n255\n", picture.width, picture.height)
            .and_then(|()| frames.write_all(&picture.pixels));
        written.context("ffmpeg takes no more frames: see what it said above")
    }

    /// Ends the video and puts it where it was wanted.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        if let Some(mut frames) = self.frames.take() {
            frames
                .flush()
                .context("ffmpeg takes no more frames: see what it said above")?;
        }
        let status = self.child.wait().context("waiting for ffmpeg")?;
        let out = self.out.display();
        if !status.success() {
            bail!("ffmpeg failed encoding {out} ({status}): see what it said above");
        }
        std::fs::rename(&self.beside, &self.out).with_context(|| format!("cannot write {out}"))?;
        self.whole = true;
        Ok(())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        if !self.whole {
            // Its end of the pipe closes, so it ends by itself; nothing was written
            // where it could not be removed either.
            self.frames = None;
            let _ = self.child.wait();
            let _ = std::fs::remove_file(&self.beside);
        }
    }
}
