"""Makes small random models with reference results, as test fixtures.

Each model is one of the architectures that sentence encoders and rerankers
use, with random weights and a tiny tokenizer, laid out in a folder as
published models are, next to a ``reference.json`` with what the transformers
library computes for a dozen texts (or pairs of texts) in fp32, one at a time
and without padding.

    python parity_models.py OUT            write OUT/NAME/... for every model
    python parity_models.py OUT --check    the same, then show that mistakes in
                                         an implementation would be visible

Needs torch, transformers, tokenizers, safetensors and numpy; nothing is
downloaded. The same versions write the same bytes again.

reference.json of an embedding model::

    {"kind": "embedding", "architecture": ..., "pooling": "mean" | "cls",
     "max_length": tokens kept of a text with its special tokens,
     "made_with": {"transformers": ..., ...},
     "items": [{"text": ..., "ids": [token ids], "truncated": bool,
                "vector": [unit vector]}, ...]}

and of a reranker, whose score is the raw output of the model (no sigmoid)::

    {"kind": "reranker", "architecture": ..., "max_length": ..., ...
     "items": [{"text": ..., "pair": ..., "ids": [...], "type_ids": [...],
                "truncated": bool, "logits": [one number]}, ...]}

A text that is too long loses its end; of a pair the longer text is shortened
first (``longest_first``).
"""

import argparse
import collections
import json
import math
import os
import shutil
from pathlib import Path

# Read when the libraries load.
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy
import safetensors.torch
import tokenizers
import torch
import transformers
from tokenizers import models, normalizers, pre_tokenizers, processors

VOCABULARY = 300

# What the vocabularies are made from.
CORPUS = """\
The quick brown fox jumps over the lazy dog while the dog is sleeping.
A small model with random weights still has to give the same numbers everywhere.
Memory is the faculty by which the mind stores and remembers information.
She sells sea shells by the sea shore, and the shells she sells are surely sea shells.
An index of vectors answers which of the stored texts is nearest to a question.
Water boils at one hundred degrees; at height it boils sooner, and tea is weaker.
The committee meets on Tuesday at 10:30 to discuss the budget for 2024 and 2025.
In the beginning the engine starts slowly, then faster, then it stops. Why does it stop?
Der Hund schläft unter dem Tisch, und die Katze sitzt auf dem Dach.
Le café est fermé le lundi, mais le musée reste ouvert toute la journée.
El niño comió una manzana mañana por la mañana en el jardín.
Reading and writing, running and stopping, indexing and searching: verbs of the machine.
"""

LONG = (
    "The engine starts slowly, then faster, and the committee discusses the budget for 2024; "
    "water boils at height, the fox sleeps under the table, and the index answers questions. "
)

TEXTS = [
    "fox",
    "",
    "The quick brown fox jumps over the lazy dog.",
    "Which of the stored texts is nearest to a question?",
    "UPPER case, lower case and MiXeD case are words too!",
    "Le café est fermé; der Hund schläft; el niño comió.",
    "  spaces   and\ttabs\nand lines  ",
    "10:30 on 2024-05-17 costs $3.50 (or 3,50 €) at 100%",
    "\u732b\u304c\u5bdd\u3066\u3044\u308b\u3002 \u041a\u043e\u0448\u043a\u0430 \u0441\u043f\u0438\u0442. \U0001f642",
    "Memory is the faculty by which the mind stores and remembers information.",
    LONG.strip(),
    (LONG * 6).strip(),
]

PAIRS = [
    ("fox", "dog"),
    ("dog", "fox"),
    ("What is memory?", "Memory is the faculty by which the mind stores information."),
    ("What is memory?", "The quick brown fox jumps over the lazy dog."),
    ("When does the committee meet?", "The committee meets on Tuesday at 10:30."),
    ("", "An empty question has an answer."),
    ("A question without an answer", ""),
    ("UPPER case", "  spaces   and\ttabs "),
    ("caf\u00e9 ferm\u00e9", "Le caf\u00e9 est ferm\u00e9 le lundi, mais le mus\u00e9e reste ouvert."),
    ("Why does the engine stop?", LONG.strip()),
    ("Why does the engine stop?", (LONG * 6).strip()),
    ((LONG * 3).strip(), (LONG * 4).strip()),
]


# ------------------------------------------------------------------ tokenizers


def with_template(tokenizer, specials, template):
    """Declares the special tokens and puts them around one text and two."""
    tokenizer.add_special_tokens(specials)
    single, pair = template
    names = {token.split(":")[0] for token in (single + " " + pair).split() if token[0] != "$"}
    ids = [(name, tokenizer.token_to_id(name)) for name in sorted(names)]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=ids
    )
    assert tokenizer.get_vocab_size() == VOCABULARY
    return tokenizer


