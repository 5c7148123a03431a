//! Input that is broken, hostile, or not what the settings say.

use std::io::Write as _;
use std::path::Path;

use domain::seam::Connector as _;
use domain::{Error, ErrorKind, SourceId, Sweep};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::{Archive, Found, Kind, archive, folder, found, gzip, pull, run, write, zipped};

const ISSUE: &str = "{\"key\":\"A-1\",\"fields\":{}}";

fn fails(kind: Kind, path: &Path) -> Error {
    pull(&archive(kind, path, json!({})), None).unwrap_err()
}

fn sweep(kind: Kind, path: &Path) -> Sweep {
    run(archive(kind, path, json!({})).sweep(None)).unwrap()
}

#[test]
fn broken_lines_are_rejected_with_their_numbers_and_the_rest_is_imported() {
    let folder = folder();
    let mut content = format!("{ISSUE}\nnot json: hunter2\n[1]\n{{\"key\":\"../x\",\"fields\":{{}}}}\n").into_bytes();
    content.extend_from_slice(b"{\"key\":\"A-2\",\"fields\":{\"summary\":\"\xff\"}}\n");
    content.extend_from_slice(format!("{}\n", "[".repeat(100_000)).as_bytes());
    content.extend_from_slice(ISSUE.replace("A-1", "A-3").as_bytes());
    write(folder.path(), "a.jsonl", content);
    let found = found(Kind::Jira, folder.path(), json!({}));
    assert_eq!(found.keys(), ["jira:src/A", "jira:src/A-1", "jira:src/A-3"]);
    let items: Vec<&str> = found.rejected.iter().map(|rejected| rejected.item.as_str()).collect();
    assert_eq!(items, ["a.jsonl:2", "a.jsonl:3", "a.jsonl:4", "a.jsonl:5", "a.jsonl:6"]);
    assert!(
        found
            .rejected
            .iter()
            .all(|rejected| !rejected.reason.contains("hunter2"))
    );
    assert!(found.rejected[3].reason.contains("UTF-8"));
    assert!(
        matches!(sweep(Kind::Jira, folder.path()), Sweep::Frozen(_)),
        "an unreadable record may be a document"
    );
}

#[test]
fn a_line_over_the_limit_is_rejected_and_the_next_one_is_read() {
    let folder = folder();
    let mut content = gzip(&vec![b'x'; 17 * 1024 * 1024]);
    content.extend(gzip(format!("\n{ISSUE}\n").as_bytes()));
    // The line compresses too well to pass for genuine, unless incompressible data stands beside it.
    let noise: Vec<u8> = (0..400_000_u64)
        .flat_map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes())
        .filter(|b| *b != b'\n')
        .collect();
    content.extend(gzip(&noise));
    write(folder.path(), "a.jsonl.gz", content);
    let found = found(Kind::Jira, folder.path(), json!({}));
    assert_eq!(found.rejected[0].item, "a.jsonl.gz:1");
    assert!(found.rejected[0].reason.contains("16777216"));
    assert_eq!(found.keys(), ["jira:src/A", "jira:src/A-1"]);
}

#[test]
fn a_gzip_bomb_is_stopped_and_what_came_before_is_kept() {
    let folder = folder();
    let mut bomb = gzip(format!("{ISSUE}\n").as_bytes());
    bomb.extend(gzip(&vec![b'\n'; 40 * 1024 * 1024]));
    write(folder.path(), "a.jsonl.gz", bomb);
    let found = found(Kind::Jira, folder.path(), json!({}));
    assert_eq!(found.keys().len(), 2);
    assert!(
        found.rejected[0].reason.contains("expands to more than"),
        "{:?}",
        found.rejected
    );
    assert!(matches!(sweep(Kind::Jira, folder.path()), Sweep::Frozen(_)));
}

#[test]
fn the_total_of_a_file_is_bounded_by_a_setting() {
    let folder = folder();
    write(folder.path(), "a.jsonl", format!("{ISSUE}\n").repeat(10_000));
    let page = pull(&archive(Kind::Jira, folder.path(), json!({ "max_bytes": 1000 })), None).unwrap();
    assert!(page.rejected[0].reason.contains("expands to more than 1000 bytes"));
}

#[test]
fn a_truncated_gzip_keeps_what_can_be_read_and_freezes_the_sweep() {
    let folder = folder();
    let whole = gzip(format!("{ISSUE}\n").repeat(1000).as_bytes());
    write(folder.path(), "a.jsonl.gz", &whole[..whole.len() - 9]);
    let found = found(Kind::Jira, folder.path(), json!({}));
    assert_eq!(found.rejected.len(), 1);
    assert!(matches!(sweep(Kind::Jira, folder.path()), Sweep::Frozen(_)));
}

