//! Conformance suites, simulators and oracles, for tests only.

pub mod store_suite;
