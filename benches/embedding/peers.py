#!/usr/bin/env python3
"""Embedding engines to compare against: ONNX Runtime and sentence-transformers.

Two commands:

``export --model DIR --out DIR``
    Turns a BERT-style sentence encoder (a folder with config.json,
    model.safetensors and tokenizer.json) into ONNX files for ONNX Runtime:

    =================  =======================================================
    fp32.onnx          fused by ONNX Runtime's transformer optimiser
                       (EmbedLayerNormalization, Attention,
                       SkipLayerNormalization, BiasGelu)
    fp32-plain.onnx    as exported; ONNX Runtime fuses what it can on loading
    int8.onnx          dynamic int8 of fp32-plain.onnx
    int8-fused.onnx    dynamic int8 of fp32.onnx
    tokenizer.json     copied, so that ``serve`` finds it next to the graphs
    =================  =======================================================

    On the AVX2 machine where this was written the plain graphs were level with
    the fused ones or up to 10 % ahead, so a fair comparison tries both and
    takes the faster.

``serve --engine ort|ort-int8|st (--onnx FILE | --model DIR) --threads N``
    Reads one JSON request per line from stdin and answers with one JSON line
    each on stdout, until stdin ends:

    ==========================================  ===============================
    ``{"texts": [...]}``                        ``{"seconds": 1.23}``
    ``{"texts": [...], "vectors": true}``       ``{"seconds": 1.23,
                                                "vectors": [[...], ...]}``
    ``{"info": true}``                          engine, versions and settings
    anything wrong                              ``{"error": "..."}``
    ==========================================  ===============================

    ``seconds`` is the wall clock of tokenising, inference, pooling and
    normalising; loading the model and reading or writing JSON are not in it.
    Vectors are unit vectors in the order of the texts.

Packages: numpy and tokenizers always; onnxruntime for the ort engines;
sentence-transformers and torch for st; torch, transformers, onnx and
onnxruntime for export. Nothing is downloaded: models are local folders.
"""

import argparse
import importlib.metadata
import json
import os
import shutil
import sys
import time
from pathlib import Path

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUT = "last_hidden_state"

# Texts per inference call when sorted by length. Small batches win on CPUs:
# the activations stay in the cache and almost nothing is padded.
DEFAULT_BATCH = {"ort": 4, "ort-int8": 4, "st": 32}


# --------------------------------------------------------------------- export


def bert_for_export(model):
    """Wraps a transformers ``BertModel`` in the operator sequence that ONNX
    Runtime's fusions know.

    Recent releases of transformers build the attention mask and the head
    shapes with operators that no fusion matches, so the forward pass is
    spelled out here over the model's own weights. ``export`` checks that both
    give the same result.
    """
    import torch

    if model.config.hidden_act != "gelu":
        raise SystemExit(f"hidden_act {model.config.hidden_act!r} is not handled")

    class Bert(torch.nn.Module):
        def __init__(self):
            super().__init__()
            config = model.config
            self.embeddings = model.embeddings
            self.layers = model.encoder.layer
            self.heads = config.num_attention_heads
            self.hidden = config.hidden_size
            self.head_size = self.hidden // self.heads
            positions = torch.arange(config.max_position_embeddings).unsqueeze(0)
            self.register_buffer("positions", positions)

        def split(self, x):
            return x.view(x.size()[:-1] + (self.heads, self.head_size)).permute(0, 2, 1, 3)

        def attend(self, attention, x, mask):
            query, key, value = (
                self.split(linear(x))
                for linear in (attention.self.query, attention.self.key, attention.self.value)
            )
            scores = torch.matmul(query, key.transpose(-1, -2)) / self.head_size**0.5 + mask
            context = torch.matmul(torch.softmax(scores, -1), value)
            context = context.permute(0, 2, 1, 3).contiguous()
            context = context.view(context.size()[:-2] + (self.hidden,))
            output = attention.output
            return output.LayerNorm(output.dense(context) + x)

        def forward(self, input_ids, attention_mask, token_type_ids):
            mask = attention_mask.unsqueeze(1).unsqueeze(2).to(torch.float32)
            mask = (1.0 - mask) * torch.finfo(torch.float32).min
            embeddings = self.embeddings
            x = embeddings.word_embeddings(input_ids)
            x = x + embeddings.token_type_embeddings(token_type_ids)
            x = x + embeddings.position_embeddings(self.positions[:, : input_ids.size(1)])
            x = embeddings.LayerNorm(x)
            for layer in self.layers:
                x = self.attend(layer.attention, x, mask)
                wide = torch.nn.functional.gelu(layer.intermediate.dense(x))
                x = layer.output.LayerNorm(layer.output.dense(wide) + x)
            return x

    return Bert().eval()


