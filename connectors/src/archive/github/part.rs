//! The documents of comments and reviews.

use domain::{DocumentKind, EdgeKind, Key};

use crate::archive::draft::Draft;
use crate::archive::github::item::{Identity, Known, Maker, markdown};
use crate::archive::github::record::{Record, Shape};
use crate::archive::json::{at, id, text, time};

impl Maker<'_> {
    /// The document of a comment or review on `item`. One without an id cannot be told from others and is left out.
    pub(crate) fn part(&mut self, record: &Record<'_>, item: &Key, known: &Known) {
        let value = record.value;
        let Some(id) = id(value, &["id"]) else { return };
        let (kind, part, word) = match record.shape {
            Shape::Review => (DocumentKind::Review, "review", "Review of"),
            Shape::Comment | Shape::ReviewComment | Shape::Issue | Shape::Pull | Shape::Event => {
                (DocumentKind::Comment, "comment", "Comment on")
            }
        };
        let key = |part: &str, id: &str| Key::github_part(&record.repository, record.number, part, id);
        let author = self.account(at(value, &["user"]));
        let created = ["created_at", "submitted_at"]
            .iter()
            .find_map(|field| time(value, &[field]));
        let title = format!("{word} {}#{}: {}", record.repository, record.number, known.title);
        let mut draft = Draft::new(self.source, kind, key(part, &id), self.access.clone())
            .title(title.trim_end_matches(": "))
            .body(markdown(value))
            .url(text(value, &["html_url"]).map(str::to_owned))
            .times(created, time(value, &["updated_at"]).or(created))
            .container(Key::repository(&record.repository))
            .link(
                EdgeKind::PartOf,
                item.clone(),
                if part == "review" {
                    "github.review"
                } else {
                    "github.comment"
                },
            )
            .author(author, "github.user")
            .field("path", text(value, &["path"]));
        if let Identity::Numbers(_) = self.identity {
            draft = draft.native(&part_id(record.shape, &id));
        }
        if record.shape == Shape::Review {
            draft = draft.field("state", text(value, &["state"]).map(str::to_lowercase));
        }
        if let Some(parent) = crate::archive::json::id(value, &["in_reply_to_id"]) {
            draft = draft.link(EdgeKind::RepliesTo, key("comment", &parent), "github.in_reply_to_id");
        }
        if let Some(review) = crate::archive::json::id(value, &["pull_request_review_id"]) {
            draft = draft.link(
                EdgeKind::PartOf,
                key("review", &review),
                "github.pull_request_review_id",
            );
        }
        self.changes.push(draft.upsert());
    }
}

/// The identity of a comment or review. Each kind has numbers of its own.
pub(crate) fn part_id(shape: Shape, id: &str) -> String {
    let kind = match shape {
        Shape::Review => "review",
        Shape::ReviewComment => "remark",
        Shape::Comment | Shape::Issue | Shape::Pull | Shape::Event => "comment",
    };
    format!("{kind}:{id}")
}
