//! What later pulls give: only what changed, in any number of pages, across any interruption.

use domain::seam::Connector;
use domain::{Change, Cursor, Page};

use super::fixture::{Reader, Repository, assert_same, open, pages_of, run};
use crate::access::AccessSetting;
use crate::git::Settings;

/// A history with everything in it.
fn busy() -> Repository {
    let mut repository = Repository::empty();
    for n in 0..5 {
        repository.write(&format!("src/{n}.rs"), format!("fn f{n}() {{}}\n"));
        repository.commit(&format!("add {n}"));
    }
    repository.git(&["tag", "v1"]);
    repository.git(&["tag", "-a", "v2", "-m", "two"]);
    repository
}

fn upserts(page: &Page) -> Vec<String> {
    page.changes
        .iter()
        .filter_map(|change| match change {
            Change::Upsert(document) => Some(document.key.to_string()),
            Change::Delete(_) | Change::Access(_) | Change::Account(_) => None,
        })
        .collect()
}

#[test]
fn an_idle_pull_says_only_what_settings_may_have_changed() {
    let repository = busy();
    let mut reader = Reader::fresh(&repository.connector());
    let before = reader.clone();
    let git = open(Settings {
        access: AccessSetting::Source,
        ..repository.settings()
    });
    let told = reader.read(&git);
    assert_eq!(told.pages.len(), 1);
    assert_eq!(upserts(&told.pages[0]), ["repo:acme/api"]);
    assert!(matches!(told.pages[0].changes[0], Change::Access(_)));
    assert!(!told.swept);
    assert_eq!(reader, before);
}

#[test]
fn a_new_commit_brings_itself_and_its_files_in_one_page() {
    let mut repository = busy();
    let git = repository.connector();
    let mut reader = Reader::fresh(&git);
    repository.write("src/0.rs", "fn changed() {}\n");
    std::fs::remove_file(repository.path().join("src/1.rs")).expect("removed");
    repository.write("src/2.rs", b"binary\0now");
    let sha = repository.commit("change, remove, and make binary");
    let told = reader.read(&git);
    assert_eq!(told.pages.len(), 1);
    assert_eq!(
        upserts(&told.pages[0]),
        [
            "repo:acme/api".to_owned(),
            format!("commit:acme/api@{sha}"),
            "file:acme/api/src/0.rs".to_owned()
        ]
    );
    assert!(!told.swept, "nothing vanished without notice");
    assert_eq!(reader.keys("file"), ["src/0.rs", "src/3.rs", "src/4.rs"]);
    assert_same(&reader, &Reader::fresh(&git));
}

#[test]
fn a_pull_goes_on_from_any_page_as_if_never_interrupted() {
    let mut repository = busy();
    let expected = Reader::fresh(&repository.connector());
    let pages = {
        let mut reader = Reader::default();
        reader.read(&repository.connector().with_limits(pages_of(1))).pages
    };
    assert!(pages.len() > 10, "{}", pages.len());
    for stop in 0..pages.len() {
        let mut reader = Reader::default();
        pages.iter().take(stop).for_each(|page| reader.take(page));
        // Another connector, as after a restart; the last page before may have been sent twice.
        reader.read(&repository.connector().with_limits(pages_of(2)));
        assert_same(&reader, &expected);
    }
    // The same across a later change of the branch.
    repository.write("src/9.rs", "fn nine() {}\n");
    std::fs::remove_file(repository.path().join("src/0.rs")).expect("removed");
    repository.commit("meanwhile");
    let expected = Reader::fresh(&repository.connector());
    for stop in 0..pages.len() {
        let mut reader = Reader::default();
        pages.iter().take(stop).for_each(|page| reader.take(page));
        let git = repository.connector().with_limits(pages_of(2));
        reader.read(&git);
        reader.read(&git);
        assert_same(&reader, &expected);
    }
}

#[test]
fn the_branch_may_move_between_pages() {
    let mut repository = busy();
    let git = repository.connector().with_limits(pages_of(2));
    let mut reader = Reader::default();
    for n in 0..4 {
        reader.take(&run(git.pull(reader.cursor.as_ref())).expect("page"));
        repository.write(&format!("moved/{n}.rs"), "fn moved() {}\n");
        repository.commit("meanwhile");
    }
    reader.read(&git);
    reader.read(&git);
    assert_same(&reader, &Reader::fresh(&git));
}

#[test]
fn a_force_push_takes_back_what_it_dropped() {
    let mut repository = busy();
    let git = repository.connector();
    let mut reader = Reader::fresh(&git);
    repository.git(&["reset", "--quiet", "--hard", "HEAD~2"]);
    repository.write("other.rs", "fn other() {}\n");
    repository.commit("another way");
    let told = reader.read(&git);
    assert!(told.swept);
    assert_eq!(reader.keys("file"), ["other.rs", "src/0.rs", "src/1.rs", "src/2.rs"]);
    assert_same(&reader, &Reader::fresh(&git));
}

