//! The functions between two linear maps, and what they are made of.

use super::simd::multiply_add;

/// A function of one number, known while compiling so that it becomes part of the loop around it.
pub(crate) trait Activation {
    /// Its value at `x`.
    fn of<const FUSED: bool>(&self, x: f32) -> f32;
}

/// x · Φ(x), with the error function.
pub(crate) struct Gelu;

/// The same by the tanh approximation: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
pub(crate) struct GeluTanh;

/// max(x, 0).
pub(crate) struct Relu;

/// x · sigmoid(x).
pub(crate) struct Silu;

/// tanh(x).
pub(crate) struct Tanh;

impl Activation for Gelu {
    #[inline(always)]
    fn of<const FUSED: bool>(&self, x: f32) -> f32 {
        gelu::<FUSED>(x)
    }
}

impl Activation for GeluTanh {
    #[inline(always)]
    fn of<const FUSED: bool>(&self, x: f32) -> f32 {
        /// 2 √(2/π): ½ (1 + tanh(y)) is sigmoid(2 y).
        const SCALE: f32 = 1.595_769;
        x * sigmoid::<FUSED>(SCALE * multiply_add::<FUSED>(0.044_715 * x, x * x, x))
    }
}

impl Activation for Relu {
    #[inline(always)]
    fn of<const FUSED: bool>(&self, x: f32) -> f32 {
        // What is no number stays none, so that it is noticed in the result.
        if x < 0.0 { 0.0 } else { x }
    }
}

impl Activation for Silu {
    #[inline(always)]
    fn of<const FUSED: bool>(&self, x: f32) -> f32 {
        x * sigmoid::<FUSED>(x)
    }
}

impl Activation for Tanh {
    #[inline(always)]
    fn of<const FUSED: bool>(&self, x: f32) -> f32 {
        multiply_add::<FUSED>(2.0, sigmoid::<FUSED>(2.0 * x), -1.0)
    }
}

/// 1 / (1 + e^−x).
#[inline(always)]
pub(crate) fn sigmoid<const FUSED: bool>(x: f32) -> f32 {
    1.0 / (1.0 + exp::<FUSED>(-x))
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

/// e^x for x ≤ 0 (larger ones too, up to 88), by the range reduction and polynomial of Cephes `expf`; relative error below 2e-7.
/// Below −87 the value at −87, which is as good as nothing.
#[inline(always)]
pub(crate) fn exp<const FUSED: bool>(x: f32) -> f32 {
    /// Added to a float of small magnitude, 1.5 · 2²³ leaves the nearest whole number in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    const POLYNOMIAL: [f32; 6] = [
        1.987_569_1e-4,
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_6e-1,
        0.5,
    ];
    let x = x.clamp(-87.0, 88.0);
    let shifted = multiply_add::<FUSED>(x, std::f32::consts::LOG2_E, ROUND);
    let whole = shifted - ROUND;
    let rest = multiply_add::<FUSED>(whole, -0.693_359_4, x);
    let rest = multiply_add::<FUSED>(whole, 2.121_944_4e-4, rest);
    let mantissa = multiply_add::<FUSED>(horner::<FUSED, 6>(&POLYNOMIAL, rest), rest * rest, rest) + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()));
    mantissa * power
}
