//! What exists now, for finding what was deleted before the window.

use std::collections::BTreeSet;

use domain::{DocumentId, Key, Result, Sweep};
use serde_json::Value;

use super::client::Method;
use super::connector::Slack;
use super::convert::{parent, replies};
use super::cursor::Position;
use crate::archive::json::{at, list, text};
use crate::archive::slack::threads::is_said;

impl Slack {
    /// What exists of all that `position` has read.
    pub(super) async fn census(&self, position: &Position) -> Result<Sweep> {
        if position.limited {
            // At 15 messages a minute it would never come to its end.
            return Ok(Sweep::Frozen(
                "Slack holds this application to 15 messages a minute".to_owned(),
            ));
        }
        let workspace = self.workspace().await?;
        let rows = match self.listed().await? {
            Ok(rows) if rows.is_empty() => return Ok(Sweep::Frozen("no channel is listed".to_owned())),
            Ok(rows) => rows,
            Err(word) => return Ok(Sweep::Frozen(format!("Slack answers `{word}`"))),
        };
        let (mut existing, mut unknown) = (Vec::new(), BTreeSet::new());
        for (id, channel) in &position.channels {
            let key = Key::slack_channel(workspace.names.team(), id);
            let document = DocumentId::new(&self.config.source, key.as_str());
            let readable = rows.contains_key(id) && !channel.closed;
            let roots = if readable { self.roots(id).await? } else { None };
            self.client.forget();
            // One that had messages and now has none is more likely hidden than emptied.
            let emptied = |roots: &BTreeSet<String>| roots.is_empty() && !channel.known.is_empty();
            let Some(roots) = roots.filter(|roots| !emptied(roots)) else {
                unknown.insert(key);
                continue;
            };
            existing.push(document);
            existing.extend(roots.iter().map(|root| {
                let key = Key::slack_thread(workspace.names.team(), id, root);
                DocumentId::new(&self.config.source, key.as_str())
            }));
        }
        Ok(if unknown.is_empty() {
            Sweep::Complete(existing)
        } else {
            Sweep::Partial { existing, unknown }
        })
    }

    /// The first messages of all threads of a channel; none where they cannot be read.
    async fn roots(&self, id: &str) -> Result<Option<BTreeSet<String>>> {
        let (mut roots, mut latest) = (BTreeSet::new(), None::<String>);
        loop {
            let mut fields = vec![("channel", id), ("limit", "999")];
            fields.extend(latest.as_deref().map(|latest| ("latest", latest)));
            let Ok(answer) = self.client.call(Method::history(false), &fields).await? else {
                return Ok(None);
            };
            let rows = list(&answer, &["messages"]);
            for row in rows.iter().filter(|row| is_said(row) || replies(row) > 0) {
                let root = parent(row).or_else(|| text(row, &["ts"]));
                roots.extend(root.map(str::to_owned));
            }
            let oldest = rows.iter().rev().find_map(|row| text(row, &["ts"])).map(str::to_owned);
            let more = at(&answer, &["has_more"]) == Some(&Value::Bool(true)) && oldest.is_some() && oldest != latest;
            if !more {
                return Ok(Some(roots));
            }
            latest = oldest;
        }
    }
}
