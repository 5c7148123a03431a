//! A sync that ends before its sweep, however it ends, owes it to the next one.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::seam::store::{Committed, Lease, Resume, SourceRecord, SourceReport, SweepTerms, Told};
use domain::seam::{Connector, SourceStore, SyncStore};
use domain::{
    AccessId, AccessRule, Change, Cursor, Error, Estimate, Key, Page, Readers, Rejected, Result, SourceId, Sweep,
    Target, Timestamp,
};
use tokio_util::sync::CancellationToken;

use super::{Demands, Sync};
use crate::progress::{Event, Progress};

/// A store that only keeps where a sync goes on, and the sweeps it got.
#[derive(Default)]
struct Store {
    resume: Mutex<Resume>,
    swept: Mutex<Vec<Sweep>>,
    forgotten: Mutex<Vec<Told>>,
    heard: Mutex<Vec<Timestamp>>,
}

#[async_trait]
impl SourceStore for Store {
    async fn put_source(&self, _: SourceRecord, _: Readers) -> Result<()> {
        Ok(())
    }

    async fn remove_source(&self, _: &SourceId) -> Result<()> {
        Ok(())
    }

    async fn sources(&self) -> Result<Vec<SourceReport>> {
        Ok(Vec::new())
    }

    async fn note_delivery(&self, _: &SourceId, _: &str, _: Timestamp) -> Result<bool> {
        Ok(true)
    }

    async fn retry(&self, _: &SourceId) -> Result<u64> {
        Ok(0)
    }

    async fn dead_letters(&self, _: &SourceId) -> Result<Vec<Rejected>> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl SyncStore for Store {
    async fn resume(&self, _: &SourceId) -> Result<Resume> {
        Ok(self.resume.lock().unwrap().clone())
    }

    async fn commit(&self, _: &SourceId, _: &Lease, page: Page, _: Timestamp) -> Result<Committed> {
        let mut resume = self.resume.lock().unwrap();
        resume.cursor = Some(page.cursor);
        resume.sweep_due |= page.sweep_due;
        Ok(Committed::default())
    }

    async fn apply_sweep(&self, _: &SourceId, _: &Lease, sweep: Sweep, _: SweepTerms) -> Result<Committed> {
        self.resume.lock().unwrap().sweep_due = matches!(sweep, Sweep::Frozen(_));
        self.swept.lock().unwrap().push(sweep);
        Ok(Committed::default())
    }

    async fn forget(&self, _: &SourceId, _: &Lease, told: Told) -> Result<()> {
        self.forgotten.lock().unwrap().push(told);
        Ok(())
    }

    async fn lease(&self, name: &str, holder: &str, _: Duration, _: Timestamp) -> Result<Option<Lease>> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        Ok(Some(Lease { name, token: 1, holder }))
    }

    async fn heard(&self, _: &SourceId, until: Timestamp) -> Result<()> {
        self.heard.lock().unwrap().push(until);
        Ok(())
    }
}

/// A connector whose first page asks for a sweep, and whose later pages and sweeps are as told.
struct Source {
    id: SourceId,
    sweeps: Mutex<VecDeque<Result<Sweep>>>,
    pulled: Mutex<Vec<Option<Cursor>>>,
}

impl Source {
    fn new<const N: usize>(sweeps: [Result<Sweep>; N]) -> Self {
        Self {
            id: SourceId::new("a").unwrap(),
            sweeps: Mutex::new(sweeps.into()),
            pulled: Mutex::default(),
        }
    }
}

#[async_trait]
impl Connector for Source {
    fn source(&self) -> &SourceId {
        &self.id
    }

    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page> {
        let first = cursor.is_none();
        self.pulled.lock().unwrap().push(cursor.cloned());
        let rule = AccessRule {
            id: AccessId::common(&self.id),
            container: Key::from_raw("jira:acme/PAY"),
            readers: Readers::Public,
        };
        Ok(Page {
            changes: if first { vec![Change::Access(rule)] } else { Vec::new() },
            sweep_due: first,
            ..Page::empty(Cursor("read".into()))
        })
    }

    async fn pull_target(&self, cursor: &Cursor, target: &Target) -> Result<Option<Page>> {
        assert_eq!(cursor.0, "read");
        let page = Page {
            more: true,
            ..Page::empty(cursor.clone())
        };
        Ok((target.0 == "known").then_some(page))
    }

    async fn sweep(&self, cursor: Option<&Cursor>) -> Result<Sweep> {
        assert_eq!(cursor, Some(&Cursor("read".into())));
        self.sweeps.lock().unwrap().pop_front().unwrap()
    }

