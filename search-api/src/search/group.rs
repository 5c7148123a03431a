//! What was found, taken together: comments with what they belong to, and counts by field.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use domain::{Document, DocumentKind, EdgeKind, Key};

use super::Candidate;
use super::answer::Facet;
use super::found::Found;

/// Let a comment or review speak for what it belongs to, where that was found too: one result, with the better score and its words.
pub(super) fn join_parts(found: &mut Vec<Found>) {
    let wholes: BTreeMap<Key, usize> = found
        .iter()
        .enumerate()
        .map(|(at, one)| (one.document.key.clone(), at))
        .rev()
        .collect();
    let mut better: BTreeMap<usize, Candidate> = BTreeMap::new();
    let mut joined = BTreeSet::new();
    for (at, one) in found.iter().enumerate() {
        let Some(whole) = whole_of(&one.document)
            .and_then(|key| wholes.get(key))
            .filter(|_| !one.pinned)
        else {
            continue;
        };
        joined.insert(at);
        if let Some(candidate) = one.candidate {
            better
                .entry(*whole)
                .and_modify(|best| {
                    if candidate.compare(best).is_gt() {
                        *best = candidate;
                    }
                })
                .or_insert(candidate);
        }
    }
    for (whole, candidate) in better {
        let one = &mut found[whole];
        if one.candidate.is_none_or(|own| candidate.compare(&own).is_gt()) {
            one.candidate = Some(candidate);
        }
    }
    let mut at = 0;
    found.retain(|_| {
        at += 1;
        !joined.contains(&(at - 1))
    });
    found.sort_by(|a, b| {
        b.pinned.cmp(&a.pinned).then_with(|| {
            if a.pinned {
                Ordering::Equal
            } else {
                better_first(a.candidate, b.candidate)
            }
        })
    });
}

fn better_first(a: Option<Candidate>, b: Option<Candidate>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => b.compare(&a),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

/// What a comment or review belongs to.
fn whole_of(document: &Document) -> Option<&Key> {
    if !matches!(document.kind, DocumentKind::Comment | DocumentKind::Review) {
        return None;
    }
    document
        .links
        .iter()
        .find(|link| link.kind == EdgeKind::PartOf && !link.inverse)
        .map(|link| &link.target)
}

pub(super) fn facets(found: &[Found]) -> BTreeMap<String, Vec<Facet>> {
    let mut counts: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for Found { document, .. } in found {
        let single = [
            ("source", document.source.as_str()),
            ("kind", document.kind.as_str()),
            ("container", document.container.as_str()),
        ];
        let many = ["state", "label"]
            .into_iter()
            .flat_map(|name| document.field(name).iter().map(move |value| (name, value.as_str())));
        for (name, value) in single.into_iter().chain(many) {
            *counts.entry(name).or_default().entry(value.to_owned()).or_default() += 1;
        }
    }
    let by_count = |values: BTreeMap<String, usize>| {
        let mut facets: Vec<_> = values
            .into_iter()
            .map(|(value, count)| Facet { value, count })
            .collect();
        facets.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        facets.truncate(20);
        facets
    };
    counts
        .into_iter()
        .map(|(name, values)| (name.to_owned(), by_count(values)))
        .collect()
}
