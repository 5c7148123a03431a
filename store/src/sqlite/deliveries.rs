//! Deliveries of webhooks: each says once that its source has something new.

use std::time::Duration;

use domain::{Result, SourceId, Timestamp};

use super::error::During;
use super::{Sqlite, limits, sources};

const OPERATION: &str = "note delivery";
/// How long one is remembered. Providers repeat a delivery within hours; GitHub lets its owner do so for three days.
const REMEMBERED: Duration = Duration::from_hours(7 * 24);

/// Note a delivery; whether it is the first of its name.
pub(super) async fn note(store: &Sqlite, source: &SourceId, name: &str, now: Timestamp) -> Result<bool> {
    limits::name(OPERATION, name)?;
    let mut transaction = store.write(OPERATION).await?;
    let number = sources::live(&mut transaction, OPERATION, source).await?.number;
    let old = now
        .0
        .saturating_sub(i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX));
    sqlx::query("DELETE FROM deliveries WHERE arrived < ?")
        .bind(old)
        .execute(&mut *transaction)
        .await
        .during(OPERATION)?;
    let noted = sqlx::query(
        "INSERT INTO deliveries (source, name, arrived) VALUES (?, ?, ?) ON CONFLICT (source, name) DO NOTHING",
    )
    .bind(number)
    .bind(name)
    .bind(now.0)
    .execute(&mut *transaction)
    .await
    .during(OPERATION)?;
    let first = noted.rows_affected() > 0;
    if first {
        sqlx::query("UPDATE sources SET hinted = ? WHERE number = ?")
            .bind(now.0)
            .bind(number)
            .execute(&mut *transaction)
            .await
            .during(OPERATION)?;
    }
    transaction.commit().await.during(OPERATION)?;
    Ok(first)
}

/// Note that all deliveries up to `until` were answered.
pub(super) async fn heard(store: &Sqlite, source: &SourceId, until: Timestamp) -> Result<()> {
    const OPERATION: &str = "note that deliveries were read";
    let mut transaction = store.write(OPERATION).await?;
    let number = sources::live(&mut transaction, OPERATION, source).await?.number;
    sqlx::query("UPDATE sources SET hinted = NULL WHERE number = ? AND hinted <= ?")
        .bind(number)
        .bind(until.0)
        .execute(&mut *transaction)
        .await
        .during(OPERATION)?;
    transaction.commit().await.during(OPERATION)
}
