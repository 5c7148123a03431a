//! Addresses of the four providers.

use domain::{DocumentKind, EdgeKind, NodeKind};

use super::{SHA, found, read, targets};

#[test]
fn github_items_and_their_parts() {
    let base = "https://github.com/octo/cat";
    let cases: [(&str, &[&str]); 9] = [
        ("/issues/4", &["github:octo/cat#4"]),
        ("/pull/4/files?w=1", &["github:octo/cat#4"]),
        ("/discussions/4", &["github:octo/cat#4"]),
        (
            "/issues/4#issuecomment-77",
            &["github:octo/cat#4", "github:octo/cat#4/comment-77"],
        ),
        (
            "/pull/4#discussion_r77",
            &["github:octo/cat#4", "github:octo/cat#4/comment-77"],
        ),
        ("/pull/4/files#r77", &["github:octo/cat#4"]),
        (
            "/pull/4#pullrequestreview-78",
            &["github:octo/cat#4", "github:octo/cat#4/review-78"],
        ),
        (
            "/discussions/4#discussioncomment-79",
            &["github:octo/cat#4", "github:octo/cat#4/comment-79"],
        ),
        ("/issues/new", &[]),
    ];
    for (path, expected) in cases {
        assert_eq!(found(&format!("see {base}{path}.")), expected, "{path}");
    }
}

#[test]
fn only_pull_tells_what_an_item_is() {
    let node = |url: &str| read(DocumentKind::Issue, url)[0].node;
    assert_eq!(node("https://github.com/octo/cat/pull/4"), Some(NodeKind::PullRequest));
    assert_eq!(node("https://github.com/octo/cat/issues/4"), None);
}

#[test]
fn github_commits_files_releases_and_repositories() {
    let commit = format!("commit:octo/cat@{SHA}");
    let cases = [
        (format!("/commit/{SHA}"), commit.as_str()),
        (format!("/commits/{}", SHA.to_uppercase()), commit.as_str()),
        ("/blob/main/src/a%20b.rs#L1-L9".to_owned(), "file:octo/cat/src/a b.rs"),
        ("/releases/tag/v1.2".to_owned(), "tag:octo/cat@v1.2"),
        ("/tree/main/src".to_owned(), "repo:octo/cat"),
        (".git".to_owned(), "repo:octo/cat"),
        (String::new(), "repo:octo/cat"),
    ];
    for (path, expected) in cases {
        assert_eq!(
            found(&format!("https://github.com/octo/cat{path}")),
            [expected],
            "{path}"
        );
    }
    for path in [
        "/commit/67349db",
        "/blob/main",
        "/blob/main/../x",
        "/wiki",
        "/issues/0",
        "/pulls/4",
    ] {
        assert_eq!(found(&format!("https://github.com/octo/cat{path}")), [""; 0], "{path}");
    }
    for url in [
        "https://github.com/orgs/octo",
        "https://github.com/octo",
        "https://github.com.evil.example/a/b/pull/1",
        "https://gist.github.com/a/b",
    ] {
        assert_eq!(found(url), [""; 0], "{url}");
    }
}

#[test]
fn an_address_ends_before_what_surrounds_it() {
    for (left, right) in [
        ("(", ")"),
        ("<", ">"),
        ("\"", "\","),
        ("[x](", ")."),
        ("[x|", "]"),
        ("", "!?"),
        ("**", "**"),
        ("", "\u{2026}"),
        ("", ")),"),
        ("[x](", ")more[y]("),
        ("", "\u{a0}x"),
        ("（", "）的"),
    ] {
        let text = format!("{left}https://github.com/octo/cat/pull/4{right}");
        let got = read(DocumentKind::Issue, &text);
        assert_eq!(targets(&got), ["github:octo/cat#4"], "{text}");
        assert_eq!(got[0].evidence.text, "https://github.com/octo/cat/pull/4");
    }
    assert_eq!(
        found("https://wiki.acme.example/display/ENG/A_(b)"),
        ["wiki:wiki.acme.example/ENG/A_(b)"]
    );
    assert_eq!(found("nohttps://github.com/octo/cat/pull/4"), [""; 0]);
    assert_eq!(
        found(&format!("https://github.com/{}/pull/4", "a/".repeat(3_000))),
        [""; 0]
    );
}

#[test]
fn nothing_within_an_address_is_read_again() {
    assert_eq!(found("https://example.org/PAY-12?x=#12&y=@ada"), [""; 0]);
}

