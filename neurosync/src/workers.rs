//! What `serve` does behind its API: sources are synced when they are due, some at a time, and the graph and the index follow.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::seam::Connector;
use domain::seam::store::{SourceRecord, SourceReport};
use domain::{Error, ErrorKind, Result, Retry, SourceId, Target, Timestamp};
use futures::FutureExt;
use search_api::http::{self, Consent, Control, Login, SyncEvent};
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Index, now};
use crate::connector;
use crate::hints::{Hint, Hints};
use crate::logins;
use crate::pipeline::{AT_ONCE, Demands, Pipeline, SourceRun, check_known, line_of};
use crate::schedule::{Rule, Schedule, Work};
use crate::watch::Watch;

/// How often workers look at what sources there are, and try again what failed.
const LOOK: Duration = Duration::from_secs(30);
/// Documents of one source that go into the index before another source has its turn.
const TURN: usize = 4096;

type Opened = BTreeMap<SourceId, (SourceRecord, Arc<dyn Connector>)>;

/// The workers of one server.
pub(crate) struct Workers {
    app: Arc<App>,
    index: Index,
    watch: Arc<Watch>,
    hints: Hints,
    schedule: Mutex<Schedule>,
    /// Connectors of sources that wait for their next try, with what they were opened from.
    opened: Mutex<Opened>,
    /// Somebody asked for a sync.
    asked: Notify,
    cancel: CancellationToken,
}

impl Workers {
    /// Begin to work, until asked to stop. Sources without a schedule of their own follow the configured one.
    ///
    /// # Errors
    /// `Invalid` for a configured schedule that is none.
    pub(crate) fn start(
        app: Arc<App>,
        index: Index,
        tasks: &TaskTracker,
        cancel: CancellationToken,
    ) -> Result<Arc<Self>> {
        let usual = Rule::parse(&app.config().schedule)?;
        let (hints, hinted) = mpsc::unbounded_channel();
        let workers = Arc::new(Self {
            app,
            index,
            watch: Arc::default(),
            hints: Hints::new(hints),
            schedule: Mutex::new(Schedule::new(usual)),
            opened: Mutex::default(),
            asked: Notify::new(),
            cancel,
        });
        tasks.spawn(Arc::clone(&workers).keep_syncing(hinted));
        tasks.spawn(Arc::clone(&workers).follow_with_graph());
        tasks.spawn(Arc::clone(&workers).follow_with_index());
        Ok(workers)
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pipeline(&self) -> Pipeline<'_> {
        Pipeline {
            app: &self.app,
            index: self.index.clone(),
            progress: self.watch.clone(),
            cancel: self.cancel.clone(),
            demands: Demands::default(),
        }
    }

    /// Sync until asked to stop; a fault of ours in the schedule is told and does not end all syncing.
    async fn keep_syncing(self: Arc<Self>, mut hinted: mpsc::UnboundedReceiver<Hint>) {
        while AssertUnwindSafe(Arc::clone(&self).sync_when_due(&mut hinted))
            .catch_unwind()
            .await
            .is_err()
        {
            tracing::error!("the schedule broke off; it begins again");
            self.schedule().stopped(now());
            self.pause().await;
        }
    }

