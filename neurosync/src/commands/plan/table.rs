//! A plan as a table for people, and as JSON.

use std::time::Duration;

use domain::{Quota, Result};
use serde_json::{Value, json};

use super::{Pace, Plan, Row};
use crate::context::Context;
use crate::output::{Style, add};
use crate::pipeline::line_of;

/// The width of a source's name.
const NAME: usize = 20;
const NONE: &str = "-";

/// Tell the plan.
pub(super) fn tell(context: &Context<'_>, rows: &[Row], pace: &Pace) -> Result<()> {
    let total = Total::of(rows, pace);
    let sources: Vec<Value> = rows.iter().map(|row| value(row, pace)).collect();
    let answer =
        json!({ "sources": sources, "total": total.value(), "texts_per_s": pace.rate, "embedding": pace.ground });
    context
        .output
        .answer(&answer, |_, style| text(rows, (&total, pace), *style))
}

/// The sum over all sources that could be asked.
struct Total {
    requests: u64,
    time: Duration,
    documents: u64,
    texts: u64,
    embedding: Option<Duration>,
    /// Whether some of it is not known.
    partial: bool,
}

impl Total {
    fn of(rows: &[Row], pace: &Pace) -> Self {
        let plans: Vec<&Plan> = rows.iter().filter_map(|row| row.plan.as_ref().ok()).collect();
        let texts = plans.iter().filter_map(|plan| plan.texts).sum();
        Self {
            requests: plans.iter().map(|plan| plan.work.requests).sum(),
            time: plans.iter().map(|plan| plan.time).sum(),
            documents: plans.iter().filter_map(|plan| plan.documents).sum(),
            texts,
            embedding: pace.time(texts),
            partial: plans.len() < rows.len() || plans.iter().any(|plan| plan.documents.is_none()),
        }
    }

    fn value(&self) -> Value {
        json!({ "requests": self.requests, "seconds": self.time.as_secs(), "documents": self.documents, "texts": self.texts,
            "embedding_seconds": self.embedding.map(|time| time.as_secs()), "partial": self.partial })
    }
}

fn value(row: &Row, pace: &Pace) -> Value {
    let plan = match &row.plan {
        Ok(plan) => plan,
        Err(error) => return json!({ "source": row.source, "error": line_of(error) }),
    };
    let embedding = plan.texts.and_then(|texts| pace.time(texts));
    json!({
        "source": row.source, "requests": plan.work.requests, "seconds": plan.time.as_secs(), "documents": plan.documents,
        "quota": plan.quota.map(|quota| json!({ "points": quota.points, "per_seconds": quota.per.as_secs(), "left": quota.left,
            "cost": plan.work.points, "hourly_share": quota.share(plan.work.points) })),
        "texts": plan.texts, "embedding_seconds": embedding.map(|time| time.as_secs()), "grounds": plan.grounds,
    })
}

/// A line of the table.
fn line(name: &str, cells: [String; 6]) -> String {
    let [requests, share, time, documents, texts, embedding] = cells;
    format!("{name:NAME$} {requests:>9} {share:>8} {time:>12} {documents:>10} {texts:>9} {embedding:>12}")
}

fn text(rows: &[Row], (total, pace): (&Total, &Pace), style: Style) -> String {
    if rows.is_empty() {
        return "no sources yet; add one with: neurosync source add --help".to_owned();
    }
    let head = ["requests", "quota/h", "asking", "documents", "texts", "embedding"];
    let mut out = style.bold(&line("source", head.map(str::to_owned))) + "\n";
    for row in rows {
        match &row.plan {
            Ok(plan) => add(&mut out, format_args!("{}\n", line(&row.source, cells(plan, pace)))),
            Err(error) => add(&mut out, format_args!("{:NAME$} {}\n", row.source, line_of(error))),
        }
    }
    let least = if total.partial { "≥ " } else { "" };
    let sum = [
        total.requests.to_string(),
        NONE.to_owned(),
        span(Some(total.time)),
        format!("{least}{}", total.documents),
        format!("{least}{}", total.texts),
        span(total.embedding),
    ];
    add(&mut out, format_args!("{}\n", style.bold(&line("sum", sum))));
    for row in rows {
        let plan = row.plan.as_ref();
        for ground in plan.into_iter().flat_map(|plan| &plan.grounds) {
            add(
                &mut out,
                format_args!("{}\n", style.dim(&format!("{}: {ground}", row.source))),
            );
        }
    }
    if let Some(ground) = &pace.ground {
        add(&mut out, format_args!("{}\n", style.dim(ground)));
    }
    out
}