#[test]
fn an_archive_of_another_kind_is_named_with_the_connector_that_fits() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let export: Vec<(&str, &[u8])> = vec![
        ("users.json", b"[]"),
        ("channels.json", b"[]"),
        ("general/2024-01-01.json", b"[]"),
    ];
    write(folder.path(), "slack.zip", zipped(&export));
    write(folder.path(), "wiki/Page.md", "# Page");
    write(folder.path(), "jira/A.jsonl", ISSUE);
    write(
        folder.path(),
        "github/issues.json",
        "[{\"number\":1,\"title\":\"t\",\"repository_url\":\"https://api.github.com/repos/a/b\"}]",
    );
    write(
        folder.path(),
        "commits/a__b.jsonl",
        format!("{{\"sha\":\"{}\",\"message\":\"m\"}}", "a".repeat(40)),
    );
    let places = [
        (Kind::Slack, "slack.zip"),
        (Kind::Wiki, "wiki"),
        (Kind::Jira, "jira"),
        (Kind::Github, "github"),
        (Kind::Commits, "commits"),
    ];
    for (actual, place) in places {
        for wanted in Kind::ALL.into_iter().filter(|kind| *kind != actual) {
            let error = fails(wanted, &path(place));
            assert_eq!(error.kind(), ErrorKind::Invalid, "{wanted} on {place}: {error}");
            assert!(
                error.hint().is_some_and(|hint| hint.contains(&format!("`{actual}`"))),
                "{wanted} on {place}: {error}"
            );
        }
        assert!(pull(&archive(actual, &path(place), json!({})), None).is_ok(), "{place}");
    }
}

#[test]
fn an_empty_or_missing_archive_is_an_error_and_never_a_deletion() {
    let folder = folder();
    for kind in Kind::ALL {
        assert_eq!(fails(kind, folder.path()).kind(), ErrorKind::NotFound);
        assert_eq!(fails(kind, &folder.path().join("gone")).kind(), ErrorKind::NotFound);
        assert!(matches!(sweep(kind, folder.path()), Sweep::Frozen(_)));
        assert!(matches!(sweep(kind, &folder.path().join("gone")), Sweep::Frozen(_)));
    }
    write(folder.path(), "notes.txt", "x");
    assert!(
        Kind::ALL
            .into_iter()
            .all(|kind| fails(kind, folder.path()).kind() == ErrorKind::Invalid)
    );
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_an_error_alone_and_a_rejection_among_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    write(folder.path(), "a.jsonl", ISSUE);
    let lock =
        |mode| std::fs::set_permissions(folder.path().join("a.jsonl"), std::fs::Permissions::from_mode(mode)).unwrap();
    lock(0);
    if std::fs::read(folder.path().join("a.jsonl")).is_ok() {
        return lock(0o600); // The superuser reads everything: nothing to see here.
    }
    assert_eq!(fails(Kind::Jira, folder.path()).kind(), ErrorKind::Denied);
    write(folder.path(), "b.jsonl", ISSUE.replace("A-1", "B-1"));
    let archive = archive(Kind::Jira, folder.path(), json!({}));
    let first = pull(&archive, None).unwrap();
    assert_eq!((first.rejected[0].item.as_str(), first.changes.len()), ("a.jsonl:0", 3));
    assert!(matches!(
        run(archive.sweep(Some(&first.cursor))).unwrap(),
        Sweep::Frozen(_)
    ));
    lock(0o600);
    let second = pull(&archive, Some(&first.cursor)).unwrap();
    assert_eq!(
        (second.reread.as_slice(), second.changes.len()),
        (&["a.jsonl:".to_owned()][..], 2)
    );
}

#[cfg(unix)]
#[test]
fn symbolic_links_in_a_folder_are_not_followed() {
    let folder = folder();
    write(folder.path(), "outside/secret.md", "# Secret");
    write(folder.path(), "wiki/page.md", "# Page");
    std::os::unix::fs::symlink(folder.path().join("outside"), folder.path().join("wiki/link")).unwrap();
    std::os::unix::fs::symlink(
        folder.path().join("outside/secret.md"),
        folder.path().join("wiki/link.md"),
    )
    .unwrap();
    assert_eq!(
        found(Kind::Wiki, &folder.path().join("wiki"), json!({})).keys(),
        ["wiki:src/wiki", "wiki:src/wiki/page"]
    );
}

