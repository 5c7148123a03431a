//! The folders of the small models.

use std::path::{Path, PathBuf};

use model_cache::ModelFiles;
use serde::de::DeserializeOwned;

/// Ours must come within this of the reference, number by number.
pub(crate) const TOLERANCE: f32 = 1e-4;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/parity")
        .join(name)
}

/// The files of a model.
pub(crate) fn files(name: &str) -> ModelFiles {
    let folder = folder(name);
    let present = |file: &str| Some(folder.join(file)).filter(|path| path.exists());
    ModelFiles {
        id: format!("parity/{name}"),
        weights: folder.join("model.safetensors"),
        tokenizer: folder.join("tokenizer.json"),
        config: folder.join("config.json"),
        pooling: present("1_Pooling/config.json"),
        sentence: present("sentence_bert_config.json"),
        modules: present("modules.json"),
        prompts: present("config_sentence_transformers.json"),
        max_tokens: None,
    }
}

/// What the reference says of a model's inputs.
pub(crate) fn items<T: DeserializeOwned>(name: &str) -> Vec<T> {
    #[derive(serde::Deserialize)]
    struct Reference<T> {
        items: Vec<T>,
    }
    let text = std::fs::read(folder(name).join("reference.json")).unwrap();
    serde_json::from_slice::<Reference<T>>(&text).unwrap().items
}

pub(crate) fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|x| x.to_bits()).collect()
}
