//! What a `Filter` means for a point, in one place for all backends: conditions that all must hold, over named payload fields.

use domain::{ChunkId, Filter, Timestamp, Visible};

/// Payload: the access label.
pub(crate) const ACCESS: &str = "access";
/// Payload: the document's id.
pub(crate) const DOCUMENT: &str = "document";
/// Payload: the source's name.
pub(crate) const SOURCE: &str = "source";
/// Payload: the kind of document.
pub(crate) const KIND: &str = "kind";
/// Payload: the container's key.
pub(crate) const CONTAINER: &str = "container";
/// Payload: the author's account key; absent where there is none.
pub(crate) const AUTHOR: &str = "author";
/// Payload: a list of labels.
pub(crate) const LABEL: &str = "label";
/// Payload: a list of states.
pub(crate) const STATE: &str = "state";
/// Payload: milliseconds since the epoch, within [`LAST_EXACT`]; absent where unknown.
pub(crate) const UPDATED: &str = "updated";

/// The last whole number that a range of `f64`, as engines compare numbers, tells from its neighbours: some 285,000 years.
const LAST_EXACT: i64 = 1 << 53;

/// A condition on a point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    /// The field has one of these values.
    AnyOf(&'static str, Vec<String>),
    /// The field's number is at or after the first and before the second.
    Within(&'static str, Option<i64>, Option<i64>),
    /// The point is one of these.
    Chunks(Vec<ChunkId>),
}

/// The conditions of `filter`, the most selective kind first; `None` when nothing can pass.
pub(crate) fn conditions(filter: &Filter) -> Option<Vec<Condition>> {
    let mut all = Vec::new();
    if let Some(chunks) = &filter.chunks {
        if chunks.is_empty() {
            return None;
        }
        all.push(Condition::Chunks(chunks.clone()));
    }
    if let Visible::Labels(labels) = &filter.visible {
        if labels.is_empty() {
            return None;
        }
        all.push(Condition::AnyOf(
            ACCESS,
            labels.iter().map(|label| label.as_str().to_owned()).collect(),
        ));
    }
    let mut any_of = |field, values: Vec<String>| {
        if !values.is_empty() {
            all.push(Condition::AnyOf(field, values));
        }
    };
    any_of(
        SOURCE,
        filter.sources.iter().map(|source| source.as_str().to_owned()).collect(),
    );
    any_of(KIND, filter.kinds.iter().map(|kind| kind.as_str().to_owned()).collect());
    any_of(CONTAINER, filter.containers.clone());
    any_of(AUTHOR, filter.authors.clone());
    any_of(STATE, filter.states.iter().map(|state| state.to_lowercase()).collect());
    for label in &filter.labels {
        any_of(LABEL, vec![label.to_lowercase()]);
    }
    if filter.updated_from.is_some() || filter.updated_before.is_some() {
        all.push(Condition::Within(
            UPDATED,
            filter.updated_from.map(exact),
            filter.updated_before.map(exact),
        ));
    }
    Some(all)
}

/// The number under which a time is stored and compared.
pub(crate) fn exact(time: Timestamp) -> i64 {
    time.0.clamp(-LAST_EXACT, LAST_EXACT)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{AccessId, Filter, Timestamp, Visible};

    use super::{Condition, conditions};

    #[test]
    fn nobody_and_no_candidates_pass_nothing() {
        assert_eq!(conditions(&Filter::visible(Visible::nothing())), None);
        assert_eq!(
            conditions(&Filter {
                chunks: Some(Vec::new()),
                ..Filter::visible(Visible::All)
            }),
            None
        );
    }

    #[test]
    fn an_empty_list_is_no_condition() {
        assert_eq!(conditions(&Filter::visible(Visible::All)), Some(Vec::new()));
    }

    #[test]
    fn every_label_is_a_condition_of_its_own() {
        let labels = vec!["Bug".to_owned(), "ui".to_owned()];
        let expected = ["bug", "ui"].map(|label| Condition::AnyOf("label", vec![label.to_owned()]));
        assert_eq!(
            conditions(&Filter {
                labels,
                ..Filter::visible(Visible::All)
            }),
            Some(expected.to_vec())
        );
    }

    #[test]
    fn visibility_is_always_among_the_conditions() {
        let label = AccessId("s/a".into());
        let visible = Visible::Labels(BTreeSet::from([label]));
        let filter = Filter {
            updated_from: Some(Timestamp(i64::MIN)),
            ..Filter::visible(visible)
        };
        let found = conditions(&filter).expect("satisfiable");
        assert_eq!(found.first(), Some(&Condition::AnyOf("access", vec!["s/a".to_owned()])));
        assert_eq!(
            found.get(1),
            Some(&Condition::Within("updated", Some(-(1 << 53)), None))
        );
    }
}
