//! What to do with persons, on the command line.

use std::path::PathBuf;

use clap::Subcommand;

use super::View;

/// What to do with persons.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// List everybody with his accounts.
    List {
        /// Whose view.
        #[command(flatten)]
        view: View,
    },
    /// Show one person: his accounts and the evidence that joins them.
    Show {
        /// A person's or account's id, login, display name or e-mail address.
        name: String,
        /// Whose view.
        #[command(flatten)]
        view: View,
    },
    /// List pairs of accounts that may be one person's, the likeliest first.
    Review {
        /// Pairs to show.
        #[arg(short = 'n', long, default_value_t = 20)]
        limit: usize,
    },
    /// Say that two accounts are one person's. It counts against all evidence, and for `--as`, until they are split.
    Merge {
        /// One: an account's id, or whatever names one person.
        a: String,
        /// The other.
        b: String,
    },
    /// Say that two accounts are not one person's, or that one belongs to none of the others of its person.
    Split {
        /// An account's id.
        a: String,
        /// The other (default: all others of the same person).
        b: Option<String>,
    },
    /// Put a directory in the place of the one imported before: CSV with a header of
    /// name,email,github,jira,slack,confluence,git; several values in one field have semicolons between.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Say in somebody's name that an account is his too. It is evidence, until `merge` confirms it.
    Claim {
        /// The account.
        account: String,
        /// Who says so: his e-mail address, login, name or account.
        #[arg(long = "as", value_name = "PERSON")]
        person: String,
    },
}
