//! `serve`: the HTTP API over an open data folder, with its workers behind it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{Caller, Error, ErrorKind, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use search_api::http::{self, Api, KeyHash};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use crate::app::{App, Index};
use crate::cli::Serve;
use crate::config::ApiKey;
use crate::context::Context;
use crate::workers::Workers;

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
    if !app.config().server.hosts.is_empty() && keys.is_empty() {
        return Err(Error::new(
            ErrorKind::Denied,
            "serve",
            "a proxy passes requests of others on, and no API key is configured",
        )
        .with_hint("configure `server.api_keys` beside `server.hosts`"));
    }
    let handle = record_metrics();
    let tasks = TaskTracker::new();
    let workers = Workers::start(app.clone(), index.clone(), &tasks, context.cancel.clone())?;
    let api = Api {
        search: app.search(&index),
        explore: app.explore(),
        control: workers,
        keys: keys.iter().map(known).collect::<Result<_>>()?,
        hosts: app.config().server.hosts.clone(),
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
