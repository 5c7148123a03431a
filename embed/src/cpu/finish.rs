//! What follows a matrix product in a layer, done while the sums are still in registers.

use super::activation::Activation;
use super::product::Finish;

/// Adds the bias.
pub(crate) struct Bias<'a>(pub(crate) &'a [f32]);

/// Adds the bias and applies an activation.
pub(crate) struct Activated<'a, A>(pub(crate) &'a [f32], pub(crate) A);

/// Adds the bias, applies an activation, and multiplies what `out` holds by it: a gate.
pub(crate) struct Gated<'a, A>(pub(crate) &'a [f32], pub(crate) A);

/// Adds the sums and the bias to what `out` holds: a residual connection.
pub(crate) struct Residual<'a>(pub(crate) &'a [f32]);

/// Adds the sums to what `out` holds.
pub(crate) struct Added;

impl Finish for Bias<'_> {
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, column: usize, sums: &[f32], out: &mut [f32]) {
        let bias = &self.0[column..][..out.len()];
        for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
            *out = sum + bias;
        }
    }
}

impl<A: Activation> Finish for Activated<'_, A> {
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, column: usize, sums: &[f32], out: &mut [f32]) {
        let bias = &self.0[column..][..out.len()];
        for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
            *out = self.1.of::<FUSED>(sum + bias);
        }
    }
}

impl<A: Activation> Finish for Gated<'_, A> {
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, column: usize, sums: &[f32], out: &mut [f32]) {
        let bias = &self.0[column..][..out.len()];
        for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
            *out *= self.1.of::<FUSED>(sum + bias);
        }
    }
}

impl Finish for Residual<'_> {
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, column: usize, sums: &[f32], out: &mut [f32]) {
        let bias = &self.0[column..][..out.len()];
        for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
            *out += sum + bias;
        }
    }
}

impl Finish for Added {
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, _column: usize, sums: &[f32], out: &mut [f32]) {
        for (out, sum) in out.iter_mut().zip(sums) {
            *out += sum;
        }
    }
}
