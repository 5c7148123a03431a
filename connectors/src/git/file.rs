//! The text files at the branch's tip as documents.

use domain::{Body, Document, DocumentKind, Markup, Rejected};
use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};

use super::Inner;
use super::cursor::Oid;
use super::owners::{self, Owners};
use super::skip;
use super::text;

const MARKDOWN: [&str; 4] = ["md", "mdx", "markdown", "mkd"];
const PLAIN: [&str; 9] = ["txt", "text", "rst", "adoc", "asciidoc", "org", "csv", "tsv", "log"];
/// Prose that goes without an extension.
const PLAIN_NAMES: [&str; 12] = [
    "README",
    "LICENSE",
    "LICENCE",
    "COPYING",
    "NOTICE",
    "AUTHORS",
    "CONTRIBUTORS",
    "MAINTAINERS",
    "CHANGELOG",
    "CHANGES",
    "NEWS",
    "TODO",
];

/// What reading a file came to.
pub(super) enum Outcome {
    Document(Box<Document>),
    /// Binary, too large, or not worth reading.
    Skipped,
    Rejected(Rejected),
}

/// Reads the files of one tip.
pub(super) struct Reader<'a> {
    inner: &'a Inner,
    repository: &'a gix::Repository,
    owners: Owners,
    /// The branch's name in URLs.
    branch: String,
}

impl<'a> Reader<'a> {
    pub(super) fn new(inner: &'a Inner, repository: &'a gix::Repository, head: Oid) -> Self {
        let owners = owners_at(repository, head).unwrap_or_default();
        let branch = inner
            .head(repository)
            .ok()
            .and_then(|head| head.branch)
            .unwrap_or_else(|| "HEAD".to_owned());
        Self {
            inner,
            repository,
            owners,
            branch,
        }
    }

    /// The file as a document.
    pub(super) fn file(&self, path: &BString, blob: ObjectId) -> Outcome {
        let content = match self.text(path.as_bstr(), blob) {
            Ok(Some(content)) => content,
            Ok(None) => return Outcome::Skipped,
            Err(error) => {
                let item = item(path);
                return Outcome::Rejected(Rejected {
                    item,
                    reason: format!("its content cannot be read: {error}"),
                });
            }
        };
        let name = text::path(path);
        let key = self.inner.file_key(path);
        let mut document = Document {
            kind: DocumentKind::File,
            aliases: vec![name.clone()],
            url: path.to_str().ok().and_then(|path| self.url(path)),
            links: vec![self.inner.part_of()],
            ..self.inner.blank(
                key,
                Body {
                    markup: markup(&name),
                    text: content,
                },
            )
        };
        document.title = name;
        let owners = self.owners.of(path.as_bstr());
        if !owners.is_empty() {
            document.fields.insert("owner".to_owned(), owners.to_vec());
        }
        Outcome::Document(Box::new(document))
    }

    /// Whether [`Reader::file`] gives a document, or cannot tell.
    pub(super) fn exists(&self, path: &BString, blob: ObjectId) -> bool {
        self.text(path.as_bstr(), blob)
            .map_or(true, |content| content.is_some())
    }

    fn text(&self, path: &BStr, blob: ObjectId) -> gix::Result<Option<String>> {
        if self.repository.find_header(blob)?.size() > self.inner.settings.max_file_bytes {
            return Ok(None);
        }
        let mut object = self.repository.find_blob(blob)?;
        Ok(skip::readable(path, object.take_data()))
    }

    fn url(&self, path: &str) -> Option<String> {
        self.inner.url(
            std::iter::once("blob")
                .chain(self.branch.split('/'))
                .chain(path.split('/')),
        )
    }
}

/// How dead letters name a file. The closing quote keeps one name from being the beginning of another.
pub(super) fn item(path: &BString) -> String {
    format!("file \"{}\"", text::path(path))
}

fn owners_at(repository: &gix::Repository, head: Oid) -> Option<Owners> {
    let tree = repository.find_commit(head.0).ok()?.tree().ok()?;
    let entry = owners::PLACES.iter().find_map(|path| {
        tree.lookup_entry_by_path(path)
            .ok()
            .flatten()
            .filter(|entry| entry.mode().is_blob())
    })?;
    if repository.find_header(entry.object_id()).ok()?.size() > owners::MAX_BYTES {
        return None;
    }
    let blob = entry.object().ok()?;
    Some(Owners::parse(&blob.data.to_str_lossy()))
}

fn markup(path: &str) -> Markup {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((_, extension)) if is_one_of(&MARKDOWN, extension) => Markup::Markdown,
        Some((_, extension)) if is_one_of(&PLAIN, extension) => Markup::Plain,
        None if is_one_of(&PLAIN_NAMES, name) => Markup::Plain,
        Some(_) | None => Markup::Code,
    }
}

fn is_one_of(known: &[&str], word: &str) -> bool {
    known.iter().any(|one| one.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use domain::Markup;

    use super::markup;

    #[test]
    fn the_name_tells_how_a_file_is_written() {
        for (path, expected) in [
            ("README.md", Markup::Markdown),
            ("docs/a.MDX", Markup::Markdown),
            ("docs/a.rst", Markup::Plain),
            ("LICENSE", Markup::Plain),
            ("src/a.rs", Markup::Code),
            ("Makefile", Markup::Code),
            (".md/a.py", Markup::Code),
        ] {
            assert_eq!(markup(path), expected, "{path}");
        }
    }
}
