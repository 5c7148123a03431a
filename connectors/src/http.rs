//! The one HTTP client of all provider connectors: credentials, limits, retries, and a guard over where it may connect.
//!
//! A connector builds [`Request`]s and reads [`Response`]s; everything between is here, and a connector must not retry, wait or
//! follow a link on its own:
//! - the grant's credential goes to the origins of its [`Policy`] and nowhere else; a 401 renews it once;
//! - a grant's requests share its concurrency and budget, of which a tenth is left to others;
//! - waits that a server asks for are kept: short ones here, longer ones as an error with [`domain::Retry::After`], by which the
//!   scheduler parks the job;
//! - what may succeed the next time is tried five times, and a provider that fails half the time is left alone for a while;
//! - names are resolved once, every address is checked, and the connection goes to a checked one.

mod api;
mod attempt;
mod backoff;
mod blot;
mod breaker;
mod budget;
mod dialect;
mod grants;
mod guard;
mod gzip;
mod link;
mod outlook;
mod policy;
mod request;
mod response;
mod tokens;
mod transport;

pub use api::{Api, GrantKey, Http, Settings};
pub use policy::{Policy, Provider, Rate};
pub use request::{Expect, Request};
pub use response::Response;
pub use tokens::{Credential, Fixed, Tokens};

#[cfg(test)]
pub(crate) mod tests;
