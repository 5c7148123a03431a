//! Connections: how many there are at once, and how long one may take to say what it wants.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use domain::{Error, Result};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;

/// What one connection, and all together, may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The longest until a request's header is complete, counted from the connection or the answer before: it ends slow
    /// headers and idle connections alike.
    pub(super) header: Duration,
    /// Connections at once; more wait to be accepted.
    pub(super) connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            connections: 512,
        }
    }
}

/// Answer requests until `stop` ends, then finish those under way.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let free = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    let (stopping, stopped) = watch::channel(());
    tokio::pin!(stop);
    loop {
        let turn = async {
            let permit = free.clone().acquire_owned().await;
            (permit, accept(&listener).await)
        };
        let (permit, stream) = tokio::select! {
            () = &mut stop => break,
            (permit, stream) = turn => (permit, stream),
        };
        let permit = permit.map_err(|error| Error::internal("serve", "the queue was closed").with_source(error))?;
        let answered = answer(stream, router.clone(), limits, stopped.clone());
        connections.spawn(async move {
            answered.await;
            drop(permit);
        });
    }
    drop(listener);
    drop(stopping);
    connections.close();
    connections.wait().await;
    Ok(())
}

/// The next connection. One that fails while it is accepted is its client's matter; a lack of file handles passes.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Serve one connection to its end, or to the end of its request when the server stops.
async fn answer(stream: TcpStream, router: Router, limits: Limits, mut stopped: watch::Receiver<()>) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;

    use super::{Limits, serve};

    const HEADER: Duration = Duration::from_millis(200);

    struct Running {
        address: std::net::SocketAddr,
        stop: oneshot::Sender<()>,
        ended: tokio::task::JoinHandle<domain::Result<()>>,
    }

    async fn start(connections: usize) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let slowly = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "late"
        };
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/slow", get(slowly));
        let limits = Limits {
            header: HEADER,
            connections,
        };
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(serve(listener, router, limits, async move {
            let _asked = stopped.await;
        }));
        Running { address, stop, ended }
    }

    async fn connect(running: &Running, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(running.address).await.expect("it listens");
        stream.write_all(text.as_bytes()).await.expect("it reads");
        stream
    }

    /// Everything until the server closes, or nothing when that takes too long.
    async fn rest(mut stream: TcpStream) -> String {
        let mut text = String::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut text)).await;
        read.expect("the server closes the connection").expect("text");
        text
    }

    #[tokio::test]
    async fn a_half_request_and_an_idle_connection_are_closed_and_others_answered() {
        let running = start(10).await;
        let half = connect(&running, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
        let silent = connect(&running, "").await;
        let idle = connect(&running, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let begun = Instant::now();
        let closing = connect(&running, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        assert!(rest(closing).await.ends_with("here"));
        let (half, silent, idle) = tokio::join!(rest(half), rest(silent), rest(idle));
        assert!(!half.contains("here") && !silent.contains("here"), "{half} {silent}");
        assert!(idle.ends_with("here"), "{idle}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn more_connections_than_allowed_wait_their_turn() {
        let running = start(1).await;
        let first = connect(&running, "GET / HTTP/1.1\r\nHost: x\r\n").await;
        let second = connect(&running, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        let (first, second) = tokio::join!(rest(first), rest(second));
        assert!(!first.contains("here") && second.ends_with("here"), "{first} {second}");
    }

    #[tokio::test]
    async fn a_stop_finishes_the_request_under_way() {
        let running = start(10).await;
        let slow = connect(&running, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let idle = connect(&running, "GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        // Both requests have arrived when a third that came after them is answered.
        let third = connect(&running, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        rest(third).await;
        running.stop.send(()).expect("it runs");
        assert!(rest(slow).await.ends_with("late"));
        assert!(rest(idle).await.ends_with("here"));
        running.ended.await.expect("a task").expect("a clean end");
        assert!(TcpStream::connect(running.address).await.is_err());
    }
}
