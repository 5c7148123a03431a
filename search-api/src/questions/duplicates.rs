//! Issues that say the same as one: by words, by meaning, and by what they are about.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::Direction;
use domain::{Caller, Document, DocumentId, DocumentKind, EdgeKind, Error, Filter, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::ground::{Ground, other};
use super::item::{Item, is_work};
use super::people::{rounded, shares};
use super::related::text_of;
use crate::search::{Mode, Search, bounded};

/// Text of the issue that is compared, in bytes.
const TEXT: usize = 4000;
/// The most issues of one answer.
const MAX_ISSUES: usize = 50;
/// How much a shared component or label adds to scores that go up to 1 for each way of reading.
const SHARED: f64 = 0.1;

/// Issues that may say the same.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Duplicates {
    /// The issue.
    pub subject: Item,
    /// Issues, the likeliest first.
    pub duplicates: Vec<Duplicate>,
}

/// An issue that may say the same.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Duplicate {
    /// The issue.
    #[serde(flatten)]
    pub item: Item,
    /// The likeliest of the answer has 1.
    pub score: f32,
    /// Why.
    pub likeness: Likeness,
    /// Whether somebody has already said so.
    pub known: bool,
}

/// In what two issues are alike, each as a share of what is most alike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Likeness {
    /// The titles, in words and meaning.
    pub title: f32,
    /// The whole, in words.
    pub words: f32,
    /// The whole, in meaning.
    pub meaning: f32,
    /// Components and labels that both have, as a share of those that either has.
    pub labels: f32,
}

/// Scores on their way: title, words, meaning.
type Legs = [f64; 3];

impl Search {
    /// Issues that may say the same as the issue of this name; at most `limit`, 1 to 50.
    ///
    /// # Errors
    /// `NotFound` when the caller sees no such thing; `Invalid` for something that is no issue or pull request, or a limit out of range.
    pub async fn duplicates(&self, caller: &Caller, name: &str, limit: usize) -> Result<Duplicates> {
        bounded("limit", limit, MAX_ISSUES)?;
        let ground = Ground::of(&self.explore, caller).await?;
        let (key, documents) = ground.named(name).await?;
        let Some(subject) = documents.into_iter().find(|one| one.key == key && is_work(one)) else {
            return Err(Error::invalid("find duplicates", format!("`{key}` is no issue"))
                .with_hint("name an issue or pull request"));
        };
        let told = ground
            .around(&key, &[EdgeKind::Duplicates], Direction::Both, 100)
            .await?;
        let told: BTreeSet<_> = told.edges.iter().map(|edge| other(edge, &key).clone()).collect();
        let mut duplicates = Vec::new();
        for (score, likeness, document) in self.likely(&subject, &ground).await?.into_iter().take(limit) {
            duplicates.push(Duplicate {
                known: told.contains(&document.key),
                item: (&document).into(),
                score: rounded(score),
                likeness,
            });
        }
        Ok(Duplicates {
            subject: (&subject).into(),
            duplicates,
        })
    }

    async fn likely(&self, subject: &Document, ground: &Ground<'_>) -> Result<Vec<(f64, Likeness, Document)>> {
        let mut filter = Filter::visible(ground.scope.visible.clone());
        filter.kinds = vec![DocumentKind::Issue, DocumentKind::PullRequest];
        let whole = likeness_text(subject);
        let ways = [
            (subject.title.as_str(), Mode::Fused),
            (&whole, Mode::Lexical),
            (&whole, Mode::Dense),
        ];
        let mut legs: BTreeMap<DocumentId, Legs> = BTreeMap::new();
        for (leg, (text, mode)) in ways.into_iter().enumerate() {
            let mut ranked = self.rank(text, &filter, mode).await?;
            ranked.retain(|one| one.document != subject.id);
            for (document, share) in shares(&ranked) {
                legs.entry(document).or_default()[leg] = share.clamp(0.0, 1.0);
            }
        }
        let ids: Vec<DocumentId> = legs.keys().copied().collect();
        let documents = self.explore.documents.documents(&ids, &ground.scope.visible).await?;
        let mut likely: Vec<_> = documents
            .into_iter()
            .filter(|document| document.key != subject.key)
            .filter_map(|document| {
                let (score, likeness) = score(legs.get(&document.id)?, labels(subject, &document));
                Some((score, likeness, document))
            })
            .collect();
        likely.sort_by(|(a, _, left), (b, _, right)| b.total_cmp(a).then_with(|| left.key.cmp(&right.key)));
        let best = likely.first().map_or(1.0, |(score, ..)| score.max(f64::MIN_POSITIVE));
        for (score, ..) in &mut likely {
            *score /= best;
        }
        Ok(likely)
    }
}

/// What of an issue is compared with others: its title and the beginning of its text.
pub fn likeness_text(issue: &Document) -> String {
    text_of(issue, TEXT)
}

fn score([title, words, meaning]: &Legs, labels: f64) -> (f64, Likeness) {
    let likeness = Likeness {
        title: rounded(*title),
        words: rounded(*words),
        meaning: rounded(*meaning),
        labels: rounded(labels),
    };
    (title + words + meaning + SHARED * labels, likeness)
}

/// The share of labels and components that both have.
fn labels(one: &Document, other: &Document) -> f64 {
    let set = |document: &Document| -> BTreeSet<String> {
        document
            .field("label")
            .iter()
            .map(|label| label.to_lowercase())
            .collect()
    };
    let (one, other) = (set(one), set(other));
    let either = one.union(&other).count();
    #[expect(clippy::cast_precision_loss, reason = "a few labels")]
    let share = one.intersection(&other).count() as f64 / either.max(1) as f64;
    share
}
