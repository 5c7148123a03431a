//! The seams to the store of truth, split by who uses them: sync, the projections, and queries.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{
    AccessId, AccessRule, Account, AccountId, Caller, Chunk, Cursor, Document, DocumentId, DocumentKind, Key, Page,
    Readers, Rejected, Result, SourceId, SparseVector, Sweep, TextHash, Timestamp, Visible,
};

/// A configured source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// Its name.
    pub id: SourceId,
    /// Which connector reads it: `git`, `jira-archive`, …
    pub connector: String,
    /// The connector's settings. Never holds a secret.
    pub settings: serde_json::Value,
    /// When it was added.
    pub added: Timestamp,
}

/// What a source holds and how it fares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceReport {
    /// The source.
    pub source: SourceRecord,
    /// Whether it was removed and only waits for the projections to forget it.
    pub removed: bool,
    /// Live documents per kind name.
    pub documents: BTreeMap<String, u64>,
    /// Live chunks.
    pub chunks: u64,
    /// Items in the dead letters.
    pub dead_letters: u64,
    /// The last revision.
    pub revision: u64,
    /// How far each projection is, by its name; the difference to `revision` is its lag.
    pub positions: BTreeMap<String, u64>,
    /// When a sync last ended well.
    pub last_sync: Option<Timestamp>,
    /// When what is gone from the source was last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_census: Option<Timestamp>,
    /// When a webhook last said that there is something new, until that is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hinted: Option<Timestamp>,
    /// Seconds since a sync last ended well, where whoever answers has filled it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staleness_seconds: Option<u64>,
    /// Why documents that are gone from the source could not be told by the last sweep, so that none was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
}

/// Documents that a guarded sweep may delete at once, whatever share of a source they are.
pub const MANY: usize = 100;

/// How a sweep is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepTerms {
    /// Whether it must not delete too much at once.
    pub guarded: bool,
    /// The time of the census.
    pub now: Timestamp,
}

/// Where the sync of a source goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resume {
    /// The cursor of the last committed page.
    pub cursor: Option<Cursor>,
    /// Whether a committed page asked for a sweep and no complete one was applied since.
    pub sweep_due: bool,
}

impl SourceReport {
    /// How many revisions the projection that is furthest behind has still to handle.
    pub fn lag(&self) -> u64 {
        let behind = |position: &u64| self.revision.saturating_sub(*position);
        self.positions.values().map(behind).max().unwrap_or(self.revision)
    }

    /// The same with its staleness at `now`.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        let since = |last: Timestamp| u64::try_from(now.0.saturating_sub(last.0) / 1000).unwrap_or_default();
        self.staleness_seconds = self.last_sync.map(since);
        self
    }
}

/// What a commit changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Committed {
    /// Documents that are new or differ.
    pub upserted: u64,
    /// Documents that are gone.
    pub deleted: u64,
    /// Documents that were as before.
    pub unchanged: u64,
    /// Items sent to the dead letters.
    pub rejected: u64,
    /// The source's last revision.
    pub revision: u64,
}

/// What a reading of a whole source told beside its documents.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// The labels that it told rules of.
    pub labels: BTreeSet<AccessId>,
    /// The accounts that it told; none where it left something unread, whose authors are then unknown.
    pub accounts: Option<BTreeSet<AccountId>>,
}

/// The right to write for a source (or to do another named job alone), until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for, e.g. `sync:git-alloy`.
    pub name: String,
    /// A fence: grows with every new holder.
    pub token: u64,
    /// Who holds it.
    pub holder: String,
}

/// The sources and how they fare.
#[async_trait]
pub trait SourceStore: Send + Sync {
    /// Add a source, or change the settings of one, with who may read what of it is not restricted further. `Conflict` when
    /// another connector reads a source of this name. Other readers than before count from now on, whether or not the source can
    /// be read again: labels that are restricted further are left to the owner until a sync from the beginning writes their rules.
    async fn put_source(&self, source: SourceRecord, readers: Readers) -> Result<()>;

    /// Remove a source with all its documents, rules, accounts and cursors: its documents become tombstones that the projections still see.
    async fn remove_source(&self, source: &SourceId) -> Result<()>;

    /// All sources by name, with what they hold.
    async fn sources(&self) -> Result<Vec<SourceReport>>;

    /// Note that a webhook's delivery of this name said that a source has something new. False when it was noted before, which
    /// is remembered for a week.
    async fn note_delivery(&self, source: &SourceId, name: &str, now: Timestamp) -> Result<bool>;

    /// Hand the documents of a source that a projection could not handle to it once more; how many.
    async fn retry(&self, source: &SourceId) -> Result<u64>;

    /// Items that could not be understood, by item.
    async fn dead_letters(&self, source: &SourceId) -> Result<Vec<Rejected>>;
}

