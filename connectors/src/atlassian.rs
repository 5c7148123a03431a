//! What the connectors to Jira and Confluence Cloud share: where a site is, sets of ids and of readers, and their requests.

pub(crate) mod ask;
#[cfg(test)]
pub(crate) mod desk;
pub(crate) mod ids;
pub(crate) mod place;
pub(crate) mod readers;

use sha2::{Digest, Sha256};

/// Sixteen hexadecimal digits by which equal text is known.
pub(crate) fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
