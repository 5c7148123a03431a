//! A batch of texts as the tensors that a forward pass takes.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use domain::Result;

use super::{TensorEncoder, failed};
use crate::encoder::position::places;
use crate::tokens::Sequence;

/// Texts of like length, padded to the longest of them.
pub(super) struct Block {
    pub(super) texts: usize,
    /// Tokens of each, padding counted.
    pub(super) length: usize,
    /// texts · length: which rows of the vocabulary.
    pub(super) ids: Tensor,
    /// texts · length: which rows of the tables of positions.
    pub(super) positions: Option<Tensor>,
    /// texts × 1 × 1 × length: what keeps attention from the padding; none where there is none.
    pub(super) padding: Option<Tensor>,
    /// texts × 1 × length: what each token counts in the mean.
    pub(super) shares: Tensor,
    /// What attention adds to its scores by the distance of two tokens, by the window of a layer.
    pub(super) biases: BTreeMap<Option<usize>, Tensor>,
}

impl Block {
    /// Padding takes the first row of every table: any finite number does, for nobody sees it.
    ///
    /// # Errors
    /// As [`TensorEncoder::pooled`].
    pub(super) fn of(texts: &[&Sequence], encoder: &TensorEncoder) -> Result<Self> {
        let length = texts.iter().map(|text| text.ids.len()).max().unwrap_or_default();
        let size = texts.len() * length;
        let (mut ids, mut positions) = (vec![0_u32; size], vec![0_u32; size]);
        let (mut hidden, mut shares) = (vec![HIDDEN; size], vec![0.0; size]);
        for (number, text) in texts.iter().enumerate() {
            let start = number * length;
            for (place, token) in (start..).zip(places(&encoder.config, text)?) {
                ids[place] = token.word;
                positions[place] = token.row(encoder.rows);
            }
            let own = start..start + text.ids.len();
            hidden[own.clone()].fill(0.0);
            shares[own].fill(share(text.ids.len()));
        }
        let padded = hidden.contains(&HIDDEN);
        let numbers = |values, shape: (usize, usize, usize)| floats(values, shape, encoder);
        let indices = |values: Vec<u32>| {
            let tensor = Tensor::from_vec(values, size, &encoder.device);
            tensor.map_err(|error| failed(&error))
        };
        let (texts, positioned) = (texts.len(), encoder.positions.is_some());
        let padding = |hidden| {
            let mask = numbers(hidden, (texts, 1, length))?;
            mask.unsqueeze(1).map_err(|error| failed(&error))
        };
        Ok(Self {
            texts,
            length,
            ids: indices(ids)?,
            positions: positioned.then(|| indices(positions)).transpose()?,
            padding: padded.then(|| padding(hidden)).transpose()?,
            shares: numbers(shares, (texts, 1, length))?,
            biases: encoder.biases(length).map_err(|error| failed(&error))?,
        })
    }
}

/// What is added to a score that must not count. Finite, for a row of padding may see nothing else, and small enough that two of
/// them are a number of 16 bits.
pub(super) const HIDDEN: f32 = -30_000.0;

#[expect(clippy::cast_precision_loss, reason = "a text has at most some ten thousand tokens")]
fn share(tokens: usize) -> f32 {
    1.0 / tokens as f32
}

/// Numbers of the encoder's kind on its device.
pub(super) fn floats<S: Into<candle_core::Shape>>(
    values: Vec<f32>,
    shape: S,
    encoder: &TensorEncoder,
) -> Result<Tensor> {
    let (device, kind): (&Device, DType) = (&encoder.device, encoder.numbers);
    Tensor::from_vec(values, shape.into(), device)
        .and_then(|tensor| tensor.to_dtype(kind))
        .map_err(|error| failed(&error))
}
