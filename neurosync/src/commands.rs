//! One function per command.

mod access;
mod connect;
mod demo;
mod doctor;
mod embed;
mod person;
mod plan;
mod query;
mod questions;
mod show;
mod source;

use std::io::Write;
use std::sync::Arc;

use clap::CommandFactory;
use domain::seam::store::SourceReport;
use domain::{Error, Result, SourceId};
use ingest::sync::Demands;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::app::{App, model, model_settings};
use crate::cli::{Access, Cli, Command, Model};
use crate::config::{Config, Environment};
use crate::context::Context;
use crate::output::Output;
use crate::pipeline::{Pipeline, SourceRun, check_known};
use crate::progress::Bars;
use crate::{eval, export};

/// Run one command.
pub(crate) async fn run(
    cli: Cli,
    environment: &Environment,
    output: &Output,
    cancel: &CancellationToken,
) -> Result<()> {
    if let Command::Completions { shell } = cli.command {
        return completions(shell);
    }
    let config = Config::load(&cli, environment)?;
    let context = Context {
        config,
        environment,
        output,
        cancel,
        bars: Arc::new(Bars::new()),
    };
    match cli.command {
        Command::Demo(demo) => demo::run(&context, demo).await,
        Command::Serve(serve) => crate::serve::run(&context, serve).await,
        Command::Connect(command) => connect::connect(&context, command).await,
        Command::Connections => connect::list(&context).await,
        Command::Disconnect { name } => connect::disconnect(&context, &name).await,
        Command::RotateKey => connect::rotate_key(&context).await,
        Command::Source(source) => source::run(&context, source).await,
        Command::Sync {
            sources,
            census,
            plan: true,
            ..
        } => plan::run(&context, &sources, census).await,
        Command::Sync {
            sources,
            census,
            accept_deletions,
            plan: false,
        } => {
            let demands = Demands {
                census,
                accept_deletions,
            };
            context.sync(&sources, demands).await
        }
        Command::Retry { sources } => context.retry(&sources).await,
        Command::Search(search) => query::search(&context, search).await,
        Command::Path(path) => query::path(&context, path).await,
        Command::Neighbors(neighbors) => query::neighbors(&context, neighbors).await,
        Command::Question(question) => questions::run(&context, question).await,
        Command::Show { name, as_of, view } => show::run(&context, (&name, as_of.as_deref()), &view).await,
        Command::Access(Access::Explain { person, document }) => access::explain(&context, &person, &document).await,
        Command::Person(command) => person::run(&context, command).await,
        Command::Eval { dir, .. } => context.eval(dir.as_deref()).await,
        Command::Embed(command) => embed::run(&context, command).await,
        Command::Model(model) => context.model(model).await,
        Command::Export { hash, output } => context.export(hash, output.as_deref()).await,
        Command::Rebuild => context.rebuild().await,
        Command::Doctor => doctor::run(&context).await,
        Command::Completions { .. } => Ok(()),
    }
}

fn state(state: model_cache::State) -> &'static str {
    match state {
        model_cache::State::Good => "good",
        model_cache::State::Corrupt => "corrupt",
        model_cache::State::Missing => "missing",
    }
}

fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "neurosync", &mut script);
    std::io::stdout()
        .write_all(&script)
        .map_err(|error| Error::internal("write completions", error.to_string()).with_source(error))
}

/// That nobody reads on (`| head`) is not an error.
fn unless_reader_left(error: Error) -> Result<()> {
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match cause.map(std::io::Error::kind) {
        Some(std::io::ErrorKind::BrokenPipe) => Ok(()),
        Some(_) | None => Err(error),
    }
}

fn ids(names: &[String]) -> Result<Vec<SourceId>> {
    names.iter().map(|name| SourceId::new(name)).collect()
}

