//! InceptionV3 as FID uses it: the network of the original TensorFlow graph of
//! 2015, exactly as pytorch-fid ported it.
//!
//! Weights come from pytorch-fid's file (`pt_inception-2015-12-05-6726825d.pth`,
//! in either of PyTorch's forms, or the same tensors as safetensors); none are
//! shipped and none are downloaded. Images in [-1, 1] are resized to 299x299 by
//! plain bilinear interpolation without smoothing, whatever their size, because
//! that is what every published FID did; grey ones are repeated. Features are
//! the 2,048 means of the last pictures.
//!
//! The network differs from torchvision's InceptionV3: means of 3x3 squares
//! leave out the padding, the last block takes the maximum where the paper takes
//! the mean, there are 1,008 classes, and no auxiliary classifier. Batch
//! normalisation is folded into the convolutions, in f64.
//!
//! Probabilities leave the classifier's bias out, as the published Inception
//! Score does (Salimans et al. multiply the features with the weights alone;
//! torch-fidelity calls these logits `logits_unbiased`).
//!
//! # Source
//! Szegedy et al. 2016, arXiv 1512.00567; Heusel et al. 2017, arXiv 1706.08500;
//! pytorch-fid 0.3.0, `inception.py`; torchvision's `inception.py` for names.

use super::pooling::{self, Window};
use super::weights::WeightsError;
use super::{Extracted, FeaturesError, ImageForm, Network, prepare, softmax};
use crate::layers::{numbers, tensor};
use burn::tensor::{Device, Tensor};
use fata_kernels::{Activation, ConvOptions};
use xxhash_rust::xxh3::Xxh3Default;

/// The side that images are resized to.
const SIDE: usize = 299;

/// Features per image.
const WIDTH: usize = 2048;

/// ImageNet's thousand and eight that are never right.
const CLASSES: usize = 1008;

/// Added to the variance in `BasicConv2d`.
const EPSILON: f64 = 1e-3;

const SHRINK: Window = Window {
    kernel: 3,
    stride: 2,
    padding: 0,
};
const KEEP: Window = Window {
    kernel: 3,
    stride: 1,
    padding: 1,
};

/// The network.
pub(super) struct Inception {
    /// Convolutions in a row; a max-pool closes each stage.
    stem: [Vec<Convolution>; 2],
    blocks: Vec<Block>,
    classifier: Option<Tensor<2>>, // [2048, 1008]
    device: Device,
    hash: u64,
}

/// A convolution with its normalisation folded in, and ReLU.
struct Convolution {
    weight: Tensor<4>, // [height, width, in, out]
    bias: Tensor<1>,
    options: ConvOptions,
}

/// Branches side by side, their channels put one after the other.
struct Block {
    branches: Vec<Branch>,
    pool: Pool,
}

/// Convolutions in a row, then, in the widest blocks, two beside each other.
struct Branch {
    trunk: Vec<Convolution>,
    fork: Vec<Convolution>,
}

/// The last branch.
enum Pool {
    /// The mean of 3x3, then a convolution.
    Average(Convolution),
    /// The maximum of 3x3, then a convolution.
    Max(Convolution),
    /// The maximum of 3x3 at stride 2, alone.
    Shrink,
}

