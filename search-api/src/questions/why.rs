//! Why a line, a file or a symbol is as it is: from the commits that made it to the pull requests, issues, threads and pages behind them.

use std::collections::{BTreeMap, VecDeque};

use domain::seam::{Direction, EdgeView, NodeView};
use domain::{Caller, Document, DocumentKind, EdgeKind, Error, ErrorKind, Key, NodeKind, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::{Around, Ground, other};
use super::item::Item;
use crate::search::{Explore, Step};

/// Commits told of.
const COMMITS: usize = 5;
/// Things told of behind each.
const REASONS: usize = 12;
/// Edges looked at, at each step of a chain.
const LOOK: usize = 100;

/// The edges that lead from what was done to why.
const REASONED: [EdgeKind; 7] = [
    EdgeKind::Merges,
    EdgeKind::Closes,
    EdgeKind::References,
    EdgeKind::Discusses,
    EdgeKind::Documents,
    EdgeKind::LinksTo,
    EdgeKind::Duplicates,
];

/// Why something is as it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Why {
    /// The file or symbol.
    pub subject: Item,
    /// The line that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// How the commits were found: `blame` (they wrote the line) or `touches` (they changed the thing, newest first).
    pub by: &'static str,
    /// The commits, with what is behind each.
    pub origins: Vec<Origin>,
}

/// A commit and what is behind it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Origin {
    /// The commit.
    pub commit: Item,
    /// The key of its author's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Pull requests first, then issues, then threads, discussions and pages; the nearest of each first.
    pub reasons: Vec<Reason>,
}

/// Something behind a commit.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Reason {
    /// What.
    #[serde(flatten)]
    pub item: Item,
    /// The steps that lead to it from the commit.
    pub via: Vec<Step>,
}

impl Explore {
    /// Why the thing of this name is as it is: `FILE:LINE`, a file or a symbol.
    ///
    /// # Errors
    /// `NotFound` when the caller sees no such thing; `Invalid` for a line that the file does not have.
    pub async fn why(&self, caller: &Caller, name: &str) -> Result<Why> {
        let ground = Ground::of(self, caller).await?;
        let (key, line) = ground.place(name).await?;
        let (by, commits) = ground.origins(&key, line).await?;
        let mut origins = Vec::new();
        for commit in commits.into_iter().take(COMMITS) {
            let reasons = ground.reasons(&commit.key).await?;
            origins.push(Origin {
                author: commit.author.as_ref().map(ToString::to_string),
                commit: Item::from(&commit),
                reasons,
            });
        }
        let subject = ground.subject(&key).await?;
        Ok(Why {
            subject,
            line,
            by,
            origins,
        })
    }
}

