//! `serve`: the HTTP API over an open data folder, with syncs and late projections in the background.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use domain::seam::store::SourceReport;
use domain::{Caller, Error, ErrorKind, Result, Retry, SourceId, Timestamp};
use ingest::progress::{Event, Progress};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use search_api::http::{self, Api, Control, KeyHash, SyncEvent};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, OwnedMutexGuard, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::{App, Index, now};
use crate::cli::Serve;
use crate::config::ApiKey;
use crate::context::Context;
use crate::hints::Hints;
use crate::pipeline::{Pipeline, SourceRun, check_known};
use crate::schedule::{Rule, Schedule};

/// Sync events that a slow client may lag behind before it misses some.
const EVENT_BUFFER: usize = 1024;

pub(crate) async fn run(context: &Context<'_>, serve: Serve) -> Result<()> {
    let listen = serve.listen.unwrap_or(context.config.server.listen);
    let app = Arc::new(context.app().await?);
    let index = app.index_to_search(&*context.bars).await?;
    serve_on(context, app, index, listen).await
}

/// Serve until asked to stop; then finish what is under way.
pub(crate) async fn serve_on(context: &Context<'_>, app: Arc<App>, index: Index, listen: SocketAddr) -> Result<()> {
    let keys = &app.config().server.api_keys;
    if !listen.ip().is_loopback() && keys.is_empty() {
        return Err(Error::new(
            ErrorKind::Denied,
            "serve",
            format!("{listen} can be reached from other machines and no API key is configured"),
        )
        .with_hint(format!(
            "configure `server.api_keys` in {}, or listen on 127.0.0.1",
            app.config().data.join(crate::config::FILE).display()
        )));
    }
    let handle = record_metrics();
    let tasks = TaskTracker::new();
    let (hints, hinted) = mpsc::unbounded_channel();
    let control = Arc::new_cyclic(|own| Background {
        own: own.clone(),
        app: app.clone(),
        index: index.clone(),
        events: broadcast::channel(EVENT_BUFFER).0,
        hints: Hints::new(hints),
        running: Arc::default(),
        tasks: tasks.clone(),
        cancel: context.cancel.clone(),
    });
    control.catch_up().await?;
    let usual = Rule::parse(&app.config().schedule)?;
    tasks.spawn(Arc::clone(&control).keep(usual, hinted));
    let api = Api {
        search: app.search(&index),
        explore: app.explore(),
        control,
        keys: keys.iter().map(known).collect::<Result<_>>()?,
        loopback: listen.ip().is_loopback().then(|| listen.ip()),
        metrics: Arc::new(move || handle.render()),
    };
    let listener = bind(listen).await?;
    let address = listener
        .local_addr()
        .map_err(|error| Error::internal("serve", error.to_string()))?;
    context
        .output
        .answer(&json!({"listening": format!("http://{address}")}), |_, style| {
            format!(
                "listening on {} (Ctrl-C stops)",
                style.key(&format!("http://{address}"))
            )
        })?;
    let stop = context.cancel.clone();
    let served = http::serve(listener, api, async move { stop.cancelled().await });
    tokio::select! {
        result = served => result?,
        // A client that holds a stream open must not hold up the stop.
        () = async { context.cancel.cancelled().await; tokio::time::sleep(Duration::from_secs(5)).await; } => {}
    }
    tasks.close();
    tasks.wait().await;
    Ok(())
}

fn record_metrics() -> PrometheusHandle {
    let metrics = PrometheusBuilder::new().build_recorder();
    let handle = metrics.handle();
    // A second server in one process (tests) keeps the first recorder.
    let _kept = ::metrics::set_global_recorder(metrics);
    handle
}

async fn bind(listen: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| {
        Error::unavailable("serve", format!("cannot listen on {listen}: {error}"))
            .with_source(error)
            .with_hint("choose another address with --listen 127.0.0.1:PORT")
    })
}

fn known(key: &ApiKey) -> Result<http::ApiKey> {
    let hash = KeyHash::from_hex(&key.sha256)
        .ok_or_else(|| Error::invalid("read configuration", format!("API key `{}` has no SHA-256", key.name)))?;
    let caller = if key.owner {
        Caller::Owner
    } else {
        Caller::Principals(key.principals.iter().cloned().collect())
    };
    Ok(http::ApiKey {
        name: key.name.clone(),
        hash,
        caller,
    })
}

/// Syncs in the background, one at a time.
struct Background {
    /// Itself, for work that outlives a call.
    own: Weak<Self>,
    app: Arc<App>,
    index: Index,
    events: broadcast::Sender<SyncEvent>,
    hints: Hints,
    running: Arc<Mutex<()>>,
    tasks: TaskTracker,
    cancel: CancellationToken,
}

/// Passes progress on to whoever listens.
struct Broadcast(broadcast::Sender<SyncEvent>);

