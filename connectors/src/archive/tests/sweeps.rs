//! What a sweep takes for gone, and what it leaves alone because it cannot be read.

use std::collections::BTreeSet;
use std::fs;

use domain::seam::Connector as _;
use domain::{Change, Cursor, Page, Sweep};
use serde_json::{Value, json};

use super::{Archive, Kind, archive, folder, found, lines, pull, run, write};

fn issue(key: &str) -> Value {
    json!({ "key": key, "self": "https://acme.example/rest/api/2/issue/1", "fields": { "summary": key } })
}

/// Pull and sweep: the page, what exists, and under which keys nothing is known.
fn swept(archive: &Archive, cursor: Option<&Cursor>) -> (Page, Vec<String>, Vec<String>) {
    let page = pull(archive, cursor).unwrap();
    let all = pull(archive, None).unwrap();
    let (ids, unknown) = match run(archive.sweep(Some(&page.cursor))).unwrap() {
        Sweep::Complete(ids) => (ids, BTreeSet::new()),
        Sweep::Partial { existing, unknown } => (existing, unknown),
        Sweep::Frozen(reason) => panic!("{reason}"),
    };
    let key = |change: Change| match change {
        Change::Upsert(document) => ids.contains(&document.id).then(|| document.key.to_string()),
        Change::Delete(_) | Change::Access(_) | Change::Account(_) => None,
    };
    let keys = all.changes.into_iter().filter_map(key).collect();
    (page, keys, unknown.iter().map(ToString::to_string).collect())
}

fn reason(archive: &Archive, cursor: &Cursor) -> String {
    match run(archive.sweep(Some(cursor))).unwrap() {
        Sweep::Frozen(reason) => reason,
        told @ (Sweep::Complete(_) | Sweep::Partial { .. }) => panic!("{told:?}"),
    }
}

#[test]
fn a_record_that_cannot_be_read_protects_what_it_names_and_nothing_else() {
    let folder = folder();
    let good = lines(&[issue("A-1"), issue("A-2"), issue("B-1")]);
    write(folder.path(), "all.jsonl", &good);
    let archive = archive(Kind::Jira, folder.path(), json!({}));
    let first = pull(&archive, None).unwrap();
    let half = issue("A-2")
        .to_string()
        .replace("\"summary\":\"A-2\"}}", "\"summary\":{\"key\":\"A-1\",");
    let long = format!(
        "{{\"key\":\"B-1\",\"self\":\"https://acme.example/x\",\"x\":\"{}\"}}",
        "x".repeat(17 << 20)
    );
    write(
        folder.path(),
        "all.jsonl",
        format!("{half}\n{long}\n[1]\n{{\"other\":1}}\n{}", lines(&[issue("A-3")])),
    );
    let (page, exist, unknown) = swept(&archive, Some(&first.cursor));
    assert_eq!((page.rejected.len(), page.sweep_due), (4, true));
    assert_eq!(exist, ["jira:acme.example/A", "jira:acme.example/A-3"]);
    let acme = |key: &str| format!("jira:acme.example/{key}");
    assert_eq!(unknown, ["A", "A-2", "B", "B-1"].map(acme));
}

#[test]
fn what_names_nothing_freezes_the_sweep_and_says_so() {
    let folder = folder();
    write(folder.path(), "all.jsonl", lines(&[issue("A-1"), issue("A-2")]));
    let archive = archive(Kind::Jira, folder.path(), json!({}));
    for damage in [
        "not json\n".to_owned(),
        "{\"key\": \"A-2".to_owned(),
        "{\"key\":\"A-2\",\n".to_owned(),
    ] {
        write(folder.path(), "all.jsonl", lines(&[issue("A-1")]) + &damage);
        let page = pull(&archive, None).unwrap();
        let told = reason(&archive, &page.cursor);
        assert!(told.contains("all.jsonl:2"), "{damage}: {told}");
    }
}

#[test]
fn an_emptied_archive_deletes_nothing_and_says_so() {
    let commit = json!({ "sha": "a".repeat(40), "message": "One" });
    for (kind, name, full, empty) in [
        (Kind::Jira, "a.json", json!([issue("A-1")]).to_string(), "[]"),
        (Kind::Jira, "a.jsonl", lines(&[issue("A-1")]), ""),
        (Kind::Commits, "acme__api.jsonl", lines(&[commit]), ""),
    ] {
        let folder = folder();
        write(folder.path(), name, full);
        let archive = archive(kind, folder.path(), json!({}));
        let first = pull(&archive, None).unwrap();
        write(folder.path(), name, empty);
        let page = pull(&archive, Some(&first.cursor)).unwrap();
        assert!(page.sweep_due, "{name}");
        assert!(
            reason(&archive, &page.cursor).contains("no documents any more"),
            "{name}"
        );
    }
}

