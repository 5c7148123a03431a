//! A server that says back whatever it is told, as providers do that quote a request in their errors.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What is shared with the connections.
#[derive(Default)]
struct State {
    status: AtomicU16,
    heard: Mutex<Vec<u8>>,
}

/// The server. It stops when this is dropped.
pub struct Echo {
    address: String,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Echo {
    /// Listen on a free port.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                // A client that leaves before the answer is not this server's matter.
                tokio::spawn(async move { answer(stream, &state).await.ok() });
            }
        });
        Self { address, state, task }
    }

    /// Where it listens, without a slash at the end.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Answer with this status from now on.
    pub fn answer(&self, status: u16) {
        self.state.status.store(status, Ordering::SeqCst);
    }

    /// All that it was told.
    pub fn heard(&self) -> Vec<u8> {
        self.state.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut asked = Vec::new();
    while !is_whole(&asked) && stream.read_buf(&mut asked).await? > 0 {}
    state
        .heard
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(&asked);
    let text = String::from_utf8_lossy(&asked).into_owned();
    let body = json!({
        "ok": false, "error": text, "error_description": text, "message": text, "errorMessages": [text],
        "errors": [{ "type": text, "message": text, "title": text }],
    });
    let (status, body) = (state.status.load(Ordering::SeqCst), body.to_string());
    let told = line(&text, "authorization").unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status} {told}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nX-Echo: {told}\r\n\
         WWW-Authenticate: Bearer error=\"{told}\"\r\nLocation: /elsewhere?token={}\r\nConnection: close\r\n\r\n",
        body.len(),
        told.replace(' ', "%20"),
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

/// The value of a header.
fn line<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    let mut own = pairs.filter(|(own, _)| own.eq_ignore_ascii_case(name));
    own.next().map(|(_, value)| value)
}

/// Whether a request has come to its end.
fn is_whole(asked: &[u8]) -> bool {
    let text = String::from_utf8_lossy(asked);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = line(head, "content-length").and_then(|length| length.parse().ok());
    body.len() >= length.unwrap_or(0)
}
