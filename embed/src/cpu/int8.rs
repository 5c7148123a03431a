//! Matrix products with weights of 8 bits: rows are quantised as they come, sums are exact whole numbers.
//!
//! A column's weights are taken by blocks of 128, so that a large one coarsens only those near it. A weight w is stored as the
//! nearest whole number k of ±64 to w / s; the unit s of a block is its largest weight's 64th part or a little less, whichever leaves
//! the least squared error. A row's value is stored as the nearest q of 256 even steps from the row's least value to its greatest
//! (dynamic asymmetric quantisation; Jacob et al., 2018). Then Σ x·w = step · Σ s · (Σ q·k) + least · Σ s · (Σ k), the outer sums
//! over blocks. As 2 · 255 · 64 fits the 16 bits that AVX2 adds pairs in, nothing saturates, and every instruction set gives the
//! same bits.

#[cfg(test)]
mod tests;
mod tile;

use super::product::{COLUMNS, Finish, ROWS, finish_row};
use super::rows::fold;
use super::simd::{Work, dispatch};
pub(crate) use tile::multiply;

/// Products that one 32-bit lane sums at once.
const GROUP: usize = 4;
/// Values of a column that share a unit.
const BLOCK: usize = 128;
/// The greatest size of a stored weight.
const TOP: f32 = 64.0;
/// Steps of a row's range.
const STEPS: f32 = 255.0;

/// The right operand, `depth` × `width`, as panels of 16 columns, 4 values of the depth at a time; filled up with zeros.
#[derive(Debug, Default)]
pub(crate) struct Right {
    panels: Vec<[[i8; GROUP]; COLUMNS]>,
    /// The units of each panel's columns, block by block.
    units: Vec<[f32; COLUMNS]>,
    /// The sums of each panel's columns, in reals.
    sums: Vec<[f32; COLUMNS]>,
    groups: usize,
    depth: usize,
    width: usize,
}

impl Right {
    /// Values of a column.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Quantise and pack the transpose of what `column(c)` gives: the `depth` values of column `c`.
    pub(crate) fn pack_columns<'a>(depth: usize, width: usize, column: impl Fn(usize) -> &'a [f32]) -> Self {
        let (groups, panels, blocks) = (depth.div_ceil(GROUP), width.div_ceil(COLUMNS), depth.div_ceil(BLOCK));
        let mut right = Self {
            panels: vec![[[0; GROUP]; COLUMNS]; panels * groups],
            units: vec![[0.0; COLUMNS]; panels * blocks],
            sums: vec![[0.0; COLUMNS]; panels],
            groups,
            depth,
            width,
        };
        for c in 0..width {
            let (panel, lane) = (c / COLUMNS, c % COLUMNS);
            let stored = right.panels[panel * groups..][..groups].chunks_mut(BLOCK / GROUP);
            let units = &mut right.units[panel * blocks..][..blocks];
            for ((stored, values), units) in stored.zip(column(c).chunks(BLOCK)).zip(units) {
                let unit = unit(values);
                units[lane] = unit;
                right.sums[panel][lane] += unit * quantise(values, unit, lane, stored);
            }
        }
        right
    }
}

/// Quantise the values of a block into a lane of their groups; the sum of what is stored.
#[expect(clippy::cast_precision_loss, reason = "64 for each of 128 values")]
fn quantise(values: &[f32], unit: f32, lane: usize, groups: &mut [[[i8; GROUP]; COLUMNS]]) -> f32 {
    let inverse = if unit > 0.0 { 1.0 / unit } else { 0.0 };
    let mut sum = 0;
    for (lanes, values) in groups.iter_mut().zip(values.chunks(GROUP)) {
        for (stored, x) in lanes[lane].iter_mut().zip(values) {
            *stored = whole(x * inverse);
            sum += i32::from(*stored);
        }
    }
    sum as f32
}

/// Of some shares of the largest weight's 64th part, the one that leaves the least squared error.
fn unit(values: &[f32]) -> f32 {
    const SHARES: [f32; 6] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75];
    let largest = values.iter().fold(0.0_f32, |top, x| top.max(x.abs())) / TOP;
    if largest <= 0.0 {
        return largest;
    }
    let error = |unit: f32| {
        let inverse = 1.0 / unit;
        let off = |x: &f32| {
            let off = x - f32::from(whole(x * inverse)) * unit;
            off * off
        };
        values.iter().map(off).sum::<f32>()
    };
    let units = SHARES.map(|share| (error(largest * share), largest * share));
    let best = units.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(largest, |(_, unit)| unit)
}

/// The nearest whole number of ±64.
#[expect(clippy::cast_possible_truncation, reason = "at most 64 after cutting")]
fn whole(x: f32) -> i8 {
    x.round_ties_even().clamp(-TOP, TOP) as i8
}

/// The left operand: quantised rows, each in groups of 4 values filled up with zeros.
#[derive(Debug, Default)]
pub(crate) struct Left {
    values: Vec<[u8; GROUP]>,
    /// Of each row, the step from one value to the next, and the least value.
    ranges: Vec<(f32, f32)>,
    groups: usize,
}

