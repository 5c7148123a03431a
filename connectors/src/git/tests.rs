//! Behaviour of the git connector over repositories made with the `git` command line.

mod estimate;
mod fixture;
mod full;
mod incremental;
mod lines;
mod random;
mod remotes;
mod states;
mod symbols;
