//! Connecting to a provider by consent in a browser: where the owner begins, and where the provider sends his browser back.

#![expect(
    unused_qualifications,
    reason = "the macro that describes a route writes its parameters in full"
)]

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Owner, Params};
use super::operate::Answer;
use super::refusals::Owning;
use super::{Api, Problem};

/// Where the cookie that binds a login to its browser is sent.
pub(super) const PLACE: &str = "/v1/oauth/";
const COOKIE: &str = "neurosync-login";
/// Seconds that a login may take.
const LIFE: u32 = 600;
/// The longest value that a provider sends back, in bytes.
const MOST: usize = 4096;

/// A login that has begun.
#[derive(Debug, Clone)]
pub struct Login {
    /// The provider's page, for the user's browser.
    pub url: String,
    /// What only his browser knows: it finishes nobody else's login.
    pub browser: String,
    /// Whether he comes back by https.
    pub secure: bool,
}

/// What a provider sends back.
#[derive(Debug, Clone)]
pub struct Consent {
    /// What only the browser that began knows.
    pub browser: String,
    /// What the login began with.
    pub state: String,
    /// What the provider gives for the consent, or why there is none.
    pub code: std::result::Result<String, String>,
}

/// Which connection is made.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StartParameters {
    /// A name for it (default: the provider's).
    name: Option<String>,
}

/// Where to consent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Started {
    /// The provider's page: open it in the browser that asked.
    url: String,
}

/// Begin to connect to a provider: the answer's address is for the browser that asked, within ten minutes. For the owner only.
#[utoipa::path(post, path = "/v1/oauth/{provider}/start",
    params(("provider" = String, Path, description = "github, atlassian or slack"), StartParameters),
    responses(
        (status = 200, description = "Where to consent; a cookie binds the browser", body = Started),
        (status = 400, description = "No app of the provider is configured for this server", body = Problem, content_type = "application/problem+json"),
        Owning,
    ))]
pub(super) async fn start(
    State(api): State<Arc<Api>>,
    _: Owner,
    Path(provider): Path<String>,
    Params(written): Params<StartParameters>,
) -> Result<Response, Problem> {
    let login = api.control.begin_login(&provider, written.name).await?;
    let secure = if login.secure { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={}; Path={PLACE}; Max-Age={LIFE}; HttpOnly; SameSite=Lax{secure}",
        login.browser
    );
    let mut answer = Answer(Started { url: login.url }).into_response();
    let cookie = HeaderValue::from_str(&cookie)
        .map_err(|error| Error::internal("begin login", "a cookie is no header").with_source(error))?;
    answer.headers_mut().insert(header::SET_COOKIE, cookie);
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// What providers add to the address. They may add more.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CallbackParameters {
    /// What the login began with.
    state: String,
    /// What is exchanged for a token.
    code: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Where the provider sends the browser back to.
#[utoipa::path(get, path = "/v1/oauth/{provider}/callback",
    params(("provider" = String, Path, description = "github, atlassian or slack"), CallbackParameters),
    responses(
        (status = 200, description = "The connection is made", content_type = "text/plain"),
        (status = 400, description = "It is no such request", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The state is not this browser's, was used or has expired, or the user refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The provider cannot be reached; begin again", body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn callback(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Params(sent): Params<CallbackParameters>,
) -> Result<Response, Problem> {
    let code = match (sent.code, sent.error) {
        (Some(code), None) => Ok(code),
        (_, Some(error)) => Err(error),
        (None, None) => return Err(Error::invalid("finish login", "there is no code").into()),
    };
    let sizes = [&sent.state].into_iter().chain(&code).map(String::len);
    if sizes.max().unwrap_or_default() > MOST {
        return Err(Error::invalid("finish login", "what came back is too long").into());
    }
    let browser = cookie(&headers).ok_or_else(foreign)?;
    let consent = Consent {
        browser,
        state: sent.state,
        code,
    };
    let name = api.control.finish_login(consent).await?;
    let gone = format!("{COOKIE}=; Path={PLACE}; Max-Age=0; HttpOnly; SameSite=Lax");
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::SET_COOKIE, gone.as_str()),
    ];
    Ok((headers, format!("{name} is connected. You can close this page.\n")).into_response())
}

fn foreign() -> Error {
    Error::new(ErrorKind::Denied, "finish login", "this browser began no login")
        .with_hint("begin again, and finish in the same browser within ten minutes")
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok());
    let mut pairs = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == COOKIE)?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::cookie;

    #[test]
    fn the_browser_s_own_cookie_is_found_among_others() {
        let found = |line: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(line));
            cookie(&headers)
        };
        assert_eq!(found("a=b; neurosync-login=12ab; c=d").as_deref(), Some("12ab"));
        assert_eq!(found("xneurosync-login=1; a"), None);
        assert_eq!(cookie(&HeaderMap::new()), None);
    }
}