/// The log of truth as sync writes it.
#[async_trait]
pub trait SyncStore: SourceStore {
    /// Where the sync of a source goes on; the beginning where nothing is known of it.
    async fn resume(&self, source: &SourceId) -> Result<Resume>;

    /// Commit a page with its cursor in one transaction under a lease that is still held (`Conflict` otherwise). Documents that differ from
    /// what is stored get the source's next revisions in order; equal ones only count as unchanged. Rejected items enter the dead letters,
    /// an item that is understood again leaves them. `now` stamps the last sync when the page is the last. A sweep that the page
    /// asks for is due until a complete one is applied, whatever happens before that.
    async fn commit(&self, source: &SourceId, lease: &Lease, page: Page, now: Timestamp) -> Result<Committed>;

    /// Delete all documents of a source that a sweep does not list and knows to be gone. A frozen one deletes nothing,
    /// stays due, and its reason is reported until a sweep is complete; so does a guarded one that would delete more than
    /// [`MANY`] documents and more than half of what the source has.
    async fn apply_sweep(&self, source: &SourceId, lease: &Lease, sweep: Sweep, terms: SweepTerms)
    -> Result<Committed>;

    /// Forget what is no more after a reading of a whole source: rules that it did not tell of labels that no live document has, and
    /// accounts that it did not tell.
    async fn forget(&self, source: &SourceId, lease: &Lease, told: Told) -> Result<()>;

    /// Take a free or expired lease, or renew one's own, for `ttl` from `now`. `None` when somebody else holds it.
    async fn lease(&self, name: &str, holder: &str, ttl: Duration, now: Timestamp) -> Result<Option<Lease>>;

    /// Note that what webhooks told of a source up to `until` was read.
    async fn heard(&self, source: &SourceId, until: Timestamp) -> Result<()>;
}

/// A document in the log: its state at the latest revision, or a tombstone.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// Its revision: the position after handling it.
    pub revision: u64,
    /// Which document.
    pub id: DocumentId,
    /// What it is, or was.
    pub kind: DocumentKind,
    /// Its key, or the one it had.
    pub key: Key,
    /// The label it has, or had when it was deleted.
    pub access: AccessId,
    /// Aliases that an entry of the directory had since the graph projection last handled it, and may have lost.
    pub former: Vec<String>,
    /// Its content; `None` when it is gone.
    pub document: Option<Box<Document>>,
}

/// A chunk as the index projection stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedChunk {
    /// The chunk.
    pub chunk: Chunk,
    /// The hash of its embedded text: the key of its vector in the cache.
    pub hash: TextHash,
    /// The term-frequency part of its BM25 weights.
    pub sparse: SparseVector,
}

/// One document as the index projection leaves it; no chunks: it is gone.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedDocument {
    /// The document.
    pub id: DocumentId,
    /// Its label, to whose statistics its chunks count.
    pub access: AccessId,
    /// Its chunks.
    pub chunks: Vec<IndexedChunk>,
}

/// One document as the graph projection leaves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mentioned {
    /// The document.
    pub id: DocumentId,
    /// Names in its text that only a directory entry can explain (`jira:PAY`, `repo:old/name`), known or not.
    pub names: Vec<String>,
}

/// A document that a projection could not handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The document.
    pub id: DocumentId,
    /// Why, in one sentence, without content that could be secret.
    pub reason: String,
}

/// An entry of the directory: something whose names give meaning to texts elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// A project (`jira:acme/PAY`), repository (`repo:acme/api`), channel (`slack:T1/C9`) or space (`wiki:acme/ENG`).
    pub key: Key,
    /// Its other names: old project keys, former repository names, addresses.
    pub aliases: Vec<String>,
    /// The label of the document that tells of it.
    pub access: AccessId,
}

/// A vector in the embedding cache.
pub type CachedVector = (TextHash, Vec<f32>);

/// The name of the index projection.
pub const INDEX: &str = "index";
/// The name of the graph projection.
pub const GRAPH: &str = "graph";
/// The names of all projections.
pub const PROJECTIONS: [&str; 2] = [INDEX, GRAPH];

/// What the projections read and write. `projection` is [`INDEX`] or [`GRAPH`].
#[async_trait]
pub trait ProjectionStore: Send + Sync {
    /// How far a projection has handled a source: a revision, 0 at first.
    async fn position(&self, projection: &str, source: &SourceId) -> Result<u64>;

    /// Documents of a source changed after `after`, each once at its latest revision, by revision, at most `limit`.
    async fn changed(&self, source: &SourceId, after: u64, limit: usize) -> Result<Vec<Changed>>;

