//! What tests of several crates share: conformance suites, simulators, oracles. No part of the product.

pub mod vector_suite;
