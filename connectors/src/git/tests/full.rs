//! What one pull from the beginning gives.

use domain::seam::Connector;
use domain::{Change, DocumentKind, EdgeKind, Key, Markup, Readers, Timestamp};

use super::fixture::{EPOCH, Reader, Repository, open, run};
use crate::access::AccessSetting;
use crate::git::Settings;

fn targets(document: &domain::Document, kind: EdgeKind) -> Vec<String> {
    document
        .links
        .iter()
        .filter(|link| link.kind == kind)
        .map(|link| link.target.to_string())
        .collect()
}

#[test]
fn a_commit_tells_who_wrote_what_and_what_it_changed() {
    let mut repository = Repository::empty();
    repository.write("src/a.rs", "fn a() {}\n");
    let first = repository.commit("begin");
    repository.write("src/a.rs", "fn b() {}\n");
    repository.write("docs/guide.md", "# Guide\n");
    let message = "Name it\nbetter\n\nBecause PAY-12 says so.\n\nCo-authored-by: Grace <Grace@acme.example>\n\
                   Reviewed-by: Alan <alan@acme.example>\nFixes: PAY-12\n";
    let second = repository.commit(message);
    let reader = Reader::fresh(&repository.connector());

    let commit = reader.commit(&second);
    assert_eq!(
        (commit.kind, commit.title.as_str(), commit.body.text.as_str()),
        (DocumentKind::Commit, "Name it better", message)
    );
    assert_eq!(commit.aliases, [second.as_str()]);
    assert_eq!(commit.container, Key::repository("acme/api"));
    assert_eq!(commit.author, Some(Key::account("git", "ada@acme.example")));
    assert_eq!(commit.created, Some(Timestamp::from_seconds(EPOCH + 120)));
    assert_eq!(commit.updated, Some(Timestamp::from_seconds(EPOCH + 121)));
    assert_eq!(commit.field("author"), ["Ada Lovelace"]);
    assert_eq!(commit.field("committer"), ["Forge"]);
    assert_eq!(commit.field("trailer:fixes"), ["PAY-12"]);
    assert_eq!(commit.field("files"), ["2"]);
    assert_eq!(commit.url, None, "only github.com has pages that are known");
    assert_eq!(targets(commit, EdgeKind::PartOf), ["repo:acme/api"]);
    assert_eq!(targets(commit, EdgeKind::Follows), [format!("commit:acme/api@{first}")]);
    assert_eq!(
        targets(commit, EdgeKind::Touches),
        ["file:acme/api/docs/guide.md", "file:acme/api/src/a.rs"]
    );
    assert_eq!(
        targets(commit, EdgeKind::Authored),
        ["account:git/ada@acme.example", "account:git/grace@acme.example"]
    );
    assert_eq!(targets(commit, EdgeKind::Reviewed), ["account:git/alan@acme.example"]);
    assert!(
        commit
            .links
            .iter()
            .all(|link| link.inverse == matches!(link.kind, EdgeKind::Authored | EdgeKind::Reviewed))
    );

    let begin = reader.commit(&first);
    assert_eq!(
        targets(begin, EdgeKind::Touches),
        ["file:acme/api/src/a.rs"],
        "a root commit touches all it brings"
    );
    let people: Vec<_> = reader.accounts.keys().map(Key::local).collect();
    assert_eq!(
        people,
        [
            "git/ada@acme.example",
            "git/alan@acme.example",
            "git/forge@acme.example",
            "git/grace@acme.example"
        ]
    );
}

#[test]
fn files_at_the_tip_are_indexed_and_others_are_not() {
    let mut repository = Repository::empty();
    repository.write("README.md", "# Api\n");
    repository.write("notes.txt", "note\n");
    repository.write("src/a.rs", "fn a() {}\n");
    repository.write("gone.rs", "fn gone() {}\n");
    repository.write("binary.dat", b"a\0b");
    repository.write("latin.txt", b"caf\xe9");
    repository.write("big.txt", vec![b'x'; 2_000]);
    repository.write("Cargo.lock", "lock\n");
    repository.write("node_modules/x/index.js", "x\n");
    std::os::unix::fs::symlink("README.md", repository.path().join("link.md")).expect("link");
    repository.commit("all");
    std::fs::remove_file(repository.path().join("gone.rs")).expect("removed");
    repository.commit("remove one");

    let reader = Reader::fresh(&open(Settings {
        max_file_bytes: 1_999,
        ..repository.settings()
    }));
    assert_eq!(reader.keys("file"), ["README.md", "notes.txt", "src/a.rs"]);
    let written = |path| {
        reader
            .file(path)
            .map(|file| (file.body.markup, file.body.text.as_str()))
    };
    assert_eq!(written("README.md"), Some((Markup::Markdown, "# Api\n")));
    assert_eq!(written("notes.txt"), Some((Markup::Plain, "note\n")));
    assert_eq!(written("src/a.rs"), Some((Markup::Code, "fn a() {}\n")));
    let file = reader.file("src/a.rs").expect("file");
    assert_eq!(
        (file.title.as_str(), file.aliases.as_slice()),
        ("src/a.rs", &["src/a.rs".to_owned()][..])
    );
}

#[test]
fn names_that_are_not_utf8_are_kept_apart() {
    use std::os::unix::ffi::OsStrExt;
    let mut repository = Repository::empty();
    for name in [&b"a\xff.rs"[..], b"a\xfe.rs"] {
        std::fs::write(repository.path().join(std::ffi::OsStr::from_bytes(name)), "fn a() {}\n").expect("file");
    }
    let sha = repository.commit("odd names");
    let reader = Reader::fresh(&repository.connector());
    assert_eq!(reader.keys("file"), [r"a\xFE.rs", r"a\xFF.rs"]);
    assert_eq!(targets(reader.commit(&sha), EdgeKind::Touches).len(), 2);
}