def quantise(source, target, per_channel):
    """Writes a dynamically quantised int8 version of the graph.

    Weights are signed 8-bit, activations unsigned 8-bit with a scale per
    tensor that is found at run time. ``reduce_range`` keeps the weights to 7
    bits: without VNNI the AVX2 and AVX-512 kernels add pairs of products in 16
    bits, which overflows on full-range weights. Speed is the same either way.
    The embedding tables stay in fp32; they cost no time.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul", "Attention"],
        per_channel=per_channel,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        # Type inference stops at the fused operators, so name the type.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def check_graphs(paths, inputs, expected, mask):
    """Prints each graph's operators after ONNX Runtime's own optimisation and
    how far its mean-pooled vectors are from the reference."""
    import collections
    import tempfile

    import numpy
    import onnx
    import onnxruntime

    def pooled(hidden):
        vectors = (hidden * mask[:, :, None]).sum(1)
        return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)

    wanted = pooled(expected)
    for path in paths:
        with tempfile.TemporaryDirectory() as folder:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            options.optimized_model_filepath = os.path.join(folder, "run.onnx")
            session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            got = pooled(session.run([OUTPUT], inputs)[0])
            graph = onnx.load(options.optimized_model_filepath).graph
        counts = collections.Counter(node.op_type for node in graph.node)
        cosine = float((got * wanted).sum(1).min())
        print(f"{path.name}: lowest cosine to torch {cosine:.6f}; {dict(counts.most_common())}")
        if path.name.startswith("fp32") and cosine < 0.9999:
            raise SystemExit(f"{path.name} does not agree with the model")


def export(arguments):
    """The ``export`` command."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import onnxruntime
    import torch
    import transformers
    from onnxruntime.transformers import optimizer

    source, target = arguments.model, arguments.out
    target.mkdir(parents=True, exist_ok=True)
    onnxruntime.set_default_logger_severity(3)
    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.disable_progress_bar()

    model = transformers.AutoModel.from_pretrained(source, dtype=torch.float32).eval()
    if model.config.model_type != "bert":
        raise SystemExit(f"model type {model.config.model_type!r} is not handled")
    module = bert_for_export(model)

    # Random tokens, the second row padded: enough to trace and to compare.
    torch.manual_seed(1)
    input_ids = torch.randint(1, model.config.vocab_size, (2, 16))
    attention_mask = torch.ones_like(input_ids)
    attention_mask[1, 10:] = 0
    sample = (input_ids, attention_mask, torch.zeros_like(input_ids))
    with torch.no_grad():
        expected = model(**dict(zip(INPUTS, sample))).last_hidden_state
        difference = (module(*sample) - expected)[attention_mask.bool()].abs().max().item()
    if difference > 1e-4:
        raise SystemExit(f"the forward pass for export differs by {difference}")

    plain, fused = target / "fp32-plain.onnx", target / "fp32.onnx"
    axes = {0: "batch", 1: "sequence"}
    torch.onnx.export(
        module,
        sample,
        str(plain),
        input_names=list(INPUTS),
        output_names=[OUTPUT],
        dynamic_axes={name: axes for name in (*INPUTS, OUTPUT)},
        opset_version=17,
        do_constant_folding=True,
        dynamo=False,
    )
    # Level 1 leaves hardware-specific rewriting to the session that loads it.
    optimised = optimizer.optimize_model(
        str(plain),
        model_type="bert",
        num_heads=model.config.num_attention_heads,
        hidden_size=model.config.hidden_size,
        opt_level=1,
        use_gpu=False,
    )
    optimised.save_model_to_file(str(fused))
    statistics = optimised.get_fused_operator_statistics()
    layers = model.config.num_hidden_layers
    if statistics["Attention"] != layers or statistics["SkipLayerNormalization"] != 2 * layers:
        raise SystemExit(f"the graph was not fused as it should be: {statistics}")

    per_channel = not arguments.per_tensor
    quantise(plain, target / "int8.onnx", per_channel)
    quantise(fused, target / "int8-fused.onnx", per_channel)
    shutil.copyfile(source / "tokenizer.json", target / "tokenizer.json")

    names = ("fp32.onnx", "fp32-plain.onnx", "int8.onnx", "int8-fused.onnx")
    inputs = {name: tensor.numpy() for name, tensor in zip(INPUTS, sample)}
    check_graphs([target / n for n in names], inputs, expected.numpy(), attention_mask.numpy())


