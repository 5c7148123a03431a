//! A folder of Markdown pages, plain or as converted from a Confluence export.

mod page;

use std::path::PathBuf;
use std::sync::Arc;

use domain::{AccessId, Change, DocumentKind, Error, Key, Rejected, Result, SourceId};
use serde::Deserialize;

use crate::access::AccessSetting;
use crate::archive::draft::Draft;
use crate::archive::format::{Event, Events, Format, Unit, only_file};
use crate::archive::identify::{self, Kind};
use crate::archive::json::{is_id, one_line};
use crate::archive::lost::Lost;
use crate::archive::records::has_extension;
use crate::archive::tree::{Tree, fingerprint};

/// The settings of a wiki folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WikiSettings {
    /// A folder of `.md` files, a zip of them, or one of them.
    pub path: PathBuf,
    /// The site in the keys of pages; by default the name of the source.
    #[serde(default)]
    pub site: Option<String>,
    /// The space that the pages belong to; by default the name of the folder.
    #[serde(default)]
    pub space: Option<String>,
    /// Who may read it.
    #[serde(default)]
    pub access: AccessSetting,
    /// The most bytes that one file may have after expansion.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}

/// A wiki folder.
#[derive(Debug, Clone)]
pub(crate) struct Wiki {
    source: SourceId,
    site: String,
    space: String,
    access: AccessSetting,
}

impl Wiki {
    pub(crate) fn new(source: SourceId, settings: WikiSettings) -> Result<Self> {
        let site = settings.site.unwrap_or_else(|| source.to_string());
        let folder = settings
            .path
            .file_stem()
            .map(|name| name.to_string_lossy().replace(' ', "-"));
        let space = settings
            .space
            .or(folder.filter(|name| is_id(name)))
            .unwrap_or_else(|| source.to_string());
        if let Some(bad) = [&site, &space].into_iter().find(|name| !is_id(name)) {
            let message = format!("`{}` cannot name a wiki site or space", one_line(bad, 80));
            return Err(Error::invalid("read source settings", message).with_hint("use letters, digits, `.`, `_`, `-`"));
        }
        Ok(Self {
            source,
            site,
            space,
            access: settings.access,
        })
    }

    fn space_key(&self) -> Key {
        Key::wiki_space(&self.site, &self.space)
    }

    /// The name of a page by its number alone, as short addresses have it; none for a page without a number.
    fn page_number(&self, path: &str) -> Option<Key> {
        let id = page_id(path);
        let number = id.bytes().all(|byte| byte.is_ascii_digit());
        number.then(|| Key::wiki_page(&self.site, NO_SPACE, &id))
    }

    fn page_key(&self, path: &str) -> Key {
        Key::wiki_page(&self.site, &self.space, &page_id(path))
    }
}

/// The space of a page that an address names by its number alone.
const NO_SPACE: &str = "_";

/// The id of a page: the number that a Confluence export puts at the end of the file's name, or the path without its extension.
fn page_id(path: &str) -> String {
    let path = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let stem = path.rsplit('/').next().unwrap_or(path);
    let digits = |text: &str| (5..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    match stem.rsplit_once('_') {
        Some((_, number)) if digits(number) => number.to_owned(),
        _ if digits(stem) => stem.to_owned(),
        _ => path.to_owned(),
    }
}

/// The pages of an archive.
fn pages(tree: &Tree) -> impl Iterator<Item = &crate::archive::tree::Entry> {
    tree.entries
        .iter()
        .filter(|entry| has_extension(&entry.path, "md") || has_extension(&entry.path, "markdown"))
}

impl Format for Wiki {
    fn kind(&self) -> Kind {
        Kind::Wiki
    }

    fn preamble(&self, _tree: &Tree) -> Result<Vec<Change>> {
        let space = Draft::new(
            &self.source,
            DocumentKind::Space,
            self.space_key(),
            AccessId::common(&self.source),
        )
        .title(&self.space)
        .aliases([self.space.clone()]);
        Ok(vec![
            Change::Access(self.access.rule(&self.source, &self.space_key())),
            space.upsert(),
        ])
    }

    fn units(&self, tree: &Tree) -> Result<Vec<Unit>> {
        // Which links lead somewhere depends on which pages there are.
        let context = fingerprint(pages(tree).map(|entry| &entry.path));
        let units: Vec<Unit> = pages(tree)
            .map(|entry| Unit::file(entry, &context, Lost::Under(vec![self.page_key(&entry.path)])))
            .collect();
        identify::require(tree, Kind::Wiki, units.len())?;
        Ok(units)
    }

    fn open(&self, tree: &Arc<Tree>, unit: &Unit) -> Result<Events> {
        let entry = only_file(tree, unit)?;
        let limit = u64::try_from(tree.limits.record).unwrap_or(u64::MAX);
        let reject = |reason: String| {
            let item = format!("{}:1", entry.path);
            Ok(Event::Rejected(Rejected { item, reason }, unit.lost.clone()))
        };
        let event = if entry.size > limit {
            vec![reject(format!("longer than {limit} bytes"))]
        } else {
            match String::from_utf8(tree.read(entry, limit)?) {
                Ok(text) => page::convert(self, tree, &entry.path, &text)
                    .into_iter()
                    .map(|change| Ok(Event::Change(change)))
                    .collect(),
                Err(error) => vec![reject(format!(
                    "not UTF-8 after byte {}",
                    error.utf8_error().valid_up_to()
                ))],
            }
        };
        Ok(Box::new(event.into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::page_id;

    #[test]
    fn a_page_is_named_by_its_number_or_by_its_path() {
        assert_eq!(page_id("Aries-Call_18481234.md"), "18481234");
        assert_eq!(page_id("sub/18481438.md"), "18481438");
        assert_eq!(page_id("guides/Set up.md"), "guides/Set up");
        assert_eq!(page_id("notes_2024.md"), "notes_2024");
    }
}