impl Left {
    fn row(&self, row: usize) -> &[[u8; GROUP]] {
        &self.values[row * self.groups..][..self.groups]
    }
    /// Quantise `rows`, each `depth` values, reusing the memory. A value that is not finite makes its own row unspecified and no other.
    pub(crate) fn pack(&mut self, rows: &[f32], depth: usize) {
        self.groups = depth.div_ceil(GROUP);
        self.values.resize(rows.len() / depth * self.groups, [0; GROUP]);
        self.ranges.clear();
        dispatch(Quantise {
            left: self,
            rows,
            depth,
        });
    }
}

/// Quantises rows into a left operand that has room for them.
struct Quantise<'a> {
    left: &'a mut Left,
    rows: &'a [f32],
    depth: usize,
}

impl Work for Quantise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self { left, rows, depth } = self;
        for (row, out) in rows.chunks_exact(depth).zip(left.values.chunks_exact_mut(left.groups)) {
            let (least, greatest) = range(row);
            let step = (greatest - least) / STEPS;
            let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
            left.ranges.push((step, least));
            let out = out.as_flattened_mut();
            out[depth..].fill(0);
            tile::steps::<FUSED>(row, (least, inverse), &mut out[..depth]);
        }
    }
}

/// The least and the greatest value.
#[inline(always)]
fn range(row: &[f32]) -> (f32, f32) {
    let less = |a: f32, b: f32| if b < a { b } else { a };
    let more = |a: f32, b: f32| if b > a { b } else { a };
    (fold(row, f32::INFINITY, less), fold(row, f32::NEG_INFINITY, more))
}

/// `left` × `right`, finished by `finish`, written to `out`: row `r` begins at `r * stride`.
pub(crate) struct Product<'a, F> {
    pub(crate) left: &'a Left,
    pub(crate) right: &'a Right,
    pub(crate) finish: F,
    pub(crate) out: &'a mut [f32],
    pub(crate) stride: usize,
}

/// The sums of a tile over a block: 6 rows by 16 columns.
type Sums = [[i32; COLUMNS]; ROWS];

impl<F: Finish> Product<'_, F> {
    /// Tile by tile, each summed up by `tile`.
    #[inline(always)]
    fn by_tiles<const FUSED: bool>(self, tile: impl Fn([&[[u8; GROUP]]; ROWS], &[[[i8; GROUP]; COLUMNS]]) -> Sums) {
        let Self {
            left,
            right,
            finish,
            out,
            stride,
        } = self;
        debug_assert_eq!(left.groups, right.groups, "the operands do not fit");
        if right.groups == 0 || left.ranges.is_empty() {
            return;
        }
        let (count, blocks) = (left.ranges.len(), right.depth.div_ceil(BLOCK));
        for (p, b) in right.panels.chunks_exact(right.groups).enumerate() {
            let column = p * COLUMNS;
            let width = COLUMNS.min(right.width - column);
            let (units, totals) = (&right.units[p * blocks..][..blocks], &right.sums[p]);
            for first in (0..count).step_by(ROWS) {
                // Beyond the last row the last is taken again, and its sums are left.
                let mut rows: [&[[u8; GROUP]]; ROWS] = [&[]; ROWS];
                for (i, row) in rows.iter_mut().enumerate() {
                    *row = left.row((first + i).min(count - 1));
                }
                let reals = by_blocks::<FUSED>(rows, (b, units), &tile);
                for (r, reals) in (first..count).zip(reals) {
                    let reals = whole_row::<FUSED>(reals, left.ranges[r], totals);
                    finish_row::<FUSED, F>(&finish, column, &reals, &mut out[r * stride + column..][..width]);
                }
            }
        }
    }
}

/// The sums of a tile in reals, block by block.
#[inline(always)]
fn by_blocks<const FUSED: bool>(
    mut rows: [&[[u8; GROUP]]; ROWS],
    (panel, units): (&[[[i8; GROUP]; COLUMNS]], &[[f32; COLUMNS]]),
    tile: &impl Fn([&[[u8; GROUP]]; ROWS], &[[[i8; GROUP]; COLUMNS]]) -> Sums,
) -> [[f32; COLUMNS]; ROWS] {
    let mut reals = [[0.0; COLUMNS]; ROWS];
    for (b, units) in panel.chunks(BLOCK / GROUP).zip(units) {
        let mut block = rows;
        for (block, rest) in block.iter_mut().zip(&mut rows) {
            (*block, *rest) = rest.split_at(b.len());
        }
        for (sums, reals) in tile(block, b).iter().zip(&mut reals) {
            *reals = added::<FUSED>(sums, units, *reals);
        }
    }
    reals
}

/// The products of a row from its steps' products, its range and the columns' sums.
#[inline(always)]
fn whole_row<const FUSED: bool>(
    mut reals: [f32; COLUMNS],
    (step, least): (f32, f32),
    totals: &[f32; COLUMNS],
) -> [f32; COLUMNS] {
    for (real, total) in reals.iter_mut().zip(totals) {
        *real = super::simd::multiply_add::<FUSED>(*real, step, least * total);
    }
    reals
}

/// The sums of a block added in reals. Taken and given back whole, so that they stay in vector registers.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "rounding the exact sum to a float is meant")]
fn added<const FUSED: bool>(
    sums: &[i32; COLUMNS],
    units: &[f32; COLUMNS],
    mut reals: [f32; COLUMNS],
) -> [f32; COLUMNS] {
    for ((real, sum), unit) in reals.iter_mut().zip(sums).zip(units) {
        *real = super::simd::multiply_add::<FUSED>(*sum as f32, *unit, *real);
    }
    reals
}
