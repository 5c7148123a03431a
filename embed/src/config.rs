//! What a model folder says about itself: `config.json`, and the pooling and sentence settings beside it.

use std::path::Path;

use domain::{Error, Result};
use serde::Deserialize;

const OPERATION: &str = "read model configuration";
/// No configuration of a text encoder comes near this many bytes.
const MOST_BYTES: u64 = 1 << 20;
/// The cut-off of the sentence-transformers models when their folder says nothing.
const DEFAULT_TOKENS: usize = 256;

/// The shape of a BERT encoder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) hidden: usize,
    pub(crate) layers: usize,
    pub(crate) heads: usize,
    pub(crate) intermediate: usize,
    pub(crate) epsilon: f32,
    pub(crate) vocabulary: usize,
    pub(crate) max_tokens: usize,
}

/// `config.json` as written by transformers.
#[derive(Deserialize)]
struct Written {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    layer_norm_eps: f32,
    max_position_embeddings: usize,
    vocab_size: usize,
    position_embedding_type: Option<String>,
}

/// `1_Pooling/config.json` as written by sentence-transformers: a mode per key.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Pooling {
    #[serde(rename = "pooling_mode_mean_tokens")]
    mean: bool,
    #[serde(rename = "pooling_mode_cls_token")]
    first: bool,
    #[serde(flatten)]
    rest: std::collections::BTreeMap<String, serde_json::Value>,
}

/// `sentence_bert_config.json` as written by sentence-transformers.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Sentence {
    max_seq_length: Option<usize>,
    do_lower_case: bool,
}

impl Config {
    /// Read and check the configuration of a model folder.
    ///
    /// # Errors
    /// `Invalid` when a file is malformed or asks for an architecture, an activation or a pooling that is not implemented.
    pub(crate) fn read(config: &Path, pooling: Option<&Path>, sentence: Option<&Path>) -> Result<Self> {
        let pooling = pooling.map(bounded).transpose()?;
        let sentence = sentence.map(bounded).transpose()?;
        Self::parse(&bounded(config)?, pooling.as_deref(), sentence.as_deref())
    }

    fn parse(config: &str, pooling: Option<&str>, sentence: Option<&str>) -> Result<Self> {
        let written: Written = json("config.json", config)?;
        written.check()?;
        if let Some(pooling) = pooling {
            json::<Pooling>("1_Pooling/config.json", pooling)?.check()?;
        }
        let sentence = sentence
            .map(|text| json::<Sentence>("sentence_bert_config.json", text))
            .transpose()?
            .unwrap_or_default();
        if sentence.do_lower_case {
            return Err(unsupported(
                "`do_lower_case` in sentence_bert_config.json is not supported; the tokenizer must do it",
            ));
        }
        let max_tokens = sentence
            .max_seq_length
            .unwrap_or(DEFAULT_TOKENS)
            .min(written.max_position_embeddings);
        if max_tokens < 3 {
            return Err(unsupported(format!(
                "a limit of {max_tokens} tokens leaves no room for text"
            )));
        }
        Ok(Self {
            hidden: written.hidden_size,
            layers: written.num_hidden_layers,
            heads: written.num_attention_heads,
            intermediate: written.intermediate_size,
            epsilon: written.layer_norm_eps,
            vocabulary: written.vocab_size,
            max_tokens,
        })
    }
}

impl Written {
    fn check(&self) -> Result<()> {
        if self.model_type != "bert" {
            return Err(unsupported(format!(
                "`{}` is not a supported architecture; supported: bert",
                shown(&self.model_type)
            )));
        }
        if self.hidden_act != "gelu" {
            return Err(unsupported(format!(
                "`{}` is not a supported activation; supported: gelu",
                shown(&self.hidden_act)
            )));
        }
        if let Some(kind) = self
            .position_embedding_type
            .as_deref()
            .filter(|kind| *kind != "absolute")
        {
            return Err(unsupported(format!(
                "`{}` is not a supported position embedding; supported: absolute",
                shown(kind)
            )));
        }
        let sizes = [
            ("hidden_size", self.hidden_size, 16_384),
            ("num_hidden_layers", self.num_hidden_layers, 256),
            ("num_attention_heads", self.num_attention_heads, 1_024),
            ("intermediate_size", self.intermediate_size, 65_536),
            ("max_position_embeddings", self.max_position_embeddings, 65_536),
            ("vocab_size", self.vocab_size, 4_000_000),
        ];
        for (name, size, most) in sizes {
            if size == 0 || size > most {
                return Err(unsupported(format!("`{name}` is {size}; it must be from 1 to {most}")));
            }
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let (hidden, heads) = (self.hidden_size, self.num_attention_heads);
            return Err(unsupported(format!(
                "a hidden size of {hidden} does not split into {heads} heads"
            )));
        }
        if !(self.layer_norm_eps >= 0.0 && self.layer_norm_eps < 1.0) {
            return Err(unsupported(format!(
                "`layer_norm_eps` is {}; it must be from 0 to 1",
                self.layer_norm_eps
            )));
        }
        Ok(())
    }
}