def words(tokenizer):
    """How often each word of the corpus occurs, split as the tokenizer does."""
    counts = collections.Counter()
    for line in CORPUS.splitlines():
        if tokenizer.normalizer:
            line = tokenizer.normalizer.normalize_str(line)
        counts.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(line))
    return counts


def commonest(counts, number):
    """The most common pieces, longer ones preferred, always in one order.

    The trainers of the tokenizers library break ties by chance, which is why
    the vocabularies are made here.
    """
    return sorted(counts, key=lambda piece: (-counts[piece] * len(piece), piece))[:number]


def word_pieces(specials, template):
    """Lower-casing WordPiece, as BERT, DistilBERT and MPNet have it."""
    tokenizer = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = tokenizers.decoders.WordPiece()
    single, longer = set(), collections.Counter()
    for word, count in words(tokenizer).items():
        for start in range(len(word)):
            mark = "##" if start else ""
            single |= {word[start], "##" + word[start]}
            for end in range(start + 2, len(word) + 1):
                longer[mark + word[start:end]] += count
    pieces = specials + sorted(single)
    pieces += commonest(longer, VOCABULARY - len(pieces))
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer.model = models.WordPiece(vocabulary, unk_token="[UNK]")
    return with_template(tokenizer, specials, template)


def byte_pairs(specials, template):
    """Byte-level BPE, as RoBERTa and ModernBERT have it."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    pieces = specials + sorted(pre_tokenizers.ByteLevel.alphabet())
    split = [(list(word), count) for word, count in sorted(words(tokenizer).items())]
    merges = []
    while len(pieces) < VOCABULARY:
        pairs = collections.Counter()
        for parts, count in split:
            for pair in zip(parts, parts[1:]):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        pieces.append("".join(best))
        for parts, _ in split:
            at = 0
            while at + 1 < len(parts):
                if (parts[at], parts[at + 1]) == best:
                    parts[at : at + 2] = ["".join(best)]
                at += 1
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer.model = models.BPE(vocabulary, merges)
    return with_template(tokenizer, specials, template)


def unigrams(specials, template):
    """Unigram with word-start marks, as XLM-RoBERTa has it."""
    tokenizer = tokenizers.Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = tokenizers.decoders.Metaspace()
    single, longer = collections.Counter(), collections.Counter()
    for word, count in words(tokenizer).items():
        for start in range(len(word)):
            single[word[start]] += count
            for end in range(start + 2, len(word) + 1):
                longer[word[start:end]] += count
    pieces = sorted(single)
    pieces += commonest(longer, VOCABULARY - len(specials) - len(pieces))
    counts = single + longer
    total = sum(counts[piece] for piece in pieces)
    scored = [(token, 0.0) for token in specials]
    scored += [(piece, round(math.log(counts[piece] / total), 6)) for piece in pieces]
    tokenizer.model = models.Unigram(scored, unk_id=specials.index("<unk>"))
    return with_template(tokenizer, specials, template)


BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
BERT_TEMPLATE = ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1")
MODERN_TEMPLATE = ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]")
ROBERTA_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
ROBERTA_TEMPLATE = ("<s> $A </s>", "<s> $A </s> </s> $B </s>")
MPNET_SPECIALS = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]


def bert_tokenizer():
    return word_pieces(BERT_SPECIALS, BERT_TEMPLATE)


def roberta_tokenizer():
    return byte_pairs(ROBERTA_SPECIALS, ROBERTA_TEMPLATE)


def xlm_roberta_tokenizer():
    return unigrams(ROBERTA_SPECIALS, ROBERTA_TEMPLATE)


def mpnet_tokenizer():
    return word_pieces(MPNET_SPECIALS, ROBERTA_TEMPLATE)


def modernbert_tokenizer():
    return byte_pairs(BERT_SPECIALS, MODERN_TEMPLATE)


# ---------------------------------------------------------------------- models

SHAPE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
}
BERT = SHAPE | {"max_position_embeddings": 64, "type_vocab_size": 2, "pad_token_id": 0}
# Positions are counted from the padding id on, so two rows are never used.
ROBERTA = SHAPE | {
    "max_position_embeddings": 66,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "layer_norm_eps": 1e-5,
}
# One layer in three looks at all tokens, the others at 8 on either side.
MODERNBERT = SHAPE | {
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 128,
    "local_attention": 16,
    "global_attn_every_n_layers": 3,
    "pad_token_id": 0,
    "cls_token_id": 2,
    "sep_token_id": 3,
    "bos_token_id": 2,
    "eos_token_id": 3,
}
ROPE = {"global_rope_theta": 160000.0, "local_rope_theta": 10000.0}

# name: (model class, configuration, tokenizer, tokens kept, pooling or None,
#        what a fixture has that is out of the ordinary)
MODELS = {
    # The tokenizer.json of some published models pads and cuts to a length
    # that is not the one the model is used with; so does this one's.
    "bert-mean": ("BertModel", BERT, bert_tokenizer, 48, "mean", {"padded_tokenizer": 16}),
    "bert-cls": (
        "BertModel",
        BERT | {"hidden_act": "gelu_new", "layer_norm_eps": 1e-5, "num_attention_heads": 2},
        bert_tokenizer,
        64,
        "cls",
        {},
    ),
    "roberta": ("RobertaModel", ROBERTA | {"type_vocab_size": 1}, roberta_tokenizer, 64, "mean", {}),
    "xlm-roberta": (
        "XLMRobertaModel",
        ROBERTA | {"type_vocab_size": 1},
        xlm_roberta_tokenizer,
        64,
        "mean",
        {},
    ),
    "distilbert": (
        "DistilBertModel",
        {
            "vocab_size": VOCABULARY,
            "dim": 32,
            "n_layers": 2,
            "n_heads": 4,
            "hidden_dim": 64,
            "max_position_embeddings": 64,
            "pad_token_id": 0,
        },
        bert_tokenizer,
        64,
        "mean",
        {},
    ),
    # Long enough for the relative positions that share a bucket.
    "mpnet": (
        "MPNetModel",
        ROBERTA | {"max_position_embeddings": 178, "relative_attention_num_buckets": 32},
        mpnet_tokenizer,
        176,
        "mean",
        {},
    ),
    "modernbert": ("ModernBertModel", MODERNBERT, modernbert_tokenizer, 128, "mean", {"rope": ROPE}),
    "bert-rerank": ("BertForSequenceClassification", BERT, bert_tokenizer, 64, None, {}),
    "xlm-roberta-rerank": (
        "XLMRobertaForSequenceClassification",
        ROBERTA | {"type_vocab_size": 1},
        xlm_roberta_tokenizer,
        64,
        None,
        {},
    ),
    # The mean over the tokens goes to the classifier. The configuration is
    # left as the installed transformers writes it, where the one of
    # "modernbert" has the fields of published models.
    "modernbert-rerank": (
        "ModernBertForSequenceClassification",
        MODERNBERT | {"classifier_pooling": "mean", "num_hidden_layers": 3},
        modernbert_tokenizer,
        128,
        None,
        {"rope": ROPE, "new_config": True},
    ),
    "distilbert-rerank": (
        "DistilBertForSequenceClassification",
        {
            "vocab_size": VOCABULARY,
            "dim": 24,
            "n_layers": 1,
            "n_heads": 2,
            "hidden_dim": 48,
            "activation": "relu",
            "max_position_embeddings": 64,
            "pad_token_id": 0,
        },
        bert_tokenizer,
        64,
        None,
        {},
    ),
}


def randomise(model, seed):
    """Fills every weight from the seed, strongly enough that each part of the
    model shows in the result.

    Embeddings stay small, so that the epsilon of the norm after them matters.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            noise = torch.randn(weight.shape, generator=generator)
            if "relative_attention_bias" in name:
                value = noise
            elif "embedding" in name and weight.dim() == 2:
                value = 0.02 * noise
            elif weight.dim() == 2:
                value = 0.3 * noise
            elif name.endswith("bias"):
                value = 0.3 * noise
            else:  # the weight of a norm
                value = 1.0 + 0.3 * noise
            weight.copy_(value)


