//! What documents assert.

use std::collections::BTreeMap;

use domain::{
    AccessId, Body, Document, DocumentFacts, DocumentId, DocumentKind, EdgeFact, EdgeKind, Key, Link, NodeKind,
    SourceId, Timestamp,
};
use proptest::prelude::*;

use super::facts;
use super::sheet::MAX_EDGES;
use crate::references::{Directory, Text};
use domain::seam::store::DirectoryEntry;

fn document(kind: DocumentKind, key: &str, title: &str, body: &str) -> Document {
    let source = SourceId::new("s").expect("slug");
    Document {
        id: DocumentId::new(&source, key),
        access: AccessId::new(&source, "all"),
        source,
        kind,
        key: Key::from_raw(key),
        aliases: vec!["alias".into()],
        container: Key::from_raw("x:container"),
        title: title.into(),
        body: Body::plain(body),
        url: None,
        author: None,
        created: Some(Timestamp(1)),
        updated: Some(Timestamp(2)),
        fields: BTreeMap::new(),
        links: Vec::new(),
    }
}

fn link(kind: EdgeKind, target: &str, inverse: bool) -> Link {
    Link {
        kind,
        target: Key::from_raw(target),
        inverse,
        rule: "provider.field".into(),
        at: None,
        until: None,
        also: None,
    }
}

fn known() -> Directory {
    let entry = |key: &str, alias: &str, label: &str| DirectoryEntry {
        key: Key::from_raw(key),
        aliases: vec![alias.into()],
        access: AccessId(label.into()),
    };
    Directory::new(&[
        entry("jira:acme/PAY", "OLD", "j/pay"),
        entry("repo:acme/api", "ada/service", "g/api"),
    ])
}

fn of(document: &Document) -> (DocumentFacts, Vec<String>) {
    let text = format!("{}\n{}", document.title, document.body.text);
    facts(
        document,
        &Text {
            text: &text,
            code_spans: &[],
            links: &[],
            mentions: &[],
        },
        &known(),
    )
}

/// Each edge as `from kind to by rule`, with ` / label` where one is needed.
fn edges(facts: &DocumentFacts) -> Vec<String> {
    let line = |edge: &EdgeFact| {
        let label = edge
            .also
            .as_ref()
            .map(|label| format!(" / {label}"))
            .unwrap_or_default();
        format!(
            "{} {} {} by {}{label}",
            edge.from,
            edge.kind.as_str(),
            edge.to,
            edge.rule
        )
    };
    facts.edges.iter().map(line).collect()
}

#[test]
fn the_own_node_comes_first_and_the_author_is_a_person() {
    let mut issue = document(DocumentKind::Issue, "jira:acme/PAY-1", "Title", "");
    issue.author = Some(Key::from_raw("account:jira/acme/ada"));
    let (got, names) = of(&issue);
    assert_eq!(
        (
            got.nodes[0].key.as_str(),
            got.nodes[0].kind,
            got.nodes[0].title.as_deref()
        ),
        ("jira:acme/PAY-1", NodeKind::Issue, Some("Title"))
    );
    assert_eq!(got.nodes[0].aliases, ["alias"]);
    assert_eq!(
        (got.nodes[1].key.as_str(), got.nodes[1].kind),
        ("account:jira/acme/ada", NodeKind::Person)
    );
    assert_eq!(
        edges(&got),
        ["account:jira/acme/ada authored jira:acme/PAY-1 by document.author"]
    );
    assert_eq!((got.document, got.access), (issue.id, issue.access.clone()));
    assert_eq!(names, [""; 0]);
    issue.links = vec![link(EdgeKind::Authored, "account:jira/acme/ada", true)];
    assert_eq!(
        edges(&of(&issue).0),
        ["account:jira/acme/ada authored jira:acme/PAY-1 by provider.field"]
    );
}

