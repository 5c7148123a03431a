//! Answers as people read them, and `show`.

use domain::seam::store::SourceReport;
use domain::{Rejected, Result, Timestamp};
use search_api::search::{Entity, Match, Neighbor, Neighborhood, Paths, SearchAnswer, SearchResult, Step};

use super::access::caller;
use crate::cli::View;
use crate::context::Context;
use crate::output::{Style, add};
use crate::pipeline::{SourceRun, line_of};

pub(super) async fn run(context: &Context<'_>, (name, as_of): (&str, Option<&str>), view: &View) -> Result<()> {
    let app = context.app().await?;
    let as_of = as_of.map(Timestamp::parse).transpose()?;
    let entity = app.explore().entity(&caller(&app, view).await?, name, as_of).await?;
    context
        .output
        .answer(&entity, |entity, style| self::entity(entity, *style))
}

pub(super) fn search(answer: &SearchAnswer, style: Style) -> String {
    if answer.results.is_empty() {
        return "nothing found".to_owned();
    }
    let mut out = String::new();
    for (rank, result) in answer.results.iter().enumerate() {
        found(&mut out, rank, result, style);
    }
    if answer.total > answer.results.len() {
        out += &style.dim(&format!("{} of {} shown", answer.results.len(), answer.total));
    }
    if let Some(cursor) = &answer.next_cursor {
        out += &style.dim(&format!("; next page: --cursor {cursor}"));
    }
    out
}

/// A document that was found, with what surrounds it.
fn found(out: &mut String, rank: usize, result: &SearchResult, style: Style) {
    let how = if result.pinned {
        "exact".to_owned()
    } else {
        result.score.map_or_else(String::new, |score| format!("{score:.3}"))
    };
    add(
        out,
        format_args!(
            "{:>2}. {}  {}\n",
            rank + 1,
            style.bold(one_line(&result.title).as_str()),
            style.dim(&how)
        ),
    );
    let when = result
        .updated
        .as_deref()
        .and_then(|time| time.get(..10))
        .unwrap_or_default();
    add(
        out,
        format_args!(
            "    {} {}\n",
            style.key(&result.key),
            style.dim(&format!("{} · {} · {when}", result.kind, result.source))
        ),
    );
    if let Some(excerpt) = &result.excerpt {
        let shown = highlighted(excerpt, style);
        if !shown.is_empty() {
            add(out, format_args!("    {shown}\n"));
        }
    }
    for neighbor in &result.neighbors {
        add(out, format_args!("      {}\n", style.dim(&beside(neighbor))));
    }
}

fn beside(neighbor: &Neighbor) -> String {
    let arrow = if neighbor.direction == "out" { "→" } else { "←" };
    let title = neighbor
        .title
        .as_deref()
        .map(|title| format!(" {}", cut(&one_line(title), 60)))
        .unwrap_or_default();
    format!("{arrow} {} {}{title}", neighbor.kind, neighbor.key)
}

fn highlighted(excerpt: &Match, style: Style) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for [start, end] in &excerpt.highlights {
        out += excerpt.text.get(at..*start).unwrap_or_default();
        out += &style.hit(excerpt.text.get(*start..*end).unwrap_or_default());
        at = *end;
    }
    out += excerpt.text.get(at..).unwrap_or_default();
    one_line(&out)
}

pub(super) fn paths(answer: &Paths, style: Style) -> String {
    if answer.paths.is_empty() {
        return "no path within so many hops; try a larger --max-hops".to_owned();
    }
    let mut out = String::new();
    for (number, path) in answer.paths.iter().enumerate() {
        let hops = path.edges.len();
        add(
            &mut out,
            format_args!(
                "{}\n",
                style.bold(&format!(
                    "path {} ({hops} {})",
                    number + 1,
                    if hops == 1 { "hop" } else { "hops" }
                ))
            ),
        );
        if let Some(start) = path.nodes.first() {
            add(&mut out, format_args!("  {}\n", style.key(start)));
        }
        for (at, edge) in path.edges.iter().enumerate() {
            let here = path.nodes.get(at).map_or("", String::as_str);
            let forward = edge.from == here;
            let arrow = if forward {
                format!("─{}→", edge.kind)
            } else {
                format!("←{}─", edge.kind)
            };
            add(&mut out, format_args!("    {arrow} {}\n", style.dim(&because(edge))));
            add(
                &mut out,
                format_args!("  {}\n", style.key(if forward { &edge.to } else { &edge.from })),
            );
        }
    }
    out
}

pub(super) fn because(edge: &Step) -> String {
    format!(
        "“{}” in {} ({})",
        cut(&one_line(&edge.evidence), 100),
        edge.asserted_by,
        edge.rule
    )
}

pub(super) fn neighborhood(answer: &Neighborhood, style: Style) -> String {
    let Some(middle) = answer.nodes.first() else {
        return String::new();
    };
    let mut out = format!(
        "{} {}\n",
        style.key(&middle.key),
        style.bold(&one_line(middle.title.as_deref().unwrap_or_default()))
    );
    for edge in &answer.edges {
        add(
            &mut out,
            format_args!(
                "  {} ─{}→ {}  {}\n",
                style.key(&edge.from),
                edge.kind,
                style.key(&edge.to),
                style.dim(&because(edge))
            ),
        );
    }
    if answer.truncated {
        out += &style.dim("more edges exist; ask for them with a larger --limit");
    }
    out
}

