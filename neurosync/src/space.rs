//! Which model the vector index was made with: vectors of two models do not compare, even where they are of one length.

use std::io::Write;
use std::path::Path;

use domain::seam::Embedder;
use domain::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

const OPERATION: &str = "open vector index";
const HINT: &str =
    "run `neurosync rebuild` to make the index again with the configured model, or configure the former one";

/// The space that the vectors of an index lie in, as it is written beside the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Space {
    /// The model, with all that changes its vectors.
    pub(crate) model: String,
    /// The length of a vector.
    pub(crate) dimensions: usize,
}

impl Space {
    /// That of a model.
    pub(crate) fn of(model: &dyn Embedder) -> Self {
        Self {
            model: model.model().to_owned(),
            dimensions: model.dimensions(),
        }
    }

    /// What `file` says of the index in `folder`; none where there is neither.
    ///
    /// # Errors
    /// `Corrupt` when the file makes no sense; `Conflict` when there is an index without it.
    pub(crate) fn read(file: &Path, folder: &Path) -> Result<Option<Self>> {
        match std::fs::read(file) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| {
                let message = format!("{} cannot be read: {error}", file.display());
                Error::corrupt(OPERATION, message).with_source(error).with_hint(HINT)
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !folder.exists() => Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(conflict(format!(
                "nothing says which model the index in {} was made with",
                folder.display()
            ))),
            Err(error) => Err(Error::io(OPERATION, file, error)),
        }
    }

    /// That an index made in this space is one for `wanted`.
    ///
    /// # Errors
    /// `Conflict` when it is not.
    pub(crate) fn check(&self, wanted: &Self) -> Result<()> {
        if self == wanted {
            return Ok(());
        }
        let (made, wanted) = (&self.model, &wanted.model);
        Err(conflict(format!(
            "the index was made with {made}; configured is {wanted}"
        )))
    }

    /// Write it, whole or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let failed = |error| Error::io(OPERATION, file, error);
        let text = serde_json::to_vec(self).map_err(|error| Error::internal(OPERATION, error.to_string()))?;
        let written = file.with_extension("json.new");
        let mut new = std::fs::File::create(&written).map_err(failed)?;
        new.write_all(&text).and_then(|()| new.sync_all()).map_err(failed)?;
        std::fs::rename(written, file).map_err(failed)
    }
}

fn conflict(message: String) -> Error {
    Error::new(ErrorKind::Conflict, OPERATION, message).with_hint(HINT)
}

#[cfg(test)]
mod tests {
    use domain::ErrorKind;

    use super::Space;

    fn space(model: &str) -> Space {
        Space {
            model: model.to_owned(),
            dimensions: 384,
        }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let data = tempfile::tempdir().expect("folder");
        let (file, folder) = (data.path().join("vectors.json"), data.path().join("vectors"));
        assert_eq!(Space::read(&file, &folder).expect("none yet"), None);
        space("a").write(&file).expect("written");
        std::fs::create_dir(&folder).expect("folder");
        assert_eq!(Space::read(&file, &folder).expect("read"), Some(space("a")));
    }

    #[test]
    fn an_index_of_another_model_is_refused_even_of_the_same_length() {
        space("a").check(&space("a")).expect("the same");
        let error = space("a").check(&space("b")).expect_err("another");
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(error.message(), "the index was made with a; configured is b");
        assert!(error.hint().is_some_and(|hint| hint.contains("neurosync rebuild")));
    }

    #[test]
    fn an_index_of_an_unknown_model_is_refused() {
        let data = tempfile::tempdir().expect("folder");
        let file = data.path().join("vectors.json");
        let unknown = Space::read(&file, data.path()).expect_err("unknown");
        assert_eq!(unknown.kind(), ErrorKind::Conflict);
        std::fs::write(&file, "{").expect("written");
        let damaged = Space::read(&file, data.path()).expect_err("damaged");
        assert_eq!(damaged.kind(), ErrorKind::Corrupt);
        assert!(damaged.hint().is_some_and(|hint| hint.contains("neurosync rebuild")));
    }
}
