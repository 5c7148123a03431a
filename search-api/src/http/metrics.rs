//! The metrics of the API.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, histogram};

/// Count every request and its time, by route and status; never by what was asked.
pub(super) async fn measure(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let started = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    counter!("neurosync_search_api_requests_total", "route" => route.clone(), "status" => status).increment(1);
    histogram!("neurosync_search_api_request_seconds", "route" => route).record(started.elapsed().as_secs_f64());
    response
}
