//! The sample workspace: small files compiled into the binary, so that the demonstration needs nothing beside it.

use std::path::Path;

use domain::{Error, Result};
use include_dir::{Dir, include_dir};

/// An invented company's Jira, GitHub, Slack, wiki and commit log.
static SAMPLE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/sample");

/// Write the sample to `dir`, over what an earlier demonstration left there.
pub(super) fn unpack(dir: &Path) -> Result<()> {
    let failed = |error| Error::io("write sample", dir, error);
    if dir.exists() {
        std::fs::remove_dir_all(dir).map_err(failed)?;
    }
    std::fs::create_dir_all(dir).map_err(failed)?;
    SAMPLE.extract(dir).map_err(failed)
}
