//! Embedding texts on the CPU: tokenise, run the encoder, pool to one unit vector per text.
//!
//! The encoder's arithmetic is our own (module `cpu`): stock candle spends most of its time outside the matrix products, and its
//! padded batches make a text's vector depend on its batch-mates in the last bits. Ours gives the same bits alone and in any batch,
//! so that an index rebuilt after a crash, in other batches, is the same index.

mod batches;
mod bert;
mod config;
mod cpu;
mod encoder;
mod pool;
mod tokens;
mod weights;

pub use bert::Bert;
