//! What sentence-transformers writes beside `config.json`: the pooling, the cut-off, the prompts, and the list of modules.

use std::collections::BTreeMap;
use std::path::Path;

use domain::Result;
use model_cache::ModelFiles;
use serde::Deserialize;

use super::{bounded, json, shown, unsupported};

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// Their mean.
    Mean,
    /// That of the first token.
    First,
}

/// What a sentence model is beside its encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) pooling: Pooling,
    /// The most tokens of a text, where the model says.
    pub(crate) max_tokens: Option<usize>,
    /// Whether texts are lower-cased before they are tokenised.
    pub(crate) lower_case: bool,
    /// What stands before a query and before a passage; empty for nothing.
    pub(crate) query: String,
    pub(crate) passage: String,
}

/// `1_Pooling/config.json`: one mode by name, or a flag for each.
#[derive(Deserialize)]
struct WrittenPooling {
    pooling_mode: Option<Modes>,
    #[serde(default = "yes")]
    include_prompt: bool,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Several(Vec<String>),
}

/// `sentence_bert_config.json`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct WrittenSentence {
    max_seq_length: Option<usize>,
    do_lower_case: bool,
}

/// `config_sentence_transformers.json`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct WrittenPrompts {
    prompts: BTreeMap<String, Option<String>>,
    default_prompt_name: Option<String>,
}

/// An entry of `modules.json`.
#[derive(Deserialize)]
struct Module {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    path: String,
}

fn yes() -> bool {
    true
}

impl Sentence {
    /// Read and check the files beside `config.json`; each may be absent.
    ///
    /// # Errors
    /// `Invalid` when a file is malformed or asks for something that is not implemented.
    pub(crate) fn read(files: &ModelFiles) -> Result<Self> {
        let text = |path: &Option<std::path::PathBuf>| path.as_deref().map(|path: &Path| bounded(path)).transpose();
        if let Some(modules) = text(&files.modules)? {
            check_modules(&modules, files.pooling.is_some())?;
        }
        let (query, passage) = text(&files.prompts)?.map_or(Ok(Default::default()), |text| prompts(&text))?;
        let cut_off: WrittenSentence = text(&files.sentence)?.map_or(Ok(WrittenSentence::default()), |text| {
            json("sentence_bert_config.json", &text)
        })?;
        Ok(Self {
            pooling: text(&files.pooling)?.map_or(Ok(Pooling::Mean), |text| pooling(&text))?,
            max_tokens: cut_off.max_seq_length.or(files.max_tokens),
            lower_case: cut_off.do_lower_case,
            query,
            passage,
        })
    }
}

fn check_modules(text: &str, pooling: bool) -> Result<()> {
    let modules: Vec<Module> = json("modules.json", text)?;
    for Module { kind, path } in &modules {
        match kind.rsplit('.').next().unwrap_or(kind) {
            "Transformer" if path.is_empty() => {}
            "Pooling" if path == "1_Pooling" => {}
            "Normalize" => {}
            "Transformer" | "Pooling" => {
                let path = shown(path);
                return Err(unsupported(format!(
                    "modules.json has `{}` in `{path}`, where nothing is read",
                    shown(kind)
                )));
            }
            other => {
                return Err(unsupported(format!(
                    "the module `{}` is not supported; supported: Transformer, Pooling, Normalize",
                    shown(other)
                )));
            }
        }
    }
    let has = |name: &str| {
        modules
            .iter()
            .any(|module| module.kind.rsplit('.').next() == Some(name))
    };
    if !has("Transformer") {
        return Err(unsupported("modules.json lists no Transformer".to_owned()));
    }
    if has("Pooling") && !pooling {
        let missing = "modules.json lists a Pooling, but there is no 1_Pooling/config.json".to_owned();
        return Err(unsupported(missing));
    }
    Ok(())
}

fn pooling(text: &str) -> Result<Pooling> {
    let written: WrittenPooling = json("1_Pooling/config.json", text)?;
    if !written.include_prompt {
        return Err(unsupported("`include_prompt: false` is not supported"));
    }
    let modes = match written.pooling_mode {
        Some(Modes::One(mode)) => vec![mode],
        Some(Modes::Several(modes)) => modes,
        None => {
            let on = |(_, value): &(&String, &serde_json::Value)| **value == serde_json::Value::Bool(true);
            let flags = written.rest.iter().filter(on);
            flags
                .filter_map(|(name, _)| name.strip_prefix("pooling_mode_").map(str::to_owned))
                .collect()
        }
    };
    match modes.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["mean" | "mean_tokens"] => Ok(Pooling::Mean),
        ["cls" | "cls_token"] => Ok(Pooling::First),
        [] => Err(unsupported("the model says no pooling; supported: mean, cls")),
        several => Err(unsupported(format!(
            "`{}` is not a supported pooling; supported: mean, cls",
            shown(&several.join(" and "))
        ))),
    }
}

