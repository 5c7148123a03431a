//! The query flow and the HTTP API over it. Every answer is computed from what the caller may see and from nothing else.

pub mod http;
pub mod picture;
pub mod questions;
pub mod search;
