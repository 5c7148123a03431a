//! BERT sentence models behind the embedding seam.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Result;
use domain::seam::{Embedder, Role};
use model_cache::ModelFiles;

use crate::batches::{BUDGET, Item, form};
use crate::config::Config;
use crate::encoder::{Encoder, Scratch};
use crate::pool::{Pool, Priority};
use crate::tokens::Tokens;

/// Bytes of text that one tokenising job takes, or one text that is longer.
const TOKENISED_AT_ONCE: usize = 64 * 1024;

/// A BERT sentence model (mean pooling, unit vectors) on threads of its own. Cheap to share by reference or `Arc`.
///
/// Queries go before passages that wait. The model takes no prefixes, so the role changes nothing else.
pub struct Bert {
    id: String,
    tokens: Arc<Tokens>,
    encoder: Arc<Encoder>,
    pool: Pool<Scratch>,
    max_tokens: usize,
}

impl Bert {
    /// Load a model onto `threads` threads, at least one. Reads some 100 MB from disk: call it where blocking is allowed.
    ///
    /// # Errors
    /// `Invalid` when the model is not a BERT sentence model with mean pooling; `Corrupt` when its files do not fit together;
    /// those of reading files; `Exhausted` when no threads can be started.
    pub fn load(files: &ModelFiles, threads: usize) -> Result<Self> {
        let config = Config::read(&files.config, files.pooling.as_deref(), files.sentence.as_deref())?;
        let max_tokens = config.max_tokens;
        let tokens = Tokens::load(&files.tokenizer, config.vocabulary, max_tokens)?;
        let encoder = Encoder::load(&files.weights, config)?;
        let id = format!("{}#mean-{max_tokens}", files.id);
        tracing::info!(model = %id, threads, "embedding model loaded");
        Ok(Self {
            id,
            tokens: Arc::new(tokens),
            encoder: Arc::new(encoder),
            pool: Pool::start(threads)?,
            max_tokens,
        })
    }

    async fn tokenise(&self, priority: Priority, texts: Vec<String>) -> Result<Vec<Item>> {
        let tokens = Arc::clone(&self.tokens);
        let work = move |_: &mut Scratch, group: Vec<(usize, String)>| {
            group
                .into_iter()
                .map(|(place, text)| {
                    Ok(Item {
                        place,
                        ids: tokens.ids(&text)?,
                    })
                })
                .collect::<Result<Vec<_>>>()
        };
        Ok(self
            .pool
            .map(priority, groups(texts), work)
            .await?
            .into_iter()
            .flatten()
            .collect())
    }
}

#[async_trait]
impl Embedder for Bert {
    fn model(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.encoder.dimensions()
    }

    fn tokens(&self, text: &str) -> usize {
        self.tokens.count(text)
    }

    fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    async fn embed(&self, role: Role, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let priority = match role {
            Role::Query => Priority::Urgent,
            Role::Passage => Priority::Usual,
        };
        let count = texts.len();
        let batches = form(self.tokenise(priority, texts).await?, BUDGET);
        let encoder = Arc::clone(&self.encoder);
        let work = move |scratch: &mut Scratch, batch: Vec<Item>| {
            let ids: Vec<&[u32]> = batch.iter().map(|item| item.ids.as_slice()).collect();
            let vectors = encoder.encode(&ids, scratch)?;
            Ok(batch.iter().map(|item| item.place).zip(vectors).collect::<Vec<_>>())
        };
        let mut vectors = vec![Vec::new(); count];
        for (place, vector) in self.pool.map(priority, batches, work).await?.into_iter().flatten() {
            vectors[place] = vector;
        }
        Ok(vectors)
    }
}

/// Cut a request into tokenising jobs of some [`TOKENISED_AT_ONCE`] bytes, each text with its place.
fn groups(texts: Vec<String>) -> Vec<Vec<(usize, String)>> {
    let mut groups: Vec<Vec<(usize, String)>> = Vec::new();
    let mut left = 0;
    for (place, text) in texts.into_iter().enumerate() {
        let size = text.len().max(1);
        match groups.last_mut() {
            Some(group) if size <= left => {
                left -= size;
                group.push((place, text));
            }
            _ => {
                left = TOKENISED_AT_ONCE.saturating_sub(size);
                groups.push(vec![(place, text)]);
            }
        }
    }
    groups
}
