//! What holds for every text and every directory.

use std::collections::BTreeSet;

use domain::seam::store::DirectoryEntry;
use domain::{AccessId, DocumentKind};
use proptest::prelude::*;

use super::super::{Context, Directory, Lookup, Reference, Text};
use super::{context, directory_names, entry, extract};

/// Pieces that names are made of, so that arbitrary strings of them hit every rule and its bounds.
const PIECES: [&str; 46] = [
    "#",
    "12",
    "1",
    "0",
    "-",
    "/",
    "@",
    ":",
    " ",
    "\n",
    "fixes",
    "Closes: ",
    "GH",
    "PAY",
    "OLD",
    "pay",
    "UTF",
    "octo",
    "cat",
    "old/name",
    "acme/web",
    "é",
    "的",
    "🦀",
    "&",
    ".",
    ",",
    "(",
    ")",
    "[",
    "]",
    "_",
    "`",
    "<!--",
    "-->",
    "https://",
    "github.com/",
    "/pull/",
    "/blob/main/",
    "/browse/",
    "x.atlassian.net/wiki/spaces/ENG/pages/",
    "acme.slack.com/archives/C9/p1712345678000100",
    "Merge pull request #",
    " from ",
    "(#7)",
    "67349db17c01ab6ab966923d4f5dda8412eec900",
];

fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..60).prop_map(|pieces| pieces.concat());
    prop_oneof![4 => pieces, 1 => any::<String>()]
}

fn spans() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::vec(
        (0_u32..200, 0_u32..40).prop_map(|(start, length)| (start, start.saturating_add(length).saturating_sub(2))),
        0..4,
    )
}

fn contexts() -> impl Strategy<Value = Context> {
    let accounts = prop::sample::select(vec![None, Some("github"), Some("slack/T1"), Some("jira/acme")]);
    let repository = prop::sample::select(vec![None, Some("acme/web")]);
    (prop::sample::select(DocumentKind::ALL.to_vec()), accounts, repository).prop_map(|(kind, accounts, repository)| {
        Context {
            kind,
            repository: repository.map(str::to_owned),
            accounts: accounts.map(str::to_owned),
        }
    })
}

fn entries() -> impl Strategy<Value = Vec<DirectoryEntry>> {
    let keys = vec![
        "jira:acme/PAY",
        "jira:x/PAY",
        "jira:x.atlassian.net/UTF",
        "repo:new/name",
        "repo:octo/cat",
        "repo:acme/web",
        "slack:T1/C9",
        "wiki:x/ENG",
    ];
    let aliases = prop::collection::vec(
        prop::sample::select(vec![
            "OLD",
            "old/name",
            "octo/cat",
            "https://acme.slack.com/archives/C9",
            "PAY",
        ]),
        0..3,
    );
    let one = (
        prop::sample::select(keys),
        aliases,
        prop::sample::select(vec!["a", "b", "c"]),
    );
    prop::collection::vec(one.prop_map(|(key, aliases, label)| entry(key, &aliases, label)), 0..7)
}

/// The document as a test case: text, code, links with one url each, mentions, context.
#[derive(Debug, Clone)]
struct Case {
    text: String,
    code: Vec<(u32, u32)>,
    links: Vec<(String, u32, u32)>,
    mentions: Vec<(String, u32, u32)>,
    context: Context,
}

impl Case {
    fn extract(&self, entries: &[DirectoryEntry]) -> Vec<Reference> {
        extract(&self.text(), &self.context, &Directory::new(entries))
    }

    fn text(&self) -> Text<'_> {
        Text {
            text: &self.text,
            code_spans: &self.code,
            links: &self.links,
            mentions: &self.mentions,
        }
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let urls = [
        "https://github.com/old/name/pull/3",
        "https://acme.slack.com/archives/C9/p1712345678000100",
        "https://example.org",
        "nonsense",
    ];
    (texts(), spans(), spans(), spans(), contexts()).prop_map(move |(text, code, links, mentions, context)| Case {
        text,
        code,
        links: links
            .into_iter()
            .zip(urls.iter().cycle())
            .map(|((start, end), url)| ((*url).to_owned(), start, end))
            .collect(),
        mentions: mentions
            .into_iter()
            .zip(["U1", "C2", "S3", ""].iter().cycle())
            .map(|((start, end), id)| ((*id).to_owned(), start, end))
            .collect(),
        context,
    })
}

