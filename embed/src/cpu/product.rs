//! Matrix products: tiles of 6 rows by 16 columns whose sums stay in registers, over a right operand packed once.
//!
//! Every element of a product is one sum over the depth in ascending order, whatever rows stand beside it: a row's result is
//! the same, bit for bit, alone and among others. The shape of the tile (12 accumulators of 8 lanes, 2 loads, 1 broadcast)
//! fills the 16 registers of AVX2, as in the kernels of BLIS (Van Zee and van de Geijn, 2015).

use super::simd::{Work, multiply_add};

/// Rows of a tile.
pub(crate) const ROWS: usize = 6;
/// Columns of a tile.
pub(crate) const COLUMNS: usize = 16;

/// The right operand, `depth` × `width`, as panels of 16 columns; the last panel is filled up with zeros.
#[derive(Debug, Default)]
pub(crate) struct Right {
    panels: Vec<[f32; COLUMNS]>,
    depth: usize,
    width: usize,
}

impl Right {
    /// Pack anew, reusing the memory: `row(d)` gives the `width` values at depth `d`.
    pub(crate) fn pack_rows<'a>(&mut self, depth: usize, width: usize, row: impl Fn(usize) -> &'a [f32]) {
        self.reset(depth, width);
        for d in 0..depth {
            for (panel, values) in row(d).chunks(COLUMNS).enumerate() {
                self.panels[panel * depth + d][..values.len()].copy_from_slice(values);
            }
        }
    }

    /// Pack the transpose anew, reusing the memory: `column(c)` gives the `depth` values of column `c`.
    pub(crate) fn pack_columns<'a>(&mut self, depth: usize, width: usize, column: impl Fn(usize) -> &'a [f32]) {
        self.reset(depth, width);
        for c in 0..width {
            let panel = &mut self.panels[c / COLUMNS * depth..][..depth];
            for (lanes, value) in panel.iter_mut().zip(column(c)) {
                lanes[c % COLUMNS] = *value;
            }
        }
    }

    /// Values of a column.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    fn reset(&mut self, depth: usize, width: usize) {
        (self.depth, self.width) = (depth, width);
        self.panels.resize(width.div_ceil(COLUMNS) * depth, [0.0; COLUMNS]);
        if !width.is_multiple_of(COLUMNS) {
            self.panels[width / COLUMNS * depth..].fill([0.0; COLUMNS]);
        }
    }
}

/// The left operand: `rows` rows, the first value of row `r` at `r * stride`; as many values of each count as the right operand is deep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) stride: usize,
}

impl<'a> Left<'a> {
    /// Rows of `width` values one after another.
    pub(crate) fn stacked(values: &'a [f32], width: usize) -> Self {
        let rows = values.len() / width;
        Self {
            values,
            rows,
            stride: width,
        }
    }

    /// The tile of rows from `first`. Beyond the last row, the last is taken again: its sums are computed and left.
    #[inline(always)]
    fn tile(self, first: usize, depth: usize) -> [&'a [f32]; ROWS] {
        std::array::from_fn(|i| &self.values[(first + i).min(self.rows - 1) * self.stride..][..depth])
    }
}

/// What happens to a run of 16 sums (fewer at the right edge) on their way into the product.
pub(crate) trait Finish {
    /// Bring the `sums` of one row, columns from `column`, into `out` of the same length.
    fn finish<const FUSED: bool>(&self, column: usize, sums: &[f32], out: &mut [f32]);
}

/// The sums as they are.
pub(crate) struct Plain;

impl Finish for Plain {
    #[inline(always)]
    fn finish<const FUSED: bool>(&self, _column: usize, sums: &[f32], out: &mut [f32]) {
        out.copy_from_slice(sums);
    }
}

/// `left` × `right`, finished by `finish`, written to `out`: row `r` begins at `r * stride`.
pub(crate) struct Product<'a, F> {
    pub(crate) left: Left<'a>,
    pub(crate) right: &'a Right,
    pub(crate) finish: F,
    pub(crate) out: &'a mut [f32],
    pub(crate) stride: usize,
}

impl<F: Finish> Work for Product<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self {
            left,
            right,
            finish,
            out,
            stride,
        } = self;
        let depth = right.depth;
        if depth == 0 || left.rows == 0 {
            return;
        }
        // The panel of the right operand stays in the first-level cache while the left one streams past.
        for (p, b) in right.panels.chunks_exact(depth).enumerate() {
            let column = p * COLUMNS;
            let width = COLUMNS.min(right.width - column);
            for first in (0..left.rows).step_by(ROWS) {
                let sums = tile::<FUSED>(left.tile(first, depth), b);
                for (r, sums) in (first..left.rows).zip(&sums) {
                    finish_row::<FUSED, F>(&finish, column, sums, &mut out[r * stride + column..][..width]);
                }
            }
        }
    }
}

#[inline(always)]
fn tile<const FUSED: bool>(a: [&[f32]; ROWS], b: &[[f32; COLUMNS]]) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0; COLUMNS]; ROWS];
    let [a0, a1, a2, a3, a4, a5] = a;
    // One iterator over all seven: no index, no check of bounds.
    for ((((((b, a0), a1), a2), a3), a4), a5) in b.iter().zip(a0).zip(a1).zip(a2).zip(a3).zip(a4).zip(a5) {
        let a = [*a0, *a1, *a2, *a3, *a4, *a5];
        for i in 0..ROWS {
            for j in 0..COLUMNS {
                sums[i][j] = multiply_add::<FUSED>(a[i], b[j], sums[i][j]);
            }
        }
    }
    sums
}

/// Finish a row of a tile into the columns that there are.
#[inline(always)]
pub(super) fn finish_row<const FUSED: bool, F: Finish>(
    finish: &F,
    column: usize,
    sums: &[f32; COLUMNS],
    out: &mut [f32],
) {
    // A length known while compiling lets the finish become straight vector code.
    match out.as_mut_array::<COLUMNS>() {
        Some(out) => finish.finish::<FUSED>(column, sums, out),
        None => finish.finish::<FUSED>(column, &sums[..out.len()], out),
    }
}
