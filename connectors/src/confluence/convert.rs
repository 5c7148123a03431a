//! Records of the site as documents: spaces, pages, comments, and accounts.

use domain::{AccessId, Account, AccountId, Body, Change, DocumentKind, EdgeKind, Key, Markup, SourceId, Timestamp};
use serde_json::Value;

use super::cursor::Place;
use super::storage::{self, Within};
use crate::archive::draft::Draft;
use crate::archive::json::{at, id, list, name, names, number, text, time};
use crate::atlassian::place::Place as Site;
use crate::jira::convert::native;

/// What documents are made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Home<'h> {
    pub(super) source: &'h SourceId,
    pub(super) site: &'h Site,
}

/// What a page is made from.
pub(super) struct Record<'r> {
    pub(super) id: u64,
    pub(super) value: &'r Value,
    /// The key of its space.
    pub(super) space: &'r str,
    pub(super) files: &'r [Value],
    pub(super) access: AccessId,
}

/// The native id of a document.
pub(super) fn native_id(kind: DocumentKind, id: &str) -> String {
    native(kind, id)
}

/// The version of a record, and when it was made.
pub(super) fn version(value: &Value) -> (u64, i64) {
    let at = time(value, &["version", "createdAt"]).map_or(0, |at: Timestamp| at.0);
    (number(value, &["version", "number"]).unwrap_or(0), at)
}

/// The accounts that a record names.
pub(super) fn people(value: &Value) -> impl Iterator<Item = String> {
    let paths = [&["authorId"][..], &["version", "authorId"]];
    paths.into_iter().filter_map(|path| id(value, path))
}

impl Home<'_> {
    pub(super) fn space_key(&self, space: &str) -> Key {
        Key::wiki_space(&self.site.name, space)
    }

    pub(super) fn page_key(&self, space: &str, page: u64) -> Key {
        Key::wiki_page(&self.site.name, space, &page.to_string())
    }

    fn account_id(&self, account: &str) -> AccountId {
        Key::account("wiki", &format!("{}/{account}", self.site.name))
    }

    /// An address below the site's, as the site tells it.
    fn url(&self, value: &Value) -> Option<String> {
        let path = text(value, &["_links", "webui"]).filter(|path| path.starts_with('/'))?;
        Some(format!("{}/wiki{path}", self.site.web))
    }

    /// An account as the site tells of it.
    pub(super) fn account(&self, user: &Value) -> Option<Account> {
        let account = id(user, &["accountId"])?;
        let names = [name(user, &["displayName"]), name(user, &["publicName"])];
        let mut names: Vec<String> = names.into_iter().flatten().collect();
        names.dedup();
        Some(Account {
            id: self.account_id(&account),
            source: self.source.clone(),
            login: None,
            names,
            emails: name(user, &["email"])
                .filter(|email| email.contains('@'))
                .into_iter()
                .collect(),
        })
    }

    /// A space.
    pub(super) fn space(&self, space: u64, key: &str, value: &Value, access: AccessId) -> Change {
        let described = at(value, &["description", "plain"]).and_then(|plain| text(plain, &["value"]));
        Draft::new(self.source, DocumentKind::Space, self.space_key(key), access)
            .native(&native_id(DocumentKind::Space, &space.to_string()))
            .title(text(value, &["name"]).unwrap_or(key))
            .aliases([key.to_owned()])
            .body(Body::plain(described.unwrap_or_default()))
            .url(self.url(value))
            .times(time(value, &["createdAt"]), None)
            .field("state", text(value, &["status"]).map(str::to_owned))
            .upsert()
    }

    fn body(&self, value: &Value, space: &str) -> Body {
        let stored = text(value, &["body", "storage", "value"]).unwrap_or_default();
        let within = Within {
            web: &self.site.web,
            space,
        };
        Body {
            markup: Markup::Adf,
            text: storage::document(stored, within).to_string(),
        }
    }

    /// A page or blog post, or why there is none.
    pub(super) fn page(&self, record: Record<'_>) -> Result<Change, String> {
        let value = record.value;
        let title = text(value, &["title"]).ok_or("not a page: no title")?;
        let (space, page) = (record.space, record.id.to_string());
        let post = at(value, &["parentType"]).is_none() && value.get("parentId").is_none();
        let author = id(value, &["authorId"]);
        let editor = id(value, &["version", "authorId"]).filter(|editor| author.as_ref() != Some(editor));
        let labels = names(list(value, &["labels", "results"]), "name");
        let mut draft = Draft::new(
            self.source,
            DocumentKind::Page,
            self.page_key(space, record.id),
            record.access,
        )
        .native(&native_id(DocumentKind::Page, &page))
        .title(title)
        .body(self.body(value, space))
        .url(self.url(value))
        .times(time(value, &["createdAt"]), time(value, &["version", "createdAt"]))
        .part_of(self.space_key(space), "wiki.space")
        .author(author.map(|author| self.account_id(&author)), "wiki.author")
        // Storage format names pages by their titles alone.
        .link(
            EdgeKind::SameAs,
            Key::wiki_page(&self.site.name, space, title),
            "wiki.title",
        )
        .field("type", [if post { "blogpost" } else { "page" }])
        .field("state", text(value, &["status"]).map(str::to_owned))
        .field("label", labels)
        .field("attachment", names(record.files, "title"));
        if let Some(editor) = editor {
            draft = draft.back_link(EdgeKind::Authored, self.account_id(&editor), "wiki.editor");
        }
        let above = id(value, &["parentId"]).filter(|_| text(value, &["parentType"]) == Some("page"));
        if let Some(above) = above.and_then(|above| above.parse().ok()) {
            draft = draft.link(EdgeKind::PartOf, self.page_key(space, above), "wiki.parent");
        }
        Ok(draft.upsert())
    }

    /// The key of a comment on a page.
    fn comment_key(&self, space: &str, page: u64, comment: &str) -> Key {
        Key::from_raw(&format!("{}#comment-{comment}", self.page_key(space, page)))
    }

    /// A comment on a page in a space; none where it has no id.
    pub(super) fn comment(
        &self,
        (space, page): (&str, u64),
        place: Place,
        value: &Value,
        access: AccessId,
    ) -> Option<Change> {
        let number = id(value, &["id"])?;
        let author = id(value, &["version", "authorId"]).map(|author| self.account_id(&author));
        let title = text(value, &["title"]).map_or_else(|| "Comment".to_owned(), |title| format!("Comment: {title}"));
        let quote = text(value, &["properties", "inlineOriginalSelection"]).map(str::to_owned);
        let quote = quote.or_else(|| text(value, &["properties", "inline-original-selection"]).map(str::to_owned));
        let mut draft = Draft::new(
            self.source,
            DocumentKind::Comment,
            self.comment_key(space, page, &number),
            access,
        )
        .native(&native_id(DocumentKind::Comment, &number))
        .title(&title)
        .body(self.body(value, space))
        .url(self.url(value))
        .times(None, time(value, &["version", "createdAt"]))
        .container(self.space_key(space))
        .link(EdgeKind::PartOf, self.page_key(space, page), "wiki.comment")
        .author(author, "wiki.comment.author")
        .field("quote", quote)
        .field("resolution", text(value, &["resolutionStatus"]).map(str::to_owned));
        if let Some(parent) = id(value, &["parentCommentId"]) {
            draft = draft.link(
                EdgeKind::RepliesTo,
                self.comment_key(space, page, &parent),
                "wiki.comment.parent",
            );
        }
        // Comments on words and those below a page are told apart by what they quote.
        if place == Place::Inline {
            draft = draft.field("type", ["inline"]);
        }
        Some(draft.upsert())
    }
}
