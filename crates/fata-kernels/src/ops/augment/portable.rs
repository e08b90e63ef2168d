//! Augmentation composed of Burn's own operators: pixels picked by index for what is copied or
//! sampled bilinearly, products with the filters' matrices around it for what is filtered.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::{ColourMap, Sampling};
use crate::warp::sample::Corners;
use crate::warp::{Bands, Blit, Border, Grid, Sizes, Wavelet};

/// The pixels of the flattened source that make one pixel, and their shares.
type Quarters = [(usize, f32); 4];

pub(super) fn warp_affine(x: Tensor<4>, matrices: &[[f32; 6]], sampling: Sampling) -> Tensor<4> {
    let [_, height, width, channels] = x.dims();
    let sizes = Sizes {
        height,
        width,
        channels,
    };
    let border = match sampling {
        Sampling::Bilinear => Border::Zeros,
        Sampling::Filtered => Border::Mirrored,
    };
    // Those that are copied, then the others: images and where they go.
    let mut order = Vec::new();
    let (mut blits, mut grids) = (Vec::new(), Vec::new());
    for (image, matrix) in matrices.iter().enumerate() {
        let grid = Grid::new(matrix, sizes);
        match Blit::new(&grid, sizes, border) {
            Some(blit) => {
                order.insert(blits.len(), image);
                blits.push(blit);
            }
            None => {
                order.push(image);
                grids.push(grid);
            }
        }
    }
    let x = x.clone().select(0, indices(&order, &x.device()));
    let (copied, rest) = (blits.len(), grids.len());
    let mut parts = Vec::new();
    if copied > 0 {
        let x = x.clone().narrow(0, 0, copied);
        let blit = |image: usize, row, column| {
            let at = blits[image].source(row, column, sizes);
            let mut quarters = [(0, 0.0); 4];
            quarters[0] = at.map_or((0, 0.0), |at| (at / channels, 1.0));
            quarters
        };
        parts.push(pick(x, [height, width], blit));
    }
    if rest > 0 {
        let x = x.narrow(0, copied, rest);
        parts.push(match sampling {
            Sampling::Bilinear => sample(x, [height, width], &grids),
            Sampling::Filtered => filter(x, sizes, &grids),
        });
    }
    let mut places = vec![0; order.len()];
    for (place, &image) in order.iter().enumerate() {
        places[image] = place;
    }
    let y = Tensor::cat(parts, 0);
    y.clone().select(0, indices(&places, &y.device()))
}

fn indices(list: &[usize], device: &Device) -> Tensor<1, Int> {
    let list: Vec<i64> = list.iter().map(|&index| index as i64).collect();
    let count = list.len();
    Tensor::from_data(TensorData::new(list, [count]), device)
}

/// Adds up four pixels of the source for each of the output, as told for image, row and column.
fn pick(
    x: Tensor<4>,
    [height, width]: [usize; 2],
    quarters: impl Fn(usize, usize, usize) -> Quarters,
) -> Tensor<4> {
    let [batch, from_height, from_width, channels] = x.dims();
    let device = x.device();
    let pixels = from_height * from_width;
    let mut all: Vec<Quarters> = Vec::with_capacity(batch * height * width);
    for image in 0..batch {
        for at in 0..height * width {
            let each = quarters(image, at / width, at % width);
            all.push(each.map(|(pixel, share)| (image * pixels + pixel, share)));
        }
    }
    let x: Tensor<2> = x.reshape([batch * pixels, channels]);
    let quarter = |k: usize| {
        let from: Vec<usize> = all.iter().map(|each| each[k].0).collect();
        let shares: Vec<f32> = all.iter().map(|each| each[k].1).collect();
        let shares = TensorData::new(shares, [all.len(), 1]);
        x.clone().select(0, indices(&from, &device)) * Tensor::<2>::from_data(shares, &device)
    };
    let y = quarter(0) + quarter(1) + quarter(2) + quarter(3);
    y.reshape([batch, height, width, channels])
}

/// Samples each image bilinearly on its grid, zeros outside.
fn sample(x: Tensor<4>, size: [usize; 2], grids: &[Grid]) -> Tensor<4> {
    let [_, height, width, _] = x.dims();
    pick(x, size, |image, row, column| {
        let corners = Corners::new(grids[image].along(row)(column));
        corners.each().map(|([row, column], share)| {
            let inside = (0..height as i64).contains(&row) && (0..width as i64).contains(&column);
            match inside {
                true => (row as usize * width + column as usize, share),
                false => (0, 0.0),
            }
        })
    })
}

fn filter(x: Tensor<4>, sizes: Sizes, grids: &[Grid]) -> Tensor<4> {
    let wavelet = Wavelet::new(sizes);
    let [rows, columns] = wavelet.axes();
    let x = multiply(&rows.up, x);
    let x = multiply(&columns.up, x.swap_dims(1, 2)).swap_dims(1, 2);
    let grids: Vec<Grid> = grids.iter().map(|grid| wavelet.fine_grid(grid)).collect();
    let x = sample(x, [rows.sampled, columns.sampled], &grids);
    let x = multiply(&columns.down, x.swap_dims(1, 2)).swap_dims(1, 2);
    multiply(&rows.down, x)
}

/// The product of a matrix with the rows of each image.
fn multiply(bands: &Bands, x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let matrix = bands.dense(height);
    let rows = matrix.len() / height;
    let matrix = TensorData::new(matrix, [1, rows, height]);
    let matrix = Tensor::<3>::from_data(matrix, &x.device()).expand([batch, rows, height]);
    let y = matrix.matmul(x.reshape([batch, height, width * channels]));
    y.reshape([batch, rows, width, channels])
}

pub(super) fn colour_affine(x: Tensor<4>, maps: &[ColourMap]) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let device = x.device();
    let from = |numbers: Vec<f32>, shape: [usize; 3]| {
        Tensor::<3>::from_data(TensorData::new(numbers, shape), &device)
    };
    let matrices = maps.iter().flat_map(|map| map.matrix.iter().copied());
    let matrices = from(matrices.collect(), [batch, channels, channels]);
    let offsets = maps.iter().flat_map(|map| map.offset.iter().copied());
    let offsets = from(offsets.collect(), [batch, 1, channels]);
    let shares = maps.iter().map(|map| map.mean_share).collect();
    let shares = from(shares, [batch, 1, 1]);
    let x: Tensor<3> = x.reshape([batch, height * width, channels]);
    let means = x.clone().mean_dim(2).mean_dim(1); // [batch, 1, 1]
    let y = x.matmul(matrices.swap_dims(1, 2)) + offsets + means * shares;
    y.reshape([batch, height, width, channels])
}

pub(super) fn cut_out(x: Tensor<4>, rectangles: &[[Range<usize>; 2]]) -> Tensor<4> {
    let [batch, height, width, _] = x.dims();
    let mut mask = vec![1.0_f32; batch * height * width];
    for (mask, [rows, columns]) in mask.chunks_mut(height * width).zip(rectangles) {
        for (at, mask) in mask.iter_mut().enumerate() {
            if rows.contains(&(at / width)) && columns.contains(&(at % width)) {
                *mask = 0.0;
            }
        }
    }
    let mask = TensorData::new(mask, [batch, height, width, 1]);
    let mask = Tensor::<4>::from_data(mask, &x.device());
    x * mask
}
