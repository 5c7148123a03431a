//! The default model end to end, against vectors that sentence-transformers made (see `scripts/reference_vectors.py`).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in tests a broken assumption ends the test"
)]

mod batches;
mod reference;

use embed::{SentenceEncoder, SentenceSettings};
use model_cache::{Hub, ModelRef, Settings, Silent, resolve};
use tokio::sync::OnceCell;

/// The default model on two threads, fetched into the user's cache when it is not there yet.
pub(crate) async fn model() -> &'static SentenceEncoder {
    static MODEL: OnceCell<SentenceEncoder> = OnceCell::const_new();
    MODEL.get_or_init(load).await
}

async fn load() -> SentenceEncoder {
    let home = std::env::home_dir().expect("a home folder");
    let settings = Settings {
        cache_dir: home.join(".cache").join("neurosync").join("models"),
        model_dir: std::env::var_os("NEUROSYNC_MODEL_DIR").map(Into::into),
        hub: Hub::default(),
        python: "python3".into(),
    };
    let files = match resolve(&ModelRef::default(), &settings, &Silent).await {
        Ok(files) => files,
        Err(error) => panic!(
            "these tests need the default model: {error}\n{}",
            error.hint().unwrap_or_default()
        ),
    };
    SentenceEncoder::load(
        &files,
        SentenceSettings {
            threads: 2,
            ..SentenceSettings::default()
        },
    )
    .expect("the default model loads")
}
