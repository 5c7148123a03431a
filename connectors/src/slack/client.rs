//! Slack's methods: their lanes, their errors in good answers, and the memory by which a step that failed goes on.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::{Error, ErrorKind, Result};
use serde_json::Value;
use url::Url;

use crate::archive::json::{list, text};
use crate::http::{Api, Rate, Request};

/// The most pages of one list.
const PAGES: usize = 1_000;

/// A method, with the lane that Slack counts and blocks it by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method(&'static str, &'static str, Option<Rate>);

impl Method {
    /// How often it may be called.
    pub(super) fn rate(self) -> Option<Rate> {
        self.2
    }

    pub(super) const TEST: Self = Self("auth.test", "auth.test", None);
    pub(super) const CHANNELS: Self = Self("conversations.list", "conversations.list", Some(Rate::per_minute(20)));
    pub(super) const MEMBERS: Self = Self(
        "conversations.members",
        "conversations.members",
        Some(Rate::per_minute(100)),
    );
    pub(super) const USERS: Self = Self("users.list", "users.list", Some(Rate::per_minute(20)));
    pub(super) const GROUPS: Self = Self("usergroups.list", "usergroups.list", Some(Rate::per_minute(20)));

    /// What is said in a channel. Applications that are not in the marketplace may ask once a minute.
    pub(super) const fn history(limited: bool) -> Self {
        if limited {
            Self(
                "conversations.history",
                "conversations.history/limited",
                Some(Rate::per_minute(1)),
            )
        } else {
            Self(
                "conversations.history",
                "conversations.history",
                Some(Rate::per_minute(50)),
            )
        }
    }

    /// A thread.
    pub(super) const fn replies(limited: bool) -> Self {
        if limited {
            Self(
                "conversations.replies",
                "conversations.replies/limited",
                Some(Rate::per_minute(1)),
            )
        } else {
            Self(
                "conversations.replies",
                "conversations.replies",
                Some(Rate::per_minute(50)),
            )
        }
    }
}

/// What a method answers: its fields, or the word by which it refuses.
pub(super) type Answer = Result<Value, String>;

/// The API of one source.
pub(super) struct Client {
    api: Api,
    base: Url,
    /// Answers that the step under way got so far. Where it fails for a limit, its next attempt begins with them.
    memory: Mutex<BTreeMap<String, Value>>,
}

/// Whether a word says that this account may not read this conversation, or no more.
fn closed(word: &str) -> bool {
    const WORDS: [&str; 13] = [
        "missing_scope",
        "not_in_channel",
        "channel_not_found",
        "thread_not_found",
        "access_denied",
        "no_permission",
        "ekm_access_denied",
        "team_access_not_granted",
        "not_allowed_token_type",
        "method_not_supported_for_channel_type",
        "fetch_members_failed",
        "plan_upgrade_required",
        "paid_teams_only",
    ];
    WORDS.contains(&word)
}

/// The error of a word that a connector does not understand.
fn unknown(method: &str, word: &str) -> Error {
    let kind = match word {
        "account_inactive" | "token_revoked" | "token_expired" | "invalid_auth" | "not_authed"
        | "org_login_required" => ErrorKind::Denied,
        _ => ErrorKind::Invalid,
    };
    let word: String = word.chars().take(60).filter(|one| !one.is_control()).collect();
    Error::new(kind, "call Slack", format!("{method} answers `{word}`"))
}

impl Client {
    pub(super) fn new(api: Api, base: Url) -> Self {
        Self {
            api,
            base,
            memory: Mutex::default(),
        }
    }

    /// What the requests go through.
    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    /// Forget the answers of a step that is done.
    pub(super) fn forget(&self) {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn request(&self, method: Method, fields: &[(&str, &str)]) -> Request {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{}", self.base.path().trim_end_matches('/'), method.0));
        if !fields.is_empty() {
            url.query_pairs_mut().extend_pairs(fields);
        }
        Request::get(url).lane(method.1, method.2)
    }

    /// Call a method, or recall what it answered earlier in the step.
    pub(super) async fn call(&self, method: Method, fields: &[(&str, &str)]) -> Result<Answer> {
        let request = self.request(method, fields);
        let name = request.url().to_string();
        let known = self
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&name)
            .cloned();
        if let Some(known) = known {
            return Ok(Ok(known));
        }
        let answer: Value = self.api.send(request).await?.json()?;
        if answer.get("ok") == Some(&Value::Bool(true)) {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.insert(name, answer.clone());
            return Ok(Ok(answer));
        }
        match text(&answer, &["error"]).unwrap_or("no error") {
            word if closed(word) => Ok(Err(word.to_owned())),
            word => Err(unknown(method.0, word)),
        }
    }

    /// All rows of a list, over its pages.
    ///
    /// # Errors
    /// As [`Client::call`]; `Corrupt` for cursors that lead in a circle.
    pub(super) async fn list(
        &self,
        method: Method,
        fields: &[(&str, &str)],
        rows: &str,
    ) -> Result<Result<Vec<Value>, String>> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        for _ in 0..PAGES {
            let mut fields = fields.to_vec();
            if !cursor.is_empty() {
                fields.push(("cursor", &cursor));
            }
            let answer = match self.call(method, &fields).await? {
                Ok(answer) => answer,
                Err(word) => return Ok(Err(word)),
            };
            all.extend_from_slice(list(&answer, &[rows]));
            let next = text(&answer, &["response_metadata", "next_cursor"])
                .unwrap_or_default()
                .to_owned();
            if next.is_empty() {
                break;
            }
            if next == cursor {
                return Err(Error::corrupt("call Slack", format!("{} leads to itself", method.0)));
            }
            cursor = next;
        }
        Ok(Ok(all))
    }
}