# ---------------------------------------------------------------------- serve


class OnnxEngine:
    """ONNX Runtime with the tokenizers library: texts sorted by length, each
    batch padded to its longest, mean pooling, unit vectors."""

    packages = ("onnxruntime", "tokenizers", "numpy")

    def __init__(self, graph, tokenizer, threads, batch, max_length, spin):
        import onnxruntime
        import tokenizers

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        if not spin:
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = {node.name for node in self.session.get_inputs()}
        self.tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer))
        # Files often come with padding to a fixed length, which would be
        # wasted work here.
        padding = self.tokenizer.padding
        self.pad_id = padding["pad_id"] if padding else 0
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_length=max_length)
        self.batch = batch

    def embed(self, texts):
        """Unit vectors of the texts, in their order."""
        import numpy

        encodings = self.tokenizer.encode_batch(texts)
        order = sorted(range(len(encodings)), key=lambda i: -len(encodings[i]))
        vectors = None
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            longest = len(encodings[rows[0]])
            input_ids = numpy.full((len(rows), longest), self.pad_id, dtype=numpy.int64)
            mask = numpy.zeros((len(rows), longest), dtype=numpy.int64)
            for row, index in enumerate(rows):
                ids = encodings[index].ids
                input_ids[row, : len(ids)] = ids
                mask[row, : len(ids)] = 1
            inputs = {"input_ids": input_ids, "attention_mask": mask}
            if "token_type_ids" in self.inputs:
                inputs["token_type_ids"] = numpy.zeros_like(input_ids)
            hidden = self.session.run([OUTPUT], inputs)[0]
            # The sum over the tokens points where their mean does, and the
            # length is divided out anyway.
            weights = mask.astype(numpy.float32)[:, None, :]
            pooled = numpy.matmul(weights, hidden)[:, 0, :]
            pooled /= numpy.maximum(numpy.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
            if vectors is None:
                vectors = numpy.empty((len(texts), pooled.shape[1]), dtype=numpy.float32)
            vectors[rows] = pooled
        return vectors


class SentenceTransformersEngine:
    """sentence-transformers on torch, as its documentation uses it."""

    packages = ("sentence-transformers", "transformers", "torch", "tokenizers", "numpy")

    def __init__(self, model, threads, batch, max_length, device):
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import sentence_transformers
        import torch

        torch.set_num_threads(threads)
        self.model = sentence_transformers.SentenceTransformer(str(model), device=device)
        if device != "cpu":
            self.model.half()
        self.model.max_seq_length = max_length
        self.batch = batch

    def embed(self, texts):
        """Unit vectors of the texts, in their order."""
        return self.model.encode(
            texts,
            batch_size=self.batch,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )


def make_engine(arguments):
    """The engine that the command line asks for."""
    batch = arguments.batch or DEFAULT_BATCH[arguments.engine]
    if arguments.engine == "st":
        if not arguments.model:
            raise SystemExit("--engine st needs --model DIR")
        return SentenceTransformersEngine(
            arguments.model,
            arguments.threads,
            batch,
            arguments.max_length,
            arguments.device,
        )
    graph = arguments.onnx
    if not graph:
        raise SystemExit(f"--engine {arguments.engine} needs --onnx FILE")
    if graph.is_dir():
        graph = graph / ("int8.onnx" if arguments.engine == "ort-int8" else "fp32.onnx")
    tokenizer = arguments.tokenizer or graph.parent / "tokenizer.json"
    return OnnxEngine(
        graph, tokenizer, arguments.threads, batch, arguments.max_length, not arguments.no_spin
    )


def answer(engine, arguments, line):
    """The answer to one request."""
    request = json.loads(line)
    if request.get("info"):
        return {
            "engine": arguments.engine,
            "threads": arguments.threads,
            "batch": engine.batch,
            "max_length": arguments.max_length,
            "versions": {name: importlib.metadata.version(name) for name in engine.packages},
        }
    texts = request["texts"]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("texts must be a list of strings")
    start = time.perf_counter()
    vectors = engine.embed(texts) if texts else []
    reply = {"seconds": time.perf_counter() - start}
    if request.get("vectors"):
        reply["vectors"] = [[float(x) for x in vector] for vector in vectors]
    return reply


def serve(arguments):
    """The ``serve`` command."""
    # Read by the libraries when they are loaded, which happens below. The
    # tokenizers library takes its threads from Rayon; numpy has nothing to do
    # that is worth a second thread, and its threads would only get in the way.
    os.environ["RAYON_NUM_THREADS"] = str(arguments.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    if arguments.engine == "st":
        os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

    # Answers go to the real stdout; whatever a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    engine = make_engine(arguments)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            reply = answer(engine, arguments, line)
        except Exception as problem:  # one bad request must not end the run
            reply = {"error": f"{type(problem).__name__}: {problem}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


# ----------------------------------------------------------------------- main


def positive(text):
    """An integer above zero, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def main():
    """Reads the command line and runs the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("export", help="write ONNX files of a BERT encoder")
    command.add_argument("--model", type=Path, required=True, help="folder of the model")
    command.add_argument("--out", type=Path, required=True, help="folder for the ONNX files")
    command.add_argument("--threads", type=positive, default=2)
    command.add_argument(
        "--per-tensor",
        action="store_true",
        help="one int8 scale per weight matrix, not per column (much less precise)",
    )
    command.set_defaults(run=export)

    command = commands.add_parser("serve", help="answer JSON lines from stdin")
    command.add_argument("--engine", choices=("ort", "ort-int8", "st"), required=True)
    command.add_argument(
        "--onnx", type=Path, help="ONNX file, or the folder that export wrote (ort, ort-int8)"
    )
    command.add_argument("--model", type=Path, help="folder of the model (st)")
    command.add_argument(
        "--tokenizer", type=Path, help="tokenizer.json; default: the one beside the ONNX file"
    )
    command.add_argument("--threads", type=positive, default=2)
    command.add_argument("--device", default="cpu", help="st: cpu, or cuda with floats of 16 bits")
    command.add_argument("--batch", type=positive, help="texts per inference call")
    command.add_argument("--max-length", type=positive, default=256, help="tokens kept of a text")
    command.add_argument(
        "--no-spin",
        action="store_true",
        help="ort: threads sleep while they wait; for machines "
        "where other work competes for the cores",
    )
    command.set_defaults(run=serve)

    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
