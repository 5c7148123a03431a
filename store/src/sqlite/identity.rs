//! What persons are resolved from: who took part in what, and what was stated about accounts.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::identity::{Decision, DocumentParts, Listed, Part, Role, TookPart, Verdict};
use domain::seam::IdentityStore;
use domain::{AccessId, Account, AccountId, DocumentId, Error, Key, Result, Visible};
use sqlx::sqlite::SqliteConnection;

use super::error::{During, unreadable};
use super::labels::label_numbers;
use super::{Sqlite, accounts, decode, limits, rows};

const PUT: &str = "put parts";
const READ: &str = "read parts";
const DECIDE: &str = "decide about accounts";
const DIRECTORY: &str = "put directory";
/// Parts of one document; facts are bounded before, so this stops only nonsense.
const PARTS: usize = 100_000;
/// Parts that are told of one account and role.
const TOLD: usize = 5_000;
/// Lines of a directory.
const LINES: usize = 1_000_000;

/// Account, role, subject, document, label, also.
type Row = (String, i64, String, i64, i64, i64);

#[async_trait]
impl IdentityStore for Sqlite {
    async fn put_parts(&self, documents: Vec<DocumentParts>) -> Result<()> {
        put(self, documents).await
    }

    async fn parts(&self, accounts: &[AccountId], visible: &Visible) -> Result<Vec<TookPart>> {
        read(self, accounts, visible).await
    }

    async fn all_accounts(&self, visible: &Visible) -> Result<Vec<Account>> {
        accounts::all(self, visible).await
    }

    async fn decisions(&self) -> Result<Vec<Decision>> {
        decisions(self).await
    }

    async fn decide(&self, a: &AccountId, b: &AccountId, verdict: Verdict) -> Result<()> {
        decide(self, (a, b), verdict).await
    }

    async fn listed(&self) -> Result<Vec<Listed>> {
        let mut reader = self.reader("read directory").await?;
        let rows: Vec<(String,)> = sqlx::query_as("SELECT body FROM identity_directory ORDER BY line")
            .fetch_all(&mut *reader)
            .await
            .during("read directory")?;
        rows.iter()
            .map(|(body,)| decode::json("read directory", body))
            .collect()
    }

    async fn put_listed(&self, directory: Vec<Listed>) -> Result<()> {
        put_listed(self, directory).await
    }

    async fn identity_version(&self) -> Result<u64> {
        let mut reader = self.reader(READ).await?;
        let version: i64 = sqlx::query_scalar("SELECT version FROM identity_version")
            .fetch_one(&mut *reader)
            .await
            .during(READ)?;
        decode::count(READ, version)
    }
}

/// Say that persons may be others from now on.
pub(super) async fn touch(connection: &mut SqliteConnection, operation: &'static str) -> Result<()> {
    sqlx::query("UPDATE identity_version SET version = version + 1")
        .execute(connection)
        .await
        .map(drop)
        .during(operation)
}

async fn put(store: &Sqlite, documents: Vec<DocumentParts>) -> Result<()> {
    // The last state of a document wins.
    let documents: BTreeMap<DocumentId, DocumentParts> = documents.into_iter().map(|one| (one.document, one)).collect();
    if documents.is_empty() {
        return Ok(());
    }
    for document in documents.values() {
        check(document)?;
    }
    let mut transaction = store.write(PUT).await?;
    let also = documents
        .values()
        .flat_map(|one| one.parts.iter().filter_map(|part| part.also.clone()));
    let labels: BTreeSet<AccessId> = documents.values().map(|one| one.access.clone()).chain(also).collect();
    let labels = label_numbers(&mut transaction, PUT, &labels).await?;
    let ids: Vec<Vec<u8>> = documents.keys().map(|id| decode::key(*id)).collect();
    let statement = (PUT, "SELECT id, number FROM documents WHERE id IN", "");
    let found: Vec<(Vec<u8>, i64)> = rows::read(&mut transaction, statement, ids).await?;
    let number = |label: &AccessId| labels.get(label).copied().unwrap_or_default();
    let mut written: BTreeSet<Row> = BTreeSet::new();
    for (id, document) in &found {
        let Some(one) = documents.get(&decode::document_id(PUT, id)?) else {
            continue;
        };
        let label = number(&one.access);
        written.extend(one.parts.iter().map(|part| {
            let also = part.also.as_ref().map_or(label, number);
            (
                part.account.to_string(),
                code(part.role),
                part.subject.to_string(),
                *document,
                label,
                also,
            )
        }));
    }
    let numbers: Vec<i64> = found.iter().map(|(_, number)| *number).collect();
    rows::run(
        &mut transaction,
        (PUT, "DELETE FROM took_part WHERE document IN"),
        numbers,
    )
    .await?;
    write(&mut transaction, written.into_iter().collect()).await?;
    touch(&mut transaction, PUT).await?;
    transaction.commit().await.during(PUT)
}

fn check(document: &DocumentParts) -> Result<()> {
    if document.parts.len() > PARTS {
        let count = document.parts.len();
        return Err(Error::invalid(
            PUT,
            format!("a document shows {count} parts, at most {PARTS}"),
        ));
    }
    let named = |part: &Part| {
        limits::name(PUT, part.account.as_str())?;
        limits::name(PUT, part.subject.as_str())
    };
    document.parts.iter().try_for_each(named)
}

