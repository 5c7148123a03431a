//! What an event names, read by itself: one thread.

use std::sync::PoisonError;

use domain::{Change, Cursor, Page, Result, Target};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::connector::Slack;
use super::convert::Scribe;
use super::cursor::Position;
use super::workspace::directory;
use crate::archive::json::{at, is_id, text};
use crate::archive::slack::threads::ts;
use crate::batch::Batch;

/// A thread, by its channel and its first message.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    channel: String,
    root: String,
}

/// What an event is about; none for all but messages.
pub(crate) fn target(body: &[u8]) -> Option<Target> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let event = at(&body, &["event"]).filter(|event| text(event, &["type"]) == Some("message"))?;
    let message = match text(event, &["subtype"]) {
        Some("message_changed" | "message_replied") => at(event, &["message"])?,
        // What it was tells which thread it was in; where that is not told, it was its first message for all that is known.
        Some("message_deleted") => at(event, &["previous_message"]).unwrap_or(event),
        // A notice about the channel may be about who reads it.
        Some(subtype) if subtype.starts_with("channel_") || subtype.starts_with("group_") => return None,
        Some(_) | None => event,
    };
    let deleted = text(event, &["deleted_ts"]);
    let root = text(message, &["thread_ts"])
        .or(deleted)
        .or_else(|| text(message, &["ts"]))?;
    let channel = text(event, &["channel"])?;
    let about = About {
        channel: Some(channel).filter(|id| is_id(id))?.to_owned(),
        root: Some(root).filter(|root| ts(root).is_some())?.to_owned(),
    };
    serde_json::to_string(&about).ok().map(Target)
}

impl Slack {
    /// Read the thread that `target` names, however old it is; none where its channel is not one that was read.
    ///
    /// # Errors
    /// As the requests report.
    pub(super) async fn about(&self, cursor: &Cursor, target: &Target) -> Result<Option<Page>> {
        let Ok(about) = serde_json::from_str::<About>(&target.0) else {
            return Ok(None);
        };
        let position = Position::read(Some(cursor))?;
        let known = position.channels.get(&about.channel);
        let read = known.is_some_and(|one| !one.gone && !one.closed && one.high.is_some());
        if !read || position.settings != self.config.print() {
            return Ok(None);
        }
        // What was answered before the event says nothing of it.
        self.client.forget();
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let workspace = self.workspace().await?;
        let Some(conversation) = self.conversation(&about.channel, &workspace).await? else {
            return Ok(None);
        };
        // Who may read it now comes before what is new in it.
        let rule = workspace.names.rule(&conversation).map(Change::Access);
        let names = directory(&workspace, &position);
        let scribe = Scribe::new(&workspace, &self.config.source, names, conversation);
        let mut batch = Batch::default();
        batch.changes.extend(rule);
        let replies = self.replies(&about.channel, &about.root, position.limited);
        let Some(messages) = replies.await? else {
            return Ok(None);
        };
        scribe.thread(&about.root, &messages, &mut batch);
        self.client.forget();
        Ok(Some(batch.page(cursor.clone(), (true, false))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{About, target};

    fn about(event: &Value) -> Option<(String, String)> {
        let found = target(json!({ "event": event }).to_string().as_bytes())?;
        let About { channel, root } = serde_json::from_str(&found.0).expect("ours");
        Some((channel, root))
    }

    #[test]
    fn a_message_names_the_thread_that_it_is_in() {
        let (one, two) = ("1712345678.000100", "1712345679.000200");
        let thread = Some(("C1".to_owned(), one.to_owned()));
        let message = |rest: Value| {
            let mut event = json!({ "type": "message", "channel": "C1" });
            event
                .as_object_mut()
                .expect("an object")
                .extend(rest.as_object().expect("an object").clone());
            event
        };
        assert_eq!(about(&message(json!({ "ts": one }))), thread);
        assert_eq!(about(&message(json!({ "ts": two, "thread_ts": one }))), thread);
        let changed = json!({ "subtype": "message_changed", "ts": "1", "message": { "ts": two, "thread_ts": one } });
        assert_eq!(about(&message(changed)), thread);
        let deleted = json!({ "subtype": "message_deleted", "ts": "1", "deleted_ts": one });
        assert_eq!(about(&message(deleted)), thread);
        let reply = json!({ "subtype": "message_deleted", "deleted_ts": two, "previous_message": { "ts": two, "thread_ts": one } });
        assert_eq!(about(&message(reply)), thread);
    }

    #[test]
    fn what_is_no_message_and_what_makes_no_sense_is_for_a_whole_sync() {
        for event in [
            json!({ "type": "member_left_channel", "channel": "C1" }),
            json!({ "type": "message", "channel": "C/../1", "ts": "1712345678.000100" }),
            json!({ "type": "message", "channel": "C1", "ts": "yesterday" }),
            json!({ "type": "message", "subtype": "channel_convert_to_private", "channel": "C1", "ts": "1712345678.000100" }),
            json!({ "type": "message", "subtype": "group_leave", "channel": "C1", "ts": "1712345678.000100" }),
            json!({ "type": "message", "channel": { "id": "C1" }, "ts": "1712345678.000100" }),
        ] {
            assert_eq!(about(&event), None, "{event}");
        }
        assert_eq!(target(b"no JSON"), None);
    }
}
