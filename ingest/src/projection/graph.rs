//! The graph projection: changed documents → facts → graph. Names that only a directory entry explains are extracted again when one comes, changes or goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::seam::store::{Changed, Failure, Mentioned};
use domain::seam::{DocumentStore, GraphStore, IdentityStore, ProjectionStore};
use domain::{Document, DocumentFacts, DocumentId, DocumentKind, Result, SourceId, Visible};
use rayon::prelude::*;
use tokio_util::sync::CancellationToken;

use super::index::on_cpu;
use super::poison::{by_parts, failure, guarded};
use super::{GRAPH, Projected};
use crate::facts::facts;
use crate::identity;
use crate::normalize::{Normalized, normalize};
use crate::progress::{Event, Progress};
use crate::references::{Directory, Text, names_of};
use crate::sync::cancelled;

/// Documents a batch.
const BATCH: usize = 1000;

/// Everything the graph projection works with.
#[derive(Clone)]
pub struct GraphProjection {
    /// The truth, and what the projection keeps there.
    pub store: Arc<dyn ProjectionStore>,
    /// The truth as read by id.
    pub documents: Arc<dyn DocumentStore>,
    /// The graph.
    pub graph: Arc<dyn GraphStore>,
    /// What persons are resolved from.
    pub identity: Arc<dyn IdentityStore>,
    /// Who watches.
    pub progress: Arc<dyn Progress>,
    /// When to stop: between batches.
    pub cancel: CancellationToken,
}

impl GraphProjection {
    /// Bring the graph up to the source's last revision.
    ///
    /// # Errors
    /// Whatever a backend reports; `Cancelled` when asked to stop. The position stays at the last batch that is durable.
    pub async fn run(&self, source: &SourceId, revision: u64) -> Result<Projected> {
        let mut position = self.store.position(GRAPH, source).await?;
        if position < revision {
            self.progress.event(&Event::Started {
                projection: GRAPH,
                source: source.clone(),
                pending: revision - position,
            });
        }
        let mut total = Projected::default();
        loop {
            if self.cancel.is_cancelled() {
                return Err(cancelled());
            }
            let changed = self.store.changed(source, position, BATCH).await?;
            let Some(last) = changed.last().map(|one| one.revision) else {
                return Ok(total);
            };
            let done = self.batch(source, changed, last).await?;
            self.progress.event(&Event::Projected {
                projection: GRAPH,
                source: source.clone(),
                documents: done.documents,
                revisions: last - position,
                written: done.written,
                embedded: 0,
            });
            total.add(done);
            position = last;
        }
    }

    async fn batch(&self, source: &SourceId, changed: Vec<Changed>, last: u64) -> Result<Projected> {
        let names = directory_names(&changed);
        let (entries, mentioning) = self.store.directory(&names).await?;
        let directory = Arc::new(Directory::new(&entries));
        let handled: BTreeSet<DocumentId> = changed.iter().map(|one| one.id).collect();
        let again: Vec<_> = mentioning.into_iter().filter(|id| !handled.contains(id)).collect();
        self.extract_again(&again, &directory).await?;

        let documents = changed.len() as u64;
        let work = move || {
            changed
                .into_par_iter()
                .map(|one| extract(one, &directory))
                .collect::<Vec<_>>()
        };
        let (mut facts, mut mentioned, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (own, names, failure) in on_cpu(work).await? {
            facts.push(own);
            mentioned.push(names);
            failed.extend(failure);
        }
        let written = facts.iter().map(|one| one.edges.len() as u64).sum();
        failed.extend(self.replace(facts).await?);
        self.store.commit_graph(source, last, mentioned, failed).await?;
        Ok(Projected {
            documents,
            written,
            embedded: 0,
        })
    }

    /// Replace the facts of documents and the parts that people took; of one whose facts the graph does not take, no facts are kept.
    async fn replace(&self, facts: Vec<DocumentFacts>) -> Result<Vec<Failure>> {
        self.identity
            .put_parts(facts.iter().map(identity::parts).collect())
            .await?;
        let parts = by_parts(facts, |part| self.graph.replace(part)).await?;
        let none = parts
            .failed
            .iter()
            .map(|(facts, _)| DocumentFacts::none(facts.document, facts.access.clone()));
        self.graph.replace(none.collect()).await?;
        let failed = parts.failed.iter();
        Ok(failed
            .map(|(facts, error)| failure(facts.document, error.to_string()))
            .collect())
    }

    /// Documents whose text names something that the directory now explains differently.
    async fn extract_again(&self, ids: &[DocumentId], directory: &Arc<Directory>) -> Result<()> {
        for part in ids.chunks(BATCH) {
            if self.cancel.is_cancelled() {
                return Err(cancelled());
            }
            let documents = self.documents.documents(part, &Visible::All).await?;
            let directory = directory.clone();
            let work = move || {
                let facts = documents.par_iter().map(|document| {
                    let made = guarded(document.id, || facts_of(document, &directory).0);
                    made.unwrap_or_else(|_told| DocumentFacts::none(document.id, document.access.clone()))
                });
                facts.collect::<Vec<_>>()
            };
            self.replace(on_cpu(work).await?).await?;
        }
        Ok(())
    }
}

/// What a changed document asserts and mentions now: nothing when it is gone, and when it made the processing fail.
fn extract(changed: Changed, directory: &Directory) -> (DocumentFacts, Mentioned, Option<Failure>) {
    let id = changed.id;
    let made = changed
        .document
        .map(|document| guarded(id, || facts_of(&document, directory)));
    let (facts, names, failure) = match made {
        Some(Ok((facts, names))) => (facts, names, None),
        Some(Err(failure)) => (DocumentFacts::none(id, changed.access), Vec::new(), Some(failure)),
        None => (DocumentFacts::none(id, changed.access), Vec::new(), None),
    };
    (facts, Mentioned { id, names }, failure)
}

/// All that a document asserts, and the names in it that only a directory entry explains.
fn facts_of(document: &Document, directory: &Directory) -> (DocumentFacts, Vec<String>) {
    let Normalized {
        text,
        code_spans,
        links,
        mentions,
        ..
    } = normalize(document);
    let links: Vec<_> = links.into_iter().map(|link| (link.url, link.start, link.end)).collect();
    let mentions: Vec<_> = mentions
        .into_iter()
        .map(|mention| (mention.id, mention.start, mention.end))
        .collect();
    let text = Text {
        text: &text,
        code_spans: &code_spans,
        links: &links,
        mentions: &mentions,
    };
    facts(document, &text, directory)
}

/// The names that the directory entries in a batch explain now, or explained before they changed or were deleted.
fn directory_names(changed: &[Changed]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for one in changed.iter().filter(|one| is_entry(one.kind)) {
        let present = one.document.iter();
        let present = present.flat_map(|document| document.aliases.iter().chain(&document.url));
        let aliases = one.former.iter().chain(present).map(String::as_str);
        names.extend(names_of(&one.key, aliases).map(|(name, _)| name));
    }
    names.into_iter().collect()
}

/// Whether documents of this kind are entries of the directory.
fn is_entry(kind: DocumentKind) -> bool {
    matches!(
        kind,
        DocumentKind::Project | DocumentKind::Repository | DocumentKind::Channel | DocumentKind::Space
    )
}
