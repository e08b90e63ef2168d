//! A judgement as one web page that needs nothing else: the numbers, samples
//! beside data, and the pairs to look at for copies.

use super::JudgeError;
use super::metric::Better;
use super::report::Report;
use super::subject::Subject;
use crate::draw::{Bounds, Picture, ScatterPlot, grid, scatter};
use crate::ship::{ModelError, Provenance};
use std::fmt::Write;

/// Samples and data that are shown of each side, in rows of as many as this.
const SHOWN: usize = 64;
const COLUMNS: usize = 8;
/// Points of each side.
const POINTS: usize = 2000;

/// The page of a report on `subject`, judged against `against`.
///
/// # Errors
/// If the pictures cannot be made again.
pub fn page(report: &Report, subject: &Subject, against: &Subject) -> Result<String, JudgeError> {
    let mut html = String::from(HEAD);
    let (name, other) = (escaped(&report.name), escaped(&report.against));
    let mut put = |part: std::fmt::Arguments| {
        html.write_fmt(part).expect("a string takes any text");
    };
    put(format_args!(
        "<title>{name} against {other}</title>\n<h1>{name}</h1>\n"
    ));
    put(format_args!(
        "<p>{} samples against {} of {other}, by the features <b>{}</b>. Numbers of other features are other numbers.</p>\n",
        report.samples,
        report.against_samples,
        escaped(&report.features)
    ));
    put(format_args!(
        "<table><tr><th>metric<th>value<th>95 % interval<th>the data's own<th>better\n"
    ));
    for (metric, measured) in &report.metrics {
        let interval = measured.interval.map_or(String::new(), |[low, high]| {
            format!("{} to {}", short(low), short(high))
        });
        let reference = measured.reference.map_or(String::new(), short);
        let better = match metric.better() {
            Better::Lower => "lower".into(),
            Better::Higher => "higher".into(),
            Better::Near(best) => format!("near {best}"),
            Better::NearReference => "near the data's".into(),
        };
        put(format_args!(
            "<tr><td>{metric}<td class=n>{}<td class=n>{interval}<td class=n>{reference}<td>{better}\n",
            short(measured.value)
        ));
    }
    put(format_args!("</table>\n"));
    if !report.missing_modes.is_empty() {
        put(format_args!(
            "<p>Missing modes: {}</p>\n",
            escaped(&report.missing_modes.join(", "))
        ));
    }
    for warning in &report.warnings {
        put(format_args!("<p class=w>{}</p>\n", escaped(warning)));
    }
    let first = |items: &[u64], count: usize| items[..items.len().min(count)].to_vec();
    if subject.form().is_some() {
        let sheet = |of: &Subject, items: &[u64]| -> Result<String, JudgeError> {
            let pictures: Vec<Picture> = of.pictures(&first(items, SHOWN))?;
            encoded(&grid(&enlarged(pictures), COLUMNS, 2), of.name())
        };
        let (left, right) = (
            sheet(subject, &report.items)?,
            sheet(against, &report.against_items)?,
        );
        put(format_args!(
            "<div class=f><figure><img src=\"{left}\"><figcaption>samples</figcaption></figure><figure><img src=\"{right}\"><figcaption>data</figcaption></figure></div>\n"
        ));
    } else if against.kind().values() == 2 {
        let read = |of: &Subject, items: &[u64]| -> Result<Vec<[f32; 2]>, JudgeError> {
            let (values, _) = of.read(&first(items, POINTS))?;
            Ok(values.chunks_exact(2).map(|p| [p[0], p[1]]).collect())
        };
        let real = read(against, &report.against_items)?;
        let generated = read(subject, &report.items)?;
        let plot = scatter(&ScatterPlot {
            real: &real,
            generated: &generated,
            discriminator: None,
            bounds: Bounds::around(&real),
            images_seen: subject
                .generator()
                .map_or(0, |generator| generator.images_seen),
        });
        put(format_args!(
            "<img src=\"{}\">\n",
            encoded(&plot, subject.name())?
        ));
    }
    if !report.closest.is_empty() && subject.form().is_some() {
        put(format_args!(
            "<h2>Closest pairs</h2>\n<p>Each sample beside the nearest data item, the most suspect first. The ratio is their distance over that from the item to its nearest other: a copy has 0.</p>\n<div class=p>\n"
        ));
        for pair in &report.closest {
            let sample = subject.pictures(&[report.items[pair.sample]])?;
            let item = against.pictures(&[report.against_items[pair.item]])?;
            let both = grid(&enlarged([sample, item].concat()), 2, 2);
            put(format_args!(
                "<figure><img src=\"{}\"><figcaption>{} | {}<br>{}</figcaption></figure>\n",
                encoded(&both, subject.name())?,
                report.items[pair.sample],
                report.against_items[pair.item],
                short(pair.ratio)
            ));
        }
        put(format_args!("</div>\n"));
    }
    Ok(html)
}

const HEAD: &str = "<!doctype html>\n<meta charset=utf-8>\n<meta name=viewport content=\"width=device-width\">\n<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#222;background:#fff}table{border-collapse:collapse}th,td{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid #ddd}.n{font-variant-numeric:tabular-nums}.w{border-left:4px solid #c80;padding-left:.6rem}figure{margin:0}.f,.p{display:flex;flex-wrap:wrap;gap:1rem}img{image-rendering:pixelated;max-width:100%}figcaption{font-size:.8rem;color:#666}</style>\n";

/// A number with the digits that matter.
pub fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.2}"),
        size if size >= 0.001 => format!("{value:.4}"),
        _ => format!("{value:.2e}"),
    }
}

fn enlarged(pictures: Vec<Picture>) -> Vec<Picture> {
    let scale = |p: &Picture| (64 / p.width.max(1)).clamp(1, 4);
    pictures
        .iter()
        .map(|picture| picture.enlarged(scale(picture)))
        .collect()
}

fn encoded(picture: &Picture, model: &str) -> Result<String, JudgeError> {
    let png = picture
        .encode_png(&Provenance::new(model))
        .map_err(ModelError::from)?;
    Ok(format!("data:image/png;base64,{}", base64(&png)))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .fold(0_u32, |n, &byte| n << 8 | u32::from(byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = (number >> (18 - 6 * place)) as usize & 63;
            out.push(if place <= three.len() {
                DIGITS[digit] as char
            } else {
                '='
            });
        }
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_the_standard_has_it() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        let found = [0.0, 12.345, 0.5, 1e-6, 12_345.6].map(short);
        assert_eq!(found, ["0", "12.35", "0.5000", "1.00e-6", "12346"]);
    }
}
