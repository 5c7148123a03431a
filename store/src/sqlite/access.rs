//! Access rules, and the labels that a caller sees.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::store::GRAPH;
use domain::{
    AccessId, AccessRule, Caller, DocumentId, Error, ErrorKind, Key, Principal, Readers, Result, SourceId, Visible,
};
use sqlx::sqlite::SqliteConnection;

use super::error::During;
use super::labels::label_numbers;
use super::{Sqlite, decode, rows};

const PUT: &str = "commit page";
const VISIBLE: &str = "find visible labels";

/// A rule to write: label, container, scope, readers as JSON.
type RuleRow = (i64, String, &'static str, String);

/// Store rules of a source; one that is as before costs nothing.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    source: i64,
    rules: BTreeMap<AccessId, AccessRule>,
) -> Result<()> {
    if rules.is_empty() {
        return Ok(());
    }
    let numbers = label_numbers(connection, PUT, &rules.keys().cloned().collect()).await?;
    let statement = (
        PUT,
        "SELECT label, source, container, readers FROM access_rules WHERE label IN",
        "",
    );
    let labels: Vec<i64> = rules.keys().filter_map(|label| numbers.get(label).copied()).collect();
    let stored: Vec<(i64, i64, String, String)> = rows::read(connection, statement, labels).await?;
    let stored: BTreeMap<i64, (i64, String, String)> = stored
        .into_iter()
        .map(|(label, source, container, readers)| (label, (source, container, readers)))
        .collect();
    let (mut changed, mut principals): (Vec<RuleRow>, Vec<(String, i64)>) = (Vec::new(), Vec::new());
    for (id, rule) in rules {
        let label = numbers.get(&id).copied().unwrap_or_default();
        let readers = written(&rule.readers)?;
        match stored.get(&label) {
            // Otherwise one source could open the documents of another.
            Some((owner, ..)) if *owner != source => {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    PUT,
                    format!("the access label `{id}` belongs to another source"),
                ));
            }
            Some((_, container, before)) if *before == readers && container == rule.container.as_str() => continue,
            Some(_) | None => {}
        }
        changed.push((label, rule.container.as_str().to_owned(), scope(&rule.readers), readers));
        principals.extend(named(rule.readers).map(|principal| (principal.0, label)));
    }
    write(connection, source, changed, principals).await
}

/// Give the common label of a source other readers, and leave all its further labels to the owner; whether there are any.
/// Readers as before change nothing.
pub(super) async fn change_readers(
    connection: &mut SqliteConnection,
    (source, name): (i64, &SourceId),
    readers: Readers,
) -> Result<bool> {
    let rules: Vec<(i64, String, String, String)> = sqlx::query_as(
        "SELECT label, name, container, readers FROM access_rules JOIN labels ON number = label WHERE source = ?",
    )
    .bind(source)
    .fetch_all(&mut *connection)
    .await
    .during(PUT)?;
    let (common, now) = (AccessId::common(name), written(&readers)?);
    let is_common = |label: &str| label == common.as_str();
    if !rules
        .iter()
        .any(|(_, label, _, before)| is_common(label) && *before != now)
    {
        return Ok(false);
    }
    let owner = Readers::Principals(BTreeSet::new());
    let (mut changed, mut principals, mut further) = (Vec::new(), Vec::new(), false);
    for (label, name, container, _) in rules {
        if is_common(&name) {
            changed.push((label, container, scope(&readers), now.clone()));
            principals.extend(named(readers.clone()).map(|principal| (principal.0, label)));
        } else {
            changed.push((label, container, scope(&owner), written(&owner)?));
            further = true;
        }
    }
    write(connection, source, changed, principals).await?;
    Ok(further)
}

/// Take out the rules of a source's labels that are neither among `told` nor any live document's.
pub(super) async fn keep_only(
    connection: &mut SqliteConnection,
    operation: &'static str,
    source: i64,
    told: &BTreeSet<AccessId>,
) -> Result<()> {
    let unused: Vec<(i64, String)> = sqlx::query_as(
        "SELECT label, name FROM access_rules JOIN labels ON number = label WHERE access_rules.source = ?1 AND label NOT IN \
         (SELECT label FROM documents WHERE documents.source = ?1 AND hash IS NOT NULL)",
    )
    .bind(source)
    .fetch_all(&mut *connection)
    .await
    .during(operation)?;
    for (label, _) in unused
        .into_iter()
        .filter(|(_, name)| !told.contains(&AccessId(name.as_str().into())))
    {
        sqlx::query("DELETE FROM access_rules WHERE label = ?")
            .bind(label)
            .execute(&mut *connection)
            .await
            .during(operation)?;
    }
    Ok(())
}

/// Readers as their column holds them.
fn written(readers: &Readers) -> Result<String> {
    serde_json::to_string(readers)
        .map_err(|error| Error::internal(PUT, "an access rule does not serialise").with_source(error))
}

fn scope(readers: &Readers) -> &'static str {
    match readers {
        Readers::Public => "public",
        Readers::EveryoneInSource => "source",
        Readers::Principals(_) => "principals",
    }
}

fn named(readers: Readers) -> impl Iterator<Item = Principal> {
    let principals = match readers {
        Readers::Public | Readers::EveryoneInSource => BTreeSet::new(),
        Readers::Principals(principals) => principals,
    };
    principals.into_iter()
}

