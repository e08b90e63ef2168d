//! The operators composed of Burn's own differentiable ones. They serve every device without
//! kernels of ours and are what the kernels are tested against.

use burn::tensor::activation;
use burn::tensor::module;
use burn::tensor::ops::ConvTransposeOptions;
use burn::tensor::{Int, Tensor, TensorData};

use super::{Activation, BatchStatistics, ConvOptions, Tap, bilinear_taps};

pub(super) fn conv2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions,
) -> Tensor<4> {
    let native = burn::tensor::ops::ConvOptions::new(
        options.stride,
        options.padding,
        [1, 1],
        options.groups,
    );
    let y = module::conv2d(
        x.permute([0, 3, 1, 2]),
        weight.permute([3, 2, 0, 1]),
        bias,
        native,
    );
    y.permute([0, 2, 3, 1])
}

pub(super) fn conv_transpose2d(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    options: ConvOptions,
) -> Tensor<4> {
    let native = ConvTransposeOptions::new(
        options.stride,
        options.padding,
        [0, 0],
        [1, 1],
        options.groups,
    );
    let weight = weight.permute([3, 2, 0, 1]);
    module::conv_transpose2d(x.permute([0, 3, 1, 2]), weight, bias, native).permute([0, 2, 3, 1])
}

/// The tangent times the slope of a piecewise linear activation at its output `y`.
pub(super) fn slope_tangent<const D: usize>(
    tangent: Tensor<D>,
    y: Tensor<D>,
    activation: Activation,
) -> Tensor<D> {
    let slope = match activation {
        Activation::LeakyRelu(slope) => slope,
        _ => 0.0,
    };
    let positive = y.greater_scalar(0.0).float();
    let slopes = positive * (1.0 - slope) + slope;
    let slopes = if tangent.is_autodiff() {
        slopes.autodiff()
    } else {
        slopes
    };
    tangent * slopes
}

pub(super) fn modulate(
    x: Tensor<4>,
    scale: Tensor<2>,
    shift: Tensor<2>,
    activation: Activation,
) -> Tensor<4> {
    let [batch, channels] = scale.dims();
    let wide = [batch, 1, 1, channels];
    activate(x * scale.reshape(wide) + shift.reshape(wide), activation)
}

pub(super) fn spectral_normalise(
    weight: Tensor<1>,
    left: Tensor<1>,
    right: Tensor<1>,
) -> Tensor<1> {
    let [rows, columns] = [left.dims()[0], right.dims()[0]];
    let matrix: Tensor<2> = weight.clone().reshape([rows, columns]);
    let image: Tensor<2> = matrix.matmul(right.reshape([columns, 1]));
    let sigma: Tensor<1> = (image.reshape([rows]) * left).sum();
    weight / sigma
}

pub(super) fn linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
    activation: Activation,
) -> Tensor<2> {
    let y = x.matmul(weight);
    let y = match bias {
        Some(bias) => y + bias.unsqueeze(),
        None => y,
    };
    activate(y, activation)
}

pub(super) fn batch_norm<const D: usize>(
    x: Tensor<D>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f32,
    activation: Activation,
) -> (Tensor<D>, BatchStatistics) {
    let shape = x.dims();
    let channels = shape[D - 1];
    let rows = x.reshape([-1, channels as i64]); // [rows, channels]
    let count = rows.dims()[0];
    let mean = rows.clone().mean_dim(0); // [1, channels]
    let centered = rows - mean.clone();
    let variance = centered.clone().powi_scalar(2).mean_dim(0);
    let normal = centered / (variance.clone() + epsilon).sqrt();
    let y = normal * gamma.unsqueeze() + beta.unsqueeze();
    let unbiased = count as f64 / (count.max(2) - 1) as f64;
    let statistics = BatchStatistics {
        mean: mean.without_autodiff().reshape([channels]),
        variance: variance.without_autodiff().reshape([channels]) * unbiased,
    };
    (activate(y.reshape(shape), activation), statistics)
}

pub(super) fn affine_activation<const D: usize>(
    x: Tensor<D>,
    scale: Tensor<1>,
    shift: Tensor<1>,
    activation: Activation,
) -> Tensor<D> {
    activate(x * scale.unsqueeze() + shift.unsqueeze(), activation)
}

pub(super) fn instance_norm(
    x: Tensor<4>,
    gamma: Option<Tensor<1>>,
    beta: Option<Tensor<1>>,
    epsilon: f32,
    activation: Activation,
) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let pixels = x.reshape([batch, height * width, channels]);
    let centered = pixels.clone() - pixels.mean_dim(1);
    let variance = centered.clone().powi_scalar(2).mean_dim(1);
    let mut y = centered / (variance + epsilon).sqrt();
    if let Some(gamma) = gamma {
        y = y * gamma.unsqueeze();
    }
    if let Some(beta) = beta {
        y = y + beta.unsqueeze();
    }
    activate(y.reshape([batch, height, width, channels]), activation)
}

pub(super) fn activate<const D: usize>(x: Tensor<D>, activation: Activation) -> Tensor<D> {
    match activation {
        Activation::Identity => x,
        Activation::Relu => activation::relu(x),
        Activation::LeakyRelu(slope) => activation::leaky_relu(x, slope as f64),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => activation::sigmoid(x),
    }
}

