//! Small documents, pages and chunks, and a source to put them in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::seam::store::{
    Changed, Committed, IndexedChunk, IndexedDocument, Lease, SourceRecord, SourceReport, SweepTerms,
};
use domain::{
    AccessId, AccessRule, Body, Caller, Change, Chunk, Cursor, Document, DocumentId, DocumentKind, Key, Page,
    Principal, Readers, SourceId, SparseVector, TextHash, Timestamp, Visible,
};

use super::Store;

pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const NOW: Timestamp = Timestamp(1_700_000_000_000);
/// A sweep that must not delete too much, now.
pub(super) const GUARDED: SweepTerms = SweepTerms {
    guarded: true,
    now: NOW,
};

/// A source of a store, with the lease to write for it.
pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) source: SourceId,
    pub(super) lease: Lease,
}

impl World {
    /// Add the source `name` and take its lease.
    pub(super) async fn new(store: &Arc<dyn Store>, name: &str) -> Self {
        let source = SourceId::new(name).expect("a slug");
        store
            .put_source(record(&source, "test"), Readers::Public)
            .await
            .expect("put source");
        let lease = store
            .lease(&format!("sync:{name}"), "suite", HOUR, NOW)
            .await
            .expect("lease")
            .expect("free");
        Self {
            store: Arc::clone(store),
            source,
            lease,
        }
    }

    /// Commit changes as one last page with the cursor `c`.
    pub(super) async fn commit(&self, changes: Vec<Change>) -> Committed {
        self.page(Page {
            changes,
            ..Page::empty(Cursor("c".into()))
        })
        .await
    }

    pub(super) async fn page(&self, page: Page) -> Committed {
        self.store
            .commit(&self.source, &self.lease, page, NOW)
            .await
            .expect("commit")
    }

    /// A small issue with this native id and text, under the label `open`.
    pub(super) fn document(&self, native: &str, text: &str) -> Document {
        document(&self.source, native, text)
    }

    pub(super) fn put(&self, native: &str, text: &str) -> Change {
        upsert(self.document(native, text))
    }

    pub(super) fn id(&self, native: &str) -> DocumentId {
        DocumentId::new(&self.source, native)
    }

    pub(super) fn label(&self, name: &str) -> AccessId {
        AccessId::new(&self.source, name)
    }

    pub(super) fn rule(&self, label: &str, readers: Readers) -> Change {
        Change::Access(AccessRule {
            id: self.label(label),
            container: Key::from_raw("jira:acme/PAY"),
            readers,
        })
    }

    /// The whole log.
    pub(super) async fn log(&self) -> Vec<Changed> {
        self.store.changed(&self.source, 0, 10_000).await.expect("changed")
    }

    pub(super) async fn report(&self) -> SourceReport {
        let reports = self.store.sources().await.expect("sources");
        reports
            .into_iter()
            .find(|report| report.source.id == self.source)
            .expect("listed")
    }

    /// A document as the index leaves it, each chunk with these terms.
    pub(super) fn indexed(&self, native: &str, label: &str, chunks: &[Vec<u32>]) -> IndexedDocument {
        let id = self.id(native);
        let chunks = (0_u32..)
            .zip(chunks)
            .map(|(ordinal, terms)| chunk(id, ordinal, terms))
            .collect();
        IndexedDocument {
            id,
            access: self.label(label),
            chunks,
        }
    }

    pub(super) async fn index(&self, position: u64, documents: Vec<IndexedDocument>) {
        self.store
            .commit_index(&self.source, position, documents, Vec::new())
            .await
            .expect("commit index");
    }
}

pub(super) fn record(source: &SourceId, connector: &str) -> SourceRecord {
    SourceRecord {
        id: source.clone(),
        connector: connector.into(),
        settings: serde_json::json!({ "path": "x" }),
        added: NOW,
    }
}

pub(super) fn document(source: &SourceId, native: &str, text: &str) -> Document {
    Document {
        id: DocumentId::new(source, native),
        source: source.clone(),
        kind: DocumentKind::Issue,
        key: Key::from_raw(&format!("jira:acme/{native}")),
        aliases: vec![format!("https://acme.example/{native}")],
        container: Key::from_raw("jira:acme/PAY"),
        access: AccessId::new(source, "open"),
        title: format!("Título of {native}"),
        body: Body::plain(text),
        url: None,
        author: Some(Key::account("jira", "ada")),
        created: Some(Timestamp(1)),
        updated: None,
        fields: BTreeMap::from([("state".into(), vec!["Open".into()])]),
        links: Vec::new(),
    }
}

pub(super) fn upsert(document: Document) -> Change {
    Change::Upsert(Box::new(document))
}

pub(super) fn chunk(document: DocumentId, ordinal: u32, terms: &[u32]) -> IndexedChunk {
    let text = format!("piece {ordinal} of {document}");
    let end = u32::try_from(text.len()).expect("short");
    IndexedChunk {
        hash: TextHash::of(&text),
        chunk: Chunk {
            document,
            ordinal,
            start: 0,
            end,
            heading: vec!["Top".into()],
            text,
        },
        sparse: SparseVector::from_pairs(terms.iter().map(|term| (*term, 0.5)).collect()),
    }
}

pub(super) fn principals(names: &[&str]) -> BTreeSet<Principal> {
    names.iter().map(|name| Principal((*name).into())).collect()
}

pub(super) fn caller(names: &[&str]) -> Caller {
    Caller::Principals(principals(names))
}

pub(super) fn labels<const N: usize>(labels: [AccessId; N]) -> Visible {
    Visible::Labels(labels.into())
}
