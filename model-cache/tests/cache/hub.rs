//! Models from a hub: a small HTTP server that answers as the Hugging Face hub does.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use domain::ErrorKind;
use model_cache::{Event, Hub, ModelRef, Progress, Settings, Silent, resolve};

use crate::world::{World, sound};

const MODEL: &str = "hf:org/name@0123456789abcdef0123456789abcdef01234567";
const WEIGHTS: usize = 9 << 20;

#[derive(Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    /// The ranges asked for, with their file.
    ranges: Vec<(String, usize, usize)>,
    /// Answers for this file from this byte on break off, once.
    cut: Option<(String, usize)>,
    token: Option<String>,
    etag: Option<String>,
}

struct Server {
    state: Arc<Mutex<State>>,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut files: BTreeMap<_, _> = sound()
            .into_iter()
            .map(|(name, content)| (name.replace("fake/model/", ""), content))
            .collect();
        let mut weights = [&2_u64.to_le_bytes()[..], b"{}"].concat();
        weights.extend((0..WEIGHTS).map(|byte| u8::try_from(byte % 251).unwrap()));
        files.insert("model.safetensors".into(), weights);
        let state = Arc::new(Mutex::new(State {
            files,
            ..State::default()
        }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || answer(&stream.unwrap(), &shared));
            }
        });
        Self { state, address }
    }

    fn settings(&self, world: &World) -> Settings {
        let hub = Hub {
            endpoint: self.address.clone(),
            token: None,
            offline: false,
        };
        Settings {
            hub,
            ..world.settings()
        }
    }
}

/// Answer one request and close.
fn answer(mut stream: &TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let headers: BTreeMap<String, String> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            line.split_once(": ")
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        })
        .collect();
    let path = request.split(' ').nth(1).unwrap();
    let name = path
        .strip_prefix("/org/name/resolve/0123456789abcdef0123456789abcdef01234567/")
        .unwrap_or("")
        .to_owned();
    let mut state = state.lock().unwrap();
    if state
        .token
        .as_ref()
        .is_some_and(|token| headers.get("authorization") != Some(&format!("Bearer {token}")))
    {
        return refuse(stream, "401 Unauthorized");
    }
    let Some(content) = state.files.get(&name).cloned() else {
        return refuse(stream, "404 Not Found");
    };
    let (start, stop) = headers["range"]
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let start: usize = start.parse().unwrap();
    let stop = (stop.parse::<usize>().unwrap() + 1).min(content.len());
    state.ranges.push((name.clone(), start, stop));
    let etag = state.etag.clone().unwrap_or_else(|| name.replace(['.', '/', '_'], "-"));
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nx-repo-commit: 0123456789abcdef\r\netag: \"{etag}\"\r\ncontent-range: bytes {start}-{}/{}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        stop - 1,
        content.len(),
        stop - start
    )
    .ok();
    let cut = state.cut.take_if(|(file, from)| *file == name && start >= *from);
    drop(state);
    let stop = if cut.is_some() {
        start + (stop - start) / 2
    } else {
        stop
    };
    stream.write_all(&content[start..stop]).ok();
}

fn refuse(mut stream: &TcpStream, status: &str) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok();
}

#[derive(Default)]
struct Counted(Mutex<BTreeMap<String, u64>>);

impl Progress for Counted {
    fn report(&self, event: Event<'_>) {
        let mut counts = self.0.lock().unwrap();
        match event {
            Event::Begin { what, total } => *counts.entry(format!("{what} of {}", total.unwrap())).or_default() += 1,
            Event::Advance(bytes) => *counts.entry("bytes".into()).or_default() += bytes,
            Event::Finish => *counts.entry("finished".into()).or_default() += 1,
            Event::Waiting | Event::Skipped { .. } => *counts.entry("other".into()).or_default() += 1,
        }
    }
}

#[tokio::test]
async fn a_model_comes_from_the_hub_with_progress() {
    let (world, server) = (World::new(), Server::start());
    let model = ModelRef::parse(MODEL).unwrap();
    let progress = Counted::default();
    let files = resolve(&model, &server.settings(&world), &progress).await.unwrap();
    assert!(files.id.starts_with("org/name@"));
    assert_eq!(std::fs::read(&files.weights).unwrap().len(), WEIGHTS + 10);
    assert!(files.pooling.is_some() && files.sentence.is_none());
    let counts = progress.0.into_inner().unwrap();
    assert_eq!(counts["bytes"], WEIGHTS as u64 + 10 + 22 + 18 + 2);
    assert_eq!(counts["finished"], 4);
    assert_eq!(counts[&format!("model.safetensors of {}", WEIGHTS + 10)], 1);
    assert!(!counts.contains_key("other"));
    assert!(world.calls().is_empty());

    let asked = server.state.lock().unwrap().ranges.len();
    assert_eq!(resolve(&model, &server.settings(&world), &Silent).await.unwrap(), files);
    assert_eq!(server.state.lock().unwrap().ranges.len(), asked);
}

