//! The binary's parts: command line, configuration, wiring of the concrete backends, output.

pub mod app;
pub mod cli;
mod cloud;
mod commands;
pub mod config;
pub mod connections;
mod connector;
mod context;
mod eval;
pub mod export;
mod folder;
mod hints;
pub mod lines;
mod logins;
mod output;
pub mod pipeline;
mod progress;
mod schedule;
mod serve;
mod space;
mod watch;
mod workers;

use std::io::IsTerminal;
use std::process::ExitCode;

use domain::{Error, ErrorKind};
use tokio_util::sync::CancellationToken;

use crate::cli::Cli;
use crate::config::Environment;
use crate::output::Output;

/// Run one command line to its exit code. Answers go to standard output, everything else to standard error.
pub fn run(cli: Cli) -> ExitCode {
    start_log(&cli);
    let output = Output::new(cli.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(
                output,
                &Error::internal("start", "no threads can be started").with_source(error),
            );
        }
    };
    let result = runtime.block_on(async {
        let cancel = CancellationToken::new();
        stop_on_signal(cancel.clone());
        commands::run(cli, &Environment::read(), &output, &cancel).await
    });
    // Blocking work that was cancelled (a clone, a model run) must not keep the process alive.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(output, &error),
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl ingest::progress::Progress for Unwatched {
    fn event(&self, _: &ingest::progress::Event) {}
}

impl model_cache::Progress for Unwatched {
    fn report(&self, _: model_cache::Event<'_>) {}
}

/// The token of work that nobody stops.
pub fn never() -> CancellationToken {
    CancellationToken::new()
}

fn fail(output: Output, error: &Error) -> ExitCode {
    output.error(error);
    ExitCode::from(match error.kind() {
        ErrorKind::Internal => 1,
        ErrorKind::Invalid => 2,
        ErrorKind::NotFound => 3,
        ErrorKind::Conflict => 4,
        ErrorKind::Unavailable => 5,
        ErrorKind::Corrupt => 6,
        ErrorKind::Exhausted => 7,
        ErrorKind::Denied => 8,
        ErrorKind::Cancelled => 130,
    })
}

/// The first Ctrl-C or SIGTERM asks the work to stop at the next safe point; a second one ends the process at once.
fn stop_on_signal(cancel: CancellationToken) {
    tokio::spawn(async move {
        wait_for_signal().await;
        cancel.cancel();
        wait_for_signal().await;
        #[expect(clippy::exit, reason = "asked twice: nothing that is durable is lost by leaving now")]
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn wait_for_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn start_log(cli: &Cli) {
    use tracing_subscriber::EnvFilter;
    let level = match cli.verbose {
        0 => "error",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    // What these two warn of, nothing else tells.
    let told = if cli.verbose == 0 { "warn" } else { level };
    let filter = EnvFilter::new(format!(
        "error,neurosync={told},embed={told},ingest={level},connectors={level},store={level},search_api={level},graph={level},vectors={level},model_cache={level}"
    ));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first log.
    let _started = if cli.json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
}
