//! `source`: add, import, list, report, webhook, remove.

use domain::seam::store::SourceReport;
use domain::{Error, ErrorKind, Result, SourceId};
use serde_json::json;
use url::Url;

use super::connect::read_token;
use super::show;
use crate::app::now;
use crate::cli::{Source, SourceSettings};
use crate::cloud;
use crate::connector;
use crate::context::Context;
use crate::hints;
use crate::pipeline::unknown_source;

pub(super) async fn run(context: &Context<'_>, source: Source) -> Result<()> {
    match source {
        Source::Add(settings) => add(context, &settings, false).await,
        Source::Import(settings) => add(context, &settings, true).await,
        Source::List => list(context).await,
        Source::Report { name } => report(context, &name).await,
        Source::Webhook { name, address: None } => webhook(context, &name).await,
        Source::Webhook {
            name,
            address: Some(address),
        } => webhook_by_app(context, &name, &address).await,
        Source::Remove { name } => remove(context, &name).await,
    }
}

async fn add(context: &Context<'_>, settings: &SourceSettings, sync: bool) -> Result<()> {
    let app = context.app().await?;
    let record = if cloud::is_meant(settings) {
        connector::cloud_record(settings, app.connections()?, now()).await?
    } else {
        connector::record(settings, now())?
    };
    let id = record.id.clone();
    let reports = app.sync_store().sources().await?;
    let record = connector::with_webhook_of(record, &reports);
    let known = |report: &SourceReport| !report.removed && connector::is_same_place(&report.source, &record);
    let known = reports.iter().any(|report| report.source.id == id && known(report));
    match connector::check(&record, &app).await {
        // One that was read before may be out of reach just now; who may read it can be changed all the same.
        Err(error) if known && is_out_of_reach(&error) => {}
        // One that cannot be read is not stored.
        checked => checked?,
    }
    let readers = connector::readers(&record)?;
    app.sync_store().put_source(record, readers).await?;
    if sync {
        let runs = context.pipeline(&app).await?.sync(std::slice::from_ref(&id)).await?;
        let own: Vec<_> = runs.into_iter().filter(|run| run.source == id).collect();
        return context.report(own);
    }
    context.output.answer(&json!({"added": id}), |_, style| {
        format!("added {}; read it with: neurosync sync {id}", style.key(id.as_str()))
    })
}

fn is_out_of_reach(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::Denied | ErrorKind::Unavailable
    )
}

async fn list(context: &Context<'_>) -> Result<()> {
    let app = context.app().await?;
    let reports = app.sync_store().sources().await?;
    let reports: Vec<_> = reports.into_iter().map(|report| report.at(now())).collect();
    context
        .output
        .answer(&json!({"sources": reports}), |_, style| show::sources(&reports, *style))
}

async fn report(context: &Context<'_>, name: &str) -> Result<()> {
    let id = SourceId::new(name)?;
    let app = context.app().await?;
    let report = find(app.sync_store().sources().await?, &id)?.at(now());
    let dead = app.sync_store().dead_letters(&id).await?;
    context
        .output
        .answer(&json!({"source": report, "dead_letters": dead}), |_, style| {
            show::sources(std::slice::from_ref(&report), *style)
                + &if dead.is_empty() {
                    String::new()
                } else {
                    format!("\ncould not be read:\n{}", show::dead_letters(&dead))
                }
        })
}

async fn webhook(context: &Context<'_>, name: &str) -> Result<()> {
    let id = SourceId::new(name)?;
    let app = context.app().await?;
    find(app.sync_store().sources().await?, &id)?;
    hints::keep_secret(app.connections()?, &id, read_token().await?).await?;
    context.output.answer(&json!({"source": id}), |_, _| {
        format!("set the same secret at the provider, and the address of this server with /v1/webhooks/PROVIDER/{id} (github, jira, slack)")
    })
}

/// Have the next sync register a webhook for this server, which the connection's app signs.
async fn webhook_by_app(context: &Context<'_>, name: &str, address: &Url) -> Result<()> {
    const OPERATION: &str = "set webhook";
    let id = SourceId::new(name)?;
    let app = context.app().await?;
    let mut record = find(app.sync_store().sources().await?, &id)?.source;
    if record.connector != cloud::JIRA {
        let message = format!(
            "{id} is read by `{}`; only Jira makes webhooks by itself",
            record.connector
        );
        return Err(Error::invalid(OPERATION, message)
            .with_hint("make one at the provider, and set its secret without --address"));
    }
    let here = address
        .host_str()
        .is_some_and(|host| host == "127.0.0.1" || host == "localhost");
    if address.scheme() != "https" && !here {
        return Err(
            Error::invalid(OPERATION, format!("`{address}` is not reached by https"))
                .with_hint("give the address at which Jira reaches this server: https://HOST"),
        );
    }
    let place = address.join(&format!("/v1/webhooks/jira/{id}"));
    let place = place.map_err(|error| {
        Error::invalid(OPERATION, format!("`{address}` is no address of a server")).with_source(error)
    })?;
    hints::trust_app(app.connections()?, &id).await?;
    connector::set_webhook(&mut record, &place);
    let readers = connector::readers(&record)?;
    app.sync_store().put_source(record, readers).await?;
    context.output.answer(&json!({"source": id, "address": place}), |_, _| {
        format!("the next sync of {id} has Jira send its webhooks to {place}, and keeps them alive")
    })
}

async fn remove(context: &Context<'_>, name: &str) -> Result<()> {
    let id = SourceId::new(name)?;
    let app = context.app().await?;
    find(app.sync_store().sources().await?, &id)?;
    // The source goes last: whatever is interrupted before can be done again.
    hints::forget_secret(&app, &id).await?;
    connector::forget(&id, &app.clones())?;
    app.sync_store().remove_source(&id).await?;
    let runs = context.pipeline(&app).await?.project_all().await?;
    if let Some(error) = runs.into_iter().find_map(|run| run.error) {
        return Err(error);
    }
    context.output.answer(&json!({"removed": id}), |_, _| {
        format!("removed {id} and everything that came from it")
    })
}

fn find(reports: Vec<SourceReport>, id: &SourceId) -> Result<SourceReport> {
    let missing = unknown_source(id, &reports);
    reports
        .into_iter()
        .find(|report| report.source.id == *id)
        .ok_or(missing)
}
