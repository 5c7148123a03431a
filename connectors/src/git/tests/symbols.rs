//! Which symbols commits touch.

use std::sync::Arc;

use domain::EdgeKind;
use domain::seam::{Definition, Outline};

use super::fixture::{Reader, Repository, assert_same};
use crate::git::Git;

/// A language in which `fn NAME` defines a function up to the line that is `end`.
#[derive(Debug)]
struct Plain;

impl Outline for Plain {
    fn covers(&self, path: &str) -> bool {
        path.strip_suffix(".plain").is_some()
    }

    fn definitions(&self, _path: &str, text: &str) -> Vec<Definition> {
        let lines: Vec<&str> = text.lines().collect();
        let starts = lines
            .iter()
            .enumerate()
            .filter_map(|(at, line)| Some((at, line.strip_prefix("fn ")?)));
        let number = |at: usize| u32::try_from(at + 1).expect("short");
        starts
            .map(|(at, name)| {
                let end = lines
                    .iter()
                    .skip(at)
                    .position(|line| *line == "end")
                    .unwrap_or_default();
                Definition {
                    name: name.to_owned(),
                    first: number(at),
                    last: number(at + end),
                }
            })
            .collect()
    }
}

fn traced(repository: &Repository) -> Git {
    repository.connector().with_outline(Arc::new(Plain))
}

/// The symbols that a commit touches, without the repository.
fn touched(reader: &Reader, sha: &str) -> Vec<String> {
    let links = reader.commit(sha).links.iter().filter(|link| link.rule == "git.hunk");
    links
        .map(|link| {
            assert!(link.kind == EdgeKind::Touches && link.at.is_some() && !link.inverse);
            link.target.as_str().trim_start_matches("symbol:acme/api/").to_owned()
        })
        .collect()
}

#[test]
fn a_commit_touches_the_symbols_around_its_lines_and_those_it_removes() {
    let mut repository = Repository::empty();
    repository.write("a.plain", "top\nfn one\n1\nend\nfn two\n2\n2\nend\nfn three\n3\nend\n");
    repository.write("notes.txt", "fn none\nend\n");
    let first = repository.commit("begin");
    repository.write(
        "a.plain",
        "top\nfn one\nchanged\nend\nfn two\n2\n2\nend\nfn three\n3\nend\n",
    );
    let changed = repository.commit("change one");
    repository.write("a.plain", "top\nfn one\nchanged\nend\nfn two\n2\nend\n");
    let removed = repository.commit("shorten two, remove three");
    repository.write("a.plain", "TOP\nfn one\nchanged\nend\nfn two\n2\nend\n");
    let above = repository.commit("above all");
    repository.git(&["mv", "a.plain", "b.plain"]);
    let moved = repository.commit("move");
    std::fs::remove_file(repository.path().join("b.plain")).expect("removed");
    let gone = repository.commit("delete");
    let reader = Reader::fresh(&traced(&repository));

    assert_eq!(
        touched(&reader, &first),
        ["a.plain#one", "a.plain#three", "a.plain#two"]
    );
    assert_eq!(touched(&reader, &changed), ["a.plain#one"]);
    assert_eq!(touched(&reader, &removed), ["a.plain#three", "a.plain#two"]);
    assert_eq!(touched(&reader, &above), [""; 0]);
    assert_eq!(touched(&reader, &moved), [""; 0], "its content is what it was");
    assert_eq!(touched(&reader, &gone), ["b.plain#one", "b.plain#two"]);
    let files = |sha: &str| {
        reader
            .commit(sha)
            .links
            .iter()
            .filter(|link| link.rule == "git.diff")
            .count()
    };
    assert_eq!(
        (files(&first), files(&changed), files(&moved)),
        (2, 1, 2),
        "beside the files"
    );
}

#[test]
fn merges_and_huge_commits_touch_no_symbols_and_others_at_most_two_hundred() {
    let mut repository = Repository::empty();
    repository.write("a.plain", "fn one\nend\n");
    repository.commit("base");
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.write("side.plain", "fn side\nend\n");
    let side = repository.commit("on the side");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.git(&["merge", "--quiet", "--no-ff", "-m", "merge side", "side"]);
    let merge = repository.head();
    let many: Vec<String> = (0..300).map(|n| format!("fn f{n:03}\nend\n")).collect();
    repository.write("many.plain", many.concat());
    let wide = repository.commit("many symbols");
    for n in 0..101 {
        repository.write(&format!("all/{n}.plain"), "fn f\nend\n");
    }
    let huge = repository.commit("many files");
    repository.write("all/0.plain", "fn f\nfn a\n".repeat(40_000) + "end\n");
    let large = repository.commit("a large file");
    let reader = Reader::fresh(&traced(&repository));

    assert_eq!(touched(&reader, &side), ["side.plain#side"]);
    assert_eq!(touched(&reader, &merge), [""; 0]);
    let wide = touched(&reader, &wide);
    assert_eq!(
        (wide.len(), wide.first().map(String::as_str)),
        (200, Some("many.plain#f000"))
    );
    assert_eq!(touched(&reader, &huge), [""; 0]);
    assert_eq!(touched(&reader, &large), [""; 0]);
}

#[test]
fn who_learns_of_symbols_reads_the_history_again_and_ends_like_a_fresh_reading() {
    let mut repository = Repository::empty();
    repository.write("a.plain", "fn one\n1\nend\n");
    let first = repository.commit("begin");
    let mut reader = Reader::default();
    reader.read(&repository.connector());
    assert_eq!(touched(&reader, &first), [""; 0]);
    reader.read(&traced(&repository));
    assert_eq!(touched(&reader, &first), ["a.plain#one"]);
    repository.write("a.plain", "fn one\n2\nend\n");
    let second = repository.commit("go on");
    reader.read(&traced(&repository));
    assert_eq!(touched(&reader, &second), ["a.plain#one"]);
    assert_same(&reader, &Reader::fresh(&traced(&repository)));
}
