//! Stands before a token endpoint: lets a request through and keeps the provider's answer to itself.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use url::Url;

/// The proxy. It stops when this is dropped.
pub(crate) struct Proxy {
    /// What to ask in place of the token endpoint.
    pub(crate) address: String,
    answered: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Stand before `endpoint`.
    pub(crate) async fn start(endpoint: &str) -> Self {
        let mut url = Url::parse(endpoint).expect("an address");
        let behind = format!("127.0.0.1:{}", url.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        url.set_port(Some(port)).expect("a web address");
        let answered = Arc::new(Notify::new());
        let told = Arc::clone(&answered);
        let task = tokio::spawn(async move {
            let (mut asking, _) = listener.accept().await.expect("somebody asks");
            let mut provider = TcpStream::connect(behind).await.expect("the provider");
            let request = message(&mut asking).await;
            provider.write_all(&request).await.expect("passed on");
            let answer = message(&mut provider).await;
            assert!(answer.starts_with(b"HTTP/1.1 200"), "the provider gives tokens");
            told.notify_one();
            // The connection stays open: whoever asked goes on waiting.
            std::future::pending::<()>().await;
        });
        Self {
            address: url.into(),
            answered,
            task,
        }
    }

    /// Wait until the provider has answered in full.
    pub(crate) async fn answered(&self) {
        self.answered.notified().await;
    }
}

/// A whole message of HTTP: its head, and as much as that announces.
async fn message(stream: &mut TcpStream) -> Vec<u8> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut part).await.expect("a message");
        assert!(count > 0, "the message ends early");
        bytes.extend_from_slice(&part[..count]);
        let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
            continue;
        };
        if bytes.len() >= head + 4 + length(&bytes[..head]) {
            return bytes;
        }
    }
}

/// What a head announces.
fn length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_lowercase();
    let value = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.map_or(0, |value| value.trim().parse().expect("a number"))
}
