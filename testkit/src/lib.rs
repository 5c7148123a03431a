//! Conformance suites, simulators and oracles, for tests only.

pub mod store_suite;
//! What tests share: conformance suites and oracles.

pub mod graph_suite;
//! What tests of several crates share: conformance suites, simulators, oracles. No part of the product.

pub mod vector_suite;
