//! What the place of a name in its text does: branches, titles, subjects, links, code, files.

use domain::{DocumentKind, EdgeKind};

use super::super::Text;
use super::{SHA, context, extract, found, known, plain, read, targets};

#[test]
fn branch_names_and_pull_request_titles_hold_keys_in_any_case() {
    let branch = |name: &str| read(DocumentKind::Commit, &format!("Merge branch '{name}' into main"));
    for name in ["feature/pay-123", "PAY-123-fix", "ada/fix-Pay-123_x", "fix_pay-123"] {
        let got = branch(name);
        assert_eq!(targets(&got), ["jira:acme/PAY-123"], "{name}");
        assert_eq!(got[0].rule, "git.branch_name");
    }
    for name in ["xpay-123", "pay-123a", "pay-0", "pay123", "feature/utf-8", "fix-#12"] {
        assert_eq!(branch(name), [], "{name}");
    }
    assert_eq!(
        targets(&read(DocumentKind::PullRequest, "pay-1: title\npay-2 in the body")),
        ["jira:acme/PAY-1"]
    );
    assert_eq!(targets(&read(DocumentKind::Issue, "pay-1: title")), [""; 0]);
}

#[test]
fn a_merge_subject_names_the_pull_request_and_the_branch() {
    let got = read(
        DocumentKind::Commit,
        "Merge pull request #137 from ada/PAY-136-fix\n\n[pay-138] Round the value",
    );
    let facts: Vec<_> = got
        .iter()
        .map(|one| (one.target.as_str(), one.kind, one.rule, one.evidence.text.as_str()))
        .collect();
    assert_eq!(
        facts,
        [
            (
                "github:acme/web#137",
                EdgeKind::Merges,
                "git.merge_subject",
                "Merge pull request #137"
            ),
            ("jira:acme/PAY-136", EdgeKind::References, "git.branch_name", "PAY-136"),
            ("jira:acme/PAY-138", EdgeKind::References, "text.jira_key", "pay-138"),
        ]
    );
    assert_eq!(
        targets(&read(DocumentKind::Commit, "Merge branch 'pay-7' into main")),
        ["jira:acme/PAY-7"]
    );
    assert_eq!(
        targets(&read(
            DocumentKind::Commit,
            "Merge remote-tracking branch 'origin/pay-7'"
        )),
        ["jira:acme/PAY-7"]
    );
    assert_eq!(
        read(DocumentKind::Issue, "Merge pull request #137 from a/b")[0].kind,
        EdgeKind::References
    );
}

#[test]
fn a_squash_suffix_names_the_pull_request() {
    let got = read(DocumentKind::Commit, "Revert \"pay-3: x (#10)\" (#137)\r\n\nmore (#11)");
    let facts: Vec<_> = got
        .iter()
        .map(|one| (one.target.as_str(), one.kind, one.rule))
        .collect();
    assert_eq!(
        facts,
        [
            ("jira:acme/PAY-3", EdgeKind::References, "text.jira_key"),
            ("github:acme/web#10", EdgeKind::References, "text.github_number"),
            ("github:acme/web#137", EdgeKind::Merges, "git.squash_suffix"),
            ("github:acme/web#11", EdgeKind::References, "text.github_number"),
        ]
    );
}

#[test]
fn a_body_that_repeats_the_subject_adds_nothing() {
    assert_eq!(
        read(DocumentKind::Commit, "Fix (#137)\nFix (#137)\n\nbody"),
        read(DocumentKind::Commit, "Fix (#137)\n\nbody")
    );
}

#[test]
fn code_and_comments_say_nothing() {
    let text = "run `PAY-1 #2 @ada https://github.com/a/b/pull/3` and PAY-4";
    let got = extract(
        &Text {
            code_spans: &[(4, 49)],
            ..plain(text)
        },
        &context(DocumentKind::Issue),
        &known(),
    );
    assert_eq!(targets(&got), ["jira:acme/PAY-4"]);
    let split = extract(
        &Text {
            code_spans: &[(4, 6)],
            ..plain("PAY-12 x")
        },
        &context(DocumentKind::Issue),
        &known(),
    );
    assert_eq!(split, [], "a key that is partly code is none");
    assert_eq!(
        found("<!-- fixes #1, PAY-2, @ada https://github.com/a/b/pull/3 --> #4"),
        ["github:acme/web#4"]
    );
    assert_eq!(found("<!-- never closed #4"), ["github:acme/web#4"]);
    let keyword = extract(
        &Text {
            code_spans: &[(2, 7)],
            ..plain("t\nfixes #1")
        },
        &context(DocumentKind::Commit),
        &known(),
    );
    assert_eq!(keyword[0].kind, EdgeKind::References);
}

#[test]
fn files_hold_only_keys_and_addresses() {
    let text = format!("// PAY-1 #2 @ada GH-3 octo/cat#4 {SHA} https://github.com/octo/cat/issues/5");
    assert_eq!(
        targets(&read(DocumentKind::File, &text)),
        ["jira:acme/PAY-1", "github:octo/cat#5"]
    );
}

#[test]
fn a_link_is_read_by_its_address_and_not_again_by_its_words() {
    let text = "see [#12] and PAY-3 and #9";
    let link = |url: &str, start, end| (url.to_owned(), start, end);
    let links = [
        link("https://github.com/octo/cat/pull/12", 5, 8),
        link("https://example.org/x", 14, 26),
    ];
    let got = extract(
        &Text {
            links: &links,
            ..plain(text)
        },
        &context(DocumentKind::Issue),
        &known(),
    );
    assert_eq!(targets(&got), ["github:octo/cat#12", "jira:acme/PAY-3"]);
    assert_eq!(
        (got[0].evidence.text.as_str(), got[0].evidence.span),
        ("#12 <https://github.com/octo/cat/pull/12>", Some((5, 8)))
    );
    let broken = [link("https://github.com/octo/cat/pull/12", 7, 900)];
    let got = extract(
        &Text {
            links: &broken,
            ..plain("short")
        },
        &context(DocumentKind::Issue),
        &known(),
    );
    assert_eq!(
        (got[0].evidence.text.as_str(), got[0].evidence.span),
        ("https://github.com/octo/cat/pull/12", None)
    );
}
