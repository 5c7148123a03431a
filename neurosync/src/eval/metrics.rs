//! Ranking measures as TREC and BEIR compute them (`trec_eval`'s `ndcg_cut`, `recall`, `recip_rank`).

use std::collections::BTreeMap;

use serde::Serialize;

/// The measures of one query, or their mean over several; each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub(crate) struct Metrics {
    pub(crate) ndcg_at_10: f64,
    pub(crate) recall_at_10: f64,
    pub(crate) recall_at_100: f64,
    pub(crate) mrr_at_10: f64,
}

impl Metrics {
    /// The measures of a ranking, best first, against judged gains; a gain of 0 is not relevant.
    pub(crate) fn of(ranked: &[&str], judged: &BTreeMap<String, u32>) -> Self {
        let gain = |name: &&str| judged.get(*name).copied().unwrap_or(0);
        let gains: Vec<u32> = ranked.iter().take(100).map(gain).collect();
        let mut ideal: Vec<u32> = judged.values().copied().filter(|gain| *gain > 0).collect();
        ideal.sort_unstable_by(|a, b| b.cmp(a));
        let first = gains.iter().take(10).position(|gain| *gain > 0);
        Self {
            ndcg_at_10: ratio(dcg(&gains), dcg(&ideal)),
            recall_at_10: ratio(hits(&gains, 10), count(ideal.len())),
            recall_at_100: ratio(hits(&gains, 100), count(ideal.len())),
            mrr_at_10: first.map_or(0.0, |rank| 1.0 / count(rank + 1)),
        }
    }

    /// The mean, rounded to 4 decimals.
    pub(crate) fn mean(all: &[Self]) -> Self {
        let mean = |of: fn(&Self) -> f64| (ratio(all.iter().map(of).sum(), count(all.len())) * 1e4).round() / 1e4;
        Self {
            ndcg_at_10: mean(|one| one.ndcg_at_10),
            recall_at_10: mean(|one| one.recall_at_10),
            recall_at_100: mean(|one| one.recall_at_100),
            mrr_at_10: mean(|one| one.mrr_at_10),
        }
    }
}

/// Discounted cumulative gain of the first ten: Σ gain / log2(rank + 1).
fn dcg(gains: &[u32]) -> f64 {
    gains
        .iter()
        .take(10)
        .enumerate()
        .map(|(rank, gain)| f64::from(*gain) / count(rank + 2).log2())
        .sum()
}

fn hits(gains: &[u32], depth: usize) -> f64 {
    count(gains.iter().take(depth).filter(|gain| **gain > 0).count())
}

#[expect(clippy::cast_precision_loss, reason = "ranks and counts of judgements are small")]
fn count(number: usize) -> f64 {
    number as f64
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Metrics;

    fn judged(pairs: &[(&str, u32)]) -> BTreeMap<String, u32> {
        pairs.iter().map(|(name, gain)| ((*name).to_owned(), *gain)).collect()
    }

    #[test]
    fn a_perfect_ranking_scores_one() {
        let metrics = Metrics::of(&["a", "b", "c"], &judged(&[("a", 2), ("b", 1)]));
        assert!(
            (metrics.ndcg_at_10 - 1.0).abs() < 1e-12
                && (metrics.recall_at_10 - 1.0).abs() < 1e-12
                && (metrics.mrr_at_10 - 1.0).abs() < 1e-12
        );
    }

    #[test]
    fn the_worked_example_of_a_late_hit() {
        // One relevant document at rank 3: DCG = 1/log2(4) = 0.5, ideal 1.
        let metrics = Metrics::of(&["x", "y", "a"], &judged(&[("a", 1)]));
        assert!((metrics.ndcg_at_10 - 0.5).abs() < 1e-12);
        assert!((metrics.mrr_at_10 - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_hit_below_ten_counts_for_recall_at_100_only() {
        let ranked: Vec<String> = (0..50)
            .map(|number| format!("x{number}"))
            .chain(["a".to_owned()])
            .collect();
        let ranked: Vec<&str> = ranked.iter().map(String::as_str).collect();
        let metrics = Metrics::of(&ranked, &judged(&[("a", 1), ("b", 1)]));
        assert!(
            metrics.ndcg_at_10.abs() < 1e-12 && metrics.mrr_at_10.abs() < 1e-12 && metrics.recall_at_10.abs() < 1e-12
        );
        assert!((metrics.recall_at_100 - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_mean_of_nothing_is_nothing() {
        assert_eq!(Metrics::mean(&[]), Metrics::default());
    }
}
