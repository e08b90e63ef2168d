//! The U-Net: the picture is halved down to one pixel and doubled up again, and
//! what each half size looked like on the way down joins the way up.

use super::norm::{Norm, biased};
use super::{INIT, Noise, TranslationForm, TranslatorNet};
use crate::layers::{Builder, Convolution, TransposedConvolution, Weights, Window};
use burn::tensor::Tensor;
use fata_kernels::{Activation, activate};

const LEAKY: Activation = Activation::LeakyRelu(0.2);

/// From the outside in; the last level is one pixel.
#[derive(Debug)]
pub(super) struct Unet {
    levels: Vec<Level>,
    dropout: f64,
}

#[derive(Debug)]
struct Level {
    down: Convolution,
    /// None at the outermost and the innermost level.
    down_norm: Option<Norm>,
    up: TransposedConvolution,
    /// None at the outermost level, whose output is the picture.
    up_norm: Option<Norm>,
    drops: bool,
}

impl Unet {
    pub(super) fn new(builder: &mut Builder, form: &TranslationForm) -> Self {
        let count = form.side.ilog2() as usize;
        let width = form.scaled(form.width);
        let wide = |level: usize| width * (1 << level.min(3));
        let biased = biased(form);
        let window = Window::of_four(INIT);
        let mut levels = Vec::with_capacity(count);
        for level in 0..count {
            let (outermost, innermost) = (level == 0, level + 1 == count);
            let outer = match outermost {
                true => form.channels_in,
                false => wide(level - 1),
            };
            let back = match outermost {
                true => form.channels_out,
                false => outer,
            };
            let inner = wide(level);
            let name = format!("down{level}");
            let mut down = Convolution::new(builder, &name, [outer, inner], window);
            if biased {
                down = down.biased(builder, &name);
            }
            let down_norm = (!outermost && !innermost).then(|| {
                let name = format!("down{level}.norm");
                Norm::new(builder, form, (&name, inner), LEAKY)
            });
            let name = format!("up{level}");
            let joined = if innermost { inner } else { 2 * inner };
            let mut up = TransposedConvolution::new(builder, &name, [joined, back], window);
            if biased || outermost {
                up = up.biased(builder, &name);
            }
            let up_norm = (!outermost).then(|| {
                let name = format!("up{level}.norm");
                Norm::new(builder, form, (&name, back), Activation::Relu)
            });
            levels.push(Level {
                down,
                down_norm,
                up,
                up_norm,
                // Between the levels of full width.
                drops: level >= 4 && !innermost,
            });
        }
        Self {
            levels,
            dropout: form.settings.dropout,
        }
    }
}

impl TranslatorNet for Unet {
    fn forward(&self, weights: &Weights, x: Tensor<4>, noise: Option<Noise>) -> Tensor<4> {
        // Each level's output on the way down, after its leaky ReLU. The way up
        // begins with a ReLU, which does the same to it as to what it was before.
        let mut links: Vec<Tensor<4>> = Vec::with_capacity(self.levels.len());
        let mut x = x;
        for level in &self.levels {
            let y = level.down.forward(weights, x); // sides halved
            let innermost = links.len() + 1 == self.levels.len();
            x = match &level.down_norm {
                Some(norm) => norm.forward(weights, y),
                None if innermost => activate(y, Activation::Relu),
                None => activate(y, LEAKY),
            };
            links.push(x.clone());
        }
        links.pop(); // the innermost is where the way up begins
        for (index, level) in self.levels.iter().enumerate().rev() {
            let y = level.up.forward(weights, x); // sides doubled
            let Some(norm) = &level.up_norm else {
                return activate(y, Activation::Tanh);
            };
            let mut y = norm.forward(weights, y);
            if let (true, Some(noise)) = (level.drops && self.dropout > 0.0, noise) {
                y = noise.drop(y, index, self.dropout);
            }
            let link = links
                .pop()
                .expect("a link for each level but the innermost");
            x = Tensor::cat(vec![activate(link, Activation::Relu), y], 3);
        }
        x
    }
}
