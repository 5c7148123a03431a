//! Every family against what the transformers library computes for small random models (see `scripts/parity_models.py`).
#![expect(clippy::unwrap_used, reason = "in tests a broken assumption ends the test")]

mod files;
mod rerank;
mod sentence;
