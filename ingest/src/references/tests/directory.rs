//! Readings through the directory.

use domain::DocumentKind;

use super::super::Directory;
use super::{context, directory_names, entry, extract, plain, targets};

fn readings(entries: &[(&str, &[&str], &str)], text: &str) -> Vec<(String, Option<String>, f32)> {
    let entries: Vec<_> = entries
        .iter()
        .map(|(key, aliases, label)| entry(key, aliases, label))
        .collect();
    let got = extract(&plain(text), &context(DocumentKind::Issue), &Directory::new(&entries));
    got.into_iter()
        .map(|one| {
            (
                one.target.to_string(),
                one.also.map(|label| label.to_string()),
                one.confidence,
            )
        })
        .collect()
}

#[test]
fn a_former_repository_name_adds_a_reading_under_the_label_of_the_entry() {
    let texts = [
        ("appcelerator/alloy#12", "github:{}#12"),
        ("https://github.com/appcelerator/alloy/pull/12", "github:{}#12"),
        (
            "https://github.com/appcelerator/alloy/blob/main/a/b.js",
            "file:{}/a/b.js",
        ),
        ("https://github.com/appcelerator/alloy", "repo:{}"),
    ];
    for alias in [
        "appcelerator/alloy",
        "repo:appcelerator/alloy",
        "https://github.com/Appcelerator/Alloy.git",
    ] {
        for (text, key) in texts {
            let got = readings(&[("repo:tidev/alloy", &[alias], "g/alloy")], text);
            let got: Vec<_> = got.into_iter().map(|(target, also, _)| (target, also)).collect();
            let expected = [
                (key.replace("{}", "tidev/alloy"), Some("g/alloy".to_owned())),
                (key.replace("{}", "appcelerator/alloy"), None),
            ];
            assert_eq!(got, expected, "{alias} {text}");
        }
    }
}

#[test]
fn a_name_that_means_itself_is_read_once() {
    let got = readings(&[("repo:tidev/alloy", &[], "g/alloy")], "tidev/alloy#12");
    assert_eq!(
        got.iter()
            .map(|one| (one.0.as_str(), one.1.as_deref()))
            .collect::<Vec<_>>(),
        [("github:tidev/alloy#12", None)]
    );
}

#[test]
fn every_label_that_explains_a_name_gives_a_reading() {
    let entries: [(&str, &[&str], &str); 3] = [
        ("jira:acme/PAY", &[], "a"),
        ("jira:acme/PAY", &[], "b"),
        ("jira:other/PAY", &[], "b"),
    ];
    let got = readings(&entries, "PAY-1");
    let names: Vec<_> = got.iter().map(|one| (one.0.as_str(), one.1.as_deref())).collect();
    assert_eq!(
        names,
        [
            ("jira:acme/PAY-1", Some("a")),
            ("jira:acme/PAY-1", Some("b")),
            ("jira:other/PAY-1", Some("b"))
        ]
    );
    assert!((got[0].2 - 0.95).abs() < 1e-6, "other labels' rivals do not count");
    assert!(
        (got[1].2 - 0.475).abs() < 1e-6 && (got[2].2 - 0.475).abs() < 1e-6,
        "rivals under one label halve it"
    );
}

#[test]
fn the_address_of_a_channel_leads_to_its_team() {
    let entries: [(&str, &[&str], &str); 2] = [
        (
            "slack:T1/C9",
            &["C9", "general", "https://acme.slack.com/archives/C9"],
            "s/all",
        ),
        ("slack:T2/C9", &["C9", "https://other.slack.com/archives/C9"], "o/all"),
    ];
    for (path, rest) in [("/p1712345678000100", "/1712345678.000100"), ("", "")] {
        let got = readings(&entries, &format!("https://acme.slack.com/archives/C9{path}"));
        let got: Vec<_> = got.iter().map(|one| (one.0.as_str(), one.1.as_deref())).collect();
        let (team, literal) = (format!("slack:T1/C9{rest}"), format!("slack:acme/C9{rest}"));
        assert_eq!(got, [(team.as_str(), Some("s/all")), (literal.as_str(), None)]);
    }
}

#[test]
fn an_address_of_a_wiki_leads_to_the_site_of_the_known_space() {
    let entries: [(&str, &[&str], &str); 2] = [("wiki:acme/ENG", &["ENG"], "w/all"), ("wiki:acme/OPS", &[], "w/all")];
    for (path, rest) in [
        ("spaces/ENG/pages/123/Title", "ENG/123"),
        ("spaces/ENG", "ENG"),
        ("pages/viewpage.action?pageId=125", "_/125"),
        ("x/Fc1bBw", "_/123456789"),
    ] {
        let got = readings(&entries, &format!("https://acme.atlassian.net/wiki/{path}"));
        let names: Vec<_> = got.iter().map(|one| (one.0.as_str(), one.1.as_deref())).collect();
        let (known, literal) = (format!("wiki:acme/{rest}"), format!("wiki:acme.atlassian.net/{rest}"));
        assert_eq!(
            names,
            [(known.as_str(), Some("w/all")), (literal.as_str(), None)],
            "{path}"
        );
    }
    assert_eq!(
        readings(&entries, "https://acme.atlassian.net/wiki/spaces/HR/pages/1").len(),
        1
    );
}

#[test]
fn aliases_that_are_no_names_are_passed_over() {
    let aliases: &[&str] = &["10042", "Payments", "jira:other/OLD", "https://acme.example/x", ""];
    assert_eq!(readings(&[("jira:acme/PAY", aliases, "a")], "OLD-1 PAYMENTS-1"), []);
    assert_eq!(readings(&[("repo:acme/api", aliases, "a")], "OLD-1"), []);
    assert_eq!(readings(&[("account:github/x", &["PAY"], "a")], "PAY-1"), []);
}

#[test]
fn names_are_listed_known_or_not() {
    let text = "PAY-12 UTF-8 Octo/Cat#1 #12 acme/web#3 https://github.com/a/b/pull/1 https://x.example/browse/NEW-4 https://ws.slack.com/archives/C9 \
                https://x.example/wiki/spaces/ENG/pages/1 https://x.example/pages/viewpage.action?pageId=2";
    let names = directory_names(&plain(text), &context(DocumentKind::Issue));
    assert_eq!(
        names,
        [
            "jira:NEW",
            "jira:PAY",
            "jira:UTF",
            "repo:a/b",
            "repo:octo/cat",
            "slack:ws/C9",
            "wiki:ENG",
            "wiki:_",
        ],
        "all but the document's own repository"
    );
}

#[test]
fn names_beyond_the_bound_are_neither_listed_nor_looked_up() {
    let text = (0..80).map(|n| format!("o/r{n}#1")).collect::<Vec<_>>().join(" ");
    let names = directory_names(&plain(&text), &context(DocumentKind::Issue));
    assert_eq!(names.len(), 64);
    let entries: Vec<_> = (0..80)
        .map(|n| entry(&format!("repo:new/r{n}"), &[&format!("o/r{n}")], "g"))
        .collect();
    let got = extract(&plain(&text), &context(DocumentKind::Issue), &Directory::new(&entries));
    assert_eq!(got.iter().filter(|one| one.also.is_some()).count(), 64);
    assert_eq!(
        targets(&got)
            .iter()
            .filter(|target| target.starts_with("github:o/"))
            .count(),
        80
    );
}
