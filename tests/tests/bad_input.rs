//! Bad input: a clear error that says what to do, a failing exit code where the whole failed, and nothing lost of the rest.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{commit, issue, json_lines};

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn rejected(neurosync: &Neurosync, source: &str) -> Vec<String> {
    let report = neurosync.json(&["source", "report", source]);
    let letters = report["dead_letters"].as_array().expect("a list");
    letters
        .iter()
        .map(|letter| {
            format!(
                "{}: {}",
                letter["item"].as_str().unwrap_or_default(),
                letter["reason"].as_str().unwrap_or_default()
            )
        })
        .collect()
}

fn count(neurosync: &Neurosync, source: &str, kind: &str) -> u64 {
    neurosync.json(&["source", "report", source])["source"]["documents"][kind]
        .as_u64()
        .unwrap_or(0)
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let neurosync = Neurosync::default();
    let (code, error) = neurosync.fails(&["source", "import", "jira", "jira", "/nowhere/at/all"]);
    assert_ne!(code, 0);
    assert!(error.contains("/nowhere/at/all") && error.contains("help:"), "{error}");
    let wiki = neurosync.data().join("wiki");
    fs::create_dir_all(&wiki).expect("folder");
    fs::write(wiki.join("page.md"), "# A page").expect("page");
    for (connector, place) in [
        ("slack", "/nowhere/at/all"),
        ("git", "/nowhere/at/all"),
        ("jira", &text(&wiki)),
    ] {
        for command in ["add", "import"] {
            neurosync.fails(&["source", command, connector, "lost", place]);
        }
    }
    let list = neurosync.json(&["source", "list"]);
    assert_eq!(
        list["sources"],
        serde_json::json!([]),
        "a source that cannot be read is not stored"
    );
}

#[test]
fn broken_lines_are_named_and_the_rest_is_imported() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let path = json_lines(
        &dir,
        "PAY.jsonl",
        &[issue("PAY-1", "One", "x"), issue("PAY-2", "Two", "y")],
    );
    let mut file = fs::OpenOptions::new().append(true).open(&path).expect("the file");
    file.write_all(b"{\"key\": \"PAY-3\", \n{\"half\": \n\xff\xfe not UTF-8\n")
        .expect("written");
    file.write_all(format!("{}\n", issue("PAY-4", "Four", "z")).as_bytes())
        .expect("written");
    let run = neurosync.json(&["source", "import", "jira", "pay", &text(&dir)]);
    assert_eq!(run["sources"][0]["committed"]["rejected"], 3, "{run}");
    assert_eq!(count(&neurosync, "pay", "issue"), 3);
    let letters = rejected(&neurosync, "pay");
    for line in ["PAY.jsonl:3", "PAY.jsonl:4", "PAY.jsonl:5"] {
        assert!(
            letters.iter().any(|letter| letter.contains(line)),
            "{line} is not in {letters:?}"
        );
    }
    // Mended, they come in and leave the dead letters.
    json_lines(
        &dir,
        "PAY.jsonl",
        &[
            issue("PAY-1", "One", "x"),
            issue("PAY-2", "Two", "y"),
            issue("PAY-3", "Three", "x"),
            issue("PAY-4", "Four", "z"),
        ],
    );
    neurosync.json(&["sync"]);
    assert_eq!(
        (count(&neurosync, "pay", "issue"), rejected(&neurosync, "pay").len()),
        (4, 0)
    );
}

