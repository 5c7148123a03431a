//! Properties over random worlds, against the oracle and against the store itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use domain::seam::graph::Size;
use domain::seam::{Community, GraphStore, Measure, Path, Scope};
use domain::{DocumentFacts, DocumentId, Error, ErrorKind, Key, Result as Answer};
use proptest::collection::vec;
use proptest::prelude::*;

use super::random::{NAMES, Questions, batches, edge, facts, holds, questions, sparse, sparse_questions};
use super::{Oracle, ranking};

pub(super) async fn facts_read_back_as_given(store: &dyn GraphStore, worlds: u32) {
    holds(worlds, batches(), async |batches| {
        let oracle = fill(store, batches).await?;
        same("all facts", &scan(store, 3).await?, &oracle.scan())?;
        same("the size", &store.size().await.map_err(text)?, &oracle.size())
    })
    .await;
}

pub(super) async fn answers_equal_the_oracle(store: &dyn GraphStore, worlds: u32) {
    holds(worlds, (batches(), questions(4)), async |(batches, questions)| {
        let oracle = fill(store, batches).await?;
        ask(store, &oracle, &questions).await
    })
    .await;
}

pub(super) async fn paths_in_a_sparse_world_equal_the_oracle(store: &dyn GraphStore, worlds: u32) {
    holds(worlds, (sparse(), sparse_questions()), async |(batch, questions)| {
        let oracle = fill(store, vec![batch]).await?;
        ask(store, &oracle, &questions).await
    })
    .await;
}

pub(super) async fn what_was_closed_opens_the_same<S: GraphStore, F: AsyncFn() -> S>(open: F, worlds: u32) {
    holds(worlds, (batches(), questions(4)), async |(batches, questions)| {
        let store = open().await;
        let oracle = fill(&store, batches).await?;
        let before = transcript(&store, &questions).await?;
        drop(store);
        let store = open().await;
        same("answers", &transcript(&store, &questions).await?, &before)?;
        same("all facts", &scan(&store, 4).await?, &oracle.scan())?;
        same("the size", &store.size().await.map_err(text)?, &oracle.size())?;
        // What is numbered anew must not meet what is numbered already.
        let taken_back = oracle
            .scan()
            .into_iter()
            .map(|one| DocumentFacts::none(one.document, one.access));
        store.replace(taken_back.collect()).await.map_err(text)?;
        same(
            "the size when empty",
            &store.size().await.map_err(text)?,
            &Size::default(),
        )
    })
    .await;
}

pub(super) async fn the_order_of_arrival_does_not_matter(store: &dyn GraphStore, worlds: u32) {
    let world = (batches(), batches(), questions(4), any::<bool>());
    holds(worlds, world, async |(first, last, questions, one_by_one)| {
        let mut oracle = Oracle::default();
        for batch in &last {
            oracle.replace(batch.clone());
        }
        let taken_back = first
            .iter()
            .flatten()
            .map(|one| DocumentFacts::none(one.document, one.access.clone()));
        let mut end = oracle.scan();
        if one_by_one {
            end.reverse();
        }
        let end = end.chunks(if one_by_one { 1 } else { 100 }).map(<[_]>::to_vec);
        // The same facts, once alone and once after others that are taken back or overwritten.
        let detour = first
            .iter()
            .cloned()
            .chain([taken_back.collect()])
            .chain(last)
            .chain(end.clone())
            .collect();
        fill(store, end.collect()).await?;
        let direct = (transcript(store, &questions).await?, scan(store, 100).await?);
        fill(store, detour).await?;
        same(
            "answers",
            &(transcript(store, &questions).await?, scan(store, 100).await?),
            &direct,
        )
    })
    .await;
}

pub(super) async fn repeating_changes_nothing(store: &dyn GraphStore, worlds: u32) {
    holds(worlds, (batches(), questions(4)), async |(batches, questions)| {
        let oracle = fill(store, batches).await?;
        let before = (transcript(store, &questions).await?, scan(store, 100).await?);
        store.replace(oracle.scan()).await.map_err(text)?;
        same(
            "answers",
            &(transcript(store, &questions).await?, scan(store, 100).await?),
            &before,
        )
    })
    .await;
}

