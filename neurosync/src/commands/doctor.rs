//! `doctor`: checks what usually goes wrong, and says what to do about it.

use std::sync::Arc;

use domain::Result;
use domain::seam::Embedder;
use embed::SentenceEncoder;
use serde::Serialize;

use crate::app::{App, reranker_files, sentence_encoder};
use crate::context::Context;
use crate::output::Style;

/// One check.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Check {
    fn of<T>(name: &'static str, result: Result<T>, detail: impl FnOnce(&T) -> String) -> (Self, Option<T>) {
        match result {
            Ok(value) => (
                Self {
                    name,
                    ok: true,
                    detail: detail(&value),
                    hint: None,
                },
                Some(value),
            ),
            Err(error) => (
                Self {
                    name,
                    ok: false,
                    detail: error.to_string(),
                    hint: error.hint().map(str::to_owned),
                },
                None,
            ),
        }
    }
}

pub(super) async fn run(context: &Context<'_>) -> Result<()> {
    let mut checks = Vec::new();
    let data = context.config.data.display().to_string();
    let (check, app) = Check::of("data folder", context.app().await, |_| data);
    checks.push(check);
    if let Some(app) = &app {
        let reports = app.sync_store().sources().await;
        checks.push(
            Check::of("store", reports, |reports| {
                format!(
                    "{} sources, {} documents",
                    reports.len(),
                    reports.iter().flat_map(|report| report.documents.values()).sum::<u64>()
                )
            })
            .0,
        );
        checks.push(
            Check::of("graph", app.graph().size().await, |size| {
                format!("{} nodes, {} edges", size.nodes, size.edges)
            })
            .0,
        );
        let points = match app.vectors().await {
            Ok(Some(vectors)) => vectors.count(domain::Filter::visible(domain::Visible::All)).await,
            Ok(None) => Ok(0),
            Err(error) => Err(error),
        };
        checks.push(Check::of("vector index", points, |points| format!("{points} chunks")).0);
        checks.push(lag(app).await);
        checks.push(sweeps(app).await);
    }
    checks.extend(models(context, app.as_ref()).await);
    let bad = checks.iter().filter(|check| !check.ok).count();
    context
        .output
        .answer(&serde_json::json!({"checks": checks}), |_, style| {
            checks.iter().map(|check| line(check, *style)).collect()
        })?;
    if bad == 0 {
        Ok(())
    } else {
        Err(
            domain::Error::unavailable("check installation", format!("{bad} checks failed"))
                .with_hint("what to do stands under each"),
        )
    }
}

/// Whether the models are there and can be loaded, and whether the index was made with the configured one.
async fn models(context: &Context<'_>, app: Option<&App>) -> Vec<Check> {
    let encoder = sentence_encoder(&context.config, context.environment, &*context.bars).await;
    let named = |encoder: &Arc<SentenceEncoder>| format!("{} on {}", encoder.model(), encoder.device());
    let (check, encoder) = Check::of("model", encoder, named);
    let mut checks = vec![check];
    if let (Some(app), Some(encoder)) = (app, encoder) {
        let fits = app.check_space(&*encoder).await;
        checks.push(Check::of("index's model", fits, |()| "the configured one".to_owned()).0);
    }
    let files = reranker_files(&context.config, context.environment, &*context.bars).await;
    if let Some(files) = files.transpose() {
        checks.push(Check::of("reranking", files, |files| files.id.clone()).0);
    }
    checks
}

/// Whether what is gone from the sources goes here too.
async fn sweeps(app: &App) -> Check {
    let reports = app.sync_store().sources().await;
    let (mut check, reports) = Check::of("deletions", reports, |_| "told by every source".to_owned());
    let frozen: Vec<_> = reports
        .into_iter()
        .flatten()
        .filter_map(|report| Some(format!("{}: {}", report.source.id, report.frozen?)))
        .collect();
    if !frozen.is_empty() {
        check.ok = false;
        check.detail = format!("nothing is deleted while this holds: {}", frozen.join("; "));
        check.hint = Some("mend the files, or remove the source and add it again".to_owned());
    }
    check
}

async fn lag(app: &App) -> Check {
    let lagging = app.sync_store().sources().await.map(|reports| {
        reports
            .into_iter()
            .filter(|report| report.lag() > 0)
            .map(|report| report.source.id.to_string())
            .collect::<Vec<_>>()
    });
    match lagging {
        Ok(names) if names.is_empty() => Check {
            name: "projections",
            ok: true,
            detail: "up to date".to_owned(),
            hint: None,
        },
        Ok(names) => Check {
            name: "projections",
            ok: false,
            detail: format!("not yet indexed in full: {}", names.join(", ")),
            hint: Some("run `neurosync sync`".to_owned()),
        },
        Err(error) => Check {
            name: "projections",
            ok: false,
            detail: error.to_string(),
            hint: error.hint().map(str::to_owned),
        },
    }
}

fn line(check: &Check, style: Style) -> String {
    let mark = if check.ok { "ok  " } else { "FAIL" };
    let hint = check
        .hint
        .as_deref()
        .map(|hint| format!("\n       help: {hint}"))
        .unwrap_or_default();
    let name = style.bold(&format!("{:14}", check.name));
    format!("{mark} {name} {}{hint}\n", check.detail)
}
