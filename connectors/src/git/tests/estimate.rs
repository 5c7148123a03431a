//! What is told before a reading, and what the reading then brings.

use domain::seam::Connector;

use super::fixture::{Reader, Repository, pages_of, run, source};
use crate::git::{Git, Settings};

/// Documents that a reading brings.
fn brought(reader: &mut Reader, git: &Git) -> usize {
    let told = reader.read(git);
    let changes = told.pages.iter().flat_map(|page| &page.changes);
    changes
        .filter(|change| matches!(change, domain::Change::Upsert(_)))
        .count()
}

#[test]
fn a_reading_is_told_by_commits_files_and_tags() {
    let mut repository = Repository::empty();
    for n in 0..7 {
        repository.write(&format!("src/{n}.rs"), format!("fn f{n}() {{}}\n"));
        repository.commit(&format!("add {n}"));
    }
    repository.git(&["tag", "v1"]);
    let git = repository.connector();
    let mut reader = Reader::default();
    let estimate = |reader: &Reader| run(git.estimate(reader.cursor.as_ref())).expect("an estimate");
    let told = estimate(&reader);
    assert_eq!((told.work().requests, told.documents), (0, Some(1 + 7 + 7 + 1)));
    assert_eq!(brought(&mut reader, &git), 16);
    assert_eq!(estimate(&reader).documents, Some(1));
    repository.write("src/3.rs", "fn other() {}\n");
    repository.commit("change");
    let told = estimate(&reader);
    assert_eq!((told.documents, told.sweep_due), (Some(1 + 1 + 1), false));
    assert_eq!(brought(&mut reader, &git), 3);
}

#[test]
fn a_reading_that_is_under_way_has_less_before_it() {
    let mut repository = Repository::empty();
    for n in 0..6 {
        repository.write(&format!("{n}.rs"), "fn f() {}\n");
        repository.commit("add");
    }
    let git = repository.connector().with_limits(pages_of(4));
    let page = run(git.pull(None)).expect("a page");
    let told = run(git.estimate(Some(&page.cursor))).expect("an estimate");
    assert_eq!(told.documents, Some(1 + 2 + 6));
}

#[test]
fn nothing_is_fetched_to_tell() {
    let mut repository = Repository::empty();
    repository.write("a.rs", "fn a() {}\n");
    repository.commit("one");
    let folder = tempfile::tempdir().expect("folder");
    let clone = folder.path().join("clone");
    let location = format!("file://{}", repository.path().display());
    let settings = Settings {
        location,
        ..repository.settings()
    };
    let git = Git::open(source(), settings, &clone).expect("opens");
    let told = run(git.estimate(None)).expect("an estimate");
    assert_eq!(told.documents, None);
    assert!(told.grounds[0].contains("not cloned") && !clone.exists(), "{told:?}");
    let reader = Reader::fresh(&git);
    repository.commit("two");
    let told = run(git.estimate(reader.cursor.as_ref())).expect("an estimate");
    assert_eq!(told.documents, Some(1));
    assert!(
        told.grounds.iter().any(|ground| ground.contains("not fetched")),
        "{told:?}"
    );
}
