//! What the command line asks for.

use std::path::PathBuf;

use embed::{Device, Precision};

/// The options of a run.
pub(crate) struct Options {
    /// JSON lines with a field `text`.
    pub(crate) texts: PathBuf,
    /// A Python with onnxruntime, sentence-transformers, torch and onnx.
    pub(crate) python: Option<String>,
    /// Where the exported models are kept.
    pub(crate) onnx: PathBuf,
    /// How often each engine's turn comes.
    pub(crate) rounds: usize,
    /// Texts of a set.
    pub(crate) count: usize,
    /// Threads of each engine.
    pub(crate) threads: usize,
    /// Embed so many texts and tell the memory instead of comparing.
    pub(crate) memory: Option<usize>,
    /// Ours and sentence-transformers are compared on it.
    pub(crate) device: Device,
    /// Of the run that tells the memory.
    pub(crate) precision: Precision,
}

impl Options {
    /// Read the command line.
    pub(crate) fn read() -> Self {
        let mut options = Self {
            texts: PathBuf::new(),
            python: None,
            onnx: std::env::temp_dir().join("neurosync-bench-onnx"),
            rounds: 5,
            count: 128,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory: None,
            device: Device::Cpu,
            precision: Precision::Float32,
        };
        let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
        while let Some(name) = arguments.next() {
            let value = arguments.next().expect("a value after each option");
            options.set(&name, value);
        }
        assert!(
            options.texts.is_file(),
            "say --texts FILE, JSON lines with a field `text` (.gz is read too)"
        );
        options
    }

    fn set(&mut self, name: &str, value: String) {
        let number = |value: &str| value.parse().expect("a whole number");
        match name {
            "--texts" => self.texts = value.into(),
            "--python" => self.python = Some(value).filter(|value| !value.is_empty()),
            "--onnx" => self.onnx = value.into(),
            "--rounds" => self.rounds = number(&value),
            "--count" => self.count = number(&value),
            "--threads" => self.threads = number(&value),
            "--memory" => self.memory = Some(number(&value)),
            "--device" => self.device = if value == "cuda" { Device::Cuda } else { Device::Cpu },
            "--precision" => {
                self.precision = if value == "int8" {
                    Precision::Int8
                } else {
                    Precision::Float32
                }
            }
            _ => unreachable!(
                "options: --texts --python --onnx --rounds --count --threads --device --memory --precision"
            ),
        }
    }
}
