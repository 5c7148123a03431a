//! Facts: the nodes and edges that one document asserts, from what its provider states and from what its text names.
//!
//! Commits carry most paths: `Merge pull request #137 from user/PAY-12` says that the commit merges the pull request, and its
//! words describe the pull request as much as the commit. So an issue named there is an end of an edge from both, and issue,
//! pull request and commit form a path whichever of them is ever imported.

mod code;
mod sheet;
#[cfg(test)]
mod tests;

use domain::{
    AccessId, Document, DocumentFacts, DocumentKind, EdgeFact, EdgeKind, Evidence, Key, Link, NodeFact, NodeKind,
    Timestamp,
};

use crate::references::{Context, Directory, Lookup, Names, Reference, Text, clamp, resolve, scan};
use sheet::Sheet;

/// What `document` asserts, given its normalised text, and the names in it that a directory entry could explain (sorted, at
/// most 64): when an entry of one of these names comes, changes or goes, the document's facts must be made anew.
///
/// The document's own node comes first. Then the provider's links (those under a second label after all that text says), the author, and the references of the text in its order:
/// a comment's or review's also from what it comments on (rule with the suffix `.comment`), a merging commit's also from the
/// pull request (`git.merge_message`). Then what a file of code defines, imports and calls (`code.*`). Edges are unique by ends,
/// kind, rule, end and label, the first evidence winning. At most
/// 2,000 edges are kept for the document's own label and for each label in [`EdgeFact::also`]; what exceeds that is logged.
/// A meaning that comes from the directory asserts an edge under the entry's label, and never a node.
pub fn facts(document: &Document, text: &Text<'_>, directory: &Directory) -> (DocumentFacts, Vec<String>) {
    let mut sheet = Sheet::new(own_node(document));
    let mut names = Names::default();
    for link in document.links.iter().filter(|link| link.also.is_none()) {
        stated_by(document, link, (directory, &mut names), &mut sheet);
    }
    author(document, &mut sheet);
    let context = Context::of(document);
    let mut references = Vec::new();
    for find in scan(text, &context) {
        resolve(find, &context, directory, &mut names, &mut references);
    }
    named(document, references, &mut sheet);
    // Last, so that what few may know of takes no name from what all readers of the document are told.
    for link in document.links.iter().filter(|link| link.also.is_some()) {
        stated_by(document, link, (directory, &mut names), &mut sheet);
    }
    if document.kind == DocumentKind::File {
        code::assert(document, &mut sheet);
    }
    (sheet.into_facts(document), names.into_sorted())
}

fn own_node(document: &Document) -> NodeFact {
    NodeFact {
        key: document.key.clone(),
        kind: NodeKind::from(document.kind),
        title: Some(document.title.clone()).filter(|title| !title.is_empty()),
        aliases: document.aliases.clone(),
    }
}

/// What the provider states. A target under a former name is also an edge to the present one, under that entry's label. An edge
/// under a second label asserts no node, and is led on by that label's entries alone.
fn stated_by(document: &Document, link: &Link, (directory, names): (&Directory, &mut Names), sheet: &mut Sheet) {
    let own = Lookup::of_key(&document.key).or_else(|| Lookup::of_key(&document.container));
    let own = own.map(|lookup| (lookup.name, lookup.host));
    if sheet.edge(link_edge(document, link, (link.target.clone(), link.also.clone()))) && link.also.is_none() {
        sheet.node(&link.target, kind_of(&link.target));
    }
    let lookup =
        Lookup::of_key(&link.target).filter(|lookup| own.as_ref() != Some(&(lookup.name.clone(), lookup.host.clone())));
    if let Some(lookup) = lookup.filter(|lookup| names.admit(&lookup.name)) {
        let readings = directory.readings_of_key(&lookup, &link.target);
        for reading in readings.filter(|one| link.also.as_ref().is_none_or(|also| *also == one.label)) {
            sheet.edge(link_edge(document, link, (reading.target, Some(reading.label))));
        }
    }
}

/// The edge of a link to `target`, under a second label where there is one.
fn link_edge(document: &Document, link: &Link, (target, also): (Key, Option<AccessId>)) -> EdgeFact {
    let (from, to) = if link.inverse {
        (target, document.key.clone())
    } else {
        (document.key.clone(), target)
    };
    EdgeFact {
        from,
        to,
        kind: link.kind,
        rule: link.rule.clone(),
        evidence: Evidence {
            text: clamp(&link.rule).to_owned(),
            span: None,
        },
        confidence: 1.0,
        at: link
            .at
            .or(document.created.filter(|_| document.kind == DocumentKind::Commit)),
        until: link.until,
        also,
    }
}

