//! Leases with fencing tokens: one holder at a time, and a late one is recognised when he writes.

use std::time::Duration;

use domain::seam::store::Lease;
use domain::{Error, ErrorKind, Result, Timestamp};
use sqlx::sqlite::SqliteConnection;

use super::error::During;
use super::{Sqlite, decode, limits};

const TAKE: &str = "take lease";

/// Take a free or expired lease, or renew one's own. A renewal for no time at all gives it back.
pub(super) async fn take(
    store: &Sqlite,
    (name, holder): (&str, &str),
    ttl: Duration,
    now: Timestamp,
) -> Result<Option<Lease>> {
    limits::name(TAKE, name)?;
    limits::name(TAKE, holder)?;
    let mut transaction = store.write(TAKE).await?;
    let row: Option<(i64, String, i64)> = sqlx::query_as("SELECT token, holder, expires FROM leases WHERE name = ?")
        .bind(name)
        .fetch_optional(&mut *transaction)
        .await
        .during(TAKE)?;
    let token = match row {
        Some((_, other, expires)) if other != holder && expires > now.0 => return Ok(None),
        Some((token, other, _)) => token + i64::from(other != holder),
        None => 1,
    };
    let expires = now.0.saturating_add(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX));
    sqlx::query(
        "INSERT INTO leases (name, token, holder, expires) VALUES (?, ?, ?, ?) \
         ON CONFLICT (name) DO UPDATE SET token = excluded.token, holder = excluded.holder, expires = excluded.expires",
    )
    .bind(name)
    .bind(token)
    .bind(holder)
    .bind(expires)
    .execute(&mut *transaction)
    .await
    .during(TAKE)?;
    transaction.commit().await.during(TAKE)?;
    Ok(Some(Lease {
        name: name.to_owned(),
        token: decode::count(TAKE, token)?,
        holder: holder.to_owned(),
    }))
}

/// Fail unless `lease` is still the one in force.
pub(super) async fn check(connection: &mut SqliteConnection, operation: &'static str, lease: &Lease) -> Result<()> {
    let held: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM leases WHERE name = ? AND token = ? AND holder = ?)")
            .bind(&lease.name)
            .bind(decode::stored(operation, lease.token)?)
            .bind(&lease.holder)
            .fetch_one(connection)
            .await
            .during(operation)?;
    if held {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Conflict,
        operation,
        format!("the lease `{}` is no longer held by `{}`", lease.name, lease.holder),
    )
    .with_hint("another process took over: let it finish; this one goes on from its cursor"))
}
