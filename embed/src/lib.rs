//! Encoders: texts to unit vectors, pairs of texts to scores.
//!
//! Every kind of model (see [`SentenceEncoder`] and [`CrossEncoder`]) is brought to one form of layer while it is loaded, and one
//! forward pass runs them all. On the CPU its arithmetic is our own (module `cpu`): stock candle spends most of its time outside the matrix
//! products, and its padded batches make a text's vector depend on its batch-mates in the last bits. Ours gives the same bits alone
//! and in any batch, so that an index rebuilt after a crash, in other batches, is the same index. On a GPU a second forward pass
//! over candle's tensors takes its place.

mod batches;
mod config;
mod cpu;
mod cross;
mod device;
mod encoder;
mod engine;
mod head;
mod pool;
mod sentence;
mod tensor;
mod tokens;
mod weights;

pub use cross::CrossEncoder;
pub use device::Device;
pub use sentence::{SentenceEncoder, SentenceSettings};
pub use weights::Precision;