/// Two worlds with the same visible facts; all else differs: documents under other labels, edges that need one more label,
/// and how things came about.
pub(super) async fn hidden_facts_change_no_answer(store: &dyn GraphStore, worlds: u32) {
    let hidden = || {
        (
            vec(facts(20..29, 2..4, false), 0..8),
            vec(vec(edge(2..4, true), 0..5), 9),
        )
    };
    let world = (vec(facts(0..9, 0..2, false), 1..9), hidden(), hidden(), questions(2));
    holds(worlds, world, async |(seen, one, other, questions)| {
        let mut transcripts = Vec::new();
        for ((documents, edges), hidden_first) in [(one, true), (other, false)] {
            let mut seen = seen.clone();
            for (one, more) in seen.iter_mut().zip(edges) {
                one.edges.splice(0..0, more);
            }
            let steps = if hidden_first {
                vec![documents, seen]
            } else {
                vec![seen, documents]
            };
            fill(store, steps).await?;
            transcripts.push(transcript(store, &questions).await?);
        }
        same("answers", &transcripts[0], &transcripts[1])
    })
    .await;
}

/// The same questions by a caller to whom some documents are revoked, with these documents and without.
pub(super) async fn revoked_facts_change_no_answer(store: &dyn GraphStore, worlds: u32) {
    let world = (
        vec(facts(0..9, 0..4, false), 1..9),
        vec(facts(20..29, 0..4, false), 0..8),
        questions(4),
    );
    holds(worlds, world, async |(seen, revoked, questions)| {
        let questions = questions.without(revoked.iter().map(|one| one.document).collect());
        fill(store, vec![seen.clone()]).await?;
        let expected = transcript(store, &questions).await?;
        let oracle = fill(store, vec![revoked, seen]).await?;
        ask(store, &oracle, &questions).await?;
        same("answers", &transcript(store, &questions).await?, &expected)
    })
    .await;
}

/// Put a world into the store in place of what it has.
async fn fill(store: &dyn GraphStore, batches: Vec<Vec<DocumentFacts>>) -> Result<Oracle, String> {
    let mut oracle = Oracle::default();
    store.clear().await.map_err(text)?;
    same(
        "the size when empty",
        &store.size().await.map_err(text)?,
        &Size::default(),
    )?;
    for batch in batches {
        oracle.replace(batch.clone());
        store.replace(batch).await.map_err(text)?;
    }
    Ok(oracle)
}