fn visible(references: &[Reference], labels: &BTreeSet<AccessId>) -> Vec<Reference> {
    references
        .iter()
        .filter(|one| one.also.as_ref().is_none_or(|label| labels.contains(label)))
        .cloned()
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn spans_index_exactly_the_words(case in cases(), entries in entries()) {
        for one in case.extract(&entries) {
            prop_assert!(one.evidence.text.len() <= 200);
            prop_assert!(one.confidence > 0.0 && one.confidence <= 1.0);
            if let Some((start, end)) = one.evidence.span {
                let words = case.text.get(start as usize..end as usize);
                prop_assert!(words.is_some_and(|words| !words.is_empty()));
                let rest = words.and_then(|words| one.evidence.text.strip_prefix(words));
                prop_assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" <")));
            }
        }
    }

    #[test]
    fn the_order_of_entries_changes_nothing(case in cases(), mut entries in entries()) {
        let first = case.extract(&entries);
        entries.reverse();
        prop_assert_eq!(first, case.extract(&entries));
    }

    #[test]
    fn hidden_entries_leave_no_trace_in_what_is_visible(case in cases(), entries in entries(), labels in prop::sample::subsequence(vec!["a", "b", "c"], 0..=3)) {
        let labels: BTreeSet<AccessId> = labels.into_iter().map(|label| AccessId(label.into())).collect();
        let without: Vec<_> = entries.iter().filter(|entry| labels.contains(&entry.access)).cloned().collect();
        prop_assert_eq!(visible(&case.extract(&entries), &labels), case.extract(&without));
    }

    #[test]
    fn removing_an_entry_removes_just_what_it_explains(case in cases(), entries in entries(), at in any::<prop::sample::Index>()) {
        prop_assume!(!entries.is_empty());
        let mut rest = entries.clone();
        let gone = rest.remove(at.index(rest.len()));
        let names = |references: Vec<Reference>| references.into_iter().map(|one| (one.target, one.kind, one.rule, one.evidence, one.also)).collect::<BTreeSet<_>>();
        let (with, without) = (names(case.extract(&entries)), names(case.extract(&rest)));
        prop_assert!(without.is_subset(&with));
        for (target, _, _, _, also) in with.difference(&without) {
            prop_assert_eq!(also.as_ref(), Some(&gone.access));
            let stem = target.local().strip_prefix(gone.key.local());
            prop_assert!(stem.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '#', '@', '/'])), "{target} by {}", gone.key);
        }
    }

    #[test]
    fn an_entry_under_no_listed_name_changes_nothing(case in cases(), entries in entries()) {
        let names = directory_names(&case.text(), &case.context);
        prop_assert!(names.is_sorted() && names.len() <= 64);
        let lookups: Vec<_> = names.into_iter().map(|name| Lookup { name, scheme: "x", rest: String::new(), host: None }).collect();
        let explains = |entry: &DirectoryEntry| lookups.iter().any(|lookup| Directory::new(std::slice::from_ref(entry)).readings(lookup).next().is_some());
        let unnamed: Vec<_> = entries.into_iter().filter(|entry| !explains(entry)).collect();
        prop_assert_eq!(case.extract(&unnamed), case.extract(&[]));
    }

    #[test]
    fn nothing_is_found_in_code(text in texts(), context in contexts()) {
        let all = u32::try_from(text.len()).expect("short");
        let read = Text { text: &text, code_spans: &[(0, all)], links: &[], mentions: &[] };
        let entries = [entry("jira:acme/PAY", &[], "a")];
        let found = extract(&read, &context, &Directory::new(&entries));
        prop_assert!(found.iter().all(|one| one.rule.starts_with("git.")), "only a commit's subject is read, as it is no markup");
    }
}

#[test]
fn hostile_texts_are_bounded() {
    let mebibyte = |piece: &str| piece.repeat(1_048_576 / piece.len());
    let numbered = |prefix: &str| {
        (1..150_000)
            .map(|n| format!("{prefix}{n}"))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let texts = [
        numbered("#"),
        numbered("AAAA-"),
        numbered("https://github.com/a/b/pull/"),
        mebibyte("http://"),
        mebibyte("a/"),
        mebibyte("-1"),
        mebibyte("A"),
        mebibyte("#"),
        mebibyte("@"),
        mebibyte("<!--"),
        mebibyte("a/b#1"),
        mebibyte("fixes: "),
        mebibyte("0123456789abcdef"),
        mebibyte("://"),
    ];
    let directory = Directory::new(&[entry("jira:x/AAAA", &[], "a")]);
    for text in texts {
        let got = extract(
            &Text {
                text: &text,
                code_spans: &[],
                links: &[],
                mentions: &[],
            },
            &context(DocumentKind::Commit),
            &directory,
        );
        assert!(got.len() <= 10_000, "{}", got.len());
    }
    let many = numbered("#");
    assert_eq!(
        extract(
            &Text {
                text: &many,
                code_spans: &[],
                links: &[],
                mentions: &[]
            },
            &context(DocumentKind::Issue),
            &directory
        )
        .len(),
        5_000
    );
}
