//! Webhooks that the application makes for itself: one for the projects that are read, and kept alive.
//!
//! Jira lets an application name one address, sends to it for 30 days, and longer where that is asked for in time. What fails here
//! fails no sync: without webhooks changes are found on schedule.

use std::collections::BTreeSet;

use domain::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::{info, warn};

use super::client::Client;
use super::pull::Pull;
use crate::archive::json::{at, list, number, text};

/// A day in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// How long Jira keeps a webhook.
const LIFE: i64 = 30 * DAY;
/// The time left at which its life is prolonged.
const RENEW: i64 = 15 * DAY;
/// How long is waited after it was refused.
const REFUSED: i64 = DAY;
/// What is told of. Sprints and versions come with the issues that are in them.
const EVENTS: [&str; 6] = [
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
];

/// The webhooks of a source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hooks {
    address: String,
    /// The projects whose issues they tell of.
    projects: BTreeSet<u64>,
    ids: BTreeSet<u64>,
    /// When Jira forgets them.
    until: i64,
    /// Before that nothing is asked again.
    #[serde(default, skip_serializing_if = "is_zero")]
    not_before: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde wants it")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Pull<'_> {
    /// Have Jira tell the configured address of changes in all projects, for as long as there is one.
    pub(super) async fn hooks(&mut self) {
        let Some(address) = &self.jira.config.webhook else {
            self.position.hooks = None;
            return;
        };
        let known = self.position.hooks.take();
        let known = known.filter(|hooks| hooks.address == address.as_str() && hooks.until > self.now);
        let mut hooks = known.unwrap_or_else(|| Hooks {
            address: address.to_string(),
            until: self.now.saturating_add(LIFE),
            ..Hooks::default()
        });
        if hooks.not_before <= self.now
            && let Err(error) = self.keep(&mut hooks).await
        {
            warn!(source.id = %self.jira.source, %error, "Jira's webhooks are not registered; changes are found on schedule");
            hooks.not_before = self.now.saturating_add(REFUSED);
        }
        self.position.hooks = Some(hooks);
    }

    async fn keep(&self, hooks: &mut Hooks) -> Result<()> {
        let client = &self.jira.client;
        let missing: BTreeSet<u64> = {
            let read = self.position.projects.keys().copied();
            read.filter(|project| !hooks.projects.contains(project)).collect()
        };
        if !missing.is_empty() {
            let names: Vec<String> = missing.iter().map(u64::to_string).collect();
            let filter = format!("project IN ({})", names.join(", "));
            // One that was made before a crash is there although nobody remembers it.
            let made = match client.webhook(&hooks.address, &filter).await? {
                Some(made) => made,
                None => client.register(&hooks.address, &filter).await?,
            };
            info!(source.id = %self.jira.source, projects = missing.len(), "Jira tells of changes by a webhook");
            hooks.ids.insert(made);
            hooks.projects.extend(missing);
        }
        if hooks.until.saturating_sub(self.now) < RENEW && !hooks.ids.is_empty() {
            let until = client.prolong(&hooks.ids).await?;
            hooks.until = until.map_or(self.now.saturating_add(LIFE), |until| until.0);
        }
        Ok(())
    }
}

impl Client {
    /// The webhook of this application with that address and filter, if there is one.
    async fn webhook(&self, address: &str, filter: &str) -> Result<Option<u64>> {
        let request = self.get("webhook")?.query("maxResults", "100");
        let found: Value = self.ask.good(request).await?.json()?;
        let same = |one: &&Value| text(one, &["url"]) == Some(address) && text(one, &["jqlFilter"]) == Some(filter);
        Ok(list(&found, &["values"])
            .iter()
            .find(same)
            .and_then(|one| number(one, &["id"])))
    }

    /// Make a webhook; its id.
    ///
    /// # Errors
    /// `Unavailable` with what Jira says when it makes none.
    async fn register(&self, address: &str, filter: &str) -> Result<u64> {
        let wanted = json!({ "url": address, "webhooks": [{ "events": EVENTS, "jqlFilter": filter }] });
        let answer: Value = self.ask.good(self.post("webhook", &wanted)?.once()).await?.json()?;
        let made = list(&answer, &["webhookRegistrationResult"]).first();
        made.and_then(|made| number(made, &["createdWebhookId"]))
            .ok_or_else(|| {
                let said = made
                    .and_then(|made| list(made, &["errors"]).first())
                    .and_then(Value::as_str);
                let said: String = said.unwrap_or("no reason is given").chars().take(200).collect();
                domain::Error::unavailable("register webhook", said)
            })
    }

    /// Prolong the life of webhooks; until when they are kept, where Jira says so.
    async fn prolong(&self, ids: &BTreeSet<u64>) -> Result<Option<Timestamp>> {
        let answer: Value = self
            .ask
            .good(self.put("webhook/refresh", &json!({ "webhookIds": ids }))?)
            .await?
            .json()?;
        // The description says milliseconds, its example a date.
        let until = at(&answer, &["expirationDate"]);
        Ok(until.and_then(|until| match until.as_i64() {
            Some(until) => Some(Timestamp(until)),
            None => crate::archive::json::time(&answer, &["expirationDate"]),
        }))
    }
}