pub(super) fn binary_cross_entropy_with_logits(logits: Tensor<1>, target: f32) -> Tensor<1> {
    // max(l, 0) is written (l + |l|) / 2, whose derivative at zero is the right one, one half.
    let size = logits.clone().abs();
    let positive = (logits.clone() + size.clone()) * 0.5;
    (positive - logits * target + (-size).exp().log1p()).mean()
}

pub(super) fn upsample_nearest(x: Tensor<4>, factor: usize) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    x.reshape([batch, height, 1, width, 1, channels])
        .expand([batch, height, factor, width, factor, channels])
        .reshape([batch, height * factor, width * factor, channels])
}

pub(super) fn downsample_average(x: Tensor<4>, factor: usize) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let (rows, columns) = (height / factor, width / factor);
    x.slice([0..batch, 0..rows * factor, 0..columns * factor, 0..channels])
        .reshape([batch, rows, factor, columns, factor, channels])
        .mean_dim(4)
        .mean_dim(2)
        .reshape([batch, rows, columns, channels])
}

pub(super) fn resize_bilinear(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let [_, height, width, _] = x.dims();
    let x = blend(x, 1, &bilinear_taps(height, size[0]));
    blend(x, 2, &bilinear_taps(width, size[1]))
}

/// Mixes slices of one axis as the taps say.
fn blend(x: Tensor<4>, axis: usize, taps: &[Tap]) -> Tensor<4> {
    let device = x.device();
    let indices = |pick: fn(&Tap) -> usize| {
        let list: Vec<i64> = taps.iter().map(|tap| pick(tap) as i64).collect();
        Tensor::<1, Int>::from_data(TensorData::new(list, [taps.len()]), &device)
    };
    let shares: Vec<f32> = taps.iter().map(|tap| tap.share).collect();
    let mut shape = [1; 4];
    shape[axis] = taps.len();
    let shares = Tensor::<4>::from_data(TensorData::new(shares, shape), &device);
    let low = x.clone().select(axis, indices(|tap| tap.low));
    let high = x.select(axis, indices(|tap| tap.high));
    low * (-shares.clone() + 1.0) + high * shares
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;

    /// A directional derivative of `f` at `x` by central difference against backward.
    fn check<const D: usize, const E: usize>(
        shape: [usize; D],
        f: impl Fn(Tensor<D>) -> Tensor<E>,
    ) {
        let device = Device::flex();
        let x = Tensor::<D>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
        let v = Tensor::<D>::random(shape, Distribution::Uniform(-1.0, 1.0), &device);
        let tracked = x.clone().autodiff().require_grad();
        let y = f(tracked.clone());
        let w = Tensor::<E>::random(y.shape(), Distribution::Uniform(-1.0, 1.0), &device);
        let grads = (y * w.clone().autodiff()).sum().backward();
        let slope: f32 = (tracked.grad(&grads).expect("x is tracked") * v.clone())
            .sum()
            .into_scalar();
        let step = 1e-2;
        let up: f32 = (f(x.clone() + v.clone() * step) * w.clone())
            .sum()
            .into_scalar();
        let down: f32 = (f(x - v * step) * w).sum().into_scalar();
        let difference = (up - down) / (2.0 * step);
        let scale = slope.abs().max(1.0);
        assert!(
            (difference - slope).abs() <= 1e-2 * scale,
            "{difference} against {slope}"
        );
    }

    fn ramp<const D: usize>(shape: [usize; D]) -> Tensor<D> {
        let count = shape.iter().product::<usize>();
        let list: Vec<f32> = (0..count)
            .map(|i| ((i * 7 + 3) % 11) as f32 / 11.0 - 0.4)
            .collect();
        Tensor::from_data(TensorData::new(list, shape), &Device::flex())
    }

    fn on<const D: usize, const E: usize>(t: Tensor<D>, like: &Tensor<E>) -> Tensor<D> {
        if like.device().is_autodiff() {
            t.autodiff()
        } else {
            t
        }
    }

    #[test]
    fn every_portable_operator_has_the_gradient_of_its_values() {
        let options = ConvOptions {
            stride: [2, 2],
            padding: [1, 1],
            groups: 1,
        };
        check([2, 6, 6, 3], |x| {
            conv2d(x.clone(), on(ramp([4, 4, 3, 5]), &x), None, options)
        });
        check([2, 3, 3, 5], |x| {
            conv_transpose2d(x.clone(), on(ramp([4, 4, 3, 5]), &x), None, options)
        });
        check([4, 4, 3, 5], |w| {
            conv2d(on(ramp([2, 6, 6, 3]), &w), w, None, options)
        });
        check([4, 5], |x| {
            linear(
                x.clone(),
                on(ramp([5, 3]), &x),
                Some(on(ramp([3]), &x)),
                Activation::Tanh,
            )
        });
        check([4, 3, 3, 2], |x| {
            batch_norm(
                x.clone(),
                on(ramp([2]), &x),
                on(ramp([2]), &x),
                1e-5,
                Activation::Sigmoid,
            )
            .0
        });
        check([2, 4, 3, 2], |x| {
            instance_norm(
                x.clone(),
                Some(on(ramp([2]), &x)),
                None,
                1e-5,
                Activation::Tanh,
            )
        });
        check([7], |x| binary_cross_entropy_with_logits(x, 0.9));
        check([2, 3, 2, 2], |x| upsample_nearest(x, 2));
        check([2, 5, 4, 2], |x| downsample_average(x, 2));
        check([2, 5, 4, 2], |x| resize_bilinear(x, [7, 3]));
    }
}
