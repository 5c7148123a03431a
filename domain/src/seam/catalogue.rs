//! The seam to lists of documents, for questions that ask for all of something: every page, every commit of a repository.

use async_trait::async_trait;

use crate::{Document, DocumentId, DocumentKind, Key, Result, Visible};

/// Which documents to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Of this kind.
    pub kind: DocumentKind,
    /// With keys that begin so; empty: all.
    pub prefix: String,
    /// After this one in the order of keys and ids.
    pub after: Option<(Key, DocumentId)>,
    /// At most so many.
    pub limit: usize,
}

/// What lists documents.
#[async_trait]
pub trait CatalogueStore: Send + Sync {
    /// Live visible documents by key then id.
    async fn list(&self, listing: &Listing, visible: &Visible) -> Result<Vec<Document>>;

    /// Live visible documents whose canonical key is one of these, by key then id.
    async fn under(&self, keys: &[Key], visible: &Visible) -> Result<Vec<Document>>;
}
