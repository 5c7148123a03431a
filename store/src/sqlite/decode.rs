//! Between the store's columns and the domain: numbers, identities and JSON, with damage told as `Corrupt`.

use domain::{Document, DocumentId, Error, Result};
use uuid::Uuid;

use super::error::unreadable;

/// A count as the database holds it.
pub(super) fn stored(operation: &'static str, value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|error| Error::invalid(operation, format!("{value} is too large")).with_source(error))
}

/// A count read from the database.
pub(super) fn count(operation: &'static str, value: i64) -> Result<u64> {
    u64::try_from(value).map_err(|error| unreadable(operation, format!("a stored count is {value}")).with_source(error))
}

/// The column for a document's identity.
pub(super) fn key(id: DocumentId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

/// A document's identity read from its column.
pub(super) fn document_id(operation: &'static str, bytes: &[u8]) -> Result<DocumentId> {
    Uuid::from_slice(bytes)
        .map(DocumentId)
        .map_err(|error| unreadable(operation, "a stored document id is not 16 bytes long").with_source(error))
}

/// A document read from its column.
pub(super) fn document(operation: &'static str, body: &str) -> Result<Document> {
    json(operation, body)
}

/// Anything stored as JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(operation: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        unreadable(operation, format!("a stored record does not read back: {error}")).with_source(error)
    })
}
