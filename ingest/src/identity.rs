//! Who took part in what: the part of a document's facts that persons are resolved from.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::identity::{DocumentParts, Part, Role};
use domain::{AccessId, DocumentFacts, EdgeFact, EdgeKind, Key, NodeKind};

/// People of one document.
const PEOPLE: usize = 64;
/// Subjects of one document in one role under one label.
const SUBJECTS: usize = 64;

/// The edges by which a text refers to something.
const REFERS: [EdgeKind; 6] = [
    EdgeKind::References,
    EdgeKind::Closes,
    EdgeKind::Merges,
    EdgeKind::LinksTo,
    EdgeKind::Discusses,
    EdgeKind::Documents,
];

/// What a subject is to those who took part, and under which further label it is known.
type Subject<'a> = (Role, &'a Key, Option<&'a AccessId>);

/// The parts that a document's facts show. Whoever wrote it, reviewed it or has it assigned took part in what it is, in what it
/// comments on, and in what it refers to.
pub fn parts(facts: &DocumentFacts) -> DocumentParts {
    let mut made = DocumentParts {
        document: facts.document,
        access: facts.access.clone(),
        parts: Vec::new(),
    };
    let Some(own) = facts.nodes.first() else { return made };
    let (writers, others) = people(&own.key, &facts.edges);
    let mut counts: BTreeMap<(Role, Option<&AccessId>), usize> = BTreeMap::new();
    for (role, subject, also) in subjects(&own.key, own.kind, &facts.edges) {
        let count = counts.entry((role, also)).or_default();
        *count += 1;
        if *count > SUBJECTS {
            continue;
        }
        let some: Vec<&Key> = match role {
            Role::Commit | Role::Pull => writers.iter().copied().collect(),
            Role::Own | Role::Refers => writers.union(&others).copied().collect(),
        };
        made.parts.extend(some.into_iter().take(PEOPLE).map(|account| Part {
            account: account.clone(),
            subject: subject.clone(),
            role,
            also: also.cloned(),
        }));
    }
    made
}

/// Who wrote a document, and who else took part.
fn people<'a>(own: &Key, edges: &'a [EdgeFact]) -> (BTreeSet<&'a Key>, BTreeSet<&'a Key>) {
    let (mut writers, mut others) = (BTreeSet::new(), BTreeSet::new());
    for edge in edges.iter().filter(|edge| edge.also.is_none()) {
        let by = edge.to == *own && is_account(&edge.from);
        if by && edge.kind == EdgeKind::Authored {
            writers.insert(&edge.from);
        } else if by && edge.kind == EdgeKind::Reviewed {
            others.insert(&edge.from);
        } else if edge.kind == EdgeKind::Assigned && edge.from == *own && is_account(&edge.to) {
            others.insert(&edge.to);
        }
    }
    (writers, others)
}

fn subjects<'a>(own: &'a Key, kind: NodeKind, edges: &'a [EdgeFact]) -> BTreeSet<Subject<'a>> {
    let mut subjects = BTreeSet::new();
    let remark = matches!(kind, NodeKind::Comment | NodeKind::Review);
    if kind == NodeKind::Commit {
        subjects.insert((Role::Commit, own, None));
    } else if !remark && is_subject(own) {
        subjects.insert((Role::Own, own, None));
    }
    for edge in edges {
        let (from, to, also) = (&edge.from, &edge.to, edge.also.as_ref());
        let part = edge.kind == EdgeKind::PartOf;
        if part && remark && from == own && is_subject(to) {
            subjects.insert((Role::Own, to, also));
        } else if part && kind == NodeKind::PullRequest && to == own && from.scheme() == "commit" {
            subjects.insert((Role::Pull, from, also));
        } else if REFERS.contains(&edge.kind) && from == own && (is_subject(to) || to.scheme() == "commit") {
            subjects.insert((Role::Refers, to, also));
        }
    }
    subjects
}

fn is_account(key: &Key) -> bool {
    key.scheme() == "account"
}

/// Whether a key names an issue, a pull request, a thread or a page: something that people work on together.
fn is_subject(key: &Key) -> bool {
    let local = key.local();
    match key.scheme() {
        "github" => local.contains('#') && !local.contains("/comment-") && !local.contains("/review-"),
        "jira" => {
            let issue = local.rsplit_once('/').map_or(local, |(_, issue)| issue);
            issue.contains('-') && !issue.contains('#')
        }
        "slack" | "wiki" => local.matches('/').count() == 2 && !local.contains('#'),
        _ => false,
    }
}
