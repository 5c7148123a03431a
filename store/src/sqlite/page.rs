//! A page made ready to be written: checked, folded to the last change of each thing, serialised and hashed.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    AccessId, AccessRule, Account, AccountId, Change, Cursor, Document, DocumentId, DocumentKind, Error, Key, Page,
    Readers, Result, SourceId,
};

use super::limits;

/// A page of one source, ready to be written.
pub(super) struct Batch {
    /// The last change of each document, in the order of those changes.
    pub(super) documents: Vec<(DocumentId, Option<Draft>)>,
    /// The last rule of each label.
    pub(super) rules: BTreeMap<AccessId, AccessRule>,
    /// The last state of each account.
    pub(super) accounts: BTreeMap<AccountId, Account>,
    /// Items that could not be understood, with the reason.
    pub(super) rejected: BTreeMap<String, String>,
    /// What is beyond a limit of this store, with the reason.
    pub(super) refused: BTreeMap<String, String>,
    /// Prefixes of items that were read again.
    pub(super) reread: BTreeSet<String>,
    /// How far the page reads.
    pub(super) cursor: Cursor,
    /// Whether another page follows.
    pub(super) more: bool,
    /// Whether a sweep must follow.
    pub(super) sweep_due: bool,
}

impl Batch {
    /// Whether an item was refused before and is taken now.
    pub(super) fn taken(&self) -> impl Fn(&str) -> bool + use<> {
        let documents = self.documents.iter().filter_map(|(_, draft)| draft.as_ref());
        let documents = documents.map(|draft| item("document", &draft.key));
        let rules = self.rules.keys().map(|label| item("rule", label.as_str()));
        let accounts = self.accounts.keys().map(|id| item("account", id.as_str()));
        let taken: HashSet<String> = documents.chain(rules).chain(accounts).collect();
        move |item| taken.contains(item)
    }
}

impl Batch {
    /// Take a rule unless a later one is taken already. One beyond a limit leaves its label to the owner.
    fn rule(&mut self, mut rule: AccessRule) {
        if self.rules.contains_key(&rule.id) {
            return;
        }
        if let Err(error) = limits::rule(&rule) {
            let name = item("rule", rule.id.as_str());
            self.refused.insert(name, error.message().to_owned());
            if limits::name("commit page", rule.id.as_str()).is_err() {
                return;
            }
            rule.container = Key::from_raw("refused");
            rule.readers = Readers::Principals(BTreeSet::new());
        }
        self.rules.insert(rule.id.clone(), rule);
    }

    /// Take an account unless a later state is taken or refused already.
    fn account(&mut self, account: Account) {
        let name = item("account", account.id.as_str());
        if self.accounts.contains_key(&account.id) || self.refused.contains_key(&name) {
            return;
        }
        match limits::account(&account) {
            Ok(()) => drop(self.accounts.insert(account.id.clone(), account)),
            Err(error) => drop(self.refused.insert(name, error.message().to_owned())),
        }
    }
}

/// How a refused thing is named among the dead letters.
fn item(kind: &str, name: &str) -> String {
    dead_letter(&format!("{kind} {name}"))
}

/// A document as its row holds it.
pub(super) struct Draft {
    pub(super) kind: DocumentKind,
    pub(super) label: AccessId,
    pub(super) key: String,
    pub(super) sha: Option<String>,
    pub(super) aliases: BTreeSet<String>,
    pub(super) hash: Vec<u8>,
    pub(super) body: String,
}

/// Check and fold a page. Pure and busy: run it where it blocks nobody.
pub(super) fn prepare(source: &SourceId, page: Page) -> Result<Batch> {
    limits::page(&page)?;
    let mut batch = Batch {
        documents: Vec::with_capacity(page.changes.len()),
        rules: BTreeMap::new(),
        accounts: BTreeMap::new(),
        rejected: page
            .rejected
            .iter()
            .map(|one| (dead_letter(&one.item), dead_letter(&one.reason)))
            .collect(),
        refused: BTreeMap::new(),
        reread: page.reread.iter().map(|prefix| dead_letter(prefix)).collect(),
        cursor: page.cursor,
        more: page.more,
        sweep_due: page.sweep_due,
    };
    let mut seen = HashSet::new();
    for change in page.changes.into_iter().rev() {
        match change {
            Change::Upsert(document) => {
                owned(source, &document.source, document.key.as_str())?;
                if seen.insert(document.id) {
                    let (id, name) = (document.id, item("document", document.key.as_str()));
                    match draft(*document) {
                        Ok(draft) => batch.documents.push((id, Some(draft))),
                        Err(error) => drop(batch.refused.insert(name, error.message().to_owned())),
                    }
                }
            }
            Change::Delete(id) => {
                if seen.insert(id) {
                    batch.documents.push((id, None));
                }
            }
            Change::Access(rule) => batch.rule(rule),
            Change::Account(account) => {
                owned(source, &account.source, account.id.as_str())?;
                batch.account(account);
            }
        }
    }
    batch.documents.reverse();
    Ok(batch)
}

fn draft(document: Document) -> Result<Draft> {
    let body = serde_json::to_string(&document)
        .map_err(|error| Error::internal("commit page", "a document does not serialise").with_source(error))?;
    limits::document(&document, body.len())?;
    Ok(Draft {
        hash: document.content_hash().to_vec(),
        sha: sha(&document),
        kind: document.kind,
        key: document.key.as_str().to_owned(),
        label: document.access,
        aliases: document.aliases.into_iter().chain(document.url).collect(),
        body,
    })
}

/// The full hash of a commit, by which its beginning is found.
fn sha(document: &Document) -> Option<String> {
    let (_, sha) = document.key.as_str().rsplit_once('@')?;
    let good = document.kind == DocumentKind::Commit && sha.len() <= 64 && is_hex(sha);
    good.then(|| sha.to_lowercase())
}

/// Whether a text has only hexadecimal digits, and at least one.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn owned(source: &SourceId, found: &SourceId, what: &str) -> Result<()> {
    if source == found {
        return Ok(());
    }
    let what: String = what.chars().take(200).collect();
    Err(Error::invalid(
        "commit page",
        format!("`{what}` belongs to source `{found}`, not to `{source}`"),
    ))
}

fn dead_letter(text: &str) -> String {
    limits::dead_letter(text).to_owned()
}
