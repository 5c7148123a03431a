//! Closing keywords.

use domain::{DocumentKind, EdgeKind};

use super::super::Text;
use super::extract;
use super::{context, known, plain, read, targets};

#[test]
fn each_closing_keyword_closes_each_form_of_an_item() {
    let words = [
        "close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved", "FIXES", "Closes",
    ];
    let forms = [
        ("#12", "github:acme/web#12"),
        ("GH-12", "github:acme/web#12"),
        ("octo/cat#12", "github:octo/cat#12"),
        ("https://github.com/octo/cat/issues/12", "github:octo/cat#12"),
        ("https://github.com/octo/cat/pull/12", "github:octo/cat#12"),
    ];
    for (word, (form, target)) in words.iter().flat_map(|word| forms.iter().map(move |form| (word, form))) {
        for between in [" ", ": ", " : ", "\n"] {
            let text = format!("Title\n\nThis {word}{between}{form}.");
            for kind in [DocumentKind::Commit, DocumentKind::PullRequest] {
                let got = read(kind, &text);
                assert_eq!(targets(&got), [*target], "{text}");
                assert_eq!(
                    (got[0].kind, got[0].rule),
                    (EdgeKind::Closes, "text.closing_keyword"),
                    "{text}"
                );
                assert_eq!(got[0].evidence.text, format!("{word}{between}{form}"));
            }
            assert_eq!(
                read(DocumentKind::Issue, &text)[0].kind,
                EdgeKind::References,
                "an issue closes nothing"
            );
        }
    }
}

#[test]
fn a_closing_keyword_counts_for_the_next_item_only() {
    let got = read(DocumentKind::PullRequest, "t\nfixes #1, #2 and closes #3");
    let kinds: Vec<_> = got
        .iter()
        .map(|reference| (reference.target.as_str(), reference.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("github:acme/web#1", EdgeKind::Closes),
            ("github:acme/web#2", EdgeKind::References),
            ("github:acme/web#3", EdgeKind::Closes),
        ]
    );
}

#[test]
fn part_of_a_word_and_a_word_without_space_close_nothing() {
    for text in [
        "t\nprefixes #12",
        "t\nun-fixed #12",
        "t\nfixes:#12",
        "t\nfixing #12",
        "t\nfixes: see #12",
        "t\n_fixes #12",
    ] {
        assert_eq!(read(DocumentKind::Commit, text)[0].kind, EdgeKind::References, "{text}");
    }
}

#[test]
fn a_link_after_a_closing_keyword_is_closed() {
    let text = "t\nFixes the bug";
    let links = [("https://github.com/octo/cat/issues/9".to_owned(), 8, 15)];
    let got = extract(
        &Text {
            links: &links,
            ..plain(text)
        },
        &context(DocumentKind::PullRequest),
        &known(),
    );
    assert_eq!(
        (got[0].kind, got[0].evidence.text.as_str()),
        (EdgeKind::Closes, "Fixes the bug <https://github.com/octo/cat/issues/9>")
    );
}
