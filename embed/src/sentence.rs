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
use crate::device::Device;
use crate::encoder::Scratch;
use crate::engine::Engine;
use crate::pool::{Pool, Priority};
use crate::tokens::Tokens;
use crate::weights::{Precision, not_finite};

/// How a sentence model is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentenceSettings {
    /// CPU threads, at least one.
    pub threads: usize,
    /// What it runs on.
    pub device: Device,
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
    engine: Engine,
    pool: Pool<Scratch>,
    pooling: Pooling,
    /// Tokens left for a passage after its prefix.
    room: usize,
}

/// What the threads share.
struct Model {
    tokens: Tokens,
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
        let hidden = config.hidden;
        let dimensions = checked(settings.dimensions, hidden)?;
        let vocabulary = config.vocabulary;
        // Each takes a good part of the time that a program needs to start.
        let (tokens, engine) = std::thread::scope(|scope| {
            let tokens = scope.spawn(|| Tokens::load(&files.tokenizer, vocabulary, max_tokens));
            let engine = Engine::load(files, config, settings.device, settings.precision);
            let failed = |_| Err(Error::internal("load model", "the tokenizer could not be loaded"));
            (tokens.join().unwrap_or_else(failed), engine)
        });
        let (tokens, engine) = (tokens?, engine?);
        let query = settings.query_prefix.unwrap_or(sentence.query);
        let passage = settings.passage_prefix.unwrap_or(sentence.passage);
        let room_after = |prefix: &str| max_tokens.saturating_sub(tokens.count(prefix));
        let room = room_after(&passage);
        for (name, room) in [("passage", room), ("query", room_after(&query))] {
            if room < 3 {
                let message = format!("the {name} prefix leaves {room} of {max_tokens} tokens");
                return Err(Error::invalid("load model", message).with_hint(format!("set a shorter `{name}_prefix`")));
            }
        }
        let pooling = sentence.pooling;
        let id = [
            format!("{}#{}-{max_tokens}", files.id, name_of(pooling)),
            if dimensions < hidden {
                format!("-{dimensions}d")
            } else {
                String::new()
            },
            mark(&query, &passage),
            mark_of(settings.precision).to_owned(),
        ]
        .concat();
        let device = engine.device();
        tracing::info!(model = %id, device, threads = settings.threads, "embedding model loaded");
        let model = Model {
            tokens,
            dimensions,
            query,
            passage,
            lower_case: sentence.lower_case,
        };
        Ok(Self {
            id,
            model: Arc::new(model),
            engine,
            pool: Pool::start(settings.threads)?,
            pooling,
            room,
        })
    }

    /// What it runs on: `cpu` or `cuda`.
    pub fn device(&self) -> &'static str {
        self.engine.device()
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

    /// The unit vector of a text from the pooled vector of its tokens.
    fn vector(&self, mut vector: Vec<f32>) -> Result<Vec<f32>> {
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
        let items = self.tokenise(role, texts).await?;
        let model = Arc::clone(&self.model);
        let finish = move |vector| model.vector(vector);
        let how = (priority(role), self.pooling);
        self.engine.pooled(&self.pool, how, items, finish).await
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

/// The length of vectors that are cut to `wanted` of `all` numbers.
fn checked(wanted: Option<usize>, all: usize) -> Result<usize> {
    match wanted.unwrap_or(all) {
        fits if (1..=all).contains(&fits) => Ok(fits),
        other => Err(Error::invalid(
            "load model",
            format!("vectors of {all} numbers cannot be cut to {other}"),
        )
        .with_hint(format!("set `dimensions` to at most {all}, or leave it out"))),
    }
}

/// What tells models with different numbers apart. Those of a GPU are near enough to the CPU's for both to serve one index.
fn mark_of(precision: Precision) -> &'static str {
    match precision {
        Precision::Auto | Precision::Float32 | Precision::Float16 | Precision::BFloat16 => "",
        Precision::Int8 => "-int8",
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
