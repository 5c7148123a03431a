//! What a layer does to whole rows: softmax, layer normalisation, rotation; and pooling at the end.
//!
//! Sums run in eight lanes of fixed order, so that the compiler may use vector registers and the result never depends on it.

use super::activation::exp;
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

/// The mean over rows.
pub(crate) struct Mean<'a> {
    pub(crate) rows: &'a [f32],
    pub(crate) width: usize,
}

impl Work for Mean<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "a text has at most some thousands of rows")]
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
        mean
    }
}

/// A row scaled in place to length 1. The zero vector stays what it is.
pub(crate) struct Unit<'a>(pub(crate) &'a mut [f32]);

impl Work for Unit<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let scale = 1.0 / squares::<FUSED>(self.0).sqrt().max(1e-12);
        for x in self.0 {
            *x *= scale;
        }
    }
}

/// Each row in place, head by head: the pairs (i, i + width / 2) of a head are turned by the row's own angles.
pub(crate) struct Rotate<'a> {
    pub(crate) rows: &'a mut [f32],
    /// From one row to the next.
    pub(crate) stride: usize,
    /// The columns from the first that are turned, whole heads.
    pub(crate) columns: usize,
    /// Cosines and sines, half a head of each for every row.
    pub(crate) cosines: &'a [f32],
    pub(crate) sines: &'a [f32],
    pub(crate) half: usize,
}

impl Work for Rotate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let angles = self
            .cosines
            .chunks_exact(self.half)
            .zip(self.sines.chunks_exact(self.half));
        for (row, (cosines, sines)) in self.rows.chunks_exact_mut(self.stride).zip(angles) {
            for head in row[..self.columns].chunks_exact_mut(2 * self.half) {
                let (left, right) = head.split_at_mut(self.half);
                for (((a, b), cosine), sine) in left.iter_mut().zip(right).zip(cosines).zip(sines) {
                    (*a, *b) = (*a * cosine - *b * sine, *b * cosine + *a * sine);
                }
            }
        }
    }
}

#[inline(always)]
pub(super) fn fold(row: &[f32], start: f32, step: impl Fn(f32, f32) -> f32) -> f32 {
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
