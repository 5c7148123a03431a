//! Every pattern of reference, and every look-alike.

mod closing;
mod directory;
mod properties;
mod sites;
mod wording;

use domain::seam::store::DirectoryEntry;
use domain::{AccessId, DocumentKind, EdgeKind, Key};

use super::{Context, Directory, Names, Reference, Text, resolve, scan};

const SHA: &str = "67349db17c01ab6ab966923d4f5dda8412eec900";

pub(crate) fn entry(key: &str, aliases: &[&str], label: &str) -> DirectoryEntry {
    let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
    DirectoryEntry {
        key: Key::from_raw(key),
        aliases,
        access: AccessId(label.into()),
    }
}

/// A project `PAY` (once `OLD`) of the site `acme`, and a repository `acme/api` (once `ada/service`).
fn known() -> Directory {
    Directory::new(&[
        entry("jira:acme/PAY", &["OLD"], "j/pay"),
        entry("repo:acme/api", &["ada/service"], "g/api"),
    ])
}

fn context(kind: DocumentKind) -> Context {
    Context {
        kind,
        repository: Some("acme/web".into()),
        accounts: Some("github".into()),
    }
}

/// Everything that a text names, in its order.
fn extract(text: &Text<'_>, context: &Context, directory: &Directory) -> Vec<Reference> {
    let (mut names, mut out) = (Names::default(), Vec::new());
    for find in scan(text, context) {
        resolve(find, context, directory, &mut names, &mut out);
    }
    out
}

/// The names in a text that are looked up, known or not.
fn directory_names(text: &Text<'_>, context: &Context) -> Vec<String> {
    let mut names = Names::default();
    for find in scan(text, context) {
        resolve(find, context, &Directory::default(), &mut names, &mut Vec::new());
    }
    names.into_sorted()
}

fn plain(text: &str) -> Text<'_> {
    Text {
        text,
        code_spans: &[],
        links: &[],
        mentions: &[],
    }
}

fn read(kind: DocumentKind, text: &str) -> Vec<Reference> {
    extract(&plain(text), &context(kind), &known())
}

fn targets(references: &[Reference]) -> Vec<&str> {
    references.iter().map(|reference| reference.target.as_str()).collect()
}

