//! Which commits wrote which lines.

use std::ops::RangeInclusive;

use domain::seam::{Blame, Connector};
use domain::{ErrorKind, Key};

use super::fixture::{Reader, Repository, open, run};
use crate::git::{Git, Settings};

fn blame(git: &Git, reader: &Reader, path: &str, lines: RangeInclusive<u32>) -> domain::Result<Vec<Blame>> {
    let history = git.lines(reader.cursor.as_ref())?;
    run(history.blame(&Key::file("acme/api", path), lines))
}

fn told(blames: &[Blame]) -> Vec<(String, RangeInclusive<u32>)> {
    let one = |blame: &Blame| {
        let sha = blame.commit.as_str().trim_start_matches("commit:acme/api@").to_owned();
        (sha, blame.lines.clone())
    };
    blames.iter().map(one).collect()
}

#[test]
fn lines_are_told_by_the_commits_that_wrote_them_at_the_revision_that_was_read() {
    let mut repository = Repository::empty();
    let text = "one is a line of text\ntwo is a line of text\nthree is a line of text\nfour is a line of text\n";
    repository.write("src/a.rs", text);
    let first = repository.commit("begin");
    repository.git(&["mv", "src/a.rs", "src/b.rs"]);
    repository.commit("move");
    repository.write("src/b.rs", text.replace("two is", "two was"));
    let second = repository.commit("change two");
    let git = repository.connector();
    let reader = Reader::fresh(&git);
    repository.write("src/b.rs", "other\n".repeat(9));
    repository.commit("not read yet");

    let all = blame(&git, &reader, "src/b.rs", 1..=4).expect("a history");
    assert_eq!(
        told(&all),
        [(first.clone(), 1..=1), (second.clone(), 2..=2), (first, 3..=4)]
    );
    let one = blame(&git, &reader, "src/b.rs", 2..=2).expect("a history");
    assert_eq!(told(&one), [(second, 2..=2)]);
    for (lines, says) in [
        (0..=1, "span"),
        (RangeInclusive::new(3, 2), "span"),
        (1..=5, "4 lines"),
        (1..=2_001, "span"),
    ] {
        let error = blame(&git, &reader, "src/b.rs", lines.clone()).expect_err("no such lines");
        assert!(
            error.kind() == ErrorKind::Invalid && error.message().contains(says),
            "{lines:?}: {error}"
        );
    }
    for path in ["src/a.rs", "src", "", "../b.rs", "no\0thing"] {
        let error = blame(&git, &reader, path, 1..=1).expect_err(path);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{path}: {error}");
    }
    let history = git.lines(reader.cursor.as_ref()).expect("read");
    for key in ["file:other/api/src/b.rs", "src/b.rs", "commit:acme/api@1"] {
        let error = run(history.blame(&Key::from_raw(key), 1..=1)).expect_err(key);
        assert_eq!(error.kind(), ErrorKind::NotFound, "{key}");
    }
}

#[test]
fn what_was_not_read_has_no_history() {
    let mut repository = Repository::empty();
    repository.write("a.rs", "fn a() {}\n");
    repository.commit("begin");
    let git = repository.connector();
    let error = git.lines(None).expect_err("not read");
    assert!(error.kind() == ErrorKind::NotFound && error.hint().is_some());
    // A file that the source leaves out for its size.
    let small = open(Settings {
        max_file_bytes: 4,
        ..repository.settings()
    });
    let reader = Reader::fresh(&small);
    let error = blame(&small, &reader, "a.rs", 1..=1).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    // Nothing that was read last is left.
    let page = run(git.pull(None)).expect("page");
    std::fs::remove_dir_all(repository.path().join(".git/objects")).expect("removed");
    std::fs::create_dir(repository.path().join(".git/objects")).expect("made");
    let history = git.lines(Some(&page.cursor)).expect("read");
    let error = run(history.blame(&Key::file("acme/api", "a.rs"), 1..=1)).expect_err("gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn lines_are_told_as_git_tells_them() {
    let mut repository = Repository::empty();
    let mut state = 7_u64;
    let mut next = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut lines: Vec<String> = (0..20).map(|n| format!("line {n} of the first text")).collect();
    for round in 0..30 {
        for _ in 0..=next(3) {
            let at = usize::try_from(next(lines.len() as u64)).expect("small");
            match next(3) {
                0 => lines.insert(at, format!("a line of round {round} and {}", next(1_000))),
                1 if lines.len() > 5 => drop(lines.remove(at)),
                _ => lines[at] = format!("written anew in round {round} and {}", next(1_000)),
            }
        }
        repository.write("a.txt", lines.join("\n") + "\n");
        repository.commit(&format!("round {round}"));
    }
    let git = repository.connector();
    let reader = Reader::fresh(&git);
    let last = u32::try_from(lines.len()).expect("small");
    let blames = blame(&git, &reader, "a.txt", 1..=last).expect("a history");
    let ours: Vec<String> = told(&blames)
        .into_iter()
        .flat_map(|(sha, lines)| lines.map(move |_| sha.clone()))
        .collect();
    let theirs = repository.git(&["blame", "--porcelain", "a.txt"]);
    let theirs: Vec<String> = theirs
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|word| word.len() == 40)
        .map(str::to_owned)
        .collect();
    let same = ours.iter().zip(&theirs).filter(|(one, other)| one == other).count();
    assert_eq!(ours.len(), theirs.len());
    // The two compare texts by different rules, which may tell apart which of two equal lines is new.
    assert!(same * 20 >= ours.len() * 19, "{same} of {}", ours.len());
}