    /// Store the chunks of documents, count them in and their former ones out of their labels' statistics, and move the position, all in one
    /// transaction. Repeating it changes nothing. Positions never move back, but by `reset`. What failed is told among the dead
    /// letters of its source until it is among the `documents` of a later commit or gone.
    async fn commit_index(
        &self,
        source: &SourceId,
        position: u64,
        documents: Vec<IndexedDocument>,
        failed: Vec<Failure>,
    ) -> Result<()>;

    /// Store what documents mention, and what failed as the index does, and move the position, in one transaction.
    async fn commit_graph(
        &self,
        source: &SourceId,
        position: u64,
        documents: Vec<Mentioned>,
        failed: Vec<Failure>,
    ) -> Result<()>;

    /// Every live project, repository, channel and space document, and the live documents that mention any of `names`, both at the same moment.
    async fn directory(&self, names: &[String]) -> Result<(Vec<DirectoryEntry>, Vec<DocumentId>)>;

    /// The vectors of `model` for these hashes; absent ones are left out.
    async fn cached_vectors(&self, model: &str, hashes: &[TextHash]) -> Result<Vec<CachedVector>>;

    /// Add vectors of `model` to the cache.
    async fn cache_vectors(&self, model: &str, vectors: Vec<CachedVector>) -> Result<()>;

    /// Set a projection of all sources back to 0 and forget what it stored, but not the cache.
    async fn reset(&self, projection: &str) -> Result<()>;
}

/// A chunk with the document it belongs to, as answers show it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredChunk {
    /// The chunk.
    pub chunk: Chunk,
    /// The hash of its embedded text.
    pub hash: TextHash,
}

/// BM25 statistics over the visible labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TermStatistics {
    /// Chunks in all.
    pub chunks: u64,
    /// For each term asked, in order, the chunks that hold it.
    pub frequencies: Vec<u64>,
}

/// What queries read.
#[async_trait]
pub trait DocumentStore: Send + Sync {
    /// The labels a caller sees now.
    async fn visible(&self, caller: &Caller) -> Result<Visible>;

    /// Who may read the documents of a label; none where no rule came with it.
    async fn rule(&self, label: &AccessId) -> Result<Option<AccessRule>>;

    /// Live documents of these ids that are visible, in the order asked; others are left out.
    async fn documents(&self, ids: &[DocumentId], visible: &Visible) -> Result<Vec<Document>>;

    /// Live visible documents whose canonical key, alias or URL is exactly `name`, or, when it is 7 to 40 hex digits, commits whose SHA begins so; at most 20, by key then id.
    async fn find(&self, name: &str, visible: &Visible) -> Result<Vec<Document>>;

    /// The chunks of a document, in order; none when it is not visible.
    async fn chunks(&self, document: DocumentId, visible: &Visible) -> Result<Vec<StoredChunk>>;

    /// Statistics of these terms over the visible labels.
    async fn term_statistics(&self, terms: &[u32], visible: &Visible) -> Result<TermStatistics>;

    /// Documents that the graph may still show to somebody who sees `visible`, though they are gone or under a hidden label by
    /// now: those among the ones that changed since the graph's projection ran.
    async fn revoked(&self, visible: &Visible) -> Result<BTreeSet<DocumentId>>;

    /// The accounts whose id, login, display name or e-mail is one of `names`, compared without case; by id, at most 1,000. Only
    /// what sources tell of which some label is visible counts: what another source calls somebody is not for the caller to try.
    async fn accounts(&self, names: &[String], visible: &Visible) -> Result<Vec<Account>>;
}

/// What a label counts for in the statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelStatistics {
    /// The label.
    pub label: AccessId,
    /// Its chunks.
    pub chunks: u64,
    /// For each term the chunks that hold it, by term; none that no chunk holds.
    pub terms: Vec<(u32, u64)>,
}

/// An account as one source tells it: where a scan goes on.
pub type AccountPlace = (AccountId, SourceId);

/// What an export reads beside the chunks: everything else that follows from what was synced, each in one order.
#[async_trait]
pub trait ExportStore: Send + Sync {
    /// Live documents by ascending id after `after`.
    async fn scan_documents(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<Document>>;

    /// All access rules by label.
    async fn access_rules(&self) -> Result<Vec<AccessRule>>;

    /// Accounts as each source tells them, by id and source after `after`.
    async fn scan_accounts(&self, after: Option<&AccountPlace>, limit: usize) -> Result<Vec<Account>>;

    /// The statistics of every label that has any, by label.
    async fn label_statistics(&self) -> Result<Vec<LabelStatistics>>;

    /// What documents mention, by ascending id after `after`, names in order; none that mentions nothing.
    async fn scan_mentions(&self, after: Option<DocumentId>, limit: usize) -> Result<Vec<Mentioned>>;
}
