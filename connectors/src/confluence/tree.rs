//! Which page lies below which: what inherits whose restrictions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::cursor::Form;

/// How far up a page is followed, against circles.
const DEPTH: usize = 200;

/// Where a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) space: u64,
    /// The page above.
    pub(super) above: Option<u64>,
    pub(super) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Page,
    /// A page below something other than a page: a folder, a board. What is above must be asked for.
    Odd,
    Post,
}

impl Kind {
    /// In which list it is.
    pub(super) fn form(self) -> Form {
        match self {
            Self::Page | Self::Odd => Form::Pages,
            Self::Post => Form::Posts,
        }
    }
}

/// All pages and blog posts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Tree(pub(super) BTreeMap<u64, Node>);

impl Tree {
    /// A page and those above it, nearest first, and whether that is all of them as far as the tree knows.
    pub(super) fn chain(&self, page: u64) -> (Vec<u64>, bool) {
        let mut chain = vec![page];
        let mut at = page;
        while let Some(node) = self.0.get(&at) {
            match node.above {
                Some(above) if chain.len() < DEPTH && !chain.contains(&above) => chain.push(above),
                Some(_) => return (chain, false),
                None => return (chain, node.kind != Kind::Odd),
            }
            at = node.above.unwrap_or(at);
        }
        (chain, false)
    }

    /// All that lies below a page.
    pub(super) fn below(&self, page: u64) -> BTreeSet<u64> {
        let ids = self.0.keys().copied().filter(|id| *id != page);
        ids.filter(|id| self.chain(*id).0.contains(&page)).collect()
    }
}

impl From<Tree> for String {
    /// For each page the gap to the one before, a letter for its kind, the page above or else the space: `10001ps3,7p-7`.
    fn from(tree: Tree) -> Self {
        let mut text = Self::new();
        let mut last = 0;
        for (id, node) in &tree.0 {
            let letter = match node.kind {
                Kind::Page => 'p',
                Kind::Odd => 'o',
                Kind::Post => 'b',
            };
            let place = match node.above {
                Some(above) => format!("{}", i128::from(above) - i128::from(*id)),
                None => String::new(),
            };
            let kept = node.above.and_then(|above| tree.0.get(&above));
            let space = match kept.filter(|kept| kept.space == node.space) {
                Some(_) => String::new(),
                None => format!("s{}", node.space),
            };
            if !text.is_empty() {
                text.push(',');
            }
            write!(text, "{}{letter}{place}{space}", id - last).expect("a string takes anything");
            last = *id;
        }
        text
    }
}

impl TryFrom<String> for Tree {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        const BAD: &str = "not a tree of pages";
        let mut nodes: BTreeMap<u64, (Node, bool)> = BTreeMap::new();
        let mut last: u64 = 0;
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let at = part.find(|letter: char| !letter.is_ascii_digit()).ok_or(BAD)?;
            let (gap, rest) = part.split_at_checked(at).ok_or(BAD)?;
            last = gap
                .parse::<u64>()
                .ok()
                .and_then(|gap| last.checked_add(gap))
                .ok_or(BAD)?;
            let kind = match rest.chars().next() {
                Some('p') => Kind::Page,
                Some('o') => Kind::Odd,
                Some('b') => Kind::Post,
                Some(_) | None => return Err(BAD),
            };
            let rest = rest.get(1..).ok_or(BAD)?;
            let (place, space) = rest
                .split_once('s')
                .map_or((rest, None), |(place, space)| (place, Some(space)));
            let above = if place.is_empty() {
                None
            } else {
                let delta: i128 = place.parse().map_err(|_error: std::num::ParseIntError| BAD)?;
                Some(u64::try_from(i128::from(last) + delta).map_err(|_error: std::num::TryFromIntError| BAD)?)
            };
            let told = space
                .map(str::parse::<u64>)
                .transpose()
                .map_err(|_error: std::num::ParseIntError| BAD)?;
            let space = told.unwrap_or(0);
            nodes.insert(last, (Node { space, above, kind }, told.is_some()));
        }
        let space = |id: u64| {
            let mut at = id;
            for _ in 0..DEPTH {
                let (node, told) = nodes.get(&at)?;
                if *told {
                    return Some(node.space);
                }
                at = node.above?;
            }
            None
        };
        let whole = nodes.iter().map(|(id, (node, _))| {
            let space = space(*id).unwrap_or(0);
            (*id, Node { space, ..*node })
        });
        Ok(Self(whole.collect()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, Node, Tree};

    fn page(space: u64, above: Option<u64>) -> Node {
        Node {
            space,
            above,
            kind: Kind::Page,
        }
    }

    #[test]
    fn a_page_is_followed_to_the_top_and_never_in_a_circle() {
        let mut tree = Tree([(1, page(9, None)), (2, page(9, Some(1))), (3, page(9, Some(2)))].into());
        assert_eq!(tree.chain(3), (vec![3, 2, 1], true));
        assert_eq!(tree.below(1), [2, 3].into());
        tree.0.insert(1, page(9, Some(3)));
        assert_eq!(tree.chain(3), (vec![3, 2, 1], false));
        assert_eq!(tree.chain(7), (vec![7], false));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            parts in proptest::collection::btree_map(1u64..500, (proptest::option::of(1u64..500), 0u8..3), 0..60)
        ) {
            // Below one another only towards smaller ids, so that each has a space.
            let nodes = parts.into_iter().map(|(id, (above, kind))| {
                let kind = [Kind::Page, Kind::Odd, Kind::Post][usize::from(kind)];
                (id, Node { space: 77, above: above.filter(|above| *above < id), kind })
            });
            let tree = Tree(nodes.collect());
            prop_assert_eq!(Tree::try_from(String::from(tree.clone())).expect("ours"), tree);
        }

        #[test]
        fn other_text_is_refused_or_read(text in "[0-9pobs,-]{0,30}") {
            drop(Tree::try_from(text));
        }
    }
}
