//! Attention of the texts of a block, each over its own tokens.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{Result, Tensor};
use candle_nn::ops::softmax_last_dim;
use candle_nn::rotary_emb::rope;

use super::TensorEncoder;
use super::block::{Block, HIDDEN};
use crate::config::Reach;

impl TensorEncoder {
    /// What attention in layer `number` gathers, texts · length × hidden, from queries, keys and values side by side.
    pub(super) fn attend(&self, number: usize, qkv: &Tensor, block: &Block) -> Result<Tensor> {
        let (texts, length) = (block.texts, block.length);
        let (heads, width) = (self.config.heads, self.config.width());
        let reach = self.config.layers[number];
        let parts = qkv
            .reshape((texts, length, 3, heads, width))?
            .permute((2, 0, 3, 1, 4))?
            .contiguous()?;
        let query = self.turned(reach, parts.get(0)?, length)?;
        let key = self.turned(reach, parts.get(1)?, length)?;
        let mut scores = query.matmul(&key.t()?)?;
        if let Some(biases) = block.biases.get(&reach.window) {
            scores = scores.broadcast_add(biases)?;
        }
        if let Some(padding) = &block.padding {
            scores = scores.broadcast_add(padding)?;
        }
        softmax_last_dim(&scores)?
            .matmul(&parts.get(2)?)?
            .transpose(1, 2)?
            .reshape((texts * length, heads * width))
    }

    /// Queries or keys turned by their places, where this layer does so.
    fn turned(&self, reach: Reach, rows: Tensor, length: usize) -> Result<Tensor> {
        let turning = |theta: f32| self.turns.iter().find(|turns| turns.theta.to_bits() == theta.to_bits());
        match reach.theta.and_then(turning) {
            Some(turns) => rope(
                &rows.contiguous()?,
                &turns.cosines.narrow(0, 0, length)?,
                &turns.sines.narrow(0, 0, length)?,
            ),
            None => Ok(rows),
        }
    }

    /// What each layer adds to its scores, by the window it has.
    pub(super) fn biases(&self, length: usize) -> Result<BTreeMap<Option<usize>, Tensor>> {
        let windows: BTreeSet<_> = self.config.layers.iter().map(|reach| reach.window).collect();
        let added = |window| Ok(self.added(window, length)?.map(|biases| (window, biases)));
        windows
            .into_iter()
            .filter_map(|window| added(window).transpose())
            .collect()
    }

    /// What is added to the scores by the distance of two tokens, 1 × heads or 1 × length × length; none where they are all alike.
    fn added(&self, window: Option<usize>, length: usize) -> Result<Option<Tensor>> {
        let (heads, values) = if let Some(distances) = &self.distances {
            let heads = self.config.heads;
            let rows = (0..heads).flat_map(|head| (0..length).map(move |row| (head, row)));
            let values = rows.flat_map(|(head, row)| distances.row(head, row, 0..length).to_vec());
            (heads, values.collect::<Vec<f32>>())
        } else {
            let Some(window) = window.filter(|window| *window + 1 < length) else {
                return Ok(None);
            };
            let pairs = (0..length).flat_map(|row| (0..length).map(move |column| row.abs_diff(column)));
            let hide = |distance| if distance > window { HIDDEN } else { 0.0 };
            (1, pairs.map(hide).collect())
        };
        Tensor::from_vec(values, (1, heads, length, length), &self.device)?
            .to_dtype(self.numbers)
            .map(Some)
    }
}
