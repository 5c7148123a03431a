//! Tags as releases.

use std::collections::BTreeMap;

use domain::{Body, Document, DocumentKind, EdgeKind, Error, Link, Rejected, Result, Timestamp};
use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::objs::Kind;

use super::commit::Scribe;
use super::fault::reading;
use super::people::Person;
use super::text;

/// Tags of tags, beyond which a chain is refused.
const MAX_CHAIN: usize = 16;
const MAX_OBJECT_BYTES: u64 = 8 << 20;
const MAX_MESSAGE_BYTES: usize = 256 << 10;

/// What a tag says, and the object it leads to.
struct Chain {
    message: String,
    author: Option<Person>,
    made: Option<Timestamp>,
    end: ObjectId,
    kind: Kind,
}

impl Scribe<'_> {
    /// The tag as a document, or why it is none.
    pub(super) fn tag(&self, name: &BString, target: ObjectId) -> Result<Document, Rejected> {
        self.read_tag(name, target).map_err(|error| Rejected {
            item: format!("tag \"{}\"", text::path(name)),
            reason: error.message().to_owned(),
        })
    }

    fn read_tag(&self, name: &BString, target: ObjectId) -> Result<Document> {
        let Chain {
            message,
            author,
            mut made,
            end,
            kind,
        } = self.chain(target)?;
        let mut links = vec![self.inner.part_of()];
        if let Some(person) = &author {
            let target = person.key.clone();
            links.push(Link {
                kind: EdgeKind::Authored,
                target,
                inverse: true,
                rule: "git.tagger".to_owned(),
                at: made,
                until: None,
                also: None,
            });
        }
        if kind == Kind::Commit {
            let target = self.inner.commit_key(end);
            links.push(Link {
                kind: EdgeKind::References,
                target,
                inverse: false,
                rule: "git.tag".to_owned(),
                at: made,
                until: None,
                also: None,
            });
            let commit = self
                .repository
                .find_commit(end)
                .map_err(reading("read tagged commit"))?;
            let seconds = commit.committer().map_err(reading("read tagged commit"))?.seconds();
            made = made.or(Some(Timestamp::from_seconds(seconds)));
        }
        let title = text::path(name);
        let key = self.inner.tag_key(name);
        let url = name
            .to_str()
            .ok()
            .and_then(|name| self.inner.url(["releases", "tag"].into_iter().chain(name.split('/'))));
        Ok(Document {
            kind: DocumentKind::Release,
            aliases: vec![title.clone()],
            title,
            url,
            author: author.as_ref().map(|person| person.key.clone()),
            created: made,
            updated: made,
            fields: author
                .map(|person| BTreeMap::from([("author".to_owned(), vec![person.name])]))
                .unwrap_or_default(),
            links,
            ..self.inner.blank(key, Body::plain(message))
        })
    }

    /// Follow a tag to what it names in the end. The outermost tag object tells who made it, when, and why.
    fn chain(&self, target: ObjectId) -> Result<Chain> {
        let mut chain = Chain {
            message: String::new(),
            author: None,
            made: None,
            end: target,
            kind: self.kind(target)?,
        };
        for depth in 0..MAX_CHAIN {
            if chain.kind != Kind::Tag {
                break;
            }
            let object = self.repository.find_tag(chain.end).map_err(reading("read tag"))?;
            let tag = object.decode().map_err(reading("read tag"))?;
            if depth == 0 {
                let tagger = tag.tagger().map_err(reading("read tag"))?;
                chain.message = text::cut(text::message(tag.message, None), MAX_MESSAGE_BYTES);
                chain.made = tagger.map(|tagger| Timestamp::from_seconds(tagger.seconds()));
                chain.author = self.person(tagger.and_then(|tagger| self.people.signed(tagger.name, tagger.email)));
            }
            chain.end = tag.target();
            chain.kind = self.kind(chain.end)?;
        }
        Ok(chain)
    }

    fn kind(&self, id: ObjectId) -> Result<Kind> {
        let header = self.repository.find_header(id).map_err(reading("read tag"))?;
        if header.size() > MAX_OBJECT_BYTES && header.kind() != Kind::Blob {
            return Err(Error::invalid(
                "read tag",
                format!("it leads to an object of {} bytes", header.size()),
            ));
        }
        Ok(header.kind())
    }
}
