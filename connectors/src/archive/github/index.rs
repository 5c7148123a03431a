//! The first reading: what reviews, timelines and the rows of the other list add to an issue's or pull request's document.

use std::collections::{BTreeMap, BTreeSet};

use domain::{EdgeKind, Key, Link, Result};
use serde_json::Value;

use crate::archive::format::Unit;
use crate::archive::github::item::{Known, is_login};
use crate::archive::github::record::{self, Record, Shape};
use crate::archive::github::{GitHub, WRAPPERS, number_in};
use crate::archive::json::{at, number, one_line, text, time};
use crate::archive::records::{Record as Line, Records, parse};
use crate::archive::repository::{from_url, is_commit};
use crate::archive::tree::Tree;

/// Timeline links kept of one item.
const LINKS: usize = 2000;

/// What is known of every issue and pull request.
#[derive(Debug, Default)]
pub(super) struct Index {
    items: BTreeMap<Key, Known>,
    /// The repositories that records name; two are as good as many.
    repositories: BTreeSet<String>,
    /// The only repository, where some records name none.
    pub(super) only: Option<String>,
}

impl Index {
    /// Read all files of an archive. Records that cannot be read are passed over here and rejected in the second reading.
    pub(super) fn read(github: &GitHub, tree: &Tree, unit: &Unit) -> Result<Self> {
        let (index, homeless) = Self::scan(github, tree, unit, None)?;
        let mut names = index.repositories.iter();
        match (names.next(), names.next()) {
            (Some(only), None) if homeless => Ok(Self::scan(github, tree, unit, Some(only.clone()))?.0),
            _ => Ok(index),
        }
    }

    /// Read all files, and tell whether some record could not be placed.
    fn scan(github: &GitHub, tree: &Tree, unit: &Unit, only: Option<String>) -> Result<(Self, bool)> {
        let mut index = Self {
            only,
            ..Self::default()
        };
        let mut homeless = false;
        for entry in unit.files.iter().filter_map(|path| tree.entry(path)) {
            let mut records = Records::open(tree, entry, WRAPPERS)?;
            while let Some(line) = records.next().map_err(|error| tree.failed(entry, error))? {
                let Line::Json(_, bytes) = line else { continue };
                let Ok(value) = parse(&bytes) else { continue };
                let only = index.only.clone();
                match record::read(github.around(only.as_deref(), number_in(entry)), &value) {
                    Ok(record) => index.add(&record),
                    Err(_) => homeless = true,
                }
            }
        }
        Ok((index, homeless))
    }

    /// What is known of an item; nothing for one that no record is about.
    pub(super) fn known(&self, key: &Key) -> Known {
        self.items.get(key).cloned().unwrap_or_default()
    }

    fn add(&mut self, record: &Record<'_>) {
        let value = record.value;
        if self.repositories.len() < 2 {
            self.repositories.insert(record.repository.to_lowercase());
        }
        let known = self
            .items
            .entry(Key::github_item(&record.repository, record.number))
            .or_default();
        match record.shape {
            Shape::Issue | Shape::Pull => {
                known.title = one_line(text(value, &["title"]).unwrap_or_default(), 200);
                known.has_pull_row |= record.shape == Shape::Pull;
                known.is_pull |= record.shape == Shape::Pull || at(value, &["pull_request"]).is_some();
            }
            Shape::Review => {
                known.reviewers.extend(
                    text(value, &["user", "login"])
                        .filter(|login| is_login(login))
                        .map(str::to_owned),
                );
                known.is_pull = true;
            }
            Shape::ReviewComment => known.is_pull = true,
            Shape::Event if known.links.len() < LINKS => known.links.extend(timeline(&record.repository, value)),
            Shape::Event | Shape::Comment => {}
        }
        for child in record.children() {
            self.add(&child);
        }
    }
}

/// What a timeline event states about the item whose timeline it is in; every edge runs from elsewhere to the item.
fn timeline(repository: &str, event: &Value) -> Option<Link> {
    let name = text(event, &["event"])?;
    let sha = || {
        ["commit_id", "sha"]
            .iter()
            .find_map(|field| text(event, &[field]))
            .filter(|sha| is_commit(sha))
    };
    let commit = || {
        let home = text(event, &["commit_url"])
            .and_then(from_url)
            .unwrap_or_else(|| repository.to_owned());
        sha().map(|sha| Key::commit(&home, sha))
    };
    let (kind, target) = match name {
        "cross-referenced" => {
            let closes = at(event, &["will_close_target"]).and_then(Value::as_bool) == Some(true);
            (
                if closes { EdgeKind::Closes } else { EdgeKind::References },
                other(repository, at(event, &["source", "issue"])?)?,
            )
        }
        "connected" => (
            EdgeKind::References,
            other(
                repository,
                at(event, &["source", "issue"]).or_else(|| at(event, &["subject"]))?,
            )?,
        ),
        "closed" => (
            EdgeKind::Closes,
            commit().or_else(|| other(repository, at(event, &["closer"])?))?,
        ),
        "referenced" => (EdgeKind::References, commit()?),
        "merged" | "committed" => (EdgeKind::Merges, commit()?),
        _ => return None,
    };
    Some(Link {
        kind,
        target,
        inverse: true,
        rule: format!("github.timeline.{name}"),
        at: time(event, &["created_at"]),
        until: None,
        also: None,
    })
}

/// The issue or pull request that an event points to.
fn other(repository: &str, item: &Value) -> Option<Key> {
    let number = number(item, &["number"])?;
    let told = ["repository_url", "url", "html_url"]
        .iter()
        .filter_map(|field| text(item, &[field]))
        .find_map(from_url);
    let named =
        || text(item, &["repository", "full_name"]).filter(|name| crate::archive::repository::is_repository(name));
    Some(Key::github_item(
        told.as_deref().or_else(named).unwrap_or(repository),
        number,
    ))
}
