//! `config.json` as transformers writes it for each kind of model.

use std::collections::BTreeMap;

use domain::Result;
use serde::Deserialize;

use super::{Activation, Config, Family, Part, Positions, Reach, json, shown, unsupported};

const FILE: &str = "config.json";
/// The kinds that are read, for messages.
const KINDS: &str = "bert, roberta, xlm-roberta, camembert, distilbert, mpnet, modernbert";
/// More layers than are ever taken: a count out of all proportion must not take memory before it is refused.
const MOST_LAYERS: usize = 1_000;
/// The token whose id tells where positions begin, where the model does not say: `<pad>`.
const PADDING: u32 = 1;

#[derive(Deserialize)]
struct Kind {
    model_type: String,
}

/// What `bert`, `roberta` and its kin, and `mpnet` say alike.
#[derive(Deserialize)]
struct Bert {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    layer_norm_eps: f32,
    max_position_embeddings: usize,
    vocab_size: usize,
    position_embedding_type: Option<String>,
    #[serde(default = "two")]
    type_vocab_size: usize,
    pad_token_id: Option<u32>,
    relative_attention_num_buckets: Option<usize>,
}

#[derive(Deserialize)]
struct DistilBert {
    dim: usize,
    n_layers: usize,
    n_heads: usize,
    hidden_dim: usize,
    activation: String,
    max_position_embeddings: usize,
    vocab_size: usize,
}

#[derive(Deserialize)]
struct ModernBert {
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    #[serde(alias = "hidden_act")]
    hidden_activation: String,
    norm_eps: f32,
    max_position_embeddings: usize,
    vocab_size: usize,
    local_attention: usize,
    global_attn_every_n_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    global_rope_theta: Option<f32>,
    /// `null` in older models whose layers all turn alike.
    #[serde(default = "near")]
    local_rope_theta: Option<f32>,
    rope_scaling: Option<serde_json::Value>,
    #[serde(default)]
    rope_parameters: BTreeMap<String, Option<Rope>>,
    norm_bias: Option<bool>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    classifier_bias: Option<bool>,
}

/// `rope_parameters` of one kind of layer.
#[derive(Deserialize)]
struct Rope {
    rope_type: Option<String>,
    rope_theta: Option<f32>,
}

