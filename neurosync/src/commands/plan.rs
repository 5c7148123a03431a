//! `sync --plan`: what a sync would ask of each source and bring, and what of that would be embedded. Nothing is written.

mod pace;
mod table;

use std::time::Duration;

use domain::seam::Connector;
use domain::seam::store::{Resume, SourceReport};
use domain::{Error, ErrorKind, Estimate, Quota, Result, Work};
use tokio_util::sync::CancellationToken;

use self::pace::Pace;
use super::ids;
use crate::app::App;
use crate::connector;
use crate::context::Context;
use crate::pipeline::check_known;

/// Texts of a document where no document was indexed yet.
const TEXTS: f64 = 2.0;

/// What is expected of one source.
struct Plan {
    work: Work,
    quota: Option<Quota>,
    time: Duration,
    documents: Option<u64>,
    /// Texts to embed, at most.
    texts: Option<u64>,
    grounds: Vec<String>,
}

/// A source, with what is expected of it or why that cannot be told.
struct Row {
    source: String,
    plan: Result<Plan>,
}

/// Estimate a sync of the named sources (all, when none is named), and tell.
///
/// # Errors
/// `NotFound` for an unknown name; `Cancelled`; where a source could not be asked, its error, after all was told.
pub(super) async fn run(context: &Context<'_>, names: &[String], census: bool) -> Result<()> {
    let names = ids(names)?;
    let app = context.app().await?;
    let reports = app.sync_store().sources().await?;
    check_known(&reports, &names)?;
    let wanted = |report: &&SourceReport| (names.is_empty() || names.contains(&report.source.id)) && !report.removed;
    let bar = context.bars.spinner("plan");
    let mut rows = Vec::new();
    for report in reports.iter().filter(wanted) {
        bar.set_message(format!("sources asked, now {}", report.source.id));
        let ratio = texts_a_document(report, &reports);
        let plan = unless_cancelled(context.cancel, plan(&app, report, (census, ratio))).await;
        if let Err(error) = &plan
            && error.kind() == ErrorKind::Cancelled
        {
            return plan.map(drop);
        }
        bar.inc(1);
        let source = report.source.id.to_string();
        rows.push(Row { source, plan });
    }
    let planned = rows.iter().filter_map(|row| row.plan.as_ref().ok()?.texts);
    let pace = if planned.sum::<u64>() == 0 {
        Pace::idle()
    } else {
        bar.set_message("sources asked, now the model");
        unless_cancelled(context.cancel, async { Ok(Pace::measured(context).await) }).await?
    };
    table::tell(context, &rows, &pace)?;
    failed(rows)
}

/// Work that ends when it is asked to stop.
async fn unless_cancelled<T>(cancel: &CancellationToken, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::new(ErrorKind::Cancelled, "plan sync", "stopped; nothing was changed")),
        done = work => done,
    }
}

/// The error that the command ends with, where sources could not be asked.
fn failed(rows: Vec<Row>) -> Result<()> {
    let of = rows.len();
    let mut errors: Vec<(String, Error)> = rows
        .into_iter()
        .filter_map(|row| Some((row.source, row.plan.err()?)))
        .collect();
    match (errors.pop(), errors.len() + 1) {
        (None, _) => Ok(()),
        (Some((_, error)), 1) => Err(error),
        (Some(_), count) => Err(
            Error::unavailable("plan sync", format!("{count} of {of} sources cannot be asked"))
                .with_hint("what each answers stands in its row"),
        ),
    }
}

/// What is expected of one source.
async fn plan(app: &App, report: &SourceReport, (census, ratio): (bool, Ratio)) -> Result<Plan> {
    let connector = connector::open(&report.source, app)?;
    let resume = app.sync_store().resume(&report.source.id).await?;
    let stored = report.documents.values().sum();
    let Expected { estimate, work, news } = expect(&*connector, &resume, (census, stored)).await?;
    let mut grounds = estimate.grounds.clone();
    let texts = news.map(|news| ratio.of(news));
    if texts > Some(0) {
        grounds.push(ratio.ground);
    }
    if work.requests > 0 {
        let millis = estimate.latency.as_millis();
        grounds.push(format!(
            "the time by {millis} ms an answer and the limits that are known"
        ));
    }
    Ok(Plan {
        work,
        quota: estimate.quota,
        time: estimate.time(work),
        documents: estimate.documents,
        texts,
        grounds,
    })
}

/// An estimate of all that a sync would do.
struct Expected {
    estimate: Estimate,
    work: Work,
    /// Documents of which texts may be new.
    news: Option<u64>,
}

/// Ask a connector. A census first reads what is new, then everything, and sweeps.
async fn expect(connector: &dyn Connector, resume: &Resume, (census, stored): (bool, u64)) -> Result<Expected> {
    if !census {
        let mut estimate = connector.estimate(resume.cursor.as_ref()).await?;
        if resume.sweep_due && !estimate.sweep_due {
            let ground = "a sweep that was due before is made too; what it asks is not in the numbers";
            estimate.grounds.push(ground.to_owned());
        }
        return Ok(Expected {
            work: estimate.work(),
            news: estimate.documents,
            estimate,
        });
    }
    let whole = connector.estimate(None).await?;
    let mut work = whole.reading + whole.sweep;
    let (mut documents, mut news) = (whole.documents, whole.documents.map(|all| all.saturating_sub(stored)));
    let mut grounds = whole.grounds.clone();
    if resume.cursor.is_some() {
        let first = connector.estimate(resume.cursor.as_ref()).await?;
        work = work + first.reading;
        documents = sum(documents, first.documents);
        news = sum(news, first.documents);
        grounds.push("first what is new, then everything; what did not change is not embedded again".to_owned());
    }
    let estimate = Estimate {
        documents,
        grounds,
        ..whole
    };
    Ok(Expected { estimate, work, news })
}

fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.saturating_add(other?))
}

/// How many texts a document has, and by what that is told.
struct Ratio {
    texts: f64,
    ground: String,
}

impl Ratio {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate of what is counted"
    )]
    fn of(&self, documents: u64) -> u64 {
        (documents as f64 * self.texts).ceil() as u64
    }
}

/// Texts of a document, by the source itself, by others of its kind, or by all.
fn texts_a_document(report: &SourceReport, all: &[SourceReport]) -> Ratio {
    let alike = |other: &&SourceReport| other.source.connector == report.source.connector;
    let own = std::slice::from_ref(report).iter();
    let [own, kind, whole] = [share(own), share(all.iter().filter(alike)), share(all.iter())];
    let told = |texts: f64, by: &str| Ratio {
        texts,
        ground: format!("{texts:.1} texts a document, as {by}; vectors that are kept are not made again"),
    };
    match (own, kind, whole) {
        (Some(texts), _, _) => told(texts, "this source has"),
        (None, Some(texts), _) => told(texts, "other sources of its kind have"),
        (None, None, Some(texts)) => told(texts, "all that is indexed has"),
        (None, None, None) => Ratio {
            texts: TEXTS,
            ground: format!("{TEXTS:.1} texts a document are assumed, as nothing is indexed yet"),
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn share<'r>(reports: impl Iterator<Item = &'r SourceReport>) -> Option<f64> {
    let sums = reports.fold((0, 0), |(documents, chunks), report| {
        (
            documents + report.documents.values().sum::<u64>(),
            chunks + report.chunks,
        )
    });
    (sums.0 > 0 && sums.1 > 0).then(|| sums.1 as f64 / sums.0 as f64)
}
