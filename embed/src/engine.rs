//! An encoder on the device that it runs on.

use std::sync::Arc;

use domain::{ErrorKind, Result};
use model_cache::ModelFiles;

use crate::batches::{BUDGET, Item, form};
use crate::config::{Config, Pooling};
use crate::device::{self, Device};
use crate::encoder::{Encoder, Scratch, pooled};
use crate::pool::{Pool, Priority};
use crate::tensor::TensorEncoder;
use crate::weights::{Linear, Precision, Weights};

/// Batches in flight to a GPU: while one is calculated, the next is made ready.
const IN_FLIGHT: usize = 2;

/// An encoder with its weights, on the CPU or on a GPU.
pub(crate) enum Engine {
    /// On the threads that also tokenise.
    Cpu(Arc<Encoder>),
    /// With threads that feed it.
    Gpu(Arc<TensorEncoder>, Pool<()>),
}

impl Engine {
    /// Load the weights of a model to where they are wanted.
    ///
    /// # Errors
    /// `Corrupt` when the files do not fit together; `Invalid` when the device does not have these numbers; `Exhausted` when no
    /// threads can be started.
    pub(crate) fn load(files: &ModelFiles, config: Config, wanted: Device, precision: Precision) -> Result<Self> {
        if let Some(gpu) = device::gpu(wanted, precision)? {
            match TensorEncoder::load(files, config.clone(), gpu, device::free) {
                Ok(encoder) => return Ok(Self::Gpu(Arc::new(encoder), Pool::start(IN_FLIGHT)?)),
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    tracing::warn!(
                        reason = error.message(),
                        "the GPU has no room for the model; the CPU is used instead"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        let map = |stored| Linear::pack(stored, precision);
        let weights = Weights::load(&files.weights, &config, map, Ok)?;
        Ok(Self::Cpu(Arc::new(Encoder::new(config, weights))))
    }

    /// `cpu` or `cuda`.
    pub(crate) fn device(&self) -> &'static str {
        match self {
            Self::Cpu(_) => "cpu",
            Self::Gpu(..) => "cuda",
        }
    }

    /// What `finish` makes of the pooled vector of each of `items`, in the order of their places; `cpu` has the CPU's threads.
    ///
    /// # Errors
    /// Those of the forward pass and of `finish`.
    pub(crate) async fn pooled<F>(
        &self,
        cpu: &Pool<Scratch>,
        (priority, pooling): (Priority, Pooling),
        items: Vec<Item>,
        finish: F,
    ) -> Result<Vec<Vec<f32>>>
    where
        F: Fn(Vec<f32>) -> Result<Vec<f32>> + Send + Sync + 'static,
    {
        let count = items.len();
        match self {
            Self::Cpu(encoder) => {
                let encoder = Arc::clone(encoder);
                let work = move |scratch: &mut Scratch, batch: Vec<Item>| {
                    let sequences: Vec<_> = batch.iter().map(|item| &item.sequence).collect();
                    let states = encoder.states(&sequences, scratch)?;
                    let vectors = states.map(|rows| finish(pooled(pooling, rows, encoder.hidden())));
                    placed(&batch, vectors)
                };
                cpu.batches(priority, form(items, BUDGET), count, work).await
            }
            Self::Gpu(encoder, pool) => {
                let batches = encoder.batches(items);
                let encoder = Arc::clone(encoder);
                let work = move |(): &mut (), batch: Vec<Item>| {
                    let sequences: Vec<_> = batch.iter().map(|item| &item.sequence).collect();
                    let vectors = encoder.pooled(pooling, &sequences)?;
                    placed(&batch, vectors.into_iter().map(&finish))
                };
                pool.batches(priority, batches, count, work).await
            }
        }
    }
}

/// Each vector with the place of its text.
fn placed(batch: &[Item], vectors: impl Iterator<Item = Result<Vec<f32>>>) -> Result<Vec<(usize, Vec<f32>)>> {
    let places = batch.iter().map(|item| item.place);
    places
        .zip(vectors)
        .map(|(place, vector)| Ok((place, vector?)))
        .collect()
}