/// All facts, by pages of `limit`.
async fn scan(store: &dyn GraphStore, limit: usize) -> Result<Vec<DocumentFacts>, String> {
    let mut all: Vec<DocumentFacts> = Vec::new();
    loop {
        let after: Option<DocumentId> = all.last().map(|one| one.document);
        let page = store.scan(after, limit).await.map_err(text)?;
        let last = page.len() < limit;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

async fn ask(store: &dyn GraphStore, oracle: &Oracle, questions: &Questions) -> Result<(), String> {
    let scope = &questions.scope;
    for name in NAMES {
        same(
            name,
            &store.node(name, scope).await.map_err(text)?,
            &oracle.node(name, scope),
        )?;
    }
    for expansion in &questions.expansions {
        let got = seen(store.expand(expansion.clone()).await)?;
        same(&format!("{expansion:?}"), &got, &oracle.expand(expansion))?;
    }
    for query in &questions.paths {
        let got = seen(store.paths(query.clone()).await)?;
        let expected = oracle.paths(query);
        same(
            &format!("{query:?}"),
            &got.clone().map(weightless),
            &expected.clone().map(weightless),
        )?;
        let weights = |paths: Option<Vec<Path>>| paths.into_iter().flatten().map(|path| path.weight);
        if weights(got.clone())
            .zip(weights(expected.clone()))
            .any(|(a, b)| (a - b).abs() > 1e-4)
        {
            return Err(format!("the weights for {query:?}:\n{got:?}\nare not\n{expected:?}"));
        }
    }
    let ranked = store.rank(&ranking(Measure::PageRank, scope.clone())).await;
    check_rank(&ranked.map_err(text)?, &oracle.scores(scope))?;
    for question in &questions.rankings {
        let ranked = store.rank(question).await.map_err(text)?;
        check_rank(&ranked, &oracle.central(question))?;
    }
    check_communities(&store.communities(scope, 100).await.map_err(text)?, oracle, scope)
}

fn check_rank(ranked: &[(Key, f64)], scores: &BTreeMap<Key, f64>) -> Result<(), String> {
    let close = |(key, score): &(Key, f64)| scores.get(key).is_some_and(|expected| (expected - score).abs() < 1e-7);
    let ordered = ranked.is_sorted_by(|(a, high), (b, low)| high > low || high.total_cmp(low).is_eq() && a < b);
    if ranked.len() == scores.len() && ranked.iter().all(close) && ordered {
        Ok(())
    } else {
        Err(format!("the ranks\n{ranked:?}\nare not\n{scores:?}"))
    }
}

/// Communities share no node and are of nodes with visible edges to others.
fn check_communities(found: &[Community], oracle: &Oracle, scope: &Scope) -> Result<(), String> {
    let members: Vec<&Key> = found.iter().flat_map(|one| &one.members).collect();
    let distinct: BTreeSet<&Key> = members.iter().copied().collect();
    let sized = found
        .iter()
        .all(|one| one.size > 1 && one.members.len() as u64 == one.size.min(100));
    let sorted = found.is_sorted_by_key(|one| Reverse(one.size));
    let tied = oracle.touched(scope);
    let apart = distinct.len() == members.len();
    if sized && sorted && apart && distinct.iter().all(|key| tied.contains(*key)) {
        Ok(())
    } else {
        Err(format!("{found:?} are no communities of {tied:?}"))
    }
}

/// All that a caller can learn, errors included.
async fn transcript(store: &dyn GraphStore, questions: &Questions) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for name in NAMES {
        lines.push(format!("{:?}", store.node(name, &questions.scope).await.map_err(text)?));
    }
    for expansion in &questions.expansions {
        lines.push(format!(
            "{:?}",
            store
                .expand(expansion.clone())
                .await
                .map_err(|error| (text(error), expansion))
        ));
    }
    for query in &questions.paths {
        lines.push(format!(
            "{:?}",
            store.paths(query.clone()).await.map_err(|error| (text(error), query))
        ));
    }
    for question in &questions.rankings {
        lines.push(format!("{:?}", store.rank(question).await.map_err(text)?));
    }
    let communities = store.communities(&questions.scope, 100).await;
    lines.push(format!("{:?}", communities.map_err(text)?));
    Ok(lines)
}

/// `None` for what is not found.
fn seen<T>(answer: Answer<T>) -> Result<Option<T>, String> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(text(error)),
    }
}

fn weightless(mut paths: Vec<Path>) -> Vec<Path> {
    for path in &mut paths {
        path.weight = 0.0;
    }
    paths
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "so it can be named where an error is mapped"
)]
fn text(error: Error) -> String {
    format!("{:?}: {error}; {}", error.kind(), error.hint().unwrap_or_default())
}

fn same<T: PartialEq + Debug>(what: &str, got: &T, expected: &T) -> Result<(), String> {
    if got == expected {
        Ok(())
    } else {
        Err(format!("{what}:\n{got:#?}\nis not\n{expected:#?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Oracle, all, document, edge, facts, node, sees};
    use super::check_rank;

    #[test]
    fn the_oracle_ranks_a_star_by_its_middle() {
        let mut oracle = Oracle::default();
        let mut star = facts(0, 0);
        star.nodes = vec![node("m", "middle")];
        star.edges = vec![edge("m", "a"), edge("b", "m")];
        oracle.replace(vec![star]);
        let scores = oracle.scores(&all());
        let score = |key: &str| scores[key];
        assert!((score("a") - score("b")).abs() < 1e-12 && score("m") > score("a"));
        assert!((scores.values().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(check_rank(&[], &scores).is_err());
        assert!(oracle.keys(&sees(&[1])).is_empty());
        assert_eq!(oracle.scan()[0].document, document(0));
    }
}
