//! What the connectors to Jira and Confluence Cloud share: where a site is, sets of ids and of readers, and their requests.

pub(crate) mod ask;
#[cfg(test)]
pub(crate) mod desk;
pub(crate) mod ids;
pub(crate) mod place;
pub(crate) mod readers;
pub(crate) mod sum;
