//! Text that refers to things elsewhere, told in the markup of each provider.

use serde_json::{Value, json};

use super::people::Person;
use super::seed::Rng;
use super::world::{ORGANISATION, SITE, TEAM};

/// One thing refers to another: what a test may expect a connector to find.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The key of the thing whose text refers.
    pub from: String,
    /// The key of the thing referred to, by the name it had when the text was written.
    pub to: String,
}

/// Something that text can refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// An issue, pull request or discussion: repository, number, the word in its address.
    Item(String, u64, &'static str),
    /// A commit: repository and SHA.
    Commit(String, String),
    /// A Jira issue by key.
    Issue(String),
    /// A Slack message: channel, `ts`, and the thread it is in.
    Message(String, String, Option<String>),
    /// A page: space, id, title.
    Page(String, u64, String),
}

impl Target {
    /// Its key, as connectors write keys.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Item(repository, number, _) => format!("github:{repository}#{number}"),
            Self::Commit(repository, sha) => format!("commit:{repository}@{sha}"),
            Self::Issue(key) => format!("jira:{SITE}/{key}"),
            Self::Message(channel, ts, thread) => {
                format!("slack:{TEAM}/{channel}/{}", thread.as_deref().unwrap_or(ts))
            }
            Self::Page(space, id, _) => format!("wiki:{SITE}/{space}/{id}"),
        }
    }

    /// Its address in a browser.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Item(repository, number, word) => format!("https://github.com/{repository}/{word}/{number}"),
            Self::Commit(repository, sha) => format!("https://github.com/{repository}/commit/{sha}"),
            Self::Issue(key) => format!("https://{SITE}.atlassian.net/browse/{key}"),
            Self::Message(channel, ts, thread) => permalink(channel, ts, thread.as_deref()),
            Self::Page(space, id, title) => format!(
                "https://{SITE}.atlassian.net/wiki/spaces/{space}/pages/{id}/{}",
                title.replace(' ', "+")
            ),
        }
    }

    /// The shortest text that people write for it, if it has one.
    fn short(&self, repository: Option<&str>) -> Option<String> {
        match self {
            Self::Item(of, number, _) if repository == Some(of.as_str()) => Some(format!("#{number}")),
            Self::Item(of, number, _) if repository.is_some() => Some(format!("{of}#{number}")),
            Self::Issue(key) => Some(key.clone()),
            Self::Item(..) | Self::Commit(..) | Self::Message(..) | Self::Page(..) => None,
        }
    }
}

/// The address of a Slack message.
pub(crate) fn permalink(channel: &str, ts: &str, thread: Option<&str>) -> String {
    let tail = thread
        .filter(|thread| *thread != ts)
        .map(|thread| format!("?thread_ts={thread}&cid={channel}"))
        .unwrap_or_default();
    format!(
        "https://{ORGANISATION}.slack.com/archives/{channel}/p{}{tail}",
        ts.replace('.', "")
    )
}

/// A piece of text.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Words(String),
    Link(Target),
    Person(Person),
    Code(String),
}

const SUBJECTS: [&str; 12] = [
    "The payment worker",
    "Our login page",
    "The nightly export",
    "The retry queue",
    "The search index",
    "The mobile client",
    "The billing job",
    "The rate limiter",
    "The schema migration",
    "The cache layer",
    "The audit log",
    "The Grüße dialogue",
];
const VERBS: [&str; 10] = [
    "times out after",
    "drops messages since",
    "should follow",
    "was broken by",
    "now depends on",
    "needs the fix from",
    "leaks memory because of",
    "was split out of",
    "is blocked by",
    "duplicates the work of",
];
const TAILS: [&str; 8] = [
    "the last deploy",
    "UTF-8 input",
    "a full disk",
    "the EU cluster",
    "version 2.4",
    "daylight saving time",
    "empty carts & <none>",
    "the new quota",
];

/// A title.
pub(crate) fn title(rng: &mut Rng) -> String {
    format!("{} {} {}", rng.pick(&SUBJECTS), rng.pick(&VERBS), rng.pick(&TAILS))
}

