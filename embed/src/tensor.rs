//! The forward pass of an encoder on candle's tensors, for devices where our own kernels do not run.
//!
//! Texts of like length go through as one block, the shorter ones padded; what stands in the padding reaches no other token. Unlike
//! on the CPU, a text's last bits may depend on its batch: the products of a device choose their order of summing by shape.

mod attention;
mod block;

use candle_core::{DType, Device, Tensor};
use candle_nn::ops::layer_norm;
use domain::{Error, ErrorKind, Result};
use model_cache::ModelFiles;

use crate::batches::Item;
use crate::config::{Activation, Config, Pooling};
use crate::encoder::position::{Distances, Turns};
use crate::tokens::Sequence;
use crate::weights::{Layer, Norm, Stored, Weights};

use block::Block;

/// Tokens of a batch, padding counted, beyond which a device gains nothing.
const MOST_TOKENS: usize = 1 << 16;
/// The share of a device's free memory that one batch may take: two are in flight, and estimates are rough.
const SHARE: usize = 4;

/// An encoder with its weights on a device.
pub(crate) struct TensorEncoder {
    config: Config,
    device: Device,
    numbers: DType,
    /// Bytes that a batch may take.
    memory: usize,
    words: Tensor,
    /// The tables of all kinds of tokens, one below the other.
    positions: Option<Tensor>,
    /// Rows of one of them.
    rows: usize,
    distances: Option<Distances>,
    turns: Vec<Turning>,
    norm: Scale,
    layers: Vec<Layer<Map, Scale>>,
    last: Option<Scale>,
}

/// A linear map.
struct Map {
    /// `width` × `depth`.
    weight: Tensor,
    bias: Tensor,
}

/// A layer normalisation.
struct Scale {
    weight: Tensor,
    bias: Tensor,
}

/// The angles by which queries and keys are turned, `max_tokens` × half a head's width.
struct Turning {
    theta: f32,
    cosines: Tensor,
    sines: Tensor,
}

impl TensorEncoder {
    /// Load the weights of a model onto `device`, as `numbers`; afterwards `free` tells how many bytes the device has left.
    ///
    /// # Errors
    /// `Corrupt` when the files do not fit together; `Unavailable` when the device has no room.
    pub(crate) fn load(
        files: &ModelFiles,
        config: Config,
        (device, numbers): (Device, DType),
        free: impl Fn(&Device) -> usize,
    ) -> Result<Self> {
        let tensor = |values: Vec<f32>, shape: &[usize]| {
            Tensor::from_vec(values, shape, &device)
                .and_then(|tensor| tensor.to_dtype(numbers))
                .map_err(|error| failed(&error))
        };
        let vector = |values: Vec<f32>| {
            let width = values.len();
            tensor(values, &[width])
        };
        let map = |Stored { rows, depth, bias }: Stored| {
            Ok(Map {
                weight: tensor(rows, &[bias.len(), depth])?,
                bias: vector(bias)?,
            })
        };
        let norm = |Norm { weight, bias }: Norm| {
            Ok(Scale {
                weight: vector(weight)?,
                bias: vector(bias)?,
            })
        };
        let mut weights = Weights::load(&files.weights, &config, map, norm)?;
        let hidden = config.hidden;
        let rows = weights.positions.first().map_or(0, |table| table.len() / hidden);
        let tables = weights.positions.concat();
        let turning = |turns: &Turns| {
            let (cosines, sines) = turns.tables();
            let shape = [config.max_tokens, config.width() / 2];
            Ok(Turning {
                theta: turns.theta(),
                cosines: tensor(cosines.to_vec(), &shape)?,
                sines: tensor(sines.to_vec(), &shape)?,
            })
        };
        Ok(Self {
            words: tensor(std::mem::take(&mut weights.words), &[config.vocabulary, hidden])?,
            positions: (rows > 0)
                .then(|| tensor(tables, &[weights.positions.len() * rows, hidden]))
                .transpose()?,
            rows,
            distances: Distances::of(weights.distances.as_deref(), &config),
            turns: Turns::of(&config).iter().map(turning).collect::<Result<_>>()?,
            norm: weights.norm,
            layers: weights.layers,
            last: weights.last,
            memory: free(&device) / SHARE,
            config,
            device,
            numbers,
        })
    }
}

impl TensorEncoder {
    /// Cut texts into batches of like length, longest first, each as large as the device has room for.
    pub(crate) fn batches(&self, mut items: Vec<Item>) -> Vec<Vec<Item>> {
        items.sort_by_key(|item| (std::cmp::Reverse(item.sequence.ids.len()), item.place));
        let mut batches = Vec::new();
        let mut items = items.into_iter().peekable();
        while let Some(first) = items.next() {
            let length = first.sequence.ids.len();
            let more = items
                .by_ref()
                .take((self.room(length) / length.max(1)).saturating_sub(1));
            batches.push(std::iter::once(first).chain(more).collect());
        }
        batches
    }

