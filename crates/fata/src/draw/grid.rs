//! Many pictures on one sheet.

use super::Picture;

/// The colour between pictures: dark enough to part light pictures, light
/// enough to part black ones.
const BETWEEN: u8 = 64;

/// Pictures in rows of `columns`, the first at the top left, `gap` pixels
/// between them and around them.
///
/// The sheet has as many channels as the richest picture; with alpha, what is
/// between the pictures is transparent. Pictures of several sizes each stand
/// in the middle of a cell that fits the largest. No pictures make a sheet of
/// one pixel, so that there is always something to write.
pub fn grid(pictures: &[Picture], columns: usize, gap: usize) -> Picture {
    let columns = columns.clamp(1, pictures.len().max(1));
    let rows = pictures.len().div_ceil(columns);
    let largest = |side: fn(&Picture) -> usize| pictures.iter().map(side).max().unwrap_or(0);
    let (cell_width, cell_height) = (largest(|p| p.width), largest(|p| p.height));
    let channels = largest(|p| p.channels).max(1);
    let background = match channels {
        4 => vec![0; 4],
        channels => vec![BETWEEN; channels],
    };
    let mut sheet = Picture::filled(
        (columns * (cell_width + gap) + gap).max(1),
        (rows * (cell_height + gap) + gap).max(1),
        &background,
    );
    for (place, picture) in pictures.iter().enumerate() {
        let (row, column) = (place / columns, place % columns);
        let left = gap + column * (cell_width + gap) + (cell_width - picture.width) / 2;
        let top = gap + row * (cell_height + gap) + (cell_height - picture.height) / 2;
        paste(&mut sheet, &picture.with_channels(channels), left, top);
    }
    sheet
}

/// Copies `picture` onto `sheet`; it lies inside, and both have the same channels.
fn paste(sheet: &mut Picture, picture: &Picture, left: usize, top: usize) {
    let length = picture.width * picture.channels;
    let lines = picture.pixels.chunks_exact(length.max(1));
    for (y, line) in lines.take(picture.height).enumerate() {
        let start = ((top + y) * sheet.width + left) * sheet.channels;
        sheet.pixels[start..start + length].copy_from_slice(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_in_rows_with_gaps_around_them() {
        let pictures: Vec<_> = [10, 20, 30]
            .iter()
            .map(|&v| Picture::filled(2, 1, &[v]))
            .collect();
        let sheet = grid(&pictures, 2, 1);
        assert_eq!((sheet.width, sheet.height, sheet.channels), (7, 5, 1));
        let b = BETWEEN;
        #[rustfmt::skip]
        assert_eq!(sheet.pixels, [
            b, b, b, b, b, b, b,
            b, 10, 10, b, 20, 20, b,
            b, b, b, b, b, b, b,
            b, 30, 30, b, b, b, b,
            b, b, b, b, b, b, b,
        ]);
    }

    #[test]
    fn the_gaps_between_pictures_with_alpha_are_transparent() {
        let pictures = [
            Picture::filled(1, 1, &[7, 7, 7, 255]),
            Picture::filled(1, 1, &[9]),
        ];
        let sheet = grid(&pictures, 2, 1);
        assert_eq!((sheet.width, sheet.height, sheet.channels), (5, 3, 4));
        assert_eq!(sheet.pixels[..4], [0; 4]);
        let second = (5 + 3) * 4;
        assert_eq!(sheet.pixels[second..second + 4], [9, 9, 9, 255]);
    }

    #[test]
    fn odd_requests_still_make_a_picture() {
        assert_eq!(grid(&[], 6, 0).pixels.len(), 1);
        let one = [Picture::filled(2, 2, &[1])];
        assert_eq!(grid(&one, 0, 0), one[0]);
        let mixed = [
            Picture::filled(1, 1, &[1]),
            Picture::filled(3, 3, &[2, 2, 2]),
        ];
        assert_eq!(grid(&mixed, 9, 0).width, 6);
    }
}
