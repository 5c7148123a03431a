//! The time as connectors see it, so that tests own it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;

/// Tells the time and waits. One is shared by everything in a process.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Return when this time has passed.
    async fn sleep(&self, time: Duration);
}

/// The clock of the system: `now` comes from whoever reads it for the whole program, waiting is the runtime's.
pub struct SystemClock {
    now: fn() -> Timestamp,
}

impl SystemClock {
    /// The clock that `now` reads.
    pub fn shared(now: fn() -> Timestamp) -> Arc<dyn Clock> {
        Arc::new(Self { now })
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        (self.now)()
    }

    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The time from `now` to `then`; none when `then` has passed.
pub(crate) fn until(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(then.0.saturating_sub(now.0)).unwrap_or(0))
}

/// `time` after `now`.
pub(crate) fn after(now: Timestamp, time: Duration) -> Timestamp {
    Timestamp(
        now.0
            .saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)),
    )
}
