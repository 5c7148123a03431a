//! Things as answers name them.

use domain::seam::NodeView;
use domain::{Document, DocumentKind, Key};
use serde::Serialize;
use utoipa::ToSchema;

/// States in which nothing is left to be done, in lower case.
const ENDED: [&str; 7] = [
    "closed",
    "done",
    "merged",
    "resolved",
    "cancelled",
    "canceled",
    "declined",
];

/// A thing: a document, or a bare name that documents mention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Item {
    /// Its canonical key.
    pub key: String,
    /// What it is; absent for a bare name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A line that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its state, as its provider calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// When it last changed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Where a person opens it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Item {
    /// A thing that is only a key.
    pub(super) fn bare(key: &Key) -> Self {
        Self {
            key: key.as_str().to_owned(),
            kind: None,
            title: None,
            state: None,
            updated: None,
            url: None,
        }
    }
}

impl From<&NodeView> for Item {
    fn from(node: &NodeView) -> Self {
        Self {
            kind: node.kind.map(|kind| kind.as_str().to_owned()),
            title: node.title.clone(),
            ..Self::bare(&node.key)
        }
    }
}

impl From<&Document> for Item {
    fn from(document: &Document) -> Self {
        let time = document.updated.or(document.created);
        Self {
            kind: Some(document.kind.as_str().to_owned()),
            title: Some(document.title.clone()).filter(|title| !title.is_empty()),
            state: document.field("state").first().cloned(),
            updated: time.map(|time| time.to_string()),
            url: document.url.clone(),
            ..Self::bare(&document.key)
        }
    }
}

/// Whether this is an issue or pull request: something to be done.
pub(super) fn is_work(document: &Document) -> bool {
    matches!(document.kind, DocumentKind::Issue | DocumentKind::PullRequest)
}

/// Whether there is still something to be done about an issue or pull request.
pub(super) fn is_open(document: &Document) -> bool {
    let ended = |state: &String| ENDED.contains(&state.to_lowercase().as_str());
    document.field("resolution").is_empty() && !document.field("state").iter().any(ended)
}