impl Ground<'_> {
    /// A name, or a name with a line behind a colon.
    async fn place(&self, name: &str) -> Result<(Key, Option<u32>)> {
        match self.named(name).await {
            Ok((key, _)) => Ok((key, None)),
            Err(error) => {
                let split = name
                    .rsplit_once(':')
                    .and_then(|(file, line)| Some((file, line.parse::<u32>().ok()?)));
                let Some((file, line)) = split else { return Err(error) };
                if line == 0 {
                    return Err(Error::invalid("read place", "lines are counted from 1"));
                }
                let (key, _) = self.named(file).await?;
                Ok((key, Some(line)))
            }
        }
    }

    /// The commits that made a line or a thing what it is, and how they were found.
    async fn origins(&self, key: &Key, line: Option<u32>) -> Result<(&'static str, Vec<Document>)> {
        if let Some(line) = line
            && let Some(commits) = self.blamed(key, line).await?
        {
            return Ok(("blame", commits));
        }
        let commits = self.touching(key, COMMITS).await?;
        if !commits.is_empty() {
            return Ok(("touches", commits));
        }
        // Of a symbol that no commit is known to have touched, its file's commits.
        let file = self.around(key, &[EdgeKind::Defines], Direction::In, 1).await?;
        match file.edges.first() {
            Some(edge) => Ok(("touches", self.touching(&edge.from, COMMITS).await?)),
            None => Ok(("touches", Vec::new())),
        }
    }

    /// The commit that wrote a line, as far as he sees it; `None` where no repository tells. Only a source whose file he sees is asked:
    /// the repository itself knows nothing of who asks.
    async fn blamed(&self, file: &Key, line: u32) -> Result<Option<Vec<Document>>> {
        let Some(lines) = &self.explore.lines else {
            return Ok(None);
        };
        let files = self
            .explore
            .catalogue
            .under(std::slice::from_ref(file), &self.scope.visible)
            .await?;
        for document in files.iter().filter(|document| document.kind == DocumentKind::File) {
            match lines.blame(&document.source, file, line..=line).await {
                Ok(spans) => {
                    let commits = self.documents(spans.iter().map(|span| &span.commit)).await?;
                    return Ok(Some(commits.into_values().collect()));
                }
                // An archive of commits has no lines, but knows who touched the file.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// A thing by its key.
    pub(super) async fn subject(&self, key: &Key) -> Result<Item> {
        let documents = self.documents([key]).await?;
        if let Some(document) = documents.get(key) {
            return Ok(document.into());
        }
        self.node_item(key).await
    }

    /// The newest commits that touched a file or symbol, newest first.
    pub(super) async fn touching(&self, key: &Key, most: usize) -> Result<Vec<Document>> {
        let mut changes = self.changes(key).await?;
        changes.retain(|(_, change)| change.scheme() == "commit");
        changes.truncate(most);
        let mut commits = self.documents(changes.iter().map(|(_, change)| change)).await?;
        Ok(changes
            .iter()
            .filter_map(|(_, change)| commits.remove(change))
            .collect())
    }

    /// What is behind a commit. Each step leads on in the order commit, pull request, issue, conversation or page, never back: a page that
    /// names an issue also names others, which have nothing to do with the commit.
    pub(super) async fn reasons(&self, commit: &Key) -> Result<Vec<Reason>> {
        let mut trail = Trail::new(commit);
        let mut next = VecDeque::from([(commit.clone(), 0)]);
        while let Some((from, before)) = next.pop_front() {
            let Around { mut nodes, edges } = self.around(&from, &REASONED, Direction::Both, LOOK).await?;
            for edge in edges {
                let to = other(&edge, &from).clone();
                let Some(stage) = nodes
                    .get(&to)
                    .and_then(|node| stage(node.kind))
                    .filter(|stage| *stage > before)
                else {
                    continue;
                };
                let Some(node) = nodes.remove(&to).filter(|_| trail.is_new(&to)) else {
                    continue;
                };
                trail.reached.insert(
                    to.clone(),
                    Reached {
                        from: from.clone(),
                        edge,
                        stage,
                        node,
                    },
                );
                next.push_back((to, stage));
            }
        }
        self.tell(trail).await
    }

    async fn tell(&self, trail: Trail<'_>) -> Result<Vec<Reason>> {
        let documents = self.documents(trail.reached.keys()).await?;
        let mut order: Vec<(u8, Vec<EdgeView>, &Key)> = trail
            .reached
            .iter()
            .map(|(key, one)| (one.stage, trail.way(key), key))
            .collect();
        order.sort_by_key(|(stage, way, key)| (*stage, way.len(), *key));
        let mut reasons = Vec::new();
        for (_, way, key) in order.into_iter().take(REASONS) {
            let hops = way.len();
            let via = self.steps(way).await?;
            // A step whose document is gone meanwhile leads nowhere.
            if via.len() == hops {
                let item = documents
                    .get(key)
                    .map(Item::from)
                    .or_else(|| Some((&trail.reached.get(key)?.node).into()));
                reasons.extend(item.map(|item| Reason { item, via }));
            }
        }
        Ok(reasons)
    }
}

/// How far from the doing to the why a thing is; `None` for what is neither.
fn stage(kind: Option<NodeKind>) -> Option<u8> {
    const STAGES: [(NodeKind, u8); 5] = [
        (NodeKind::PullRequest, 1),
        (NodeKind::Issue, 2),
        (NodeKind::Thread, 3),
        (NodeKind::Discussion, 3),
        (NodeKind::Page, 4),
    ];
    STAGES.iter().find(|(of, _)| Some(*of) == kind).map(|(_, stage)| *stage)
}

/// The tree of steps from a commit.
struct Trail<'a> {
    root: &'a Key,
    reached: BTreeMap<Key, Reached>,
}

/// Something reached, and the step that led to it.
struct Reached {
    from: Key,
    edge: EdgeView,
    stage: u8,
    node: NodeView,
}

impl<'a> Trail<'a> {
    fn new(root: &'a Key) -> Self {
        Self {
            root,
            reached: BTreeMap::new(),
        }
    }

    fn is_new(&self, key: &Key) -> bool {
        key != self.root && !self.reached.contains_key(key) && self.reached.len() < LOOK
    }

    /// The steps from the root to `key`: the stage falls with every step back, so there is an end.
    fn way(&self, key: &Key) -> Vec<EdgeView> {
        let (mut way, mut at) = (Vec::new(), key);
        while let Some(reached) = self.reached.get(at) {
            way.push(reached.edge.clone());
            at = &reached.from;
        }
        way.reverse();
        way
    }
}
