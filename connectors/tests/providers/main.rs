//! The connectors of the four providers against their simulators.
#![expect(clippy::expect_used, reason = "what the tests share fails by panicking, as they do")]

mod github;
mod simulated;
mod slack;
