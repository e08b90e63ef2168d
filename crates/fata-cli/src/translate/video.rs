//! Videos, decoded and encoded by `ffmpeg` where it is installed. Frames go
//! through pipes as PPM pictures, so no more than one is in memory, and sound is
//! copied.

use super::{Outcome, TranslateArgs, progress_bar, usage};
use crate::ffmpeg::{ENDINGS, Encoder, Extras, is_video, start};
use anyhow::{Context, bail};
use fata::Picture;
use fata::ship::Translating;
use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The most pixels of a frame: a header is not believed further.
const MOST_PIXELS: usize = 1 << 27;

/// What can be done without ffmpeg.
const INSTEAD: &str = "translate a GIF, an APNG or a folder of frames";

pub(super) fn translate(
    arguments: &TranslateArgs,
    translating: &Translating,
) -> anyhow::Result<Outcome> {
    let (input, out) = (&arguments.input, &arguments.out);
    if !is_video(out) {
        return Err(usage(format!(
            "a video becomes a video: name it with one of .{}, not {}",
            ENDINGS.join(", ."),
            out.display()
        )));
    }
    std::fs::metadata(input).with_context(|| format!("cannot read {}", input.display()))?;
    let rate = frame_rate(input)?;
    let mut decoder = start(
        Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(input)
            .args(["-f", "image2pipe", "-vcodec", "ppm", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
        INSTEAD,
    )?;
    let extras = Extras {
        sound_of: Some(input),
        comment: None,
    };
    let mut encoder = Encoder::begin(out, &rate, &extras, INSTEAD)?;
    let bar = progress_bar(0, arguments.quiet);
    let piped = pipe(&mut decoder, &mut encoder, translating, &bar);
    bar.finish_and_clear();
    let status = decoder
        .wait()
        .with_context(|| format!("decoding {}", input.display()))?;
    let outcome = piped?;
    if !status.success() {
        bail!(
            "ffmpeg failed decoding {} ({status}): see what it said above",
            input.display()
        );
    }
    if outcome.pictures == 0 {
        bail!("{} holds no pictures", input.display());
    }
    encoder.finish()?;
    Ok(outcome)
}

fn pipe(
    decoder: &mut Child,
    encoder: &mut Encoder,
    translating: &Translating,
    bar: &indicatif::ProgressBar,
) -> anyhow::Result<Outcome> {
    let Some(frames) = decoder.stdout.take() else {
        bail!("ffmpeg was started without pipes");
    };
    let mut frames = BufReader::new(frames);
    let mut outcome = Outcome {
        files: 1,
        ..Outcome::default()
    };
    while let Some(frame) = read_ppm(&mut frames)? {
        let picture = translating.picture(&frame)?;
        encoder.frame(&picture)?;
        outcome.add(&picture);
        bar.inc(1);
    }
    Ok(outcome)
}

/// Frames a second, as ffmpeg writes them: `30000/1001`.
fn frame_rate(input: &Path) -> anyhow::Result<String> {
    let mut probe = Command::new("ffprobe");
    probe
        .args(["-v", "error", "-select_streams", "v:0"])
        .args(["-show_entries", "stream=r_frame_rate", "-of", "csv=p=0"])
        .arg(input)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let output = start(&mut probe, INSTEAD)?.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text
        .lines()
        .next()
        .unwrap_or_default()
        .trim()
        .trim_end_matches(',');
    let plain = !rate.is_empty()
        && rate
            .bytes()
            .all(|b| b.is_ascii_digit() || b"/.".contains(&b));
    if !output.status.success() || !plain {
        bail!("{} is no video that ffmpeg can read", input.display());
    }
    Ok(rate.to_owned())
}

/// The next picture of a stream of binary PPMs; none at its end.
fn read_ppm(stream: &mut impl Read) -> anyhow::Result<Option<Picture>> {
    let mut magic = [0; 2];
    if stream.read(&mut magic[..1])? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut magic[1..])?;
    if &magic != b"P6" {
        bail!("ffmpeg sent something that is no PPM picture");
    }
    let mut number = || -> anyhow::Result<usize> {
        let (mut digits, mut byte) = (String::new(), [0]);
        loop {
            stream.read_exact(&mut byte)?;
            match byte[0] {
                digit @ b'0'..=b'9' if digits.len() < 9 => digits.push(digit.into()),
                b' ' | b'\n' | b'\r' | b'\t' if digits.is_empty() => {}
                b' ' | b'\n' | b'\r' | b'\t' => return Ok(digits.parse()?),
                _ => bail!("ffmpeg sent a PPM picture with a damaged header"),
            }
        }
    };
    let (width, height, most) = (number()?, number()?, number()?);
    if most != 255 || width == 0 || height == 0 || width.saturating_mul(height) > MOST_PIXELS {
        bail!("ffmpeg sent a PPM picture of {width}x{height} and {most} levels");
    }
    let mut pixels = vec![0; width * height * 3];
    stream.read_exact(&mut pixels)?;
    Ok(Some(Picture {
        width,
        height,
        channels: 3,
        pixels,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ppm_pictures_follow_one_another_and_damage_is_an_error() {
        let mut stream: &[u8] = b"P6\n2 1\n255\nabcdefP6 1 1 255\nxyz";
        let first = read_ppm(&mut stream).unwrap().unwrap();
        assert_eq!(
            (first.width, first.height, &first.pixels[..]),
            (2, 1, &b"abcdef"[..])
        );
        assert_eq!(read_ppm(&mut stream).unwrap().unwrap().pixels, b"xyz");
        assert!(read_ppm(&mut stream).unwrap().is_none());
        for bad in [
            &b"P5\n1 1\n255\nx"[..],
            b"P6\n1 1\n",
            b"P6\n0 1\n255\n",
            b"P6\n999999999 9\n255\n",
            b"P6 1 1 255 xy",
        ] {
            assert!(read_ppm(&mut { bad }).is_err(), "{bad:?}");
        }
    }
}
