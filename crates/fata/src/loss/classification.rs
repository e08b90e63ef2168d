//! The loss of classifiers, and of players that also name classes.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

/// Cross-entropy `-mean over the batch of sum over c of t_c log softmax(l)_c`.
///
/// # Shapes
/// Logits and targets [batch, classes], the targets' rows being probabilities
/// (one and zeros where the class is known); the result `[1]`.
///
/// # Source
/// Bishop 2006, Pattern Recognition and Machine Learning, equation 4.108.
pub fn classification(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let batch = logits.dims()[0] as f32;
    -(log_softmax(logits, 1) * targets).sum() / batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// The gradient is `(softmax(l) - t) / batch`.
    #[test]
    fn value_and_gradient_are_those_of_the_formula() {
        let device = Device::flex();
        let rows: [[f64; 3]; 2] = [[1.0, -2.0, 0.5], [0.0, 30.0, -30.0]];
        let shares: [[f64; 3]; 2] = [[0.0, 0.0, 1.0], [0.25, 0.75, 0.0]];
        let logits = Tensor::<2>::from_data(rows, &device)
            .autodiff()
            .require_grad();
        let targets = Tensor::<2>::from_data(shares, &device).autodiff();
        let loss = classification(logits.clone(), targets);
        let mut gradients = loss.backward();
        let gradient = crate::layers::numbers(logits.grad_remove(&mut gradients).unwrap());
        let mut value = 0.0;
        for (row, targets, gradient) in [0, 1].map(|i| (rows[i], shares[i], &gradient[3 * i..])) {
            let sum: f64 = row.iter().map(|&l| l.exp()).sum();
            for class in 0..3 {
                let log = row[class] - sum.ln();
                value -= targets[class] * log / 2.0;
                let slope = (log.exp() - targets[class]) / 2.0;
                assert!((f64::from(gradient[class]) - slope).abs() < 1e-6);
            }
        }
        let ours = crate::layers::numbers(loss.without_autodiff())[0];
        assert!((f64::from(ours) - value).abs() < 1e-5, "{ours} and {value}");
    }
}