impl Inception {
    /// Builds the network.
    ///
    /// # Errors
    /// What the source of the weights returns, and weights that are no numbers
    /// once the normalisation is folded in.
    pub(super) fn new(source: Source, device: &Device) -> Result<Self, WeightsError> {
        let mut read = Reader {
            source,
            device,
            hash: Xxh3Default::new(),
        };
        let stem = [
            vec![
                read.convolution("Conv2d_1a_3x3", [3, 32], HALVING)?,
                read.convolution("Conv2d_2a_3x3", [32, 32], TRIMMING)?,
                read.convolution("Conv2d_2b_3x3", [32, 64], THREE)?,
            ],
            vec![
                read.convolution("Conv2d_3b_1x1", [64, 80], ONE)?,
                read.convolution("Conv2d_4a_3x3", [80, 192], TRIMMING)?,
            ],
        ];
        let blocks = vec![
            read.block_a("Mixed_5b", 192, 32)?,  // 35x35, 256 channels
            read.block_a("Mixed_5c", 256, 64)?,  // 288
            read.block_a("Mixed_5d", 288, 64)?,  // 288
            read.block_b("Mixed_6a", 288)?,      // 17x17, 768
            read.block_c("Mixed_6b", 768, 128)?, // 768
            read.block_c("Mixed_6c", 768, 160)?,
            read.block_c("Mixed_6d", 768, 160)?,
            read.block_c("Mixed_6e", 768, 192)?,
            read.block_d("Mixed_7a", 768)?, // 8x8, 1280
            read.block_e("Mixed_7b", 1280, Pool::Average)?, // 2048
            read.block_e("Mixed_7c", 2048, Pool::Max)?,
        ];
        let classifier = read.classifier()?;
        let hash = read.hash.digest();
        Ok(Self {
            stem,
            blocks,
            classifier,
            device: device.clone(),
            hash,
        })
    }

    /// The first digits of a hash over all weights, in the network's order.
    pub(super) fn hash(&self) -> String {
        format!("{:08x}", self.hash >> 32)
    }

    /// [batch, 299, 299, 3] to [batch, 2048].
    fn forward(&self, mut x: Tensor<4>) -> Tensor<2> {
        for stage in &self.stem {
            for convolution in stage {
                x = convolution.forward(x);
            }
            x = pooling::max(x, SHRINK);
        }
        for block in &self.blocks {
            x = block.forward(x);
        }
        pooling::whole(x)
    }
}

impl Network for Inception {
    fn width(&self, _: ImageForm) -> usize {
        WIDTH
    }

    fn images_at_once(&self) -> usize {
        16
    }

    fn run(&self, pixels: &[f32], form: ImageForm) -> Result<Extracted, FeaturesError> {
        let pixels = prepare::colour(pixels, form.channels, "inception")?;
        let images = pixels.len() / (form.height * form.width * 3);
        let x = tensor(pixels, &self.device).reshape([images, form.height, form.width, 3]);
        let features = self.forward(fata_kernels::resize_bilinear(x, [SIDE, SIDE]));
        let probabilities = self.classifier.as_ref().map(|weight| {
            let logits =
                fata_kernels::linear(features.clone(), weight.clone(), None, Activation::Identity);
            softmax(&numbers(logits), CLASSES)
        });
        Ok(Extracted {
            features: numbers(features),
            probabilities,
        })
    }
}

impl Convolution {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let y = fata_kernels::conv2d(
            x,
            self.weight.clone(),
            Some(self.bias.clone()),
            self.options,
        );
        fata_kernels::activate(y, Activation::Relu)
    }
}

impl Branch {
    fn forward(&self, mut x: Tensor<4>) -> Vec<Tensor<4>> {
        for convolution in &self.trunk {
            x = convolution.forward(x);
        }
        match &self.fork[..] {
            [] => vec![x],
            fork => fork
                .iter()
                .map(|convolution| convolution.forward(x.clone()))
                .collect(),
        }
    }
}

impl Block {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let branches = self
            .branches
            .iter()
            .flat_map(|branch| branch.forward(x.clone()));
        let mut outputs: Vec<_> = branches.collect();
        outputs.push(match &self.pool {
            Pool::Average(convolution) => convolution.forward(pooling::average(x, KEEP)),
            Pool::Max(convolution) => convolution.forward(pooling::max(x, KEEP)),
            Pool::Shrink => pooling::max(x, SHRINK),
        });
        Tensor::cat(outputs, 3)
    }
}

/// Takes the weights from their source, hashing them as they come.
struct Reader<'a> {
    source: Source<'a>,
    device: &'a Device,
    hash: Xxh3Default,
}

/// A convolution of a branch: its name, output channels and kernel.
type Step<'a> = (&'a str, usize, Kernel);

/// A kernel's height and width, its stride, its padding.
#[derive(Clone, Copy)]
struct Kernel([usize; 2], usize, [usize; 2]);

