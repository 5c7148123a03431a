//! The client against a server that answers as it is told, in every way a server can go wrong.

mod faults;
mod limits;
mod redirects;
pub(crate) mod server;

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Result, Timestamp};
use url::Url;

use super::{Api, Credential, Fixed, GrantKey, Http, Policy, Settings, Tokens};
use crate::clock::Clock;
use crate::secret::Secret;

/// A clock that passes only while somebody waits by it.
#[derive(Default)]
pub(crate) struct TestClock {
    now: AtomicI64,
    /// Every wait, in order.
    pub(crate) waits: Mutex<Vec<Duration>>,
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::Relaxed))
    }

    async fn sleep(&self, time: Duration) {
        self.waits.lock().expect("waits").push(time);
        self.pass(time);
        tokio::task::yield_now().await;
    }
}

impl TestClock {
    /// Some day.
    pub(crate) fn start() -> Arc<Self> {
        let clock = Self::default();
        clock.now.store(1_795_262_400_000, Ordering::Relaxed);
        Arc::new(clock)
    }

    /// Let time pass.
    pub(crate) fn pass(&self, time: Duration) {
        let millis =
            i64::try_from(time.as_millis()).expect("short") + i64::from(!time.subsec_micros().is_multiple_of(1000));
        self.now.fetch_add(millis, Ordering::Relaxed);
    }
}

/// Tokens `t0`, `t1`, … each good until it is refused.
#[derive(Default)]
pub(super) struct Counted(AtomicUsize);

#[async_trait]
impl Tokens for Counted {
    async fn token(&self) -> Result<Credential> {
        Ok(Credential::Bearer(Secret::new(format!(
            "t{}",
            self.0.load(Ordering::Relaxed)
        ))))
    }

    async fn refused(&self, _used: &Credential) -> Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// A client that may reach this machine.
pub(crate) fn http(clock: &Arc<TestClock>) -> Http {
    let allow = vec!["127.0.0.0/8".to_owned(), "[::1]".to_owned(), "localhost".to_owned()];
    Http::new(&Settings { allow }, Arc::clone(clock) as Arc<dyn Clock>).expect("client")
}

fn key() -> GrantKey {
    GrantKey {
        tenant: "acme".into(),
        grant: "g".into(),
    }
}

/// The view of a grant with the fixed token `canary`.
fn api(clock: &Arc<TestClock>, policy: fn(&Url) -> Result<Policy>, base: &Url) -> Api {
    let tokens = Fixed(Credential::Bearer(Secret::new("canary")));
    http(clock).api(policy(base).expect("policy"), Arc::new(tokens), &key())
}
