//! Giving a grant back to its provider.

use std::sync::Arc;

use domain::{Error, Result};

use super::grants::Inner;
use super::identity::under;
use super::{Grant, GrantKind, OAuthApp, login};
use crate::http::{Credential, Fixed, GrantKey, Policy, Provider, Request};

/// Revoke `grant`. What a user made by hand is his to revoke, and Atlassian has no way: the user removes the app in his account.
pub(super) async fn revoke(inner: &Inner, key: &GrantKey, grant: &Grant) -> Result<()> {
    let (Some(credential), true) = (grant.credential(), grant.needs_consent.is_none()) else {
        return Ok(());
    };
    let by_hand = matches!(grant.kind, GrantKind::Personal | GrantKind::Basic { .. });
    if by_hand || matches!(grant.provider, Provider::Atlassian | Provider::Plain) {
        return Ok(());
    }
    let app = inner
        .apps
        .get(&grant.provider)
        .ok_or_else(|| login::no_app(grant.provider))?;
    let api = &app.endpoints.api;
    let (request, credential) = match (grant.provider, &grant.kind) {
        (Provider::Slack, _) => (Request::post(under(api, "auth.revoke")?), credential),
        (_, GrantKind::Installation { .. }) => (Request::delete(under(api, "installation/token")?), credential),
        _ => whole_grant(app, grant)?,
    };
    let policy = match grant.provider {
        Provider::Slack => Policy::slack(api)?,
        Provider::GitHub | Provider::Atlassian | Provider::Plain => Policy::github(api)?,
    };
    let key = GrantKey {
        tenant: key.tenant.clone(),
        grant: "revocation".into(),
    };
    let client = inner.http.api(policy, Arc::new(Fixed(credential)), &key);
    let answer = client.ask(request).await?;
    // A token that the provider does not know is as good as revoked.
    if matches!(answer.status(), 401 | 404 | 422) {
        return Ok(());
    }
    answer.good().map(drop)
}

/// All tokens of the user for our app at GitHub, which our app revokes in its own name.
fn whole_grant(app: &OAuthApp, grant: &Grant) -> Result<(Request, Credential)> {
    let secret = app.client_secret.clone().ok_or_else(|| {
        Error::invalid("revoke grant", "the app has no secret").with_hint("the user can revoke the app in his settings")
    })?;
    let token = grant.access.as_ref().map_or("", |access| access.expose());
    let path = format!("applications/{}/grant", app.client_id);
    let request = Request::delete(under(&app.endpoints.api, &path)?)
        .json(&serde_json::json!({ "access_token": token }))?
        .cost(5);
    let credential = Credential::Basic {
        user: app.client_id.clone(),
        password: secret,
    };
    Ok((request, credential))
}
