//! Attention of one text's tokens over each other, head by head.

use std::ops::Range;

use super::{Encoder, Scratch};
use crate::cpu::finish::Added;
use crate::cpu::product::{Finish, Left, Plain, Product, Right};
use crate::cpu::rows::Softmax;
use crate::cpu::simd::dispatch;

/// Tokens whose scores are held at a time: what a long text takes grows with its length, not with the square of it.
const BLOCK: usize = 516;
/// The fewest of them where a window makes more of them wasteful.
const NARROW_BLOCK: usize = 60;

/// A text in the stack of rows.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its first row.
    pub(super) first: usize,
    /// Its tokens.
    pub(super) count: usize,
}

/// A part of the scores of one head.
struct Block {
    head: usize,
    /// The tokens that look.
    rows: Range<usize>,
    /// The tokens that are seen by any of them.
    seen: Range<usize>,
    /// The most tokens to either side that each of them sees.
    window: Option<usize>,
}

impl Encoder {
    /// Attention in layer `layer` of the rows of one text over each other, from `qkv` into `context`.
    pub(super) fn attend(&self, layer: usize, text: Place, scratch: &mut Scratch) {
        let hidden = self.config.hidden;
        let reach = self.config.layers[layer];
        if let Some(turns) = reach
            .theta
            .and_then(|theta| self.turns.iter().find(|turns| turns.is(theta)))
        {
            let rows = &mut scratch.qkv[text.first * 3 * hidden..][..text.count * 3 * hidden];
            turns.turn(rows, 3 * hidden, 2 * hidden);
        }
        let window = reach.window.unwrap_or(text.count);
        let height = (2 * window).clamp(NARROW_BLOCK, BLOCK);
        for start in (0..text.count).step_by(height) {
            let end = text.count.min(start + height);
            for head in 0..self.config.heads {
                let block = Block {
                    head,
                    rows: start..end,
                    seen: start.saturating_sub(window)..text.count.min(end.saturating_add(window)),
                    window: reach.window,
                };
                self.attend_block(text, &block, scratch);
            }
        }
    }

    fn attend_block(&self, text: Place, block: &Block, scratch: &mut Scratch) {
        let (hidden, width) = (self.config.hidden, self.config.width());
        let Scratch {
            qkv,
            context,
            scores,
            right,
            ..
        } = scratch;
        let qkv = &qkv[text.first * 3 * hidden..][..text.count * 3 * hidden];
        let part = |part: usize, row: usize| &qkv[row * 3 * hidden + part * hidden + block.head * width..][..width];
        let (height, seen) = (block.rows.len(), block.seen.len());
        scores.resize(height * seen, 0.0);

        right.pack_columns(width, seen, |column| part(1, block.seen.start + column));
        let queries = Left {
            values: &qkv[block.rows.start * 3 * hidden + block.head * width..],
            rows: height,
            stride: 3 * hidden,
        };
        if let Some(distances) = &self.distances {
            for (row, scores) in block.rows.clone().zip(scores.chunks_exact_mut(seen)) {
                scores.copy_from_slice(distances.row(block.head, row, block.seen.clone()));
            }
            product(queries, right, Added, (scores, seen));
        } else {
            product(queries, right, Plain, (scores, seen));
        }
        if let Some(window) = block.window {
            hide(scores, block, window);
        }
        dispatch(Softmax {
            rows: scores,
            width: seen,
        });
        right.pack_rows(seen, width, |row| part(2, block.seen.start + row));
        let out = &mut context[(text.first + block.rows.start) * hidden + block.head * width..];
        product(Left::stacked(scores, seen), right, Plain, (out, hidden));
    }
}

fn product<F: Finish>(left: Left<'_>, right: &Right, finish: F, (out, stride): (&mut [f32], usize)) {
    dispatch(Product {
        left,
        right,
        finish,
        out,
        stride,
    });
}

/// Take the tokens beyond the window of each row out of its softmax.
fn hide(scores: &mut [f32], block: &Block, window: usize) {
    for (row, scores) in block.rows.clone().zip(scores.chunks_exact_mut(block.seen.len())) {
        let first = row.saturating_sub(window).saturating_sub(block.seen.start);
        let end = (row + window + 1 - block.seen.start).min(scores.len());
        scores[..first].fill(f32::NEG_INFINITY);
        scores[end..].fill(f32::NEG_INFINITY);
    }
}
