//! The documented examples of each provider, and everything near them that is not genuine.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{ErrorKind, Timestamp};
use proptest::prelude::*;
use ring::hmac::{HMAC_SHA256, Key, sign};

use super::{Delivery, Sender, receive};
use crate::hex::hex;
use crate::secret::Secret;

type Headers = BTreeMap<&'static str, String>;

fn ask(sender: Sender, secret: &str, (headers, body): (&Headers, &[u8]), now: i64) -> domain::Result<Delivery> {
    let header = |name: &str| headers.get(name).map(String::as_str);
    receive(sender, &Secret::new(secret), (header, body), Timestamp(now))
}

fn mac(secret: &str, text: &[u8]) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, secret.as_bytes()), text).as_ref().to_vec()
}

const SLACK_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
const SLACK_TIME: i64 = 1_531_420_618;

/// The sample that Slack documents.
const SLACK_BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";

#[test]
fn github_s_own_example_is_genuine() {
    let headers = Headers::from([
        (
            "x-hub-signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17".to_owned(),
        ),
        ("x-github-delivery", "72d3162e".to_owned()),
    ]);
    let found = ask(
        Sender::GitHub,
        "It's a Secret to Everybody",
        (&headers, b"Hello, World!"),
        0,
    );
    assert_eq!(
        found.unwrap(),
        Delivery::Event {
            id: "72d3162e".to_owned()
        }
    );
}

#[test]
fn jira_s_own_example_is_genuine() {
    let headers = Headers::from([
        (
            "x-hub-signature",
            "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9".to_owned(),
        ),
        ("x-atlassian-webhook-identifier", "i1".to_owned()),
    ]);
    let found = ask(
        Sender::Jira,
        "It's a Secret to Everybody",
        (&headers, b"Hello World!"),
        0,
    );
    assert_eq!(found.unwrap(), Delivery::Event { id: "i1".to_owned() });
}

fn slack_headers(signature: &str) -> Headers {
    Headers::from([
        ("x-slack-request-timestamp", SLACK_TIME.to_string()),
        ("x-slack-signature", signature.to_owned()),
    ])
}

#[test]
fn slack_s_own_example_is_genuine_for_five_minutes() {
    let headers = slack_headers("v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503");
    let at = |off: i64| {
        ask(
            Sender::Slack,
            SLACK_SECRET,
            (&headers, SLACK_BODY),
            (SLACK_TIME + off) * 1000,
        )
    };
    // Genuine, though a command and not an event.
    assert_eq!(at(0).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(at(300).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(at(-300).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(at(301).unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(at(-301).unwrap_err().kind(), ErrorKind::Denied);
}

#[test]
fn slack_s_challenge_is_echoed_and_its_events_have_ids() {
    let send = |body: &str| {
        let text = format!("v0:{SLACK_TIME}:{body}");
        let headers = slack_headers(&format!("v0={}", hex(&mac(SLACK_SECRET, text.as_bytes()))));
        ask(
            Sender::Slack,
            SLACK_SECRET,
            (&headers, body.as_bytes()),
            SLACK_TIME * 1000,
        )
        .unwrap()
    };
    assert_eq!(
        send(r#"{"type": "url_verification", "challenge": "3eZbrw1a"}"#),
        Delivery::Challenge("3eZbrw1a".to_owned())
    );
    assert_eq!(
        send(r#"{"type": "event_callback", "event_id": "Ev08"}"#),
        Delivery::Event { id: "Ev08".to_owned() }
    );
    // That events are held back is an event too, and the only one without an id.
    assert_eq!(
        send(r#"{"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1518467820}"#),
        Delivery::Event {
            id: "app_rate_limited 1518467820".to_owned()
        }
    );
}

fn token(head: &str, claims: &str, secret: &str) -> String {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac(secret, text.as_bytes())))
}

#[test]
fn jira_s_tokens_are_checked_with_their_algorithm_and_end() {
    let now = 1_800_000_000_000;
    let genuine = |token: String| {
        let headers = Headers::from([
            ("authorization", format!("Bearer {token}")),
            ("x-atlassian-webhook-identifier", "i1".to_owned()),
        ]);
        ask(Sender::Jira, "s", (&headers, b"{}"), now).is_ok()
    };
    let (head, alive) = (r#"{"alg": "HS256", "typ": "JWT"}"#, r#"{"exp": 1800000100}"#);
    assert!(genuine(token(head, alive, "s")));
    assert!(!genuine(token(head, "{}", "s")), "good for ever");
    assert!(!genuine(token(head, alive, "other")));
    assert!(!genuine(token(head, r#"{"exp": 1799999600}"#, "s")));
    assert!(!genuine(token(r#"{"alg": "none"}"#, alive, "s")));
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg": "none"}"#),
        URL_SAFE_NO_PAD.encode(alive)
    );
    assert!(!genuine(unsigned));
    assert!(!genuine("a.b".to_owned()));
}

#[test]
fn a_missing_signature_or_id_is_refused() {
    for sender in [Sender::GitHub, Sender::Jira, Sender::Slack] {
        assert_eq!(
            ask(sender, "s", (&Headers::new(), b"{}"), 0).unwrap_err().kind(),
            ErrorKind::Denied
        );
    }
    let signature = format!("sha256={}", hex(&mac("s", b"{}")));
    let headers = Headers::from([("x-hub-signature-256", signature)]);
    assert_eq!(
        ask(Sender::GitHub, "s", (&headers, b"{}"), 0).unwrap_err().kind(),
        ErrorKind::Invalid
    );
}

#[test]
fn every_flipped_bit_of_body_and_signature_is_noticed() {
    let body = br#"{"action": "edited"}"#;
    let tag = mac("s", body);
    let headers = |tag: &[u8]| {
        Headers::from([
            ("x-hub-signature-256", format!("sha256={}", hex(tag))),
            ("x-github-delivery", "d".to_owned()),
        ])
    };
    assert!(ask(Sender::GitHub, "s", (&headers(&tag), body), 0).is_ok());
    for bit in 0..body.len() * 8 {
        let mut flipped = body.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(
            ask(Sender::GitHub, "s", (&headers(&tag), &flipped), 0).is_err(),
            "bit {bit} of the body"
        );
    }
    for bit in 0..tag.len() * 8 {
        let mut flipped = tag.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(
            ask(Sender::GitHub, "s", (&headers(&flipped), body), 0).is_err(),
            "bit {bit} of the signature"
        );
    }
}

proptest! {
    #[test]
    fn no_input_panics(names in prop::collection::vec(0_usize..6, 0..6), value in "\\PC{0,80}", body: Vec<u8>, now: i64) {
        const NAMES: [&str; 6] = ["x-hub-signature-256", "x-hub-signature", "authorization", "x-slack-signature", "x-slack-request-timestamp", "x-github-delivery"];
        let headers: Headers = names.into_iter().map(|name| (NAMES[name], value.clone())).collect();
        for sender in [Sender::GitHub, Sender::Jira, Sender::Slack] {
            prop_assert!(ask(sender, "s", (&headers, &body), now).is_err());
        }
    }
}