/// The prompts of a query and a passage, each under the first of its usual names, else under the default one.
fn prompts(text: &str) -> Result<(String, String)> {
    let WrittenPrompts {
        prompts,
        default_prompt_name,
    } = json("config_sentence_transformers.json", text)?;
    let named = |name: &str| prompts.get(name).cloned().flatten();
    let first = |names: &[&str]| {
        let own = names.iter().find_map(|name| named(name));
        own.or_else(|| named(default_prompt_name.as_deref()?))
            .unwrap_or_default()
    };
    Ok((first(&["query"]), first(&["document", "passage", "corpus"])))
}

#[cfg(test)]
mod tests {
    use super::{Pooling, check_modules, pooling, prompts};

    fn refusal<T: std::fmt::Debug>(result: domain::Result<T>) -> String {
        result.unwrap_err().message().to_owned()
    }

    #[test]
    fn the_pooling_is_a_name_or_a_flag() {
        let flags =
            r#"{"word_embedding_dimension": 8, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#;
        assert_eq!(pooling(flags).unwrap(), Pooling::Mean);
        assert_eq!(pooling(r#"{"pooling_mode_cls_token": true}"#).unwrap(), Pooling::First);
        assert_eq!(pooling(r#"{"pooling_mode": "cls"}"#).unwrap(), Pooling::First);
        assert_eq!(
            refusal(pooling(r#"{"pooling_mode_max_tokens": true}"#)),
            "`max_tokens` is not a supported pooling; supported: mean, cls"
        );
        assert_eq!(
            refusal(pooling(r#"{"pooling_mode": ["mean", "cls"]}"#)),
            "`mean and cls` is not a supported pooling; supported: mean, cls"
        );
        assert!(pooling("{}").is_err());
        assert!(pooling(r#"{"pooling_mode": "mean", "include_prompt": false}"#).is_err());
    }

    #[test]
    fn only_three_modules_may_be_listed() {
        let module = |kind: &str, path: &str| format!(r#"{{"idx": 0, "path": "{path}", "type": "{kind}"}}"#);
        let first = module("sentence_transformers.models.Transformer", "");
        let with = |kind: &str, path: &str| format!("[{first}, {}]", module(kind, path));
        check_modules(&format!("[{first}]"), false).unwrap();
        check_modules(&with("sentence_transformers.models.Pooling", "1_Pooling"), true).unwrap();
        check_modules(&with("sentence_transformers.models.Normalize", "2_Normalize"), false).unwrap();
        assert_eq!(
            refusal(check_modules(
                &with("sentence_transformers.models.Dense", "2_Dense"),
                true
            )),
            "the module `Dense` is not supported; supported: Transformer, Pooling, Normalize"
        );
        assert!(refusal(check_modules(&with("a.Pooling", "9_Pooling"), true)).contains("`9_Pooling`"));
        let lost = check_modules(&with("a.Pooling", "1_Pooling"), false);
        assert!(refusal(lost).contains("no 1_Pooling/config.json"));
        assert!(refusal(check_modules("[]", true)).contains("no Transformer"));
    }

    #[test]
    fn prompts_have_usual_names() {
        let pair = |query: &str, passage: &str| (query.to_owned(), passage.to_owned());
        let e5 = r#"{"prompts": {"query": "query: ", "passage": "passage: "}}"#;
        assert_eq!(prompts(e5).unwrap(), pair("query: ", "passage: "));
        let bge = r#"{"prompts": {"query": "Represent: ", "document": ""}, "default_prompt_name": null}"#;
        assert_eq!(prompts(bge).unwrap(), pair("Represent: ", ""));
        let one = r#"{"prompts": {"all": "x "}, "default_prompt_name": "all"}"#;
        assert_eq!(prompts(one).unwrap(), pair("x ", "x "));
        assert_eq!(prompts("{}").unwrap(), pair("", ""));
    }
}
