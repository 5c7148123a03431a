//! The engines that are compared.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use domain::seam::{Embedder, Role};
use embed::SentenceEncoder;
use model_cache::{Hub, ModelFiles, ModelRef, Settings, Silent, resolve};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::options::Options;

/// Turns texts into unit vectors.
pub(crate) trait Engine {
    /// What it is called in the table.
    fn name(&self) -> &str;
    /// Whether the others' vectors are compared with its own.
    fn is_reference(&self) -> bool {
        false
    }
    /// How many seconds all texts take: tokenising, inference, pooling.
    fn seconds(&mut self, texts: &[String]) -> f64;
    /// The vectors.
    fn vectors(&mut self, texts: &[String]) -> Vec<Vec<f32>>;
}

/// The default model, from the cache of this user.
pub(crate) async fn default_model() -> ModelFiles {
    let home = std::env::home_dir().expect("a home folder");
    let settings = Settings {
        cache_dir: home.join(".cache").join("neurosync").join("models"),
        model_dir: None,
        hub: Hub::default(),
        python: "python3".into(),
    };
    resolve(&ModelRef::default(), &settings, &Silent)
        .await
        .expect("the default model")
}

/// Ours.
pub(crate) struct Ours {
    name: &'static str,
    model: SentenceEncoder,
    runtime: Runtime,
}

impl Ours {
    pub(crate) fn new(name: &'static str, model: SentenceEncoder) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        Self { name, model, runtime }
    }
}

impl Engine for Ours {
    fn name(&self) -> &str {
        self.name
    }

    fn seconds(&mut self, texts: &[String]) -> f64 {
        let texts = texts.to_vec();
        let start = Instant::now();
        self.runtime
            .block_on(self.model.embed(Role::Passage, texts))
            .expect("vectors");
        start.elapsed().as_secs_f64()
    }

    fn vectors(&mut self, texts: &[String]) -> Vec<Vec<f32>> {
        self.runtime
            .block_on(self.model.embed(Role::Passage, texts.to_vec()))
            .expect("vectors")
    }
}

/// A Python process that answers requests on its standard input; see `benches/embedding/peers.py`.
pub(crate) struct Peer {
    name: String,
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/embedding/peers.py");

impl Peer {
    /// Each of the peers, or why it cannot be had.
    pub(crate) fn all(options: &Options, files: &ModelFiles) -> Vec<(String, Result<Self, String>)> {
        let model = files.weights.parent().expect("the model's folder");
        let graph = |file: &str| options.onnx.join(file);
        let peers = [
            ("ONNX Runtime fp32, fused", "ort", "--onnx", graph("fp32.onnx")),
            (
                "ONNX Runtime fp32, as exported",
                "ort",
                "--onnx",
                graph("fp32-plain.onnx"),
            ),
            (
                "ONNX Runtime int8, fused",
                "ort-int8",
                "--onnx",
                graph("int8-fused.onnx"),
            ),
            (
                "ONNX Runtime int8, as exported",
                "ort-int8",
                "--onnx",
                graph("int8.onnx"),
            ),
            (REFERENCE, "st", "--model", model.to_owned()),
        ];
        let exported = options
            .python
            .as_deref()
            .ok_or_else(|| "no --python".to_owned())
            .and_then(|python| export(python, model, &options.onnx));
        let start = |(name, engine, option, path): (&str, &str, &str, std::path::PathBuf)| {
            let peer = exported.clone().and_then(|python| {
                let threads = options.threads.to_string();
                let arguments = ["serve", "--engine", engine, "--threads", &threads, option];
                Self::start(name, Command::new(python).arg(SCRIPT).args(arguments).arg(path))
            });
            (name.to_owned(), peer)
        };
        peers.into_iter().map(start).collect()
    }

    /// sentence-transformers on a GPU.
    pub(crate) fn on_gpu(options: &Options, files: &ModelFiles) -> Result<Self, String> {
        let python = options.python.as_deref().ok_or_else(|| "no --python".to_owned())?;
        let model = files.weights.parent().expect("the model's folder");
        let arguments = [
            "serve", "--engine", "st", "--device", "cuda", "--batch", "256", "--model",
        ];
        Self::start(REFERENCE, Command::new(python).arg(SCRIPT).args(arguments).arg(model))
    }

