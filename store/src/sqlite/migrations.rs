//! The schema and its history, built into the binary.

use domain::{Error, ErrorKind, Result};
use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;

use super::error::{During, translate};

/// What the first migration writes into the file's header.
pub(super) const APPLICATION: i64 = 1_314_085_198;

/// Every migration in order. A released one never changes; its checksum is compared at every start.
const ALL: &[(i64, &str, &str)] = &[
    (1, "begin", include_str!("../../migrations/sqlite/0001_begin.sql")),
    (
        2,
        "follow up",
        include_str!("../../migrations/sqlite/0002_follow_up.sql"),
    ),
    (3, "grants", include_str!("../../migrations/sqlite/0003_grants.sql")),
    (
        4,
        "deliveries",
        include_str!("../../migrations/sqlite/0004_deliveries.sql"),
    ),
    (5, "identity", include_str!("../../migrations/sqlite/0005_identity.sql")),
];

/// Bring the schema up to date, in one transaction, so that two processes starting at once do not both do it.
pub(super) async fn run(writer: &SqlitePool) -> Result<()> {
    let migrations = ALL
        .iter()
        .map(|&(version, name, sql)| {
            Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await.during("migrate store")?;
    Migrator::with_migrations(migrations)
        .run(&mut *transaction)
        .await
        .map_err(explain)?;
    transaction.commit().await.during("migrate store")
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the library's enum is open; whatever else it reports is a fault of this program"
)]
fn explain(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => translate("migrate store", error),
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => Error::new(
            ErrorKind::Invalid,
            "migrate store",
            format!("the store has a migration {version} that this program does not know"),
        )
        .with_hint("use a release at least as new as the one that last opened this store"),
        other => Error::internal("migrate store", other.to_string()).with_source(other),
    }
}
