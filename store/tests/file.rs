//! What holds of the file itself: whose it is, how it is opened, and that more than one may open it.

use std::path::Path;
use std::time::Duration;

use domain::seam::store::{Lease, SourceRecord};
use domain::seam::{DocumentStore, ExportStore, ProjectionStore, SourceStore, SyncStore};
use domain::{
    AccessId, AccessRule, Body, Change, Cursor, Document, DocumentId, DocumentKind, ErrorKind, Key, Page, Readers,
    SourceId, Timestamp, Visible,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row};
use store::Sqlite;

const NOW: Timestamp = Timestamp(0);

async fn source(store: &Sqlite, name: &str) -> (SourceId, Lease) {
    let source = SourceId::new(name).expect("slug");
    let settings = serde_json::Value::Null;
    store
        .put_source(
            SourceRecord {
                id: source.clone(),
                connector: "x".into(),
                settings,
                added: NOW,
            },
            Readers::Public,
        )
        .await
        .expect("put source");
    let lease = store
        .lease(name, "test", Duration::from_mins(1), NOW)
        .await
        .expect("lease")
        .expect("free");
    (source, lease)
}

fn document(source: &SourceId, native: &str) -> Document {
    Document {
        id: DocumentId::new(source, native),
        source: source.clone(),
        kind: DocumentKind::Page,
        key: Key::wiki_page("acme", "ENG", native),
        aliases: vec![format!("page {native}")],
        container: Key::wiki_space("acme", "ENG"),
        access: AccessId::new(source, "open"),
        title: native.to_owned(),
        body: Body::plain("text"),
        url: None,
        author: None,
        created: None,
        updated: None,
        fields: std::collections::BTreeMap::new(),
        links: Vec::new(),
    }
}

fn page(changes: Vec<Change>) -> Page {
    Page {
        changes,
        ..Page::empty(Cursor("c".into()))
    }
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path).create_if_missing(true))
        .await
        .expect("connect")
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("store.db");
    let store = Sqlite::open(&path).await.expect("open");
    let (source, lease) = source(&store, "a").await;
    let change = Change::Upsert(Box::new(document(&source, "1")));
    store
        .commit(&source, &lease, page(vec![change]), NOW)
        .await
        .expect("commit");
    store.close().await;
    assert_eq!(store.sources().await.expect_err("closed").kind(), ErrorKind::Cancelled);
    let store = Sqlite::open(&path).await.expect("open again");
    assert_eq!(
        store
            .documents(&[document(&source, "1").id], &Visible::All)
            .await
            .expect("read"),
        [document(&source, "1")]
    );
    assert_eq!(
        store.resume(&source).await.expect("resume").cursor,
        Some(Cursor("c".into()))
    );
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_file_and_its_log() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("folder");
    let store = Sqlite::open(&folder.path().join("store.db")).await.expect("open");
    source(&store, "a").await;
    let mut seen = 0;
    for entry in std::fs::read_dir(folder.path()).expect("folder") {
        let mode = entry.expect("entry").metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0);
        seen += 1;
    }
    assert_eq!(seen, 3, "the file, its log and the log's index");
}

#[tokio::test]
async fn the_file_is_opened_for_durability() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("store.db");
    let store = Sqlite::open(&path).await.expect("open");
    let mut connection = raw(&path).await;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut connection)
        .await
        .expect("pragma");
    assert_eq!(mode, "wal");
    store.close().await;
    let check: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut connection)
        .await
        .expect("pragma");
    assert_eq!(check, "ok");
}

