//! Clones: made, brought up to date, pruned, and recovered.

use domain::seam::Connector;
use domain::{ErrorKind, Sweep};

use super::fixture::{Reader, Repository, assert_same, run, source};
use crate::git::{Git, Settings};

fn clone_of(repository: &Repository, folder: &std::path::Path) -> Git {
    let location = format!("file://{}", repository.path().display());
    Git::open(
        source(),
        Settings {
            location,
            ..repository.settings()
        },
        folder,
    )
    .expect("opens")
}

#[test]
fn a_clone_reads_like_the_repository_itself_and_follows_it() {
    let mut repository = Repository::empty();
    repository.write("a.rs", "fn a() {}\n");
    repository.commit("one");
    repository.git(&["tag", "-a", "v1", "-m", "one"]);
    repository.git(&["branch", "topic"]);
    let folder = tempfile::tempdir().expect("folder");
    let clone = folder.path().join("deep/clone");
    let git = clone_of(&repository, &clone);
    assert!(matches!(run(git.sweep(None)), Ok(Sweep::Frozen(_))));
    let mut reader = Reader::fresh(&git);
    assert_same(&reader, &Reader::fresh(&repository.connector()));
    assert!(clone.join("HEAD").exists() && !clone.join(".git").exists(), "bare");

    // Forced back, a tag gone, another moved, and a branch where a folder of branches was.
    repository.git(&["commit", "--quiet", "--amend", "-m", "one, said better"]);
    repository.git(&["tag", "-d", "v1"]);
    repository.git(&["branch", "-D", "topic"]);
    repository.git(&["branch", "topic/deeper"]);
    repository.write("b.rs", "fn b() {}\n");
    repository.commit("two");
    reader.read(&git);
    assert_same(&reader, &Reader::fresh(&repository.connector()));
    assert!(reader.keys("tag").is_empty());

    // The default branch has another name.
    repository.git(&["branch", "-m", "main", "trunk"]);
    repository.commit("three");
    reader.read(&clone_of(&repository, &clone));
    assert_same(&reader, &Reader::fresh(&repository.connector()));
}

#[test]
fn a_clone_that_was_removed_is_made_again() {
    let mut repository = Repository::empty();
    for n in 0..4 {
        repository.commit(&format!("{n}"));
    }
    let folder = tempfile::tempdir().expect("folder");
    let clone = folder.path().join("clone");
    let git = clone_of(&repository, &clone).with_limits(super::fixture::pages_of(1));
    let mut reader = Reader::default();
    reader.take(&run(git.pull(None)).expect("page"));
    std::fs::remove_dir_all(&clone).expect("removed");
    reader.read(&git);
    assert_same(&reader, &Reader::fresh(&repository.connector()));
}

#[test]
fn an_empty_remote_can_be_cloned_and_fills_later() {
    let mut repository = Repository::empty();
    let folder = tempfile::tempdir().expect("folder");
    let git = clone_of(&repository, &folder.path().join("clone"));
    let mut reader = Reader::fresh(&git);
    assert_eq!(reader.documents.len(), 1);
    let sha = repository.commit("at last");
    reader.read(&git);
    assert_eq!(reader.keys("commit"), [sha]);
}

#[test]
fn a_remote_that_is_not_there_is_an_error_with_a_hint() {
    let folder = tempfile::tempdir().expect("folder");
    let settings = Settings::new("file:///nonexistent/repository.git");
    let git = Git::open(source(), settings, &folder.path().join("clone")).expect("opens without looking");
    let error = run(git.pull(None)).expect_err("nothing there");
    assert!(
        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unavailable),
        "{error:?}"
    );
    assert!(error.hint().is_some());
}

#[test]
fn a_folder_with_something_else_in_it_is_not_cloned_over() {
    let mut repository = Repository::empty();
    repository.commit("one");
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("HEAD"), "not a repository").expect("file");
    let error = run(clone_of(&repository, folder.path()).pull(None)).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(
        std::fs::read(folder.path().join("HEAD")).expect("still there"),
        b"not a repository"
    );
}

#[test]
fn a_clone_of_another_address_is_never_read_as_this_one() {
    let (mut one, mut two) = (Repository::empty(), Repository::empty());
    for n in 0..3 {
        one.commit(&format!("one {n}"));
        two.commit(&format!("two {n}"));
    }
    one.git(&["tag", "of-one"]);
    let folder = tempfile::tempdir().expect("folder");
    let clone = folder.path().join("clone");
    let git = |repository| clone_of(repository, &clone).with_limits(super::fixture::pages_of(1));
    let mut reader = Reader::default();
    reader.take(&run(git(&one).pull(None)).expect("page"));
    assert!(matches!(
        run(git(&two).sweep(reader.cursor.as_ref())),
        Ok(Sweep::Frozen(_))
    ));
    // The same source with another location: what was read of the former one goes.
    reader.read(&git(&two));
    assert_same(&reader, &Reader::fresh(&two.connector()));
    // What an interruption leaves beside it is not in the way.
    for leftover in ["clone~new", "clone~old"] {
        std::fs::create_dir_all(folder.path().join(leftover).join("objects")).expect("folder");
    }
    std::fs::rename(&clone, folder.path().join("clone~old/objects/all")).expect("moved");
    reader.read(&git(&two));
    Git::discard(&clone).expect("discarded");
    assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 0);
    reader.read(&git(&two));
    assert_same(&reader, &Reader::fresh(&two.connector()));
}
