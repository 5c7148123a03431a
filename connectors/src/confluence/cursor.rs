//! How far the connector has read: what is known, and the run that is on its way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{Cursor, Result};
use serde::{Deserialize, Serialize};

use super::tree::Tree;
use crate::atlassian::ids::Ids;
use crate::cursor;
use crate::hex::digest;

/// The form below. A cursor of another form begins again.
const VERSION: u8 = 1;
/// How far two walks overlap, in milliseconds.
const OVERLAP: i64 = 10 * 60 * 1000;
/// The most bytes that the tree may take; beyond, a census finds deletions only, and what is above a page is asked for.
const TREE: usize = 400 << 10;
/// Pages and files of which it is remembered in which version they were read.
const SEEN: usize = 2_000;
/// Rejected items that are remembered.
const REJECTED: usize = 1_000;
/// Labels that are remembered; the rules of others are told again whenever they occur.
const LABELS: usize = 2_000;

/// The version of something, and when it was made.
pub(super) type Version = (u64, i64);

/// A cursor, opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    version: u8,
    /// What the documents were made by.
    settings: String,
    /// The connecting account's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) me: Option<String>,
    /// Every change up to here was read; and the same of the run before.
    pub(super) high: i64,
    pub(super) before: i64,
    /// When the last census began.
    pub(super) census: i64,
    /// When pages were last read again without need, and the last of them.
    #[serde(default)]
    pub(super) again: i64,
    pub(super) reread: u64,
    #[serde(default)]
    pub(super) walk: Walk,
    pub(super) spaces: BTreeMap<u64, Space>,
    /// Labels in use.
    pub(super) labels: BTreeMap<String, Label>,
    /// Pages that were read or are to be; none are remembered once there were too many.
    pub(super) tree: Tree,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) many: bool,
    /// Pages with restrictions of their own.
    pub(super) restricted: Ids,
    /// Pages and files that changed of late, so that the overlap of two walks is read once.
    pub(super) seen: BTreeMap<u64, Version>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) files: BTreeMap<String, Version>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) rejected: BTreeSet<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<Run>,
}

/// A space that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Space {
    pub(super) key: String,
    /// Of its document.
    pub(super) digest: String,
}

/// A label in use: of a space, or of a page with restrictions and what is below it; and a digest of its readers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) space: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) page: Option<u64>,
    pub(super) digest: String,
}

/// How far the list of restrictions is read, which takes several runs where there are many pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Walk {
    /// The address of the next page of the list.
    pub(super) next: Option<String>,
    /// Items in a page of it: fewer where the site is slow.
    pub(super) rows: u32,
    /// Known pages that it has told of so far.
    pub(super) told: Ids,
    /// Known pages that it did not tell of when it was last read to its end, and that were asked for by themselves since.
    pub(super) left_out: Ids,
    /// The last page that was asked for in turn, and the page of the last label that was looked at in turn.
    pub(super) page: u64,
    pub(super) label: u64,
}

impl Walk {
    /// The most items in a page: what the site gives at most where it tells more than ids.
    pub(super) const ROWS: u32 = 200;
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            next: None,
            rows: Self::ROWS,
            told: Ids::default(),
            left_out: Ids::default(),
            page: 0,
            label: 0,
        }
    }
}

/// A run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    /// When it began.
    pub(super) start: i64,
    /// Up to when changes are read, at least.
    pub(super) to: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) census: bool,
    /// Whether something may have vanished.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) sweep: bool,
    pub(super) tasks: VecDeque<Task>,
    /// The address of the next page of the first task, and digests of all such so far: none may come twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) used: BTreeSet<String>,
    /// Pages and blog posts to be read, and those of them whose comments are too.
    pub(super) pages: Ids,
    pub(super) posts: Ids,
    #[serde(default, skip_serializing_if = "Ids::is_empty")]
    pub(super) deep: Ids,
    /// Pages that the census found.
    #[serde(default, skip_serializing_if = "Ids::is_empty")]
    pub(super) listed: Ids,
    /// Spaces whose readers are others than before.
    #[serde(default, skip_serializing_if = "Ids::is_empty")]
    pub(super) changed: Ids,
}

/// A step of a run: mostly a list that is read page by page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Task {
    /// The restrictions of pages.
    Restrictions,
    /// The pages or blog posts of a space.
    Space(Form, u64),
    /// What changed since then.
    Changed(Form, i64),
    /// What is in the bin.
    Trashed(Form),
    /// Files that changed since then.
    Files(i64),
    /// Comments that changed since then.
    Comments(Place, i64),
    /// All there are.
    Census(Form),
    /// Look after the known pages that were not listed.
    Missing,
}

/// Pages or blog posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    Pages,
    Posts,
}

/// Comments below a page, or on some of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    Footer,
    Inline,
}

impl Form {
    /// Its name in addresses.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Posts => "blogposts",
        }
    }
}

impl Place {
    /// Its name in addresses.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Footer => "footer-comments",
            Self::Inline => "inline-comments",
        }
    }
}

impl Position {
    /// Where the first pull begins, for documents made by `settings`.
    pub(super) fn start(settings: &str) -> Self {
        Self {
            version: VERSION,
            settings: settings.to_owned(),
            ..Self::default()
        }
    }