#[test]
fn a_merge_is_compared_with_its_first_parent_and_a_move_touches_both_names() {
    let mut repository = Repository::empty();
    repository.write("a.rs", "fn a() {}\n");
    repository.commit("base");
    repository.git(&["checkout", "--quiet", "-b", "side"]);
    repository.write("side.rs", "fn side() {}\n");
    let side = repository.commit("on the side");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.git(&["mv", "a.rs", "b.rs"]);
    let moved = repository.commit("move");
    repository.git(&["merge", "--quiet", "--no-ff", "-m", "merge side", "side"]);
    let reader = Reader::fresh(&repository.connector());

    assert_eq!(
        targets(reader.commit(&moved), EdgeKind::Touches),
        ["file:acme/api/a.rs", "file:acme/api/b.rs"]
    );
    let merge = reader.commit(&repository.head());
    assert_eq!(targets(merge, EdgeKind::Touches), ["file:acme/api/side.rs"]);
    assert_eq!(
        targets(merge, EdgeKind::Follows),
        [moved, side].map(|sha| format!("commit:acme/api@{sha}"))
    );
    assert_eq!(reader.keys("commit").len(), 4);
}

#[test]
fn tags_are_releases_of_the_commit_they_name() {
    let mut repository = Repository::empty();
    let first = repository.commit("one");
    repository.git(&["tag", "v0.1"]);
    repository.git(&["tag", "-a", "v1.0", "-m", "The first\n\nWith notes.\n"]);
    repository.git(&["tag", "-a", "v1.0-again", "-m", "again", "v1.0"]);
    let reader = Reader::fresh(&repository.connector());

    assert_eq!(reader.keys("tag"), ["v0.1", "v1.0", "v1.0-again"]);
    for tag in ["v0.1", "v1.0", "v1.0-again"] {
        let release = reader.get(&Key::tag("acme/api", tag)).expect("release");
        assert_eq!((release.kind, release.title.as_str()), (DocumentKind::Release, tag));
        assert_eq!(
            targets(release, EdgeKind::References),
            [format!("commit:acme/api@{first}")]
        );
    }
    let notes = reader.get(&Key::tag("acme/api", "v1.0")).expect("release");
    assert_eq!(notes.body.text, "The first\n\nWith notes.\n");
    assert_eq!(notes.author, Some(Key::account("git", "forge@acme.example")));
}

#[test]
fn code_owners_and_the_mailmap_are_respected() {
    let mut repository = Repository::empty();
    repository.write(".github/CODEOWNERS", "*.rs @rust\n/docs/ @docs @org/writers\n");
    repository.write(".mailmap", "Ada Lovelace <ada@acme.example> <lovelace@old.example>\n");
    repository.write("src/a.rs", "fn a() {}\n");
    repository.write("docs/a.md", "a\n");
    let sha = repository.commit_as("lovelace <lovelace@old.example>", "old address");
    let reader = Reader::fresh(&repository.connector());

    assert_eq!(reader.file("src/a.rs").expect("file").field("owner"), ["@rust"]);
    assert_eq!(
        reader.file("docs/a.md").expect("file").field("owner"),
        ["@docs", "@org/writers"]
    );
    assert!(reader.file(".mailmap").expect("file").field("owner").is_empty());
    assert!(reader.file(".github/CODEOWNERS").is_some());
    assert_eq!(
        reader.commit(&sha).author,
        Some(Key::account("git", "ada@acme.example"))
    );
    assert_eq!(
        reader
            .accounts
            .get(&Key::account("git", "ada@acme.example"))
            .map(|a| a.names.as_slice()),
        Some(&["Ada Lovelace".to_owned()][..])
    );
}

#[test]
fn a_github_origin_gives_the_name_and_the_pages() {
    let mut repository = Repository::empty();
    repository.write("docs/a b#.md", "a\n");
    let sha = repository.commit("one");
    repository.git(&["tag", "v1"]);
    repository.git(&["remote", "add", "origin", "git@github.com:Acme/api.git"]);
    let reader = Reader::fresh(&open(Settings {
        repository: None,
        formerly: vec!["acme/old-api".into()],
        ..repository.settings()
    }));

    let url = |key: &Key| reader.get(key).and_then(|document| document.url.clone()).expect("url");
    assert_eq!(url(&Key::repository("acme/api")), "https://github.com/Acme/api");
    assert_eq!(
        url(&Key::commit("acme/api", &sha)),
        format!("https://github.com/Acme/api/commit/{sha}")
    );
    assert_eq!(
        url(&Key::file("acme/api", "docs/a b#.md")),
        "https://github.com/Acme/api/blob/main/docs/a%20b%23.md"
    );
    assert_eq!(
        url(&Key::tag("acme/api", "v1")),
        "https://github.com/Acme/api/releases/tag/v1"
    );
    assert_eq!(
        reader.get(&Key::repository("acme/api")).expect("repository").aliases,
        ["acme/old-api", "Acme/api"]
    );
}

#[test]
fn the_first_page_says_who_may_read() {
    let repository = Repository::empty();
    let git = open(Settings {
        access: AccessSetting::Public,
        ..repository.settings()
    });
    let page = run(git.pull(None)).expect("page");
    let Some(Change::Access(rule)) = page.changes.first() else {
        panic!("{:?}", page.changes)
    };
    assert_eq!(
        (&rule.readers, &rule.container),
        (&Readers::Public, &Key::repository("acme/api"))
    );
}
