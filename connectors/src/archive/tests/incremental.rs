//! Cursors: what is read again, what is not, and where reading goes on.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use domain::seam::Connector as _;
use domain::{Change, Cursor, Page, Sweep};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Kind, archive, folder, lines, pull, run, write};

fn issue(project: &str, number: usize) -> Value {
    json!({ "key": format!("{project}-{number}"), "fields": { "summary": format!("number {number}"), "reporter": { "name": format!("u{}", number % 7) } } })
}

fn file(project: &str, numbers: impl IntoIterator<Item = usize>) -> String {
    lines(
        &numbers
            .into_iter()
            .map(|number| issue(project, number))
            .collect::<Vec<_>>(),
    )
}

/// Give a file another time without changing it.
fn touch(path: &Path, seconds: u64) {
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
        .unwrap();
}

fn keys(page: &Page) -> Vec<String> {
    let key = |change: &Change| match change {
        Change::Upsert(document) => Some(document.key.to_string()),
        Change::Delete(_) | Change::Access(_) | Change::Account(_) => None,
    };
    page.changes.iter().filter_map(key).collect()
}

#[test]
fn an_unchanged_archive_gives_nothing_new() {
    let folder = folder();
    write(folder.path(), "A.jsonl", file("A", 1..4));
    let archive = archive(Kind::Jira, folder.path(), json!({}));
    let first = pull(&archive, None).unwrap();
    assert_eq!((keys(&first).len(), first.sweep_due), (4, false));
    let second = pull(&archive, Some(&first.cursor)).unwrap();
    assert_eq!(second, Page::empty(first.cursor.clone()));

    touch(&folder.path().join("A.jsonl"), 1_000_000);
    let touched = pull(&archive, Some(&first.cursor)).unwrap();
    assert_eq!((touched.changes, touched.sweep_due), (Vec::new(), false));
    assert_ne!(
        touched.cursor, first.cursor,
        "the new time is remembered, so that the content is compared once"
    );
}

#[test]
fn a_changed_file_is_read_again_and_the_others_are_not() {
    let folder = folder();
    write(folder.path(), "A.jsonl", file("A", 1..4));
    write(folder.path(), "B.jsonl", format!("{}broken\n", file("B", 1..4)));
    let archive = archive(Kind::Jira, folder.path(), json!({}));
    let first = pull(&archive, None).unwrap();
    assert_eq!(first.rejected[0].item, "B.jsonl:4");

    write(folder.path(), "B.jsonl", file("B", 2..5));
    let second = pull(&archive, Some(&first.cursor)).unwrap();
    assert_eq!(
        keys(&second),
        ["jira:src/B", "jira:src/B-2", "jira:src/B-3", "jira:src/B-4"]
    );
    assert_eq!(
        (second.reread.as_slice(), second.sweep_due),
        (&["B.jsonl:".to_owned()][..], true)
    );
    let Sweep::Complete(ids) = run(archive.sweep(Some(&second.cursor))).unwrap() else {
        panic!("complete")
    };
    assert_eq!(ids.len(), 8);

    fs::remove_file(folder.path().join("A.jsonl")).unwrap();
    write(folder.path(), "C.jsonl", file("C", 1..2));
    let third = pull(&archive, Some(&second.cursor)).unwrap();
    assert_eq!(
        (keys(&third), third.sweep_due),
        (vec!["jira:src/C".to_owned(), "jira:src/C-1".to_owned()], true)
    );
    assert_eq!(third.reread, ["A.jsonl:", "C.jsonl:"]);
    let fourth = pull(&archive, Some(&third.cursor)).unwrap();
    assert!(!fourth.sweep_due, "a sweep is asked for once");
}

