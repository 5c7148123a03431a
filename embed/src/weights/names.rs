//! What each family calls the tensors of an encoder.

use domain::Result;

use super::reader::Reader;
use super::{Layer, Norm, Stored};
use crate::config::{Config, Family, Part};

/// The names of one family. Those of a layer stand after the layer's own name.
pub(super) struct Names {
    /// What stands before all of them in a model that was saved with a head.
    pub(super) prefix: &'static str,
    pub(super) words: &'static str,
    /// After the embeddings.
    pub(super) norm: &'static str,
    layers: &'static str,
    /// Query, key and value, or one tensor with all three.
    qkv: &'static [&'static str],
    attention: &'static str,
    attention_norm: &'static str,
    up: &'static str,
    down: &'static str,
    mlp_norm: &'static str,
}

const BERT: Names = Names {
    prefix: "bert.",
    words: "embeddings.word_embeddings.weight",
    norm: "embeddings.LayerNorm",
    layers: "encoder.layer",
    qkv: &["attention.self.query", "attention.self.key", "attention.self.value"],
    attention: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    mlp_norm: "output.LayerNorm",
};

const ROBERTA: Names = Names {
    prefix: "roberta.",
    ..BERT
};

const MPNET: Names = Names {
    prefix: "mpnet.",
    qkv: &["attention.attn.q", "attention.attn.k", "attention.attn.v"],
    attention: "attention.attn.o",
    attention_norm: "attention.LayerNorm",
    ..BERT
};

const DISTILBERT: Names = Names {
    prefix: "distilbert.",
    layers: "transformer.layer",
    qkv: &["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    attention: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    mlp_norm: "output_layer_norm",
    ..BERT
};

const MODERNBERT: Names = Names {
    prefix: "model.",
    words: "embeddings.tok_embeddings.weight",
    norm: "embeddings.norm",
    layers: "layers",
    qkv: &["attn.Wqkv"],
    attention: "attn.Wo",
    attention_norm: "attn_norm",
    up: "mlp.Wi",
    down: "mlp.Wo",
    mlp_norm: "mlp_norm",
};

impl Names {
    pub(super) fn of(family: Family) -> &'static Self {
        match family {
            Family::Bert => &BERT,
            Family::Roberta => &ROBERTA,
            Family::DistilBert => &DISTILBERT,
            Family::MpNet => &MPNET,
            Family::ModernBert => &MODERNBERT,
        }
    }

    /// One layer in the common form.
    pub(super) fn layer(&self, reader: &Reader<'_>, layer: usize, config: &Config) -> Result<Layer<Stored>> {
        let (hidden, intermediate) = (config.hidden, config.intermediate);
        let name = |part: &str| format!("{}.{layer}.{part}", self.layers);
        let norm = |part: &str| reader.norm(&name(part), hidden, config.biased(Part::Norm));
        let qkv = self.qkv.iter().map(|part| name(part)).collect::<Vec<_>>();
        let attention = config.biased(Part::Attention);
        let mlp = config.biased(Part::Mlp);
        let (gate, up) = match config.family {
            Family::ModernBert => gated(reader, &name(self.up), config)?,
            Family::Bert | Family::Roberta | Family::DistilBert | Family::MpNet => {
                (None, reader.linear(&name(self.up), hidden, intermediate, mlp)?)
            }
        };
        let norms = self.norms(layer, config.family, norm)?;
        Ok(Layer {
            before_attention: norms.before_attention,
            qkv: joined(reader, &qkv, config)?,
            attention: reader.linear(&name(self.attention), hidden, hidden, attention)?,
            after_attention: norms.after_attention,
            before_mlp: norms.before_mlp,
            gate,
            up,
            down: reader.linear(&name(self.down), intermediate, hidden, mlp)?,
            after_mlp: norms.after_mlp,
        })
    }

    fn norms(&self, layer: usize, family: Family, norm: impl Fn(&str) -> Result<Norm>) -> Result<Norms> {
        Ok(match family {
            Family::ModernBert => Norms {
                // The embeddings were normalised a moment ago.
                before_attention: (layer > 0).then(|| norm(self.attention_norm)).transpose()?,
                before_mlp: Some(norm(self.mlp_norm)?),
                ..Norms::default()
            },
            Family::Bert | Family::Roberta | Family::DistilBert | Family::MpNet => Norms {
                after_attention: Some(norm(self.attention_norm)?),
                after_mlp: Some(norm(self.mlp_norm)?),
                ..Norms::default()
            },
        })
    }
}

/// The normalisations of a layer.
#[derive(Default)]
struct Norms {
    before_attention: Option<Norm>,
    after_attention: Option<Norm>,
    before_mlp: Option<Norm>,
    after_mlp: Option<Norm>,
}

/// Query, key and value as one map, from one tensor or three, with the query scaled.
#[expect(clippy::cast_precision_loss, reason = "the width of a head is some dozens")]
fn joined(reader: &Reader<'_>, names: &[String], config: &Config) -> Result<Stored> {
    let hidden = config.hidden;
    let (mut weight, mut bias) = (Vec::with_capacity(3 * hidden * hidden), Vec::with_capacity(3 * hidden));
    for name in names {
        let width = 3 * hidden / names.len();
        weight.extend(reader.matrix(&format!("{name}.weight"), width, hidden)?);
        bias.extend(reader.bias(name, width, config.biased(Part::Attention))?);
    }
    let scale = 1.0 / (config.width() as f32).sqrt();
    for x in weight
        .iter_mut()
        .take(hidden * hidden)
        .chain(bias.iter_mut().take(hidden))
    {
        *x *= scale;
    }
    Ok(Stored {
        rows: weight,
        depth: hidden,
        bias,
    })
}

/// The two halves of one tensor: what is activated, and what that is multiplied by.
fn gated(reader: &Reader<'_>, name: &str, config: &Config) -> Result<(Option<Stored>, Stored)> {
    let (hidden, intermediate) = (config.hidden, config.intermediate);
    let mut rows = reader.matrix(&format!("{name}.weight"), 2 * intermediate, hidden)?;
    let mut up_bias = reader.bias(name, 2 * intermediate, config.biased(Part::Mlp))?;
    let gate_bias = up_bias.split_off(intermediate);
    let gate = rows.split_off(intermediate * hidden);
    let map = |rows, bias| Stored {
        rows,
        depth: hidden,
        bias,
    };
    Ok((Some(map(gate, gate_bias)), map(rows, up_bias)))
}
