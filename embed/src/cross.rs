//! Cross-encoders behind the reranking seam.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Result;
use domain::seam::Reranker;
use model_cache::ModelFiles;

use crate::batches::{BUDGET, Item, form, groups};
use crate::config::{Classifier, Config, Pooling};
use crate::encoder::{Encoder, Scratch, pooled};
use crate::pool::{Pool, Priority};
use crate::tokens::Tokens;
use crate::weights::{Head, Linear, Precision, Weights, not_finite};

/// A model that reads a query and a passage together and gives one score, on threads of its own.
///
/// Its scores are the sigmoid of what the model says, from 0 to 1. Everything it does is urgent: somebody waits for an answer.
pub struct CrossEncoder {
    id: String,
    model: Arc<Model>,
    pool: Pool<Scratch>,
}

/// What the threads share.
struct Model {
    tokens: Tokens,
    encoder: Encoder,
    head: Head,
    pooling: Pooling,
}

impl CrossEncoder {
    /// Load a model onto `threads` threads, at least one. Reads some 100 MB from disk: call it where blocking is allowed.
    ///
    /// # Errors
    /// `Invalid` when the model is no cross-encoder of one score, or none that is implemented; `Corrupt` when its files do not fit
    /// together; those of reading files; `Exhausted` when no threads can be started.
    pub fn load(files: &ModelFiles, threads: usize) -> Result<Self> {
        let classifier = Classifier::read(&files.config)?;
        let config = Config::read(&files.config, None)?;
        let tokens = Tokens::load(&files.tokenizer, config.vocabulary, config.max_tokens)?;
        tokens.query("")?;
        let id = format!("{}#pair-{}", files.id, config.max_tokens);
        let (weights, head) = Weights::load_with_head(&files.weights, &config, classifier, |stored| {
            Linear::pack(stored, Precision::Float32)
        })?;
        tracing::info!(model = %id, threads, "reranking model loaded");
        let model = Model {
            tokens,
            head,
            encoder: Encoder::new(config, weights),
            pooling: classifier.pooling,
        };
        Ok(Self {
            id,
            model: Arc::new(model),
            pool: Pool::start(threads)?,
        })
    }

    async fn tokenise(&self, query: String, passages: Vec<String>) -> Result<Vec<Item>> {
        let model = Arc::clone(&self.model);
        let ids = self.pool.map(Priority::Urgent, vec![query], move |_, query| {
            model.tokens.query(&query)
        });
        let query = ids.await?.pop().unwrap_or_default();
        let model = Arc::clone(&self.model);
        let work = move |_: &mut Scratch, group: Vec<(usize, String)>| {
            let item = |(place, passage): (usize, String)| {
                Ok(Item {
                    place,
                    sequence: model.tokens.pair(&query, &passage)?,
                })
            };
            group.into_iter().map(item).collect::<Result<Vec<_>>>()
        };
        let groups = self.pool.map(Priority::Urgent, groups(passages), work).await?;
        Ok(groups.into_iter().flatten().collect())
    }
}

impl Model {
    /// The score of a pair from the vectors of its tokens.
    fn score(&self, rows: &[f32]) -> Result<f32> {
        let score = self.head.score(&pooled(self.pooling, rows, self.encoder.hidden()));
        if score.is_finite() {
            Ok(score)
        } else {
            Err(not_finite())
        }
    }
}

#[async_trait]
impl Reranker for CrossEncoder {
    fn model(&self) -> &str {
        &self.id
    }

    async fn score(&self, query: &str, passages: Vec<String>) -> Result<Vec<f32>> {
        let count = passages.len();
        let items = self.tokenise(query.to_owned(), passages).await?;
        let model = Arc::clone(&self.model);
        let work = move |scratch: &mut Scratch, batch: Vec<Item>| {
            let sequences: Vec<_> = batch.iter().map(|item| &item.sequence).collect();
            let states = model.encoder.states(&sequences, scratch)?;
            let place = |(item, rows): (&Item, &[f32])| Ok((item.place, model.score(rows)?));
            batch.iter().zip(states).map(place).collect::<Result<Vec<_>>>()
        };
        self.pool
            .batches(Priority::Urgent, form(items, BUDGET), count, work)
            .await
    }
}
