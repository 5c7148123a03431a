//! The plan of a query: filters written into the text, exact identifiers, and the words that are left.

use std::sync::LazyLock;

use domain::{DocumentKind, Error, Key, Result, SourceId, Timestamp};
use regex::Regex;

/// The most identifiers of one query that are looked up.
const MAX_IDENTIFIERS: usize = 8;

/// Conditions as written, before names are resolved. Each list is "any of" but labels, which are "all of".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    /// `source:`
    pub sources: Vec<SourceId>,
    /// `kind:`
    pub kinds: Vec<DocumentKind>,
    /// `in:`, a container's key or alias.
    pub containers: Vec<String>,
    /// `author:`, an account's key, login, name or e-mail.
    pub authors: Vec<String>,
    /// `label:`
    pub labels: Vec<String>,
    /// `state:`
    pub states: Vec<String>,
    /// `after:`, inclusive.
    pub updated_from: Option<Timestamp>,
    /// `before:`, exclusive.
    pub updated_before: Option<Timestamp>,
}

/// What a query text asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The text without filters.
    pub(crate) text: String,
    /// The filters in it.
    pub(crate) conditions: Conditions,
    /// Whether it says `sort:new`.
    pub(crate) newest_first: bool,
    /// Names to look up, most telling first; for each the forms it may be stored under.
    pub(crate) identifiers: Vec<Vec<String>>,
}

impl Plan {
    /// Read a query text. Words of the form `name:value` with a known name are filters, with `"…"` around a value that has spaces.
    pub(crate) fn read(query: &str) -> Result<Self> {
        let mut plan = Self::default();
        let mut words = Vec::new();
        for word in split_words(query) {
            if !plan.take_filter(&word)? {
                words.push(word);
            }
        }
        plan.text = words.join(" ");
        for word in &words {
            let forms = identifier_forms(word);
            if !forms.is_empty() && plan.identifiers.len() < MAX_IDENTIFIERS && !plan.identifiers.contains(&forms) {
                plan.identifiers.push(forms);
            }
        }
        Ok(plan)
    }

    fn take_filter(&mut self, word: &str) -> Result<bool> {
        let Some((name, value)) = word.split_once(':') else {
            return Ok(false);
        };
        if value.is_empty() || value.starts_with("//") {
            return Ok(false);
        }
        let conditions = &mut self.conditions;
        match name {
            "source" => conditions.sources.push(SourceId::new(value)?),
            "kind" | "type" => conditions.kinds.push(DocumentKind::parse(value)?),
            "in" => conditions.containers.push(value.to_owned()),
            "author" => conditions.authors.push(value.to_owned()),
            "label" => conditions.labels.push(value.to_owned()),
            "state" => conditions.states.push(value.to_owned()),
            "after" => conditions.updated_from = Some(Timestamp::parse(value)?),
            "before" => conditions.updated_before = Some(Timestamp::parse(value)?),
            "sort" => match value {
                "new" => self.newest_first = true,
                "relevance" => self.newest_first = false,
                _ => {
                    return Err(Error::invalid("read query", format!("`sort:{value}` is not an order"))
                        .with_hint("orders are: relevance, new"));
                }
            },
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Words by white space; double quotes keep spaces and are dropped.
fn split_words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

static ISSUE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z][A-Za-z0-9_]{1,9}-[1-9][0-9]*$"));
static ITEM: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([\w.-]+/[\w.-]+)#([1-9][0-9]*)$"));
static SHA: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[0-9a-fA-F]{7,40}$"));
static GITHUB_ITEM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^https?://[^/]+/([\w.-]+/[\w.-]+)/(?:issues|pull|discussions)/([1-9][0-9]*)"));
static GITHUB_COMMIT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^https?://[^/]+/([\w.-]+/[\w.-]+)/commit/([0-9a-fA-F]{7,40})"));
static GITHUB_FILE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^https?://[^/]+/([\w.-]+/[\w.-]+)/blob/[^/]+/([^?#]+)"));
static JIRA_URL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^https?://[^?#]*/(?:browse|issues)/([A-Za-z][A-Za-z0-9_]{1,9}-[1-9][0-9]*)"));
static SYMBOL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[A-Za-z_][A-Za-z0-9_]*(?:(?:::|\.)[A-Za-z_][A-Za-z0-9_]*)*(?:\(\))?$"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant of this file")
}

/// The names under which a word may be stored, when it looks like an identifier; empty otherwise.
pub(crate) fn identifier_forms(word: &str) -> Vec<String> {
    let word = word
        .trim_matches(|c: char| "()[]{}<>,;!?'`".contains(c))
        .trim_end_matches(['.', ':']);
    if word.len() < 2 || word.len() > 2048 {
        return Vec::new();
    }
    if word.starts_with("https://") || word.starts_with("http://") {
        return url_forms(word);
    }
    if ISSUE.is_match(word) {
        return vec![word.to_uppercase()];
    }
    if let Some(found) = ITEM.captures(word) {
        return vec![format!("github:{}#{}", found[1].to_lowercase(), &found[2])];
    }
    if SHA.is_match(word) && word.bytes().any(|byte| byte.is_ascii_digit()) {
        return vec![word.to_lowercase()];
    }
    if word.contains(':') && !word.contains("::") || word.contains('/') || is_file_name(word) {
        return vec![word.to_owned()];
    }
    if SYMBOL.is_match(word) && is_symbol_like(word) {
        let name = word.trim_end_matches("()");
        let mut forms = vec![name.to_owned()];
        if let Some(last) = name.rsplit(['.', ':']).next().filter(|last| *last != name) {
            forms.push(last.to_owned());
        }
        return forms;
    }
    Vec::new()
}

