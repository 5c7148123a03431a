//! Which symbols commits touch.

use std::sync::Arc;

use domain::seam::{Definition, Outline};
use domain::{Change, Document, DocumentKind, EdgeKind};

use super::fixture::{Reader, Repository, Told, assert_same, pages_of};
use crate::git::Git;
use crate::git::pull::Limits;

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

/// A history in which every commit changes, adds or removes some of a few files, and its author calls himself otherwise each time.
fn busy(commits: u64) -> Repository {
    let mut repository = Repository::empty();
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for number in 0..commits {
        for _ in 0..=random(3) {
            let path = format!("{}.plain", random(5));
            if random(8) == 0 {
                std::fs::remove_file(repository.path().join(&path)).ok();
                continue;
            }
            let mut text = String::new();
            for _ in 0..random(9) {
                let (name, line) = (random(12), random(4));
                text.extend(["fn f", &name.to_string(), "\n", &line.to_string(), "\nend\n"]);
            }
            repository.write(&path, text);
        }
        repository.commit_as(&format!("Ada {number} <ada@acme.example>"), "edit");
    }
    repository
}

/// The commits of pages, in order.
fn commits(told: &Told) -> Vec<&Document> {
    let changes = told.pages.iter().flat_map(|page| &page.changes);
    let documents = changes.filter_map(|change| match change {
        Change::Upsert(document) => Some(&**document),
        Change::Delete(_) | Change::Account(_) | Change::Access(_) => None,
    });
    documents
        .filter(|document| document.kind == DocumentKind::Commit)
        .collect()
}

#[test]
fn commits_read_at_the_same_time_are_what_they_are_one_by_one() {
    let repository = busy(80);
    let (mut one_by_one, mut at_once, mut in_parts) = (Reader::default(), Reader::default(), Reader::default());
    let slow = one_by_one.read(&traced(&repository).with_limits(pages_of(1)));
    let fast = at_once.read(&traced(&repository));
    assert_eq!(commits(&slow), commits(&fast));
    assert_eq!(one_by_one.documents, at_once.documents);
    assert_eq!(one_by_one.accounts, at_once.accounts);
    let symbols = commits(&fast).into_iter().flat_map(|commit| &commit.links);
    assert!(symbols.filter(|link| link.rule == "git.hunk").count() > 200);

    // A page ends with the commit that fills it, however many were read with it.
    let most = 100;
    let limits = Limits {
        links: most,
        ..Limits::default()
    };
    let parts = in_parts.read(&traced(&repository).with_limits(limits));
    assert_eq!(commits(&slow), commits(&parts));
    assert_eq!(one_by_one.accounts, in_parts.accounts);
    let mut cut = 0;
    for page in parts.pages {
        let page = Told {
            pages: vec![page],
            swept: false,
        };
        let links: Vec<usize> = commits(&page).iter().map(|commit| commit.links.len()).collect();
        let but_last = links.iter().rev().skip(1).sum::<usize>();
        assert!(but_last < most, "{links:?}");
        cut += usize::from(links.iter().sum::<usize>() >= most);
    }
    assert!(cut > 3, "{cut}");
}
