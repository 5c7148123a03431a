//! The command line itself: help, versions, mistakes.

use std::process::Command;

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_neurosync"))
        .args(arguments)
        .output()
        .expect("the binary starts");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn help_lists_every_command() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for command in [
        "demo",
        "serve",
        "source",
        "sync",
        "search",
        "path",
        "neighbors",
        "show",
        "eval",
        "embed",
        "model",
        "export",
        "rebuild",
        "doctor",
        "completions",
    ] {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{command} is not in:\n{help}"
        );
    }
}

#[test]
fn completions_are_made_for_each_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, script, _) = run(&["completions", shell]);
        assert!(code == Some(0) && script.contains("neurosync"), "{shell}");
    }
}

#[test]
fn a_server_that_others_can_reach_needs_a_key() {
    let data = tempfile::tempdir().expect("folder");
    let data = data.path().display().to_string();
    let (code, _, error) = run(&["--data", &data, "serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, Some(8), "{error}");
    assert!(error.contains("api_keys"), "{error}");
}

#[test]
fn a_misspelt_setting_is_named_with_its_line() {
    let data = tempfile::tempdir().expect("folder");
    std::fs::write(
        data.path().join("neurosync.toml"),
        "[server]\nlistne = \"127.0.0.1:1\"\n",
    )
    .expect("file");
    let (code, _, error) = run(&["--data", &data.path().display().to_string(), "source", "list"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("line 2") && error.contains("listne"), "{error}");
}

#[test]
fn a_file_is_no_data_folder() {
    let file = tempfile::NamedTempFile::new().expect("file");
    let (code, _, error) = run(&["--data", &file.path().display().to_string(), "source", "list"]);
    assert_eq!(code, Some(2), "{error}");
    assert!(
        error.contains("is not a folder") && error.contains("--data DIR"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn what_is_stored_is_closed_to_other_users() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = tempfile::tempdir().expect("folder");
    let data = scratch.path().join("data");
    std::fs::create_dir(&data).expect("folder");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).expect("ours");
    let (code, _, error) = run(&["--data", &data.display().to_string(), "source", "list"]);
    assert_eq!(code, Some(0), "{error}");
    for (name, expected) in [("", 0o700), ("store.db", 0o600), ("graph.db", 0o600)] {
        let mode = std::fs::metadata(data.join(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, expected, "{name}");
    }
}

#[test]
fn errors_are_json_when_asked() {
    let data = tempfile::tempdir().expect("folder");
    let (code, _, error) = run(&["--json", "--data", &data.path().display().to_string(), "show", "PAY-1"]);
    assert_eq!(code, Some(3), "{error}");
    let error: serde_json::Value = serde_json::from_str(&error).expect("JSON");
    assert_eq!(error["error"]["kind"], "notfound");
    assert!(error["error"]["hint"].is_string());
}
