//! Parts of small documents.

use domain::identity::Role;
use domain::{AccessId, DocumentFacts, DocumentId, EdgeFact, EdgeKind, Evidence, Key, NodeFact, NodeKind, SourceId};

use super::parts;

fn facts(kind: NodeKind, key: &str, edges: &[(&str, EdgeKind, &str, Option<&str>)]) -> DocumentFacts {
    let source = SourceId::new("s").expect("slug");
    let edge = |(from, kind, to, also): &(&str, EdgeKind, &str, Option<&str>)| EdgeFact {
        from: Key::from_raw(from),
        to: Key::from_raw(to),
        kind: *kind,
        rule: "test".to_owned(),
        evidence: Evidence {
            text: "x".to_owned(),
            span: None,
        },
        confidence: 1.0,
        at: None,
        until: None,
        also: also.map(|label| AccessId(label.into())),
    };
    DocumentFacts {
        document: DocumentId::new(&source, key),
        access: AccessId::common(&source),
        at: None,
        nodes: vec![NodeFact {
            key: Key::from_raw(key),
            kind,
            title: None,
            aliases: Vec::new(),
        }],
        edges: edges.iter().map(edge).collect(),
    }
}

/// Account, role and subject of each part.
fn shown(facts: &DocumentFacts) -> Vec<(String, Role, String)> {
    let mut all: Vec<_> = parts(facts)
        .parts
        .into_iter()
        .map(|part| (part.account.local().to_owned(), part.role, part.subject.to_string()))
        .collect();
    all.sort();
    all
}

fn of(account: &str, role: Role, subject: &str) -> (String, Role, String) {
    (account.to_owned(), role, subject.to_owned())
}

#[test]
fn an_author_takes_part_in_what_he_writes_and_refers_to() {
    let pull = facts(
        NodeKind::PullRequest,
        "github:acme/api#4",
        &[
            ("account:github/ada", EdgeKind::Authored, "github:acme/api#4", None),
            ("account:github/bo", EdgeKind::Reviewed, "github:acme/api#4", None),
            ("github:acme/api#4", EdgeKind::References, "jira:acme/PAY-1", None),
            ("github:acme/api#4", EdgeKind::References, "repo:acme/api", None),
            ("github:acme/api#4", EdgeKind::PartOf, "repo:acme/api", None),
            ("commit:acme/api@1", EdgeKind::PartOf, "github:acme/api#4", None),
        ],
    );
    assert_eq!(
        shown(&pull),
        [
            of("github/ada", Role::Own, "github:acme/api#4"),
            of("github/ada", Role::Refers, "jira:acme/PAY-1"),
            of("github/ada", Role::Pull, "commit:acme/api@1"),
            of("github/bo", Role::Own, "github:acme/api#4"),
            of("github/bo", Role::Refers, "jira:acme/PAY-1"),
        ]
    );
}

#[test]
fn a_comment_is_a_part_in_what_it_comments() {
    let comment = facts(
        NodeKind::Comment,
        "jira:acme/PAY-1#comment-7",
        &[
            (
                "account:jira/acme/1",
                EdgeKind::Authored,
                "jira:acme/PAY-1#comment-7",
                None,
            ),
            ("jira:acme/PAY-1#comment-7", EdgeKind::PartOf, "jira:acme/PAY-1", None),
            // What a comment says of its issue is the edge too; it is no second part.
            ("jira:acme/PAY-1", EdgeKind::References, "jira:acme/PAY-2", None),
        ],
    );
    assert_eq!(shown(&comment), [of("jira/acme/1", Role::Own, "jira:acme/PAY-1")]);
}

#[test]
fn what_is_known_by_a_further_label_says_so() {
    let commit = facts(
        NodeKind::Commit,
        "commit:acme/api@1",
        &[
            ("account:git/a@x.example", EdgeKind::Authored, "commit:acme/api@1", None),
            (
                "commit:acme/api@1",
                EdgeKind::Closes,
                "jira:acme/PAY-1",
                Some("jira/all"),
            ),
        ],
    );
    let made = parts(&commit).parts;
    assert_eq!(made.len(), 2);
    let refers = made.iter().find(|part| part.role == Role::Refers).expect("a reference");
    assert_eq!(refers.also.as_ref().map(AccessId::as_str), Some("jira/all"));
    assert_eq!(
        shown(&commit)[1],
        of("git/a@x.example", Role::Commit, "commit:acme/api@1")
    );
}

#[test]
fn nobody_takes_part_in_a_repository_or_a_file() {
    for (kind, key) in [
        (NodeKind::Repository, "repo:acme/api"),
        (NodeKind::File, "file:acme/api/a.rs"),
    ] {
        let own = facts(kind, key, &[("account:github/ada", EdgeKind::Authored, key, None)]);
        assert!(shown(&own).is_empty(), "{key}");
    }
}

#[test]
fn the_parts_of_one_document_are_bounded() {
    let names: Vec<String> = (0..500).map(|number| format!("account:slack/T1/U{number}")).collect();
    let things: Vec<String> = (0..500).map(|number| format!("jira:acme/PAY-{number}")).collect();
    let own = "slack:T1/C1/1.1";
    let mut edges: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), EdgeKind::Authored, own, None))
        .collect();
    edges.extend(
        things
            .iter()
            .map(|thing| (own, EdgeKind::References, thing.as_str(), None)),
    );
    assert_eq!(parts(&facts(NodeKind::Thread, own, &edges)).parts.len(), 64 + 64 * 64);
}