#[test]
fn jira_addresses_name_the_issue_on_their_host_and_of_the_known_project() {
    let paths = [
        "/browse/PAY-12",
        "/browse/pay-12?focusedCommentId=1",
        "/issues/?jql=x&selectedIssue=PAY-12",
        "/projects/PAY/issues/PAY-12",
        "/jira/software/c/projects/PAY/boards/1?selectedIssue=PAY-12",
    ];
    for path in paths {
        let got = read(DocumentKind::Page, &format!("https://acme.atlassian.net{path}"));
        assert_eq!(
            targets(&got),
            ["jira:acme/PAY-12", "jira:acme.atlassian.net/PAY-12"],
            "{path}"
        );
        assert!(got[0].also.is_some() && got[1].also.is_none(), "{path}");
        assert!((got[0].confidence - 0.98).abs() < 1e-6, "{path}");
    }
    let elsewhere = read(DocumentKind::Page, "https://jira.other.example/browse/PAY-12");
    assert!(
        elsewhere[0].confidence < 0.7,
        "another host makes the known project less likely"
    );
    assert_eq!(
        found("https://acme.atlassian.net/browse/NEW-1"),
        ["jira:acme.atlassian.net/NEW-1"]
    );
    for path in ["/browse/PAY", "/browse/PAY-0", "/browse/PAY-12x", "/issues/pay-12"] {
        assert_eq!(found(&format!("https://acme.atlassian.net{path}")), [""; 0], "{path}");
    }
}

#[test]
fn confluence_addresses_name_pages_and_spaces() {
    let cases = [
        (
            "/wiki/spaces/ENG/pages/123/Some+Title",
            "wiki:acme.atlassian.net/ENG/123",
        ),
        ("/wiki/spaces/ENG/pages/edit-v2/123", "wiki:acme.atlassian.net/ENG/123"),
        ("/spaces/ENG/pages/123", "wiki:acme.atlassian.net/ENG/123"),
        (
            "/wiki/spaces/ENG/blog/2024/01/31/124/Title",
            "wiki:acme.atlassian.net/ENG/124",
        ),
        (
            "/wiki/pages/viewpage.action?pageId=125",
            "wiki:acme.atlassian.net/_/125",
        ),
        (
            "/pages/viewpage.action?spaceKey=ENG&title=A+b",
            "wiki:acme.atlassian.net/ENG/A b",
        ),
        ("/wiki/display/ENG/A%20b+c", "wiki:acme.atlassian.net/ENG/A b c"),
        ("/display/~ada/2024/01/31/Notes", "wiki:acme.atlassian.net/~ada/Notes"),
        // The id 123456789 as eight little-endian bytes in base64 is `Fc1bBwAAAAA=`.
        ("/wiki/x/Fc1bBw", "wiki:acme.atlassian.net/_/123456789"),
        // 4294967295 is `/////wAAAAA=`: slashes become hyphens.
        ("/wiki/x/-----w", "wiki:acme.atlassian.net/_/4294967295"),
        ("/wiki/spaces/ENG/overview", "wiki:acme.atlassian.net/ENG"),
        ("/display/ENG", "wiki:acme.atlassian.net/ENG"),
    ];
    for (path, expected) in cases {
        let got = read(DocumentKind::Issue, &format!("https://Acme.atlassian.net{path}"));
        assert_eq!(targets(&got), [expected], "{path}");
        assert_eq!(got[0].kind, EdgeKind::LinksTo);
    }
    for path in [
        "/wiki/spaces/ENG/pages/abc/def",
        "/wiki/pages/viewpage.action?pageId=x",
        "/wiki/x/",
        "/wiki/x/!",
        "/x/Fc1bBw",
        "/wiki/spaces",
    ] {
        assert_eq!(found(&format!("https://acme.atlassian.net{path}")), [""; 0], "{path}");
    }
}

#[test]
fn slack_permalinks_name_threads() {
    let cases = [
        ("/archives/C9/p1712345678000100", "slack:acme/C9/1712345678.000100"),
        (
            "/archives/C9/p1712345678000200?thread_ts=1712345678.000100&cid=C8",
            "slack:acme/C8/1712345678.000100",
        ),
        ("/archives/D9/p11712345678000100", "slack:acme/D9/11712345678.000100"),
        (
            "/archives/C9/p1712345678000100?thread_ts=bad&cid=x",
            "slack:acme/C9/1712345678.000100",
        ),
        ("/archives/C9", "slack:acme/C9"),
    ];
    for (path, expected) in cases {
        assert_eq!(found(&format!("https://acme.slack.com{path}")), [expected], "{path}");
    }
    for path in [
        "/archives/C9/p123456",
        "/archives/X9/p1712345678000100",
        "/archives/C9/1712345678000100",
        "/team/U1",
    ] {
        assert_eq!(found(&format!("https://acme.slack.com{path}")), [""; 0], "{path}");
    }
}

#[test]
fn the_edge_fits_what_it_joins() {
    let file = "https://github.com/octo/cat/blob/main/a.rs";
    let item = "https://github.com/octo/cat/pull/4";
    let page = "https://acme.atlassian.net/wiki/spaces/ENG/pages/123";
    let kind = |source, text: &str| read(source, text)[0].kind;
    assert_eq!(kind(DocumentKind::Page, file), EdgeKind::Documents);
    assert_eq!(kind(DocumentKind::Issue, file), EdgeKind::References);
    assert_eq!(kind(DocumentKind::Thread, item), EdgeKind::Discusses);
    assert_eq!(kind(DocumentKind::Thread, "PAY-12"), EdgeKind::Discusses);
    assert_eq!(kind(DocumentKind::Page, item), EdgeKind::References);
    assert_eq!(kind(DocumentKind::Comment, item), EdgeKind::References);
    assert_eq!(kind(DocumentKind::Page, page), EdgeKind::LinksTo);
}
