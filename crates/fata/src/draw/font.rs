//! A small typeface: letters 5 wide and 7 high, with two rows below the line.
//!
//! The letters are drawn for Fata, as the printable part of ASCII; what is not
//! in it shows as a question mark. They are kept as dots, but neighbouring
//! dots are joined by strokes, so that text is smooth at any size.

use super::canvas::{Canvas, Colour, Mask, Point};

/// Rows of a letter: seven above the line, two below.
const ROWS: usize = 9;
/// Letters side by side in one band of [`ART`].
const BAND: usize = 16;
/// Columns of a letter, and the one that parts it from the next.
const CELL: usize = 6;
/// The width of a stroke beside the distance of two dots.
const STROKE: f32 = 0.95;

/// Which point of a text stands at the place given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextStyle {
    pub(super) colour: Colour,
    /// The distance of two dots in pixels; capitals are seven of them high.
    pub(super) size: f32,
    pub(super) anchor: Anchor,
}

/// Writes `text` with its base line at `at`.
pub(super) fn write(canvas: &mut Canvas, text: &str, at: Point, style: TextStyle) {
    let TextStyle {
        colour,
        size,
        anchor,
    } = style;
    let width = width(text, size);
    let left = match anchor {
        Anchor::Left => at.0,
        Anchor::Middle => at.0 - width / 2.0,
        Anchor::Right => at.0 - width,
    };
    // Letters stand on whole pixels, or they blur.
    let (mut x, top) = (left.round(), (at.1 - 7.0 * size).round());
    let corner = (x + width + size, top + ROWS as f32 * size);
    let mut mask = Mask::new(canvas, (x - size, top - size), corner);
    for letter in text.chars() {
        for (from, to) in strokes(letter) {
            let place = |dot: (usize, usize)| {
                (
                    x + (dot.0 as f32 + 0.5) * size,
                    top + (dot.1 as f32 + 0.5) * size,
                )
            };
            mask.stroke(place(from), place(to), STROKE * size / 2.0);
        }
        x += advance(letter) * size;
    }
    canvas.lay(&mask, colour, 1.0);
}

/// The width of `text` in pixels.
pub(super) fn width(text: &str, size: f32) -> f32 {
    let dots: f32 = text.chars().map(advance).sum();
    (dots - 1.0).max(0.0) * size
}

/// The dots from the start of one letter to the start of the next.
fn advance(letter: char) -> f32 {
    if letter == ' ' {
        return 4.0;
    }
    let last = (0..CELL - 1)
        .rev()
        .find(|&column| (0..ROWS).any(|row| lit(letter, column as isize, row as isize)));
    last.map_or(0.0, |column| (column + 2) as f32)
}

/// The strokes of a letter, as pairs of dots: neighbours are joined, slanted
/// ones only where no straight way joins them already.
fn strokes(letter: char) -> Vec<((usize, usize), (usize, usize))> {
    let mut strokes = Vec::new();
    for row in 0..ROWS as isize {
        for column in 0..CELL as isize - 1 {
            if !lit(letter, column, row) {
                continue;
            }
            let dot = (column as usize, row as usize);
            strokes.push((dot, dot));
            for (across, down) in [(1, 0), (0, 1), (1, 1), (-1, 1)] {
                let joined = lit(letter, column + across, row + down);
                let bypassed = across != 0
                    && down != 0
                    && (lit(letter, column + across, row) || lit(letter, column, row + down));
                if joined && !bypassed {
                    let next = (column + across) as usize;
                    strokes.push((dot, (next, (row + down) as usize)));
                }
            }
        }
    }
    strokes
}

/// Whether a letter has a dot there.
fn lit(letter: char, column: isize, row: isize) -> bool {
    let index = match letter {
        ' '..='~' => letter as usize - ' ' as usize,
        _ => '?' as usize - ' ' as usize,
    };
    let (Ok(column), Ok(row)) = (usize::try_from(column), usize::try_from(row)) else {
        return false;
    };
    if column >= CELL - 1 || row >= ROWS {
        return false;
    }
    let line = ART[index / BAND * ROWS + row].as_bytes();
    line.get(index % BAND * CELL + column) == Some(&b'#')
}

