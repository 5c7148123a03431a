//! Questions that take several steps: `related`, `experts`, `impact`, `why`, `duplicates`, `reviewers`, `stale-docs`, `bus-factor`,
//! `central`, `communities`.

mod text;

use domain::{Caller, EdgeKind, NodeKind, Result};
use search_api::questions::{CentralRequest, measure};
use search_api::search::{Search, parse_all};
use serde::Serialize;

use super::access::caller;
use crate::app::App;
use crate::cli::{About, Central, Communities, Question, Several, Topic, View, Where};
use crate::context::Context;
use crate::output::Style;

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

/// Open the data folder, ask as who is to see the answer, and print it.
async fn answer<T: Serialize>(
    context: &Context<'_>,
    view: &View,
    ask: impl AsyncFnOnce(&App, &Caller) -> Result<T>,
    text: fn(&T, Style) -> String,
) -> Result<()> {
    let app = context.app().await?;
    let caller = caller(&app, view).await?;
    let answer = ask(&app, &caller).await?;
    context.output.answer(&answer, |answer, style| text(answer, *style))
}

/// The search with its model, which some questions read with.
async fn search(context: &Context<'_>, app: &App) -> Result<Search> {
    let index = app.index_to_search(&*context.bars).await?;
    Ok(app.search(&index))
}

async fn related(context: &Context<'_>, asked: Several) -> Result<()> {
    let ask = async |app: &App, caller: &Caller| {
        search(context, app)
            .await?
            .related(caller, &asked.name, asked.limit)
            .await
    };
    answer(context, &asked.view, ask, text::related).await
}

async fn experts(context: &Context<'_>, asked: Topic) -> Result<()> {
    let topic = asked.topic.join(" ");
    let ask = async |app: &App, caller: &Caller| search(context, app).await?.experts(caller, &topic, asked.limit).await;
    answer(context, &asked.view, ask, text::experts).await
}

async fn impact(context: &Context<'_>, asked: About) -> Result<()> {
    let ask = async |app: &App, caller: &Caller| app.explore().impact(caller, &asked.name).await;
    answer(context, &asked.view, ask, text::impact).await
}

async fn why(context: &Context<'_>, asked: About) -> Result<()> {
    let ask = async |app: &App, caller: &Caller| app.explore().why(caller, &asked.name).await;
    answer(context, &asked.view, ask, text::why).await
}

async fn duplicates(context: &Context<'_>, asked: Several) -> Result<()> {
    let ask = async |app: &App, caller: &Caller| {
        search(context, app)
            .await?
            .duplicates(caller, &asked.name, asked.limit)
            .await
    };
    answer(context, &asked.view, ask, text::duplicates).await
}

async fn reviewers(context: &Context<'_>, asked: Several) -> Result<()> {
    let ask = async |app: &App, caller: &Caller| app.explore().reviewers(caller, &asked.name, asked.limit).await;
    answer(context, &asked.view, ask, text::reviewers).await
}

async fn stale_docs(context: &Context<'_>, asked: Where) -> Result<()> {
    let ask = async |app: &App, caller: &Caller| {
        app.explore()
            .stale_docs(caller, asked.within.as_deref(), asked.limit)
            .await
    };
    answer(context, &asked.view, ask, text::stale_docs).await
}

async fn bus_factor(context: &Context<'_>, asked: Several) -> Result<()> {
    let ask = async |app: &App, caller: &Caller| app.explore().bus_factor(caller, &asked.name, asked.limit).await;
    answer(context, &asked.view, ask, text::bus_factor).await
}

async fn central(context: &Context<'_>, asked: Central) -> Result<()> {
    let ask = async |app: &App, caller: &Caller| {
        let request = CentralRequest {
            measure: measure(&asked.measure)?,
            kind: asked.node_kind.as_deref().map(NodeKind::parse).transpose()?,
            edges: parse_all(&asked.kind, EdgeKind::parse)?,
            limit: asked.limit,
        };
        app.explore().central(caller, request).await
    };
    answer(context, &asked.view, ask, text::central).await
}

async fn communities(context: &Context<'_>, asked: Communities) -> Result<()> {
    let ask = async |app: &App, caller: &Caller| app.explore().communities(caller, asked.limit).await;
    answer(context, &asked.view, ask, text::communities).await
}
