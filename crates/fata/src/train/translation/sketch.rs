//! The pictures of a run: what becomes of the same pictures at every tick. With
//! pairs, each row is input, output and target; without, a picture of each
//! domain, what it becomes, and what that becomes again.

use super::signed;
use crate::data::Domains;
use crate::draw::{Picture, grid};
use crate::files::write_whole;
use crate::ship::{Direction, Provenance, Translator};
use crate::train::TrainError;
use crate::train::folder::Folder;
use crate::train::sketch::animate;

/// Rows of a sheet.
const ROWS: usize = 8;
/// Triples beside each other.
const TRIPLES: usize = 2;
/// Pairs that the held-out distance looks at, at most, and at once.
const MOST_HELD_OUT: usize = 256;
const BATCH: usize = 16;

/// Draws this tick's picture, and the animation of all so far.
pub(super) fn draw(
    folder: &Folder,
    translator: &Translator,
    data: &Domains,
) -> Result<(), TrainError> {
    let side = data.resolution;
    let scale = (64 / side.max(1)).clamp(1, 4);
    // What it was not trained on says more, where there is enough of it.
    let part = match data.held_out.is_empty() {
        false => &data.held_out,
        true => &data.training,
    };
    let mut pictures: Vec<Picture> = Vec::new();
    let mut add = |values: &[f32], channels: usize| -> Result<(), TrainError> {
        let picture = Picture::from_signed(values, side, side, channels)?;
        pictures.push(picture.enlarged(scale));
        Ok(())
    };
    let [from, to] = data.channels;
    let back = translator.goes_back();
    let wanted = ROWS * TRIPLES;
    for at in 0..wanted {
        if back {
            let (domain, at) = (at % 2, at / 2);
            let Some(&item) = part.items[domain].get(at) else {
                continue;
            };
            let Some(pixels) = part.pixels(domain, item, side) else {
                continue;
            };
            let pixels = match part.is_drawn(domain) {
                true => part.draw(&pixels, side, None).unwrap_or(pixels),
                false => pixels,
            };
            let there = [Direction::Ab, Direction::Ba][domain];
            let values: Vec<f32> = signed(&pixels).collect();
            let made = translator.run(there, &values, 1);
            let again = translator.run(there.reversed(), &made, 1);
            let [of_own, of_other] = if domain == 0 { [from, to] } else { [to, from] };
            add(&values, of_own)?;
            add(&made, of_other)?;
            add(&again, of_own)?;
        } else if let Some([input, target]) = part.pair(at, side) {
            let values: Vec<f32> = signed(&input).collect();
            let made = translator.run(Direction::Ab, &values, 1);
            add(&values, from)?;
            add(&made, to)?;
            add(&signed(&target).collect::<Vec<_>>(), to)?;
        }
    }
    let sheet = grid(&pictures, 3 * TRIPLES, 2);
    let model = format!("{} on {}", translator.recipe().name, data.name());
    let png = sheet.encode_png(&Provenance::new(model))?;
    write_whole(&folder.sample(translator.images_seen), &png)?;
    animate(folder)
}

/// The mean absolute difference to the counterparts of held-out pictures, in
/// [-1, 1]; none where nothing is held out.
pub(super) fn held_out_distance(
    translator: &Translator,
    data: &Domains,
) -> Result<Option<f64>, TrainError> {
    let part = &data.held_out;
    if !part.paired || part.is_empty() {
        return Ok(None);
    }
    let (mut sum, mut count) = (0.0, 0_u64);
    let places: Vec<usize> = (0..part.len().min(MOST_HELD_OUT)).collect();
    for some in places.chunks(BATCH) {
        let (mut inputs, mut targets, mut rows) = (Vec::new(), Vec::new(), 0);
        for &at in some {
            if let Some([input, target]) = part.pair(at, data.resolution) {
                inputs.extend(signed(&input));
                targets.extend(signed(&target));
                rows += 1;
            }
        }
        if rows == 0 {
            continue;
        }
        let made = translator.run(Direction::Ab, &inputs, rows);
        let away = made
            .iter()
            .zip(&targets)
            .map(|(a, b)| f64::from((a - b).abs()));
        sum += away.sum::<f64>();
        count += targets.len() as u64;
    }
    Ok((count > 0).then(|| sum / count as f64))
}