const ONE: Kernel = Kernel([1, 1], 1, [0, 0]);
const THREE: Kernel = Kernel([3, 3], 1, [1, 1]);
const FIVE: Kernel = Kernel([5, 5], 1, [2, 2]);
/// Without padding, so that an edge of one pixel is lost.
const TRIMMING: Kernel = Kernel([3, 3], 1, [0, 0]);
const HALVING: Kernel = Kernel([3, 3], 2, [0, 0]);
const ROW_OF_3: Kernel = Kernel([1, 3], 1, [0, 1]);
const COLUMN_OF_3: Kernel = Kernel([3, 1], 1, [1, 0]);
const ROW_OF_7: Kernel = Kernel([1, 7], 1, [0, 3]);
const COLUMN_OF_7: Kernel = Kernel([7, 1], 1, [3, 0]);

/// Where weights come from: a tensor by its name in pytorch-fid and its shape.
type Source<'a> = &'a dyn Fn(&str, &[usize]) -> Result<Vec<f32>, WeightsError>;

impl Reader<'_> {
    /// The 35x35 blocks.
    fn block_a(&mut self, name: &str, from: usize, pooled: usize) -> Result<Block, WeightsError> {
        let branches = vec![
            self.branch(name, from, &[("branch1x1", 64, ONE)])?,
            self.branch(
                name,
                from,
                &[("branch5x5_1", 48, ONE), ("branch5x5_2", 64, FIVE)],
            )?,
            self.branch(
                name,
                from,
                &[
                    ("branch3x3dbl_1", 64, ONE),
                    ("branch3x3dbl_2", 96, THREE),
                    ("branch3x3dbl_3", 96, THREE),
                ],
            )?,
        ];
        let pool = self.convolution(&format!("{name}.branch_pool"), [from, pooled], ONE)?;
        Ok(Block {
            branches,
            pool: Pool::Average(pool),
        })
    }

    /// From 35x35 to 17x17.
    fn block_b(&mut self, name: &str, from: usize) -> Result<Block, WeightsError> {
        let branches = vec![
            self.branch(name, from, &[("branch3x3", 384, HALVING)])?,
            self.branch(
                name,
                from,
                &[
                    ("branch3x3dbl_1", 64, ONE),
                    ("branch3x3dbl_2", 96, THREE),
                    ("branch3x3dbl_3", 96, HALVING),
                ],
            )?,
        ];
        Ok(Block {
            branches,
            pool: Pool::Shrink,
        })
    }

    /// The 17x17 blocks: 7x7 in two steps.
    fn block_c(&mut self, name: &str, from: usize, inner: usize) -> Result<Block, WeightsError> {
        let branches = vec![
            self.branch(name, from, &[("branch1x1", 192, ONE)])?,
            self.branch(
                name,
                from,
                &[
                    ("branch7x7_1", inner, ONE),
                    ("branch7x7_2", inner, ROW_OF_7),
                    ("branch7x7_3", 192, COLUMN_OF_7),
                ],
            )?,
            self.branch(
                name,
                from,
                &[
                    ("branch7x7dbl_1", inner, ONE),
                    ("branch7x7dbl_2", inner, COLUMN_OF_7),
                    ("branch7x7dbl_3", inner, ROW_OF_7),
                    ("branch7x7dbl_4", inner, COLUMN_OF_7),
                    ("branch7x7dbl_5", 192, ROW_OF_7),
                ],
            )?,
        ];
        let pool = self.convolution(&format!("{name}.branch_pool"), [from, 192], ONE)?;
        Ok(Block {
            branches,
            pool: Pool::Average(pool),
        })
    }

    /// From 17x17 to 8x8.
    fn block_d(&mut self, name: &str, from: usize) -> Result<Block, WeightsError> {
        let branches = vec![
            self.branch(
                name,
                from,
                &[("branch3x3_1", 192, ONE), ("branch3x3_2", 320, HALVING)],
            )?,
            self.branch(
                name,
                from,
                &[
                    ("branch7x7x3_1", 192, ONE),
                    ("branch7x7x3_2", 192, ROW_OF_7),
                    ("branch7x7x3_3", 192, COLUMN_OF_7),
                    ("branch7x7x3_4", 192, HALVING),
                ],
            )?,
        ];
        Ok(Block {
            branches,
            pool: Pool::Shrink,
        })
    }

    /// The 8x8 blocks, which fork.
    fn block_e(
        &mut self,
        name: &str,
        from: usize,
        pool: impl Fn(Convolution) -> Pool,
    ) -> Result<Block, WeightsError> {
        let mut branches = vec![
            self.branch(name, from, &[("branch1x1", 320, ONE)])?,
            self.branch(name, from, &[("branch3x3_1", 384, ONE)])?,
            self.branch(
                name,
                from,
                &[("branch3x3dbl_1", 448, ONE), ("branch3x3dbl_2", 384, THREE)],
            )?,
        ];
        for (branch, inner) in branches[1..]
            .iter_mut()
            .zip(["branch3x3_2", "branch3x3dbl_3"])
        {
            for (letter, kernel) in [("a", ROW_OF_3), ("b", COLUMN_OF_3)] {
                let name = format!("{name}.{inner}{letter}");
                branch
                    .fork
                    .push(self.convolution(&name, [384, 384], kernel)?);
            }
        }
        let last = self.convolution(&format!("{name}.branch_pool"), [from, 192], ONE)?;
        Ok(Block {
            branches,
            pool: pool(last),
        })
    }

    fn branch(
        &mut self,
        block: &str,
        mut from: usize,
        steps: &[Step],
    ) -> Result<Branch, WeightsError> {
        let mut trunk = Vec::new();
        for &(name, to, kernel) in steps {
            let name = format!("{block}.{name}");
            trunk.push(self.convolution(&name, [from, to], kernel)?);
            from = to;
        }
        Ok(Branch {
            trunk,
            fork: Vec::new(),
        })
    }

    /// `gamma (w x - mean) / sqrt(variance + epsilon) + beta`, as one convolution.
    fn convolution(
        &mut self,
        name: &str,
        [from, to]: [usize; 2],
        Kernel([height, width], stride, padding): Kernel,
    ) -> Result<Convolution, WeightsError> {
        let weight = self.take(&format!("{name}.conv.weight"), &[to, from, height, width])?;
        let gamma = self.take(&format!("{name}.bn.weight"), &[to])?;
        let beta = self.take(&format!("{name}.bn.bias"), &[to])?;
        let mean = self.take(&format!("{name}.bn.running_mean"), &[to])?;
        let variance = self.take(&format!("{name}.bn.running_var"), &[to])?;
        let (taps, window) = (height * width, from * height * width);
        let mut folded = vec![0.0; weight.len()]; // [height, width, from, to]
        let mut bias = Vec::with_capacity(to);
        for out in 0..to {
            let scale = f64::from(gamma[out]) / (f64::from(variance[out]) + EPSILON).sqrt();
            bias.push((f64::from(beta[out]) - f64::from(mean[out]) * scale) as f32);
            for (place, &value) in weight[out * window..(out + 1) * window].iter().enumerate() {
                let (channel, tap) = (place / taps, place % taps);
                folded[(tap * from + channel) * to + out] = (f64::from(value) * scale) as f32;
            }
        }
        if !folded.iter().chain(&bias).all(|value| value.is_finite()) {
            let name = format!("{name}.bn.running_var"); // below zero, or beyond f32 with its gamma
            return Err(WeightsError::NotFinite {
                name,
                value: f32::NAN,
            });
        }
        Ok(Convolution {
            weight: tensor(folded, self.device).reshape([height, width, from, to]),
            bias: tensor(bias, self.device),
            options: ConvOptions {
                stride: [stride; 2],
                padding,
                groups: 1,
            },
        })
    }

    fn classifier(&mut self) -> Result<Option<Tensor<2>>, WeightsError> {
        let weight = match self.take("fc.weight", &[CLASSES, WIDTH]) {
            Err(WeightsError::Missing { .. }) => return Ok(None),
            weight => weight?,
        };
        let weight: Tensor<2> = tensor(weight, self.device).reshape([CLASSES, WIDTH]);
        Ok(Some(weight.transpose()))
    }

    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let numbers = (self.source)(name, shape)?;
        for number in &numbers {
            self.hash.update(&number.to_le_bytes());
        }
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests;