#[test]
fn provider_links_keep_their_direction_and_gain_the_present_name() {
    let mut issue = document(DocumentKind::Issue, "jira:acme/PAY-1", "t", "");
    issue.links = vec![
        link(EdgeKind::Blocks, "jira:acme/OLD-2", true),
        link(EdgeKind::References, "github:ada/service#3", false),
        link(EdgeKind::References, "jira:other/OLD-2", false),
        link(EdgeKind::PartOf, "jira:acme/PAY", false),
    ];
    let (got, names) = of(&issue);
    assert_eq!(
        edges(&got),
        [
            "jira:acme/OLD-2 blocks jira:acme/PAY-1 by provider.field",
            "jira:acme/PAY-2 blocks jira:acme/PAY-1 by provider.field / j/pay",
            "jira:acme/PAY-1 references github:ada/service#3 by provider.field",
            "jira:acme/PAY-1 references github:acme/api#3 by provider.field / g/api",
            "jira:acme/PAY-1 references jira:other/OLD-2 by provider.field",
            "jira:acme/PAY-1 part_of jira:acme/PAY by provider.field",
        ]
    );
    assert_eq!(
        names,
        ["jira:OLD", "repo:ada/service"],
        "its own project needs no directory"
    );
    let evidence = &got.edges[0].evidence;
    assert_eq!(
        (evidence.text.as_str(), evidence.span, got.edges[0].at),
        ("provider.field", None, None)
    );
    assert!(
        got.nodes.iter().all(|node| node.key.as_str() != "jira:acme/PAY-2"),
        "a reading of the directory asserts no node"
    );
}

#[test]
fn a_merge_gives_the_path_from_issue_to_commit() {
    let mut commit = document(
        DocumentKind::Commit,
        "commit:acme/web@1",
        "Merge pull request #137 from ada/PAY-5",
        "PAY-6: x, fixes #7",
    );
    commit.links = vec![link(EdgeKind::Touches, "file:acme/web/a.rs", false)];
    let (got, names) = of(&commit);
    assert_eq!(
        edges(&got),
        [
            "commit:acme/web@1 touches file:acme/web/a.rs by provider.field",
            "commit:acme/web@1 merges github:acme/web#137 by git.merge_subject",
            "commit:acme/web@1 references jira:acme/PAY-5 by git.branch_name / j/pay",
            "github:acme/web#137 references jira:acme/PAY-5 by git.merge_message / j/pay",
            "commit:acme/web@1 references jira:acme/PAY-6 by text.jira_key / j/pay",
            "github:acme/web#137 references jira:acme/PAY-6 by git.merge_message / j/pay",
            "commit:acme/web@1 closes github:acme/web#7 by text.closing_keyword",
            "github:acme/web#137 closes github:acme/web#7 by git.merge_message",
        ]
    );
    assert!(
        got.edges
            .iter()
            .filter(|edge| edge.rule == "git.merge_message")
            .all(|edge| edge.confidence <= 0.9)
    );
    assert!(
        got.nodes
            .iter()
            .any(|node| node.key.as_str() == "github:acme/web#137" && node.kind == NodeKind::PullRequest)
    );
    assert_eq!(names, ["jira:PAY"]);
    assert_eq!(got.edges[0].at, commit.created);
}

#[test]
fn a_squash_gives_the_same_path() {
    let (got, _) = of(&document(
        DocumentKind::Commit,
        "commit:acme/web@1",
        "[PAY-5] Fix (#137)",
        "",
    ));
    assert_eq!(
        edges(&got),
        [
            "commit:acme/web@1 references jira:acme/PAY-5 by text.jira_key / j/pay",
            "github:acme/web#137 references jira:acme/PAY-5 by git.merge_message / j/pay",
            "commit:acme/web@1 merges github:acme/web#137 by git.squash_suffix",
        ]
    );
}

#[test]
fn a_comment_speaks_for_what_it_comments_on() {
    let mut comment = document(
        DocumentKind::Comment,
        "jira:acme/PAY-1#comment-9",
        "",
        "PR: https://github.com/acme/api/pull/4, see PAY-1",
    );
    comment.links = vec![
        link(EdgeKind::PartOf, "jira:acme/PAY", false),
        link(EdgeKind::PartOf, "jira:acme/PAY-1", false),
    ];
    let (got, _) = of(&comment);
    assert_eq!(
        edges(&got).split_off(2),
        [
            "jira:acme/PAY-1#comment-9 references github:acme/api#4 by text.github_url",
            "jira:acme/PAY-1 references github:acme/api#4 by text.github_url.comment",
            "jira:acme/PAY-1#comment-9 references jira:acme/PAY-1 by text.jira_key / j/pay",
        ]
    );
    assert!(
        got.nodes
            .iter()
            .any(|node| node.key.as_str() == "github:acme/api#4" && node.kind == NodeKind::PullRequest)
    );
}

