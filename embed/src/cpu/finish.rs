//! What follows a matrix product in a BERT layer, done while the sums are still in registers.

use super::product::Finish;
use super::simd::multiply_add;

/// Adds the bias.
pub(crate) struct Bias<'a>(pub(crate) &'a [f32]);

/// Adds the bias and applies the exact GELU.
pub(crate) struct BiasGelu<'a>(pub(crate) &'a [f32]);

/// Adds the sums and the bias to what `out` holds: a residual connection.
pub(crate) struct Residual<'a>(pub(crate) &'a [f32]);

impl Finish for Bias<'_> {
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, column: usize, sums: &[f32], out: &mut [f32]) {
        let bias = &self.0[column..][..out.len()];
        for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
            *out = sum + bias;
        }
    }
}

impl Finish for BiasGelu<'_> {
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, column: usize, sums: &[f32], out: &mut [f32]) {
        let bias = &self.0[column..][..out.len()];
        for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
            *out = gelu::<FUSED>(sum + bias);
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

/// x · Φ(x), with the error function rather than the tanh approximation.
#[inline(always)]
pub(crate) fn gelu<const FUSED: bool>(x: f32) -> f32 {
    let half = 0.5 * x;
    multiply_add::<FUSED>(half, erf::<FUSED>(x * std::f32::consts::FRAC_1_SQRT_2), half)
}

/// The error function by the rational approximation of Eigen's `generic_fast_erf` (odd polynomial of degree 13 over an even one
/// of degree 8, beyond 4 the value at 4); absolute error below 5e-7.
#[inline(always)]
pub(crate) fn erf<const FUSED: bool>(x: f32) -> f32 {
    const ALPHA: [f32; 7] = [
        -2.726_142_4e-10,
        2.770_681_5e-8,
        -2.101_024e-6,
        -5.692_506_2e-5,
        -7.349_906_4e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    const BETA: [f32; 5] = [
        -1.456_607_15e-5,
        -2.133_740_5e-4,
        -1.682_827e-3,
        -7.373_329_3e-3,
        -1.426_473_9e-2,
    ];
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    x * horner::<FUSED, 7>(&ALPHA, square) / horner::<FUSED, 5>(&BETA, square)
}

/// A polynomial by Horner's rule, highest power first.
#[inline(always)]
pub(crate) fn horner<const FUSED: bool, const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut sum = coefficients[0];
    for coefficient in &coefficients[1..] {
        sum = multiply_add::<FUSED>(sum, x, *coefficient);
    }
    sum
}
