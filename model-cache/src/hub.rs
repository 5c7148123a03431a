//! Fetching from the Hugging Face hub.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{Error, ErrorKind, Result};
use hf_hub::api::tokio::{Api, ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::check::{PARTS, WEIGHTS, in_parts, most_bytes, optional};
use crate::{Event, Hub, Progress};

const OPERATION: &str = "fetch model from the hub";
/// How long the hub may take to say what a file is. Short: a machine without a way to it should not wait for the next source.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a download may bring nothing.
const STALL: Duration = Duration::from_mins(1);
/// Bytes of one request. What is complete of them survives an interruption.
const CHUNK: usize = 4 << 20;

/// A model on the hub.
pub(crate) struct Model<'a> {
    pub(crate) organisation: &'a str,
    pub(crate) name: &'a str,
    pub(crate) revision: &'a str,
    /// What is taken of it.
    pub(crate) files: &'a [&'static str],
}

/// Fetch the files that are missing in `to`. Unfinished ones are kept in `partial`, on the same file system, and finished by the next call.
///
/// # Errors
/// `Unavailable` when the hub does not answer or stops sending; `Denied` when it wants another token; `NotFound` when it has no such
/// model; `Corrupt` when its answers make no sense.
pub(crate) async fn fetch(
    model: &Model<'_>,
    hub: &Hub,
    partial: &Path,
    to: &Path,
    progress: &dyn Progress,
) -> Result<()> {
    // The hub client keeps a cache of its own form; here it is only the place for unfinished files.
    let builder = ApiBuilder::from_cache(Cache::new(partial.to_owned()))
        .with_endpoint(hub.endpoint.trim_end_matches('/').to_owned())
        .with_token(hub.token.clone())
        .with_progress(false)
        .with_chunk_size(Some(CHUNK));
    let api = builder.build().map_err(failed)?;
    let id = format!("{}/{}", model.organisation, model.name);
    let repo = || {
        api.repo(Repo::with_revision(
            id.clone(),
            RepoType::Model,
            model.revision.to_owned(),
        ))
    };
    for name in model.files.iter().copied().filter(|name| !to.join(name).exists()) {
        let size = match probe(&api, &repo(), name).await {
            // Nothing of the parts is fetched; it only matters that they are what there is.
            Err(error) if name == WEIGHTS && error.kind() == ErrorKind::NotFound => {
                let parts = timeout(ANSWER, api.metadata(&repo().url(PARTS))).await;
                return Err(if matches!(parts, Ok(Ok(_))) {
                    in_parts(OPERATION)
                } else {
                    error
                });
            }
            other => other?,
        };
        let Some(size) = size else {
            continue;
        };
        progress.report(Event::Begin {
            what: name,
            total: Some(size),
        });
        let blob = download(repo(), name, size, progress).await?;
        place(&blob, &to.join(name))?;
        progress.report(Event::Finish);
    }
    Ok(())
}