#[test]
fn a_page_that_is_not_text_is_rejected() {
    let folder = folder();
    write(folder.path(), "a.md", b"# A\n\xff");
    write(folder.path(), "b.md", "# B");
    let found = found(Kind::Wiki, folder.path(), json!({ "space": "S" }));
    assert_eq!(
        (found.rejected[0].item.as_str(), found.keys()),
        ("a.md:1", vec!["wiki:src/S", "wiki:src/S/b"])
    );
}

#[test]
fn a_zip_bomb_is_refused() {
    let folder = folder();
    let zeros = vec![0; 20 * 1024 * 1024];
    write(folder.path(), "bomb.zip", zipped(&[("users.json", &zeros)]));
    let error = fails(Kind::Slack, &folder.path().join("bomb.zip"));
    assert_eq!(error.kind(), ErrorKind::Exhausted, "{error}");

    let many: Vec<(String, Vec<u8>)> = (0..5)
        .map(|n| (format!("g/2024-01-0{n}.json"), vec![0; 6 * 1024 * 1024]))
        .collect();
    let many: Vec<(&str, &[u8])> = many
        .iter()
        .map(|(path, content)| (path.as_str(), content.as_slice()))
        .collect();
    write(folder.path(), "bomb.zip", zipped(&many));
    assert_eq!(
        fails(Kind::Slack, &folder.path().join("bomb.zip")).kind(),
        ErrorKind::Exhausted,
        "each entry is small, the sum is not"
    );
}

#[test]
fn a_zip_with_too_many_entries_is_refused() {
    let folder = folder();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for number in 0..100_001 {
        writer.start_file(format!("{number}"), stored).unwrap();
    }
    write(folder.path(), "many.zip", writer.finish().unwrap().into_inner());
    let error = fails(Kind::Slack, &folder.path().join("many.zip"));
    assert!(error.message().contains("100001 entries"), "{error}");
}

#[test]
fn a_zip_with_unsafe_entries_is_refused() {
    let folder = folder();
    let path = folder.path().join("a.zip");
    for name in [
        "../users.json",
        "a/../../users.json",
        "/etc/users.json",
        "a\\..\\users.json",
        "C:users.json",
        "a/./users.json",
    ] {
        let placeholder = "x".repeat(name.len());
        let raw = zipped(&[(&placeholder, b"[]")]);
        // Written by hand: the writer cleans such names.
        let text: Vec<u8> = replace(&raw, placeholder.as_bytes(), name.as_bytes());
        write(folder.path(), "a.zip", text);
        let error = fails(Kind::Slack, &path);
        assert!(error.message().contains("unsafe path"), "{name}: {error}");
    }
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer
        .add_symlink("users.json", "/etc/passwd", SimpleFileOptions::default())
        .unwrap();
    write(folder.path(), "a.zip", writer.finish().unwrap().into_inner());
    assert!(fails(Kind::Slack, &path).message().contains("symbolic link"));
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for at in 0..=out.len() - from.len() {
        if &out[at..at + from.len()] == from {
            out[at..at + from.len()].copy_from_slice(to);
        }
    }
    out
}

#[test]
fn a_zip_whose_content_differs_from_its_checksum_is_noticed() {
    let folder = folder();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer
        .start_file(
            "a.jsonl",
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored),
        )
        .unwrap();
    writer.write_all(ISSUE.as_bytes()).unwrap();
    let good = writer.finish().unwrap().into_inner();
    write(folder.path(), "a.zip", replace(&good, b"A-1", b"A-9"));
    let found = Found::of(pull(&archive(Kind::Jira, &folder.path().join("a.zip"), json!({})), None).unwrap());
    assert!(
        found
            .rejected
            .iter()
            .any(|rejected| rejected.reason.contains("checksum")),
        "{:?}",
        found.rejected
    );

    write(folder.path(), "a.zip", &good[..good.len() - 10]);
    assert_eq!(
        fails(Kind::Jira, &folder.path().join("a.zip")).kind(),
        ErrorKind::Invalid
    );
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let open = |kind, settings: Value| Archive::open(SourceId::new("src").unwrap(), kind, settings).unwrap_err();
    for (kind, settings) in [
        (Kind::Jira, json!({})),
        (Kind::Jira, json!({ "path": "x", "pth": 1 })),
        (Kind::Jira, json!({ "path": "x", "site": "a/b" })),
        (Kind::Github, json!({ "path": "x", "repository": "a/b/c" })),
        (Kind::Slack, json!({ "path": "x", "workspace": "evil.example/" })),
        (Kind::Wiki, json!({ "path": "x", "space": "a b" })),
        (Kind::Commits, json!({ "path": "x", "formerly": [".."] })),
    ] {
        let error = open(kind, settings.clone());
        assert!(
            error.kind() == ErrorKind::Invalid && error.hint().is_some(),
            "{settings}"
        );
    }
}
