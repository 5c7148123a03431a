//! Starts the simulators on loopback, and is the way in for tests.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::response::Response;
use hyper::body::Frame;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::auth::Service;
use super::call::{Call, Reply, Wire};
use super::settings::{Settings, millis};
use super::state::State;
use super::world::World;

/// Where the simulators listen. None ends in a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// GitHub's API, in place of `https://api.github.com`, and its pages, in place of `https://github.com`.
    pub github: String,
    /// Atlassian's gateway, in place of `https://api.atlassian.com`, and its sign-in, in place of `https://auth.atlassian.com`.
    pub atlassian: String,
    /// Slack, in place of `https://slack.com`; methods lie under `/api`.
    pub slack: String,
}

/// The running simulators. They stop when this is dropped.
#[derive(Debug)]
pub struct Simulators {
    pub(crate) state: Arc<Mutex<State>>,
    addresses: Addresses,
    tasks: Vec<JoinHandle<()>>,
}

/// The most that a request's body may have.
const MAX_BODY: usize = 1 << 24;

impl Simulators {
    /// Start over the organisation of the settings' seed.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let world = World::new(settings.seed, settings.size);
        Self::over(world, settings).await
    }

    /// Start over an organisation.
    pub async fn over(world: World, settings: Settings) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for step in 0..3 {
            let port = if settings.port == 0 { 0 } else { settings.port + step };
            listeners.push(TcpListener::bind(("127.0.0.1", port)).await?);
        }
        let address = |at: usize| -> io::Result<String> {
            let listener: &TcpListener = &listeners[at];
            Ok(format!("http://{}", listener.local_addr()?))
        };
        let addresses = Addresses {
            github: address(0)?,
            atlassian: address(1)?,
            slack: address(2)?,
        };
        let state = Arc::new(Mutex::new(State::new(world, settings, addresses.clone())));
        let services = [Service::GitHub, Service::Atlassian, Service::Slack];
        let tasks = listeners
            .into_iter()
            .zip(services)
            .map(|(listener, service)| tokio::spawn(listen(listener, router(Arc::clone(&state), service))))
            .collect();
        Ok(Self {
            state,
            addresses,
            tasks,
        })
    }

    /// Where they listen.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The state, to itself. A panic elsewhere leaves it as it was.
    pub(crate) fn locked(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Move the virtual clock on.
    pub fn advance(&self, by: Duration) {
        self.locked().world.now += millis(by);
    }
}

impl Drop for Simulators {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What answers at one address.
#[derive(Debug, Clone)]
struct Host {
    state: Arc<Mutex<State>>,
    service: Service,
    at_once: Arc<AtomicUsize>,
}

/// Counts a request for as long as it is under way, even when its client leaves.
struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Marks an answer that must not be sent.
#[derive(Debug, Clone, Copy)]
struct Reset;

fn router(state: Arc<Mutex<State>>, service: Service) -> Router {
    let host = Host {
        state,
        service,
        at_once: Arc::new(AtomicUsize::new(0)),
    };
    Router::new().fallback(handle).with_state(host)
}

async fn handle(Shared(host): Shared<Host>, request: Request) -> Response {
    host.at_once.fetch_add(1, Ordering::SeqCst);
    let _under_way = UnderWay(Arc::clone(&host.at_once));
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return response(Reply::empty(413));
    };
    let call = Call::new(parts.method.as_str(), &parts.uri, parts.headers, body.to_vec());
    let latency = lock(&host.state).settings.latency;
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let reply = {
        let mut state = lock(&host.state);
        state.at_once = host.at_once.load(Ordering::SeqCst);
        state.serve(host.service, &call)
    };
    response(reply)
}

fn response(reply: Reply) -> Response {
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    let (length, half) = (reply.body.len(), reply.body.len() / 2);
    let bytes = Bytes::from(reply.body);
    let built = match reply.wire {
        Wire::Whole => builder.body(Body::from(bytes)),
        Wire::Reset => builder.extension(Reset).body(Body::empty()),
        Wire::Half => {
            let pieces = [
                Ok(bytes.slice(..half)),
                Err(io::Error::other("the connection ends here")),
            ];
            builder
                .header("content-length", length)
                .body(Body::new(Pieces(pieces.into())))
        }
        Wire::Short => builder
            .header("content-length", half)
            .body(Body::new(Pieces([Ok(bytes)].into()))),
    };
    built.expect("headers of the simulators are proper")
}

/// A body in pieces, of which nobody knows the length beforehand.
struct Pieces(VecDeque<io::Result<Bytes>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = self.0.pop_front();
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }
}

async fn listen(listener: TcpListener, router: Router) {
    loop {
        // A connection that fails while it is accepted is its client's matter.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, router.clone()));
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            if response.extensions().get::<Reset>().is_some() {
                return Err(io::Error::other("the connection ends here"));
            }
            Ok(response)
        }
    });
    // That a connection ends badly is part of the play.
    drop(
        http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await,
    );
}
