//! Access labels by number.

use std::collections::{BTreeSet, HashMap};

use domain::{AccessId, Result};
use sqlx::sqlite::SqliteConnection;

use super::rows;

/// The numbers of labels, new ones included.
pub(super) async fn label_numbers(
    connection: &mut SqliteConnection,
    operation: &'static str,
    labels: &BTreeSet<AccessId>,
) -> Result<HashMap<AccessId, i64>> {
    let names: Vec<String> = labels.iter().map(|label| label.as_str().to_owned()).collect();
    let statement = rows::Rows {
        operation,
        head: "INSERT INTO labels (name)",
        columns: 1,
        tail: " ON CONFLICT (name) DO NOTHING",
    };
    rows::write(connection, statement, names.clone(), |columns, name| {
        columns.push_bind(name);
    })
    .await?;
    let found: Vec<(String, i64)> = rows::read(
        connection,
        (operation, "SELECT name, number FROM labels WHERE name IN", ""),
        names,
    )
    .await?;
    Ok(found
        .into_iter()
        .map(|(name, number)| (AccessId(name.into()), number))
        .collect())
}
