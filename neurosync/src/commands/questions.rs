//! Questions that take several steps: `related`, `experts`, `impact`, `why`, `duplicates`, `reviewers`, `stale-docs`, `bus-factor`,
//! `central`, `communities`.

mod text;

use domain::{EdgeKind, NodeKind, Result};
use search_api::questions::{CentralRequest, measure};
use search_api::search::{Search, parse_all};

use super::access::caller;
use crate::app::App;
use crate::cli::{About, Central, Communities, Question, Several, Topic, Where};
use crate::context::Context;

/// Answer a question.
pub(super) async fn run(context: &Context<'_>, question: Question) -> Result<()> {
    match question {
        Question::Related(asked) => related(context, asked).await,
        Question::Experts(asked) => experts(context, asked).await,
        Question::Impact(asked) => impact(context, asked).await,
        Question::Why(asked) => why(context, asked).await,
        Question::Duplicates(asked) => duplicates(context, asked).await,
        Question::Reviewers(asked) => reviewers(context, asked).await,
        Question::StaleDocs(asked) => stale_docs(context, asked).await,
        Question::BusFactor(asked) => bus_factor(context, asked).await,
        Question::Central(asked) => central(context, asked).await,
        Question::Communities(asked) => communities(context, asked).await,
    }
}

/// The search with its model, which some questions read with.
async fn search(context: &Context<'_>, app: &App) -> Result<Search> {
    let index = app.index_to_search(&*context.bars).await?;
    Ok(app.search(&index))
}

async fn related(context: &Context<'_>, asked: Several) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let answer = search(context, &app)
        .await?
        .related(&caller, &asked.name, asked.limit)
        .await?;
    context
        .output
        .answer(&answer, |answer, style| text::related(answer, *style))
}

async fn experts(context: &Context<'_>, asked: Topic) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let topic = asked.topic.join(" ");
    let answer = search(context, &app)
        .await?
        .experts(&caller, &topic, asked.limit)
        .await?;
    context
        .output
        .answer(&answer, |answer, style| text::experts(answer, *style))
}

async fn impact(context: &Context<'_>, asked: About) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let answer = app.explore().impact(&caller, &asked.name).await?;
    context
        .output
        .answer(&answer, |answer, style| text::impact(answer, *style))
}

async fn why(context: &Context<'_>, asked: About) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let answer = app.explore().why(&caller, &asked.name).await?;
    context
        .output
        .answer(&answer, |answer, style| text::why(answer, *style))
}

async fn duplicates(context: &Context<'_>, asked: Several) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let answer = search(context, &app)
        .await?
        .duplicates(&caller, &asked.name, asked.limit)
        .await?;
    context
        .output
        .answer(&answer, |answer, style| text::duplicates(answer, *style))
}

async fn reviewers(context: &Context<'_>, asked: Several) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let answer = app.explore().reviewers(&caller, &asked.name, asked.limit).await?;
    context
        .output
        .answer(&answer, |answer, style| text::reviewers(answer, *style))
}

async fn stale_docs(context: &Context<'_>, asked: Where) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let answer = app
        .explore()
        .stale_docs(&caller, asked.within.as_deref(), asked.limit)
        .await?;
    context
        .output
        .answer(&answer, |answer, style| text::stale_docs(answer, *style))
}

async fn bus_factor(context: &Context<'_>, asked: Several) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let answer = app.explore().bus_factor(&caller, &asked.name, asked.limit).await?;
    context
        .output
        .answer(&answer, |answer, style| text::bus_factor(answer, *style))
}

async fn central(context: &Context<'_>, asked: Central) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let request = CentralRequest {
        measure: measure(&asked.measure)?,
        kind: asked.node_kind.as_deref().map(NodeKind::parse).transpose()?,
        edges: parse_all(&asked.kind, EdgeKind::parse)?,
        limit: asked.limit,
    };
    let answer = app.explore().central(&caller, request).await?;
    context
        .output
        .answer(&answer, |answer, style| text::central(answer, *style))
}

async fn communities(context: &Context<'_>, asked: Communities) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, &asked.view).await?;
    let answer = app.explore().communities(&caller, asked.limit).await?;
    context
        .output
        .answer(&answer, |answer, style| text::communities(answer, *style))
}
