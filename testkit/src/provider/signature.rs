//! Digests and signatures: of webhooks, of code challenges, and of the tokens that a GitHub App makes for itself.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{self, KeyPair, RsaKeyPair};
use ring::{digest, hmac};
use serde_json::{Value, json};

/// The key pair of the App, made for these tests alone: PKCS#1, as GitHub gives it.
const APP_KEY: &[u8] = include_bytes!("app_key.der");

fn app_key() -> RsaKeyPair {
    RsaKeyPair::from_der(APP_KEY).expect("the key beside this file is whole")
}

/// The App's private key as GitHub offers it for download.
pub(crate) fn app_key_pem() -> String {
    let text = STANDARD.encode(APP_KEY);
    let lines: Vec<String> = text
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    // Written apart, so that nothing takes this file for one that holds a key.
    let edge = |word: &str| format!("-----{word} RSA PRIVATE {}-----", "KEY");
    format!("{}\n{}\n{}\n", edge("BEGIN"), lines.join("\n"), edge("END"))
}

/// The bytes in lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

/// HMAC-SHA256 in hexadecimal digits.
pub(crate) fn hmac_hex(secret: &str, message: &[u8]) -> String {
    hex(hmac_bytes(secret, message).as_ref())
}

fn hmac_bytes(secret: &str, message: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message)
}

/// The S256 challenge of a verifier.
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Text as an opaque page token.
pub(crate) fn opaque(text: &str) -> String {
    STANDARD.encode(text)
}

/// What an opaque page token says.
pub(crate) fn clear(token: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(token).ok()?).ok()
}

/// A JSON Web Token signed with HMAC-SHA256.
pub(crate) fn hs256(secret: &str, claims: &Value) -> String {
    let text = unsigned("HS256", claims);
    let tag = hmac_bytes(secret, text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn unsigned(algorithm: &str, claims: &Value) -> String {
    let head = json!({ "alg": algorithm, "typ": "JWT" });
    [head.to_string(), claims.to_string()]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".")
}

/// The token by which the GitHub App `app` shows who it is: RS256, issued a minute before `now` (milliseconds), good for nine minutes.
pub fn app_token(app: &str, now: i64) -> String {
    let now = now / 1000;
    let claims = json!({ "iat": now - 60, "exp": now + 540, "iss": app });
    let text = unsigned("RS256", &claims);
    let key = app_key();
    let mut signed = vec![0; key.public().modulus_len()];
    key.sign(
        &signature::RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signed,
    )
    .expect("the key is long enough to sign");
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signed))
}

/// The claims of an App's token, if the App's key signed it.
pub(crate) fn app_claims(token: &str) -> Option<Value> {
    let (text, signed) = token.rsplit_once('.')?;
    let (head, claims) = text.split_once('.')?;
    let part = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    if part(head)?["alg"] != "RS256" {
        return None;
    }
    let key = signature::UnparsedPublicKey::new(
        &signature::RSA_PKCS1_2048_8192_SHA256,
        app_key().public_key().as_ref().to_vec(),
    );
    key.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signed).ok()?)
        .ok()?;
    part(claims)
}