    fn start(name: &str, command: &mut Command) -> Result<Self, String> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let (requests, answers) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let mut peer = Self {
            name: name.to_owned(),
            child,
            requests,
            answers: BufReader::new(answers),
        };
        let info = peer.ask(&json!({"info": true}))?;
        println!("{name}: {}", info["versions"]);
        Ok(peer)
    }

    fn ask(&mut self, request: &Value) -> Result<Value, String> {
        let mut line = String::new();
        writeln!(self.requests, "{request}").map_err(|error| error.to_string())?;
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&line).map_err(|error| format!("it ended ({error}); see above"))?;
        answer["error"]
            .as_str()
            .map_or(Ok(answer.clone()), |error| Err(error.to_owned()))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Export the model for ONNX Runtime where that has not been done.
fn export(python: &str, model: &Path, out: &Path) -> Result<String, String> {
    if !out.join("tokenizer.json").is_file() {
        let mut command = Command::new(python);
        command
            .arg(SCRIPT)
            .args(["export", "--model"])
            .arg(model)
            .arg("--out")
            .arg(out);
        let status = command.status().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err("the export failed; it needs torch, transformers, onnx and onnxruntime".to_owned());
        }
    }
    Ok(python.to_owned())
}

const REFERENCE: &str = "sentence-transformers";

impl Engine for Peer {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_reference(&self) -> bool {
        self.name == REFERENCE
    }

    fn seconds(&mut self, texts: &[String]) -> f64 {
        let answer = self.ask(&json!({"texts": texts})).expect("an answer");
        answer["seconds"].as_f64().expect("seconds")
    }

    fn vectors(&mut self, texts: &[String]) -> Vec<Vec<f32>> {
        let answer = self.ask(&json!({"texts": texts, "vectors": true})).expect("an answer");
        serde_json::from_value(answer["vectors"].clone()).expect("vectors")
    }
}

/// candle-transformers as its own example uses it: mean over the tokens, unit length; text by text, so that nothing is padded.
pub(crate) struct Stock {
    tokenizer: tokenizers::Tokenizer,
    model: BertModel,
}

impl Stock {
    pub(crate) fn load(files: &ModelFiles) -> Self {
        let mut tokenizer = tokenizers::Tokenizer::from_file(&files.tokenizer).expect("tokenizer");
        let cut = tokenizers::TruncationParams {
            max_length: 256,
            ..tokenizers::TruncationParams::default()
        };
        tokenizer
            .with_padding(None)
            .with_truncation(Some(cut))
            .expect("truncation");
        let config: Config = serde_json::from_slice(&std::fs::read(&files.config).expect("config")).expect("config");
        let weights = std::fs::read(&files.weights).expect("weights");
        let weights = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu).expect("weights");
        Self {
            tokenizer,
            model: BertModel::load(weights, &config).expect("model"),
        }
    }

    fn embed(&self, text: &str) -> candle_core::Result<Vec<f32>> {
        let tokens = self.tokenizer.encode_fast(text, true).expect("tokens");
        let ids = Tensor::new(vec![tokens.get_ids()], &Device::Cpu)?;
        let states = self.model.forward(&ids, &ids.zeros_like()?, None)?;
        let mean = states.mean(1)?;
        let length = mean.sqr()?.sum_keepdim(1)?.sqrt()?;
        mean.broadcast_div(&length)?.squeeze(0)?.to_vec1()
    }
}

impl Engine for Stock {
    fn name(&self) -> &'static str {
        "candle-transformers"
    }

    fn seconds(&mut self, texts: &[String]) -> f64 {
        let start = Instant::now();
        self.vectors(texts);
        start.elapsed().as_secs_f64()
    }

    fn vectors(&mut self, texts: &[String]) -> Vec<Vec<f32>> {
        texts.iter().map(|text| self.embed(text).expect("a vector")).collect()
    }
}
