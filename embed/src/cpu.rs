//! The arithmetic of the encoder on a CPU: plain loops, compiled for the widest instructions the machine has.
#![expect(
    clippy::inline_always,
    reason = "a loop is compiled for AVX2 only where it is inlined into a function that is"
)]

pub(crate) mod activation;
pub(crate) mod finish;
pub(crate) mod int8;
pub(crate) mod product;
pub(crate) mod rows;
pub(crate) mod simd;
#[cfg(test)]
mod tests;