fn entity(entity: &Entity, style: Style) -> String {
    let mut out = String::new();
    for document in &entity.documents {
        add(
            &mut out,
            format_args!(
                "{}\n{}\n",
                style.bold(&one_line(&document.title)),
                style.key(&document.key)
            ),
        );
        let facts = [
            ("kind", Some(document.kind.as_str())),
            ("source", Some(document.source.as_str())),
            ("in", Some(document.container.as_str())),
            ("url", document.url.as_deref()),
            ("author", document.author.as_deref()),
            ("created", document.created.as_deref()),
            ("updated", document.updated.as_deref()),
        ];
        for (name, value) in facts {
            if let Some(value) = value {
                add(&mut out, format_args!("  {name:8} {}\n", one_line(value)));
            }
        }
        for (name, values) in &document.fields {
            add(
                &mut out,
                format_args!("  {:8} {}\n", one_line(name), one_line(&values.join(", "))),
            );
        }
        add(&mut out, format_args!("\n{}\n\n", document.body.trim()));
    }
    if let (true, Some(node)) = (entity.documents.is_empty(), &entity.node) {
        add(
            &mut out,
            format_args!(
                "{} {}\n",
                style.key(&node.key),
                style.dim("(mentioned, but its document is not indexed)")
            ),
        );
    }
    for edge in &entity.edges {
        add(
            &mut out,
            format_args!(
                "  {} ─{}→ {}  {}\n",
                one_line(&edge.from),
                edge.kind,
                one_line(&edge.to),
                style.dim(&because(edge))
            ),
        );
    }
    if entity.truncated {
        out += &style.dim("more edges exist; see them with `neurosync neighbors`");
    }
    out
}

/// What could not be read, an item a line.
pub(super) fn dead_letters(letters: &[Rejected]) -> String {
    let mut out = String::new();
    for letter in letters {
        add(&mut out, format_args!("  {}\n", one_line(&letter.to_string())));
    }
    out
}

pub(super) fn sources(reports: &[SourceReport], style: Style) -> String {
    if reports.is_empty() {
        return "no sources yet; add one with: neurosync source import git NAME PATH".to_owned();
    }
    let mut out = String::new();
    for report in reports {
        let counts: Vec<_> = report
            .documents
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        add(
            &mut out,
            format_args!(
                "{} {}\n",
                style.key(report.source.id.as_str()),
                style.dim(if report.removed {
                    "removed"
                } else {
                    &report.source.connector
                })
            ),
        );
        add(
            &mut out,
            format_args!(
                "  {}; {} chunks\n",
                if counts.is_empty() {
                    "empty".to_owned()
                } else {
                    counts.join(", ")
                },
                report.chunks
            ),
        );
        let said = |time: Option<Timestamp>| time.map_or_else(|| "never".to_owned(), |time| time.to_string());
        let (last, census) = (said(report.last_sync), said(report.last_census));
        add(
            &mut out,
            format_args!(
                "  {}\n",
                style.dim(&format!(
                    "last sync {last}, last census {census}; {} changes not yet indexed; {} unreadable items",
                    report.lag(),
                    report.dead_letters
                ))
            ),
        );
        out += &frozen(report.frozen.as_deref());
    }
    out
}

/// The line about a sweep that could not be made.
fn frozen(reason: Option<&str>) -> String {
    reason.map_or_else(String::new, |reason| {
        format!("  nothing is deleted while this holds: {}\n", one_line(reason))
    })
}

pub(super) fn source_run(run: &SourceRun, style: Style) -> String {
    let read = run
        .committed
        .map(|done| {
            format!(
                "{} new or changed, {} deleted, {} unchanged, {} unreadable; ",
                done.upserted, done.deleted, done.unchanged, done.rejected
            )
        })
        .unwrap_or_default();
    let mut out = format!(
        "{} {read}{} chunks indexed, {} texts embedded, {} edges\n",
        style.key(run.source.as_str()),
        run.chunks,
        run.embedded,
        run.edges
    );
    if let Some(error) = &run.error {
        add(&mut out, format_args!("  failed: {}\n", line_of(error)));
    }
    out += &frozen(run.frozen.as_deref());
    if run.committed.is_some_and(|done| done.rejected > 0) {
        add(
            &mut out,
            format_args!(
                "  see what could not be read with: neurosync source report {}\n",
                run.source
            ),
        );
    }
    out
}

pub(super) fn models(models: &[model_cache::Installed], style: Style) -> String {
    if models.is_empty() {
        return "no model in the cache; fetch one with: neurosync model pull".to_owned();
    }
    let mut out = String::new();
    for model in models {
        add(
            &mut out,
            format_args!(
                "{}  {} bytes from {}\n  {}\n",
                style.key(&model.model),
                model.bytes,
                model.source,
                model.folder.display()
            ),
        );
    }
    out
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        text.to_owned()
    } else {
        text.chars().take(most - 1).chain(['…']).collect()
    }
}
