//! Sentence models behind the embedding seam.

use std::sync::Arc;

use async_trait::async_trait;
use domain::seam::{Embedder, Role};
use domain::{Error, Result, TextHash};
use model_cache::ModelFiles;

use crate::batches::{Item, groups};
use crate::config::{Config, Pooling, Sentence};
use crate::cpu::rows::Unit;
use crate::cpu::simd::dispatch;
use crate::encoder::{Encoder, Scratch, pooled};
use crate::pool::{Pool, Priority};
use crate::tokens::Tokens;
use crate::weights::{Linear, Precision, Weights, not_finite};

/// How a sentence model is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentenceSettings {
    /// CPU threads, at least one.
    pub threads: usize,
    /// The numbers that its linear maps calculate with.
    pub precision: Precision,
    /// The length that vectors are cut to, for models trained so that their beginning says most; none: all of it.
    pub dimensions: Option<usize>,
    /// What stands before each query instead of what the model's own files say.
    pub query_prefix: Option<String>,
    /// What stands before each passage instead of what the model's own files say.
    pub passage_prefix: Option<String>,
}

/// A sentence model (mean or first token, unit vectors) on threads of its own. Cheap to share by reference or `Arc`.
///
/// Queries go before passages that wait.
pub struct SentenceEncoder {
    id: String,
    model: Arc<Model>,
    pool: Pool<Scratch>,
    /// Tokens left for a passage after its prefix.
    room: usize,
}

/// What the threads share.
struct Model {
    tokens: Tokens,
    encoder: Encoder,
    pooling: Pooling,
    dimensions: usize,
    query: String,
    passage: String,
    lower_case: bool,
}

impl SentenceEncoder {
    /// Load a model. Reads some 100 MB from disk: call it where blocking is allowed.
    ///
    /// # Errors
    /// `Invalid` when the model is none that is implemented, or the settings do not fit it; `Corrupt` when its files do not fit
    /// together; those of reading files; `Exhausted` when no threads can be started.
    pub fn load(files: &ModelFiles, settings: SentenceSettings) -> Result<Self> {
        let sentence = Sentence::read(files)?;
        let config = Config::read(&files.config, sentence.max_tokens)?;
        let max_tokens = config.max_tokens;
        let tokens = Tokens::load(&files.tokenizer, config.vocabulary, max_tokens)?;
        let dimensions = settings.dimensions.unwrap_or(config.hidden);
        if dimensions == 0 || dimensions > config.hidden {
            let all = config.hidden;
            return Err(Error::invalid(
                "load model",
                format!("vectors of {all} numbers cannot be cut to {dimensions}"),
            )
            .with_hint(format!("set `dimensions` to at most {all}, or leave it out")));
        }
        let query = settings.query_prefix.unwrap_or(sentence.query);
        let passage = settings.passage_prefix.unwrap_or(sentence.passage);
        let room = max_tokens.saturating_sub(tokens.count(&passage));
        if room < 3 {
            let message = format!("the passage prefix leaves {room} of {max_tokens} tokens");
            return Err(Error::invalid("load model", message).with_hint("set a shorter `passage_prefix`"));
        }
        let pooling = sentence.pooling;
        let cut = (dimensions < config.hidden).then(|| format!("-{dimensions}d"));
        let id = format!(
            "{}#{}-{max_tokens}{}{}{}",
            files.id,
            name_of(pooling),
            cut.unwrap_or_default(),
            mark(&query, &passage),
            match settings.precision {
                Precision::Float => "",
                Precision::Int8 => "-int8",
            }
        );
        let make = |stored| Linear::pack(stored, settings.precision);
        let weights = Weights::load(&files.weights, &config, make)?;
        tracing::info!(model = %id, threads = settings.threads, "embedding model loaded");
        let model = Model {
            tokens,
            encoder: Encoder::new(config, weights),
            pooling,
            dimensions,
            query,
            passage,
            lower_case: sentence.lower_case,
        };
        Ok(Self {
            id,
            model: Arc::new(model),
            pool: Pool::start(settings.threads)?,
            room,
        })
    }

