//! The bridge between Burn's tensors on the CPU device and slices: memory of tensors comes from
//! the pool and goes back to it, and an operator is recorded for the backward pass with a rule
//! that sees which gradients are wanted.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::{DType, Shape, Tensor};
use burn_flex::{FlexTensor, Layout};
use burn_std::{AccessError, AccessPolicy, AllocationController, AllocationProperty, Bytes};

use crate::pool::{self, Buffer};

type Tracked = Autodiff<Flex, NoCheckpointing>;
type TrackedTensor = FloatTensor<Tracked>;

/// Pool memory as Burn holds it. All of it is initialised, being floats.
struct Recycled(Buffer);

impl AllocationController for Recycled {
    fn alloc_align(&self) -> usize {
        // Burn's largest; the pool's is larger.
        align_of::<u128>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(
        &mut self,
        _policy: AccessPolicy,
    ) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        let bytes = size_of_val(&*self.0);
        // SAFETY: the buffer's bytes, borrowed exclusively as `self` is; the caller promises to
        // write initialised bytes only, and any bits are a float.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), bytes) })
    }

    fn memory(&self, _policy: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        // SAFETY: the buffer's bytes, all initialised, borrowed as `self` is.
        Ok(unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), size_of_val(&*self.0)) })
    }

    fn duplicate(&self) -> Option<Box<dyn AllocationController>> {
        let mut copy = pool::take(self.0.len());
        copy.copy_from_slice(&self.0);
        Some(Box::new(Recycled(copy)))
    }
}

/// A tensor that owns the buffer.
pub(crate) fn wrap(buffer: Buffer, shape: impl Into<Shape>) -> FlexTensor {
    let shape = shape.into();
    assert_eq!(buffer.len(), shape.num_elements(), "a buffer for {shape:?}");
    let bytes = size_of_val(&*buffer);
    // SAFETY: the controller's memory has this many bytes, all initialised.
    let bytes = unsafe { Bytes::from_controller(Box::new(Recycled(buffer)), bytes) };
    FlexTensor::new(bytes, Layout::contiguous(shape), DType::F32)
}

/// A tensor of the values of a short list.
pub(crate) fn vector(values: &[f32]) -> FlexTensor {
    let mut buffer = pool::take(values.len());
    buffer.copy_from_slice(values);
    wrap(buffer, [values.len()])
}

/// The same tensor with its floats one after the other.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    if tensor.is_contiguous() {
        tensor
    } else {
        tensor.to_contiguous()
    }
}

/// The floats of a tensor that [`contiguous`] gave.
pub(crate) fn floats(tensor: &FlexTensor) -> &[f32] {
    tensor
        .as_slice()
        .expect("operands are made contiguous and are f32")
}

/// A tensor to overwrite, with its floats: the same one where nobody else holds it, else a copy.
pub(crate) fn owned(tensor: FlexTensor) -> FlexTensor {
    let mut tensor = contiguous(tensor);
    let whole = tensor.layout().start_offset() == 0
        && tensor.bytes().len() == tensor.layout().num_elements() * size_of::<f32>();
    if whole && tensor.try_storage_mut::<f32>().is_some() {
        return tensor;
    }
    let mut buffer = pool::take(tensor.layout().num_elements());
    buffer.copy_from_slice(floats(&tensor));
    wrap(buffer, tensor.layout().shape().clone())
}

/// The floats of a tensor that [`owned`] gave.
pub(crate) fn floats_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    tensor
        .try_storage_mut()
        .expect("the tensor is held by nobody else")
}

/// The primitive of a plain tensor.
pub(crate) fn plain<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    let tensor = tensor.without_autodiff().try_into_primitive::<Flex>();
    contiguous(tensor.expect("checked to be a float tensor of the CPU device"))
}

/// A plain tensor from its primitive.
pub(crate) fn tensor<const D: usize>(primitive: FlexTensor) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(primitive)
}

/// How an operator's gradients follow from that of its output.
pub(crate) trait Rule<const N: usize>: Clone + std::fmt::Debug + Send + 'static {
    /// Gradients of the operands; those not `wanted` are not computed.
    fn gradients(self, gradient: FlexTensor, wanted: [bool; N]) -> [Option<FlexTensor>; N];
}

/// Burn's view of a rule, which is the state of the recorded step.
#[derive(Debug)]
struct Step<R>(PhantomData<R>);

impl<R: Rule<N>, const N: usize> Backward<Flex, N> for Step<R> {
    type State = R;

    fn backward(self, ops: Ops<R, N>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = contiguous(grads.consume::<Flex>(&ops.node));
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let computed = ops.state.gradients(gradient, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(computed) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<Flex>(parent.id, gradient);
            }
        }
    }
}

/// An operand of an operator.
pub(crate) enum Operand {
    Plain(FlexTensor),
    Tracked(TrackedTensor),
}

impl<const D: usize> From<Tensor<D>> for Operand {
    fn from(tensor: Tensor<D>) -> Self {
        if tensor.is_autodiff() {
            let tracked = tensor.try_into_primitive::<Tracked>();
            Operand::Tracked(tracked.expect("checked to be a float tensor of the CPU device"))
        } else {
            Operand::Plain(plain(tensor))
        }
    }
}

/// Runs an operator. `forward` gets the operands' tensors and gives the output with the rule of
/// its gradients, which is recorded if any operand is tracked.
pub(crate) fn run<const N: usize, const D: usize, R: Rule<N>>(
    operands: [Operand; N],
    forward: impl FnOnce([FlexTensor; N]) -> (FlexTensor, R),
) -> Tensor<D> {
    if operands
        .iter()
        .all(|operand| matches!(operand, Operand::Plain(_)))
    {
        let tensors = operands.map(|operand| match operand {
            Operand::Plain(tensor) => tensor,
            Operand::Tracked(tensor) => tensor.into_primitive(),
        });
        return tensor(forward(tensors).0);
    }
    let mut guards = Vec::with_capacity(N);
    let tensors = operands.map(|operand| {
        let tracked = match operand {
            Operand::Plain(tensor) => TrackedTensor::new(tensor),
            Operand::Tracked(tensor) => tensor,
        };
        let (tensor, guard) = tracked.into_parts();
        guards.push(guard);
        contiguous(tensor)
    });
    let Ok(guards) = <[_; N]>::try_from(guards) else {
        unreachable!("one guard an operand");
    };
    let (output, rule) = forward(tensors);
    let step = Step::<R>(PhantomData)
        .prepare::<NoCheckpointing>(guards)
        .compute_bound();
    let output = match step.stateful() {
        OpsKind::Tracked(step) => step.finish(rule, output),
        OpsKind::UnTracked(step) => step.finish(output),
    };
    Tensor::from_primitive::<Tracked>(output)
}