    /// Tokens of a batch of texts of this length. Held at a time, at most, are some eleven rows of the stream's width, three of the
    /// inner one, and three of a token's scores.
    fn room(&self, length: usize) -> usize {
        let Config {
            hidden,
            intermediate,
            heads,
            ..
        } = self.config;
        let token = self.numbers.size_in_bytes() * (11 * hidden + 3 * intermediate + 3 * heads * length);
        (self.memory / token).min(MOST_TOKENS)
    }

    /// One vector for each text, of its tokens' vectors. Where the device has no room for all of them, one half goes after the
    /// other.
    ///
    /// # Errors
    /// `Internal` when an id is outside the vocabulary or a text is empty or too long; `Unavailable` when the device fails.
    pub(crate) fn pooled(&self, pooling: Pooling, texts: &[&Sequence]) -> Result<Vec<Vec<f32>>> {
        let block = Block::of(texts, self)?;
        match self.run(pooling, &block) {
            Ok(vectors) => Ok(vectors),
            Err(error) if texts.len() > 1 => {
                tracing::debug!(%error, texts = texts.len(), "a batch is halved");
                let (first, second) = texts.split_at(texts.len() / 2);
                let mut vectors = self.pooled(pooling, first)?;
                vectors.extend(self.pooled(pooling, second)?);
                Ok(vectors)
            }
            Err(error) => Err(failed(&error)),
        }
    }

    fn run(&self, pooling: Pooling, block: &Block) -> candle_core::Result<Vec<Vec<f32>>> {
        let mut stream = self.words.index_select(&block.ids, 0)?;
        if let (Some(table), Some(rows)) = (&self.positions, &block.positions) {
            stream = (stream + table.index_select(rows, 0)?)?;
        }
        stream = self.normalise(&stream, &self.norm)?;
        for number in 0..self.layers.len() {
            stream = self.layer(number, &stream, block)?;
        }
        if let Some(norm) = &self.last {
            stream = self.normalise(&stream, norm)?;
        }
        let states = stream.reshape((block.texts, block.length, self.config.hidden))?;
        let vectors = match pooling {
            Pooling::Mean => block.shares.matmul(&states)?.squeeze(1)?,
            Pooling::First => states.narrow(1, 0, 1)?.squeeze(1)?,
        };
        vectors.to_dtype(DType::F32)?.to_vec2()
    }

    fn layer(&self, number: usize, stream: &Tensor, block: &Block) -> candle_core::Result<Tensor> {
        let layer = &self.layers[number];
        let input = self.before(layer.before_attention.as_ref(), stream)?;
        let context = self.attend(number, &layer.qkv.of(&input)?, block)?;
        let stream = (stream + layer.attention.of(&context)?)?;
        let stream = self.after(layer.after_attention.as_ref(), stream)?;

        let input = self.before(layer.before_mlp.as_ref(), &stream)?;
        let wide = activated(self.config.activation, &layer.up.of(&input)?)?;
        let wide = match &layer.gate {
            Some(gate) => (gate.of(&input)? * wide)?,
            None => wide,
        };
        let stream = (stream + layer.down.of(&wide)?)?;
        self.after(layer.after_mlp.as_ref(), stream)
    }

    fn before(&self, norm: Option<&Scale>, stream: &Tensor) -> candle_core::Result<Tensor> {
        norm.map_or_else(|| Ok(stream.clone()), |norm| self.normalise(stream, norm))
    }

    fn after(&self, norm: Option<&Scale>, stream: Tensor) -> candle_core::Result<Tensor> {
        match norm {
            Some(norm) => self.normalise(&stream, norm),
            None => Ok(stream),
        }
    }

    fn normalise(&self, rows: &Tensor, norm: &Scale) -> candle_core::Result<Tensor> {
        layer_norm(rows, &norm.weight, &norm.bias, self.config.epsilon)
    }
}

impl Map {
    fn of(&self, rows: &Tensor) -> candle_core::Result<Tensor> {
        rows.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }
}

fn activated(activation: Activation, rows: &Tensor) -> candle_core::Result<Tensor> {
    match activation {
        Activation::Gelu => rows.gelu_erf(),
        Activation::GeluTanh => rows.gelu(),
        Activation::Relu => rows.relu(),
        Activation::Silu => rows.silu(),
        Activation::Tanh => rows.tanh(),
    }
}

/// The error of a device that cannot do what it is told.
fn failed(error: &candle_core::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "embed on device", error.to_string())
        .with_hint("free memory on the GPU, or set `device = \"cpu\"`")
}

#[cfg(test)]
mod tests;
