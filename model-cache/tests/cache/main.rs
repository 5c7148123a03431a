//! Resolving models against a fake package client and a small hub, in folders of their own.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "in tests a broken assumption ends the test")]

mod hub;
mod lock;
mod package;
mod world;