async fn write(connection: &mut SqliteConnection, written: Vec<Row>) -> Result<()> {
    let statement = rows::Rows {
        operation: PUT,
        head: "INSERT INTO took_part (account, role, subject, document, label, also)",
        columns: 6,
        tail: "",
    };
    rows::write(
        connection,
        statement,
        written,
        |columns, (account, role, subject, document, label, also)| {
            columns.push_bind(account).push_bind(role).push_bind(subject);
            columns.push_bind(document).push_bind(label).push_bind(also);
        },
    )
    .await
}

/// A role as its column holds it.
fn code(role: Role) -> i64 {
    match role {
        Role::Own => 0,
        Role::Refers => 1,
        Role::Commit => 2,
        Role::Pull => 3,
    }
}

fn role(code: i64) -> Result<Role> {
    let known = Role::ALL.into_iter().find(|role| self::code(*role) == code);
    known.ok_or_else(|| unreadable(READ, format!("a stored role is {code}")))
}

/// Account, role, subject, and the labels that must be visible.
type Told = (String, i64, String, String, String, String);

async fn read(store: &Sqlite, accounts: &[AccountId], visible: &Visible) -> Result<Vec<TookPart>> {
    let mut snapshot = store.snapshot(READ).await?;
    let statement = (
        READ,
        "SELECT account, role, subject, present.name, former.name, further.name FROM took_part \
         JOIN documents ON documents.number = document JOIN labels AS present ON present.number = documents.label \
         JOIN labels AS former ON former.number = took_part.label JOIN labels AS further ON further.number = also \
         WHERE documents.hash IS NOT NULL AND account IN",
        "",
    );
    let accounts: BTreeSet<String> = accounts.iter().map(ToString::to_string).collect();
    let found: Vec<Told> = rows::read(&mut snapshot, statement, accounts).await?;
    let seen = |label: &str| visible.contains(&AccessId(label.into()));
    let mut told = BTreeSet::new();
    for (account, code, subject, present, former, further) in found {
        if seen(&present) && seen(&former) && seen(&further) {
            told.insert(TookPart {
                account: Key::from_raw(&account),
                role: role(code)?,
                subject: Key::from_raw(&subject),
            });
        }
    }
    let mut counts: BTreeMap<(AccountId, Role), usize> = BTreeMap::new();
    let few = |part: &TookPart| {
        let count = counts.entry((part.account.clone(), part.role)).or_default();
        *count += 1;
        *count <= TOLD
    };
    Ok(told.into_iter().filter(few).collect())
}

async fn decisions(store: &Sqlite) -> Result<Vec<Decision>> {
    const OPERATION: &str = "read decisions";
    let mut reader = store.reader(OPERATION).await?;
    let rows: Vec<(String, String, i64, String)> =
        sqlx::query_as("SELECT a, b, number, verdict FROM identity_decisions ORDER BY a, b")
            .fetch_all(&mut *reader)
            .await
            .during(OPERATION)?;
    let read = |(a, b, number, verdict): (String, String, i64, String)| {
        Ok(Decision {
            number: decode::count(OPERATION, number)?,
            a: Key::from_raw(&a),
            b: Key::from_raw(&b),
            verdict: decode::json(OPERATION, &format!("\"{verdict}\""))?,
        })
    };
    rows.into_iter().map(read).collect()
}

async fn decide(store: &Sqlite, (a, b): (&AccountId, &AccountId), verdict: Verdict) -> Result<()> {
    if a == b {
        return Err(Error::invalid(DECIDE, "an account is always the same as itself").with_hint("name two accounts"));
    }
    limits::name(DECIDE, a.as_str())?;
    limits::name(DECIDE, b.as_str())?;
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    let word = match verdict {
        Verdict::Claim => "claim",
        Verdict::Merge => "merge",
        Verdict::Split => "split",
    };
    let mut transaction = store.write(DECIDE).await?;
    sqlx::query(
        "INSERT INTO identity_decisions (a, b, number, verdict) \
         VALUES (?, ?, (SELECT COALESCE(MAX(number), 0) + 1 FROM identity_decisions), ?) \
         ON CONFLICT (a, b) DO UPDATE SET number = excluded.number, verdict = excluded.verdict",
    )
    .bind(a.as_str())
    .bind(b.as_str())
    .bind(word)
    .execute(&mut *transaction)
    .await
    .during(DECIDE)?;
    touch(&mut transaction, DECIDE).await?;
    transaction.commit().await.during(DECIDE)
}

async fn put_listed(store: &Sqlite, directory: Vec<Listed>) -> Result<()> {
    if directory.len() > LINES {
        let count = directory.len();
        return Err(Error::invalid(
            DIRECTORY,
            format!("the directory has {count} lines, at most {LINES}"),
        ));
    }
    let bodies = directory.iter().map(|line| {
        serde_json::to_string(line)
            .map_err(|error| Error::internal(DIRECTORY, "a line does not serialise").with_source(error))
    });
    let bodies = bodies.collect::<Result<Vec<String>>>()?;
    let mut transaction = store.write(DIRECTORY).await?;
    sqlx::query("DELETE FROM identity_directory")
        .execute(&mut *transaction)
        .await
        .during(DIRECTORY)?;
    let statement = rows::Rows {
        operation: DIRECTORY,
        head: "INSERT INTO identity_directory (body)",
        columns: 1,
        tail: "",
    };
    rows::write(&mut transaction, statement, bodies, |columns, body| {
        columns.push_bind(body);
    })
    .await?;
    touch(&mut transaction, DIRECTORY).await?;
    transaction.commit().await.during(DIRECTORY)
}
