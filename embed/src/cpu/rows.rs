//! What a BERT layer does to whole rows: softmax and layer normalisation.
//!
//! Sums run in eight lanes of fixed order, so that the compiler may use vector registers and the result never depends on it.

use super::finish::horner;
use super::simd::{Work, multiply_add};

const LANES: usize = 8;

/// Softmax of each row in place.
pub(crate) struct Softmax<'a> {
    pub(crate) rows: &'a mut [f32],
    pub(crate) width: usize,
}

impl Work for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for row in self.rows.chunks_exact_mut(self.width) {
            let top = fold(row, f32::NEG_INFINITY, |top, x| if x > top { x } else { top });
            for x in row.iter_mut() {
                *x = exp::<FUSED>(*x - top);
            }
            let scale = 1.0 / fold(row, 0.0, |sum, x| sum + x);
            for x in row.iter_mut() {
                *x *= scale;
            }
        }
    }
}

/// Layer normalisation of each row in place: (x − mean) / √(variance + epsilon) · weight + bias.
pub(crate) struct Normalise<'a> {
    pub(crate) rows: &'a mut [f32],
    pub(crate) weight: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) epsilon: f32,
}

impl Work for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "a row is at most some thousands wide")]
    fn run<const FUSED: bool>(self) {
        let width = self.weight.len();
        for row in self.rows.chunks_exact_mut(width) {
            let mean = fold(row, 0.0, |sum, x| sum + x) / width as f32;
            for x in row.iter_mut() {
                *x -= mean;
            }
            let variance = squares::<FUSED>(row) / width as f32;
            let scale = 1.0 / (variance + self.epsilon).sqrt();
            for ((x, weight), bias) in row.iter_mut().zip(self.weight).zip(self.bias) {
                *x = multiply_add::<FUSED>(*x * scale, *weight, *bias);
            }
        }
    }
}

/// The mean over rows, scaled to length 1. Of the zero vector, the zero vector.
pub(crate) struct MeanUnit<'a> {
    pub(crate) rows: &'a [f32],
    pub(crate) width: usize,
}

impl Work for MeanUnit<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "a text has at most some hundreds of rows")]
    fn run<const FUSED: bool>(self) -> Vec<f32> {
        let mut mean = vec![0.0; self.width];
        for row in self.rows.chunks_exact(self.width) {
            for (sum, x) in mean.iter_mut().zip(row) {
                *sum += x;
            }
        }
        let count = (self.rows.len() / self.width) as f32;
        for x in &mut mean {
            *x /= count;
        }
        let scale = 1.0 / squares::<FUSED>(&mean).sqrt().max(1e-12);
        for x in &mut mean {
            *x *= scale;
        }
        mean
    }
}

#[inline(always)]
fn fold(row: &[f32], start: f32, step: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = step(*lane, *x);
        }
    }
    rest.iter().chain(&lanes).fold(start, |sum, x| step(sum, *x))
}

#[inline(always)]
fn squares<const FUSED: bool>(row: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = multiply_add::<FUSED>(*x, *x, *lane);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>()
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
