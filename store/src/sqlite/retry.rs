//! Documents that a projection could not handle, handed to it once more.

use std::collections::BTreeSet;

use domain::seam::store::{GRAPH, INDEX};
use domain::{Result, SourceId};

use super::documents::Log;
use super::error::During;
use super::{Sqlite, rows, sources};

const OPERATION: &str = "retry documents";

/// Give every document of a source that is among the dead letters of a projection a new revision; how many.
pub(super) async fn failed(store: &Sqlite, source: &SourceId) -> Result<u64> {
    let mut transaction = store.write(OPERATION).await?;
    let row = sources::live(&mut transaction, OPERATION, source).await?;
    let letters: Vec<(String, String)> =
        sqlx::query_as("SELECT stage, item FROM dead_letters WHERE source = ? AND stage IN (?, ?)")
            .bind(row.number)
            .bind(INDEX)
            .bind(GRAPH)
            .fetch_all(&mut *transaction)
            .await
            .during(OPERATION)?;
    let key = |(stage, item): &(String, String)| item.strip_prefix(stage)?.strip_prefix(' ').map(str::to_owned);
    let keys: BTreeSet<String> = letters.iter().filter_map(key).collect();
    let statement = (
        OPERATION,
        "SELECT number, source FROM documents WHERE hash IS NOT NULL AND key IN",
        "",
    );
    let found: Vec<(i64, i64)> = rows::read(&mut transaction, statement, keys).await?;
    let mut log = Log::new(OPERATION, row);
    let own = found.into_iter().filter(|(_, source)| *source == row.number);
    let mut count = 0;
    for (number, _) in own {
        sqlx::query("UPDATE documents SET revision = ? WHERE number = ?")
            .bind(log.next())
            .bind(number)
            .execute(&mut *transaction)
            .await
            .during(OPERATION)?;
        count += 1;
    }
    log.close(&mut transaction).await?;
    transaction.commit().await.during(OPERATION)?;
    Ok(count)
}