#[test]
fn a_source_whose_deletions_cannot_be_told_says_so_everywhere_until_they_can() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let issues = ["PAY-1", "PAY-2"].map(|key| issue(key, key, "x"));
    let path = json_lines(&dir, "PAY.jsonl", &issues);
    neurosync.json(&["source", "import", "jira", "pay", &text(&dir)]);
    fs::write(&path, "").expect("written");
    let run = neurosync.json(&["sync"]);
    let reason = "the archive holds no documents any more";
    assert_eq!(run["sources"][0]["frozen"], reason, "{run}");
    assert_eq!(neurosync.json(&["source", "report", "pay"])["source"]["frozen"], reason);
    assert!(String::from_utf8_lossy(&neurosync.run(&["source", "list"]).stdout).contains(reason));
    let doctor = String::from_utf8_lossy(&neurosync.run(&["doctor"]).stdout).into_owned();
    assert!(doctor.contains("FAIL deletions") && doctor.contains(reason), "{doctor}");
    assert_eq!(count(&neurosync, "pay", "issue"), 2);

    json_lines(&dir, "PAY.jsonl", &issues[..1]);
    let run = neurosync.json(&["sync"]);
    assert_eq!(run["sources"][0]["frozen"], serde_json::Value::Null, "{run}");
    assert_eq!(run["sources"][0]["committed"]["deleted"], 2, "issue and comment: {run}");
    assert!(!String::from_utf8_lossy(&neurosync.run(&["source", "list"]).stdout).contains(reason));
}

#[test]
fn one_broken_record_does_not_keep_the_others_from_being_deleted() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let issues = ["PAY-1", "PAY-2", "PAY-3"].map(|key| issue(key, key, "x"));
    let path = json_lines(&dir, "PAY.jsonl", &issues);
    neurosync.json(&["source", "import", "jira", "pay", &text(&dir), "--site", "acme"]);
    fs::write(&path, format!("{}\n{{\"key\": \"PAY-2\", \n", issues[0])).expect("written");
    let run = neurosync.json(&["sync"]);
    assert_eq!(
        run["sources"][0]["committed"]["deleted"], 2,
        "PAY-3 and its comment: {run}"
    );
    assert_eq!(count(&neurosync, "pay", "issue"), 2);
}

#[test]
fn a_line_of_200_megabytes_is_refused_without_being_held() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    let path = json_lines(&dir, "acme__api.jsonl", &[commit(0, "One", &[])]);
    let mut file = fs::OpenOptions::new().append(true).open(&path).expect("the file");
    file.write_all(b"{\"sha\":\"").expect("written");
    let megabyte = vec![b'a'; 1 << 20];
    for _ in 0..200 {
        file.write_all(&megabyte).expect("written");
    }
    file.write_all(format!("\"}}\n{}\n", commit(1, "Two", &[])).as_bytes())
        .expect("written");
    neurosync.json(&["source", "import", "commits", "log", &text(&dir)]);
    assert_eq!(count(&neurosync, "log", "commit"), 2);
    let letters = rejected(&neurosync, "log");
    assert!(
        letters.len() == 1 && letters[0].contains("acme__api.jsonl:2"),
        "{letters:?}"
    );
}

#[test]
fn the_wrong_kind_of_archive_is_told_apart() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("wiki");
    fs::create_dir_all(&dir).expect("folder");
    fs::write(dir.join("page.md"), "# A page\n\nText").expect("page");
    let (_, error) = neurosync.fails(&["source", "import", "jira", "jira", &text(&dir)]);
    assert!(error.contains("wiki"), "{error}");
}

fn zip(path: &Path, entries: &[(&str, Vec<u8>)]) {
    let mut zip = zip::ZipWriter::new(fs::File::create(path).expect("a file"));
    for (name, bytes) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .expect("an entry");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("a zip");
}

#[test]
fn a_zip_bomb_is_refused() {
    let neurosync = Neurosync::default();
    fs::create_dir_all(neurosync.data()).expect("folder");
    let path = neurosync.data().join("bomb.zip");
    zip(
        &path,
        &[
            ("users.json", b"[]".to_vec()),
            ("channels.json", b"[]".to_vec()),
            ("general/2024-01-01.json", vec![b' '; 300 << 20]),
        ],
    );
    let (_, error) = neurosync.fails(&["source", "import", "slack", "slack", &text(&path)]);
    assert!(error.contains("bomb.zip") && error.contains("help:"), "{error}");
}

