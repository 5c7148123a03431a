//! A GitHub App signs for itself, and its installations get tokens.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::PrivatePkcs1KeyDer;
use rustls_pki_types::pem::PemObject;

use super::{app, key, process};
use crate::http::tests::TestClock;
use crate::http::tests::server::{Server, answer};
use crate::http::{Credential, Provider};
use crate::oauth::{AppKey, Grant, GrantKind};
use crate::secret::Secret;

/// A key made for these tests and used nowhere else.
const PEM: &str = include_str!("app_key.pem");

fn app_key() -> AppKey {
    AppKey::from_pem("12345", &Secret::new(PEM)).expect("key")
}

#[test]
fn a_statement_is_signed_and_short_lived() {
    let statement = app_key().statement(Timestamp::from_seconds(1_000_000)).expect("sign");
    let (signed, signature) = statement.expose().rsplit_once('.').expect("three parts");
    let (_, claims) = signed.split_once('.').expect("three parts");
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64");
    let claims: serde_json::Value = serde_json::from_slice(&decode(claims)).expect("claims");
    assert_eq!(
        claims,
        serde_json::json!({ "iat": 999_940, "exp": 1_000_540, "iss": "12345" })
    );
    let der = PrivatePkcs1KeyDer::from_pem_slice(PEM.as_bytes()).expect("PEM");
    let pair = RsaKeyPair::from_der(der.secret_pkcs1_der()).expect("RSA");
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref())
        .verify(signed.as_bytes(), &decode(signature))
        .expect("a good signature");
    assert_eq!(format!("{:?}", app_key()), "AppKey(12345)");
}

#[test]
fn what_is_no_key_is_refused_without_being_shown() {
    for text in [
        "",
        "canary",
        "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----\n",
    ] {
        let error = AppKey::from_pem("1", &Secret::new(text)).expect_err("no key");
        assert!(!format!("{error:?}").contains("canary"));
    }
}

#[tokio::test]
async fn an_installation_gets_a_token_by_the_app_s_statement() {
    let server = Server::start(|number, asked| {
        assert!(asked.starts_with("POST /app/installations/42/access_tokens"), "{asked}");
        assert!(asked.contains("authorization: Bearer eyJ"), "{asked}");
        let body = format!(
            r#"{{"token":"ghs_{number}","expires_at":"2026-11-21T13:00:00Z","permissions":{{"issues":"read"}}}}"#
        );
        answer(201, &[("content-type", "application/json")], &body)
    })
    .await;
    let clock = TestClock::start();
    let mut registered = app(Provider::GitHub, &server);
    registered.key = Some(app_key());
    let process = process(&clock, &Arc::default(), vec![registered]);
    let grant = Grant::new(Provider::GitHub, GrantKind::Installation { id: 42 }, None);
    process.grants.put(&key(), grant).await.expect("put");
    let tokens = process.grants.tokens(&key());
    let first = Credential::Bearer(Secret::new("ghs_0"));
    for _ in 0..3 {
        assert_eq!(tokens.token().await.expect("token"), first);
    }
    tokens.refused(&first).await.expect("another");
    assert_eq!(
        tokens.token().await.expect("token"),
        Credential::Bearer(Secret::new("ghs_1"))
    );
    assert_eq!(server.asked().len(), 2);
    let kept = process.grants.get(&key()).await.expect("get").expect("there");
    assert!(kept.scopes.contains("issues:read"));
}