    /// Open a cursor; an absent one, and one of another version or of other settings, begins again.
    pub(super) fn read(cursor: Option<&Cursor>, settings: &str) -> Result<Self> {
        let Some(position) = cursor::read::<Self>(cursor, VERSION, "read Confluence cursor")? else {
            return Ok(Self::start(settings));
        };
        if position.settings != settings {
            let mut fresh = Self::start(settings);
            // What was read by other settings may have to go.
            fresh.census = i64::MIN;
            return Ok(fresh);
        }
        Ok(position)
    }

    /// The cursor to keep.
    pub(super) fn write(&self) -> Cursor {
        cursor::write(self)
    }

    /// Whether nothing was read yet.
    pub(super) fn is_new(&self) -> bool {
        self.high == 0
    }

    /// From when on the next run asks for changes: what both of the last runs may have missed is read again.
    pub(super) fn from(&self) -> i64 {
        self.before.min(self.high).saturating_sub(OVERLAP)
    }

    /// Forget what no later run asks for.
    pub(super) fn tidy(&mut self) {
        let from = self.from();
        self.seen.retain(|_, (_, at)| *at >= from);
        self.files.retain(|_, (_, at)| *at >= from);
        while self.seen.len() > SEEN {
            self.seen.pop_first();
        }
        while self.files.len() > SEEN {
            self.files.pop_first();
        }
        if self.tree.0.len() > TREE / 16 && String::from(self.tree.clone()).len() > TREE {
            self.tree = Tree::default();
            self.walk = Walk::default();
            self.many = true;
        }
    }

    /// Remember a label and the digest of its readers; whether that is new.
    pub(super) fn relabelled(&mut self, name: &str, label: Label) -> bool {
        if self.labels.get(name) == Some(&label) {
            return false;
        }
        if self.labels.len() < LABELS || self.labels.contains_key(name) {
            self.labels.insert(name.to_owned(), label);
        }
        true
    }

    /// Remember that a page was rejected.
    pub(super) fn reject(&mut self, id: u64) {
        if self.rejected.len() < REJECTED {
            self.rejected.insert(id);
        }
    }
}

impl Run {
    /// Go on to the page at `next`, or to the next task.
    ///
    /// # Errors
    /// `Unavailable` when the page was read before: the list goes round in a circle.
    pub(super) fn turn(&mut self, next: Option<String>) -> Result<()> {
        match &next {
            None => {
                self.used.clear();
                self.tasks.pop_front();
            }
            Some(next) if self.used.insert(digest(next)) => {}
            Some(_) => return Err(crate::atlassian::ask::endless()),
        }
        self.next = next;
        Ok(())
    }

    /// Put down a page or blog post to be read, with its comments or without.
    pub(super) fn put(&mut self, form: Form, id: u64, deep: bool) {
        match form {
            Form::Pages => self.pages.0.insert(id),
            Form::Posts => self.posts.0.insert(id),
        };
        if deep {
            self.deep.0.insert(id);
        }
    }

    /// Whether nothing is left to do.
    pub(super) fn ended(&self) -> bool {
        self.tasks.is_empty() && self.pages.is_empty() && self.posts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use domain::{Cursor, ErrorKind};

    use super::{Form, Ids, Place, Position, Run, Task};
    use crate::confluence::tree::{Kind, Node, Tree};

    #[test]
    fn a_position_reads_back() {
        let mut position = Position::start("s");
        position.seen.insert(7, (1, 3));
        position.files.insert("att1".into(), (1, 3));
        let mut run = Run {
            tasks: [
                Task::Space(Form::Posts, 3),
                Task::Comments(Place::Inline, i64::MIN),
                Task::Missing,
            ]
            .into(),
            ..Run::default()
        };
        run.put(Form::Posts, 9, true);
        position.run = Some(run);
        assert_eq!(Position::read(Some(&position.write()), "s").expect("ours"), position);
        assert!(Position::read(Some(&position.write()), "t").expect("other").census < 0);
    }

    #[test]
    fn another_version_begins_again_and_another_text_is_refused() {
        let later = Cursor(r#"{"version":2,"shape":"unknown"}"#.into());
        assert!(Position::read(Some(&later), "s").expect("later").is_new());
        for bad in ["", "null", "{}", "[1]", r#"{"version":1,"high":"x"}"#] {
            let error = Position::read(Some(&Cursor(bad.into())), "s").expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{bad}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut position = Position::start("s");
        let node = |id: u64| Node {
            space: 1,
            above: Some(id / 2),
            kind: Kind::Page,
        };
        position.tree = Tree((1..500_000).map(|id| (id * 50, node(id))).collect());
        position.seen = (0..20_000).map(|id| (id, (1, 1))).collect();
        (0..20_000).for_each(|id| position.reject(id));
        position.tidy();
        assert!(position.many && position.write().0.len() < 1 << 20);
    }

    #[test]
    fn a_cursor_holds_the_largest_tree_and_what_lists_told_of_it() {
        let mut position = Position::start("s");
        let id = |number: u64| number << 15;
        let node = |number: u64| Node {
            space: 1,
            above: Some(id(number.saturating_sub(100))),
            kind: Kind::Page,
        };
        position.tree = Tree((1..27_000).map(|number| (id(number), node(number))).collect());
        let all = Ids(position.tree.0.keys().copied().collect());
        position.walk.told = all.clone();
        position.walk.left_out = all.clone();
        position.run = Some(Run {
            listed: all,
            ..Run::default()
        });
        position.tidy();
        assert!(!position.many && position.write().0.len() < 1 << 20);
    }
}