#[test]
fn an_entry_that_leaves_the_archive_is_refused() {
    let neurosync = Neurosync::default();
    fs::create_dir_all(neurosync.data()).expect("folder");
    let path = neurosync.data().join("evil.zip");
    zip(
        &path,
        &[
            ("users.json", b"[]".to_vec()),
            ("channels.json", b"[]".to_vec()),
            ("../../evil.json", b"[]".to_vec()),
        ],
    );
    let output = neurosync.run(&["source", "import", "slack", "slack", &text(&path)]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned() + &rejected_or_nothing(&neurosync);
    assert!(told.contains("evil"), "{told}");
    assert!(!neurosync.data().join("../../evil.json").exists());
}

fn rejected_or_nothing(neurosync: &Neurosync) -> String {
    let output = neurosync.run(&["--json", "source", "report", "slack"]);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_second_process_on_the_same_folder_is_told_to_wait() {
    let neurosync = Neurosync::default();
    let _server = neurosync.serve();
    let (code, error) = neurosync.fails(&["source", "list"]);
    assert_eq!(code, 4, "{error}");
    assert!(
        error.contains("another neurosync process") && error.contains("--data"),
        "{error}"
    );
}

#[test]
fn a_corrupt_model_file_is_named() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("model");
    fs::create_dir_all(&dir).expect("folder");
    for name in ["model.safetensors", "tokenizer.json", "config.json"] {
        fs::write(dir.join(name), b"{}").expect("file");
    }
    let (code, error) = neurosync.fails(&["--model-dir", &text(&dir), "search", "anything"]);
    assert_eq!(code, 6, "{error}");
    assert!(error.contains("has the SHA-256") && error.contains("help:"), "{error}");
}

/// A file system of 3 MiB, where this user may make one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing_that_was_committed() {
    let scratch = tempfile::tempdir().expect("folder");
    let small = scratch.path().join("small");
    fs::create_dir(&small).expect("folder");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
        .arg(&small)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        eprintln_skip(
            "a_full_disk_loses_nothing_that_was_committed",
            "this user cannot mount a tmpfs",
        );
        return;
    }
    let neurosync = Neurosync::at(&small.join("data"));
    let dir = scratch.path().join("in");
    let commits: Vec<_> = (0..20_000)
        .map(|number| {
            commit(
                number,
                &format!("Change number {number}: {}", "words ".repeat(40)),
                &["a.rs"],
            )
        })
        .collect();
    json_lines(&dir, "acme__api.jsonl", &commits);
    let output = neurosync.run(&["source", "import", "commits", "log", &text(&dir)]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    // The disk is made larger and the same command goes on.
    let grown = Command::new("mount")
        .args(["-o", "remount,size=400m"])
        .arg(&small)
        .output()
        .is_ok_and(|output| output.status.success());
    let listed = grown.then(|| neurosync.run(&["--json", "source", "list"]));
    let unmount = || Command::new("umount").arg("-l").arg(&small).output();
    assert!(unmount().is_ok_and(|output| output.status.success()));
    assert!(!output.status.success(), "3 MiB were enough:\n{error}");
    assert!(error.contains("free some disk space"), "{error}");
    let listed = listed.expect("a larger file system");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
}

#[cfg(target_os = "linux")]
fn eprintln_skip(name: &str, why: &str) {
    let _told = writeln!(std::io::stderr(), "skipped: {name}: {why}");
}

#[test]
fn an_index_of_another_model_is_told_by_doctor_as_by_search() {
    let neurosync = Neurosync::default();
    let dir = neurosync.data().join("in");
    json_lines(&dir, "PAY.jsonl", &[issue("PAY-1", "One", "x")]);
    neurosync.json(&["source", "import", "jira", "pay", &text(&dir)]);
    neurosync.json(&["sync"]);
    let doctor = neurosync.json(&["doctor"]);
    let of = |doctor: &serde_json::Value| {
        let checks = doctor["checks"].as_array().expect("checks").iter();
        let mut found = checks.filter(|check| check["name"] == "index's model");
        found.next().expect("the check")["ok"].clone()
    };
    assert_eq!(of(&doctor), true, "{doctor}");

    fs::write(neurosync.data().join("neurosync.toml"), "[model]\ndimensions = 128\n").expect("written");
    let said = String::from_utf8_lossy(&neurosync.run(&["doctor"]).stdout).into_owned();
    assert!(
        said.contains("FAIL index's model") && said.contains("neurosync rebuild"),
        "{said}"
    );
    assert!(!neurosync.run(&["search", "x"]).status.success());
}