/// A few sentences that refer to `targets` and mention `person`.
pub(crate) fn prose(rng: &mut Rng, targets: &[Target], person: Option<&Person>) -> Vec<Piece> {
    let mut pieces = vec![Piece::Words(format!("{}. ", title(rng)))];
    for target in targets {
        pieces.push(Piece::Words(format!("{} {} ", rng.pick(&SUBJECTS), rng.pick(&VERBS))));
        pieces.push(Piece::Link(target.clone()));
        pieces.push(Piece::Words(". ".to_owned()));
    }
    if let Some(person) = person {
        pieces.push(Piece::Words("What do you think, ".to_owned()));
        pieces.push(Piece::Person(person.clone()));
        pieces.push(Piece::Words("? ".to_owned()));
    }
    if rng.chance(200) {
        pieces.push(Piece::Code(format!("retry(max = {})", rng.between(1, 99))));
    }
    pieces
}

/// As GitHub's Markdown in a repository.
pub(crate) fn markdown(pieces: &[Piece], repository: &str) -> String {
    let one = |piece: &Piece| match piece {
        Piece::Words(words) => words.clone(),
        Piece::Link(target) => target.short(Some(repository)).unwrap_or_else(|| target.address()),
        Piece::Person(person) => format!("@{}", person.github_login),
        Piece::Code(code) => format!("\n\n```rust\n{code}\n```\n"),
    };
    pieces.iter().map(one).collect()
}

/// As Slack's mrkdwn.
pub(crate) fn mrkdwn(pieces: &[Piece]) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let one = |piece: &Piece| match piece {
        Piece::Words(words) => escape(words),
        Piece::Link(target) => match target.short(None) {
            Some(short) => short,
            None => format!("<{}>", escape(&target.address())),
        },
        Piece::Person(person) => format!("<@{}>", person.slack_id),
        Piece::Code(code) => format!("```{}```", escape(code)),
    };
    pieces.iter().map(one).collect()
}

/// As a document of Jira's editor.
pub(crate) fn adf(pieces: &[Piece]) -> Value {
    let one = |piece: &Piece| match piece {
        Piece::Words(words) => json!({ "type": "text", "text": words }),
        Piece::Link(Target::Issue(key)) => json!({ "type": "text", "text": key }),
        Piece::Link(target @ Target::Message(..)) => json!({
            "type": "text", "text": "this thread",
            "marks": [{ "type": "link", "attrs": { "href": target.address() } }],
        }),
        Piece::Link(target) => json!({ "type": "inlineCard", "attrs": { "url": target.address() } }),
        Piece::Person(person) => json!({
            "type": "mention",
            "attrs": { "id": person.atlassian_id, "text": format!("@{}", person.name), "accessLevel": "" },
        }),
        Piece::Code(code) => json!({ "type": "text", "text": code, "marks": [{ "type": "code" }] }),
    };
    let content: Vec<Value> = pieces.iter().map(one).collect();
    json!({ "type": "doc", "version": 1, "content": [{ "type": "paragraph", "content": content }] })
}

/// As Confluence's storage format, in a space.
pub(crate) fn storage(pieces: &[Piece], space: &str) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let one = |piece: &Piece| match piece {
        Piece::Words(words) => format!("<span>{}</span>", escape(words)),
        Piece::Link(Target::Issue(key)) => format!(
            "<ac:structured-macro ac:name=\"jira\"><ac:parameter ac:name=\"key\">{key}</ac:parameter></ac:structured-macro>"
        ),
        Piece::Link(Target::Page(of, _, title)) if of == space => {
            format!("<ac:link><ri:page ri:content-title=\"{}\" /></ac:link>", escape(title))
        }
        Piece::Link(target) => {
            let address = escape(&target.address());
            format!("<a href=\"{address}\">{address}</a>")
        }
        Piece::Person(person) => format!(
            "<ac:link><ri:user ri:account-id=\"{}\" /></ac:link>",
            person.atlassian_id
        ),
        Piece::Code(code) => format!(
            "<ac:structured-macro ac:name=\"code\"><ac:plain-text-body><![CDATA[{code}]]></ac:plain-text-body></ac:structured-macro>"
        ),
    };
    let inner: String = pieces.iter().map(one).collect();
    format!("<p>{inner}&nbsp;</p>")
}

/// The references that `pieces`, the text of `from`, make.
pub(crate) fn references(from: &str, pieces: &[Piece]) -> Vec<Reference> {
    pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Link(target) => Some(Reference {
                from: from.to_owned(),
                to: target.key(),
            }),
            Piece::Words(_) | Piece::Person(_) | Piece::Code(_) => None,
        })
        .collect()
}
