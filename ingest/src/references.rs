//! References: what a text names, each with the words that say so.
//!
//! A name is read in two ways, and both are kept. Read literally it needs nobody's help: `acme/api#12` is item 12 of that
//! repository. Read through the [`Directory`] it may mean something else (the repository has another name today) or mean
//! something at all (`PAY-12` is an issue only because a project `PAY` exists). A reading through the directory carries the
//! label of the entry that explains it in [`Reference::also`], and never replaces the literal one: so a reader who may not
//! see the entry gets exactly what he would get if it did not exist.

mod address;
mod bare;
mod commit;
mod directory;
mod find;
mod scan;
mod segments;
mod sites;
#[cfg(test)]
mod tests;

use domain::{AccessId, Document, DocumentKind, EdgeKind, Evidence, Key, NodeKind};

pub use directory::Directory;
pub(crate) use directory::{Lookup, Names, names_of};
pub(crate) use find::Find;
use find::Named;
pub(crate) use scan::scan;

/// The longest evidence, in bytes.
const MAX_EVIDENCE: usize = 200;

/// A document's normalised text, and what its markup said about parts of it. Spans are byte ranges of `text`; one that is
/// not (out of range, or inside a character) is ignored.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// Title, newline, body.
    pub text: &'a str,
    /// Inline code and code blocks.
    pub code_spans: &'a [(u32, u32)],
    /// Links: the address and the span of the words that carry it.
    pub links: &'a [(String, u32, u32)],
    /// Mentions by id (an ADF account id, a Slack `U…`, `C…` or `S…` id, or a whole account key): the id and the span.
    pub mentions: &'a [(String, u32, u32)],
}

/// What must be known about a text to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// What the document is. Decides what a reference means (a commit closes, a page documents, a thread discusses).
    /// In a file nothing but issue keys and addresses is read, as GitHub links nothing else there.
    pub kind: DocumentKind,
    /// The repository that `#12` is about, as `owner/name`.
    pub repository: Option<String>,
    /// The namespace of account keys for mentions: `github`, `jira/acme`, `slack/T1`.
    pub accounts: Option<String>,
}

impl Context {
    /// The context of a document's own text, told from its kind, container and key.
    pub fn of(document: &Document) -> Self {
        let repository = directory::repository_of(&document.container)
            .or_else(|| directory::repository_of(&document.key))
            .map(str::to_owned);
        let namespace = |key: &Key| {
            let first = key.local().split('/').next().unwrap_or_default();
            match key.scheme() {
                "github" | "commit" | "file" | "tag" | "symbol" | "repo" => Some("github".to_owned()),
                provider @ ("jira" | "slack" | "wiki") if !first.is_empty() => Some(format!("{provider}/{first}")),
                _other => None,
            }
        };
        let accounts = namespace(&document.key).or_else(|| namespace(&document.container));
        Self {
            kind: document.kind,
            repository,
            accounts,
        }
    }
}

/// One thing that a text names.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// What is named.
    pub target: Key,
    /// What the text says about it.
    pub kind: EdgeKind,
    /// How it was found: `text.jira_key`, `git.merge_subject`, …
    pub rule: &'static str,
    /// The words, with their span; an address without words stands here itself, without a span.
    pub evidence: Evidence,
    /// 0 to 1.
    pub confidence: f32,
    /// The label of the directory entry that gave the words this meaning; `None` when they speak for themselves.
    pub also: Option<AccessId>,
    /// What the target is, where the words leave no doubt (`/pull/12`).
    pub node: Option<NodeKind>,
}

/// Append the readings of one find: its literal reading, where it has one, and one for each (target, label) by which the
/// directory explains it. Directory entries under other labels never change a reading, its confidence or its order. Only names
/// that `names` admits are looked up, so that a document is never explained by an entry whose coming or going it would not hear of.
pub(crate) fn resolve(
    find: Find<'_>,
    context: &Context,
    directory: &Directory,
    names: &mut Names,
    out: &mut Vec<Reference>,
) {
    let (kind, evidence) = (find.edge_kind(context.kind), evidence(&find));
    let Named {
        rule,
        confidence,
        aim,
        certain,
        literal,
        lookup,
    } = find.named;
    if let Some(lookup) = lookup.filter(|lookup| names.admit(&lookup.name)) {
        let readings = directory
            .readings(&lookup)
            .filter(|reading| literal.as_ref() != Some(&reading.target));
        out.extend(readings.map(|reading| Reference {
            target: reading.target,
            kind,
            rule,
            evidence: evidence.clone(),
            confidence: confidence * reading.factor,
            also: Some(reading.label),
            node: None,
        }));
    }
    if let Some(target) = literal {
        out.push(Reference {
            target,
            kind,
            rule,
            evidence,
            confidence,
            also: None,
            node: certain.then_some(aim),
        });
    }
}

/// The words of a find with the address that they hide, cut at a character's end to at most [`MAX_EVIDENCE`] bytes, and the span
/// of just the words.
fn evidence(find: &Find<'_>) -> Evidence {
    let words = clamp(find.words);
    let span = find.start.and_then(|start| {
        let (start, length) = (u32::try_from(start).ok()?, u32::try_from(words.len()).ok()?);
        Some((start, start.checked_add(length)?))
    });
    let text = match find
        .address
        .filter(|address| !words.contains(address) && words.len() + 10 < MAX_EVIDENCE)
    {
        Some(address) => clamp(&format!("{words} <{address}>")).to_owned(),
        None => words.to_owned(),
    };
    Evidence { text, span }
}

/// The longest beginning of `words` that is no longer than evidence may be.
pub(crate) fn clamp(words: &str) -> &str {
    words.get(..words.floor_char_boundary(MAX_EVIDENCE)).unwrap_or(words)
}
