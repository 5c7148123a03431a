//! Telling by its shape what a record is, and which issue or pull request it belongs to.

use serde_json::Value;

use crate::archive::json::{at, list, number, text};
use crate::archive::repository::from_url;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A row of the list of issues; pull requests have one too.
    Issue,
    /// A row of the list of pull requests.
    Pull,
    /// A comment in the conversation.
    Comment,
    /// A review.
    Review,
    /// A comment on a line of code.
    ReviewComment,
    /// A timeline event that is none of these.
    Event,
}

/// A record and where it belongs.
#[derive(Debug, Clone)]
pub(crate) struct Record<'v> {
    pub(crate) shape: Shape,
    pub(crate) repository: String,
    pub(crate) number: u64,
    pub(crate) value: &'v Value,
}

impl<'v> Record<'v> {
    /// The records embedded in this one, in order.
    pub(crate) fn children(&self) -> Vec<Record<'v>> {
        let fields = [
            ("comments", Shape::Comment),
            ("reviews", Shape::Review),
            ("review_comments", Shape::ReviewComment),
        ];
        let value = self.value;
        let own = |shape, value| Record {
            shape,
            repository: self.repository.clone(),
            number: self.number,
            value,
        };
        let mut children: Vec<_> = fields
            .into_iter()
            .flat_map(|(field, shape)| list(value, &[field]).iter().map(move |value| (shape, value)))
            .collect();
        children.extend(
            ["timeline", "events"]
                .iter()
                .flat_map(|field| list(value, &[field]))
                .map(|value| (event(value), value)),
        );
        children
            .into_iter()
            .filter(|(_, value)| value.is_object())
            .map(|(shape, value)| own(shape, value))
            .collect()
    }
}

/// What a timeline event is: comments and reviews appear in timelines as themselves.
fn event(value: &Value) -> Shape {
    match text(value, &["event"]) {
        Some("commented") => Shape::Comment,
        Some("reviewed") => Shape::Review,
        Some(_) | None => Shape::Event,
    }
}

fn shape(value: &Value) -> Option<Shape> {
    let has = |key: &str| value.get(key).is_some();
    if has("event") {
        Some(event(value))
    } else if has("number") && (has("head") || has("base") || has("merged_at")) {
        Some(Shape::Pull)
    } else if has("number") && has("title") {
        Some(Shape::Issue)
    } else if has("pull_request_url") && (has("diff_hunk") || has("path")) {
        Some(Shape::ReviewComment)
    } else if has("pull_request_url") && has("state") {
        Some(Shape::Review)
    } else if has("body") && (has("issue_url") || has("pull_request_url")) {
        Some(Shape::Comment)
    } else if has("timeline") || has("events") {
        Some(Shape::Event)
    } else {
        None
    }
}

/// What a record's surroundings tell about where it belongs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around<'a> {
    /// The configured repository; it goes before what records say.
    pub(super) repository: Option<&'a str>,
    /// The only repository of the archive, for records that name none, as many timeline events do.
    pub(super) only: Option<&'a str>,
    /// The number in the file's name.
    pub(super) number: Option<u64>,
}

/// Read a record.
pub(super) fn read<'v>(around: Around<'_>, value: &'v Value) -> Result<Record<'v>, String> {
    if !value.is_object() {
        return Err("not an issue or a pull request: no JSON object".to_owned());
    }
    let shape = shape(value).ok_or("not an issue, pull request, comment, review or event")?;
    let (repository, number) = place(around, value)?;
    Ok(Record {
        shape,
        repository,
        number,
        value,
    })
}

/// Whether a value is a record of some shape.
pub(super) fn is_known(value: &Value) -> bool {
    value.is_object() && shape(value).is_some()
}

/// The repository and number of the issue or pull request that a record belongs to.
pub(super) fn place(around: Around<'_>, value: &Value) -> Result<(String, u64), String> {
    let addresses = [
        "repository_url",
        "issue_url",
        "pull_request_url",
        "url",
        "html_url",
        "commit_url",
    ];
    let told = addresses
        .iter()
        .filter_map(|field| text(value, &[field]))
        .find_map(from_url);
    let repository = around
        .repository
        .map(str::to_owned)
        .or_else(|| text(value, &["base", "repo", "full_name"]).map(str::to_owned))
        .filter(|name| crate::archive::repository::is_repository(name))
        .or(told)
        .or_else(|| around.only.map(str::to_owned))
        .ok_or("no repository in it; set `repository` in the source's settings")?;
    let last = |field| {
        text(value, &[field])
            .and_then(|url| url.rsplit('/').next())
            .and_then(|part| part.parse().ok())
    };
    let number = number(value, &["number"])
        .or_else(|| at(value, &["issue", "number"]).and_then(Value::as_u64))
        .or_else(|| last("issue_url"))
        .or_else(|| last("pull_request_url"))
        .or(around.number)
        .ok_or("no number of an issue or pull request in it")?;
    Ok((repository, number))
}
