//! Killed at any moment and started again, the pipeline ends where an undisturbed run ends.

use std::process::Stdio;
use std::time::{Duration, Instant};

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{commit, issue, json_lines};

/// Kills of one series.
const KILLS: u32 = 8;

fn write_world(neurosync: &Neurosync) -> Vec<[String; 3]> {
    let dir = neurosync.data().join("in");
    let commits: Vec<_> = (0..1500)
        .map(|number| {
            commit(
                number,
                &format!("PAY-{} change {} (#{number})", number % 40 + 1, number % 60),
                &["src/a.rs", "src/b.rs"],
            )
        })
        .collect();
    json_lines(&dir.join("commits"), "acme__api.jsonl", &commits);
    let issues: Vec<_> = (1..=40)
        .map(|number| {
            issue(
                &format!("PAY-{number}"),
                &format!("Issue {number}"),
                &format!("See PAY-{} and acme/api#{number}", number % 40 + 1),
            )
        })
        .collect();
    json_lines(&dir.join("jira"), "PAY.jsonl", &issues);
    [("commits", "api"), ("jira", "pay")]
        .map(|(connector, name)| {
            [
                connector.to_owned(),
                name.to_owned(),
                dir.join(connector).display().to_string(),
            ]
        })
        .to_vec()
}

fn add(neurosync: &Neurosync) {
    for [connector, name, path] in write_world(neurosync) {
        neurosync.json(&["source", "add", &connector, &name, &path]);
    }
}

#[test]
fn killed_at_any_moment_it_ends_where_an_undisturbed_run_ends() {
    let calm = Neurosync::default();
    add(&calm);
    let started = Instant::now();
    calm.json(&["sync"]);
    let whole = started.elapsed();
    let expected = calm.hash();

    let killed = Neurosync::default();
    add(&killed);
    // Moments spread over a whole run by the golden ratio: a fixed sequence that leaves no stage out.
    for kill in 1..=KILLS {
        let share = f64::from(kill) * 0.618_033_988_749_895 % 1.0;
        let mut child = killed
            .command(&["sync"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let until = Instant::now() + whole.mul_f64(share).max(Duration::from_millis(20));
        while Instant::now() < until && child.try_wait().expect("a child").is_none() {
            std::thread::yield_now();
        }
        child.kill().expect("a child");
        child.wait().expect("a child");
    }
    killed.json(&["sync"]);
    // Paths differ between the two folders, but no path of the machine is part of a document.
    assert_eq!(killed.hash(), expected);
    killed.json(&["rebuild"]);
    assert_eq!(killed.hash(), expected);
}