#[test]
fn a_force_push_followed_by_a_clean_up_is_read_again_from_the_beginning() {
    let mut repository = busy();
    repository.git(&["tag", "-d", "v1", "v2"]);
    let git = repository.connector().with_limits(pages_of(2));
    let whole = Reader::fresh(&git);
    let mut half = Reader::default();
    half.take(&run(git.pull(None)).expect("page"));
    repository.git(&["reset", "--quiet", "--hard", "HEAD~2"]);
    repository.write("other.rs", "fn other() {}\n");
    repository.commit("another way");
    repository.git(&["reflog", "expire", "--expire=now", "--all"]);
    repository.git(&["gc", "--quiet", "--prune=now"]);
    let expected = Reader::fresh(&repository.connector());
    for mut reader in [whole, half] {
        let told = reader.read(&repository.connector().with_limits(pages_of(2)));
        assert!(told.swept);
        assert_same(&reader, &expected);
    }
}

#[test]
fn tags_that_come_move_and_go_are_followed() {
    let mut repository = busy();
    let git = repository.connector();
    let mut reader = Reader::fresh(&git);
    repository.commit("later");
    repository.git(&["tag", "--force", "v1"]);
    repository.git(&["tag", "-d", "v2"]);
    repository.git(&["tag", "v3"]);
    assert!(reader.read(&git).swept);
    assert_eq!(reader.keys("tag"), ["v1", "v3"]);
    assert_same(&reader, &Reader::fresh(&git));
}

#[test]
fn tags_may_move_while_they_are_read() {
    let mut repository = busy();
    let git = repository.connector().with_limits(pages_of(1));
    let mut reader = Reader::default();
    while reader.keys("tag").is_empty() {
        reader.take(&run(git.pull(reader.cursor.as_ref())).expect("page"));
    }
    repository.commit("later");
    repository.git(&["tag", "--force", "v1"]);
    repository.git(&["tag", "-d", "v2"]);
    reader.read(&git);
    reader.read(&git);
    assert_same(&reader, &Reader::fresh(&git));
}

#[test]
fn changed_owners_mailmap_and_limits_reach_what_did_not_change_itself() {
    let mut repository = busy();
    let git = repository.connector();
    let mut reader = Reader::fresh(&git);
    repository.write("CODEOWNERS", "* @everybody\n");
    repository.write(".mailmap", "Countess <countess@acme.example> <ada@acme.example>\n");
    repository.commit("owners and names");
    reader.read(&git);
    assert_eq!(reader.file("src/0.rs").expect("file").field("owner"), ["@everybody"]);
    assert_same(&reader, &Reader::fresh(&git));

    let small = open(Settings {
        max_file_bytes: 12,
        ..repository.settings()
    });
    reader.read(&small);
    assert_eq!(
        reader.keys("file"),
        ["src/0.rs", "src/1.rs", "src/2.rs", "src/3.rs", "src/4.rs"]
    );
    assert_same(&reader, &Reader::fresh(&small));
}

#[test]
fn a_file_that_becomes_a_folder_and_back_is_followed() {
    let mut repository = Repository::empty();
    repository.write("a", "file\n");
    repository.commit("file");
    let git = repository.connector();
    let mut reader = Reader::fresh(&git);
    std::fs::remove_file(repository.path().join("a")).expect("removed");
    repository.write("a/b", "inside\n");
    repository.commit("folder");
    reader.read(&git);
    assert_eq!(reader.keys("file"), ["a/b"]);
    std::fs::remove_dir_all(repository.path().join("a")).expect("removed");
    std::os::unix::fs::symlink("elsewhere", repository.path().join("a")).expect("link");
    repository.commit("link");
    reader.read(&git);
    assert!(reader.keys("file").is_empty());
    std::fs::remove_file(repository.path().join("a")).expect("removed");
    repository.write("a", "file again\n");
    repository.commit("file again");
    reader.read(&git);
    assert_eq!(reader.keys("file"), ["a"]);
}

#[test]
fn a_branch_that_vanishes_is_an_error_and_deletes_nothing() {
    let mut repository = busy();
    repository.commit("one more");
    let git = repository.connector();
    let mut reader = Reader::fresh(&git);
    let before = reader.clone();
    repository.git(&["symbolic-ref", "HEAD", "refs/heads/nowhere"]);
    assert!(run(git.pull(reader.cursor.as_ref())).is_err());
    reader.sweep(&git);
    assert_eq!(reader, before);
}

#[test]
fn a_sweep_is_of_the_state_that_was_read_wherever_the_branch_is_by_then() {
    let mut repository = busy();
    let git = repository.connector();
    let mut reader = Reader::fresh(&git);
    let (before, head) = (reader.clone(), repository.head());
    repository.git(&["rm", "--quiet", "-r", "."]);
    repository.commit("empty");
    reader.sweep(&git);
    assert_eq!(reader, before, "the branch moved on");
    repository.git(&["reset", "--quiet", "--hard", &head]);
    repository.git(&["tag", "later"]);
    assert!(
        matches!(run(git.sweep(reader.cursor.as_ref())), Ok(domain::Sweep::Frozen(_))),
        "tags have no history to go back to"
    );
    reader.read(&git);
    assert_same(&reader, &Reader::fresh(&git));
}

#[test]
fn a_foreign_cursor_is_refused() {
    let git = busy().connector();
    assert!(run(git.pull(Some(&Cursor("{}".into())))).is_err());
}
