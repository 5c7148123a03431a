//! What tests share: conformance suites and oracles.

pub mod graph_suite;
