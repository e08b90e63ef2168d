//! Videos, decoded and encoded by `ffmpeg` where it is installed. Frames go
//! through pipes as PPM pictures, so no more than one is in memory, and sound is
//! copied.

use super::{Outcome, TranslateArgs, out, progress_bar, usage};
use anyhow::{Context, bail};
use fata::Picture;
use fata::ship::Translating;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

const ENDINGS: [&str; 8] = ["mp4", "mkv", "webm", "mov", "avi", "m4v", "mpg", "ogv"];
/// The most pixels of a frame: a header is not believed further.
const MOST_PIXELS: usize = 1 << 27;

pub(super) fn is_video(path: &Path) -> bool {
    ENDINGS.iter().any(|ending| out::has_ending(path, ending))
}

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
    )?;
    // Beside the wanted file, so that what stops half way leaves nothing there.
    let beside = out.with_file_name(format!(
        ".{}.tmp.{}",
        out.file_stem().unwrap_or_default().to_string_lossy(),
        out.extension().unwrap_or_default().to_string_lossy()
    ));
    let mut encoder = start(
        Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "image2pipe", "-vcodec", "ppm"])
            .args(["-framerate", &rate, "-i", "-", "-i"])
            .arg(input)
            .args(["-map", "0:v", "-map", "1:a?", "-c:a", "copy"])
            // Most encoders want even sides.
            .args([
                "-vf",
                "pad=ceil(iw/2)*2:ceil(ih/2)*2",
                "-pix_fmt",
                "yuv420p",
            ])
            .arg(&beside)
            .stdin(Stdio::piped()),
    )?;
    let bar = progress_bar(0, arguments.quiet);
    let piped = pipe(&mut decoder, &mut encoder, translating, &bar);
    bar.finish_and_clear();
    drop(encoder.stdin.take());
    let ended = [("decoding", decoder.wait()), ("encoding", encoder.wait())];
    let outcome = piped.and_then(|outcome| {
        for (what, status) in ended {
            let status = status.with_context(|| format!("{what} {}", input.display()))?;
            if !status.success() {
                bail!(
                    "ffmpeg failed {what} {} ({status}): see what it said above",
                    input.display()
                );
            }
        }
        if outcome.pictures == 0 {
            bail!("{} holds no pictures", input.display());
        }
        Ok(outcome)
    });
    match outcome {
        Ok(outcome) => {
            std::fs::rename(&beside, out)
                .with_context(|| format!("cannot write {}", out.display()))?;
            Ok(outcome)
        }
        Err(error) => {
            // Nothing was written where it could not be removed either.
            let _ = std::fs::remove_file(&beside);
            Err(error)
        }
    }
}

fn pipe(
    decoder: &mut Child,
    encoder: &mut Child,
    translating: &Translating,
    bar: &indicatif::ProgressBar,
) -> anyhow::Result<Outcome> {
    let (Some(frames), Some(made)) = (decoder.stdout.take(), encoder.stdin.as_mut()) else {
        bail!("ffmpeg was started without pipes");
    };
    let (mut frames, mut made) = (BufReader::new(frames), BufWriter::new(made));
    let mut outcome = Outcome {
        files: 1,
        ..Outcome::default()
    };
    while let Some(frame) = read_ppm(&mut frames)? {
        let picture = translating.picture(&frame)?.with_channels(3);
        write!(made, "P6\n{} {}\n255\n", picture.width, picture.height)?;
        made.write_all(&picture.pixels)?;
        outcome.add(&picture);
        bar.inc(1);
    }
    made.flush()?;
    Ok(outcome)
}

fn start(command: &mut Command) -> anyhow::Result<Child> {
    command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => anyhow::anyhow!(
            "videos are decoded and encoded by ffmpeg, and it is not installed (or not in the PATH): install it, or translate a GIF, an APNG or a folder of frames"
        ),
        _ => anyhow::anyhow!("ffmpeg cannot be started: {error}"),
    })
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
    let output = start(&mut probe)?.wait_with_output()?;
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
