//! Questions that take several steps through the graph: who knows, what depends, why it is so, what repeats, what is out of date.

mod bus_factor;
mod duplicates;
mod experts;
mod ground;
mod impact;
mod item;
mod people;
mod related;
mod reviewers;
mod stale;
mod structure;
mod subgraph;
mod why;

pub use bus_factor::{BusFactor, Share};
pub use duplicates::{Duplicate, Duplicates, Likeness, likeness_text};
pub use experts::{Expert, Experts};
pub use impact::{Dependent, Impact};
pub use item::Item;
pub use people::{Contribution, Contributor};
pub use related::{Related, RelatedItem};
pub use reviewers::{Reviewer, Reviewers};
pub use stale::{Outdated, StaleDocs};
pub use structure::{Central, CentralRequest, Communities, CommunityAnswer, Ranked, measure};
pub use subgraph::Subgraph;
pub use why::{Origin, Reason, Why};
