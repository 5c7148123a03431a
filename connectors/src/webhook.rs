//! Deliveries of providers' webhooks: whether one is genuine, and which one it is.
//!
//! A delivery is only a hint that something changed; what changed is asked of the provider. So nothing is taken from a body but
//! the ids of what to ask for, and what Slack wants echoed when an address is registered.

mod about;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Error, ErrorKind, Result, Timestamp};
use ring::hmac::{HMAC_SHA256, Key, verify};
use serde::Deserialize;

use crate::secret::Secret;

pub use about::target;

const OPERATION: &str = "receive webhook";
/// How far the time of a signed delivery may be from ours, in milliseconds.
const SKEW: i64 = 300_000;

/// Whose deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// GitHub: `X-Hub-Signature-256` over the body.
    GitHub,
    /// Jira: `X-Hub-Signature` over the body, or a token signed with the app's secret.
    Jira,
    /// Slack: `X-Slack-Signature` over time and body.
    Slack,
}

/// A genuine delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Something changed. The id is the same when it is delivered again.
    Event {
        /// The provider's id of the delivery.
        id: String,
    },
    /// The provider wants this text back, to see that the address is ours.
    Challenge(String),
}

/// Check a delivery with the secret that was agreed on. `header` gives a header by its name in lower case.
///
/// # Errors
/// `Denied`, the same whatever is wrong with the signature; `Invalid` for a genuine delivery that cannot be told from others.
pub fn receive<'a>(
    sender: Sender,
    secret: &Secret,
    (header, body): (impl Fn(&str) -> Option<&'a str>, &[u8]),
    now: Timestamp,
) -> Result<Delivery> {
    let genuine = match sender {
        Sender::GitHub => header("x-hub-signature-256").is_some_and(|value| hub(secret, value, body)),
        Sender::Jira => match (header("x-hub-signature"), header("authorization")) {
            (Some(value), _) => hub(secret, value, body),
            (None, Some(value)) => value
                .strip_prefix("Bearer ")
                .is_some_and(|token| jwt(secret, token, now)),
            (None, None) => false,
        },
        Sender::Slack => {
            let parts = header("x-slack-request-timestamp").zip(header("x-slack-signature"));
            parts.is_some_and(|(time, value)| slack(secret, (time, value), body, now))
        }
    };
    if !genuine {
        return Err(
            Error::new(ErrorKind::Denied, OPERATION, "the delivery is not signed by its sender")
                .with_hint("set the same secret here and at the provider"),
        );
    }
    match sender {
        Sender::GitHub => event(header("x-github-delivery")),
        Sender::Jira => event(header("x-atlassian-webhook-identifier")),
        Sender::Slack => slack_delivery(body),
    }
}

fn event(id: Option<&str>) -> Result<Delivery> {
    let id = id.map(str::trim).filter(|id| !id.is_empty() && id.len() <= 200);
    let id = id.ok_or_else(|| Error::invalid(OPERATION, "the delivery has no id"))?;
    Ok(Delivery::Event { id: id.to_owned() })
}

/// `sha256=` and the hex HMAC of the body.
fn hub(secret: &Secret, value: &str, body: &[u8]) -> bool {
    value
        .strip_prefix("sha256=")
        .is_some_and(|hex| signed(secret, body, hex))
}

/// `v0=` and the hex HMAC of version, time and body, within five minutes.
fn slack(secret: &Secret, (time, value): (&str, &str), body: &[u8], now: Timestamp) -> bool {
    let recent = time.parse::<i64>().is_ok_and(|seconds| {
        let off = seconds.saturating_mul(1000).saturating_sub(now.0);
        off.saturating_abs() <= SKEW
    });
    let text = [b"v0:", time.as_bytes(), b":", body].concat();
    recent && value.strip_prefix("v0=").is_some_and(|hex| signed(secret, &text, hex))
}

/// Whether `hex` is the HMAC-SHA256 of `text`; the comparison takes the same time wherever it fails.
fn signed(secret: &Secret, text: &[u8], hex: &str) -> bool {
    let key = Key::new(HMAC_SHA256, secret.expose().as_bytes());
    bytes(hex).is_some_and(|tag| verify(&key, text, &tag).is_ok())
}

/// The bytes that lower-case hexadecimal digits stand for.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}

/// A token by HS256 (RFC 7519) that expires and has not yet.
fn jwt(secret: &Secret, token: &str, now: Timestamp) -> bool {
    #[derive(Deserialize)]
    struct Head {
        alg: String,
    }
    #[derive(Deserialize)]
    struct Claims {
        exp: Option<i64>,
    }
    let Some((text, signature)) = token.rsplit_once('.') else {
        return false;
    };
    let Some((head, claims)) = text.split_once('.') else {
        return false;
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let key = Key::new(HMAC_SHA256, secret.expose().as_bytes());
    let genuine = decode(signature).is_some_and(|tag| verify(&key, text.as_bytes(), &tag).is_ok());
    let head = decode(head).and_then(|head| serde_json::from_slice::<Head>(&head).ok());
    let claims = decode(claims).and_then(|claims| serde_json::from_slice::<Claims>(&claims).ok());
    let fits = head.is_some_and(|head| head.alg == "HS256");
    let alive = claims.is_some_and(|claims| claims.exp.is_some_and(|exp| exp.saturating_mul(1000) > now.0 - SKEW));
    genuine && fits && alive
}

fn slack_delivery(body: &[u8]) -> Result<Delivery> {
    #[derive(Deserialize)]
    struct Written {
        #[serde(rename = "type")]
        kind: String,
        challenge: Option<String>,
        event_id: Option<String>,
        minute_rate_limited: Option<u64>,
    }
    let written: Written = serde_json::from_slice(body)
        .map_err(|error| Error::invalid(OPERATION, "the body is no event").with_source(error))?;
    match (written.kind.as_str(), written.challenge) {
        ("url_verification", Some(challenge)) if challenge.len() <= 1000 => Ok(Delivery::Challenge(challenge)),
        // There was so much to tell that Slack tells no more for a while. It gives no id to that.
        ("app_rate_limited", _) => {
            let minute = written.minute_rate_limited.unwrap_or_default();
            event(Some(&format!("app_rate_limited {minute}")))
        }
        _ => event(written.event_id.as_deref()),
    }
}

#[cfg(test)]
mod tests;