/// The targets that an issue of `acme/web` with this text names.
fn found(text: &str) -> Vec<String> {
    targets(&read(DocumentKind::Issue, text))
        .into_iter()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_number_belongs_to_the_document_s_own_repository() {
    for text in [
        "#12",
        "see #12.",
        "(#12)",
        "#12, etc",
        "[#12]",
        "x\n#12\n",
        "修复#12",
        "#12-ish",
    ] {
        assert_eq!(found(text), ["github:acme/web#12"], "{text}");
    }
    assert_eq!(found("GH-12"), ["github:acme/web#12"]);
    let nowhere = Context {
        repository: None,
        ..context(DocumentKind::Issue)
    };
    assert_eq!(extract(&plain("#12 GH-12"), &nowhere, &known()), []);
}

#[test]
fn what_only_looks_like_a_number_is_none() {
    let texts = [
        "a#12",
        "&#12;",
        "#0",
        "#012",
        "##12",
        "#12abc",
        "#12_3",
        "#1.2",
        "# 12",
        "color:#333333",
        "color=#123",
        "\"#123456\"",
        "#12345678901",
        "page/#12",
        "@#12",
        "#fff",
        "AGH-12",
        "GH-12-3",
        "x/GH-12",
        "GH-012",
    ];
    for text in texts {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn a_repository_and_a_number() {
    assert_eq!(found("see Octo/Cat#12, please"), ["github:octo/cat#12"]);
    assert_eq!(found("acme/web#7"), ["github:acme/web#7"]);
    for text in [
        "a/b/c#12",
        "@octo/cat#12",
        "-octo/cat#12",
        "octo#12",
        "octo/..#12",
        "octo/#12",
        "host:octo/cat#12",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn whole_shas_name_commits() {
    assert_eq!(
        found(&format!("This reverts commit {SHA}.")),
        [format!("commit:acme/web@{SHA}")]
    );
    assert_eq!(found(&format!("octo/cat@{SHA}")), [format!("commit:octo/cat@{SHA}")]);
    assert_eq!(found(&format!("octo@{SHA}")), [format!("commit:octo/web@{SHA}")]);
    assert_eq!(found(&SHA.to_uppercase()), [format!("commit:acme/web@{SHA}")]);
    let nowhere = Context {
        repository: None,
        ..context(DocumentKind::Issue)
    };
    let text = format!("{SHA} octo@{SHA} octo/cat@{SHA}");
    assert_eq!(
        targets(&extract(&plain(&text), &nowhere, &known())),
        [format!("commit:octo/cat@{SHA}")]
    );
}

#[test]
fn short_shas_colours_uuids_and_digests_name_no_commit() {
    let texts = [
        "67349db".to_owned(),
        "octo/cat@67349db".to_owned(),
        "#67349d".to_owned(),
        "123e4567-e89b-12d3-a456-426614174000".to_owned(),
        format!("{SHA}0123456789abcdef01234567"),
        format!("x{SHA}"),
        format!("{SHA}_x"),
        format!("sha1-{SHA}"),
        format!("sha1:{SHA}"),
        "1".repeat(40),
        "a".repeat(40),
    ];
    for text in texts {
        assert_eq!(found(&text), [""; 0], "{text}");
    }
}

#[test]
fn an_issue_key_needs_a_known_project() {
    for text in [
        "PAY-12",
        "see PAY-12.",
        "(PAY-12)",
        "PAY-12: fix",
        "[PAY-12]",
        "\"PAY-12\"",
        "修复PAY-12的问题",
    ] {
        let got = read(DocumentKind::Issue, text);
        assert_eq!(targets(&got), ["jira:acme/PAY-12"], "{text}");
        assert_eq!(
            (got[0].rule, got[0].evidence.text.as_str()),
            ("text.jira_key", "PAY-12")
        );
        assert_eq!(got[0].also, Some(AccessId("j/pay".into())));
    }
    for text in [
        "UTF-8",
        "SHA-256",
        "ISO-8601",
        "CVE-2024",
        "CVE-2024-1234",
        "GPT-4",
        "COVID-19",
        "XPAY-12",
        "PA-12",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn an_issue_key_stands_alone() {
    let texts = [
        "aPAY-12",
        "1PAY-12",
        "_PAY-12",
        "x/PAY-12",
        "x-PAY-12",
        "PAY-12a",
        "PAY-12_",
        "PAY-12-3",
        "PAY-0",
        "PAY-01",
        "PAY-",
        "pay-12",
        "Pay-12",
        "PAY -12",
        "PAY-12345678901",
    ];
    for text in texts {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn an_old_project_key_leads_to_the_issue_of_today() {
    assert_eq!(found("OLD-12"), ["jira:acme/PAY-12"]);
}

#[test]
fn people_and_teams_are_mentioned() {
    assert_eq!(
        found("thanks @Ada, (@bob-b) and @c."),
        ["account:github/ada", "account:github/bob-b", "account:github/c"]
    );
    assert_eq!(found("cc @acme/payments-team"), ["account:github/acme/payments-team"]);
    for text in [
        "ada@acme.example",
        "@babel/core",
        "@",
        "@-a",
        "@a.example",
        "a@b",
        "@@a",
        "x/@a",
        "@Override()",
        "`@a`",
        "@a_",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    let elsewhere = Context {
        accounts: Some("jira/acme".into()),
        ..context(DocumentKind::Issue)
    };
    assert_eq!(extract(&plain("@ada"), &elsewhere, &known()), []);
}

#[test]
fn mentions_by_id_follow_the_provider() {
    let mentions: Vec<_> = ["U1", "C9", "S3", "account:slack/T2/U8"]
        .iter()
        .zip(0..)
        .map(|(id, at)| ((*id).to_owned(), at, at + 1))
        .collect();
    let text = Text {
        mentions: &mentions,
        ..plain("abcd")
    };
    let of = |accounts: &str| {
        let context = Context {
            accounts: Some(accounts.into()),
            ..context(DocumentKind::Thread)
        };
        extract(&text, &context, &known())
    };
    let slack = of("slack/T1");
    assert_eq!(
        targets(&slack),
        [
            "account:slack/T1/U1",
            "slack:T1/C9",
            "account:slack/T1/S3",
            "account:slack/T2/U8"
        ]
    );
    assert_eq!(
        (slack[0].kind, slack[0].evidence.text.as_str(), slack[0].evidence.span),
        (EdgeKind::Mentions, "a", Some((0, 1)))
    );
    assert_eq!(of("jira/acme")[0].target.as_str(), "account:jira/acme/U1");
}
