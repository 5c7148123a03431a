//! A server that gives prepared answers, byte for byte, one connection each, and keeps what it was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

/// What a request gets, made from the request as text.
type Script = dyn Fn(usize, &str) -> Vec<u8> + Send + Sync;

/// A running server. It ends with the value.
pub(crate) struct Server {
    /// Its address.
    pub(crate) base: Url,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Serve what `script` says to request number 0, 1, …. An empty answer closes the connection.
    pub(crate) async fn start(script: impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        let address = listener.local_addr().expect("address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, script): (_, Arc<Script>) = (Arc::clone(&asked), Arc::new(script));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&script)));
            }
        });
        Self {
            base: Url::parse(&format!("http://{address}/")).expect("url"),
            asked,
            task,
        }
    }

    /// Serve these in turn; the last one for ever.
    pub(crate) async fn in_turn(answers: Vec<Vec<u8>>) -> Self {
        Self::start(move |number, _| answers[number.min(answers.len() - 1)].clone()).await
    }

    /// The requests so far, head and body.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("asked").clone()
    }

    /// An address on it.
    pub(crate) fn url(&self, path: &str) -> Url {
        self.base.join(path).expect("path")
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>, script: Arc<Script>) {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    while !complete(&bytes) {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let number = {
        let mut seen = seen.lock().expect("seen");
        seen.push(text.clone());
        seen.len() - 1
    };
    let answer = script(number, &text);
    if stream.write_all(&answer).await.is_ok() {
        let _closed = stream.shutdown().await;
    }
}

/// Whether the head and as much of a body as it announces are there.
fn complete(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|length| length.trim().parse().ok()).unwrap_or(0)
}

/// An answer with a correct length.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.extend([*name, ": ", *value, "\r\n"]);
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// A good answer of JSON.
pub(crate) fn good(body: &str) -> Vec<u8> {
    answer(200, &[("content-type", "application/json")], body)
}
