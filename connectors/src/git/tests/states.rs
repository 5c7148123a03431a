//! Repositories that are empty, damaged, shallow or none, and what is asked besides pulling.

use domain::seam::Connector;
use domain::{ErrorKind, Key, Sweep};

use super::fixture::{Reader, Repository, id, open, pages_of, run, source};
use crate::git::{Git, Settings};

#[test]
fn an_empty_repository_has_itself_only_and_sweeps_nothing_away() {
    let mut repository = Repository::empty();
    let git = repository.connector();
    let mut reader = Reader::fresh(&git);
    assert_eq!(reader.documents.len(), 1);
    assert!(matches!(run(git.sweep(reader.cursor.as_ref())), Ok(Sweep::Frozen(_))));
    let sha = repository.commit("at last");
    reader.read(&git);
    assert_eq!(reader.keys("commit"), [sha]);
}

#[test]
fn a_detached_head_and_a_named_branch_can_be_read() {
    let mut repository = Repository::empty();
    let first = repository.commit("one");
    let second = repository.commit("two");
    repository.git(&["checkout", "--quiet", "--detach", &first]);
    assert_eq!(
        Reader::fresh(&repository.connector()).keys("commit"),
        std::slice::from_ref(&first)
    );
    let main = open(Settings {
        branch: Some("main".into()),
        ..repository.settings()
    });
    assert_eq!(Reader::fresh(&main).keys("commit").len(), 2, "{first} {second}");
    let missing = open(Settings {
        branch: Some("nope".into()),
        ..repository.settings()
    });
    assert_eq!(
        run(missing.pull(None)).expect_err("no branch").kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn a_shallow_history_ends_where_it_ends() {
    let mut origin = Repository::empty();
    for n in 0..4 {
        origin.write("a.rs", format!("fn a{n}() {{}}\n"));
        origin.commit(&format!("{n}"));
    }
    let clone = tempfile::tempdir().expect("folder");
    let url = format!("file://{}", origin.path().display());
    origin.git(&[
        "clone",
        "--quiet",
        "--depth=2",
        &url,
        clone.path().to_str().expect("UTF-8"),
    ]);
    let git = open(Settings {
        location: clone.path().to_str().expect("UTF-8").into(),
        ..origin.settings()
    });
    let mut reader = Reader::fresh(&git);
    assert_eq!(reader.keys("commit").len(), 2);
    let end = origin.git(&["rev-parse", "HEAD~1"]);
    assert!(
        reader.commit(&end).field("files").is_empty(),
        "what it changed is not known"
    );

    origin.git(&[
        "-C",
        clone.path().to_str().expect("UTF-8"),
        "fetch",
        "--quiet",
        "--unshallow",
    ]);
    reader.read(&git);
    assert_eq!(reader.keys("commit").len(), 4);
    super::fixture::assert_same(&reader, &Reader::fresh(&repository_of(&clone, &origin)));
}

fn repository_of(folder: &tempfile::TempDir, like: &Repository) -> Git {
    open(Settings {
        location: folder.path().to_str().expect("UTF-8").into(),
        ..like.settings()
    })
}

#[test]
fn what_is_no_repository_is_a_clear_error() {
    let folder = tempfile::tempdir().expect("folder");
    let kind = |location: &str| {
        let error = Git::open(source(), Settings::new(location), folder.path()).expect_err(location);
        assert!(error.hint().is_some(), "{error}");
        error.kind()
    };
    assert_eq!(kind(folder.path().to_str().expect("UTF-8")), ErrorKind::Invalid);
    assert_eq!(kind("/nonexistent/folder"), ErrorKind::NotFound);
    let file = folder.path().join("file");
    std::fs::write(&file, "x").expect("file");
    assert_eq!(kind(file.to_str().expect("UTF-8")), ErrorKind::Invalid);
    let settings = Settings {
        max_file_bytes: 0,
        ..Settings::new("/")
    };
    assert!(Git::open(source(), settings, folder.path()).is_err());
}

#[test]
fn a_damaged_object_costs_itself_and_nothing_else() {
    let mut repository = Repository::empty();
    repository.write("good.rs", "fn good() {}\n");
    repository.write("bad.rs", "fn bad() {}\n");
    repository.commit("one");
    let blob = repository.git(&["rev-parse", "HEAD:bad.rs"]);
    let (folder, name) = blob.split_at(2);
    std::fs::remove_file(repository.path().join(".git/objects").join(folder).join(name)).expect("removed");
    let git = repository.connector();
    let mut reader = Reader::default();
    let told = reader.read(&git);
    let rejected: Vec<_> = told
        .pages
        .iter()
        .flat_map(|page| &page.rejected)
        .map(|one| one.item.as_str())
        .collect();
    assert_eq!(rejected, [r#"file "bad.rs""#]);
    assert_eq!(reader.keys("file"), ["good.rs"]);
}

#[test]
fn the_sweep_lists_exactly_what_a_pull_gives() {
    let mut repository = Repository::empty();
    repository.write("a.rs", "fn a() {}\n");
    repository.write("b.bin", b"\0");
    repository.write("vendor/c.rs", "fn c() {}\n");
    repository.commit("one");
    repository.git(&["tag", "v1"]);
    repository.commit("two");
    let git = repository.connector().with_limits(pages_of(1));
    let reader = Reader::fresh(&git);
    let Ok(Sweep::Complete(mut ids)) = run(git.sweep(reader.cursor.as_ref())) else {
        panic!("frozen")
    };
    ids.sort();
    assert_eq!(ids, reader.documents.keys().copied().collect::<Vec<_>>());
    assert!(ids.contains(&id(&Key::tag("acme/api", "v1"))));
}