impl Context<'_> {
    async fn sync(&self, names: &[String], demands: Demands) -> Result<()> {
        let names = ids(names)?;
        let app = self.app().await?;
        let pipeline = Pipeline {
            demands,
            ..self.pipeline(&app).await?
        };
        let runs = pipeline.sync(&names).await?;
        self.report(runs)
    }

    /// Read again the sources that have unreadable items, and project again the documents that could not be.
    async fn retry(&self, names: &[String]) -> Result<()> {
        let names = ids(names)?;
        let app = self.app().await?;
        let store = app.sync_store();
        let reports = store.sources().await?;
        check_known(&reports, &names)?;
        let unread = |report: &&SourceReport| {
            let asked = names.contains(&report.source.id) || names.is_empty();
            asked && report.dead_letters > 0 && !report.removed
        };
        let wanted: Vec<_> = reports
            .iter()
            .filter(unread)
            .map(|report| report.source.id.clone())
            .collect();
        if wanted.is_empty() {
            return self.output.answer(&json!({"sources": []}), |_, _| {
                "nothing waits to be tried again".to_owned()
            });
        }
        for source in &wanted {
            store.retry(source).await?;
        }
        let demands = Demands {
            census: true,
            ..Demands::default()
        };
        let pipeline = Pipeline {
            demands,
            ..self.pipeline(&app).await?
        };
        let mut runs = pipeline.sync(&wanted).await?;
        runs.retain(|run| wanted.contains(&run.source));
        self.report(runs)
    }

    /// Tell what a run did, and fail when a source failed.
    pub(crate) fn report(&self, runs: Vec<SourceRun>) -> Result<()> {
        self.output.answer(&json!({"sources": runs}), |_, style| {
            runs.iter().map(|run| show::source_run(run, *style)).collect()
        })?;
        let of = runs.len();
        let mut failed: Vec<_> = runs
            .into_iter()
            .filter_map(|run| Some((run.source, run.error?)))
            .collect();
        match (failed.pop(), failed.len() + 1) {
            (None, _) => Ok(()),
            (Some((_, error)), 1) => Err(error),
            (Some(last), count) => {
                failed.push(last);
                let reasons: Vec<_> = failed
                    .iter()
                    .map(|(source, error)| format!("{source}: {error}"))
                    .collect();
                Err(Error::unavailable(
                    "sync",
                    format!("{count} of {of} sources failed: {}", reasons.join("; ")),
                )
                .with_hint("the others are up to date; sync one of these alone to see what to do about it"))
            }
        }
    }

    async fn rebuild(&self) -> Result<()> {
        let app = App::open_without_projections(self.config.clone(), self.environment).await?;
        let runs = self.pipeline(&app).await?.project_all().await?;
        self.report(runs)
    }

    async fn export(&self, hash: bool, path: Option<&std::path::Path>) -> Result<()> {
        let app = self.app().await?;
        let vectors = app.vectors().await?;
        let parts = app.parts(vectors.as_deref());
        if hash {
            let hash = export::export_hash(&parts).await?;
            return self.output.answer(&json!({"sha256": hash}), |_, _| hash.clone());
        }
        match path {
            None => {
                let done = export::export(&parts, &mut std::io::BufWriter::new(std::io::stdout())).await;
                done.or_else(unless_reader_left)
            }
            Some(path) => {
                let file = std::fs::File::create(path).map_err(|error| Error::io("write export", path, error))?;
                export::export(&parts, &mut std::io::BufWriter::new(file)).await
            }
        }
    }

    async fn eval(&self, dir: Option<&std::path::Path>) -> Result<()> {
        let Some(dir) = dir else {
            let report = eval::duplicates::run(self).await?;
            return self.output.answer(&report, |report, style| report.table(*style));
        };
        let report = eval::run(self, dir).await?;
        self.output.answer(&report, |report, style| report.table(*style))
    }

    async fn model(&self, command: Model) -> Result<()> {
        let settings = model_settings(&self.config, self.environment);
        match command {
            Model::Pull { name } => {
                let reference = match name {
                    Some(name) => model_cache::ModelRef::parse(&name)?,
                    None => model(&self.config)?,
                };
                let files = model_cache::resolve(&reference, &settings, &*self.bars).await?;
                self.output
                    .answer(&json!({"model": files.id, "weights": files.weights}), |_, style| {
                        format!("{} is ready: {}", style.key(&files.id), files.weights.display())
                    })
            }
            Model::List => {
                let models = model_cache::list(&settings)?;
                let told: Vec<_> = models.iter().map(|model| json!({"model": model.model, "source": model.source, "folder": model.folder, "bytes": model.bytes})).collect();
                self.output
                    .answer(&json!({"models": told}), |_, style| show::models(&models, *style))
            }
            Model::Verify => {
                let findings = model_cache::verify(&model(&self.config)?, &settings).await?;
                let told: Vec<_> = findings
                    .iter()
                    .map(|finding| json!({"file": finding.file, "state": state(finding.state)}))
                    .collect();
                self.output.answer(&json!({"files": told}), |_, _| {
                    findings
                        .iter()
                        .map(|finding| format!("{:8} {}\n", state(finding.state), finding.file))
                        .collect::<Vec<_>>()
                        .concat()
                })?;
                if findings.iter().all(|finding| finding.state == model_cache::State::Good) {
                    return Ok(());
                }
                Err(Error::corrupt("verify model", "not every file is as it must be")
                    .with_hint("run `neurosync model pull` to fetch it again"))
            }
        }
    }
}
