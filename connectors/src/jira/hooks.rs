//! A webhook that the application makes for itself, for the projects that are read, and keeps alive.
//!
//! Jira lets an application name one address, sends to it for 30 days, and longer where that is asked for in time. What fails here
//! fails no sync: without webhooks changes are found on schedule.

use std::collections::BTreeSet;

use domain::{Result, Timestamp};
use serde_json::{Value, json};
use tracing::{info, warn};

use super::client::Client;
use super::cursor::Hooks;
use super::pull::Pull;
use super::slice::DAY;
use crate::archive::json::{at, list, number, text};

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

impl Pull<'_> {
    /// Have Jira tell the configured address of changes in all projects, for as long as there is one.
    pub(super) async fn hooks(&mut self) {
        let Some(address) = &self.jira.config.webhook else {
            // What was made before runs out by itself.
            self.position.hooks = None;
            return;
        };
        let address = address.to_string();
        let mut hooks = self.position.hooks.take().unwrap_or_default();
        if hooks.not_before <= self.now
            && let Err(error) = self.keep(&address, &mut hooks).await
        {
            warn!(source.id = %self.jira.source, %error, "Jira's webhooks are not registered; changes are found on schedule");
            hooks.not_before = self.now.saturating_add(REFUSED);
        }
        self.position.hooks = Some(hooks);
    }

    /// One webhook for all projects: made, made anew where the address or the projects are others, or prolonged.
    async fn keep(&self, address: &str, hooks: &mut Hooks) -> Result<()> {
        let client = &self.jira.client;
        let projects: BTreeSet<u64> = self.position.projects.keys().copied().collect();
        let known = hooks.address == address && hooks.projects == projects && hooks.until > self.now;
        if !known && !projects.is_empty() {
            let names: Vec<String> = projects.iter().map(u64::to_string).collect();
            let filter = format!("project IN ({})", names.join(", "));
            // Jira takes one address and five webhooks of an application: those that were made for this source before go first, also
            // one that was made before a crash and that nobody remembers.
            let mut stale = client.webhooks(address).await?;
            stale.extend(hooks.id);
            if !stale.is_empty() {
                client.unregister(&stale).await?;
            }
            let made = client.register(address, &filter).await?;
            info!(source.id = %self.jira.source, projects = projects.len(), "Jira tells of changes by a webhook");
            *hooks = Hooks {
                address: address.to_owned(),
                projects,
                id: Some(made),
                until: self.now.saturating_add(LIFE),
                not_before: 0,
            };
        } else if let Some(id) = hooks.id.filter(|_| hooks.until.saturating_sub(self.now) < RENEW) {
            let until = client.prolong(id).await?;
            hooks.until = until.map_or(self.now.saturating_add(LIFE), |until| until.0);
        }
        Ok(())
    }
}

impl Client {
    /// The webhooks of this application with that address.
    async fn webhooks(&self, address: &str) -> Result<BTreeSet<u64>> {
        let request = self.get("webhook")?.query("maxResults", "100");
        let found: Value = self.ask.good(request).await?.json()?;
        let same = list(&found, &["values"])
            .iter()
            .filter(|one| text(one, &["url"]) == Some(address));
        Ok(same.filter_map(|one| number(one, &["id"])).collect())
    }

    /// Have webhooks forgotten.
    async fn unregister(&self, ids: &BTreeSet<u64>) -> Result<()> {
        let request = self.delete("webhook", &json!({ "webhookIds": ids }))?;
        self.ask.good(request).await.map(drop)
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

    /// Prolong the life of a webhook; until when it is kept, where Jira says so.
    async fn prolong(&self, id: u64) -> Result<Option<Timestamp>> {
        let answer: Value = self
            .ask
            .good(self.put("webhook/refresh", &json!({ "webhookIds": [id] }))?)
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
