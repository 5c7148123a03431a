//! The seam to embedding models.

use async_trait::async_trait;

use crate::Result;

/// What a text is for; some models want another prefix for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Something to be found.
    Passage,
    /// Something that is asked.
    Query,
}

/// A model that turns texts into unit vectors.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// The name under which vectors are cached: model, revision and all that changes its output.
    fn model(&self) -> &str;

    /// The length of each vector.
    fn dimensions(&self) -> usize;

    /// The number of model tokens in `text`, special tokens not counted.
    fn tokens(&self, text: &str) -> usize;

    /// The most tokens of a text that count; the rest is cut off.
    fn max_tokens(&self) -> usize;

    /// One unit vector per text, in order. A text's vector is the same, bit for bit on CPU, alone and in any batch.
    /// Dropping the future abandons the work that has not begun.
    async fn embed(&self, role: Role, texts: Vec<String>) -> Result<Vec<Vec<f32>>>;
}
