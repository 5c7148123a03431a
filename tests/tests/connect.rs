//! Connections to simulated providers over the real binary: consent in a browser, tokens by hand, the list, and the end.

use std::io::Write;
use std::process::Stdio;

use neurosync_tests::Neurosync;
use neurosync_tests::providers::{asked, browse, configured, consent, redirect, simulators};
use testkit::provider::{Application, Provider};

fn all_files(folder: &std::path::Path, into: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all_files(&path, into);
        } else {
            into.extend(std::fs::read(&path).expect("a file"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consent_makes_a_connection_whose_secrets_are_nowhere_in_the_data() {
    let redirect = redirect();
    let simulators = simulators(&redirect).await;
    let neurosync = configured(&simulators, &redirect);
    for (service, provider) in [
        ("github", Provider::GitHub),
        ("jira", Provider::Jira),
        ("slack", Provider::Slack),
    ] {
        simulators.sign_in(provider, Some(0));
        let connected = tokio::task::block_in_place(|| consent(&neurosync, service));
        assert!(connected["needs_consent"].is_null(), "{connected}");
        // What an app of GitHub's may do is set at the app; the others tell what was granted.
        let scopes = connected["scopes"].as_array().expect("scopes");
        assert_eq!(scopes.is_empty(), service == "github", "{connected}");
    }
    let listed = tokio::task::block_in_place(|| neurosync.json(&["connections"]));
    let names: Vec<_> = listed["connections"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["atlassian", "github", "slack"]);

    let mut bytes = Vec::new();
    all_files(neurosync.data(), &mut bytes);
    for secret in [Application::GITHUB, Application::ATLASSIAN, Application::SLACK].map(|app| app.client_secret) {
        assert!(
            !bytes.windows(secret.len()).any(|found| found == secret.as_bytes()),
            "{secret}"
        );
    }
    for prefix in ["gho_", "ghu_", "xoxb-", "xoxe-"] {
        assert!(
            !bytes.windows(prefix.len()).any(|found| found == prefix.as_bytes()),
            "{prefix}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_refuses_is_not_connected_and_told_so() {
    let redirect = redirect();
    let simulators = simulators(&redirect).await;
    let neurosync = configured(&simulators, &redirect);
    simulators.sign_in(Provider::GitHub, None);
    let output = tokio::task::block_in_place(|| {
        let mut command = neurosync.command(&["connect", "github"]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        browse(&asked(&mut child));
        child.wait_with_output().expect("it ends")
    });
    assert_eq!(
        output.status.code(),
        Some(8),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = tokio::task::block_in_place(|| neurosync.json(&["connections"]));
    assert_eq!(listed["connections"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_by_hand_is_kept_sealed_renewed_by_a_new_key_and_forgotten() {
    let redirect = redirect();
    let simulators = simulators(&redirect).await;
    let neurosync = configured(&simulators, &redirect);
    let token = "ghp_CanaryCanaryCanary0123456789";
    let run = |arguments: &[&str], input: &str| {
        let mut command = neurosync.command(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        child
            .stdin
            .take()
            .expect("piped")
            .write_all(input.as_bytes())
            .expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        let said = [output.stdout, output.stderr].concat();
        assert!(!said.windows(token.len()).any(|found| found == token.as_bytes()));
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    tokio::task::block_in_place(|| {
        let (code, said) = run(&["connect", "github", "--name", "mine", "--token"], token);
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = run(&["rotate-key"], "");
        assert!(code == Some(0) && said.contains("1 data key"), "{said}");
        let (code, said) = run(&["connections"], "");
        assert!(code == Some(0) && said.contains("mine"), "{said}");
        let mut bytes = Vec::new();
        all_files(neurosync.data(), &mut bytes);
        assert!(!bytes.windows(token.len()).any(|found| found == token.as_bytes()));
        let (code, said) = run(&["connect", "github", "--token"], "  \n");
        assert_eq!(code, Some(2), "{said}");
        // The provider does not know this token, so that it cannot be revoked there; it is forgotten all the same.
        run(&["disconnect", "mine"], "");
        let (code, said) = run(&["disconnect", "mine"], "");
        assert!(code == Some(3) && said.contains("no connection `mine`"), "{said}");
    });
}

#[test]
fn without_an_app_it_is_said_what_to_register_and_set() {
    let neurosync = Neurosync::default();
    std::fs::create_dir_all(neurosync.data()).expect("a folder");
    let key = neurosync.data().with_file_name("key");
    let text = format!("[keys]\nfile = {:?}\n", key.display().to_string());
    std::fs::write(neurosync.data().join("neurosync.toml"), text).expect("a file");
    let output = neurosync.run(&["connect", "slack"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("[apps.slack]") && error.contains("NEUROSYNC_SLACK_CLIENT_SECRET"),
        "{error}"
    );
}