def build(name):
    """The model of that name, its weights random but always the same."""
    kind, settings, _, _, pooling, extras = MODELS[name]
    model_class = getattr(transformers, kind)
    settings = dict(settings) | extras.get("rope", {})
    if pooling is None:
        settings |= {"num_labels": 1}
    config = model_class.config_class(**settings)
    config._attn_implementation = "eager"
    model = model_class(config).eval()
    randomise(model, seed=1 + list(MODELS).index(name))
    return model


def result(model, encoding, pooling):
    """The unit vector of one text, or the logits of one pair."""
    inputs = {"input_ids": torch.tensor([encoding.ids])}
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    if model.config.model_type == "bert":
        inputs["token_type_ids"] = torch.tensor([encoding.type_ids])
    with torch.no_grad():
        output = model(**inputs)
    if pooling is None:
        return output.logits[0].numpy()
    hidden = output.last_hidden_state[0]
    vector = hidden[0] if pooling == "cls" else hidden.mean(0)
    return (vector / vector.norm()).numpy()


def encodings(name, tokenizer):
    """The inputs of the model with their texts: one or two of them each."""
    items = [(text,) for text in TEXTS] if MODELS[name][4] else PAIRS
    tokenizer.no_padding()
    for item in items:
        tokenizer.no_truncation()
        whole = len(tokenizer.encode(*item).ids)
        tokenizer.enable_truncation(max_length=MODELS[name][3])
        encoding = tokenizer.encode(*item)
        yield item, encoding, len(encoding.ids) < whole