fn author(document: &Document, sheet: &mut Sheet) {
    let Some(author) = &document.author else { return };
    sheet.node(author, Some(NodeKind::Person));
    let linked = |link: &Link| link.inverse && link.kind == EdgeKind::Authored && link.target == *author;
    if document.links.iter().any(linked) {
        return;
    }
    sheet.edge(EdgeFact {
        from: author.clone(),
        to: document.key.clone(),
        kind: EdgeKind::Authored,
        rule: "document.author".to_owned(),
        evidence: Evidence {
            text: "author".to_owned(),
            span: None,
        },
        confidence: 1.0,
        at: stated(document),
        until: None,
        also: None,
    });
}

/// When the text was written, as far as the document tells.
pub(crate) fn stated(document: &Document) -> Option<Timestamp> {
    document.created.or(document.updated)
}

/// What the text names.
fn named(document: &Document, references: Vec<Reference>, sheet: &mut Sheet) {
    let merged: Vec<Key> = references
        .iter()
        .filter(|reference| reference.kind == EdgeKind::Merges)
        .map(|reference| reference.target.clone())
        .collect();
    let parent = commented(document);
    for reference in references {
        let edge = |from: &Key, rule: String, confidence: f32| EdgeFact {
            from: from.clone(),
            to: reference.target.clone(),
            kind: reference.kind,
            rule,
            evidence: reference.evidence.clone(),
            confidence,
            at: stated(document),
            until: None,
            also: reference.also.clone(),
        };
        if sheet.edge(edge(&document.key, reference.rule.to_owned(), reference.confidence)) {
            sheet.node(&reference.target, reference.node);
        }
        if let Some(parent) = parent.filter(|_| reference.kind != EdgeKind::Mentions) {
            sheet.edge(edge(
                parent,
                format!("{}.comment", reference.rule),
                reference.confidence,
            ));
        }
        if reference.kind != EdgeKind::Merges && is_item(&reference.target) {
            for pull in &merged {
                sheet.edge(edge(
                    pull,
                    "git.merge_message".to_owned(),
                    reference.confidence.min(0.9),
                ));
            }
        }
    }
}

/// What a comment or review is about: the first thing it is part of that is no mere container.
fn commented(document: &Document) -> Option<&Key> {
    if !matches!(document.kind, DocumentKind::Comment | DocumentKind::Review) {
        return None;
    }
    let containers = [
        NodeKind::Repository,
        NodeKind::Project,
        NodeKind::Space,
        NodeKind::Channel,
    ];
    let whole = |link: &&Link| {
        link.kind == EdgeKind::PartOf
            && !link.inverse
            && !kind_of(&link.target).is_some_and(|kind| containers.contains(&kind))
    };
    document.links.iter().find(whole).map(|link| &link.target)
}

/// Whether this is the key of an issue or pull request itself.
fn is_item(key: &Key) -> bool {
    match key.scheme() {
        "github" => key
            .local()
            .rsplit_once('#')
            .is_some_and(|(_, number)| !number.contains('/')),
        "jira" => kind_of(key) == Some(NodeKind::Issue),
        _other => false,
    }
}

/// What a key names beyond doubt. Issues and pull requests of GitHub share their numbers.
fn kind_of(key: &Key) -> Option<NodeKind> {
    let local = key.local();
    match key.scheme() {
        "account" => Some(NodeKind::Person),
        "repo" => Some(NodeKind::Repository),
        "commit" => Some(NodeKind::Commit),
        "tag" => Some(NodeKind::Release),
        "file" => Some(NodeKind::File),
        "symbol" | "module" => Some(NodeKind::Symbol),
        "jira" => {
            let issue = local.rsplit_once('/').map_or(local, |(_, issue)| issue);
            match (issue.contains("#comment-"), issue.contains('-')) {
                (true, _) => Some(NodeKind::Comment),
                (false, true) => Some(NodeKind::Issue),
                (false, false) => Some(NodeKind::Project),
            }
        }
        "github" if local.contains("/comment-") => Some(NodeKind::Comment),
        "github" if local.contains("/review-") => Some(NodeKind::Review),
        "slack" | "wiki" => match (key.scheme(), local.matches('/').count()) {
            ("slack", 1) => Some(NodeKind::Channel),
            ("slack", 2) => Some(NodeKind::Thread),
            ("wiki", 1) => Some(NodeKind::Space),
            ("wiki", 2..) => Some(NodeKind::Page),
            _other => None,
        },
        _other => None,
    }
}