fn url_forms(url: &str) -> Vec<String> {
    let mut forms = vec![url.to_owned()];
    let bare = url.split(['#', '?']).next().unwrap_or(url).trim_end_matches('/');
    if bare != url {
        forms.push(bare.to_owned());
    }
    if let Some(found) = GITHUB_ITEM.captures(url) {
        forms.push(format!("github:{}#{}", found[1].to_lowercase(), &found[2]));
    } else if let Some(found) = GITHUB_COMMIT.captures(url) {
        forms.push(found[2].to_lowercase());
    } else if let Some(found) = GITHUB_FILE.captures(url) {
        forms.push(Key::file(&found[1], &found[2]).as_str().to_owned());
    } else if let Some(found) = JIRA_URL.captures(url) {
        forms.push(found[1].to_uppercase());
    }
    forms
}

fn is_file_name(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(stem, extension)| {
        stem.len() > 1
            && (1..=5).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_lowercase())
            && !stem.ends_with('.')
    })
}

/// Code-like words only: plain English must not be taken for a symbol.
fn is_symbol_like(word: &str) -> bool {
    let inner_capital = word
        .chars()
        .zip(word.chars().skip(1))
        .any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    word.ends_with("()") || word.contains('_') || word.contains("::") || inner_capital
}

#[cfg(test)]
mod tests {
    use domain::DocumentKind;
    use proptest::prelude::*;

    use super::{Plan, identifier_forms};

    #[test]
    fn filters_leave_the_text() {
        let plan =
            Plan::read(r#"retry storm kind:issue state:open label:"good first issue" after:2024-01-02 sort:new"#)
                .expect("plan");
        assert_eq!(plan.text, "retry storm");
        assert_eq!(plan.conditions.kinds, [DocumentKind::Issue]);
        assert_eq!(plan.conditions.labels, ["good first issue"]);
        assert_eq!(
            plan.conditions.updated_from.map(|time| time.to_string()).as_deref(),
            Some("2024-01-02T00:00:00Z")
        );
        assert!(plan.newest_first);
    }

    #[test]
    fn an_unknown_filter_is_text_and_a_wrong_value_an_error() {
        assert_eq!(Plan::read("std:vec").expect("plan").text, "std:vec");
        assert!(
            Plan::read("kind:banana")
                .expect_err("kind")
                .hint()
                .is_some_and(|hint| hint.contains("pull_request"))
        );
        assert!(Plan::read("after:soon").is_err());
        assert!(Plan::read("sort:old").is_err());
    }

    #[test]
    fn identifiers_are_recognised_in_every_form() {
        let cases: [(&str, &[&str]); 12] = [
            ("pay-12", &["PAY-12"]),
            ("(PAY-12),", &["PAY-12"]),
            ("Acme/API#41", &["github:acme/api#41"]),
            ("1563ffc", &["1563ffc"]),
            ("jira:acme/PAY-12", &["jira:acme/PAY-12"]),
            ("src/retry.rs", &["src/retry.rs"]),
            ("retry.rs", &["retry.rs"]),
            ("retry_payment()", &["retry_payment"]),
            ("Client::send", &["Client::send", "send"]),
            (
                "https://github.com/Acme/api/pull/41#issuecomment-1",
                &[
                    "https://github.com/Acme/api/pull/41#issuecomment-1",
                    "https://github.com/Acme/api/pull/41",
                    "github:acme/api#41",
                ],
            ),
            (
                "https://acme.example/browse/PAY-12",
                &["https://acme.example/browse/PAY-12", "PAY-12"],
            ),
            (
                "https://github.com/acme/api/blob/main/src/a.rs#L3",
                &[
                    "https://github.com/acme/api/blob/main/src/a.rs#L3",
                    "https://github.com/acme/api/blob/main/src/a.rs",
                    "file:acme/api/src/a.rs",
                ],
            ),
        ];
        for (word, forms) in cases {
            assert_eq!(identifier_forms(word), forms, "{word}");
        }
    }

    #[test]
    fn plain_words_are_no_identifiers() {
        for word in [
            "payment",
            "Payment",
            "retries.",
            "acceded",
            "a",
            "e.g.",
            "3.14",
            "well-known",
        ] {
            assert!(
                identifier_forms(word).is_empty(),
                "{word}: {:?}",
                identifier_forms(word)
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_plan_or_a_typed_error(text in ".{0,200}") {
            if let Ok(plan) = Plan::read(&text) {
                prop_assert!(plan.text.len() <= text.len());
                prop_assert!(plan.identifiers.len() <= super::MAX_IDENTIFIERS);
            }
        }
    }
}