fn two() -> usize {
    2
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional field")]
fn near() -> Option<f32> {
    Some(10_000.0)
}

/// Read the shape; `max_tokens` is the number of positions.
pub(super) fn parse(text: &str) -> Result<Config> {
    let kind = json::<Kind>(FILE, text)?.model_type;
    let config = match kind.as_str() {
        "bert" => json::<Bert>(FILE, text)?.bert(),
        "roberta" | "xlm-roberta" | "camembert" => json::<Bert>(FILE, text)?.roberta(),
        "mpnet" => json::<Bert>(FILE, text)?.mpnet(),
        "distilbert" => json::<DistilBert>(FILE, text)?.config(),
        "modernbert" => json::<ModernBert>(FILE, text)?.config(),
        other => Err(unsupported(format!(
            "`{}` is not a supported architecture; supported: {KINDS}",
            shown(other)
        ))),
    }?;
    check(&config)?;
    Ok(config)
}

/// That no size is out of all proportion, and the sizes fit together.
fn check(config: &Config) -> Result<()> {
    let sizes = [
        ("the hidden size", config.hidden, 16_384),
        ("the number of layers", config.layers.len(), 256),
        ("the number of attention heads", config.heads, 1_024),
        ("the intermediate size", config.intermediate, 65_536),
        ("the number of positions", config.max_tokens, 65_536),
        ("the vocabulary", config.vocabulary, 4_000_000),
        // A quarter of them for one distance each must end before the farthest.
        ("the number of distance buckets", config.buckets.unwrap_or(32), 511),
    ];
    for (name, size, most) in sizes {
        if size == 0 || size > most {
            return Err(unsupported(format!("{name} is {size}; it must be from 1 to {most}")));
        }
    }
    let (hidden, heads) = (config.hidden, config.heads);
    if !hidden.is_multiple_of(heads) {
        return Err(unsupported(format!(
            "a hidden size of {hidden} does not split into {heads} heads"
        )));
    }
    if config.positions == Positions::Rotary && !config.width().is_multiple_of(2) {
        let width = config.width();
        return Err(unsupported(format!(
            "heads of {width} numbers cannot be turned in pairs"
        )));
    }
    if config.buckets.is_some_and(|buckets| buckets < 4) {
        return Err(unsupported("fewer than 4 buckets of distance make no bias"));
    }
    if !(config.epsilon >= 0.0 && config.epsilon < 1.0) {
        return Err(unsupported(format!(
            "the epsilon of normalisation is {}; it must be from 0 to 1",
            config.epsilon
        )));
    }
    Ok(())
}

impl Bert {
    fn bert(self) -> Result<Config> {
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
        Ok(Config {
            family: Family::Bert,
            hidden: self.hidden_size,
            heads: self.num_attention_heads,
            intermediate: self.intermediate_size,
            activation: Activation::parse(&self.hidden_act)?,
            epsilon: self.layer_norm_eps,
            vocabulary: self.vocab_size,
            positions: Positions::Learned,
            kinds: self.type_vocab_size.min(2),
            buckets: None,
            layers: everywhere(self.num_hidden_layers),
            unbiased: Vec::new(),
            max_tokens: self.max_position_embeddings,
        })
    }

    fn roberta(self) -> Result<Config> {
        let padding = self.pad_token_id.unwrap_or(PADDING);
        Ok(Config {
            family: Family::Roberta,
            ..self.after(padding)?
        })
    }

    fn mpnet(self) -> Result<Config> {
        let buckets = self.relative_attention_num_buckets.unwrap_or(32);
        // MPNet's positions begin after 1 whatever its padding token is.
        Ok(Config {
            family: Family::MpNet,
            kinds: 0,
            buckets: Some(buckets),
            ..self.after(PADDING)?
        })
    }

    fn after(self, padding: u32) -> Result<Config> {
        let own = usize::try_from(padding).map_or(usize::MAX, |padding| padding.saturating_add(1));
        let config = self.bert()?;
        Ok(Config {
            positions: Positions::LearnedAfter(padding),
            max_tokens: config.max_tokens.saturating_sub(own),
            ..config
        })
    }
}

impl DistilBert {
    fn config(self) -> Result<Config> {
        Ok(Config {
            family: Family::DistilBert,
            hidden: self.dim,
            heads: self.n_heads,
            intermediate: self.hidden_dim,
            activation: Activation::parse(&self.activation)?,
            epsilon: 1e-12,
            vocabulary: self.vocab_size,
            positions: Positions::Learned,
            kinds: 0,
            buckets: None,
            layers: everywhere(self.n_layers),
            unbiased: Vec::new(),
            max_tokens: self.max_position_embeddings,
        })
    }
}

impl ModernBert {
    fn config(self) -> Result<Config> {
        if self.rope_scaling.as_ref().is_some_and(|scaling| !scaling.is_null()) {
            return Err(unsupported("`rope_scaling` is not supported"));
        }
        let biases = [
            (Part::Norm, self.norm_bias),
            (Part::Attention, self.attention_bias),
            (Part::Mlp, self.mlp_bias),
            (Part::Classifier, self.classifier_bias),
        ];
        Ok(Config {
            family: Family::ModernBert,
            hidden: self.hidden_size,
            heads: self.num_attention_heads,
            intermediate: self.intermediate_size,
            activation: Activation::parse(&self.hidden_activation)?,
            epsilon: self.norm_eps,
            vocabulary: self.vocab_size,
            positions: Positions::Rotary,
            kinds: 0,
            buckets: None,
            layers: self.reaches()?,
            unbiased: biases
                .into_iter()
                .filter(|(_, biased)| *biased != Some(true))
                .map(|(part, _)| part)
                .collect(),
            max_tokens: self.max_position_embeddings,
        })
    }

    fn reaches(&self) -> Result<Vec<Reach>> {
        let far = self.global_rope_theta.unwrap_or(160_000.0);
        let wide = Reach {
            window: None,
            theta: Some(self.theta("full_attention", far)?),
        };
        let narrow = Reach {
            window: Some(self.local_attention / 2),
            theta: Some(self.theta("sliding_attention", self.local_rope_theta.unwrap_or(far))?),
        };
        let Some(kinds) = &self.layer_types else {
            let every = self.global_attn_every_n_layers.unwrap_or(3).max(1);
            let reach = |layer: usize| if layer.is_multiple_of(every) { wide } else { narrow };
            return Ok((0..self.num_hidden_layers.min(MOST_LAYERS)).map(reach).collect());
        };
        if kinds.len() != self.num_hidden_layers {
            let (said, layers) = (kinds.len(), self.num_hidden_layers);
            return Err(unsupported(format!("`layer_types` names {said} layers of {layers}")));
        }
        let reach = |kind: &String| match kind.as_str() {
            "full_attention" => Ok(wide),
            "sliding_attention" => Ok(narrow),
            other => Err(unsupported(format!(
                "`{}` is not a supported kind of layer",
                shown(other)
            ))),
        };
        kinds.iter().map(reach).collect()
    }

    /// The base of the angles of one kind of layer, where the older keys say `older`.
    fn theta(&self, kind: &str, older: f32) -> Result<f32> {
        let newer = self.rope_parameters.get(kind).and_then(Option::as_ref);
        if let Some(other) = newer
            .and_then(|rope| rope.rope_type.as_deref())
            .filter(|kind| *kind != "default")
        {
            return Err(unsupported(format!(
                "`{}` is not a supported rotary embedding; supported: default",
                shown(other)
            )));
        }
        let theta = newer.and_then(|rope| rope.rope_theta).unwrap_or(older);
        if theta.is_finite() && theta >= 1.0 {
            Ok(theta)
        } else {
            Err(unsupported(format!("a rotary base of {theta} makes no angles")))
        }
    }
}

fn everywhere(layers: usize) -> Vec<Reach> {
    let reach = Reach {
        window: None,
        theta: None,
    };
    vec![reach; layers.min(MOST_LAYERS)]
}
