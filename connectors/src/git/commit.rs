//! Commits as documents: message, people, parents, and the files and symbols that each changed against its first parent.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{
    Account, AccountId, Body, Document, DocumentKind, EdgeKind, Error, Key, Link, Rejected, Result, Timestamp,
};
use gix::ObjectId;
use gix::bstr::ByteSlice;
use rayon::prelude::*;

use super::Inner;
use super::fault::reading;
use super::people::{People, Person};
use super::repository::OBJECT_CACHE_BYTES;
use super::symbols::Tracer;
use super::text;
use super::tree;

/// A larger commit object is not a commit that a person made.
const MAX_OBJECT_BYTES: u64 = 8 << 20;
const MAX_MESSAGE_BYTES: usize = 256 << 10;
const MAX_TITLE_CHARS: usize = 500;
const MAX_FILES: usize = 1_000;
const MAX_TRAILERS: usize = 100;
const MAX_TRAILER_CHARS: usize = 1_000;
const MAX_PARENTS: usize = 100;

/// Commits that a page reads ahead for each thread: what is beyond the page's end is read again.
pub(super) const AHEAD: usize = 16;

/// Accounts, as the latest of several commits shows them.
pub(super) type Accounts = BTreeMap<AccountId, Account>;

/// Writes commits and releases of one page, and keeps the accounts they show.
#[derive(Clone)]
pub(super) struct Scribe<'a> {
    pub(super) inner: &'a Inner,
    pub(super) repository: gix::Repository,
    pub(super) people: Arc<People>,
    /// Commits whose parents are not here, as the history is shallow.
    shallow: Arc<BTreeSet<ObjectId>>,
    accounts: RefCell<Accounts>,
    tracer: Option<Tracer<'a>>,
}

/// Several scribes, who write at the same time.
pub(super) struct Scribes<'a>(Vec<Scribe<'a>>);

impl<'a> Scribes<'a> {
    /// As many as help with so many commits.
    pub(super) fn new(scribe: Scribe<'a>, commits: usize) -> Self {
        let count = rayon::current_num_threads().min(commits).max(1);
        let mut scribes = vec![scribe; count];
        for scribe in &mut scribes {
            scribe.repository.object_cache_size(OBJECT_CACHE_BYTES / count);
        }
        Self(scribes)
    }

    /// How many commits they read best at once.
    pub(super) fn ahead(&self) -> usize {
        self.0.len() * AHEAD
    }

    /// The commits as documents, in their order, each with the accounts that it shows.
    pub(super) fn commits(&mut self, ids: &[ObjectId]) -> Vec<(Result<Document, Rejected>, Accounts)> {
        let next = AtomicUsize::new(0);
        let write = |scribe: &mut Scribe<'a>| {
            let mut written = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(id) = ids.get(at) else { break written };
                written.push((at, (scribe.commit(*id), scribe.accounts())));
            }
        };
        let mut written: Vec<_> = self.0.par_iter_mut().flat_map_iter(write).collect();
        written.sort_by_key(|(at, _)| *at);
        written.into_iter().map(|(_, commit)| commit).collect()
    }
}

impl<'a> Scribe<'a> {
    pub(super) fn new(inner: &'a Inner, repository: &gix::Repository, people: People) -> Result<Self> {
        let shallow = repository
            .shallow_commits()
            .map_err(reading("read where the history ends"))?;
        let shallow = shallow
            .map(|commits| commits.iter().copied().collect())
            .unwrap_or_default();
        Ok(Self {
            inner,
            repository: repository.clone(),
            people: Arc::new(people),
            shallow: Arc::new(shallow),
            accounts: RefCell::default(),
            tracer: Tracer::new(inner),
        })
    }

    /// The accounts shown since this was last asked.
    pub(super) fn accounts(&self) -> Accounts {
        self.accounts.take()
    }

    /// The commit as a document, or why it is none.
    fn commit(&self, id: ObjectId) -> Result<Document, Rejected> {
        self.read_commit(id).map_err(|error| Rejected {
            item: format!("commit {}", id.to_hex()),
            reason: error.message().to_owned(),
        })
    }

    fn read_commit(&self, id: ObjectId) -> Result<Document> {
        let size = self.repository.find_header(id).map_err(reading("read commit"))?.size();
        if size > MAX_OBJECT_BYTES {
            return Err(Error::invalid(
                "read commit",
                format!("it has {size} bytes, more than {MAX_OBJECT_BYTES}"),
            ));
        }
        let object = self.repository.find_commit(id).map_err(reading("read commit"))?;
        let commit = object.decode().map_err(reading("read commit"))?;
        let author = commit.author().map_err(reading("read commit"))?;
        let committer = commit.committer().map_err(reading("read commit"))?;
        let written = Timestamp::from_seconds(author.seconds());
        let message = text::message(commit.message, commit.encoding.map(|name| name.as_bytes()));

        let mut draft = Draft {
            at: written,
            links: vec![self.inner.part_of()],
            fields: BTreeMap::new(),
        };
        let author = self.person(self.people.signed(author.name, author.email));
        let committed_by = self.person(self.people.signed(committer.name, committer.email));
        if let Some(person) = &author {
            draft.person(EdgeKind::Authored, person, "git.author");
            draft.field("author", person.name.clone());
        }
        if let Some(person) = &committed_by {
            draft.field("committer", person.name.clone());
        }
        self.trailers(&message, &mut draft);
        let parents: Vec<ObjectId> = commit.parents().take(MAX_PARENTS).collect();
        for parent in &parents {
            draft.link(EdgeKind::Follows, self.inner.commit_key(*parent), "git.parent", None);
        }
        if !self.shallow.contains(&id) {
            self.touched(commit.tree(), &parents, &mut draft)?;
        }

        let sha = id.to_hex().to_string();
        let key = self.inner.commit_key(id);
        Ok(Document {
            kind: DocumentKind::Commit,
            aliases: vec![sha.clone()],
            title: title(&message),
            url: self.inner.url(["commit", &sha]),
            author: author.map(|person| person.key),
            created: Some(written),
            updated: Some(Timestamp::from_seconds(committer.seconds())),
            fields: draft.fields,
            links: draft.links,
            ..self
                .inner
                .blank(key, Body::plain(text::cut(message, MAX_MESSAGE_BYTES)))
        })
    }

