//! Webhooks as the providers send them: signed.

use serde_json::{Value, json};

use super::Provider;
use super::auth::slack::BOT;
use super::github::json::Writer;
use super::mutation::{Changed, Event};
use super::people::uuid_like;
use super::settings::Application;
use super::signature::{hmac_hex, hs256};
use super::slack::model::ts;
use super::state::State;
use super::time::SECOND;
use super::world::TEAM;

/// The secrets that webhooks are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// GitHub's.
    pub github: String,
    /// Jira's, of a webhook that an administrator made.
    pub jira: String,
    /// The application's secret, with which Jira signs tokens for the webhooks that the application made.
    pub atlassian: String,
    /// Slack's signing secret.
    pub slack: String,
}

impl Default for Secrets {
    fn default() -> Self {
        Self {
            github: Application::GITHUB.webhook_secret.to_owned(),
            jira: Application::ATLASSIAN.webhook_secret.to_owned(),
            atlassian: Application::ATLASSIAN.client_secret.to_owned(),
            slack: Application::SLACK.webhook_secret.to_owned(),
        }
    }
}

/// A webhook to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Whose it is.
    pub provider: Provider,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body, whose every byte is signed.
    pub body: Vec<u8>,
}

impl Delivery {
    fn new(provider: Provider, body: &Value) -> Self {
        Self {
            provider,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl State {
    /// What the provider tells of a change: nothing, or for Jira once in each way of signing.
    pub(crate) fn deliveries(&mut self, changed: &Changed, secrets: &Secrets) -> Vec<Delivery> {
        let guid = uuid_like(&mut self.luck);
        match &changed.event {
            Event::Silent => Vec::new(),
            Event::GitHub(event, action, repository, number) => {
                let mut body = self.github_body((event, action), *repository, *number);
                if let Some(comment) = changed.gone {
                    body["comment"] = json!({ "id": comment });
                }
                let delivery = Delivery::new(Provider::GitHub, &body);
                let signature = format!("sha256={}", hmac_hex(&secrets.github, &delivery.body));
                vec![
                    delivery
                        .with("x-github-event", *event)
                        .with("x-github-delivery", guid)
                        .with("x-github-hook-id", "501")
                        .with("x-github-hook-installation-target-type", "integration")
                        .with("user-agent", "GitHub-Hookshot/044aadd")
                        .with("x-hub-signature-256", signature),
                ]
            }
            Event::Jira(event, id, key) => self.jira_deliveries((event, *id, key), changed.gone, (&guid, secrets)),
            Event::Slack(event, channel, moment) => {
                let mut body = self.slack_body((event, channel), *moment, changed.at);
                if let Some(thread) = changed.gone.and_then(|thread| i64::try_from(thread).ok()) {
                    body["event"]["previous_message"] =
                        json!({ "ts": body["event"]["deleted_ts"], "thread_ts": ts(thread) });
                }
                let delivery = Delivery::new(Provider::Slack, &body);
                let stamp = self.world.now / SECOND;
                let text = [format!("v0:{stamp}:").as_bytes(), &delivery.body].concat();
                let signature = format!("v0={}", hmac_hex(&secrets.slack, &text));
                vec![
                    delivery
                        .with("x-slack-request-timestamp", stamp.to_string())
                        .with("x-slack-signature", signature),
                ]
            }
        }
    }

    fn github_body(&self, (event, action): (&str, &str), repository: u64, number: Option<u64>) -> Value {
        let write = Writer::new(self);
        let mut body = json!({
            "sender": write.user(0), "installation": { "id": Application::GITHUB_INSTALLATION, "node_id": "I_1" },
            "organization": { "login": "acme", "id": self.world.github.id, "node_id": "O_1" },
        });
        if !action.is_empty() {
            body["action"] = json!(action);
        }
        let Some(repository) = self.world.github.repository(repository) else {
            return body;
        };
        body["repository"] = write.repository(repository, None);
        if event == "push" {
            let last = repository.commits.iter().rev().find(|commit| commit.branch.is_none());
            body["ref"] = json!("refs/heads/main");
            body["after"] = json!(last.map(|commit| commit.sha.as_str()));
            body["before"] = json!(last.and_then(|commit| commit.parent.as_deref()));
            body["commits"] = json!([]);
        }
        let Some(number) = number else { return body };
        match repository.items.get(&number) {
            Some(item) => {
                body["issue"] = write.issue(repository, item);
                if event == "issue_comment" {
                    let comment = item.comments.last().map(|one| write.comment(repository, item, one));
                    body["comment"] = json!(comment);
                } else if let Some(pull) = write.pull(repository, item, true).filter(|_| event == "pull_request") {
                    body["pull_request"] = pull;
                    body["number"] = json!(number);
                }
            }
            // What is gone is still named.
            None => body["issue"] = json!({ "number": number }),
        }
        body
    }

    fn jira_deliveries(
        &self,
        (event, id, key): (&str, u64, &str),
        gone: Option<u64>,
        (guid, secrets): (&str, &Secrets),
    ) -> Vec<Delivery> {
        let issue = self.world.jira.issues.get(&id);
        let told = match issue {
            Some(issue) => {
                super::jira::record::Writer::new(self, None).issue(issue, &super::jira::record::Fields::all())
            }
            None => json!({ "id": id.to_string(), "key": key, "fields": {} }),
        };
        let mut body = json!({ "timestamp": self.world.now, "webhookEvent": event, "issue": told });
        let last = issue.and_then(|issue| issue.comments.last()).map(|comment| comment.id);
        if let Some(comment) = gone.or(last).filter(|_| event.starts_with("comment")) {
            body["comment"] = json!({ "id": comment.to_string() });
        }
        let sent = || {
            Delivery::new(Provider::Jira, &body)
                .with("x-atlassian-webhook-identifier", guid)
                .with("x-atlassian-webhook-flow", "Primary")
        };
        let admin = sent();
        let signature = format!("sha256={}", hmac_hex(&secrets.jira, &admin.body));
        let now = self.world.now / SECOND;
        let claims = json!({ "iss": Application::ATLASSIAN.client_id, "iat": now, "exp": now + 180 });
        let token = format!("Bearer {}", hs256(&secrets.atlassian, &claims));
        vec![
            admin.with("x-hub-signature", signature),
            sent().with("authorization", token),
        ]
    }

    fn slack_body(&mut self, (event, id): (&str, &str), moment: Option<i64>, at: i64) -> Value {
        let channel = self.world.slack.channel(id);
        let message = moment.and_then(|moment| channel?.messages.get(&moment));
        let user = |person: usize| self.world.people[person].slack_id.clone();
        let stamp = ts(at * 1000);
        let mut inner = json!({ "type": event, "channel": id, "event_ts": stamp });
        if let Some(moment) = moment {
            inner["channel_type"] = json!(channel.map(|channel| channel.kind.name().replace("_channel", "")));
            inner["type"] = json!("message");
            let written = message.map(|one| super::slack::record::message(self, id, one));
            match event {
                "message" => {
                    inner = written.unwrap_or_default();
                    inner["channel"] = json!(id);
                    inner["event_ts"] = json!(ts(moment));
                }
                "message_changed" => {
                    inner["subtype"] = json!(event);
                    inner["ts"] = json!(stamp);
                    inner["message"] = json!(written);
                }
                _ => {
                    inner["subtype"] = json!(event);
                    inner["ts"] = json!(stamp);
                    inner["deleted_ts"] = json!(ts(moment));
                }
            }
        } else if event == "channel_rename" {
            inner["channel"] =
                json!({ "id": id, "name": channel.map(|one| one.name.as_str()), "created": at / SECOND });
        } else if event.starts_with("member") {
            inner["user"] = json!(user(0));
            inner["team"] = json!(TEAM);
        }
        json!({
            "token": "verification", "team_id": TEAM, "api_app_id": "A0NEUROSYNC", "event": inner, "type": "event_callback",
            "event_id": format!("Ev0{}", self.luck.hex(8).to_uppercase()), "event_time": at / SECOND,
            "authorizations": [{ "enterprise_id": null, "team_id": TEAM, "user_id": BOT, "is_bot": true, "is_enterprise_install": false }],
            "is_ext_shared_channel": false,
        })
    }
}
