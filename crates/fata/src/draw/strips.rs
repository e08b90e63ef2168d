//! Rows of pictures with a name before each row and a heading above each column.

use super::Picture;
use super::canvas::Canvas;
use super::font::{Anchor, TextStyle, width, write};
use super::palette::{GREY, INK, PAPER};

/// Pictures with shorter sides are enlarged to about this many pixels.
const SHOWN_SIDE: usize = 72;
const NAME: f32 = 1.4;
const HEADING: f32 = 1.2;
const GAP: usize = 4;
const MARGIN: usize = 12;

/// A row of pictures.
#[derive(Clone, Debug)]
pub struct Strip {
    /// What is written before it; may be empty.
    pub name: String,
    /// Its pictures, all of one size.
    pub pictures: Vec<Picture>,
}

/// Rows of pictures, headings above their columns.
pub fn strips(rows: &[Strip], headings: &[String]) -> Picture {
    let all = || rows.iter().flat_map(|row| &row.pictures);
    let factor = all().map(enlargement).max().unwrap_or(1);
    let side = |of: fn(&Picture) -> usize| all().map(of).max().unwrap_or(0) * factor;
    let [wide, tall] = [side(|p| p.width), side(|p| p.height)];
    let headings_wide = headings
        .iter()
        .map(|h| width(h, HEADING).ceil() as usize + 8);
    let cell = headings_wide.max().unwrap_or(0).max(wide) + GAP;
    let columns = rows.iter().map(|row| row.pictures.len()).max().unwrap_or(0);
    let names = rows
        .iter()
        .map(|row| width(&row.name, NAME).ceil() as usize);
    let names = names.max().unwrap_or(0);
    let before = if names > 0 { names + 14 } else { 0 };
    let above = if headings.is_empty() { 0 } else { 20 };
    let mut canvas = Canvas::new(
        2 * MARGIN + before + (columns * cell).saturating_sub(GAP),
        2 * MARGIN + above + (rows.len() * (tall + GAP)).saturating_sub(GAP),
        PAPER,
    );
    let text = |colour, size, anchor| TextStyle {
        colour,
        size,
        anchor,
    };
    let middle = |column: usize| MARGIN + before + column * cell + (cell - GAP) / 2;
    for (column, heading) in headings.iter().enumerate() {
        let at = (middle(column) as f32, MARGIN as f32 + 10.0);
        write(
            &mut canvas,
            heading,
            at,
            text(GREY, HEADING, Anchor::Middle),
        );
    }
    for (index, row) in rows.iter().enumerate() {
        let top = MARGIN + above + index * (tall + GAP);
        let at = ((MARGIN + names) as f32, (top + tall / 2) as f32 + 5.0);
        write(&mut canvas, &row.name, at, text(INK, NAME, Anchor::Right));
        for (column, picture) in row.pictures.iter().enumerate() {
            let left = middle(column) - picture.width * factor / 2;
            canvas.place(&picture.enlarged(factor), left, top);
        }
    }
    canvas.into_picture()
}

/// How many pixels a side a pixel of a small picture is shown as.
pub(super) fn enlargement(picture: &Picture) -> usize {
    (SHOWN_SIDE / picture.width.max(picture.height).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_are_enlarged_and_stand_below_their_headings() {
        let row = Strip {
            name: "smile".into(),
            pictures: vec![Picture::filled(8, 8, &[0]); 3],
        };
        let headings = ["-3", "0", "+3"].map(String::from);
        let sheet = strips(&[row.clone(), row], &headings);
        assert_eq!(sheet.channels, 3);
        assert!(sheet.width > 3 * 72 && sheet.height > 2 * 72);
        let black = sheet
            .pixels
            .chunks_exact(3)
            .filter(|p| **p == [0, 0, 0])
            .count();
        assert_eq!(black, 6 * 72 * 72);
        assert!(!strips(&[], &[]).pixels.is_empty());
    }
}