impl Progress for Broadcast {
    fn event(&self, event: &Event) {
        let told = match event {
            Event::Committed { source, committed } => SyncEvent::Committed {
                source: source.to_string(),
                upserted: committed.upserted,
                deleted: committed.deleted,
                unchanged: committed.unchanged,
                rejected: committed.rejected,
            },
            Event::Projected {
                projection,
                source,
                documents,
                written,
                ..
            } => SyncEvent::Projected {
                projection: (*projection).to_owned(),
                source: source.to_string(),
                documents: *documents,
                written: *written,
            },
            Event::Started { .. } | Event::Embedded { .. } => return,
        };
        // Nobody may be listening.
        let _heard = self.0.send(told);
    }
}

/// What is done in the background.
enum Work {
    /// Sync these sources, or all when none is named, and project.
    Sync(Vec<SourceId>),
    /// Project alone.
    Project,
}

impl Background {
    /// Bring the projections up to date where an earlier run was stopped before it did.
    async fn catch_up(self: &Arc<Self>) -> Result<()> {
        let lags = self.sources().await?.iter().any(|report| report.lag() > 0);
        if let (true, Ok(running)) = (lags, self.running.clone().try_lock_owned()) {
            tracing::info!("the projections lag behind the store");
            self.start(running, Work::Project);
        }
        Ok(())
    }

    fn start(self: &Arc<Self>, running: OwnedMutexGuard<()>, work: Work) {
        let own = Arc::clone(self);
        self.tasks.spawn(async move { own.run(running, work).await });
    }

    /// Do some work to its end, alone. What is done with each source; nothing when it was stopped or could not begin.
    async fn run(&self, running: OwnedMutexGuard<()>, work: Work) -> Vec<SourceRun> {
        let pipeline = Pipeline {
            app: &self.app,
            index: self.index.clone(),
            progress: Arc::new(Broadcast(self.events.clone())),
            cancel: self.cancel.clone(),
            census: false,
        };
        let done = match work {
            Work::Sync(sources) => pipeline.sync(&sources).await,
            Work::Project => pipeline.project_all().await,
        };
        let (runs, mut error) = match done {
            Ok(runs) => (runs, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let failed = |run: &SourceRun| Some(format!("{}: {}", run.source, run.error.as_ref()?));
        error = error.or_else(|| runs.iter().find_map(failed));
        // A server that is asked to stop stops its sync: nothing failed.
        if let Some(error) = error.as_ref().filter(|_| !self.cancel.is_cancelled()) {
            tracing::error!(error, "sync failed");
        }
        drop(running);
        let _heard = self.events.send(SyncEvent::Ended { error });
        runs
    }

    /// Sync each source when it is due, one after another, until asked to stop.
    async fn keep(self: Arc<Self>, usual: Rule, mut hinted: mpsc::UnboundedReceiver<SourceId>) {
        let mut schedule = Schedule::new(usual);
        loop {
            match self.sources().await {
                Ok(reports) => schedule.refresh(&reports, now()),
                Err(error) => tracing::error!(%error, "the schedule cannot be read"),
            }
            let due = schedule.next().map(|(due, source)| (due, source.clone()));
            let left = due.as_ref().map_or(LOOK, |(due, _)| left(*due).min(LOOK));
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return,
                Some(source) = hinted.recv() => {
                    schedule.hint(&source, now());
                    continue;
                }
                () = tokio::time::sleep(left) => {}
            }
            if let Some((due, source)) = due
                && due <= now()
            {
                let Some(failure) = self.sync_due(&source).await else {
                    return;
                };
                schedule.ended(&source, failure, now());
            }
        }
    }

    /// Sync one source once nothing else runs; whether and how it failed. None when asked to stop.
    async fn sync_due(&self, source: &SourceId) -> Option<Option<Retry>> {
        let running = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return None,
            running = self.running.clone().lock_owned() => running,
        };
        let runs = self.run(running, Work::Sync(vec![source.clone()])).await;
        if self.cancel.is_cancelled() {
            return None;
        }
        let own = runs.iter().find(|run| run.source == *source);
        let failure = own.map_or(Some(Retry::Now), |run| run.error.as_ref().map(Error::retry));
        Some(failure)
    }
}

/// How often the schedule looks at what sources there are.
const LOOK: Duration = Duration::from_secs(30);

/// The time until then.
fn left(due: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(due.0.saturating_sub(now().0)).unwrap_or(0))
}

#[async_trait]
impl Control for Background {
    async fn sources(&self) -> Result<Vec<SourceReport>> {
        self.app.sync_store().sources().await
    }

    async fn start_sync(&self, sources: Vec<SourceId>) -> Result<()> {
        check_known(&self.sources().await?, &sources)?;
        let Ok(running) = self.running.clone().try_lock_owned() else {
            return Err(Error::new(ErrorKind::Conflict, "start sync", "a sync is running")
                .with_hint("follow it at GET /v1/sync and try again when it has ended"));
        };
        if let Some(own) = self.own.upgrade() {
            own.start(running, Work::Sync(sources));
        }
        Ok(())
    }

    async fn webhook(&self, webhook: http::Webhook) -> Result<Option<String>> {
        self.hints.take(self.app.connections()?, &webhook).await
    }

    fn events(&self) -> broadcast::Receiver<SyncEvent> {
        self.events.subscribe()
    }
}
