//! Bounds on what is taken in. They stop a runaway source, not a large one.

use domain::{AccessRule, Account, Document, Error, Page, Readers, Result};

/// The largest cursor, in bytes.
const CURSOR: usize = 1 << 20;
/// Changes, rejected items or re-read prefixes of one page.
const PAGE: usize = 100_000;
/// Bytes of a key, alias, label, principal or other name.
const NAME: usize = 8 << 10;
/// Other names of one document; names and addresses of one account.
const NAMES: usize = 10_000;
/// Bytes of a document as JSON.
const DOCUMENT: usize = 64 << 20;
/// Principals of one rule.
const PRINCIPALS: usize = 1_000_000;
/// Bytes that are kept of a dead letter's item and reason.
const DEAD_LETTER: usize = 4 << 10;
/// Chunks of one document.
const CHUNKS: usize = 1_000_000;
/// Numbers in one vector.
const DIMENSIONS: usize = 65_536;
/// Bytes of a sealed grant, key or authorization.
const SEALED: usize = 1 << 20;

/// The size of sealed bytes.
pub(super) fn sealed(operation: &'static str, bytes: &[u8]) -> Result<()> {
    within(operation, "sealed bytes", bytes.len(), SEALED)
}

/// The length of a vector that can be cached.
pub(super) fn vector(vector: &[f32]) -> Result<()> {
    let good = !vector.is_empty() && vector.len() <= DIMENSIONS && vector.iter().all(|value| value.is_finite());
    if good {
        Ok(())
    } else {
        Err(Error::invalid(
            "cache vectors",
            "a vector is empty, too long or not finite",
        ))
    }
}

/// How many chunks a document has.
pub(super) fn chunks(number: usize) -> Result<()> {
    within("commit index", "a document's chunks", number, CHUNKS)
}

/// The sizes of a page's parts.
pub(super) fn page(page: &Page) -> Result<()> {
    within("commit page", "bytes of the cursor", page.cursor.0.len(), CURSOR)?;
    within("commit page", "changes of the page", page.changes.len(), PAGE)?;
    within("commit page", "rejected items of the page", page.rejected.len(), PAGE)?;
    within(
        "commit page",
        "prefixes read again in the page",
        page.reread.len(),
        PAGE,
    )
}

/// The sizes of a document's parts, `bytes` being its length as JSON.
pub(super) fn document(document: &Document, bytes: usize) -> Result<()> {
    within("commit page", "bytes of a document", bytes, DOCUMENT)?;
    within("commit page", "aliases of a document", document.aliases.len(), NAMES)?;
    name("commit page", document.key.as_str())?;
    name("commit page", document.container.as_str())?;
    name("commit page", document.access.as_str())?;
    document
        .aliases
        .iter()
        .try_for_each(|alias| within("commit page", "bytes of an alias", alias.len(), NAME))
}

/// The sizes of a rule's parts.
pub(super) fn rule(rule: &AccessRule) -> Result<()> {
    name("commit page", rule.id.as_str())?;
    name("commit page", rule.container.as_str())?;
    match &rule.readers {
        Readers::Public | Readers::EveryoneInSource => Ok(()),
        Readers::Principals(principals) => {
            within("commit page", "principals of a rule", principals.len(), PRINCIPALS)?;
            principals
                .iter()
                .try_for_each(|principal| name("commit page", &principal.0))
        }
    }
}

/// The sizes of an account's parts.
pub(super) fn account(account: &Account) -> Result<()> {
    name("commit page", account.id.as_str())?;
    within(
        "commit page",
        "names of an account",
        account.names.len() + account.emails.len(),
        NAMES,
    )?;
    let parts = account.names.iter().chain(&account.emails).chain(&account.login);
    parts
        .map(String::len)
        .try_for_each(|bytes| within("commit page", "bytes of an account's name", bytes, NAME))
}

/// A name that something is found by: not empty, not too long.
pub(super) fn name(operation: &'static str, name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid(operation, "a name is empty"));
    }
    within(operation, "bytes of a name", name.len(), NAME)
}

/// The part of a dead letter's text that is kept.
pub(super) fn dead_letter(text: &str) -> &str {
    text.get(..text.floor_char_boundary(DEAD_LETTER)).unwrap_or(text)
}

/// Settings of a source: an object of moderate size.
pub(super) fn settings(json: &str) -> Result<()> {
    within("put source", "bytes of the settings", json.len(), CURSOR)
}

fn within(operation: &'static str, what: &str, found: usize, most: usize) -> Result<()> {
    if found <= most {
        return Ok(());
    }
    Err(Error::invalid(operation, format!("{what}: {found}, at most {most}")))
}