# ----------------------------------------------------------------------- files


def write_json(path, value, indent=None):
    """Writes the value as one JSON document."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    path.write_text(text + "\n", encoding="utf-8")


def write_config(model, path, extras):
    """config.json; without ``new_config`` with the fields that published
    ModernBERT models have instead of those that newer releases write."""
    config = model.config.to_dict()
    config["architectures"] = [type(model).__name__]
    config.pop("_attn_implementation", None)
    if "rope" in extras and not extras.get("new_config"):
        for field in ("rope_parameters", "layer_types"):
            config.pop(field, None)
        config |= extras["rope"]
        config["local_attention"] = MODERNBERT["local_attention"]
        config["global_attn_every_n_layers"] = MODERNBERT["global_attn_every_n_layers"]
    # Fields that are the same for every model say nothing.
    unset = ("_name_or_path", "chunk_size_feed_forward", "output_hidden_states", "return_dict")
    config = {key: config[key] for key in sorted(config) if key not in unset}
    write_json(path, config, indent=2)


def write_sentence_transformers(folder, pooling, width, max_length):
    """The small files that make a folder a sentence-transformers model."""
    prefix = "sentence_transformers.models."
    kinds = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": prefix + kind}
        for i, (path, kind) in enumerate(kinds)
    ]
    write_json(folder / "modules.json", modules, indent=2)
    settings = {"max_seq_length": max_length, "do_lower_case": False}
    write_json(folder / "sentence_bert_config.json", settings, indent=2)
    write_json(
        folder / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": width,
            "pooling_mode_cls_token": pooling == "cls",
            "pooling_mode_mean_tokens": pooling == "mean",
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
        indent=2,
    )


def numbers(values):
    """Floats as short as fp32 needs them."""
    return [float(f"{value:.9g}") for value in values]


def write_model(name, folder):
    """Writes one model with its reference."""
    kind, _, make_tokenizer, max_length, pooling, extras = MODELS[name]
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)

    model, tokenizer = build(name), make_tokenizer()
    items = []
    for texts, encoding, truncated in encodings(name, tokenizer):
        item = dict(zip(("text", "pair"), texts)) | {"ids": encoding.ids}
        if pooling is None:
            item["type_ids"] = encoding.type_ids
        item["truncated"] = truncated
        item["vector" if pooling else "logits"] = numbers(result(model, encoding, pooling))
        items.append(item)

    # The tensor names are those that save_pretrained writes.
    tensors = {key: value.contiguous() for key, value in model.state_dict().items()}
    safetensors.torch.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    write_config(model, folder / "config.json", extras)

    tokenizer.no_padding()
    tokenizer.no_truncation()
    if fixed := extras.get("padded_tokenizer"):
        tokenizer.enable_truncation(max_length=fixed)
        tokenizer.enable_padding(length=fixed)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)

    reference = {
        "kind": "embedding" if pooling else "reranker",
        "architecture": kind,
        "max_length": max_length,
        "made_with": {
            module.__name__: module.__version__ for module in (transformers, torch, tokenizers)
        },
    }
    if pooling:
        reference["pooling"] = pooling
        width = len(items[0]["vector"])
        write_sentence_transformers(folder, pooling, width, max_length)
    # One item per line: readable differences without a line per number.
    lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in items)
    head = json.dumps(reference, indent=2)[:-2]
    (folder / "reference.json").write_text(
        head + ',\n  "items": [\n' + lines + "\n]\n}\n", encoding="utf-8"
    )

    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    lengths = [len(item["ids"]) for item in items]
    print(f"{name}: {size / 1024:.0f} KiB, {lengths} tokens")
    if size > 200 * 1024:
        raise SystemExit(f"{name} is too large")
    if not items[-1]["truncated"]:
        raise SystemExit(f"{name}: no text is too long for it")


# ----------------------------------------------------------------------- check


def mistakes(name):
    """Pairs of a label and a function that spoils a model in that way."""
    config = build(name).config
    kind = config.model_type

    def zero(part):
        def spoil(model):
            for key, weight in model.named_parameters():
                if part in key:
                    weight.data.zero_()

        return spoil

    def first_row(part):
        """Every row of the table is its first: ids are ignored."""

        def spoil(model):
            for key, weight in model.named_parameters():
                if part in key:
                    weight.data.copy_(weight.data[:1].expand_as(weight).clone())

        return spoil

    def shift(model):
        """Positions one too low."""
        for key, weight in model.named_parameters():
            if "position_embeddings" in key:
                weight.data.copy_(weight.data.roll(1, 0))

    def epsilon(model):
        for module in model.modules():
            if isinstance(module, torch.nn.LayerNorm):
                module.eps = 1e-5 if module.eps < 1e-6 else 1e-12

    def activation(model):
        other = torch.nn.GELU(approximate="tanh")
        if getattr(config, "hidden_act", None) in ("gelu_new", "gelu_pytorch_tanh"):
            other = torch.nn.GELU()
        changed = 0
        for module in model.modules():
            for field in ("intermediate_act_fn", "activation", "act"):
                present = getattr(module, field, None)
                if callable(present) and not isinstance(present, torch.nn.Tanh):
                    setattr(module, field, other)
                    changed += 1
        assert changed, name

    yield "activation", activation
    yield "epsilon", epsilon
    if kind != "modernbert":
        yield "no biases", zero("bias")
        yield "positions shifted", shift
    if kind in ("bert", "roberta", "xlm-roberta"):
        yield "no token types", zero("token_type_embeddings")
    if kind == "bert" and MODELS[name][4] is None:
        yield "token types ignored", first_row("token_type_embeddings")
    if kind == "mpnet":
        yield "no relative bias", zero("relative_attention_bias")


def rebuilt(name):
    """Pairs of a label and settings with which the model is built wrongly."""
    if "ModernBert" in MODELS[name][0]:
        yield "window 14", {"local_attention": 14}
        yield "window 18", {"local_attention": 18}
        yield "all layers global", {"global_attn_every_n_layers": 1}
        yield "local theta everywhere", {"global_rope_theta": ROPE["local_rope_theta"]}
        yield "global theta everywhere", {"local_rope_theta": ROPE["global_rope_theta"]}
        if MODELS[name][4] is None:
            yield "other classifier pooling", {"classifier_pooling": "cls"}


def check(name, folder):
    """Loads what was written with transformers, compares it to the reference,
    and prints how far the results of wrong models are from it."""
    _, settings, _, max_length, pooling, extras = MODELS[name]
    reference = json.loads((folder / "reference.json").read_text(encoding="utf-8"))
    items = reference["items"]
    wanted = [numpy.array(item["vector" if pooling else "logits"]) for item in items]
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    inputs = [encoding for _, encoding, _ in encodings(name, tokenizer)]
    assert [encoding.ids for encoding in inputs] == [item["ids"] for item in items], name

    def distance(model):
        got = [result(model, encoding, pooling) for encoding in inputs]
        return max(float(abs(a - b).max()) for a, b in zip(got, wanted))

    model_class = getattr(transformers, MODELS[name][0])
    loaded, report = model_class.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"] and not report["unexpected_keys"], (name, report)
    same = distance(loaded.eval())
    print(f"{name}: loaded again {same:.1e}")
    assert same < 2e-6 * max(1.0, max(float(abs(w).max()) for w in wanted)), name

    found = {}
    for label, spoil in mistakes(name):
        model = build(name)
        spoil(model)
        found[label] = distance(model)
    for label, changes in rebuilt(name):
        kept = MODELS[name]
        rope = extras["rope"] | {key: changes[key] for key in changes if key in ROPE}
        other = {key: changes[key] for key in changes if key not in ROPE}
        MODELS[name] = (*kept[:1], settings | other, *kept[2:5], extras | {"rope": rope})
        found[label] = distance(build(name))
        MODELS[name] = kept
    if pooling:
        found["other pooling"] = max(
            float(abs(result(loaded, encoding, other) - vector).max())
            for other in {"mean", "cls"} - {pooling}
            for encoding, vector in zip(inputs, wanted)
        )
    for label, value in found.items():
        print(f"    {label}: {value:.1e}{'   <-- hardly visible' if value < 5e-5 else ''}")


def main():
    """Reads the command line and writes the models."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the models")
    parser.add_argument("--only", choices=list(MODELS), help="one model instead of all")
    parser.add_argument("--check", action="store_true", help="show that mistakes are visible")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    for name in [arguments.only] if arguments.only else MODELS:
        write_model(name, arguments.out / name)
        if arguments.check:
            check(name, arguments.out / name)


if __name__ == "__main__":
    main()