#[test]
fn a_review_speaks_for_its_pull_request_and_mentions_for_itself() {
    let mut review = document(DocumentKind::Review, "github:acme/web#4/review-9", "", "@ada see #5");
    review.links = vec![link(EdgeKind::PartOf, "github:acme/web#4", false)];
    assert_eq!(
        edges(&of(&review).0).split_off(1),
        [
            "github:acme/web#4/review-9 mentions account:github/ada by text.mention",
            "github:acme/web#4/review-9 references github:acme/web#5 by text.github_number",
            "github:acme/web#4 references github:acme/web#5 by text.github_number.comment",
        ]
    );
}

#[test]
fn edges_are_unique_and_the_first_words_win() {
    let (got, _) = of(&document(
        DocumentKind::Issue,
        "jira:acme/PAY-1",
        "t",
        "PAY-2 OLD-2 PAY-2 PAY-1",
    ));
    assert_eq!(
        edges(&got),
        ["jira:acme/PAY-1 references jira:acme/PAY-2 by text.jira_key / j/pay"]
    );
    assert_eq!(
        (got.edges[0].evidence.text.as_str(), got.edges[0].evidence.span),
        ("PAY-2", Some((2, 7)))
    );
}

#[test]
fn edges_are_bounded_for_each_label_apart() {
    let body = (2..2_400)
        .map(|n| format!("PAY-{n} octo/cat#{n}"))
        .collect::<Vec<_>>()
        .join(" ");
    let (got, _) = of(&document(DocumentKind::Issue, "jira:acme/PAY-1", "t", &body));
    let count = |hidden: bool| got.edges.iter().filter(|edge| edge.also.is_some() == hidden).count();
    assert_eq!((count(true), count(false)), (MAX_EDGES, MAX_EDGES));
}

#[test]
fn what_only_the_readers_of_both_ends_may_know_stands_under_both_labels() {
    let guarded = |target: &str, also: &str| Link {
        also: Some(AccessId(also.into())),
        ..link(EdgeKind::Closes, target, false)
    };
    let mut pull = document(DocumentKind::PullRequest, "github:acme/web#1", "t", "");
    let (plain, _) = of(&pull);
    pull.links = vec![
        guarded("github:acme/secret#2", "g/secret"),
        guarded("github:ada/service#3", "g/api"),
        guarded("github:ada/service#4", "g/other"),
    ];
    let (got, _) = of(&pull);
    assert_eq!(got.nodes, plain.nodes, "no node is asserted");
    assert_eq!(
        edges(&got),
        [
            "github:acme/web#1 closes github:acme/secret#2 by provider.field / g/secret",
            "github:acme/web#1 closes github:ada/service#3 by provider.field / g/api",
            "github:acme/web#1 closes github:acme/api#3 by provider.field / g/api",
            "github:acme/web#1 closes github:ada/service#4 by provider.field / g/other",
        ]
    );
}

#[test]
fn a_long_rule_is_cut_at_a_character() {
    let mut issue = document(DocumentKind::Issue, "jira:acme/PAY-1", "t", "");
    issue.links = vec![Link {
        rule: "é".repeat(150),
        ..link(EdgeKind::Blocks, "jira:acme/PAY-2", false)
    }];
    assert_eq!(of(&issue).0.edges[0].evidence.text, "é".repeat(100));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(11), ..ProptestConfig::default() })]

    #[test]
    fn facts_are_sound_for_any_text(
        title in "(Merge pull request #1 from a/PAY-2|x \\(#3\\)|.{0,20})",
        words in prop::collection::vec(prop::sample::select(vec!["PAY-1", "OLD-2", "#3", "fixes #4", "ada/service#5", "@ada", "é", "acme/web#1"]), 0..20),
        kind in prop::sample::select(DocumentKind::ALL.to_vec()),
    ) {
        let mut subject = document(kind, "github:acme/web#1", &title, &words.join(" "));
        subject.links = vec![link(EdgeKind::PartOf, "github:acme/web#9", false), link(EdgeKind::Touches, "file:ada/service/x", false)];
        let (got, names) = of(&subject);
        prop_assert_eq!(&got, &of(&subject).0);
        prop_assert_eq!(&got.nodes[0].key, &subject.key);
        prop_assert!(names.is_sorted());
        let mut seen = std::collections::HashSet::new();
        for edge in &got.edges {
            prop_assert!(edge.from != edge.to);
            prop_assert!(seen.insert((edge.from.clone(), edge.to.clone(), edge.kind, edge.rule.clone(), edge.also.clone())));
        }
        let keys: std::collections::HashSet<_> = got.nodes.iter().map(|node| &node.key).collect();
        prop_assert_eq!(keys.len(), got.nodes.len());
    }
}