    /// Note the account of somebody.
    pub(super) fn person(&self, person: Option<Person>) -> Option<Person> {
        if let Some(person) = &person {
            // Commits come oldest first, so the name he used last stays.
            self.accounts
                .borrow_mut()
                .insert(person.key.clone(), person.account(&self.inner.source));
        }
        person
    }

    fn trailers(&self, message: &str, draft: &mut Draft) {
        let parsed = gix::objs::commit::MessageRef::from_bytes(message.as_bytes());
        let Some(body) = parsed.body() else { return };
        for trailer in body.trailers().take(MAX_TRAILERS) {
            let name = trailer.token.to_str_lossy().to_lowercase();
            let value = text::line(&trailer.value.to_str_lossy(), MAX_TRAILER_CHARS);
            if name.len() > 64 || value.is_empty() {
                continue;
            }
            let kind = match name.as_str() {
                "co-authored-by" => Some(EdgeKind::Authored),
                "reviewed-by" => Some(EdgeKind::Reviewed),
                _ => None,
            };
            if let Some(kind) = kind
                && let Some(person) = self.person(self.people.named(&value))
            {
                draft.person(kind, &person, &format!("git.trailer.{name}"));
            }
            draft.field(&format!("trailer:{name}"), value);
        }
    }

    /// What the commit changed against its first parent. A merge changes files and no symbols: its other parents did.
    fn touched(&self, tree: ObjectId, parents: &[ObjectId], draft: &mut Draft) -> Result<()> {
        let new = self.repository.find_tree(tree).map_err(reading("read tree"))?;
        let old = match parents.first() {
            Some(parent) => Some(
                self.repository
                    .find_commit(*parent)
                    .and_then(|parent| parent.tree())
                    .map_err(reading("read parent"))?,
            ),
            None => None,
        };
        let (changed, count) = tree::touched(&self.repository, old.as_ref(), &new, MAX_FILES)?;
        for change in &changed {
            let file = self.inner.file_key(&change.path);
            draft.link(EdgeKind::Touches, file, "git.diff", Some(draft.at));
        }
        if let Some(tracer) = self.tracer.filter(|_| parents.len() < 2) {
            for symbol in tracer.touched(&self.repository, &changed) {
                draft.link(EdgeKind::Touches, symbol, "git.hunk", Some(draft.at));
            }
        }
        draft.field("files", count.to_string());
        Ok(())
    }
}

/// The parts of a commit that grow while it is read.
struct Draft {
    at: Timestamp,
    links: Vec<Link>,
    fields: BTreeMap<String, Vec<String>>,
}

impl Draft {
    fn link(&mut self, kind: EdgeKind, target: Key, rule: &str, at: Option<Timestamp>) {
        self.links.push(Link {
            kind,
            target,
            inverse: false,
            rule: rule.to_owned(),
            at,
            until: None,
            also: None,
        });
    }

    fn person(&mut self, kind: EdgeKind, person: &Person, rule: &str) {
        let known = self
            .links
            .iter()
            .any(|link| link.kind == kind && link.target == person.key);
        if !known {
            let target = person.key.clone();
            self.links.push(Link {
                kind,
                target,
                inverse: true,
                rule: rule.to_owned(),
                at: Some(self.at),
                until: None,
                also: None,
            });
        }
    }

    fn field(&mut self, name: &str, value: String) {
        self.fields.entry(name.to_owned()).or_default().push(value);
    }
}

/// The subject line: the first paragraph, its lines joined.
fn title(message: &str) -> String {
    let summary = gix::objs::commit::MessageRef::from_bytes(message.as_bytes()).summary();
    text::line(&summary.to_str_lossy(), MAX_TITLE_CHARS)
}

impl Inner {
    /// What every document of the repository has.
    pub(super) fn blank(&self, key: Key, body: Body) -> Document {
        Document {
            id: self.id(&key),
            source: self.source.clone(),
            kind: DocumentKind::Repository,
            key,
            aliases: Vec::new(),
            container: self.key.clone(),
            access: self.label.clone(),
            title: String::new(),
            body,
            url: None,
            author: None,
            created: None,
            updated: None,
            fields: BTreeMap::new(),
            links: Vec::new(),
        }
    }

    /// The repository itself as a document.
    pub(super) fn repository_document(&self) -> Document {
        let mut aliases = self.settings.formerly.clone();
        aliases.push(self.repository.clone());
        Document {
            aliases,
            title: self.repository.clone(),
            url: self.web.clone(),
            ..self.blank(self.key.clone(), Body::plain(""))
        }
    }

    pub(super) fn part_of(&self) -> Link {
        Link {
            kind: EdgeKind::PartOf,
            target: self.key.clone(),
            inverse: false,
            rule: "git.repository".to_owned(),
            at: None,
            until: None,
            also: None,
        }
    }
}
