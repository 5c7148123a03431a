//! Conformance suites, oracles and provider simulators that several crates' tests share. No part of the product.

pub mod grants;
pub mod graph_suite;
pub mod provider;
pub mod store_suite;
pub mod vector_suite;