/// The size of a file on the hub; none when it is not there and need not be.
async fn probe(api: &Api, repo: &ApiRepo, name: &str) -> Result<Option<u64>> {
    let answer = timeout(ANSWER, api.metadata(&repo.url(name))).await;
    let answer = answer.map_err(|elapsed| {
        Error::unavailable(OPERATION, format!("no answer within {} s", ANSWER.as_secs())).with_source(elapsed)
    })?;
    let metadata = match answer {
        Err(ApiError::RequestError(error)) if optional(name) && error.status().is_some_and(|status| status == 404) => {
            return Ok(None);
        }
        other => other.map_err(failed)?,
    };
    // The client makes file names of these two.
    let plain = |text: &str| {
        !text.is_empty() && text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !plain(metadata.etag()) || !plain(metadata.commit_hash()) {
        return Err(Error::corrupt(
            OPERATION,
            format!("the hub's description of {name} is malformed"),
        ));
    }
    let size = u64::try_from(metadata.size()).unwrap_or(u64::MAX);
    if size == 0 || size > most_bytes(name) {
        return Err(Error::new(
            ErrorKind::Exhausted,
            OPERATION,
            format!("{name} has {size} bytes; 1 to {} are taken", most_bytes(name)),
        ));
    }
    Ok(Some(size))
}

/// Download a file and give the path it was stored under.
async fn download(repo: ApiRepo, name: &'static str, size: u64, progress: &dyn Progress) -> Result<PathBuf> {
    let (sender, mut steps) = mpsc::unbounded_channel();
    let mut outcome = contained(async move { repo.download_with_progress(name, Relay(sender)).await })?;
    let (mut seen, mut open) = (0_u64, true);
    loop {
        let step = tokio::select! {
            biased;
            done = &mut outcome.result => {
                while let Ok(bytes) = steps.try_recv() {
                    progress.report(Event::Advance(bytes));
                }
                let done = done.map_err(|gone| Error::internal(OPERATION, "the hub client failed").with_source(gone))?;
                return done.map_err(failed);
            }
            step = timeout(STALL, steps.recv()), if open => step,
        };
        match step {
            Ok(Some(bytes)) => {
                seen = seen.saturating_add(bytes);
                progress.report(Event::Advance(bytes));
            }
            // The client has dropped its end: its result follows.
            Ok(None) => open = false,
            Err(elapsed) => {
                let message = "it stopped sending";
                return Err(Error::unavailable(OPERATION, message).with_source(elapsed));
            }
        }
        if seen > size + (CHUNK as u64) {
            return Err(Error::corrupt(
                OPERATION,
                format!("the hub sends more than the {size} bytes of {name}"),
            ));
        }
    }
}

/// A running download; ends when this is dropped.
struct Contained<T> {
    result: oneshot::Receiver<T>,
    _stop: oneshot::Sender<()>,
}

/// Run `future` in a runtime of its own thread. The hub client leaves the tasks of other chunks running when one fails or nobody
/// waits any more; they end with that runtime.
fn contained<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<Contained<T>> {
    let start =
        |error: std::io::Error| Error::new(ErrorKind::Exhausted, OPERATION, error.to_string()).with_source(error);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(start)?;
    let (sender, result) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let run = move || {
        runtime.block_on(async {
            tokio::select! {
                value = future => { sender.send(value).ok(); }
                _ = stopped => {}
            }
        });
    };
    std::thread::Builder::new()
        .name("model-download".into())
        .spawn(run)
        .map_err(start)?;
    Ok(Contained { result, _stop: stop })
}

fn place(blob: &Path, to: &Path) -> Result<()> {
    let failed = |error| Error::io(OPERATION, to, error);
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let blob = blob.canonicalize().map_err(failed)?;
    std::fs::File::open(&blob)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(blob, to).map_err(failed)
}

/// The client's progress as numbers of bytes.
#[derive(Clone)]
struct Relay(mpsc::UnboundedSender<u64>);

impl hf_hub::api::tokio::Progress for Relay {
    async fn init(&mut self, _size: usize, _filename: &str) {}

    async fn update(&mut self, size: usize) {
        self.0.send(u64::try_from(size).unwrap_or(u64::MAX)).ok();
    }

    async fn finish(&mut self) {}
}

fn failed(error: ApiError) -> Error {
    // The address is told elsewhere, and may hold a password.
    let error = if let ApiError::RequestError(error) = error {
        ApiError::RequestError(error.without_url())
    } else {
        error
    };
    let status = if let ApiError::RequestError(error) = &error {
        error.status().map(|status| status.as_u16())
    } else {
        None
    };
    match status {
        Some(401 | 403) => Error::new(ErrorKind::Denied, OPERATION, "the hub refuses access")
            .with_hint("set HF_TOKEN to a token that may read this model"),
        Some(404) => Error::not_found(OPERATION, "the hub has no such model, revision or file"),
        _ => Error::unavailable(OPERATION, chain(&error)),
    }
    .with_source(error)
}

/// An error with its causes, which the HTTP client tells only one by one.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let shown = cause.to_string();
        if !text.contains(&shown) {
            text.push_str(": ");
            text.push_str(&shown);
        }
        next = cause.source();
    }
    text
}
