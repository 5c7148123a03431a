//! Conditions become the filter of every leg: names are resolved, and what the text and the parameters ask must hold together.

use domain::{Document, Error, Filter, Result, Visible};

use super::Search;
use super::found::time_of;
use super::plan::Conditions;

/// The most values of one field that are looked up, in the text and beside it together.
const MAX_VALUES: usize = 32;

impl Search {
    /// Both sets of conditions with names resolved to keys. Where both name values of one field, both must hold.
    pub(crate) async fn filter(&self, visible: &Visible, text: &Conditions, beside: &Conditions) -> Result<Filter> {
        check(text, beside)?;
        let mut filter = Filter::visible(visible.clone());
        let containers = (
            self.containers(&text.containers, visible).await?,
            self.containers(&beside.containers, visible).await?,
        );
        let authors = (
            self.authors(&text.authors, visible).await?,
            self.authors(&beside.authors, visible).await?,
        );
        let possible = both(&text.sources, &beside.sources, &mut filter.sources)
            & both(&text.kinds, &beside.kinds, &mut filter.kinds)
            & both(&lower(&text.states), &lower(&beside.states), &mut filter.states)
            & both(&containers.0, &containers.1, &mut filter.containers)
            & both(&authors.0, &authors.1, &mut filter.authors);
        filter.labels = lower(&text.labels).into_iter().chain(lower(&beside.labels)).collect();
        filter.updated_from = text.updated_from.max(beside.updated_from);
        filter.updated_before = [text.updated_before, beside.updated_before].into_iter().flatten().min();
        if !possible {
            filter.visible = Visible::nothing();
        }
        Ok(filter)
    }

    async fn containers(&self, names: &[String], visible: &Visible) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        for name in names {
            let found = self.explore.documents.find(name, visible).await?;
            keys.extend(found.into_iter().map(|document| document.key.as_str().to_owned()));
            keys.push(name.clone());
        }
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    async fn authors(&self, names: &[String], visible: &Visible) -> Result<Vec<String>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let accounts = self.explore.documents.accounts(names, visible).await?;
        let known = accounts.into_iter().map(|account| account.id.as_str().to_owned());
        let mut keys: Vec<_> = known.chain(names.iter().cloned()).collect();
        keys.sort();
        keys.dedup();
        Ok(keys)
    }
}

fn check(text: &Conditions, beside: &Conditions) -> Result<()> {
    let counts = |one: &Conditions| {
        [
            ("source", one.sources.len()),
            ("kind", one.kinds.len()),
            ("in", one.containers.len()),
            ("author", one.authors.len()),
            ("label", one.labels.len()),
            ("state", one.states.len()),
        ]
    };
    for ((field, some), (_, more)) in counts(text).into_iter().zip(counts(beside)) {
        if some + more > MAX_VALUES {
            let message = format!("{} values of `{field}`", some + more);
            return Err(Error::invalid("search", message).with_hint(format!("give at most {MAX_VALUES} of each field")));
        }
    }
    Ok(())
}

/// Write the values that satisfy both lists to `out`, an empty list being no condition; false when no value can.
fn both<T: Clone + PartialEq>(a: &[T], b: &[T], out: &mut Vec<T>) -> bool {
    if a.is_empty() || b.is_empty() {
        *out = a.iter().chain(b).cloned().collect();
        return true;
    }
    *out = a.iter().filter(|value| b.contains(value)).cloned().collect();
    !out.is_empty()
}

fn lower(values: &[String]) -> Vec<String> {
    values.iter().map(|value| value.to_lowercase()).collect()
}

/// The filter as the vector index applies it, for documents that come another way.
pub(super) fn passes(document: &Document, filter: &Filter) -> bool {
    let any = |wanted: &[String], has: &[String]| {
        wanted.is_empty() || has.iter().any(|value| wanted.contains(&value.to_lowercase()))
    };
    let time = time_of(document);
    filter.visible.contains(&document.access)
        && (filter.sources.is_empty() || filter.sources.contains(&document.source))
        && (filter.kinds.is_empty() || filter.kinds.contains(&document.kind))
        && (filter.containers.is_empty() || filter.containers.iter().any(|key| key == document.container.as_str()))
        && (filter.authors.is_empty()
            || document
                .author
                .as_ref()
                .is_some_and(|author| filter.authors.iter().any(|key| key == author.as_str())))
        && filter.labels.iter().all(|label| {
            document
                .field("label")
                .iter()
                .any(|value| value.to_lowercase() == *label)
        })
        && any(&filter.states, document.field("state"))
        && filter
            .updated_from
            .is_none_or(|from| time.is_some_and(|time| time >= from))
        && filter
            .updated_before
            .is_none_or(|before| time.is_some_and(|time| time < before))
}

#[cfg(test)]
mod tests {
    use super::{Conditions, MAX_VALUES, check};

    #[test]
    fn values_of_one_field_are_bounded_wherever_they_stand() {
        let labels = |count: usize| Conditions {
            labels: vec!["x".to_owned(); count],
            ..Conditions::default()
        };
        assert!(check(&labels(MAX_VALUES), &Conditions::default()).is_ok());
        let error = check(&labels(1), &labels(MAX_VALUES)).expect_err("too many");
        assert_eq!(error.kind(), domain::ErrorKind::Invalid);
        assert!(error.message().contains("`label`") && error.hint().is_some_and(|hint| hint.contains("32")));
    }
}
