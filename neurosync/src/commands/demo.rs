//! `demo`: the main job on a small scale: this repository and an invented workspace, three searches, one path, and the API.

mod sample;

use std::path::Path;
use std::sync::Arc;

use domain::seam::EdgeFilter;
use domain::{Caller, Result};
use search_api::search::{PathsRequest, SearchRequest};

use super::show;
use crate::app::{App, Index, now};
use crate::cli::{ConnectorKind, Demo, SourceSettings};
use crate::context::Context;
use crate::output::Style;
use crate::pipeline::{Demands, Pipeline};
use crate::{connector, serve};

/// What the demonstration asks: a question in words, one with a filter, one with an identifier.
const QUESTIONS: [&str; 3] = [
    "why were customers charged twice",
    "kind:page what to do when the card gateway times out",
    "acme/api#41",
];
/// The two things whose connection it shows: what a customer saw and the code that ended it.
const PATH: (&str, &str) = ("PAY-10", "file:acme/api/src/payments/idempotency.rs");

pub(super) async fn run(context: &Context<'_>, demo: Demo) -> Result<()> {
    let app = Arc::new(context.app().await?);
    let index = app.index_to_search(&*context.bars).await?;
    let sample = context.config.data.join("sample");
    sample::unpack(&sample)?;
    for settings in sources(&sample, &demo.repository) {
        let record = connector::record(&settings, now())?;
        connector::open(&record, &app)?;
        let readers = connector::readers(&record)?;
        app.sync_store().put_source(record, readers).await?;
    }
    let pipeline = Pipeline {
        app: &app,
        index: index.clone(),
        progress: context.bars.clone(),
        cancel: context.cancel.clone(),
        demands: Demands::default(),
    };
    let runs = pipeline.sync(&[]).await?;
    context.report(runs)?;
    ask(context, &app, &index).await?;
    if demo.no_serve {
        return Ok(());
    }
    context.output.say(&format!(
        "\nTry: curl 'http://{}/v1/search?q=idempotency+key'",
        demo.listen
    ));
    serve::serve_on(context, app, index, demo.listen).await
}

fn sources(sample: &Path, repository: &Path) -> Vec<SourceSettings> {
    let source = |connector, name: &str, location: &Path| SourceSettings {
        schedule: None,
        connection: None,
        only: Vec::new(),
        connector,
        name: name.to_owned(),
        location: location.display().to_string(),
        repository: None,
        formerly: Vec::new(),
        site: None,
        space: None,
        team: None,
        workspace: None,
        branch: None,
        access: "owner".to_owned(),
    };
    let name = |name: &str| Some(name.to_owned());
    let jira = source(ConnectorKind::Jira, "acme-jira", &sample.join("jira"));
    let slack = source(ConnectorKind::Slack, "acme-slack", &sample.join("slack"));
    let wiki = source(ConnectorKind::Wiki, "acme-wiki", &sample.join("wiki"));
    let mut all = vec![
        SourceSettings {
            site: name("acme"),
            ..jira
        },
        source(ConnectorKind::Github, "acme-github", &sample.join("github")),
        SourceSettings {
            team: name("T0ACME"),
            workspace: name("acme"),
            ..slack
        },
        SourceSettings {
            site: name("acme"),
            space: name("ENG"),
            ..wiki
        },
        source(ConnectorKind::Commits, "acme-commits", &sample.join("commits")),
    ];
    if repository.join(".git").exists() {
        all.push(source(ConnectorKind::Git, "this-repository", repository));
    }
    all
}

async fn ask(context: &Context<'_>, app: &App, index: &Index) -> Result<()> {
    let search = app.search(index);
    for question in QUESTIONS {
        let request = SearchRequest {
            query: question.to_owned(),
            limit: 3,
            ..SearchRequest::default()
        };
        let answer = search.search(&Caller::Owner, &request).await?;
        heading(context, &format!("search {question}"));
        context
            .output
            .answer(&answer, |answer, style: &Style| show::search(answer, *style))?;
    }
    let (from, to) = PATH;
    let request = PathsRequest {
        from: from.to_owned(),
        to: to.to_owned(),
        through: None,
        edges: EdgeFilter::default(),
        nodes: Vec::new(),
        as_of: None,
        max_hops: 6,
        limit: 1,
    };
    let paths = app.explore().paths(&Caller::Owner, request).await?;
    heading(context, &format!("path {from} {to}"));
    context.output.answer(&paths, |paths, style| show::paths(paths, *style))
}

fn heading(context: &Context<'_>, command: &str) {
    context.output.say(&format!("\n$ neurosync {command}"));
}
