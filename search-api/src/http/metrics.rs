//! The metrics of the API, and one line of log for each request.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};
use tracing::Instrument;

/// Count every request and its time, by route and status; never by what was asked. The log also tells which key it came with.
pub(super) async fn measure(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", http.method = %request.method(), http.route = route, api_key.name = tracing::field::Empty);
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    tracing::info!(parent: &span, http.status = status, duration_ms = elapsed.as_millis(), "request answered");
    counter!("neurosync_search_api_requests_total", "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    histogram!("neurosync_search_api_request_seconds", "route" => route).record(elapsed.as_secs_f64());
    response
}
