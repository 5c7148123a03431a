//! The seam to reranking models.

use async_trait::async_trait;

use crate::Result;

/// A model that reads a query and a passage together and says how well the passage answers it. Slower than comparing vectors and
/// better: for the best few of what was found.
#[async_trait]
pub trait Reranker: Send + Sync {
    /// Its name: model, revision and all that changes its scores.
    fn model(&self) -> &str;

    /// One score per passage, in order, from 0 to 1; more is better. Scores of different queries do not compare. A passage's score
    /// is the same, bit for bit on CPU, whatever other passages are asked for. Dropping the future abandons the work that has not begun.
    async fn score(&self, query: &str, passages: Vec<String>) -> Result<Vec<f32>>;
}
