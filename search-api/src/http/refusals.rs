//! How requests are refused, for the description of the API. Values of these types are never made.

use utoipa::IntoResponses;

use super::Problem;

/// Of a question.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(super) enum Asking {
    /// The request cannot be understood
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(Problem),
    /// An API key is needed
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// A part cannot be reached now
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// Of a question about something that it names.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(super) enum Naming {
    /// Nothing is known under this name to this caller
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}

/// Of what only the owner may do.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(super) enum Owning {
    /// An API key is needed
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// Only the owner may do this
    #[response(status = 403, content_type = "application/problem+json")]
    Denied(Problem),
}

/// Of a request with a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described")]
pub(super) enum Sending {
    /// The request cannot be understood
    #[response(status = 400, content_type = "application/problem+json")]
    Invalid(Problem),
    /// The body does not arrive
    #[response(status = 408, content_type = "application/problem+json")]
    Slow(Problem),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    Large(Problem),
    /// The body is not JSON
    #[response(status = 415, content_type = "application/problem+json")]
    Foreign(Problem),
}
