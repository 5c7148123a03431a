//! Times, memory, and what is asked.

use std::time::{Duration, Instant};

use domain::seam::{Direction, EdgeFilter, Expansion, GraphReader, PathQuery, Scope};
use graph::Embedded;

use crate::data::{Data, Dice, key};

/// Times of one kind of question.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Count one.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Take the times of another.
    pub(crate) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    /// The one below which a share of them lies, in microseconds.
    pub(crate) fn micros(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let place = (self.0.len() as f64 * share) as usize;
        self.0
            .get(place.min(self.0.len().saturating_sub(1)))
            .map_or(0.0, |time| time.as_secs_f64() * 1e6)
    }

    /// Print the middle and the slowest hundredth.
    pub(crate) fn tell(&mut self, what: &str) {
        let (p50, p99, count) = (self.micros(0.5), self.micros(0.99), self.0.len());
        println!("{what:<44} p50 {p50:>10.1} µs   p99 {p99:>10.1} µs   ({count} questions)");
    }
}

/// Run something once and print how long it took.
pub(crate) async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let done = work.await;
    println!("{what:<44} {:>8.2} s", start.elapsed().as_secs_f64());
    done
}

/// Memory of this process in bytes, as the system counts it, without the pages of mapped files.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Ask for shortest ways between the same pairs in every run; how long each way is.
pub(crate) async fn paths(graph: &Embedded, data: &Data, (pairs, limit): (usize, usize)) -> (Times, Vec<Option<u8>>) {
    let scope = Scope::from(data.visible());
    let (mut times, mut lengths, mut dice) = (Times::default(), Vec::new(), Dice(7));
    for _ in 0..pairs {
        let query = PathQuery {
            from: key(dice.node(data)).as_str().to_owned(),
            to: key(dice.node(data)).as_str().to_owned(),
            scope: scope.clone(),
            edges: EdgeFilter::default(),
            nodes: Vec::new(),
            through: None,
            max_hops: 6,
            limit,
        };
        let start = Instant::now();
        let found = graph.paths(query).await;
        times.add(start.elapsed());
        let found = found.expect("an answer");
        lengths.push(found.first().map(|path| u8::try_from(path.edges.len()).expect("short")));
    }
    (times, lengths)
}

/// Ask for neighbourhoods of so many hops.
pub(crate) async fn expansions(graph: &Embedded, data: &Data, (count, hops): (usize, u8)) -> Times {
    let scope = Scope::from(data.visible());
    let (mut times, mut dice) = (Times::default(), Dice(11));
    for _ in 0..count {
        let expansion = Expansion {
            node: key(dice.node(data)).as_str().to_owned(),
            scope: scope.clone(),
            edges: EdgeFilter::default(),
            direction: Direction::Both,
            hops,
            limit: 100,
        };
        let start = Instant::now();
        // A node among the busiest is refused, which is an answer too.
        drop(graph.expand(expansion).await);
        times.add(start.elapsed());
    }
    times
}
