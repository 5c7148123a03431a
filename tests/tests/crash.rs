//! Killed at any moment and started again, the pipeline ends where an undisturbed run ends.

use std::process::Stdio;
use std::time::{Duration, Instant};

use neurosync_tests::Neurosync;
use neurosync_tests::fixtures::{commit, issue, json_lines};
use serde_json::{Value, json};

/// Kills of one series.
const KILLS: u32 = 8;

/// The world as it is at one time: later ones lack commits and issues that earlier ones had, other issues are rewritten, and
/// comments are restricted to a group, opened again, or gone.
fn write_world(neurosync: &Neurosync, time: u32) -> Vec<[String; 3]> {
    let dir = neurosync.data().join("in");
    let commits: Vec<_> = (0..1500)
        .filter(|number| number % 7 != u64::from(time % 7))
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
        .filter(|number| number % 9 != time % 9)
        .map(|number| issue_at(number, time))
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

fn issue_at(number: u32, time: u32) -> Value {
    let mut issue = issue(
        &format!("PAY-{number}"),
        &format!("Issue {number}"),
        &format!(
            "See PAY-{} and acme/api#{number}, {}",
            number % 40 + 1,
            (number + time) % 3
        ),
    );
    let comments = &mut issue["fields"]["comment"]["comments"];
    match (number + time) % 4 {
        0 => comments[0]["visibility"] = json!({"type": "group", "value": "eng"}),
        1 => *comments = json!([]),
        _ => {}
    }
    issue
}

fn add(neurosync: &Neurosync, time: u32) {
    for [connector, name, path] in write_world(neurosync, time) {
        neurosync.json(&["source", "add", &connector, &name, &path, "--access", "public"]);
    }
}

#[test]
fn killed_at_any_moment_it_ends_where_an_undisturbed_run_ends() {
    let calm = Neurosync::default();
    add(&calm, KILLS);
    let started = Instant::now();
    calm.json(&["sync"]);
    let whole = started.elapsed();
    let expected = calm.hash();

    let killed = Neurosync::default();
    add(&killed, 0);
    // Moments spread over a whole run by the golden ratio: a fixed sequence that leaves no stage out.
    for kill in 1..=KILLS {
        // The last two kills are of the same world, so that one of them only goes on.
        write_world(&killed, kill.min(KILLS - 1));
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
    write_world(&killed, KILLS);
    killed.json(&["sync"]);
    // Paths differ between the two folders, but no path of the machine is part of a document.
    assert_eq!(killed.hash(), expected);
    killed.json(&["rebuild"]);
    assert_eq!(killed.hash(), expected);
}