#[tokio::test]
async fn what_a_sentence_model_says_of_itself_is_fetched_too() {
    let (world, server) = (World::new(), Server::start());
    let model = ModelRef::parse(MODEL).unwrap();
    for (name, content) in [
        ("modules.json", "[]"),
        ("config_sentence_transformers.json", r#"{"prompts": {}}"#),
        ("sentence_bert_config.json", "{}"),
    ] {
        let content = content.as_bytes().to_vec();
        server.state.lock().unwrap().files.insert(name.into(), content);
    }
    let files = resolve(&model, &server.settings(&world), &Silent).await.unwrap();
    assert_eq!(std::fs::read(files.modules.unwrap()).unwrap(), b"[]");
    assert!(files.prompts.is_some() && files.sentence.is_some() && files.max_tokens.is_none());
    let findings = model_cache::verify(&model, &server.settings(&world)).await.unwrap();
    assert_eq!(findings.len(), 7);
}

#[tokio::test]
async fn weights_in_several_files_are_refused() {
    let (world, server) = (World::new(), Server::start());
    {
        let files = &mut server.state.lock().unwrap().files;
        files.remove("model.safetensors");
        files.insert("model.safetensors.index.json".into(), b"{}".to_vec());
    }
    let error = resolve(&ModelRef::parse(MODEL).unwrap(), &server.settings(&world), &Silent)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().contains("weights are in several files"), "{error}");

    std::fs::write(world.path("model.safetensors.index.json"), "{}").unwrap();
    for name in ["config.json", "tokenizer.json"] {
        std::fs::write(world.path(name), "{}").unwrap();
    }
    let settings = Settings {
        model_dir: Some(world.path("")),
        ..world.settings()
    };
    let error = resolve(&ModelRef::parse(MODEL).unwrap(), &settings, &Silent)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn an_interrupted_download_goes_on_where_it_stopped() {
    let (world, server) = (World::new(), Server::start());
    let model = ModelRef::parse(MODEL).unwrap();
    server.state.lock().unwrap().cut = Some(("model.safetensors".into(), 8 << 20));
    let error = resolve(&model, &server.settings(&world), &Silent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    server.state.lock().unwrap().ranges.clear();
    let files = resolve(&model, &server.settings(&world), &Silent).await.unwrap();
    let ranges = server.state.lock().unwrap().ranges.clone();
    let of_weights: Vec<_> = ranges
        .iter()
        .filter(|(name, ..)| name == "model.safetensors")
        .map(|(_, start, stop)| (*start, *stop))
        .collect();
    assert_eq!(of_weights, [(0, 1), (0, 1), (8 << 20, WEIGHTS + 10)]);
    assert_eq!(
        std::fs::read(files.weights).unwrap(),
        server.state.lock().unwrap().files["model.safetensors"]
    );
}

#[tokio::test]
async fn access_is_refused_without_the_token_and_given_with_it() {
    let (world, server) = (World::new(), Server::start());
    let model = ModelRef::parse(MODEL).unwrap();
    server.state.lock().unwrap().token = Some("hf_secret".into());
    let mut settings = server.settings(&world);
    let error = resolve(&model, &settings, &Silent).await.unwrap_err();
    assert!(
        error.message().contains("the hub refuses access (set HF_TOKEN"),
        "{error}"
    );
    settings.hub.token = Some("hf_secret".into());
    assert!(!format!("{settings:?}").contains("hf_secret"));
    resolve(&model, &settings, &Silent).await.unwrap();
}

#[tokio::test]
async fn a_hub_that_answers_with_file_names_that_lead_elsewhere_is_refused() {
    let (world, server) = (World::new(), Server::start());
    server.state.lock().unwrap().etag = Some("../../../outside".into());
    let error = resolve(&ModelRef::parse(MODEL).unwrap(), &server.settings(&world), &Silent)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("is malformed"), "{error}");
}
