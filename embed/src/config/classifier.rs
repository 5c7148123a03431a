//! What `config.json` says of a classification head.

use std::collections::BTreeMap;
use std::path::Path;

use domain::{Error, Result};
use serde::Deserialize;

use super::{Activation, OPERATION, Pooling, bounded, json, shown};

/// The head of a model that gives one score to a pair of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Classifier {
    /// What becomes of the tokens; only ModernBERT's may be the mean.
    pub(crate) pooling: Pooling,
    /// The function of ModernBERT's head; those of the other families are fixed.
    pub(crate) activation: Activation,
}

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    architectures: Vec<String>,
    num_labels: Option<usize>,
    id2label: Option<BTreeMap<String, serde_json::Value>>,
    classifier_pooling: Option<String>,
    classifier_activation: Option<String>,
}

impl Classifier {
    /// Read what `config.json` says of the head.
    ///
    /// # Errors
    /// `Invalid` when the model is no cross-encoder, or one of several scores.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        Self::parse(&bounded(path)?)
    }

    fn parse(text: &str) -> Result<Self> {
        let written: Written = json("config.json", text)?;
        let classifies = |name: &String| name.ends_with("ForSequenceClassification");
        if !written.architectures.is_empty() && !written.architectures.iter().any(classifies) {
            let shown = shown(&written.architectures.join(", "));
            return Err(refused(format!("`{shown}` does not score pairs of texts")));
        }
        let labels = written.num_labels.or(written.id2label.map(|labels| labels.len()));
        // What transformers takes a model for that does not say.
        let labels = labels.unwrap_or(2);
        if labels != 1 {
            return Err(refused(format!("the model gives {labels} scores; one is wanted")));
        }
        let pooling = match written.classifier_pooling.as_deref() {
            None | Some("cls") => Pooling::First,
            Some("mean") => Pooling::Mean,
            Some(other) => {
                let shown = shown(other);
                return Err(refused(format!(
                    "`{shown}` is not a supported classifier pooling; supported: cls, mean"
                )));
            }
        };
        Ok(Self {
            pooling,
            activation: Activation::parse(written.classifier_activation.as_deref().unwrap_or("gelu"))?,
        })
    }
}

fn refused(message: String) -> Error {
    Error::invalid(OPERATION, message)
        .with_hint("name a cross-encoder of one label, such as cross-encoder/ms-marco-MiniLM-L6-v2")
}

#[cfg(test)]
mod tests {
    use super::{Classifier, Pooling};

    #[test]
    fn one_label_is_wanted() {
        let refusal = |text: &str| Classifier::parse(text).unwrap_err().message().to_owned();
        let one = r#"{"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"}}"#;
        assert_eq!(Classifier::parse(one).unwrap().pooling, Pooling::First);
        assert_eq!(refusal("{}"), "the model gives 2 scores; one is wanted");
        assert_eq!(
            refusal(r#"{"id2label": {"0": "a", "1": "b", "2": "c"}}"#),
            "the model gives 3 scores; one is wanted"
        );
        assert_eq!(
            refusal(r#"{"architectures": ["BertModel"], "num_labels": 1}"#),
            "`BertModel` does not score pairs of texts"
        );
    }

    #[test]
    fn the_head_of_modernbert_may_pool_by_the_mean() {
        let parse = |text| Classifier::parse(text);
        let mean = r#"{"num_labels": 1, "classifier_pooling": "mean"}"#;
        assert_eq!(parse(mean).unwrap().pooling, Pooling::Mean);
        assert!(parse(r#"{"num_labels": 1, "classifier_pooling": "max"}"#).is_err());
    }
}
