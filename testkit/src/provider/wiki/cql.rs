//! The part of Confluence's query language that a sync needs: `type`, `space`, `id` and `lastmodified`, joined by `and`, and an order by `lastmodified` or `created`.

use super::Ask;
use super::model::Page;
use crate::provider::time::{MINUTE, minute};

/// A query that was understood.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    kinds: Vec<String>,
    spaces: Vec<String>,
    /// The first minute that counts, and the last.
    from: Option<i64>,
    to: Option<i64>,
    pub(crate) descending: bool,
    /// Whether things come in the order in which they were made rather than changed.
    pub(crate) by_creation: bool,
}

impl Query {
    /// Understand a query. Dates are to the minute, in the time zone of the one who asks.
    pub(crate) fn parse(ask: &Ask<'_>, text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        let (conditions, order) = match lower.find("order by") {
            Some(at) => (text.get(..at)?, lower.get(at..)?),
            None => (text, ""),
        };
        let mut query = Self {
            descending: order.trim_end().ends_with("desc"),
            by_creation: order.contains("created"),
            ..Self::default()
        };
        let joined = conditions.replace(" AND ", " and ");
        for condition in joined.split(" and ").map(str::trim) {
            query.take(ask, condition)?;
        }
        Some(query)
    }

    fn take(&mut self, ask: &Ask<'_>, condition: &str) -> Option<()> {
        let at = condition.find(|sign: char| sign.is_whitespace() || "=<>!".contains(sign))?;
        let (field, rest) = condition.split_at_checked(at)?;
        let rest = rest.trim();
        let after = |sign: &str| rest.strip_prefix(sign).map(str::trim);
        let words = |text: &str| -> Vec<String> {
            let text = text.trim_matches(['(', ')', ' ']);
            text.split(',')
                .map(|word| word.trim().trim_matches(['"', '\'']).to_owned())
                .collect()
        };
        match field.to_lowercase().as_str() {
            "type" => self.kinds = words(after("=").or_else(|| after("in"))?),
            "space" | "space.key" => self.spaces = words(after("=").or_else(|| after("in"))?),
            "lastmodified" => {
                let ahead = ask.state.world.people[ask.person].ahead();
                let moment = |text: &str| {
                    let text = text.trim_matches(['"', '\'']);
                    minute(text).map(|at| at - ahead)
                };
                if let Some(text) = after(">=") {
                    self.from = Some(moment(text)?);
                } else if let Some(text) = after("<=") {
                    self.to = Some(moment(text)?);
                } else if let Some(text) = after(">") {
                    self.from = Some(moment(text)? + MINUTE);
                } else {
                    self.to = Some(moment(after("<")?)? - MINUTE);
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether it asks for things of a kind.
    pub(crate) fn wants(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|own| own == kind)
    }

    /// Whether a thing of a page that changed at some moment is asked for.
    pub(crate) fn holds(&self, ask: &Ask<'_>, page: &Page, at: i64) -> bool {
        let minute = at - at.rem_euclid(MINUTE);
        let space = ask.state.world.wiki.space(page.space);
        let own = space.is_some_and(|space| self.spaces.iter().any(|key| key.eq_ignore_ascii_case(&space.key)));
        (self.spaces.is_empty() || own)
            && self.from.is_none_or(|from| minute >= from)
            && self.to.is_none_or(|to| minute <= to)
    }
}
