//! From Slack's messages to threads, made as those of an export are.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Change, DocumentId, Key};
use serde_json::Value;

use super::workspace::Workspace;
use crate::archive::json::{list, text};
use crate::archive::slack::directory::{Conversation, Directory};
use crate::archive::slack::threads::{Place, Thread, Ts, ts};
use crate::batch::Batch;
use crate::hex::digest;

/// Digits of a message's digest.
const DIGITS: usize = 6;

/// What makes the documents of one channel.
pub(super) struct Scribe {
    place: Place,
    id: String,
    team: String,
    source: domain::SourceId,
}

/// Whether a message belongs to a thread that another one began; that one.
pub(super) fn parent(message: &Value) -> Option<&str> {
    text(message, &["thread_ts"]).filter(|root| Some(*root) != text(message, &["ts"]))
}

/// How many replies the first message of a thread tells.
pub(super) fn replies(message: &Value) -> u64 {
    message.get("reply_count").and_then(Value::as_u64).unwrap_or(0)
}

/// What changes when a message, or what is known of its thread, does.
pub(super) fn print(message: &Value) -> String {
    let files: Vec<_> = list(message, &["files"])
        .iter()
        .map(|file| file.get("title").or_else(|| file.get("name")))
        .collect();
    let fields = [
        "text",
        "subtype",
        "hidden",
        "user",
        "blocks",
        "attachments",
        "thread_ts",
        "reply_count",
        "latest_reply",
    ];
    let told: Vec<_> = fields.iter().map(|field| message.get(*field)).collect();
    let edited = text(message, &["edited", "ts"]);
    let mut digits = digest(&serde_json::to_string(&(told, files, edited)).expect("JSON serialises"));
    digits.truncate(DIGITS);
    digits
}

impl Scribe {
    pub(super) fn new(
        workspace: &Workspace,
        source: &domain::SourceId,
        directory: Directory,
        conversation: Conversation,
    ) -> Self {
        Self {
            id: conversation.id.clone(),
            team: workspace.names.team().to_owned(),
            source: source.clone(),
            place: Place {
                config: Arc::clone(&workspace.names),
                directory: Arc::new(directory),
                conversation,
            },
        }
    }

    /// The channel.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The identity of the thread that a message began.
    pub(super) fn thread_id(&self, root: &str) -> DocumentId {
        DocumentId::new(&self.source, Key::slack_thread(&self.team, &self.id, root).as_str())
    }

    /// The document of a thread, or its end where nothing is said in it any more.
    pub(super) fn thread(&self, root: &str, messages: &[Value], batch: &mut Batch) {
        let mut open: BTreeMap<Ts, Thread> = BTreeMap::new();
        for message in messages {
            if let Err(reason) = self.place.take(message, &mut open) {
                let ts: String = text(message, &["ts"]).unwrap_or(root).chars().take(40).collect();
                batch.reject(format!("channel {} message {ts}", self.id), reason);
            }
        }
        let Some(root_ts) = ts(root) else { return };
        batch.changes.push(match open.remove(&root_ts) {
            Some(thread) => self.place.document(&root_ts, thread),
            None => Change::Delete(self.thread_id(root)),
        });
    }
}

#[cfg(test)]
mod tests;
