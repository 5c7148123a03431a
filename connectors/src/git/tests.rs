//! Behaviour of the git connector over repositories made with the `git` command line.

mod fixture;
mod full;
mod incremental;
mod random;
mod remotes;
mod states;
