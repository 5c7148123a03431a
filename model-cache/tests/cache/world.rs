//! A folder of its own for each test, with a package client that delivers what the test prepared.

use std::io::Write;
use std::path::PathBuf;

use model_cache::{Hub, ModelFiles, ModelRef, Settings, Silent};
use tempfile::TempDir;

/// The model of the fake package.
pub(crate) const FAKE: &str = "pip:fake==1.0#fake/model";

pub(crate) struct World {
    root: TempDir,
}

impl World {
    /// With a package that holds a sound small model.
    pub(crate) fn new() -> Self {
        let world = Self {
            root: TempDir::new().unwrap(),
        };
        std::fs::write(world.path("calls"), "").unwrap();
        world.package(&sound());
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Prepare the package of these entries.
    pub(crate) fn package(&self, entries: &[(String, Vec<u8>)]) {
        let mut archive = zip::ZipWriter::new(std::fs::File::create(self.path("fake.whl")).unwrap());
        for (name, content) in entries {
            archive
                .start_file(name.as_str(), zip::write::SimpleFileOptions::default())
                .unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap();
    }

    /// Settings whose hub is a port nobody listens on.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            cache_dir: self.path("cache"),
            model_dir: None,
            hub: Hub {
                endpoint: "http://127.0.0.1:9".into(),
                token: None,
                offline: false,
            },
            python: concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cache/fake_python.sh").into(),
        }
    }

    pub(crate) async fn resolve(&self) -> domain::Result<ModelFiles> {
        model_cache::resolve(&ModelRef::parse(FAKE).unwrap(), &self.settings(), &Silent).await
    }

    /// What the package client was asked for, call by call.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::fs::read_to_string(self.path("calls"))
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// A message with this world's folders by fixed names.
    pub(crate) fn plain(&self, text: &str) -> String {
        text.replace(&self.root.path().display().to_string(), "ROOT")
            .replace(env!("CARGO_MANIFEST_DIR"), "CRATE")
    }
}

/// A model that looks right from outside.
pub(crate) fn sound() -> Vec<(String, Vec<u8>)> {
    let weights = [&2_u64.to_le_bytes()[..], b"{}", &[7; 100]].concat();
    let file = |name: &str, content: &[u8]| (format!("fake/model/{name}"), content.to_vec());
    vec![
        file("config.json", b"{\"model_type\": \"bert\"}"),
        file("tokenizer.json", b"{\"version\": \"1.0\"}"),
        file("model.safetensors", &weights),
        file("1_Pooling/config.json", b"{}"),
        ("fake/__init__.py".into(), b"raise SystemExit".to_vec()),
    ]
}
