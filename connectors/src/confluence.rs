//! The connector to Confluence Cloud: spaces, pages and blog posts with their comments, and who may read them.

mod access;
mod client;
mod comments;
mod config;
mod connector;
mod convert;
mod cursor;
mod estimate;
mod lists;
mod pages;
mod pull;
mod restrictions;
mod spaces;
mod storage;
mod sweep;
#[cfg(test)]
mod tests;
mod tree;

pub use config::ConfluenceCloudSettings;
pub use connector::Confluence;
