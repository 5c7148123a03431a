//! Every instruction set against plain loops, and the whole against the product in reals.

use proptest::prelude::*;

use super::{GROUP, Left, Product, Quantise, Right, multiply, tile};
use crate::cpu::product::Plain;
use crate::cpu::simd::Work;

fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).unwrap()) / 16_384.0 - 2.0
    };
    (0..count).map(|_| next()).collect()
}

fn right(weights: &[f32], depth: usize, width: usize) -> Right {
    Right::pack_columns(depth, width, |column| &weights[column * depth..][..depth])
}

fn left(rows: &[f32], depth: usize) -> Left {
    let mut left = Left::default();
    // What was packed before must leave nothing.
    left.pack(&values(3 * (depth + 7), 5), depth + 7);
    left.pack(rows, depth);
    left
}

fn product(left: &Left, right: &Right, rows: usize) -> Vec<f32> {
    let mut out = vec![0.0; rows * right.width];
    multiply(Product {
        left,
        right,
        finish: Plain,
        out: &mut out,
        stride: right.width,
    });
    out
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

proptest! {
    #[test]
    fn this_machine_sums_as_plain_loops_do(rows in 1_usize..20, depth in 1_usize..150, width in 1_usize..50, seed: u32) {
        let (l, r) = (left(&values(rows * depth, seed), depth), right(&values(depth * width, !seed), depth, width));
        let mut plain = vec![0.0; rows * width];
        Product { left: &l, right: &r, finish: Plain, out: &mut plain, stride: width }.by_tiles::<true>(tile::plain);
        prop_assert_eq!(bits(&product(&l, &r, rows)), bits(&plain));
    }

    #[test]
    fn this_machine_quantises_as_plain_loops_do(rows in 1_usize..5, depth in 1_usize..150, seed: u32) {
        let rows = values(rows * depth, seed);
        let here = left(&rows, depth);
        let mut plain = Left { values: vec![[7; GROUP]; here.values.len()], ranges: Vec::new(), groups: here.groups };
        Quantise { left: &mut plain, rows: &rows, depth }.run::<false>();
        prop_assert_eq!(&here.values, &plain.values);
        prop_assert_eq!(here.ranges, plain.ranges);
    }

    #[test]
    fn a_row_does_not_depend_on_the_others(rows in 1_usize..20, depth in 1_usize..80, width in 1_usize..50, seed: u32) {
        let (values, r) = (values(rows * depth, seed), right(&values(depth * width, !seed), depth, width));
        let all = product(&left(&values, depth), &r, rows);
        for (row, values) in values.chunks(depth).enumerate() {
            prop_assert_eq!(bits(&product(&left(values, depth), &r, 1)), bits(&all[row * width..][..width]));
        }
    }

    #[test]
    fn the_product_is_near_that_in_reals(rows in 1_usize..8, depth in 1_usize..200, width in 1_usize..40, seed: u32) {
        let (a, b) = (values(rows * depth, seed), values(depth * width, !seed));
        let found = product(&left(&a, depth), &right(&b, depth, width), rows);
        for (row, a) in a.chunks(depth).enumerate() {
            for (column, b) in b.chunks(depth).enumerate() {
                let exact: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                // Half a step of 4/255 in the row and, in the mean of their squares, of 2/64 in the weights, each times at
                // most 2, for every term.
                let bound = (2.0 * 2.0 / 255.0 + 2.0 / 64.0 + 0.001) * f64::from(u32::try_from(depth).unwrap());
                prop_assert!((f64::from(found[row * width + column]) - exact).abs() <= bound);
            }
        }
    }
}

#[test]
fn the_greatest_values_do_not_saturate() {
    let depth = 1024;
    let (a, b) = ([vec![1.0; depth - 1], vec![-1.0]].concat(), vec![3.0; depth]);
    let found = product(&left(&a, depth), &right(&b, depth, 1), 1);
    assert!((found[0] - 3.0 * 1022.0).abs() < 0.5, "{found:?}");
}

#[test]
fn one_large_weight_does_not_coarsen_the_others() {
    let depth = 200;
    let weights: Vec<f32> = (0..depth)
        .map(|i| {
            if i == 0 {
                1.25
            } else {
                f32::from(u8::try_from(i % 100).unwrap()) / 100.0
            }
        })
        .collect();
    let error = |unit: f32| -> f32 {
        let off = |w: &f32| (w - (w / unit).round_ties_even().clamp(-64.0, 64.0) * unit).powi(2);
        weights.iter().map(off).sum()
    };
    let chosen = super::unit(&weights);
    assert!(error(chosen) <= error(1.25 / 64.0), "{chosen}");
    assert!(chosen <= 1.25 / 64.0);
}

#[test]
fn rows_and_columns_of_one_value_are_exact() {
    let (a, b) = (vec![0.5; 12], vec![0.0; 12]);
    assert_eq!(product(&left(&a, 12), &right(&b, 12, 1), 1), [0.0]);
    let found = product(&left(&a, 12), &right(&[2.0; 12], 12, 1), 1);
    assert!((found[0] - 12.0).abs() < 1e-4, "{found:?}");
}
