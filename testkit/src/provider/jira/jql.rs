//! The part of Jira's query language that a sync needs: fields compared with values, `AND`, `OR`, `NOT`, brackets, and an order.

mod reader;

use super::Ask;
use super::model::Issue;
use reader::Reader;

/// A query that was understood.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    condition: Option<Condition>,
    order: Vec<(Field, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Project,
    Id,
    Status,
    Kind,
    Created,
    Updated,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Equal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

#[derive(Debug, Clone)]
enum Condition {
    /// One of numbers: of projects, of issues.
    Among(Field, Vec<u64>),
    /// One of words.
    Named(Field, Vec<String>),
    Compared(Field, Sign, i64),
    Not(Box<Condition>),
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
}

impl Query {
    /// Understand a query. Text that Jira would refuse is refused, in about its words.
    pub(crate) fn parse(ask: &Ask<'_>, text: &str) -> Result<Self, String> {
        let mut reader = Reader::new(ask, text)?;
        let condition = if reader.word("order") {
            None
        } else {
            Some(reader.either()?)
        };
        let order = reader.order()?;
        reader.ended()?;
        if condition.is_none() {
            return Err(
                "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.".to_owned(),
            );
        }
        Ok(Self { condition, order })
    }

    pub(crate) fn holds(&self, issue: &Issue) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.holds(issue))
    }

    /// Sort as asked; then, and without an order, the newest first.
    pub(crate) fn sort(&self, issues: &mut [&Issue]) {
        issues.sort_by(|one, other| {
            let fields = self.order.iter().map(|(field, descending)| {
                let order = field.number(one).cmp(&field.number(other));
                if *descending { order.reverse() } else { order }
            });
            fields
                .fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
                .then(other.id.cmp(&one.id))
        });
    }
}

impl Field {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.to_lowercase().as_str() {
            "project" => Self::Project,
            "id" | "key" | "issue" | "issuekey" => Self::Id,
            "status" => Self::Status,
            "type" | "issuetype" => Self::Kind,
            "created" | "createddate" => Self::Created,
            "updated" | "updateddate" => Self::Updated,
            _ => return None,
        })
    }

    /// What it is sorted and compared by.
    fn number(self, issue: &Issue) -> i64 {
        let id = |id: u64| i64::try_from(id).unwrap_or(i64::MAX);
        match self {
            Self::Project => id(issue.project),
            Self::Id | Self::Status | Self::Kind => id(issue.id),
            Self::Created => issue.created,
            Self::Updated => issue.updated,
        }
    }
}

impl Condition {
    fn holds(&self, issue: &Issue) -> bool {
        match self {
            Self::Among(Field::Project, ids) => ids.contains(&issue.project),
            Self::Among(_, ids) => ids.contains(&issue.id),
            Self::Named(field, words) => {
                let own = if *field == Field::Kind {
                    issue.kind
                } else {
                    issue.status
                };
                words.iter().any(|word| word.eq_ignore_ascii_case(own))
            }
            Self::Compared(field, sign, value) => {
                let own = field.number(issue);
                match sign {
                    Sign::Equal => own == *value,
                    Sign::Less => own < *value,
                    Sign::LessOrEqual => own <= *value,
                    Sign::More => own > *value,
                    Sign::MoreOrEqual => own >= *value,
                }
            }
            Self::Not(inner) => !inner.holds(issue),
            Self::Both(one, other) => one.holds(issue) && other.holds(issue),
            Self::Either(one, other) => one.holds(issue) || other.holds(issue),
        }
    }
}