fn cells(plan: &Plan, pace: &Pace) -> [String; 6] {
    let number = |known: Option<u64>| known.map_or_else(|| NONE.to_owned(), |number| number.to_string());
    [
        plan.work.requests.to_string(),
        share(plan.quota, plan.work.points),
        span(Some(plan.time)),
        number(plan.documents),
        number(plan.texts),
        span(plan.texts.and_then(|texts| pace.time(texts))),
    ]
}

fn share(quota: Option<Quota>, points: u64) -> String {
    quota.map_or_else(
        || NONE.to_owned(),
        |quota| format!("{:.0} %", (quota.share(points) * 100.0).ceil()),
    )
}

/// A time in the largest units that say something.
fn span(time: Option<Duration>) -> String {
    let Some(time) = time else { return NONE.to_owned() };
    let (seconds, minutes) = (time.as_secs(), time.as_secs() / 60);
    match minutes {
        0 if seconds == 0 => "< 1 s".to_owned(),
        0 => format!("{seconds} s"),
        1..60 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Error, Quota, Work};

    use super::{Pace, Plan, Row, Total, span, text};
    use crate::output::Style;

    fn plan(requests: u64, documents: Option<u64>) -> Plan {
        Plan {
            work: Work {
                requests,
                points: requests,
                least: Duration::ZERO,
            },
            quota: Some(Quota {
                points: 5000,
                per: Duration::from_hours(1),
                left: None,
                renewed_in: None,
            }),
            time: Duration::from_secs(requests),
            documents,
            texts: documents.map(|documents| documents * 2),
            grounds: vec!["counted".to_owned()],
        }
    }

    #[test]
    fn a_source_that_cannot_be_asked_leaves_the_others_in_the_table() {
        let row = |source: &str, plan| Row {
            source: source.to_owned(),
            plan,
        };
        let rows = [
            row("code", Ok(plan(2500, Some(900)))),
            row("dump", Ok(plan(0, None))),
            row(
                "wiki",
                Err(Error::unavailable("send request", "no answer").with_hint("connect again")),
            ),
        ];
        let pace = Pace {
            rate: Some(10.0),
            ground: Some("measured".to_owned()),
        };
        let total = Total::of(&rows, &pace);
        let shown = text(&rows, (&total, &pace), Style);
        let lines: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            lines[1],
            ["code", "2500", "50", "%", "41", "min", "900", "1800", "3", "min"]
        );
        assert_eq!(lines[2], ["dump", "0", "0", "%", "<", "1", "s", "-", "-", "-"]);
        assert!(
            lines[3]
                .join(" ")
                .starts_with("wiki send request: no answer (connect again)")
        );
        assert!(lines[4].join(" ").contains("≥ 900 ≥ 1800 3 min"), "{shown}");
        assert!(shown.contains("code: counted") && shown.contains("measured"));
    }

    #[test]
    fn times_are_told_in_units_that_say_something() {
        let told = [0, 59, 60, 3599, 3600, 90_000].map(|seconds| span(Some(Duration::from_secs(seconds))));
        assert_eq!(told, ["< 1 s", "59 s", "1 min", "59 min", "1 h 0 min", "25 h 0 min"]);
        assert_eq!(span(None), "-");
    }
}
