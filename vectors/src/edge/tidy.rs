//! When to merge segments. Upserts into the growing segment take time proportional to its size, because of its sparse lists, so that
//! every few thousand points it is handed to the engine's optimiser, which writes it anew in its compact form.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// After so many written points the segments are tidied.
const EVERY: usize = 8_000;

/// Writers wait when so many points were written during a tidying that still runs.
const AHEAD: usize = 3 * EVERY;

/// What the writers and the tidying thread know of each other.
#[derive(Debug)]
pub(super) struct Tidy {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    fresh: usize,
    running: bool,
    stopped: bool,
}

impl Tidy {
    /// The first write wakes the tidying thread: the last process may have left something to do.
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                fresh: EVERY,
                running: false,
                stopped: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Say that `points` were written; waits while a running tidying is too far behind.
    pub(super) fn wrote(&self, points: usize) {
        let mut state = self.lock();
        state.fresh += points;
        self.changed.notify_all();
        while state.running && state.fresh > AHEAD && !state.stopped {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Call `tidy` whenever there is enough to do, until stopped.
    pub(super) fn run(&self, tidy: impl Fn()) {
        loop {
            let mut state = self.lock();
            while state.fresh < EVERY + 1 && !state.stopped {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.stopped {
                return;
            }
            state.fresh = 0;
            state.running = true;
            drop(state);
            tidy();
            self.lock().running = false;
            self.changed.notify_all();
        }
    }

    /// End `run` after the tidying in progress.
    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}
