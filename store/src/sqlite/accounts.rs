//! Accounts: each as every source tells it, and the names by which it is found.

use std::collections::{BTreeMap, BTreeSet};

use domain::{AccessId, Account, AccountId, Error, Result, Visible};
use sqlx::sqlite::SqliteConnection;

use super::error::During;
use super::find::json_labels;
use super::{Sqlite, decode, rows};

const READ: &str = "read accounts";
/// The most accounts of one answer.
const MOST: usize = 1000;

/// Write accounts of a source; what was known of one before goes.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    operation: &'static str,
    source: i64,
    accounts: BTreeMap<AccountId, Account>,
) -> Result<()> {
    let ids: Vec<String> = accounts.keys().map(ToString::to_string).collect();
    forget_names(connection, operation, source, ids).await?;
    let (mut records, mut names) = (Vec::with_capacity(accounts.len()), Vec::new());
    for (id, account) in accounts {
        let body = serde_json::to_string(&account)
            .map_err(|error| Error::internal(operation, "an account does not serialise").with_source(error))?;
        names.extend(names_of(&account).into_iter().map(|name| (name, id.to_string())));
        records.push((id.to_string(), body));
    }
    let statement = rows::Rows {
        operation,
        head: "INSERT INTO accounts (id, source, body)",
        columns: 3,
        tail: " ON CONFLICT (id, source) DO UPDATE SET body = excluded.body WHERE body <> excluded.body",
    };
    rows::write(connection, statement, records, |columns, (id, body)| {
        columns.push_bind(id).push_bind(source).push_bind(body);
    })
    .await?;
    let statement = rows::Rows {
        operation,
        head: "INSERT INTO account_names (name, account, source)",
        columns: 3,
        tail: " ON CONFLICT (name, account, source) DO NOTHING",
    };
    rows::write(connection, statement, names, |columns, (name, account)| {
        columns.push_bind(name).push_bind(account).push_bind(source);
    })
    .await
}

async fn forget_names(
    connection: &mut SqliteConnection,
    operation: &'static str,
    source: i64,
    accounts: Vec<String>,
) -> Result<()> {
    for account in accounts {
        sqlx::query("DELETE FROM account_names WHERE account = ? AND source = ?")
            .bind(account)
            .bind(source)
            .execute(&mut *connection)
            .await
            .during(operation)?;
    }
    Ok(())
}

/// Take all accounts of a source out.
pub(super) async fn remove(connection: &mut SqliteConnection, operation: &'static str, source: i64) -> Result<()> {
    for statement in [
        "DELETE FROM accounts WHERE source = ?",
        "DELETE FROM account_names WHERE source = ?",
    ] {
        sqlx::query(statement)
            .bind(source)
            .execute(&mut *connection)
            .await
            .during(operation)?;
    }
    Ok(())
}

/// Take out the accounts of a source that are not among `told`.
pub(super) async fn keep_only(
    connection: &mut SqliteConnection,
    operation: &'static str,
    source: i64,
    told: &BTreeSet<AccountId>,
) -> Result<()> {
    let known: Vec<(String,)> = sqlx::query_as("SELECT id FROM accounts WHERE source = ?")
        .bind(source)
        .fetch_all(&mut *connection)
        .await
        .during(operation)?;
    let known = known.into_iter().map(|(id,)| id);
    let gone: Vec<String> = known.filter(|id| !told.contains(id.as_str())).collect();
    for id in &gone {
        sqlx::query("DELETE FROM accounts WHERE id = ? AND source = ?")
            .bind(id)
            .bind(source)
            .execute(&mut *connection)
            .await
            .during(operation)?;
    }
    forget_names(connection, operation, source, gone).await
}

/// The accounts of these names by id, each as the first source tells it of which something is visible.
pub(super) async fn named(store: &Sqlite, names: &[String], visible: &Visible) -> Result<Vec<Account>> {
    let mut snapshot = store.snapshot(READ).await?;
    let wanted: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
    let statement = (
        READ,
        "SELECT accounts.id, sources.name, accounts.body FROM account_names \
         JOIN accounts ON accounts.id = account AND accounts.source = account_names.source \
         JOIN sources ON number = accounts.source WHERE account_names.name IN",
        "",
    );
    let mut found: Vec<(String, String, String)> = rows::read(&mut snapshot, statement, wanted).await?;
    if let Visible::Labels(labels) = visible {
        let told = sources(&mut snapshot, labels).await?;
        found.retain(|(_, source, _)| told.contains(source));
    }
    found.sort_unstable();
    found.dedup_by(|later, first| later.0 == first.0);
    found.truncate(MOST);
    found.iter().map(|(_, _, body)| decode::json(READ, body)).collect()
}

/// All accounts that took part in something visible, as each source tells them of which something is visible, by id.
pub(super) async fn all(store: &Sqlite, visible: &Visible) -> Result<Vec<Account>> {
    let mut snapshot = store.snapshot(READ).await?;
    let mut found: Vec<(String, String, String)> =
        sqlx::query_as("SELECT name, id, body FROM accounts JOIN sources ON number = source ORDER BY id, name")
            .fetch_all(&mut *snapshot)
            .await
            .during(READ)?;
    if let Visible::Labels(labels) = visible {
        let told = sources(&mut snapshot, labels).await?;
        // Who is only in what is hidden is hidden too.
        let seen: Vec<(String,)> = sqlx::query_as(
            "SELECT DISTINCT account FROM took_part JOIN labels AS own ON own.number = label JOIN labels AS other ON other.number = also \
             WHERE own.name IN (SELECT value FROM json_each(?1)) AND other.name IN (SELECT value FROM json_each(?1))",
        )
        .bind(json_labels(visible))
        .fetch_all(&mut *snapshot)
        .await
        .during(READ)?;
        let seen: BTreeSet<String> = seen.into_iter().map(|(account,)| account).collect();
        found.retain(|(source, id, _)| told.contains(source) && seen.contains(id));
    }
    found.iter().map(|(_, _, body)| decode::json(READ, body)).collect()
}

/// The names of the sources of these labels.
async fn sources(connection: &mut SqliteConnection, labels: &BTreeSet<AccessId>) -> Result<BTreeSet<String>> {
    let statement = (
        READ,
        "SELECT DISTINCT sources.name FROM access_rules JOIN labels ON labels.number = label \
         JOIN sources ON sources.number = access_rules.source WHERE labels.name IN",
        "",
    );
    let labels: Vec<String> = labels.iter().map(|label| label.as_str().to_owned()).collect();
    let names: Vec<(String,)> = rows::read(connection, statement, labels).await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
}

/// Everything an account is found by, in lower case.
fn names_of(account: &Account) -> BTreeSet<String> {
    std::iter::once(account.id.as_str())
        .chain(account.login.as_deref())
        .chain(account.names.iter().map(String::as_str))
        .chain(account.emails.iter().map(String::as_str))
        .map(str::to_lowercase)
        .collect()
}
