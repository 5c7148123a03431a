//! What the command line asks for.

use std::path::PathBuf;

/// The options of a run.
pub(crate) struct Options {
    /// The folder with `nodes.csv` and `edges.csv`.
    pub(crate) data: PathBuf,
    /// Where the graph is kept; where it is filled already, loading is left out. Absent: a folder that goes afterwards.
    pub(crate) store: Option<PathBuf>,
    /// Pairs of nodes asked for.
    pub(crate) pairs: usize,
    /// Documents of one replacement.
    pub(crate) batch: usize,
}

impl Options {
    /// Read the command line.
    pub(crate) fn read() -> Self {
        let mut options = Self {
            data: PathBuf::new(),
            store: None,
            pairs: 2000,
            batch: 5000,
        };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().expect("a value after each option");
            match name.as_str() {
                "--data" => options.data = value.into(),
                "--store" => options.store = Some(value.into()),
                "--pairs" => options.pairs = value.parse().expect("a whole number"),
                "--batch" => options.batch = value.parse().expect("a whole number"),
                _ => unreachable!("options: --data --store --pairs --batch"),
            }
        }
        assert!(
            options.data.join("edges.csv").is_file(),
            "say --data DIR, a folder with nodes.csv (id,label) and edges.csv (start,end)"
        );
        options
    }
}