    async fn tokenise(&self, role: Role, texts: Vec<String>) -> Result<Vec<Item>> {
        let model = Arc::clone(&self.model);
        let work = move |_: &mut Scratch, group: Vec<(usize, String)>| {
            let item = |(place, text): (usize, String)| {
                Ok(Item {
                    place,
                    sequence: model.tokens.text(&model.prepared(role, text))?,
                })
            };
            group.into_iter().map(item).collect::<Result<Vec<_>>>()
        };
        let groups = self.pool.map(priority(role), groups(texts), work).await?;
        Ok(groups.into_iter().flatten().collect())
    }
}

impl Model {
    /// The text as it is tokenised.
    fn prepared(&self, role: Role, text: String) -> String {
        let prefix = match role {
            Role::Query => &self.query,
            Role::Passage => &self.passage,
        };
        let whole = if prefix.is_empty() {
            text
        } else {
            format!("{prefix}{text}")
        };
        if self.lower_case { whole.to_lowercase() } else { whole }
    }

    /// The unit vector of a text from the vectors of its tokens.
    fn vector(&self, rows: &[f32]) -> Result<Vec<f32>> {
        let mut vector = pooled(self.pooling, rows, self.encoder.hidden());
        vector.truncate(self.dimensions);
        dispatch(Unit(&mut vector));
        if vector.iter().all(|x| x.is_finite()) {
            Ok(vector)
        } else {
            Err(not_finite())
        }
    }
}

#[async_trait]
impl Embedder for SentenceEncoder {
    fn model(&self) -> &str {
        &self.id
    }

    fn dimensions(&self) -> usize {
        self.model.dimensions
    }

    fn tokens(&self, text: &str) -> usize {
        if self.model.lower_case {
            self.model.tokens.count(&text.to_lowercase())
        } else {
            self.model.tokens.count(text)
        }
    }

    fn max_tokens(&self) -> usize {
        self.room
    }

    async fn embed(&self, role: Role, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let count = texts.len();
        let items = self.tokenise(role, texts).await?;
        let model = Arc::clone(&self.model);
        let work = move |scratch: &mut Scratch, batch: Vec<Item>| {
            let sequences: Vec<_> = batch.iter().map(|item| &item.sequence).collect();
            let states = model.encoder.states(&sequences, scratch)?;
            let place = |(item, rows): (&Item, &[f32])| Ok((item.place, model.vector(rows)?));
            batch.iter().zip(states).map(place).collect::<Result<Vec<_>>>()
        };
        self.pool.batches(priority(role), items, count, work).await
    }
}

fn priority(role: Role) -> Priority {
    match role {
        Role::Query => Priority::Urgent,
        Role::Passage => Priority::Usual,
    }
}

fn name_of(pooling: Pooling) -> &'static str {
    match pooling {
        Pooling::Mean => "mean",
        Pooling::First => "cls",
    }
}

/// What tells models with different prefixes apart; nothing where there is no prefix.
fn mark(query: &str, passage: &str) -> String {
    if query.is_empty() && passage.is_empty() {
        return String::new();
    }
    let TextHash([a, b, c, d, ..]) = TextHash::of(&format!("{}\n{query}{passage}", query.len()));
    format!("-p{a:02x}{b:02x}{c:02x}{d:02x}")
}

#[cfg(test)]
mod tests {
    use super::mark;

    #[test]
    fn prefixes_mark_the_name_and_their_border_counts() {
        assert_eq!(mark("", ""), "");
        assert_eq!(mark("query: ", "passage: ").len(), 10);
        assert_ne!(mark("ab", "c"), mark("a", "bc"));
        assert_ne!(mark("ab", ""), mark("", "ab"));
    }
}
