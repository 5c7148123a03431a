//! The vector loops against plain ones in double precision.

use proptest::prelude::*;

use super::activation::{Activation, Gelu, GeluTanh, Relu, Silu, Tanh, erf, exp, gelu};
use super::finish::{Activated, Added, Gated, Residual};
use super::product::{Left, Plain, Product, Right};
use super::rows::{Mean, Normalise, Rotate, Softmax, Unit};
use super::simd::{Work, dispatch};

fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).unwrap()) / 16_384.0 - 2.0
    };
    (0..count).map(|_| next()).collect()
}

fn close(found: f32, expected: f64, tolerance: f64) -> bool {
    (f64::from(found) - expected).abs() <= tolerance
}

/// Φ by the series of the error function; good to 1e-9 up to 4, beyond that the function is flat to 2e-8.
fn erf_oracle(x: f64) -> f64 {
    if x.abs() > 4.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

fn packed(right: &[f32], depth: usize, width: usize) -> Right {
    let mut r = Right::default();
    // Packing over what was there before must leave nothing of it.
    r.pack_rows(depth + 5, width + 7, |_| &[9.0; 64][..width + 7]);
    r.pack_rows(depth, width, |d| &right[d * width..][..width]);
    r
}

proptest! {
    #[test]
    fn a_product_is_the_sum_of_products(rows in 1_usize..20, depth in 1_usize..40, width in 1_usize..50, seed: u32) {
        let (left, right) = (values(rows * depth, seed), values(depth * width, !seed));
        let (l, r) = (Left::stacked(&left, depth), packed(&right, depth, width));
        let (mut wide, mut plain) = (vec![0.0; rows * width], vec![0.0; rows * width]);
        dispatch(Product { left: l, right: &r, finish: Plain, out: &mut wide, stride: width });
        Product { left: l, right: &r, finish: Plain, out: &mut plain, stride: width }.run::<false>();
        let oracle = |row: usize, column: usize| -> f64 {
            (0..depth).map(|d| f64::from(left[row * depth + d]) * f64::from(right[d * width + column])).sum()
        };
        for row in 0..rows {
            for column in 0..width {
                let expected = oracle(row, column);
                prop_assert!(close(wide[row * width + column], expected, 1e-4));
                prop_assert!(close(plain[row * width + column], expected, 1e-4));
            }
        }
    }

    #[test]
    fn a_row_of_a_product_does_not_depend_on_the_others(rows in 1_usize..20, depth in 1_usize..40, width in 1_usize..50, seed: u32) {
        let (left, right) = (values(rows * depth, seed), values(depth * width, !seed));
        let (l, r) = (Left::stacked(&left, depth), packed(&right, depth, width));
        let mut all = vec![0.0; rows * width];
        dispatch(Product { left: l, right: &r, finish: Plain, out: &mut all, stride: width });
        for row in 0..rows {
            let l = Left::stacked(&left[row * depth..][..depth], depth);
            let mut alone = vec![0.0; width];
            dispatch(Product { left: l, right: &r, finish: Plain, out: &mut alone, stride: width });
            let bits = |row: &[f32]| row.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&alone), bits(&all[row * width..][..width]));
        }
    }

    #[test]
    fn packing_columns_is_packing_the_transpose(depth in 1_usize..20, width in 1_usize..50, seed: u32) {
        let by_row = values(depth * width, seed);
        let by_column: Vec<_> = (0..depth * width).map(|i| by_row[i % depth * width + i / depth]).collect();
        let left = values(depth, !seed);
        let (l, r) = (Left::stacked(&left, depth), packed(&by_row, depth, width));
        let mut transposed = Right::default();
        transposed.pack_columns(depth, width, |column| &by_column[column * depth..][..depth]);
        let (mut a, mut b) = (vec![0.0; width], vec![0.0; width]);
        dispatch(Product { left: l, right: &r, finish: Plain, out: &mut a, stride: width });
        dispatch(Product { left: l, right: &transposed, finish: Plain, out: &mut b, stride: width });
        prop_assert_eq!(a, b);
    }

    #[test]
    fn what_follows_a_product_is_bias_activation_and_residual(width in 1_usize..40, seed: u32) {
        let (left, right, bias) = ([1.0], values(width, seed), values(width, !seed));
        let (l, r) = (Left::stacked(&left, 1), packed(&right, 1, width));
        let mut out = values(width, seed ^ 5);
        let before = out.clone();
        dispatch(Product { left: l, right: &r, finish: Residual(&bias), out: &mut out, stride: width });
        for (i, x) in out.iter().enumerate() {
            prop_assert!(close(*x, f64::from(before[i]) + f64::from(right[i]) + f64::from(bias[i]), 1e-6));
        }
        dispatch(Product { left: l, right: &r, finish: Activated(&bias, Gelu), out: &mut out, stride: width });
        for (i, x) in out.iter().enumerate() {
            let sum = f64::from(right[i]) + f64::from(bias[i]);
            prop_assert!(close(*x, sum * 0.5 * (1.0 + erf_oracle(sum * std::f64::consts::FRAC_1_SQRT_2)), 2e-6));
        }
        let before = out.clone();
        dispatch(Product { left: l, right: &r, finish: Gated(&bias, Relu), out: &mut out, stride: width });
        for (i, x) in out.iter().enumerate() {
            let sum = f64::from(right[i]) + f64::from(bias[i]);
            prop_assert!(close(*x, f64::from(before[i]) * sum.max(0.0), 1e-6));
        }
        let before = out.clone();
        dispatch(Product { left: l, right: &r, finish: Added, out: &mut out, stride: width });
        for (i, x) in out.iter().enumerate() {
            prop_assert!(close(*x, f64::from(before[i]) + f64::from(right[i]), 1e-6));
        }
    }

    #[test]
    fn softmax_and_normalisation_are_as_defined(width in 1_usize..70, seed: u32) {
        let rows: Vec<_> = values(2 * width, seed).iter().map(|x| x * 10.0).collect();
        let mut soft = rows.clone();
        dispatch(Softmax { rows: &mut soft, width });
        let (weight, bias) = (values(width, !seed), values(width, seed ^ 9));
        let mut normal = rows.clone();
        dispatch(Normalise { rows: &mut normal, weight: &weight, bias: &bias, epsilon: 1e-5 });
        for row in 0..2 {
            let x: Vec<_> = rows[row * width..][..width].iter().map(|x| f64::from(*x)).collect();
            let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = x.iter().map(|x| (x - top).exp()).sum();
            let count = f64::from(u32::try_from(width).unwrap());
            let mean = x.iter().sum::<f64>() / count;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            for i in 0..width {
                prop_assert!(close(soft[row * width + i], (x[i] - top).exp() / total, 1e-6));
                let expected = (x[i] - mean) / (variance + 1e-5).sqrt() * f64::from(weight[i]) + f64::from(bias[i]);
                prop_assert!(close(normal[row * width + i], expected, 2e-5));
            }
        }
    }

    #[test]
    fn pooling_gives_the_mean_at_length_one(rows in 1_usize..9, width in 1_usize..40, seed: u32) {
        let values = values(rows * width, seed);
        let mut found = dispatch(Mean { rows: &values, width });
        dispatch(Unit(&mut found));
        let sums: Vec<f64> = (0..width).map(|i| values.iter().skip(i).step_by(width).map(|x| f64::from(*x)).sum()).collect();
        let length = sums.iter().map(|x| x * x).sum::<f64>().sqrt();
        prop_assume!(length > 0.01);
        for (found, sum) in found.iter().zip(&sums) {
            prop_assert!(close(*found, sum / length, 1e-4));
        }
    }

    #[test]
    fn rotation_turns_pairs_of_each_head_and_keeps_the_rest(half in 1_usize..20, heads in 1_usize..4, seed: u32) {
        let (columns, stride) = (heads * 2 * half, heads * 2 * half + 3);
        let before = values(2 * stride, seed);
        let angles: Vec<f64> = values(2 * half, !seed).iter().map(|x| f64::from(*x)).collect();
        #[expect(clippy::cast_possible_truncation, reason = "the angles' cosines and sines are given in single precision")]
        let narrow = |of: fn(f64) -> f64| angles.iter().map(|x| (of(*x) * 1e6).round() as f32 / 1e6).collect::<Vec<_>>();
        let (cosines, sines) = (narrow(f64::cos), narrow(f64::sin));
        let mut rows = before.clone();
        dispatch(Rotate { rows: &mut rows, stride, columns, cosines: &cosines, sines: &sines, half });
        for row in 0..2 {
            for i in 0..stride {
                let at = |i: usize| f64::from(before[row * stride + i]);
                let (place, angle) = (i % (2 * half), angles[row * half + i % half]);
                let expected = match place < half {
                    _ if i >= columns => at(i),
                    true => at(i) * angle.cos() - at(i + half) * angle.sin(),
                    false => at(i) * angle.cos() + at(i - half) * angle.sin(),
                };
                prop_assert!(close(rows[row * stride + i], expected, 1e-5));
            }
        }
    }

    #[test]
    fn the_other_activations_are_as_defined(y in -30.0_f32..30.0) {
        let x = f64::from(y);
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
        let tolerance = 1e-6 * x.abs().max(1.0);
        prop_assert!(close(GeluTanh.of::<true>(y), 0.5 * x * (1.0 + inner.tanh()), tolerance));
        prop_assert!(close(GeluTanh.of::<false>(y), 0.5 * x * (1.0 + inner.tanh()), tolerance));
        prop_assert!(close(Silu.of::<true>(y), x * sigmoid(x), tolerance));
        prop_assert!(close(Tanh.of::<true>(y), x.tanh(), 1e-6));
        prop_assert!(close(Relu.of::<true>(y), x.max(0.0), 0.0));
    }

    #[test]
    fn the_functions_are_good_to_a_millionth(x in -90.0_f32..90.0, y in -6.0_f32..6.0) {
        let down = -x.abs();
        let expected = f64::from(down.max(-87.0)).exp();
        prop_assert!(close(exp::<true>(down), expected, 3e-7 * expected));
        prop_assert!(close(exp::<false>(down), expected, 3e-7 * expected));
        prop_assert!(close(erf::<true>(y), erf_oracle(f64::from(y)), 1e-6));
        prop_assert!(close(erf::<false>(y), erf_oracle(f64::from(y)), 1e-6));
        let expected = f64::from(y) * 0.5 * (1.0 + erf_oracle(f64::from(y) * std::f64::consts::FRAC_1_SQRT_2));
        prop_assert!(close(gelu::<true>(y), expected, 1e-6 * expected.abs().max(1.0)));
    }
}

#[test]
fn the_mean_of_zeros_stays_zero() {
    let mut mean = dispatch(Mean {
        rows: &[0.0; 8],
        width: 4,
    });
    dispatch(Unit(&mut mean));
    assert_eq!(mean, [0.0; 4]);
}
