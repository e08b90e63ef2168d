//! A sum of pictures as papers draw it: each part with what it is made of above
//! and its own words below, signs between them, and the result behind the last.

use super::canvas::{Canvas, Frame, Pen};
use super::font::{Anchor, TextStyle, width, write};
use super::palette::{GREY, INK, PAPER, RULE};
use super::{Picture, strips};

const CAPTION: f32 = 1.3;
const SIGN: f32 = 3.0;
/// Pixels around everything.
const MARGIN: usize = 14;
/// Pixels for a sign and for the words below a picture.
const SIGN_WIDTH: usize = 34;
const CAPTION_HEIGHT: usize = 24;
/// A part's words are cut beyond this many characters.
const LONGEST_CAPTION: usize = 40;

/// A part of an equation: a picture, and the sign before it.
#[derive(Clone, Debug)]
pub struct Summand {
    /// `+`, `-` or `=`; none before the first.
    pub sign: Option<char>,
    /// Pictures that it is made of, and their names: smaller, above it.
    pub exemplars: Vec<(String, Picture)>,
    /// Its picture.
    pub picture: Picture,
    /// What is written below it.
    pub caption: String,
}

/// The picture of an equation; what follows `=` has a frame.
pub fn equation(summands: &[Summand]) -> Picture {
    let factor = (summands.iter())
        .map(|s| strips::enlargement(&s.picture))
        .max();
    let factor = factor.unwrap_or(1);
    let columns: Vec<Column> = summands.iter().map(|s| Column::new(s, factor)).collect();
    let above = columns.iter().map(|c| c.above).max().unwrap_or(0);
    let tall = columns.iter().map(|c| c.tall).max().unwrap_or(0);
    let wide: usize = columns.iter().map(|c| c.wide + c.sign).sum();
    let height = 2 * MARGIN + above + tall + CAPTION_HEIGHT;
    let mut canvas = Canvas::new(wide + 2 * MARGIN, height, PAPER);
    let mut left = MARGIN;
    for (summand, column) in summands.iter().zip(&columns) {
        let top = MARGIN + above;
        if let Some(sign) = summand.sign {
            let style = TextStyle {
                colour: INK,
                size: SIGN,
                anchor: Anchor::Middle,
            };
            let middle = (left + column.sign / 2) as f32;
            let line = (top + tall / 2) as f32 + 3.5 * SIGN;
            write(&mut canvas, &sign.to_string(), (middle, line), style);
            left += column.sign;
        }
        column.draw(summand, &mut canvas, [left, top]);
        left += column.wide;
    }
    canvas.into_picture()
}

/// The sizes of a part, in pixels.
struct Column {
    factor: usize,
    /// How much the exemplars are enlarged, and how many stand in a row.
    small: usize,
    across: usize,
    sign: usize,
    wide: usize,
    tall: usize,
    above: usize,
    caption: String,
}

impl Column {
    fn new(summand: &Summand, factor: usize) -> Self {
        let caption: String = match summand.caption.chars().count() {
            0..=LONGEST_CAPTION => summand.caption.clone(),
            _ => {
                let start = summand.caption.chars().take(LONGEST_CAPTION - 3);
                start.chain("...".chars()).collect()
            }
        };
        let own = summand.picture.width * factor;
        let small = (factor / 2).max(1);
        let across = summand.exemplars.len().min(3);
        let one = summand.exemplars.first();
        let [small_wide, small_tall] = one.map_or([0, 0], |(_, p)| {
            [p.width * small + 6, p.height * small + 20]
        });
        let rows = summand.exemplars.len().div_ceil(across.max(1));
        Self {
            factor,
            small,
            across,
            sign: if summand.sign.is_some() {
                SIGN_WIDTH
            } else {
                0
            },
            wide: own
                .max(across * small_wide)
                .max(width(&caption, CAPTION).ceil() as usize + 8),
            tall: summand.picture.height * factor,
            above: rows * small_tall + if rows > 0 { 8 } else { 0 },
            caption,
        }
    }

    fn draw(&self, summand: &Summand, canvas: &mut Canvas, [left, top]: [usize; 2]) {
        let text = |colour, size| TextStyle {
            colour,
            size,
            anchor: Anchor::Middle,
        };
        for (index, (name, picture)) in summand.exemplars.iter().enumerate() {
            let in_row =
                (summand.exemplars.len() - index / self.across * self.across).min(self.across);
            let [cell, row] = [
                picture.width * self.small + 6,
                picture.height * self.small + 20,
            ];
            let begin = left + (self.wide - in_row * cell) / 2;
            let x = begin + index % self.across * cell + 3;
            let y = top - self.above + index / self.across * row;
            canvas.place(&picture.enlarged(self.small), x, y);
            let middle = (x + picture.width * self.small / 2) as f32;
            let line = (y + picture.height * self.small) as f32 + 13.0;
            write(canvas, name, (middle, line), text(GREY, 1.1));
        }
        let picture = summand.picture.enlarged(self.factor);
        let x = left + (self.wide - picture.width) / 2;
        canvas.place(&picture, x, top);
        if summand.sign == Some('=') {
            canvas.outline(
                Frame {
                    left: x as f32 - 2.0,
                    top: top as f32 - 2.0,
                    right: (x + picture.width) as f32 + 2.0,
                    bottom: (top + picture.height) as f32 + 2.0,
                },
                Pen::solid(RULE, 2.0),
            );
        }
        let at = (
            (left + self.wide / 2) as f32,
            (top + picture.height) as f32 + 18.0,
        );
        write(canvas, &self.caption, at, text(INK, CAPTION));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summand(sign: Option<char>, exemplars: usize) -> Summand {
        let picture = Picture::filled(16, 16, &[40]);
        Summand {
            sign,
            exemplars: (0..exemplars)
                .map(|i| (i.to_string(), picture.clone()))
                .collect(),
            picture,
            caption: "mean(12,40,7)".into(),
        }
    }

    #[test]
    fn parts_stand_beside_each_other_with_their_signs() {
        let one = equation(&[summand(None, 0)]);
        let two = equation(&[summand(None, 0), summand(Some('='), 0)]);
        assert!(two.width >= 2 * one.width - 2 * MARGIN + SIGN_WIDTH);
        assert_eq!(two.height, one.height);
        let with = equation(&[summand(None, 4), summand(Some('='), 0)]);
        assert!(with.height > two.height);
        for odd in [
            &[][..],
            &[Summand {
                caption: "é".repeat(300),
                ..summand(Some('-'), 1)
            }],
        ] {
            assert!(!equation(odd).pixels.is_empty());
        }
    }
}
