//! `config.json` of every family, and what is refused of them.

use super::{Activation, Config, Family, Part, Positions, Reach};

const MINILM: &str = r#"{"model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
    "intermediate_size": 1536, "hidden_act": "gelu", "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "vocab_size": 30522}"#;

const MODERN: &str = r#"{"model_type": "modernbert", "hidden_size": 768, "num_hidden_layers": 4, "num_attention_heads": 12,
    "intermediate_size": 1152, "hidden_activation": "gelu", "norm_eps": 1e-5, "max_position_embeddings": 8192, "vocab_size": 50368,
    "local_attention": 128, "global_attn_every_n_layers": 3, "global_rope_theta": 160000.0, "local_rope_theta": 10000.0,
    "norm_bias": false, "mlp_bias": true, "position_embedding_type": "absolute"}"#;

fn parse(text: &str) -> Config {
    Config::parse(text, None).unwrap()
}

#[test]
fn bert_says_its_shape_and_the_cut_off_is_the_lower_one() {
    let config = parse(MINILM);
    let sizes = (config.hidden, config.layers.len(), config.heads, config.width());
    assert_eq!((config.family, sizes), (Family::Bert, (384, 6, 12, 32)));
    assert_eq!(
        (config.kinds, config.positions, config.max_tokens),
        (2, Positions::Learned, 512)
    );
    assert_eq!(Config::parse(MINILM, Some(128)).unwrap().max_tokens, 128);
    assert_eq!(Config::parse(MINILM, Some(4096)).unwrap().max_tokens, 512);
    assert!(config.biased(Part::Norm));
}

#[test]
fn roberta_and_mpnet_begin_their_positions_after_the_padding() {
    let text = MINILM.replace("512", "514").replace("\"bert\"", "\"xlm-roberta\"");
    let config = parse(&text.replacen('{', r#"{"type_vocab_size": 1, "pad_token_id": 1, "#, 1));
    assert_eq!(config.family, Family::Roberta);
    assert_eq!(
        (config.kinds, config.positions, config.max_tokens),
        (1, Positions::LearnedAfter(1), 512)
    );
    let config = parse(&text.replace("xlm-roberta", "mpnet"));
    assert_eq!(
        (config.family, config.buckets, config.kinds),
        (Family::MpNet, Some(32), 0)
    );
}

#[test]
fn distilbert_has_its_own_words() {
    let config = parse(
        r#"{"model_type": "distilbert", "dim": 768, "n_layers": 6, "n_heads": 12, "hidden_dim": 3072, "activation": "relu",
        "max_position_embeddings": 512, "vocab_size": 30522}"#,
    );
    assert_eq!(
        (config.hidden, config.intermediate, config.layers.len()),
        (768, 3072, 6)
    );
    assert_eq!((config.activation, config.kinds), (Activation::Relu, 0));
}

#[test]
fn modernbert_mixes_wide_and_narrow_layers() {
    let wide = Reach {
        window: None,
        theta: Some(160_000.0),
    };
    let narrow = Reach {
        window: Some(64),
        theta: Some(10_000.0),
    };
    let config = parse(MODERN);
    assert_eq!(config.layers, [wide, narrow, narrow, wide]);
    assert_eq!((config.max_tokens, config.positions), (512, Positions::Rotary));
    assert_eq!(config.unbiased, [Part::Norm, Part::Attention, Part::Classifier]);
    let newer = MODERN.replace(
        r#""global_attn_every_n_layers": 3, "global_rope_theta": 160000.0, "local_rope_theta": 10000.0"#,
        r#""layer_types": ["sliding_attention", "full_attention", "sliding_attention", "sliding_attention"],
        "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 7.0}, "sliding_attention": null}"#,
    );
    let layers = parse(&newer).layers;
    assert_eq!(
        (layers[0], layers[1].theta, layers[1].window),
        (narrow, Some(7.0), None)
    );
    let alike = MODERN.replace(r#""local_rope_theta": 10000.0"#, r#""local_rope_theta": null"#);
    assert_eq!(parse(&alike).layers[1].theta, Some(160_000.0));
}

#[test]
fn what_is_not_implemented_is_refused_by_name() {
    let changed = |from: &str, to: &str| {
        let text = MINILM.replace(from, to);
        assert_ne!(text, MINILM);
        Config::parse(&text, None).unwrap_err().message().to_owned()
    };
    assert_eq!(
        changed(r#""bert""#, r#""deberta-v2""#),
        "`deberta-v2` is not a supported architecture; supported: bert, roberta, xlm-roberta, camembert, distilbert, mpnet, modernbert"
    );
    assert!(changed(r#""gelu""#, r#""mish""#).starts_with("`mish` is not a supported activation; supported: gelu,"));
    assert_eq!(changed("12,", "7,"), "a hidden size of 384 does not split into 7 heads");
    assert_eq!(changed("384", "0"), "the hidden size is 0; it must be from 1 to 16384");
    assert_eq!(
        changed(": 6,", ": 99999999999,"),
        "the number of layers is 1000; it must be from 1 to 256"
    );
    assert_eq!(
        changed("1e-12", "-1"),
        "the epsilon of normalisation is -1; it must be from 0 to 1"
    );
    assert!(changed(r#""hidden_size": 384, "#, "").contains("missing field `hidden_size`"));
    assert_eq!(
        changed("{", r#"{"position_embedding_type": "relative_key", "#),
        "`relative_key` is not a supported position embedding; supported: absolute"
    );
    let refused = |text: &str| Config::parse(text, None).unwrap_err().message().to_owned();
    let scaled = MODERN.replacen('{', r#"{"rope_scaling": {"type": "linear"}, "#, 1);
    assert_eq!(refused(&scaled), "`rope_scaling` is not supported");
    let yarn = MODERN.replacen(
        '{',
        r#"{"rope_parameters": {"full_attention": {"rope_type": "yarn"}}, "#,
        1,
    );
    assert_eq!(
        refused(&yarn),
        "`yarn` is not a supported rotary embedding; supported: default"
    );
    assert!(Config::parse(MINILM, Some(2)).is_err());
}