impl Pooling {
    fn check(&self) -> Result<()> {
        let other = self
            .rest
            .iter()
            .find(|(name, value)| name.starts_with("pooling_mode_") && **value == serde_json::Value::Bool(true));
        match other {
            Some((name, _)) => Err(unsupported(format!(
                "`{}` is not supported; supported: mean",
                shown(name)
            ))),
            None if self.first || !self.mean => Err(unsupported(
                "the model does not pool by the mean of its tokens; supported: mean",
            )),
            None => Ok(()),
        }
    }
}

/// Read a small text file whole.
pub(crate) fn bounded(path: &Path) -> Result<String> {
    let failed = |error| Error::io(OPERATION, path, error);
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > MOST_BYTES {
        return Err(Error::invalid(
            OPERATION,
            format!("{} has {length} bytes; at most {MOST_BYTES} are read", path.display()),
        ));
    }
    std::fs::read_to_string(path).map_err(failed)
}

fn json<T: for<'a> Deserialize<'a>>(name: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::invalid(OPERATION, format!("{name}: {error}")).with_source(error))
}

fn unsupported(message: impl Into<String>) -> Error {
    Error::invalid(OPERATION, message)
        .with_hint("use a BERT sentence model such as sentence-transformers/all-MiniLM-L6-v2")
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::Config;

    const MINILM: &str = r#"{"model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
        "intermediate_size": 1536, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "vocab_size": 30522}"#;

    #[test]
    fn reads_the_shape_and_the_cut_off() {
        let config = Config::parse(
            MINILM,
            Some(r#"{"pooling_mode_mean_tokens": true}"#),
            Some(r#"{"max_seq_length": 128}"#),
        )
        .unwrap();
        assert_eq!(
            (config.hidden, config.layers, config.heads, config.max_tokens),
            (384, 6, 12, 128)
        );
        assert_eq!(Config::parse(MINILM, None, None).unwrap().max_tokens, 256);
        assert_eq!(
            Config::parse(MINILM, None, Some(r#"{"max_seq_length": 4096}"#))
                .unwrap()
                .max_tokens,
            512
        );
    }

    #[test]
    fn refuses_what_it_does_not_implement() {
        let changed = |from: &str, to: &str| {
            let text = MINILM.replace(from, to);
            assert_ne!(text, MINILM);
            Config::parse(&text, None, None).unwrap_err().message().to_owned()
        };
        assert_eq!(
            changed(r#""bert""#, r#""roberta""#),
            "`roberta` is not a supported architecture; supported: bert"
        );
        assert_eq!(
            changed(r#""gelu""#, r#""relu""#),
            "`relu` is not a supported activation; supported: gelu"
        );
        assert_eq!(changed("12,", "7,"), "a hidden size of 384 does not split into 7 heads");
        assert_eq!(changed("384", "0"), "`hidden_size` is 0; it must be from 1 to 16384");
        assert_eq!(changed("1e-12", "-1"), "`layer_norm_eps` is -1; it must be from 0 to 1");
        assert!(changed(r#""hidden_size": 384, "#, "").contains("missing field `hidden_size`"));
        let pooling = |text| {
            Config::parse(MINILM, Some(text), None)
                .unwrap_err()
                .message()
                .to_owned()
        };
        assert_eq!(
            pooling(r#"{"pooling_mode_max_tokens": true}"#),
            "`pooling_mode_max_tokens` is not supported; supported: mean"
        );
        assert_eq!(
            pooling(r#"{"pooling_mode_cls_token": true}"#),
            "the model does not pool by the mean of its tokens; supported: mean"
        );
        assert!(Config::parse(MINILM, None, Some(r#"{"do_lower_case": true}"#)).is_err());
    }
}