async fn write(
    connection: &mut SqliteConnection,
    source: i64,
    rules: Vec<RuleRow>,
    principals: Vec<(String, i64)>,
) -> Result<()> {
    let labels: Vec<i64> = rules.iter().map(|(label, ..)| *label).collect();
    rows::run(
        connection,
        (PUT, "DELETE FROM access_principals WHERE label IN"),
        labels,
    )
    .await?;
    let statement = rows::Rows {
        operation: PUT,
        head: "INSERT INTO access_rules (label, source, container, scope, readers)",
        columns: 5,
        tail: " ON CONFLICT (label) DO UPDATE SET container = excluded.container, scope = excluded.scope, readers = excluded.readers",
    };
    rows::write(
        connection,
        statement,
        rules,
        |columns, (label, container, scope, readers)| {
            columns
                .push_bind(label)
                .push_bind(source)
                .push_bind(container)
                .push_bind(scope)
                .push_bind(readers);
        },
    )
    .await?;
    let statement = rows::Rows {
        operation: PUT,
        head: "INSERT INTO access_principals (principal, label)",
        columns: 2,
        tail: "",
    };
    rows::write(connection, statement, principals, |columns, (principal, label)| {
        columns.push_bind(principal).push_bind(label);
    })
    .await
}

/// The labels a caller sees now.
pub(super) async fn visible(store: &Sqlite, caller: &Caller) -> Result<Visible> {
    let principals = match caller {
        Caller::Owner => return Ok(Visible::All),
        Caller::Principals(principals) => principals,
    };
    let mut snapshot = store.snapshot(VISIBLE).await?;
    let mut labels: Vec<(String,)> =
        sqlx::query_as("SELECT name FROM access_rules JOIN labels ON number = label WHERE scope = 'public'")
            .fetch_all(&mut *snapshot)
            .await
            .during(VISIBLE)?;
    let statement = (
        VISIBLE,
        "SELECT labels.name FROM sources JOIN access_rules ON access_rules.source = sources.number \
         JOIN labels ON labels.number = label WHERE scope = 'source' AND sources.name IN",
        "",
    );
    labels.extend(rows::read::<_, (String,)>(&mut snapshot, statement, sources(principals)).await?);
    let statement = (
        VISIBLE,
        "SELECT name FROM access_principals JOIN labels ON number = label WHERE principal IN",
        "",
    );
    let names: Vec<String> = principals.iter().map(|principal| principal.0.clone()).collect();
    labels.extend(rows::read::<_, (String,)>(&mut snapshot, statement, names).await?);
    Ok(Visible::Labels(
        labels.into_iter().map(|(name,)| AccessId(name.into())).collect(),
    ))
}

/// The sources that a caller belongs to, by his principals `source:<id>`.
fn sources(principals: &BTreeSet<Principal>) -> Vec<String> {
    principals
        .iter()
        .filter_map(|principal| principal.0.strip_prefix("source:"))
        .map(str::to_owned)
        .collect()
}

/// What changed since the graph's projection ran and is gone or hidden.
pub(super) async fn revoked(store: &Sqlite, visible: &Visible) -> Result<BTreeSet<DocumentId>> {
    const OPERATION: &str = "find revoked documents";
    let mut reader = store.reader(OPERATION).await?;
    let changed: Vec<(Vec<u8>, String, bool)> = sqlx::query_as(
        "SELECT documents.id, labels.name, hash IS NULL FROM sources \
         LEFT JOIN positions ON positions.source = sources.number AND projection = ? \
         JOIN documents ON documents.source = sources.number AND documents.revision > COALESCE(position, 0) \
         JOIN labels ON labels.number = label WHERE sources.revision > COALESCE(position, 0)",
    )
    .bind(GRAPH)
    .fetch_all(&mut *reader)
    .await
    .during(OPERATION)?;
    let gone = |(_, label, gone): &(_, String, bool)| *gone || !visible.contains(&AccessId(label.as_str().into()));
    changed
        .iter()
        .filter(|row| gone(row))
        .map(|(id, ..)| decode::document_id(OPERATION, id))
        .collect()
}

/// All rules by label.
pub(super) async fn all(store: &Sqlite) -> Result<Vec<AccessRule>> {
    const OPERATION: &str = "list access rules";
    let mut reader = store.reader(OPERATION).await?;
    let rows: Vec<(String, String, String)> =
        sqlx::query_as("SELECT name, container, readers FROM access_rules JOIN labels ON number = label ORDER BY name")
            .fetch_all(&mut *reader)
            .await
            .during(OPERATION)?;
    rows.into_iter().map(|row| read(OPERATION, row)).collect()
}

/// The rule of one label.
pub(super) async fn rule(store: &Sqlite, label: &AccessId) -> Result<Option<AccessRule>> {
    const OPERATION: &str = "read access rule";
    let mut reader = store.reader(OPERATION).await?;
    let row: Option<(String, String, String)> = sqlx::query_as(
        "SELECT name, container, readers FROM labels JOIN access_rules ON label = number WHERE name = ?",
    )
    .bind(label.as_str())
    .fetch_optional(&mut *reader)
    .await
    .during(OPERATION)?;
    row.map(|row| read(OPERATION, row)).transpose()
}

/// A rule of its columns: label, container, readers as JSON.
fn read(operation: &'static str, (name, container, readers): (String, String, String)) -> Result<AccessRule> {
    Ok(AccessRule {
        id: AccessId(name.into()),
        container: Key::from_raw(&container),
        readers: decode::json(operation, &readers)?,
    })
}
