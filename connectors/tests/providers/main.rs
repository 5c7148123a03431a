//! The connectors of the four providers against their simulators.
#![expect(
    clippy::print_stdout,
    reason = "the harness keeps what tests print, and shows it where one fails"
)]
#![expect(clippy::expect_used, reason = "what the tests share fails by panicking, as they do")]

mod estimate;
mod faults;
mod four;
mod github;
mod relations;
mod replay;
mod simulated;
mod slack;
mod targets;