#[tokio::test]
async fn files_that_are_no_store_are_refused_unharmed() {
    let folder = tempfile::tempdir().expect("folder");
    let garbage = folder.path().join("garbage");
    std::fs::write(&garbage, [7; 5000]).expect("write");
    let error = Sqlite::open(&garbage).await.expect_err("garbage");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.hint().is_some());
    assert_eq!(std::fs::read(&garbage).expect("read"), [7; 5000]);

    let foreign = folder.path().join("foreign.db");
    let mut connection = raw(&foreign).await;
    sqlx::query("CREATE TABLE theirs (x)")
        .execute(&mut connection)
        .await
        .expect("create");
    connection.close().await.expect("close");
    let before = std::fs::read(&foreign).expect("read");
    assert_eq!(
        Sqlite::open(&foreign).await.expect_err("foreign").kind(),
        ErrorKind::Invalid
    );
    assert_eq!(std::fs::read(&foreign).expect("read"), before);

    let absent = folder.path().join("absent").join("store.db");
    assert_eq!(
        Sqlite::open(&absent).await.expect_err("no folder").kind(),
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn a_store_of_a_newer_release_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("store.db");
    Sqlite::open(&path).await.expect("open").close().await;
    let mut connection = raw(&path).await;
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'later', 1, x'00', 0)";
    sqlx::query(later).execute(&mut connection).await.expect("insert");
    connection.close().await.expect("close");
    let error = Sqlite::open(&path).await.expect_err("newer");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.hint().is_some_and(|hint| hint.contains("release")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_openings_at_once_write_in_turn() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("store.db");
    let (one, two) = tokio::join!(Sqlite::open(&path), Sqlite::open(&path));
    let mut tasks = Vec::new();
    for (name, store) in [("a", one.expect("open")), ("b", two.expect("open"))] {
        let (source, lease) = source(&store, name).await;
        for batch in 0..20 {
            let (store, source, lease) = (store.clone(), source.clone(), lease.clone());
            tasks.push(tokio::spawn(async move {
                let change = Change::Upsert(Box::new(document(&source, &batch.to_string())));
                store
                    .commit(&source, &lease, page(vec![change]), NOW)
                    .await
                    .map(|done| done.revision)
            }));
        }
    }
    let mut revisions = Vec::new();
    for task in tasks {
        revisions.push(task.await.expect("no panic").expect("no conflict"));
    }
    revisions.sort_unstable();
    assert!(
        revisions
            .into_iter()
            .eq((1..=20).flat_map(|revision| [revision, revision]))
    );
}

#[tokio::test]
async fn a_dropped_commit_leaves_nothing_and_blocks_nobody() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Sqlite::open(&folder.path().join("store.db")).await.expect("open");
    let (source, lease) = source(&store, "a").await;
    let large = || {
        page(
            (0..500)
                .map(|n| Change::Upsert(Box::new(document(&source, &n.to_string()))))
                .collect(),
        )
    };
    for polls in 0..40 {
        let mut commit = std::pin::pin!(store.commit(&source, &lease, large(), NOW));
        for _ in 0..polls {
            tokio::select! {
                biased;
                done = &mut commit => { done.expect("commit"); break }
                () = tokio::task::yield_now() => {}
            }
        }
    }
    let report = store.sources().await.expect("sources").remove(0);
    let log = store.changed(&source, 0, 1000).await.expect("changed");
    assert!(log.is_empty() || log.len() == 500, "{}", log.len());
    assert_eq!(report.revision, log.last().map_or(0, |last| last.revision));
    store.commit(&source, &lease, large(), NOW).await.expect("commit");
    assert_eq!(store.changed(&source, 0, 1000).await.expect("changed").len(), 500);
}

#[tokio::test]
async fn one_source_cannot_open_the_label_of_another() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Sqlite::open(&folder.path().join("store.db")).await.expect("open");
    let (owner, lease) = source(&store, "a").await;
    let rule = |readers| {
        Change::Access(AccessRule {
            id: AccessId::new(&owner, "secret"),
            container: Key::from_raw("c"),
            readers,
        })
    };
    let nobody = Readers::Principals(std::collections::BTreeSet::new());
    store
        .commit(&owner, &lease, page(vec![rule(nobody.clone())]), NOW)
        .await
        .expect("commit");
    let (thief, lease) = source(&store, "b").await;
    let error = store
        .commit(&thief, &lease, page(vec![rule(Readers::Public)]), NOW)
        .await
        .expect_err("not its label");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(
        store
            .access_rules()
            .await
            .expect("rules")
            .first()
            .map(|rule| rule.readers.clone()),
        Some(nobody)
    );
}

#[tokio::test]
async fn names_are_found_through_indexes() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("store.db");
    Sqlite::open(&path).await.expect("open").close().await;
    let mut connection = raw(&path).await;
    let plans = [
        ("SELECT id FROM documents WHERE key = ?1", "documents_key"),
        (
            "SELECT id FROM documents WHERE sha >= ?1 AND sha < ?1 || 'g' AND key IS NOT NULL",
            "documents_sha",
        ),
        (
            "SELECT id FROM documents WHERE kind IN ('project', 'repository', 'channel', 'space') AND hash IS NOT NULL ORDER BY key, id",
            "documents_directory",
        ),
        (
            "SELECT body FROM documents WHERE source = ?1 AND revision > ?2 ORDER BY revision LIMIT 9",
            "sqlite_autoindex_documents_2",
        ),
    ];
    for (statement, index) in plans {
        let statement = format!("EXPLAIN QUERY PLAN {statement}");
        let plan = sqlx::query(sqlx::AssertSqlSafe(statement.clone()))
            .fetch_all(&mut connection)
            .await
            .expect("explain");
        let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        assert!(steps.iter().any(|step| step.contains(index)), "{statement}: {steps:?}");
        assert!(
            !steps
                .iter()
                .any(|step| step.starts_with("SCAN documents") && !step.contains("INDEX")),
            "{steps:?}"
        );
    }
}
