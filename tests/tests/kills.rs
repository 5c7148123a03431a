//! Killed at random moments while it reads four providers that change meanwhile: nothing is lost, doubled or passed over.

use std::process::Stdio;
use std::time::{Duration, Instant};

use neurosync_tests::Neurosync;
use neurosync_tests::providers::{configured, connect_all, redirect, simulators_of};
use neurosync_tests::tell;
use testkit::provider::{Mutation, Provider, Settings, Simulators};
use tokio::task::block_in_place;

/// What the moments follow from.
const SEED: u64 = 0x5eed_0f4b;
/// Kills, unless `NEUROSYNC_KILLS` says otherwise.
const KILLS: u32 = 8;
/// Changes between two runs.
const CHANGES: usize = 3;
/// Changes that every provider dates: a sync that passed over one would never come back to it. A new issue of Jira's is none, for
/// the issues that it links to keep their dates.
const DATED: [Mutation; 6] = [
    Mutation::Create(Provider::GitHub),
    Mutation::Edit(Provider::Jira),
    Mutation::Create(Provider::Confluence),
    Mutation::Edit(Provider::GitHub),
    Mutation::Create(Provider::Slack),
    Mutation::State(Provider::Jira),
];

#[expect(
    clippy::disallowed_methods,
    reason = "how long a test takes is for whoever runs it to say"
)]
fn kills() -> u32 {
    let asked = std::env::var("NEUROSYNC_KILLS").ok();
    asked.map_or(KILLS, |asked| asked.parse().expect("NEUROSYNC_KILLS is a number"))
}

/// Numbers that look random, the same ones each time.
struct Moments(u64);

impl Moments {
    /// A share of one.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).expect("32 bits")) / f64::from(u32::MAX)
    }
}

/// A series of kills over one data folder.
struct Series<'s> {
    simulators: &'s Simulators,
    neurosync: &'s Neurosync,
    moments: Moments,
    /// How long a run takes that nobody disturbs.
    whole: Duration,
    /// How long one takes now, about.
    usual: Duration,
    changes: Vec<Mutation>,
    made: usize,
}

impl Series<'_> {
    fn change(&mut self) {
        let until = self.made + CHANGES;
        for round in self.made..until {
            // One of a kind that is impossible now is left out.
            self.simulators.mutate_as(self.changes[round * 7 % self.changes.len()]);
        }
        self.made = until;
        // Two edits of a second look like one to who reads between them.
        self.simulators.advance(Duration::from_secs(2));
    }

    /// Run a command and kill it; whether it was still running.
    async fn kill(&mut self, arguments: &[&str]) -> bool {
        let mut command = tokio::process::Command::from(self.neurosync.command(arguments));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (mut child, started) = (command.spawn().expect("the binary starts"), Instant::now());
        let moment = self.usual.mul_f64(self.moments.next());
        if tokio::time::timeout(moment, child.wait()).await.is_ok() {
            // Later runs have less to do than the first.
            self.usual = started.elapsed();
            return false;
        }
        child.kill().await.expect("a child");
        self.usual = self.whole.min(self.usual.mul_f64(1.2));
        true
    }

    /// Kill so many runs, each of the next of these commands, with changes between; how many runs that took.
    async fn kills(&mut self, kills: u32, commands: &[&[&str]]) -> u32 {
        let (mut killed, mut runs) = (0, 0);
        for arguments in commands.iter().cycle() {
            if killed == kills {
                break;
            }
            self.change();
            killed += u32::from(self.kill(arguments).await);
            runs += 1;
            assert!(runs < 10 * kills + 10, "runs end before they can be killed");
        }
        runs
    }
}

/// A fresh reading of the world as it is, and how long it took.
fn fresh(simulators: &Simulators, redirect: &str) -> (Neurosync, Duration) {
    let fresh = configured(simulators, redirect);
    connect_all(&fresh, simulators);
    let started = Instant::now();
    fresh.json(&["sync"]);
    (fresh, started.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_it_ends_where_an_undisturbed_run_ends() {
    let redirect = redirect();
    // A token that is renewed in the moment of a kill is lost for good, as providers have it.
    let settings = Settings {
        token_life: Some(Duration::from_hours(24 * 365)),
        ..Settings::default()
    };
    let simulators = simulators_of(&redirect, settings).await;
    let neurosync = configured(&simulators, &redirect);
    let whole = block_in_place(|| {
        connect_all(&neurosync, &simulators);
        fresh(&simulators, &redirect).1
    });
    let mut series = Series {
        simulators: &simulators,
        neurosync: &neurosync,
        moments: Moments(SEED),
        whole,
        usual: whole,
        changes: DATED.to_vec(),
        made: 0,
    };
    let kills = kills();
    let first = kills / 2;
    let runs = series.kills(first, &[&["sync"]]).await;
    tell(&format!("{first} kills in {runs} runs, a whole one takes {whole:?}"));
    // What Jira has written within a minute is read by the next run.
    simulators.advance(Duration::from_mins(20));
    block_in_place(|| {
        neurosync.json(&["sync"]);
        let (expected, _) = fresh(&simulators, &redirect);
        let why = format!("a cursor was ahead of its data: seed {SEED:#x}, {kills} kills");
        neurosync.assert_same(&expected, &why);
    });

    series.changes = Mutation::all();
    let rest = kills - first;
    let runs = series.kills(rest, &[&["sync"], &["sync", "--census"]]).await;
    tell(&format!("{rest} kills in {runs} runs, of all kinds of changes"));
    simulators.advance(Duration::from_mins(20));
    block_in_place(|| {
        neurosync.json(&["sync", "--census"]);
        let (expected, _) = fresh(&simulators, &redirect);
        neurosync.assert_same(&expected, &format!("seed {SEED:#x}, {kills} kills"));
        neurosync.json(&["rebuild"]);
        neurosync.assert_same(&expected, "the projections follow from the store");
    });
}
