//! Every pattern of reference, and every look-alike.

mod directory;
mod properties;
mod sites;

use domain::seam::store::DirectoryEntry;
use domain::{AccessId, DocumentKind, EdgeKind, Key};

use super::{Context, Directory, Reference, Text, Wording, extract};

const SHA: &str = "67349db17c01ab6ab966923d4f5dda8412eec900";

pub(crate) fn entry(key: &str, aliases: &[&str], label: &str) -> DirectoryEntry {
    let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
    DirectoryEntry { key: Key::from_raw(key), aliases, access: AccessId(label.into()) }
}

/// A project `PAY` (once `OLD`) of the site `acme`, and a repository `acme/api` (once `ada/service`).
fn known() -> Directory {
    Directory::new(&[entry("jira:acme/PAY", &["OLD"], "j/pay"), entry("repo:acme/api", &["ada/service"], "g/api")])
}

fn context(kind: DocumentKind) -> Context {
    Context { kind, repository: Some("acme/web".into()), accounts: Some("github".into()), wording: Wording::Text }
}

fn plain(text: &str) -> Text<'_> {
    Text { text, code_spans: &[], links: &[], mentions: &[] }
}

fn read(kind: DocumentKind, text: &str) -> Vec<Reference> {
    extract(&plain(text), &context(kind), &known())
}

fn targets(references: &[Reference]) -> Vec<&str> {
    references.iter().map(|reference| reference.target.as_str()).collect()
}

/// The targets that an issue of `acme/web` with this text names.
fn found(text: &str) -> Vec<String> {
    targets(&read(DocumentKind::Issue, text)).into_iter().map(str::to_owned).collect()
}

#[test]
fn each_closing_keyword_closes_each_form_of_an_item() {
    let words = ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved", "FIXES", "Closes"];
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
                assert_eq!((got[0].kind, got[0].rule), (EdgeKind::Closes, "text.closing_keyword"), "{text}");
                assert_eq!(got[0].evidence.text, format!("{word}{between}{form}"));
            }
            assert_eq!(read(DocumentKind::Issue, &text)[0].kind, EdgeKind::References, "an issue closes nothing");
        }
    }
}

#[test]
fn a_closing_keyword_counts_for_the_next_item_only() {
    let got = read(DocumentKind::PullRequest, "t\nfixes #1, #2 and closes #3");
    let kinds: Vec<_> = got.iter().map(|reference| (reference.target.as_str(), reference.kind)).collect();
    assert_eq!(kinds, [
        ("github:acme/web#1", EdgeKind::Closes),
        ("github:acme/web#2", EdgeKind::References),
        ("github:acme/web#3", EdgeKind::Closes),
    ]);
}

#[test]
fn part_of_a_word_and_a_word_without_space_close_nothing() {
    for text in ["t\nprefixes #12", "t\nun-fixed #12", "t\nfixes:#12", "t\nfixing #12", "t\nfixes: see #12", "t\n_fixes #12"] {
        assert_eq!(read(DocumentKind::Commit, text)[0].kind, EdgeKind::References, "{text}");
    }
}

#[test]
fn a_link_after_a_closing_keyword_is_closed() {
    let text = "t\nFixes the bug";
    let links = [("https://github.com/octo/cat/issues/9".to_owned(), 8, 15)];
    let got = extract(&Text { links: &links, ..plain(text) }, &context(DocumentKind::PullRequest), &known());
    assert_eq!((got[0].kind, got[0].evidence.text.as_str()), (EdgeKind::Closes, "Fixes the bug"));
}

#[test]
fn a_number_belongs_to_the_document_s_own_repository() {
    for text in ["#12", "see #12.", "(#12)", "#12, etc", "[#12]", "x\n#12\n", "修复#12", "#12-ish"] {
        assert_eq!(found(text), ["github:acme/web#12"], "{text}");
    }
    assert_eq!(found("GH-12"), ["github:acme/web#12"]);
    let nowhere = Context { repository: None, ..context(DocumentKind::Issue) };
    assert_eq!(extract(&plain("#12 GH-12"), &nowhere, &known()), []);
}

