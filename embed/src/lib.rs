//! Encoders on the CPU: texts to unit vectors, pairs of texts to scores.
//!
//! Every kind of model (see [`SentenceEncoder`] and [`CrossEncoder`]) is brought to one form of layer while it is loaded, and one
//! forward pass runs them all. Its arithmetic is our own (module `cpu`): stock candle spends most of its time outside the matrix
//! products, and its padded batches make a text's vector depend on its batch-mates in the last bits. Ours gives the same bits alone
//! and in any batch, so that an index rebuilt after a crash, in other batches, is the same index.

mod batches;
mod config;
mod cpu;
mod cross;
mod encoder;
mod head;
mod pool;
mod sentence;
mod tokens;
mod weights;

pub use cross::CrossEncoder;
pub use sentence::{SentenceEncoder, SentenceSettings};
pub use weights::Precision;
