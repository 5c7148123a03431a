//! The arithmetic of a layer, kernel by kernel, on one core: products in floats and in 8 bits, softmax, normalisation.
//! `make bench`; throughput counts floating-point operations of products, values of the rest.
#![expect(
    clippy::inline_always,
    reason = "a loop is compiled for AVX2 only where it is inlined into a function that is"
)]
#![expect(
    dead_code,
    unused_imports,
    reason = "the kernels are private to the crate, so their files are compiled in: not all are measured, none tested"
)]

#[path = "../src/cpu"]
mod cpu {
    pub(crate) mod activation;
    pub(crate) mod finish;
    pub(crate) mod int8;
    pub(crate) mod product;
    pub(crate) mod rows;
    pub(crate) mod simd;
}

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use cpu::finish::Bias;
use cpu::int8;
use cpu::product::{Left, Product, Right};
use cpu::rows::{Normalise, Softmax};
use cpu::simd::dispatch;

/// Rows of a batch.
const ROWS: usize = 256;
/// Depth and width of the three kinds of map in all-MiniLM-L6-v2.
const MAPS: [(usize, usize); 3] = [(384, 1152), (384, 1536), (1536, 384)];

fn values(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f32::from(u16::try_from(state >> 16).expect("16 bits")) / 16_384.0 - 2.0
    };
    (0..count).map(|_| next()).collect()
}

fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("product");
    for (depth, width) in MAPS {
        let (rows, weights, bias) = (values(ROWS * depth), values(depth * width), values(width));
        let column = |column: usize| &weights[column * depth..][..depth];
        let mut out = vec![0.0; ROWS * width];
        let mut float = Right::default();
        float.pack_columns(depth, width, column);
        let whole = int8::Right::pack_columns(depth, width, column);
        let mut quantised = int8::Left::default();
        group.throughput(Throughput::Elements((2 * ROWS * depth * width) as u64));
        let shape = format!("{ROWS}×{depth}×{width}");
        group.bench_function(BenchmarkId::new("fp32", &shape), |bencher| {
            bencher.iter(|| {
                dispatch(Product {
                    left: Left::stacked(&rows, depth),
                    right: &float,
                    finish: Bias(&bias),
                    out: &mut out,
                    stride: width,
                });
            });
        });
        group.bench_function(BenchmarkId::new("int8", &shape), |bencher| {
            bencher.iter(|| {
                quantised.pack(&rows, depth);
                int8::multiply(int8::Product {
                    left: &quantised,
                    right: &whole,
                    finish: Bias(&bias),
                    out: &mut out,
                    stride: width,
                });
            });
        });
    }
    group.finish();
}

fn rows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rows");
    let (width, mut all) = (384, values(ROWS * 384));
    let (weight, bias) = (values(width), values(width));
    group.throughput(Throughput::Elements((ROWS * width) as u64));
    group.bench_function("softmax", |bencher| {
        bencher.iter(|| dispatch(Softmax { rows: &mut all, width }));
    });
    group.bench_function("normalise", |bencher| {
        bencher.iter(|| {
            dispatch(Normalise {
                rows: &mut all,
                weight: &weight,
                bias: &bias,
                epsilon: 1e-12,
            });
        });
    });
    group.finish();
}

criterion_group!(benches, products, rows);
criterion_main!(benches);