#[test]
fn what_only_looks_like_a_number_is_none() {
    let texts = [
        "a#12", "&#12;", "#0", "#012", "##12", "#12abc", "#12_3", "#1.2", "# 12", "color:#333333", "color=#123", "\"#123456\"",
        "#12345678901", "page/#12", "@#12", "#fff", "AGH-12", "GH-12-3", "x/GH-12", "GH-012",
    ];
    for text in texts {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn a_repository_and_a_number() {
    assert_eq!(found("see Octo/Cat#12, please"), ["github:octo/cat#12"]);
    assert_eq!(found("acme/web#7"), ["github:acme/web#7"]);
    for text in ["a/b/c#12", "@octo/cat#12", "-octo/cat#12", "octo#12", "octo/..#12", "octo/#12", "host:octo/cat#12"] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn whole_shas_name_commits() {
    assert_eq!(found(&format!("This reverts commit {SHA}.")), [format!("commit:acme/web@{SHA}")]);
    assert_eq!(found(&format!("octo/cat@{SHA}")), [format!("commit:octo/cat@{SHA}")]);
    assert_eq!(found(&format!("octo@{SHA}")), [format!("commit:octo/web@{SHA}")]);
    assert_eq!(found(&SHA.to_uppercase()), [format!("commit:acme/web@{SHA}")]);
    let nowhere = Context { repository: None, ..context(DocumentKind::Issue) };
    let text = format!("{SHA} octo@{SHA} octo/cat@{SHA}");
    assert_eq!(targets(&extract(&plain(&text), &nowhere, &known())), [format!("commit:octo/cat@{SHA}")]);
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
    for text in ["PAY-12", "see PAY-12.", "(PAY-12)", "PAY-12: fix", "[PAY-12]", "\"PAY-12\"", "修复PAY-12的问题"] {
        let got = read(DocumentKind::Issue, text);
        assert_eq!(targets(&got), ["jira:acme/PAY-12"], "{text}");
        assert_eq!((got[0].rule, got[0].evidence.text.as_str()), ("text.jira_key", "PAY-12"));
        assert_eq!(got[0].also, Some(AccessId("j/pay".into())));
    }
    for text in ["UTF-8", "SHA-256", "ISO-8601", "CVE-2024", "CVE-2024-1234", "GPT-4", "COVID-19", "XPAY-12", "PA-12"] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn an_issue_key_stands_alone() {
    let texts = [
        "aPAY-12", "1PAY-12", "_PAY-12", "x/PAY-12", "x-PAY-12", "PAY-12a", "PAY-12_", "PAY-12-3", "PAY-0", "PAY-01", "PAY-",
        "pay-12", "Pay-12", "PAY -12", "PAY-12345678901",
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
fn branch_names_and_pull_request_titles_hold_keys_in_any_case() {
    let branch = Context { wording: Wording::BranchName, ..context(DocumentKind::PullRequest) };
    for name in ["feature/pay-123", "PAY-123-fix", "ada/fix-Pay-123_x", "fix_pay-123"] {
        let got = extract(&plain(name), &branch, &known());
        assert_eq!(targets(&got), ["jira:acme/PAY-123"], "{name}");
        assert_eq!(got[0].rule, "git.branch_name");
    }
    for name in ["xpay-123", "pay-123a", "pay-0", "pay123", "feature/utf-8", "fix-#12"] {
        assert_eq!(extract(&plain(name), &branch, &known()), [], "{name}");
    }
    assert_eq!(targets(&read(DocumentKind::PullRequest, "pay-1: title\npay-2 in the body")), ["jira:acme/PAY-1"]);
    assert_eq!(targets(&read(DocumentKind::Issue, "pay-1: title")), [""; 0]);
}

#[test]
fn a_merge_subject_names_the_pull_request_and_the_branch() {
    let got = read(DocumentKind::Commit, "Merge pull request #137 from ada/PAY-136-fix\n\n[pay-138] Round the value");
    let facts: Vec<_> = got.iter().map(|one| (one.target.as_str(), one.kind, one.rule, one.evidence.text.as_str())).collect();
    assert_eq!(facts, [
        ("github:acme/web#137", EdgeKind::Merges, "git.merge_subject", "Merge pull request #137"),
        ("jira:acme/PAY-136", EdgeKind::References, "git.branch_name", "PAY-136"),
        ("jira:acme/PAY-138", EdgeKind::References, "text.jira_key", "pay-138"),
    ]);
    assert_eq!(targets(&read(DocumentKind::Commit, "Merge branch 'pay-7' into main")), ["jira:acme/PAY-7"]);
    assert_eq!(targets(&read(DocumentKind::Commit, "Merge remote-tracking branch 'origin/pay-7'")), ["jira:acme/PAY-7"]);
    assert_eq!(read(DocumentKind::Issue, "Merge pull request #137 from a/b")[0].kind, EdgeKind::References);
}

#[test]
fn a_squash_suffix_names_the_pull_request() {
    let got = read(DocumentKind::Commit, "Revert \"pay-3: x (#10)\" (#137)\r\n\nmore (#11)");
    let facts: Vec<_> = got.iter().map(|one| (one.target.as_str(), one.kind, one.rule)).collect();
    assert_eq!(facts, [
        ("jira:acme/PAY-3", EdgeKind::References, "text.jira_key"),
        ("github:acme/web#10", EdgeKind::References, "text.github_number"),
        ("github:acme/web#137", EdgeKind::Merges, "git.squash_suffix"),
        ("github:acme/web#11", EdgeKind::References, "text.github_number"),
    ]);
}

#[test]
fn a_body_that_repeats_the_subject_adds_nothing() {
    assert_eq!(read(DocumentKind::Commit, "Fix (#137)\nFix (#137)\n\nbody"), read(DocumentKind::Commit, "Fix (#137)\n\nbody"));
}

#[test]
fn people_and_teams_are_mentioned() {
    assert_eq!(found("thanks @Ada, (@bob-b) and @c."), ["account:github/ada", "account:github/bob-b", "account:github/c"]);
    assert_eq!(found("cc @acme/payments-team"), ["account:github/acme/payments-team"]);
    for text in ["ada@acme.example", "@babel/core", "@", "@-a", "@a.example", "a@b", "@@a", "x/@a", "@Override()", "`@a`", "@a_"] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    let elsewhere = Context { accounts: Some("jira/acme".into()), ..context(DocumentKind::Issue) };
    assert_eq!(extract(&plain("@ada"), &elsewhere, &known()), []);
}

#[test]
fn mentions_by_id_follow_the_provider() {
    let mentions: Vec<_> = ["U1", "C9", "S3", "account:slack/T2/U8"].iter().zip(0..).map(|(id, at)| ((*id).to_owned(), at, at + 1)).collect();
    let text = Text { mentions: &mentions, ..plain("abcd") };
    let of = |accounts: &str| {
        let context = Context { accounts: Some(accounts.into()), ..context(DocumentKind::Thread) };
        extract(&text, &context, &known())
    };
    let slack = of("slack/T1");
    assert_eq!(targets(&slack), ["account:slack/T1/U1", "slack:T1/C9", "account:slack/T1/S3", "account:slack/T2/U8"]);
    assert_eq!((slack[0].kind, slack[0].evidence.text.as_str(), slack[0].evidence.span), (EdgeKind::Mentions, "a", Some((0, 1))));
    assert_eq!(of("jira/acme")[0].target.as_str(), "account:jira/acme/U1");
}

#[test]
fn code_and_comments_say_nothing() {
    let text = "run `PAY-1 #2 @ada https://github.com/a/b/pull/3` and PAY-4";
    let got = extract(&Text { code_spans: &[(4, 49)], ..plain(text) }, &context(DocumentKind::Issue), &known());
    assert_eq!(targets(&got), ["jira:acme/PAY-4"]);
    let split = extract(&Text { code_spans: &[(4, 6)], ..plain("PAY-12 x") }, &context(DocumentKind::Issue), &known());
    assert_eq!(split, [], "a key that is partly code is none");
    assert_eq!(found("<!-- fixes #1, PAY-2, @ada https://github.com/a/b/pull/3 --> #4"), ["github:acme/web#4"]);
    assert_eq!(found("<!-- never closed #4"), ["github:acme/web#4"]);
    let keyword = extract(&Text { code_spans: &[(2, 7)], ..plain("t\nfixes #1") }, &context(DocumentKind::Commit), &known());
    assert_eq!(keyword[0].kind, EdgeKind::References);
}

#[test]
fn files_hold_only_keys_and_addresses() {
    let text = format!("// PAY-1 #2 @ada GH-3 octo/cat#4 {SHA} https://github.com/octo/cat/issues/5");
    assert_eq!(targets(&read(DocumentKind::File, &text)), ["jira:acme/PAY-1", "github:octo/cat#5"]);
}

#[test]
fn a_link_is_read_by_its_address_and_not_again_by_its_words() {
    let text = "see [#12] and PAY-3 and #9";
    let link = |url: &str, start, end| (url.to_owned(), start, end);
    let links = [link("https://github.com/octo/cat/pull/12", 5, 8), link("https://example.org/x", 14, 26)];
    let got = extract(&Text { links: &links, ..plain(text) }, &context(DocumentKind::Issue), &known());
    assert_eq!(targets(&got), ["github:octo/cat#12", "jira:acme/PAY-3"]);
    assert_eq!((got[0].evidence.text.as_str(), got[0].evidence.span), ("#12", Some((5, 8))));
    let broken = [link("https://github.com/octo/cat/pull/12", 7, 900)];
    let got = extract(&Text { links: &broken, ..plain("short") }, &context(DocumentKind::Issue), &known());
    assert_eq!((got[0].evidence.text.as_str(), got[0].evidence.span), ("https://github.com/octo/cat/pull/12", None));
}
