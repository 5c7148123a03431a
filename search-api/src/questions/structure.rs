//! The shape of the whole graph that a caller sees: what is central in it, and what belongs together.

use std::collections::BTreeMap;

use domain::seam::{EdgeFilter, Measure, Ranking};
use domain::{Caller, EdgeKind, Error, Key, NodeKind, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::Ground;
use super::item::Item;
use super::people::rounded;
use crate::search::{Explore, bounded};

/// The most things of one answer.
const MAX_ANSWERS: usize = 200;
/// How many things are looked at to find those of one kind.
const DEEP: usize = 20_000;
/// Members shown of a community.
const SHOWN: usize = 10;

/// What is to be ranked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CentralRequest {
    /// By what.
    pub measure: Measure,
    /// Only things of this kind, if set.
    pub kind: Option<NodeKind>,
    /// Over edges of these kinds; empty: all.
    pub edges: Vec<EdgeKind>,
    /// How many, 1 to 200.
    pub limit: usize,
}

/// What is central in the graph.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Central {
    /// By what.
    pub measure: &'static str,
    /// Things, the most central first.
    pub things: Vec<Ranked>,
}

/// Something with its rank.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Ranked {
    /// What.
    #[serde(flatten)]
    pub item: Item,
    /// Its share of the best of all kinds.
    pub score: f32,
}

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Communities {
    /// Groups of things, the largest first.
    pub communities: Vec<CommunityAnswer>,
}

/// Things that are tied more closely to each other than to the rest.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CommunityAnswer {
    /// How many things.
    pub size: u64,
    /// How many of its best-tied things are of each kind.
    pub kinds: BTreeMap<String, usize>,
    /// The best-tied things.
    pub members: Vec<Item>,
}

/// The name of a measure in questions and answers.
///
/// # Errors
/// `Invalid`, listing the names, when there is no such measure.
pub fn measure(name: &str) -> Result<Measure> {
    match name {
        "pagerank" => Ok(Measure::PageRank),
        "degree" => Ok(Measure::Degree),
        "betweenness" => Ok(Measure::Betweenness),
        other => Err(Error::invalid("read measure", format!("`{other}` is no measure"))
            .with_hint("measures are: pagerank, degree, betweenness")),
    }
}

fn name(measure: Measure) -> &'static str {
    match measure {
        Measure::PageRank => "pagerank",
        Measure::Degree => "degree",
        Measure::Betweenness => "betweenness",
    }
}

impl Explore {
    /// The most central things of the graph that the caller sees, and of nothing else.
    ///
    /// # Errors
    /// `Invalid` for a limit out of range; whatever a backend reports.
    pub async fn central(&self, caller: &Caller, request: CentralRequest) -> Result<Central> {
        bounded("limit", request.limit, MAX_ANSWERS)?;
        let ground = Ground::of(self, caller).await?;
        let ranking = Ranking {
            scope: ground.scope.clone(),
            measure: request.measure,
            edges: EdgeFilter::kinds(request.edges),
            limit: if request.kind.is_some() { DEEP } else { request.limit },
        };
        let ranked = self.graph.rank(&ranking).await?;
        let best = ranked.first().map_or(1.0, |(_, score)| score.max(f64::MIN_POSITIVE));
        let wanted = request.kind.map(NodeKind::as_str);
        let mut things = Vec::new();
        for part in ranked.chunks(request.limit) {
            let keys: Vec<Key> = part.iter().map(|(key, _)| key.clone()).collect();
            for (item, (_, score)) in ground.items(&keys).await?.into_iter().zip(part) {
                if wanted.is_none() || item.kind.as_deref() == wanted {
                    let score = rounded(score / best);
                    things.push(Ranked { item, score });
                }
            }
            if things.len() >= request.limit {
                break;
            }
        }
        things.truncate(request.limit);
        Ok(Central {
            measure: name(request.measure),
            things,
        })
    }

    /// What belongs together in the graph that the caller sees; at most `limit` groups, 1 to 200.
    ///
    /// # Errors
    /// `Invalid` for a limit out of range; whatever a backend reports.
    pub async fn communities(&self, caller: &Caller, limit: usize) -> Result<Communities> {
        bounded("limit", limit, MAX_ANSWERS)?;
        let ground = Ground::of(self, caller).await?;
        let mut communities = Vec::new();
        for community in self.graph.communities(&ground.scope, limit).await? {
            let mut members = ground.items(&community.members).await?;
            let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
            for kind in members.iter().filter_map(|member| member.kind.clone()) {
                *kinds.entry(kind).or_default() += 1;
            }
            members.truncate(SHOWN);
            communities.push(CommunityAnswer {
                size: community.size,
                kinds,
                members,
            });
        }
        Ok(Communities { communities })
    }
}

impl Ground<'_> {
    /// The things of these keys, in their order.
    async fn items(&self, keys: &[Key]) -> Result<Vec<Item>> {
        let documents = self.documents(keys).await?;
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            items.push(match documents.get(key) {
                Some(document) => document.into(),
                None => self.node_item(key).await?,
            });
        }
        Ok(items)
    }
}
