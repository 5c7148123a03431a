//! Which symbols a commit touches: the innermost definitions around the lines that it changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::Key;
use domain::seam::{Definition, Outline};
use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::diff::blob::{Algorithm, InternedInput, diff_with_slider_heuristics};

use super::Inner;
use super::skip;
use super::text;
use super::tree::Changed;

/// Symbols that one commit is said to touch.
const MAX_SYMBOLS: usize = 200;
/// A commit that changes more files is an import or a reformatting, and touches no symbol in particular.
const MAX_FILES: usize = 100;
/// Larger files are not compared.
const MAX_BYTES: u64 = 256 << 10;
/// What of one commit is compared in all; the files after that are not.
const MAX_COMMIT_BYTES: u64 = 4 << 20;

/// Compares the files of commits.
#[derive(Clone, Copy)]
pub(super) struct Tracer<'a> {
    inner: &'a Inner,
    outline: &'a dyn Outline,
}

/// One side of a changed file.
struct Side {
    blob: ObjectId,
    text: String,
}

impl<'a> Tracer<'a> {
    /// None where nobody knows languages.
    pub(super) fn new(inner: &'a Inner) -> Option<Self> {
        let outline = inner.outline.as_deref()?;
        Some(Self { inner, outline })
    }

    /// The symbols that a commit of these changes touches, by file, at most 200: of the new content, and those of the old that
    /// are gone. A file that only moved touches none.
    pub(super) fn touched(self, repository: &gix::Repository, changes: &[Changed]) -> Vec<Key> {
        if changes.len() > MAX_FILES {
            return Vec::new();
        }
        let gone: BTreeSet<ObjectId> = changes
            .iter()
            .filter(|it| it.new.is_none())
            .filter_map(|it| it.old)
            .collect();
        let come: BTreeSet<ObjectId> = changes
            .iter()
            .filter(|it| it.old.is_none())
            .filter_map(|it| it.new)
            .collect();
        let (mut keys, mut budget) = (Vec::new(), MAX_COMMIT_BYTES);
        for change in changes {
            let whole = if change.old.is_none() { change.new } else { change.old };
            let moved = whole.is_some_and(|blob| gone.contains(&blob) && come.contains(&blob));
            let path = text::path(&change.path);
            let known = self.outline.covers(&path) && !skip::by_path(change.path.as_bstr(), false);
            if moved || !known {
                continue;
            }
            let old = side(repository, (&change.path, change.old), &mut budget);
            let new = side(repository, (&change.path, change.new), &mut budget);
            let complete = old.is_some() == change.old.is_some() && new.is_some() == change.new.is_some();
            if !complete {
                continue;
            }
            let names = self.names(&path, old.as_ref(), new.as_ref());
            keys.extend(
                names
                    .into_iter()
                    .map(|name| Key::symbol(&self.inner.repository, &path, &name)),
            );
            if keys.len() >= MAX_SYMBOLS {
                keys.truncate(MAX_SYMBOLS);
                break;
            }
        }
        keys
    }

    /// The names of the touched symbols of one file, sorted.
    fn names(self, path: &str, old: Option<&Side>, new: Option<&Side>) -> BTreeSet<String> {
        let (Some(old), Some(new)) = (old, new) else {
            let Some(only) = old.or(new) else {
                return BTreeSet::new();
            };
            return self.outline(path, only).iter().map(|it| it.name.clone()).collect();
        };
        let input = InternedInput::new(old.text.as_str(), new.text.as_str());
        let hunks: Vec<_> = diff_with_slider_heuristics(Algorithm::Histogram, &input)
            .hunks()
            .collect();
        if hunks.is_empty() {
            return BTreeSet::new();
        }
        let after = self.outline(path, new);
        let owners = Owners::of(&after);
        let mut names = BTreeSet::new();
        for hunk in &hunks {
            names.extend(
                owners
                    .within(hunk.after.start, hunk.after.end)
                    .map(|it| it.name.clone()),
            );
        }
        if hunks.iter().any(|hunk| !hunk.before.is_empty()) {
            let kept: BTreeSet<&str> = after.iter().map(|it| it.name.as_str()).collect();
            let before = self.outline(path, old);
            let owners = Owners::of(&before);
            let removed = hunks.iter().filter(|hunk| !hunk.before.is_empty());
            let touched = removed.flat_map(|hunk| owners.within(hunk.before.start, hunk.before.end));
            names.extend(
                touched
                    .filter(|it| !kept.contains(it.name.as_str()))
                    .map(|it| it.name.clone()),
            );
        }
        names
    }