/// The letters from the space to the tilde, sixteen in a band.
#[rustfmt::skip]
const ART: [&str; 6 * ROWS] = [
    "..... #.... #.#.. .#.#. ..#.. ##..# .##.. #.... ..#.. #.... ..... ..... ..... ..... ..... ....#",
    "..... #.... #.#.. .#.#. .#### ##..# #..#. #.... .#... .#... ..#.. ..#.. ..... ..... ..... ....#",
    "..... #.... ..... ##### #.#.. ...#. #.#.. ..... #.... ..#.. #.#.# ..#.. ..... ..... ..... ...#.",
    "..... #.... ..... .#.#. .###. ..#.. .#... ..... #.... ..#.. .###. ##### ..... ####. ..... ..#..",
    "..... #.... ..... ##### ..#.# .#... #.#.# ..... #.... ..#.. #.#.# ..#.. ..... ..... ..... .#...",
    "..... ..... ..... .#.#. ####. #..## #..#. ..... .#... .#... ..#.. ..#.. .#... ..... ..... #....",
    "..... #.... ..... .#.#. ..#.. #..## .##.# ..... ..#.. #.... ..... ..... .#... ..... #.... #....",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... #.... ..... ..... .....",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....",
    ".###. ..#.. .###. .###. ...#. ##### .###. ##### .###. .###. ..... ..... ..... ..... ..... .###.",
    "#...# .##.. #...# #...# ..##. #.... #.... ....# #...# #...# ..... ..... ..#.. ..... #.... #...#",
    "#...# #.#.. ....# ....# .#.#. ####. #.... ...#. #...# #...# #.... .#... .#... ####. .#... ....#",
    "#...# ..#.. ...#. ..##. #..#. ....# ####. ...#. .###. .#### ..... ..... #.... ..... ..#.. ...#.",
    "#...# ..#.. ..#.. ....# ##### ....# #...# ..#.. #...# ....# ..... ..... .#... ####. .#... ..#..",
    "#...# ..#.. .#... #...# ...#. #...# #...# ..#.. #...# ....# ..... .#... ..#.. ..... #.... .....",
    ".###. ..#.. ##### .###. ...#. .###. .###. ..#.. .###. .###. #.... .#... ..... ..... ..... ..#..",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... #.... ..... ..... ..... .....",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....",
    ".###. ..#.. ####. .###. ####. ##### ##### .###. #...# ###.. ...#. #...# #.... #...# #...# .###.",
    "#...# .#.#. #...# #...# #...# #.... #.... #...# #...# .#... ...#. #..#. #.... ##.## ##..# #...#",
    "#.### #...# #...# #.... #...# #.... #.... #.... #...# .#... ...#. #.#.. #.... #.#.# ##..# #...#",
    "#.#.# #...# ####. #.... #...# ####. ####. #..## ##### .#... ...#. ##... #.... #.#.# #.#.# #...#",
    "#.##. ##### #...# #.... #...# #.... #.... #...# #...# .#... ...#. #.#.. #.... #...# #..## #...#",
    "#.... #...# #...# #...# #...# #.... #.... #...# #...# .#... #..#. #..#. #.... #...# #..## #...#",
    ".###. #...# ####. .###. ####. ##### #.... .###. #...# ###.. .##.. #...# ##### #...# #...# .###.",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....",
    "####. .###. ####. .#### ##### #...# #...# #...# #...# #...# ##### ##... #.... ##... ..#.. .....",
    "#...# #...# #...# #.... ..#.. #...# #...# #...# #...# #...# ....# #.... #.... .#... .#.#. .....",
    "#...# #...# #...# #.... ..#.. #...# #...# #...# .#.#. .#.#. ...#. #.... .#... .#... #...# .....",
    "####. #...# ####. .###. ..#.. #...# #...# #.#.# ..#.. ..#.. ..#.. #.... ..#.. .#... ..... .....",
    "#.... #.#.# #.#.. ....# ..#.. #...# .#.#. #.#.# .#.#. ..#.. .#... #.... ...#. .#... ..... .....",
    "#.... #..#. #..#. ....# ..#.. #...# .#.#. ##.## #...# ..#.. #.... #.... ....# .#... ..... .....",
    "#.... .##.# #...# ####. ..#.. .###. ..#.. #...# #...# ..#.. ##### ##... ....# ##... ..... .....",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... #####",
    "..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....",
    "#.... ..... #.... ..... ....# ..... ..##. ..... #.... #.... ..#.. #.... #.... ..... ..... .....",
    ".#... ..... #.... ..... ....# ..... .#... ..... #.... ..... ..... #.... #.... ..... ..... .....",
    "..... .###. ####. .###. .#### .###. ####. .#### ####. #.... ..#.. #..#. #.... ##.#. ####. .###.",
    "..... ....# #...# #.... #...# #...# .#... #...# #...# #.... ..#.. #.#.. #.... #.#.# #...# #...#",
    "..... .#### #...# #.... #...# ##### .#... #...# #...# #.... ..#.. ##... #.... #.#.# #...# #...#",
    "..... #...# #...# #.... #...# #.... .#... #...# #...# #.... ..#.. #.#.. #.... #.#.# #...# #...#",
    "..... .#### ####. .###. .#### .###. .#... .#### #...# #.... ..#.. #..#. #.... #.#.# #...# .###.",
    "..... ..... ..... ..... ..... ..... ..... ....# ..... ..... ..#.. ..... ..... ..... ..... .....",
    "..... ..... ..... ..... ..... ..... ..... .###. ..... ..... ##... ..... ..... ..... ..... .....",
    "..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ..#.. #.... #.... .....",
    "..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... .#... #.... .#... .....",
    "####. .#### #.##. .###. ####. #...# #...# #...# #...# #...# ####. .#... #.... .#... .#...",
    "#...# #...# ##... #.... .#... #...# #...# #...# .#.#. #...# ...#. #.... #.... ..#.. #.#.#",
    "#...# #...# #.... .##.. .#... #...# .#.#. #.#.# ..#.. #...# .##.. .#... #.... .#... ...#.",
    "#...# #...# #.... ...#. .#... #...# .#.#. #.#.# .#.#. #...# #.... .#... #.... .#... .....",
    "####. .#### #.... ###.. ..##. .#### ..#.. .#.#. #...# .#### ####. ..#.. #.... #.... .....",
    "#.... ....# ..... ..... ..... ..... ..... ..... ..... ....# ..... ..... #.... ..... .....",
    "#.... ....# ..... ..... ..... ..... ..... ..... ..... .###. ..... ..... #.... ..... .....",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_has_ink_and_a_width() {
        for letter in '!'..='~' {
            assert!(!strokes(letter).is_empty(), "{letter}");
            assert!(advance(letter) >= 2.0, "{letter}");
        }
        assert_eq!(strokes('\u{e9}'), strokes('?'));
    }

    #[test]
    fn no_two_letters_are_alike_but_o_and_zero() {
        let mut all: Vec<_> = (' '..='~').map(strokes).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 94);
        assert_eq!(strokes('O'), strokes('0'));
    }

    #[test]
    fn text_is_as_wide_as_it_is_measured() {
        assert_eq!(width("A", 1.0), 5.0);
        assert_eq!(width("il", 2.0), 6.0);
        assert_eq!(width("", 2.0), 0.0);
    }
}