    async fn estimate(&self, _: Option<&Cursor>) -> Result<Estimate> {
        Ok(Estimate::default())
    }
}

/// Asks the work to stop as soon as a page is committed.
struct StopAfterPage(Option<CancellationToken>);

impl Progress for StopAfterPage {
    fn event(&self, _: &Event) {
        if let Some(cancel) = &self.0 {
            cancel.cancel();
        }
    }
}

/// How a run is made.
#[derive(Clone, Copy, PartialEq)]
enum How {
    Plain,
    Stopped,
    Census,
}

/// A sync of a store at the time 7.
fn sync<'s>(store: &'s Store, (progress, cancel): (&'s StopAfterPage, &'s CancellationToken), how: How) -> Sync<'s> {
    Sync {
        store,
        holder: "test",
        now: &|| Timestamp(7),
        progress,
        cancel,
        demands: Demands {
            census: how == How::Census,
            ..Demands::default()
        },
    }
}

async fn run(store: &Store, source: &Source, how: How) -> Result<Committed> {
    let cancel = CancellationToken::new();
    let progress = StopAfterPage((how == How::Stopped).then(|| cancel.clone()));
    sync(store, (&progress, &cancel), how).run(source).await
}

#[tokio::test]
async fn what_webhooks_name_is_read_by_itself_where_that_can_be() {
    let (source, store) = (Source::new([Ok(Sweep::Complete(Vec::new()))]), Store::default());
    let (progress, cancel) = (StopAfterPage(None), CancellationToken::new());
    let sync = sync(&store, (&progress, &cancel), How::Plain);
    let target = |name: &str| Target(name.to_owned());
    assert!(
        !sync.run_target(&source, &target("known")).await.unwrap(),
        "nothing was read before"
    );
    sync.run(&source).await.unwrap();
    assert_eq!(*store.heard.lock().unwrap(), [Timestamp(7)], "as it began");
    assert!(sync.run_target(&source, &target("known")).await.unwrap());
    assert!(!sync.run_target(&source, &target("other")).await.unwrap());
    assert_eq!(store.heard.lock().unwrap().len(), 1, "others may be left");
    assert_eq!(source.pulled.lock().unwrap().len(), 1, "nothing else was read");
}

#[tokio::test]
async fn a_sweep_that_a_stop_or_an_error_prevented_is_made_by_the_next_run() {
    let frozen = || Sweep::Frozen("a file is damaged".into());
    let sweeps = [
        Err(Error::unavailable("sweep", "the disk is gone")),
        Ok(frozen()),
        Ok(Sweep::Complete(Vec::new())),
    ];
    let source = Source::new(sweeps);
    let store = Store::default();
    assert!(
        run(&store, &source, How::Stopped).await.is_err(),
        "stopped after the page"
    );
    assert!(run(&store, &source, How::Plain).await.is_err(), "the sweep fails");
    for _ in 0..3 {
        assert!(run(&store, &source, How::Plain).await.is_ok());
    }
    assert_eq!(
        *store.swept.lock().unwrap(),
        [frozen(), Sweep::Complete(Vec::new())],
        "a frozen sweep is tried again, a complete one is made once"
    );
}

#[tokio::test]
async fn a_census_reads_what_is_new_then_everything_and_forgets_what_was_not_told() {
    let unknown = || Sweep::Partial {
        existing: Vec::new(),
        unknown: [].into(),
    };
    let sweeps = [
        Ok(Sweep::Complete(Vec::new())),
        Ok(Sweep::Complete(Vec::new())),
        Ok(unknown()),
        Ok(Sweep::Frozen("it is away".into())),
    ];
    let (source, store) = (Source::new(sweeps), Store::default());
    let read = || Some(Cursor("read".into()));
    assert!(run(&store, &source, How::Census).await.is_ok());
    assert_eq!(*source.pulled.lock().unwrap(), [None], "a first reading is one");
    for _ in 0..3 {
        assert!(run(&store, &source, How::Census).await.is_ok());
    }
    assert_eq!(source.pulled.lock().unwrap()[1..3], [read(), None]);
    let told = |accounts| Told {
        labels: [AccessId::common(&source.id)].into(),
        accounts,
    };
    let all = Some([].into());
    assert_eq!(
        *store.forgotten.lock().unwrap(),
        [told(all.clone()), told(all), told(None)],
        "nothing after a sweep that is frozen"
    );
    assert!(store.resume.lock().unwrap().sweep_due);
}