    /// Sync each source when it is due, until asked to stop; those under way come to a stop first.
    async fn sync_when_due(self: Arc<Self>, hinted: &mut mpsc::UnboundedReceiver<Hint>) {
        let mut running = JoinSet::new();
        self.look().await;
        loop {
            while running.len() < AT_ONCE
                && let Some((source, work)) = self.due()
            {
                running.spawn(Arc::clone(&self).sync(source, work));
            }
            let until_due = self.until_due(running.len());
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => break,
                Some(ended) = running.join_next() => self.ended(ended),
                Some((source, target)) = hinted.recv() => self.schedule().hint(&source, target, now()),
                () = self.asked.notified() => {}
                () = tokio::time::sleep(until_due) => self.look().await,
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Take in what sources there are.
    async fn look(&self) {
        match self.sources().await {
            Ok(reports) => {
                for report in &reports {
                    #[expect(clippy::cast_precision_loss, reason = "no source waits for so many seconds")]
                    let stale = report.staleness_seconds.unwrap_or_default() as f64;
                    metrics::gauge!("neurosync_source_staleness_seconds", "source" => report.source.id.to_string())
                        .set(stale);
                }
                self.schedule().refresh(&reports, now());
            }
            Err(error) => tracing::error!(%error, "the schedule cannot be read"),
        }
    }

    fn due(&self) -> Option<(SourceId, Work)> {
        self.schedule().start(now())
    }

    /// The time until another source is due, and at most that until the next look.
    fn until_due(&self, running: usize) -> Duration {
        let free = running < AT_ONCE;
        let next = self.schedule().next().map(|(due, _)| left(due));
        next.filter(|_| free).map_or(LOOK, |left| left.min(LOOK))
    }

    /// Sync one source; whether and how it failed. A connector that panics has failed, and the others go on.
    async fn sync(self: Arc<Self>, source: SourceId, work: Work) -> (SourceId, Option<Retry>) {
        let synced = AssertUnwindSafe(self.sync_now(&source, work)).catch_unwind().await;
        let broke = |_| {
            Err(Error::internal(
                "sync source",
                format!("the connector of {source} broke off"),
            ))
        };
        let (error, frozen) = match synced.unwrap_or_else(broke) {
            Ok(frozen) => (None, frozen),
            Err(error) => (Some(error), None),
        };
        // A server that is asked to stop stops its syncs: nothing failed.
        let error = error.filter(|error| error.kind() != ErrorKind::Cancelled);
        match error.as_ref().map(|error| (error.retry(), line_of(error))) {
            Some((Retry::After(wait), why)) => {
                tracing::warn!(source.id = %source, why, seconds = wait.as_secs(), "sync waits");
            }
            Some((Retry::Now | Retry::Never, error)) => tracing::error!(source.id = %source, error, "sync failed"),
            None => {}
        }
        self.watch.tell(SyncEvent::Ended {
            source: source.to_string(),
            error: error.as_ref().map(line_of),
            frozen,
        });
        (source, error.map(|error| error.retry()))
    }

    /// Sync one source; why nothing is deleted of it, where that is so.
    async fn sync_now(&self, source: &SourceId, work: Work) -> Result<Option<String>> {
        let reports = self.sources().await?;
        let live = |report: &&SourceReport| report.source.id == *source && !report.removed;
        let Some(report) = reports.iter().find(live) else {
            return Ok(None);
        };
        let connector = self.connector(&report.source)?;
        let done = self.read(report, &*connector, work).await;
        // What it has read is remembered for the next try, or a long wait within a step would begin it again and again.
        if done.as_ref().is_err_and(|error| error.retry() != Retry::Never) {
            self.opened().insert(source.clone(), (report.source.clone(), connector));
        }
        done
    }

    async fn read(&self, report: &SourceReport, connector: &dyn Connector, work: Work) -> Result<Option<String>> {
        let pipeline = self.pipeline();
        if let Work::Targets(targets) = work
            && self.read_named(connector, &targets).await?
        {
            return Ok(None);
        }
        let run = pipeline.read_by(report, connector).await?;
        if let Some(reason) = &run.frozen {
            tracing::warn!(source.id = %run.source, reason, "nothing is deleted while this holds");
        }
        run.error.map_or(Ok(run.frozen), Err)
    }

    /// Read what webhooks named, each by itself; whether that was possible for all. What they told counts as read unless the whole is
    /// to be read for some of it.
    async fn read_named(&self, connector: &dyn Connector, targets: &[Target]) -> Result<bool> {
        let (source, began, mut all) = (connector.source(), now(), true);
        for target in targets {
            all &= self.pipeline().read_target(connector, target).await?;
            self.schedule().answered(source, target);
        }
        if all && !self.schedule().wants_whole(source) {
            self.app.sync_store().heard(source, began).await?;
        }
        Ok(all)
    }

    /// The connector of a source: the one that waited, unless its settings are others now.
    fn connector(&self, record: &SourceRecord) -> Result<Arc<dyn Connector>> {
        let waited = self.opened().remove(&record.id).filter(|(of, _)| of == record);
        match waited {
            Some((_, connector)) => Ok(connector),
            None => connector::open(record, &self.app).map(Arc::from),
        }
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self, ended: std::result::Result<(SourceId, Option<Retry>), tokio::task::JoinError>) {
        match ended {
            Ok((source, failure)) => self.schedule().ended(&source, failure, now()),
            Err(error) => tracing::error!(%error, "a sync was lost"),
        }
    }

    async fn follow_with_graph(self: Arc<Self>) {
        while !self.cancel.is_cancelled() {
            let done = AssertUnwindSafe(self.pipeline().follow_graph()).catch_unwind().await;
            self.rest(done.unwrap_or_else(|_| Err(broken("graph"))), &self.watch.graph)
                .await;
        }
    }

    async fn follow_with_index(self: Arc<Self>) {
        while !self.cancel.is_cancelled() {
            let done = AssertUnwindSafe(self.pipeline().follow_index(TURN))
                .catch_unwind()
                .await;
            self.rest(done.unwrap_or_else(|_| Err(broken("index"))), &self.watch.index)
                .await;
        }
    }

    /// Wait until a projection has something to do again. One that moved on goes on at once; one that only failed waits.
    async fn rest(&self, done: Result<Vec<SourceRun>>, news: &Notify) {
        let runs = match done {
            Ok(runs) => runs,
            Err(error) if error.kind() == ErrorKind::Cancelled => return,
            Err(error) => {
                tracing::error!(error = line_of(&error), "projection failed");
                return self.pause().await;
            }
        };
        let failed = || runs.iter().filter_map(|run| Some((&run.source, run.error.as_ref()?)));
        for (source, error) in failed() {
            tracing::error!(source.id = %source, error = line_of(error), "projection failed");
        }
        if runs.iter().any(|run| run.documents > 0) {
            return;
        }
        if failed().next().is_some() {
            return self.pause().await;
        }
        tokio::select! {
            () = news.notified() => {}
            () = self.pause() => {}
        }
    }

    async fn pause(&self) {
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn broken(projection: &str) -> Error {
    Error::internal("project", format!("the {projection} projection broke off"))
}

/// The time until then.
fn left(due: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(due.0.saturating_sub(now().0)).unwrap_or(0))
}

#[async_trait]
impl Control for Workers {
    async fn sources(&self) -> Result<Vec<SourceReport>> {
        let reports = self.app.sync_store().sources().await?;
        Ok(reports.into_iter().map(|report| report.at(now())).collect())
    }

    async fn start_sync(&self, sources: Vec<SourceId>) -> Result<()> {
        let reports = self.sources().await?;
        check_known(&reports, &sources)?;
        let mut schedule = self.schedule();
        schedule.refresh(&reports, now());
        let all = if sources.is_empty() {
            schedule.sources()
        } else {
            sources
        };
        for source in &all {
            schedule.ask(source, now());
        }
        drop(schedule);
        self.asked.notify_one();
        Ok(())
    }

    async fn webhook(&self, webhook: http::Webhook) -> Result<Option<String>> {
        self.hints.take(&self.app, &webhook).await
    }

    async fn begin_login(&self, provider: &str, name: Option<String>) -> Result<Login> {
        logins::begin(self.app.connections()?, provider, name).await
    }

    async fn finish_login(&self, consent: Consent) -> Result<String> {
        let connections = self.app.connections()?.clone();
        // The code is good once: a browser that goes away must not leave a token that nobody keeps.
        let finished = tokio::spawn(async move { logins::finish(&connections, consent).await });
        finished
            .await
            .map_err(|error| Error::internal("finish login", "it was interrupted").with_source(error))?
    }

    fn events(&self) -> broadcast::Receiver<SyncEvent> {
        self.watch.listen()
    }
}
