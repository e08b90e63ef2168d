//! The residual generator: two halvings, residual blocks at a quarter of the
//! side, two doublings; no edge is ever padded with zeros but by strided layers.

use super::norm::{Norm, biased};
use super::{INIT, Noise, TranslationForm, TranslatorNet};
use crate::layers::{Builder, Convolution, TransposedConvolution, Weights, Window, reflect};
use burn::tensor::Tensor;
use fata_kernels::{Activation, activate};

/// Halvings and doublings.
const SCALES: usize = 2;

#[derive(Debug)]
pub(super) struct Resnet {
    first: (Convolution, Norm),
    halvings: Vec<(Convolution, Norm)>,
    blocks: Vec<[(Convolution, Norm); 2]>,
    doublings: Vec<(TransposedConvolution, Norm)>,
    last: Convolution,
}

fn window(kernel: usize, stride: usize, padding: usize) -> Window {
    Window {
        kernel,
        stride,
        padding,
        groups: 1,
        init: INIT,
    }
}

impl Resnet {
    pub(super) fn new(builder: &mut Builder, form: &TranslationForm) -> Self {
        let width = form.scaled(form.width);
        let biased = biased(form);
        let layer = |builder: &mut Builder,
                     name: &str,
                     channels: [usize; 2],
                     window: Window,
                     activation: Activation| {
            let mut layer = Convolution::new(builder, name, channels, window);
            if biased {
                layer = layer.biased(builder, name);
            }
            let norm = format!("{name}.norm");
            let norm = Norm::new(builder, form, (&norm, channels[1]), activation);
            (layer, norm)
        };
        let relu = Activation::Relu;
        let ends = [form.channels_in, width];
        let first = layer(builder, "first", ends, window(7, 1, 0), relu);
        let halvings = (0..SCALES).map(|scale| {
            let wide = width << scale;
            let name = format!("halve{scale}");
            layer(builder, &name, [wide, 2 * wide], window(3, 2, 1), relu)
        });
        let halvings = halvings.collect();
        let wide = width << SCALES;
        let blocks = (0..form.blocks()).map(|block| {
            let names = [0, 1].map(|part| format!("block{block}.{part}"));
            let same = window(3, 1, 0);
            [
                layer(builder, &names[0], [wide; 2], same, relu),
                layer(builder, &names[1], [wide; 2], same, Activation::Identity),
            ]
        });
        let blocks = blocks.collect();
        let doublings = (0..SCALES).map(|scale| {
            let wide = wide >> scale;
            let name = format!("double{scale}");
            let channels = [wide, wide / 2];
            let mut layer = TransposedConvolution::new(builder, &name, channels, window(3, 2, 0));
            if biased {
                layer = layer.biased(builder, &name);
            }
            let norm = format!("{name}.norm");
            (layer, Norm::new(builder, form, (&norm, wide / 2), relu))
        });
        let doublings = doublings.collect();
        let ends = [width, form.channels_out];
        let last = Convolution::new(builder, "last", ends, window(7, 1, 0));
        Self {
            first,
            halvings,
            blocks,
            doublings,
            last: last.biased(builder, "last"),
        }
    }
}

impl TranslatorNet for Resnet {
    fn forward(&self, weights: &Weights, x: Tensor<4>, _: Option<Noise>) -> Tensor<4> {
        let apply = |(layer, norm): &(Convolution, Norm), x: Tensor<4>| {
            norm.forward(weights, layer.forward(weights, x))
        };
        let mut x = apply(&self.first, reflect(x, 3));
        for halving in &self.halvings {
            x = apply(halving, x);
        }
        for [one, two] in &self.blocks {
            let y = apply(one, reflect(x.clone(), 1));
            x = x + apply(two, reflect(y, 1));
        }
        for (layer, norm) in &self.doublings {
            let [_, height, width, _] = x.dims();
            // A padding of 1 and an output padding of 1: the first row and
            // column are cut off, the last ones are not.
            let y = layer.forward(weights, x);
            let y = y.narrow(1, 1, 2 * height).narrow(2, 1, 2 * width);
            x = norm.forward(weights, y);
        }
        activate(self.last.forward(weights, reflect(x, 3)), Activation::Tanh)
    }
}
