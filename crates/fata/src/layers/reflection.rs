//! Padding by reflection: a picture goes on as in a mirror at its edge.

use burn::tensor::Tensor;

/// Adds `padding` pixels at each edge; the edge's own pixels are not repeated.
///
/// # Shapes
/// `[batch, height, width, channels]` to `[batch, height + 2 padding, width + 2
/// padding, channels]`.
///
/// # Panics
/// If a side is not longer than the padding.
pub fn reflect(x: Tensor<4>, padding: usize) -> Tensor<4> {
    let along = |x: Tensor<4>, axis: usize| {
        let length = x.dims()[axis];
        assert!(length > padding, "a mirror image longer than the picture");
        let mut parts = Vec::with_capacity(2 * padding + 1);
        parts.extend((1..=padding).rev().map(|at| x.clone().narrow(axis, at, 1)));
        parts.push(x.clone());
        parts.extend((0..padding).map(|at| x.clone().narrow(axis, length - 2 - at, 1)));
        Tensor::cat(parts, axis)
    };
    along(along(x, 1), 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{numbers, tensor};
    use burn::tensor::Device;

    #[test]
    fn a_picture_goes_on_as_in_a_mirror() {
        let x: Tensor<4> =
            tensor((0..6).map(|v| v as f32).collect(), &Device::flex()).reshape([1, 2, 3, 1]);
        let y = reflect(x, 1);
        assert_eq!(y.dims(), [1, 4, 5, 1]);
        #[rustfmt::skip]
        let wanted = [
            4., 3., 4., 5., 4.,
            1., 0., 1., 2., 1.,
            4., 3., 4., 5., 4.,
            1., 0., 1., 2., 1.,
        ];
        assert_eq!(numbers(y), wanted);
    }

    #[test]
    fn the_gradient_of_a_pixel_counts_its_mirror_images() {
        let x: Tensor<4> = tensor(vec![1.0; 9], &Device::flex())
            .reshape([1, 3, 3, 1])
            .autodiff()
            .require_grad();
        let gradients = reflect(x.clone(), 1).sum().backward();
        let found = numbers(x.grad(&gradients).unwrap());
        // The middle row and column are seen three times, once in each mirror.
        assert_eq!(found, [1., 3., 1., 3., 9., 3., 1., 3., 1.]);
    }
}