    fn outline(self, path: &str, side: &Side) -> Arc<[Definition]> {
        self.inner.outlines.of(self.outline, path, (side.blob, &side.text))
    }
}

/// The content to compare; none where it is absent, too large, or nothing that a person wrote.
fn side(repository: &gix::Repository, (path, blob): (&BString, Option<ObjectId>), budget: &mut u64) -> Option<Side> {
    let blob = blob?;
    let size = repository.find_header(blob).ok()?.size();
    if size > MAX_BYTES {
        return None;
    }
    *budget = budget.checked_sub(size)?;
    let bytes = repository.find_blob(blob).ok()?.take_data();
    let text = skip::readable(path.as_bstr(), bytes)?;
    Some(Side { blob, text })
}

/// The innermost definition of each line.
struct Owners<'a> {
    definitions: &'a [Definition],
    /// By line, the first being 0: the definition's index.
    lines: Vec<Option<usize>>,
}

impl<'a> Owners<'a> {
    fn of(definitions: &'a [Definition]) -> Self {
        let last = definitions.iter().map(|it| it.last).max().unwrap_or_default();
        let mut lines = vec![None; last as usize];
        for (index, definition) in definitions.iter().enumerate() {
            let span = definition.first.saturating_sub(1) as usize..definition.last as usize;
            if let Some(span) = lines.get_mut(span) {
                span.fill(Some(index));
            }
        }
        Self { definitions, lines }
    }

    /// The definitions of the lines from `start` to before `end`, the first line being 0. Where there is none between, as lines
    /// were only taken out, what encloses both sides of the place.
    fn within(&self, start: u32, end: u32) -> impl Iterator<Item = &'a Definition> {
        let around = (start == end).then(|| {
            let holds = |it: &&Definition| it.first <= start && it.last > start;
            self.definitions.iter().rev().find(holds)
        });
        let lines = self
            .lines
            .get(start as usize..(end as usize).min(self.lines.len()))
            .unwrap_or_default();
        let owners: BTreeSet<usize> = lines.iter().copied().flatten().collect();
        let definitions = self.definitions;
        around
            .flatten()
            .into_iter()
            .chain(owners.into_iter().filter_map(move |index| definitions.get(index)))
    }
}

#[cfg(test)]
mod tests {
    use domain::seam::Definition;

    use super::Owners;

    fn definition(name: &str, first: u32, last: u32) -> Definition {
        Definition {
            name: name.to_owned(),
            first,
            last,
        }
    }

    #[test]
    fn a_line_belongs_to_the_innermost_definition() {
        let definitions = [definition("A", 2, 9), definition("A.f", 3, 5), definition("A.g", 7, 8)];
        let owners = Owners::of(&definitions);
        let names = |start, end| owners.within(start, end).map(|it| it.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names(0, 1), Vec::<&str>::new());
        assert_eq!(names(1, 2), ["A"]);
        assert_eq!(names(2, 5), ["A.f"]);
        assert_eq!(names(4, 7), ["A", "A.f", "A.g"]);
        assert_eq!(names(0, 100), ["A", "A.f", "A.g"]);
        assert_eq!(names(40, 50), Vec::<&str>::new());
    }

    #[test]
    fn lines_that_were_taken_out_belong_to_what_encloses_the_place() {
        let definitions = [definition("A", 2, 9), definition("A.f", 3, 5)];
        let owners = Owners::of(&definitions);
        let names = |at| owners.within(at, at).map(|it| it.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names(0), Vec::<&str>::new());
        assert_eq!(names(1), Vec::<&str>::new(), "just above A");
        assert_eq!(names(2), ["A"]);
        assert_eq!(names(4), ["A.f"]);
        assert_eq!(names(5), ["A"]);
        assert_eq!(names(9), Vec::<&str>::new());
    }
}
