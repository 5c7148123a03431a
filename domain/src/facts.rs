//! Facts: the nodes and edges that one document asserts. They live and die with it.

use serde::{Deserialize, Serialize};

use crate::{AccessId, DocumentId, DocumentKind, Error, Key, Result, Timestamp};

macro_rules! named_enum {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name used in filters, answers and stores.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one of this name.
            ///
            /// # Errors
            /// `Invalid`, listing the names, when there is none.
            pub fn parse(name: &str) -> Result<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == name).ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|one| one.as_str()).collect();
                    Error::invalid(concat!("read ", $what), format!(concat!("`{}` is not a kind of ", $what), name))
                        .with_hint(format!("known: {}", names.join(", ")))
                })
            }
        }
    };
}

named_enum! {
    /// What a graph node stands for.
    NodeKind, "node" {
        /// A person or account.
        Person = "person",
        /// A team or group.
        Team = "team",
        /// A repository.
        Repository = "repository",
        /// A file.
        File = "file",
        /// A function, type or module.
        Symbol = "symbol",
        /// A commit.
        Commit = "commit",
        /// A pull request.
        PullRequest = "pull_request",
        /// A review.
        Review = "review",
        /// An issue.
        Issue = "issue",
        /// A comment.
        Comment = "comment",
        /// A project of an issue tracker.
        Project = "project",
        /// A sprint.
        Sprint = "sprint",
        /// A chat channel.
        Channel = "channel",
        /// A chat thread.
        Thread = "thread",
        /// A wiki page.
        Page = "page",
        /// A wiki space.
        Space = "space",
        /// A label or component.
        Label = "label",
        /// A release or tag.
        Release = "release",
        /// A discussion.
        Discussion = "discussion",
    }
}

impl From<DocumentKind> for NodeKind {
    fn from(kind: DocumentKind) -> Self {
        match kind {
            DocumentKind::Repository => Self::Repository,
            DocumentKind::Commit => Self::Commit,
            DocumentKind::Release => Self::Release,
            DocumentKind::File => Self::File,
            DocumentKind::Issue => Self::Issue,
            DocumentKind::PullRequest => Self::PullRequest,
            DocumentKind::Review => Self::Review,
            DocumentKind::Comment => Self::Comment,
            DocumentKind::Project => Self::Project,
            DocumentKind::Channel => Self::Channel,
            DocumentKind::Thread => Self::Thread,
            DocumentKind::Page => Self::Page,
            DocumentKind::Space => Self::Space,
            DocumentKind::Discussion => Self::Discussion,
        }
    }
}

named_enum! {
    /// What an edge says, read from its start to its end.
    EdgeKind, "edge" {
        /// A person wrote something.
        Authored = "authored",
        /// A person reviewed a pull request.
        Reviewed = "reviewed",
        /// Something is assigned to a person.
        Assigned = "assigned",
        /// A text mentions a person or team.
        Mentions = "mentions",
        /// A commit or pull request closes an issue.
        Closes = "closes",
        /// A text refers to something.
        References = "references",
        /// A commit or pull request changes a file or symbol.
        Touches = "touches",
        /// A file defines a symbol or is a module; a symbol has a name.
        Defines = "defines",
        /// Something belongs to a container, sprint or epic; a comment to what it comments.
        PartOf = "part_of",
        /// A message or comment answers another.
        RepliesTo = "replies_to",
        /// A page or issue links to another.
        LinksTo = "links_to",
        /// An issue repeats another.
        Duplicates = "duplicates",
        /// An issue blocks another.
        Blocks = "blocks",
        /// Two names of one thing.
        SameAs = "same_as",
        /// A page documents code.
        Documents = "documents",
        /// A thread discusses something.
        Discusses = "discusses",
        /// A commit is the merge of a pull request, or part of one.
        Merges = "merges",
        /// A commit follows another.
        Follows = "follows",
        /// Code calls a symbol, or whatever has a name.
        Calls = "calls",
        /// A file imports a module.
        Imports = "imports",
    }
}

/// The words that justify an edge, and where they stand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// The words themselves (at most 200 bytes), or the provider's field.
    pub text: String,
    /// Byte span in the document's normalised text (title, newline, body), absent for provider fields.
    pub span: Option<(u32, u32)>,
}

/// A node as one document asserts it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeFact {
    /// Its canonical key.
    pub key: Key,
    /// What it stands for.
    pub kind: NodeKind,
    /// A line that names it, where the document knows one.
    pub title: Option<String>,
    /// Other names that lead to it.
    pub aliases: Vec<String>,
}

/// An edge as one document asserts it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdgeFact {
    /// Where it starts.
    pub from: Key,
    /// Where it ends; a stub until its document arrives.
    pub to: Key,
    /// What it says.
    pub kind: EdgeKind,
    /// How it was found: a provider field (`jira.issuelinks.Relates`) or a text rule (`text.jira_key`).
    pub rule: String,
    /// The words that say so.
    pub evidence: Evidence,
    /// 0 to 1; 1 for what a provider states.
    pub confidence: f32,
    /// When it was stated; where it is not known, the document's time counts.
    pub at: Option<Timestamp>,
    /// When it ended, where the provider tells that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// A second label that must be visible too, beside the asserting document's: that of the document by which a name
    /// in the text was understood (a project's, a renamed repository's). Without it, an edge would tell that one exists.
    pub also: Option<AccessId>,
}

/// All that one document asserts. An empty set takes everything back.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentFacts {
    /// The asserting document.
    pub document: DocumentId,
    /// Its label: who may know of these facts.
    pub access: AccessId,
    /// When the document was made.
    pub at: Option<Timestamp>,
    /// Nodes, the document's own first.
    pub nodes: Vec<NodeFact>,
    /// Edges.
    pub edges: Vec<EdgeFact>,
}

impl DocumentFacts {
    /// Take back all that `document` asserted.
    pub fn none(document: DocumentId, access: AccessId) -> Self {
        Self {
            document,
            access,
            at: None,
            nodes: Vec::new(),
            edges: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EdgeKind, NodeKind};

    #[test]
    fn names_read_back() {
        for kind in EdgeKind::ALL {
            assert_eq!(EdgeKind::parse(kind.as_str()).expect("edge"), *kind);
            assert_eq!(serde_json::to_value(kind).expect("json"), kind.as_str());
        }
        for kind in NodeKind::ALL {
            assert_eq!(NodeKind::parse(kind.as_str()).expect("node"), *kind);
        }
        assert!(
            EdgeKind::parse("banana")
                .expect_err("none")
                .hint()
                .is_some_and(|hint| hint.contains("part_of"))
        );
    }
}
