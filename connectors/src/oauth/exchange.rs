//! The token endpoint: its requests go through our own client, its errors are brought to the form of the standard.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{Error, ErrorKind, Result};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, ErrorResponse, ExtraTokenFields,
    HttpRequest, HttpResponse, RedirectUrl, RefreshToken, RequestTokenError, StandardRevocableToken,
    StandardTokenResponse, TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Grant, GrantKind, OAuthApp};
use crate::clock::after;
use crate::http::{Api, Credential, Fixed, GrantKey, Http, Policy, Request};
use crate::secret::Secret;

/// What providers tell beside the tokens.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Extra {
    /// Slack's user token.
    #[serde(default)]
    pub(super) authed_user: Option<Value>,
    /// Slack's workspace.
    #[serde(default)]
    pub(super) team: Option<Value>,
    /// The Slack bot.
    #[serde(default)]
    pub(super) bot_user_id: Option<String>,
}

impl ExtraTokenFields for Extra {}

/// A good answer of the token endpoint.
pub(super) type Answer = StandardTokenResponse<Extra, BasicTokenType>;

/// The library's client for one app.
pub(super) type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Why no token was given.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The grant is no longer good: the user must consent again.
    Gone(String),
    /// Anything else; the grant may still be good.
    Other(Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Gone(why) => Self::new(ErrorKind::Denied, "authorize", format!("the provider refuses: {why}"))
                .with_hint("authorize the source again"),
            Refusal::Other(error) => error,
        }
    }
}

/// The library's client for `app`.
pub(super) fn client(app: &OAuthApp) -> Client {
    let made = oauth2::Client::new(ClientId::new(app.client_id.clone()))
        // Every provider here takes the secret in the body; Slack and Atlassian only there.
        .set_auth_type(AuthType::RequestBody)
        .set_auth_uri(AuthUrl::from_url(app.endpoints.authorize.clone()))
        .set_token_uri(TokenUrl::from_url(app.endpoints.token.clone()))
        .set_redirect_uri(RedirectUrl::from_url(app.redirect.clone()));
    match &app.client_secret {
        Some(secret) => made.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
        None => made,
    }
}

/// Our client without any credential, for a provider's endpoint at `url`.
pub(super) fn anonymous(http: &Http, url: &Url, tenant: &str) -> Result<Api> {
    let key = GrantKey {
        tenant: tenant.to_owned(),
        grant: format!("oauth {}", url.origin().ascii_serialization()),
    };
    let policy = Policy::plain(url)?;
    Ok(http.api(policy, Arc::new(Fixed(Credential::Anonymous)), &key))
}

/// Send a request of the library's.
pub(super) async fn send(api: Api, request: HttpRequest) -> Result<HttpResponse> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string())
        .map_err(|error| Error::invalid("authorize", "the endpoint's address is malformed").with_source(error))?;
    let media = parts.headers.get("content-type").and_then(|value| value.to_str().ok());
    let request = Request::post(url)
        .header("content-type", media.unwrap_or("application/x-www-form-urlencoded"))?
        .body(body)
        .once();
    let answer = api.ask(request).await?;
    let (status, body) = standard(answer.status(), answer.body());
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status
        .try_into()
        .map_err(|error: oauth2::http::status::InvalidStatusCode| {
            Error::corrupt("authorize", "the status is malformed").with_source(error)
        })?;
    Ok(response)
}

/// An answer as the standard has it: errors have the status 400, and the tokens are on top.
fn standard(status: u16, body: &[u8]) -> (u16, Vec<u8>) {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice::<Value>(body) else {
        return (status, body.to_vec());
    };
    if fields.get("error").is_some_and(Value::is_string) {
        return (400, body.to_vec());
    }
    // Where only a user's token was asked for, Slack gives none of the bot's.
    if !fields.contains_key("access_token")
        && let Some(Value::Object(user)) = fields.get("authed_user").cloned()
        && user.contains_key("access_token")
    {
        fields.extend(user);
        fields.remove("authed_user");
    }
    // GitHub sends empty texts where it has nothing to say.
    fields.retain(|_, value| value.as_str() != Some(""));
    fields.entry("token_type").or_insert_with(|| "bearer".into());
    (status, serde_json::to_vec(&Value::Object(fields)).unwrap_or_default())
}

/// Exchange a refresh token.
pub(super) async fn refresh(http: &Http, app: &OAuthApp, tenant: &str, token: &Secret) -> Result<Answer, Refusal> {
    let api = anonymous(http, &app.endpoints.token, tenant).map_err(Refusal::Other)?;
    let sender = move |request| send(api.clone(), request);
    let token = RefreshToken::new(token.expose().to_owned());
    let client = client(app);
    let answer = client.exchange_refresh_token(&token).request_async(&sender).await;
    answer.map_err(refusal)
}

/// What a failure of the library means. Its own words may show an answer's body, so none of them is passed on.
pub(super) fn refusal<T: ErrorResponse + Code + 'static>(error: RequestTokenError<Error, T>) -> Refusal {
    let said = match error {
        RequestTokenError::Request(error) => return Refusal::Other(error),
        RequestTokenError::ServerResponse(said) => said.code(),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            return Refusal::Other(Error::unavailable(
                "authorize",
                "the token endpoint gives no token and no reason",
            ));
        }
    };
    let word: String = said
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .take(60)
        .collect();
    match word.as_str() {
        "invalid_grant"
        | "bad_refresh_token"
        | "invalid_refresh_token"
        | "unauthorized_client"
        | "token_revoked"
        | "token_expired"
        | "account_inactive"
        | "access_denied"
        | "bad_verification_code"
        | "invalid_code"
        | "code_already_used"
        | "expired_token"
        | "app_uninstalled" => Refusal::Gone(word),
        "temporarily_unavailable"
        | "server_error"
        | "internal_error"
        | "fatal_error"
        | "service_unavailable"
        | "ratelimited"
        | "request_timeout" => Refusal::Other(Error::unavailable(
            "authorize",
            format!("the token endpoint answers `{word}`"),
        )),
        _ => Refusal::Other(
            Error::new(
                ErrorKind::Denied,
                "authorize",
                format!("the token endpoint answers `{word}`"),
            )
            .with_hint("check the app's id, secret, redirect address and scopes"),
        ),
    }
}

/// The error's word, whichever of the library's error types carries it.
pub(super) trait Code {
    /// The word.
    fn code(&self) -> String;
}

impl Code for BasicErrorResponse {
    fn code(&self) -> String {
        self.error().as_ref().to_owned()
    }
}

impl Code for oauth2::DeviceCodeErrorResponse {
    fn code(&self) -> String {
        self.error().as_ref().to_owned()
    }
}

/// The grant that an answer gives, with nothing known yet of account and sites.
pub(super) fn granted(app: &OAuthApp, answer: &Answer, now: domain::Timestamp) -> Grant {
    let mut grant = Grant::new(
        app.provider,
        GrantKind::OAuth,
        Some(Secret::new(answer.access_token().secret().clone())),
    );
    grant.refresh = answer.refresh_token().map(|token| Secret::new(token.secret().clone()));
    grant.expires = answer.expires_in().map(|time| after(now, time));
    grant.scopes = answer
        .scopes()
        .map(|scopes| split(scopes.iter().map(|scope| scope.as_str())))
        .unwrap_or_default();
    grant
}

/// Scopes are separated by spaces or, at GitHub and Slack, by commas.
pub(super) fn split<'a>(scopes: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    scopes
        .flat_map(|text| text.split([',', ' ']))
        .filter(|scope| !scope.is_empty())
        .map(str::to_owned)
        .collect()
}