#[test]
fn pages_are_small_and_each_cursor_goes_on_after_a_restart() {
    let folder = folder();
    write(folder.path(), "A.jsonl", file("A", 1..2500));
    write(folder.path(), "B.jsonl", file("B", 1..700));
    let open = || archive(Kind::Jira, folder.path(), json!({}));
    let whole = keys(&pull(&open(), None).unwrap());
    assert_eq!(whole.len(), 2499 + 699 + 2);

    let mut resumed = Vec::new();
    let mut cursor: Option<Cursor> = None;
    loop {
        let page = run(open().pull(cursor.as_ref())).unwrap();
        assert!(page.changes.len() <= 1000);
        assert!(!page.sweep_due, "nothing can have vanished");
        resumed.extend(keys(&page));
        cursor = Some(page.cursor);
        if !page.more {
            break;
        }
    }
    assert_eq!(resumed, whole);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_begun_again() {
    let folder = folder();
    write(folder.path(), "A.jsonl", file("A", 1..2500));
    let first = run(archive(Kind::Jira, folder.path(), json!({})).pull(None)).unwrap();
    assert!(first.more);
    write(folder.path(), "A.jsonl", file("A", 10..12));
    let rest = pull(&archive(Kind::Jira, folder.path(), json!({})), Some(&first.cursor)).unwrap();
    assert_eq!(
        (keys(&rest), rest.sweep_due),
        (
            vec!["jira:src/A".into(), "jira:src/A-10".into(), "jira:src/A-11".into()],
            true
        )
    );
    assert_eq!(rest.reread, ["A.jsonl:"]);
}

#[test]
fn other_settings_read_everything_again() {
    let folder = folder();
    write(folder.path(), "A.jsonl", file("A", 1..3));
    let first = pull(&archive(Kind::Jira, folder.path(), json!({})), None).unwrap();
    let moved = pull(
        &archive(Kind::Jira, folder.path(), json!({ "site": "acme" })),
        Some(&first.cursor),
    )
    .unwrap();
    assert_eq!((keys(&moved).len(), moved.sweep_due), (3, true));
}

#[test]
fn members_of_a_private_channel_change_without_reading_its_days() {
    let folder = folder();
    let list = |members: Value| json!([{ "id": "G1", "name": "ops", "members": members }]).to_string();
    write(folder.path(), "groups.json", list(json!(["U1"])));
    write(
        folder.path(),
        "ops/2024-01-01.json",
        json!([{ "user": "U1", "ts": "1704100000.000000", "text": "hi" }]).to_string(),
    );
    let archive = archive(Kind::Slack, folder.path(), json!({ "access": "source" }));
    let first = pull(&archive, None).unwrap();
    write(folder.path(), "groups.json", list(json!(["U1", "U2"])));
    let second = pull(&archive, Some(&first.cursor)).unwrap();
    assert_eq!(
        (keys(&second), second.sweep_due),
        (vec!["slack:src/G1".to_owned()], true)
    );
    let rules = second.changes.iter().filter(|change| matches!(change, Change::Access(rule) if rule.readers == super::principals(&["account:slack/src/U1", "account:slack/src/U2"])));
    assert_eq!(rules.count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    /// Whatever is done to the files between pulls, the pulls and sweeps together know exactly what the files hold.
    #[test]
    fn pulls_and_sweeps_follow_any_history(steps in proptest::collection::vec((0usize..3, proptest::collection::btree_set(1usize..30, 0..12), any::<bool>()), 1..8)) {
        let folder = folder();
        write(folder.path(), "Z.jsonl", file("Z", 1..2));
        let mut known = std::collections::BTreeMap::new();
        let mut cursor = None;
        for (which, numbers, restart) in steps {
            let name = ["A", "B", "C"][which];
            let path = format!("{name}.jsonl");
            if numbers.is_empty() {
                drop(fs::remove_file(folder.path().join(&path)));
            } else {
                write(folder.path(), &path, file(name, numbers.iter().copied()));
            }
            let archive = archive(Kind::Jira, folder.path(), json!({}));
            let page = pull(&archive, cursor.as_ref().filter(|_| !restart)).unwrap();
            for change in &page.changes {
                if let Change::Upsert(document) = change {
                    known.insert(document.id, document.key.to_string());
                }
            }
            if page.sweep_due || restart {
                let Sweep::Complete(ids) = run(archive.sweep(Some(&page.cursor))).unwrap() else { panic!("complete") };
                known.retain(|id, _| ids.contains(id));
            }
            cursor = Some(page.cursor);
            let fresh: std::collections::BTreeSet<String> = keys(&pull(&archive, None).unwrap()).into_iter().collect();
            let known: std::collections::BTreeSet<String> = known.values().cloned().collect();
            prop_assert_eq!(known, fresh);
        }
    }
}

#[test]
fn an_estimate_names_the_files_that_are_to_be_read() {
    let folder = folder();
    write(folder.path(), "a.jsonl", file("A", 1..5));
    write(folder.path(), "b.jsonl", file("B", 1..5));
    let archive = archive(Kind::Jira, folder.path(), json!({ "site": "acme" }));
    let told = |cursor: Option<&Cursor>| run(archive.estimate(cursor)).unwrap();
    let first = told(None);
    assert_eq!((first.work().requests, first.documents), (0, None));
    assert!(first.grounds[0].starts_with("2 files of"), "{first:?}");
    let page = pull(&archive, None).unwrap();
    let idle = told(Some(&page.cursor));
    assert_eq!(
        (idle.documents, idle.grounds),
        (Some(0), vec!["no file changed".to_owned()])
    );
    write(folder.path(), "b.jsonl", file("B", 1..9));
    let size = fs::metadata(folder.path().join("b.jsonl")).unwrap().len();
    let changed = told(Some(&page.cursor));
    assert!(
        changed.grounds[0].starts_with(&format!("1 files of {size} bytes")),
        "{changed:?}"
    );
}
