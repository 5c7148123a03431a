//! Vectors of the texts in a file or on standard input: a job of its own, which needs no data folder.

mod lines;

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use domain::seam::Role;
use domain::{Error, ErrorKind, Result};
use embed::SentenceEncoder;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::lines::{Entry, read};
use super::unless_reader_left;
use crate::app::sentence_encoder;
use crate::cli::Embed;
use crate::context::Context;

/// Windows of texts that are embedded at the same time: while the vectors of one are calculated, the next is tokenised.
const AT_ONCE: usize = 2;
/// Unreadable lines that are told one by one.
const TOLD: u64 = 10;

/// What was done.
#[derive(Debug, Default)]
struct Total {
    texts: u64,
    unreadable: u64,
}

/// Embed every line and write a line for each, in order.
///
/// # Errors
/// As loading the model; those of reading and writing; `Cancelled`; `Invalid` when no line could be read.
pub(crate) async fn run(context: &Context<'_>, command: Embed) -> Result<()> {
    let model = sentence_encoder(&context.config, context.environment, &*context.bars).await?;
    let role = if command.query { Role::Query } else { Role::Passage };
    let start = Instant::now();
    let done = if let Some(path) = &command.output {
        to_file(context, (&model, role), &command, path).await
    } else {
        let mut out = std::io::BufWriter::new(std::io::stdout());
        let total = embed_all(context, &model, role, (&command, &mut out)).await;
        total.and_then(|total| out.flush().map(|()| total).map_err(write_failed))
    };
    let total = match done {
        Ok(total) => total,
        Err(error) => return unless_reader_left(error),
    };
    tell(context, &command, &model, (&total, start));
    if total.texts == 0 && total.unreadable > 0 {
        let message = format!("none of {} lines could be read", total.unreadable);
        return Err(Error::invalid("embed", message)
            .with_hint("write a JSON object with `text` on each line, or say --plain for a text on each"));
    }
    Ok(())
}

/// Write to a file, which is only there, or only replaced, when all is done.
async fn to_file(
    context: &Context<'_>,
    (model, role): (&Arc<SentenceEncoder>, Role),
    command: &Embed,
    path: &Path,
) -> Result<Total> {
    let failed = |error| Error::io("write vectors", path, error);
    // What is no file, such as a pipe, cannot be replaced by one.
    if path.metadata().is_ok_and(|known| !known.is_file()) {
        let mut out = std::io::BufWriter::new(std::fs::OpenOptions::new().write(true).open(path).map_err(failed)?);
        let total = embed_all(context, model, role, (command, &mut out)).await?;
        out.flush().map_err(failed)?;
        return Ok(total);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    let builder = builder.permissions(Permissions::from_mode(0o666));
    let file = builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(failed)?;
    let mut out = std::io::BufWriter::new(file);
    let total = embed_all(context, model, role, (command, &mut out)).await?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(total)
}

/// Say what was done: to standard output where that does not hold the vectors.
fn tell(context: &Context<'_>, command: &Embed, model: &SentenceEncoder, (total, start): (&Total, Instant)) {
    use domain::seam::Embedder;
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = total.texts as f64 / seconds;
    let (name, device) = (model.model(), model.device());
    if command.output.is_none() {
        tracing::info!(
            texts = total.texts,
            unreadable = total.unreadable,
            rate,
            device,
            "embedded"
        );
        return;
    }
    let answer = json!({"texts": total.texts, "unreadable": total.unreadable, "seconds": seconds,
        "texts_per_s": rate, "model": name, "device": device, "dimensions": model.dimensions()});
    // Nothing can be wrong with this answer.
    let _told = context.output.answer(&answer, |_, _| {
        let unreadable = match total.unreadable {
            0 => String::new(),
            count => format!(", {count} lines unreadable"),
        };
        format!(
            "{} texts in {seconds:.1} s ({rate:.0} a second) on {device}{unreadable}",
            total.texts
        )
    });
}

async fn embed_all(
    context: &Context<'_>,
    model: &Arc<SentenceEncoder>,
    role: Role,
    (command, out): (&Embed, &mut dyn Write),
) -> Result<Total> {
    let (sender, mut windows) = mpsc::channel(1);
    let (path, plain) = (command.file.clone(), command.plain);
    let reader = tokio::task::spawn_blocking(move || read(path.as_deref(), plain, &sender));
    let bar = context.bars.spinner("embed");
    bar.set_message("texts");
    let mut total = Total::default();
    let mut running = FuturesOrdered::new();
    let mut more = true;
    while more || !running.is_empty() {
        let window = tokio::select! {
            biased;
            () = context.cancel.cancelled() => return Err(Error::new(ErrorKind::Cancelled, "embed", "stopped")),
            window = windows.recv(), if more && running.len() < AT_ONCE => {
                match window {
                    Some(window) => running.push_back(tokio::spawn(vectors(Arc::clone(model), role, window))),
                    None => more = false,
                }
                continue;
            }
            Some(window) = running.next(), if !running.is_empty() => {
                window.map_err(|error| Error::internal("embed", "a window failed").with_source(error))??
            }
        };
        for entry in window {
            entry.count(&mut total);
            bar.inc(1);
            serde_json::to_writer(&mut *out, &entry.line()).map_err(|error| write_failed(error.into()))?;
            out.write_all(b"\n").map_err(write_failed)?;
        }
    }
    let read = reader.await;
    read.map_err(|error| Error::internal("embed", "reading failed").with_source(error))??;
    Ok(total)
}

fn write_failed(error: std::io::Error) -> Error {
    Error::io("write vectors", Path::new("the output"), error)
}

/// A line of the result as it is written.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<&'a [f32]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// A line of the result.
struct Done {
    id: Value,
    made: std::result::Result<Vec<f32>, String>,
}

impl Done {
    fn line(&self) -> Line<'_> {
        let (vector, error) = match &self.made {
            Ok(vector) => (Some(vector.as_slice()), None),
            Err(reason) => (None, Some(reason.as_str())),
        };
        Line {
            id: &self.id,
            vector,
            error,
        }
    }

    fn count(&self, total: &mut Total) {
        let Err(reason) = &self.made else {
            total.texts += 1;
            return;
        };
        total.unreadable += 1;
        if total.unreadable <= TOLD {
            tracing::warn!(line = %self.id, reason, "a line is left out");
        }
    }
}

/// The vectors of a window; where the model refuses a text, that line says so.
async fn vectors(model: Arc<SentenceEncoder>, role: Role, window: Vec<Entry>) -> Result<Vec<Done>> {
    use domain::seam::Embedder;
    let texts: Vec<String> = window.iter().filter_map(|entry| entry.text.clone().ok()).collect();
    let mut made = match model.embed(role, texts.clone()).await {
        Ok(vectors) => vectors.into_iter().map(Ok).collect::<Vec<_>>(),
        Err(error) if error.kind() == ErrorKind::Invalid => {
            let mut made = Vec::new();
            for text in texts {
                let one = model.embed(role, vec![text]).await;
                made.push(
                    one.map(|mut one| one.pop().unwrap_or_default())
                        .map_err(|error| error.to_string()),
                );
            }
            made
        }
        Err(error) => return Err(error),
    }
    .into_iter();
    let done = |entry: Entry| Done {
        id: entry.id,
        made: match entry.text {
            Ok(_) => made.next().unwrap_or_else(|| Err("no vector was made".to_owned())),
            Err(reason) => Err(reason),
        },
    };
    Ok(window.into_iter().map(done).collect())
}
