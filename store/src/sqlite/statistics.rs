//! BM25 statistics over the labels that a caller sees, and over nothing else.

use std::collections::{BTreeSet, HashMap};

use domain::seam::store::TermStatistics;
use domain::{Result, Visible};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite as Db};

use super::error::During;
use super::{Sqlite, decode, rows};

const OPERATION: &str = "sum term statistics";
/// Labels and terms per statement; together they stay below SQLite's 32,766 parameters.
const LABELS: usize = 10_000;
const TERMS: usize = 500;

/// Sum the statistics of `terms`.
pub(super) async fn sum(store: &Sqlite, terms: &[u32], visible: &Visible) -> Result<TermStatistics> {
    let mut snapshot = store.snapshot(OPERATION).await?;
    let mut sums = Sums::default();
    match visible {
        Visible::All => sums.add(&mut snapshot, terms, None).await?,
        Visible::Labels(labels) => {
            let names: Vec<String> = labels.iter().map(|label| label.as_str().to_owned()).collect();
            let found: Vec<(i64,)> = rows::read(
                &mut snapshot,
                (OPERATION, "SELECT number FROM labels WHERE name IN", ""),
                names,
            )
            .await?;
            let numbers: Vec<i64> = found.into_iter().map(|(number,)| number).collect();
            for some in numbers.chunks(LABELS) {
                sums.add(&mut snapshot, terms, Some(some)).await?;
            }
        }
    }
    let frequency = |term: &u32| decode::count(OPERATION, sums.terms.get(&i64::from(*term)).copied().unwrap_or(0));
    Ok(TermStatistics {
        chunks: decode::count(OPERATION, sums.chunks)?,
        frequencies: terms.iter().map(frequency).collect::<Result<_>>()?,
    })
}

#[derive(Default)]
struct Sums {
    chunks: i64,
    terms: HashMap<i64, i64>,
}

impl Sums {
    /// Add what some labels hold, or all of them.
    async fn add(&mut self, connection: &mut SqliteConnection, terms: &[u32], labels: Option<&[i64]>) -> Result<()> {
        let mut statement = QueryBuilder::<Db>::new("SELECT COALESCE(SUM(chunks), 0) FROM label_chunks");
        if let Some(labels) = labels {
            statement.push(" WHERE label IN");
            rows::list(&mut statement, labels.iter().copied());
        }
        let chunks: i64 = statement
            .build_query_scalar()
            .persistent(false)
            .fetch_one(&mut *connection)
            .await
            .during(OPERATION)?;
        self.chunks += chunks;
        let terms: Vec<i64> = terms
            .iter()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|term| i64::from(*term))
            .collect();
        for some in terms.chunks(TERMS) {
            let mut statement = QueryBuilder::<Db>::new("SELECT term, SUM(chunks) FROM label_terms WHERE term IN");
            rows::list(&mut statement, some.iter().copied());
            if let Some(labels) = labels {
                statement.push(" AND label IN");
                rows::list(&mut statement, labels.iter().copied());
            }
            statement.push(" GROUP BY term");
            let found: Vec<(i64, i64)> = statement
                .build_query_as()
                .persistent(false)
                .fetch_all(&mut *connection)
                .await
                .during(OPERATION)?;
            for (term, chunks) in found {
                *self.terms.entry(term).or_default() += chunks;
            }
        }
        Ok(())
    }
}
