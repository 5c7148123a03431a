//! The `neurosync` command.

use std::process::ExitCode;

use clap::Parser;
use neurosync::cli::Cli;

fn main() -> ExitCode {
    neurosync::run(Cli::parse())
}
