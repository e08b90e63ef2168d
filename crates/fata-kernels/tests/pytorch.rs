//! Convolutions and their gradients against PyTorch's, kept as a fixture
//! beside the script that made it.

use fata_kernels::conv::{self, ConvShape};
use fata_kernels::isa::Isa;

const FIXTURE: &[u8] = include_bytes!("../fixtures/conv.bin");

/// Largest difference relative to the largest expected value. PyTorch's own
/// sums are rounded too.
const TOLERANCE: f32 = 2e-6;

struct Words<'a>(&'a [[u8; 4]]);

impl Words<'_> {
    fn size(&mut self) -> usize {
        u32::from_le_bytes(*self.0.split_off_first().unwrap()) as usize
    }

    fn pair(&mut self) -> [usize; 2] {
        [self.size(), self.size()]
    }

    fn floats(&mut self, len: usize) -> Vec<f32> {
        self.0
            .split_off(..len)
            .unwrap()
            .iter()
            .map(|&word| f32::from_le_bytes(word))
            .collect()
    }
}

fn assert_close(what: &str, actual: &[f32], expected: &[f32], shape: &ConvShape) {
    let scale = expected
        .iter()
        .fold(f32::MIN_POSITIVE, |scale, x| scale.max(x.abs()));
    for (actual, expected) in actual.iter().zip(expected) {
        let error = (actual - expected).abs() / scale;
        assert!(
            error <= TOLERANCE,
            "{what}: {actual} for {expected} ({error:e}), {shape:?}"
        );
    }
}

#[test]
fn every_direction_agrees_with_pytorch() {
    let mut words = Words(FIXTURE.as_chunks().0);
    let mut cases = 0;
    while !words.0.is_empty() {
        let transposed = words.size() == 1;
        let shape = ConvShape {
            batch: words.size(),
            height: words.size(),
            width: words.size(),
            channels_in: words.size(),
            channels_out: words.size(),
            kernel: words.pair(),
            stride: words.pair(),
            padding: words.pair(),
            groups: words.size(),
        };
        let x_len = shape.batch * shape.height * shape.width * shape.channels_in;
        let weight_len = shape.kernel[0] * shape.kernel[1] * shape.channels_in / shape.groups
            * shape.channels_out;
        let y_len = shape.batch * shape.out_height() * shape.out_width() * shape.channels_out;
        let (x, weight) = (words.floats(x_len), words.floats(weight_len));
        let bias = words.floats(if transposed {
            shape.channels_in
        } else {
            shape.channels_out
        });
        let (y, dy) = (words.floats(y_len), words.floats(y_len));
        let (dx, dw) = (words.floats(x_len), words.floats(weight_len));
        let (bias_y, bias_dx) = if transposed {
            (None, Some(&bias[..]))
        } else {
            (Some(&bias[..]), None)
        };
        for isa in Isa::available() {
            isa.with(|| {
                let mut actual = vec![f32::NAN; y_len];
                conv::forward(&shape, &x, &weight, bias_y, &mut actual);
                assert_close("y", &actual, &y, &shape);
                let mut actual = vec![f32::NAN; x_len];
                conv::input_grad(&shape, &dy, &weight, bias_dx, &mut actual);
                assert_close("dx", &actual, &dx, &shape);
                let mut actual = vec![f32::NAN; weight_len];
                conv::weight_grad(&shape, &x, &dy, &mut actual);
                assert_close("dw", &actual, &dw, &shape);
            });
        }
        cases += 1;
    }
    assert_eq!(cases, 18);
}