#[test]
fn a_sweep_waits_for_changes_that_were_not_read() {
    let folder = folder();
    write(folder.path(), "a.jsonl", lines(&[issue("A-1")]));
    write(folder.path(), "b.jsonl", lines(&[issue("B-1")]));
    let archive = archive(Kind::Jira, folder.path(), json!({}));
    let page = pull(&archive, None).unwrap();
    for change in [None, Some(issue("B-2"))] {
        match change {
            None => fs::remove_file(folder.path().join("b.jsonl")).unwrap(),
            Some(issue) => write(folder.path(), "b.jsonl", lines(&[issue])),
        }
        assert!(reason(&archive, &page.cursor).contains("has changed"));
    }
}

#[test]
fn pages_commits_and_conversations_protect_their_own() {
    let folder = folder();
    write(folder.path(), "wiki/a.md", b"\xff");
    write(folder.path(), "wiki/b.md", "# B");
    let wiki = archive(Kind::Wiki, &folder.path().join("wiki"), json!({ "space": "S" }));
    let (_, exist, unknown) = swept(&wiki, None);
    assert_eq!(
        (exist, unknown),
        (
            vec!["wiki:src/S".into(), "wiki:src/S/b".into()],
            vec!["wiki:src/S/a".into()]
        )
    );

    let (whole, cut) = ("a".repeat(40), "b".repeat(40));
    let log = format!(
        "{{\"sha\":\"{cut}\",\"message\":\n{}",
        json!({ "sha": whole, "message": "One" })
    );
    write(folder.path(), "log/acme__api.jsonl", log);
    let (_, exist, unknown) = swept(&archive(Kind::Commits, &folder.path().join("log"), json!({})), None);
    assert_eq!((exist.len(), unknown), (2, vec![format!("commit:acme/api@{cut}")]));

    write(
        folder.path(),
        "slack/channels.json",
        json!([{ "id": "C1", "name": "one" }, { "id": "C2", "name": "two" }]).to_string(),
    );
    write(folder.path(), "slack/one/2024-01-01.json", "[{\"ts\": ");
    write(
        folder.path(),
        "slack/two/2024-01-01.json",
        json!([{ "ts": "1704100000.000000", "text": "hi" }]).to_string(),
    );
    let (_, exist, unknown) = swept(&archive(Kind::Slack, &folder.path().join("slack"), json!({})), None);
    assert_eq!((exist.len(), unknown), (3, vec!["slack:src/C1".into()]));

    let item = |number: u32| json!({ "number": number, "title": "T", "url": format!("https://api.github.com/repos/acme/api/issues/{number}") });
    let broken = item(2).to_string().replace('}', ",\"body\":");
    write(folder.path(), "github/issues.jsonl", format!("{}\n{broken}\n", item(1)));
    let (_, exist, unknown) = swept(&archive(Kind::Github, &folder.path().join("github"), json!({})), None);
    assert_eq!(
        (exist, unknown),
        (vec!["github:acme/api#1".into()], vec!["github:acme/api#2".into()])
    );
}

#[test]
fn nobody_can_make_an_issue_unreadable_by_nesting() {
    let folder = folder();
    let deep = format!(
        "{}{{\"type\":\"text\",\"text\":\"x\"}}{}",
        "{\"type\":\"panel\",\"content\":[".repeat(5000),
        "]}".repeat(5000)
    );
    let record = format!("{{\"key\":\"A-1\",\"fields\":{{\"summary\":\"Deep\",\"description\":{deep}}}}}\n");
    write(folder.path(), "a.jsonl", record);
    let found = found(Kind::Jira, folder.path(), json!({}));
    assert!(found.rejected.is_empty(), "{:?}", found.rejected);
    let body = &found.document("jira:src/A-1").body.text;
    assert!(body.contains("panel") && body.contains("nested too deep"), "{body}");
}

#[test]
fn rejections_of_units_that_share_an_entry_of_the_cursor_go_with_their_units() {
    let folder = folder();
    let name = |number: usize| format!("{}-{number:04}.md", "a-page-with-a-rather-long-name".repeat(4));
    for number in 0..2500 {
        write(folder.path(), &name(number), "# Page");
    }
    write(folder.path(), &name(7), b"\xff");
    let archive = archive(Kind::Wiki, folder.path(), json!({ "space": "S" }));
    let first = pull(&archive, None).unwrap();
    assert_eq!(first.rejected[0].item, format!("{}:1", name(7)));
    assert!(first.cursor.0.contains("\"#"), "units share entries");
    fs::remove_file(folder.path().join(name(7))).unwrap();
    let second = pull(&archive, Some(&first.cursor)).unwrap();
    assert!(second.reread.contains(&format!("{}:", name(7))) && second.rejected.is_empty());
}
