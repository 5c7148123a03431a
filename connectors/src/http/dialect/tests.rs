//! Answers as the providers give them, and what they mean.

use std::time::Duration;

use domain::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{Left, Provider, Response, Verdict, judge, left};

/// 2026-11-21T12:00:00Z.
const NOW: Timestamp = Timestamp(1_795_262_400_000);

fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).expect("value"),
            )
        })
        .collect();
    Response {
        status: StatusCode::from_u16(status).expect("status"),
        headers,
        body: body.to_owned().into(),
        url: Url::parse("https://api.example/graphql").expect("url"),
    }
}

fn limited(all: bool, seconds: impl Into<Option<u64>>) -> Verdict {
    Verdict::Limited {
        all,
        wait: seconds.into().map(Duration::from_secs),
    }
}

/// Status, headers and body of an answer, and what it means.
type Case<'a> = (u16, &'a [(&'static str, &'a str)], &'a str, Verdict);

/// Check a table of answers of one provider.
fn check(provider: Provider, table: &[Case<'_>]) {
    for (status, headers, body, expected) in table {
        let found = judge(provider, &answer(*status, headers, body), NOW);
        assert_eq!(&found, expected, "{status} {headers:?} {body}");
    }
}

#[test]
fn the_clock_of_the_table_is_right() {
    assert_eq!(NOW.to_string(), "2026-11-21T12:00:00Z");
}

#[test]
fn github() {
    let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait."}"#;
    check(
        Provider::GitHub,
        &[
            (403, &[("retry-after", "42")], secondary, limited(true, 42)),
            (429, &[("retry-after", "0")], "", limited(true, 0)),
            (
                403,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795263000")],
                "",
                limited(false, 601),
            ),
            // The server's clock is ten minutes ahead: only the difference counts.
            (
                429,
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1795263000"),
                    ("date", "Sat, 21 Nov 2026 12:09:00 GMT"),
                ],
                "",
                limited(false, 61),
            ),
            (
                403,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795263000000")],
                "",
                limited(false, None),
            ),
            (
                403,
                &[("x-ratelimit-remaining", "4000")],
                secondary,
                limited(true, None),
            ),
            (429, &[], "", limited(true, None)),
            (
                403,
                &[("x-ratelimit-remaining", "4000")],
                r#"{"message":"Resource not accessible"}"#,
                Verdict::Final,
            ),
            (401, &[], "", Verdict::Unauthorized),
            (404, &[], "", Verdict::Final),
            (410, &[], "", Verdict::Final),
            (422, &[], "", Verdict::Final),
            (304, &[], "", Verdict::Final),
        ],
    );
}

#[test]
fn github_s_graphql() {
    check(
        Provider::GitHub,
        &[
            (
                200,
                &[],
                r#"{"errors":[{"type":"RATE_LIMITED"}]}"#,
                limited(false, None),
            ),
            (
                200,
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795262410")],
                r#"{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#,
                limited(false, 11),
            ),
            (200, &[], r#"{"data":{"title":"RATE_LIMITED"}}"#, Verdict::Final),
            (
                200,
                &[],
                r#"{"errors":[{"type":"NOT_FOUND","message":"RATE_LIMITED"}]}"#,
                Verdict::Final,
            ),
        ],
    );
}

#[test]
fn atlassian() {
    check(
        Provider::Atlassian,
        &[
            (
                429,
                &[("retry-after", "3000"), ("ratelimit-reason", "jira-quota-global-based")],
                "",
                limited(true, 3000),
            ),
            (
                429,
                &[("retry-after", "2"), ("ratelimit-reason", "jira-burst-based")],
                "",
                limited(false, 2),
            ),
            (
                429,
                &[("x-ratelimit-reset", "2026-11-21T12:00:30Z")],
                "",
                limited(false, 30),
            ),
            (
                429,
                &[("x-ratelimit-reset", "2026-11-21T12:00Z")],
                "",
                limited(false, 0),
            ),
            (
                429,
                &[("ratelimit", "\"global-app-quota\";r=0;t=900")],
                "",
                limited(false, 900),
            ),
            (429, &[], "<html>slow down</html>", limited(false, None)),
            (403, &[], "", Verdict::Final),
        ],
    );
}

#[test]
fn slack() {
    check(
        Provider::Slack,
        &[
            (429, &[("retry-after", "30")], "", limited(false, 30)),
            (
                200,
                &[("retry-after", "10")],
                r#"{"ok":false,"error":"ratelimited"}"#,
                limited(false, 10),
            ),
            (200, &[], r#"{"ok":false,"error":"ratelimited"}"#, limited(false, None)),
            (
                200,
                &[],
                r#"{"ok":false,"error":"token_expired"}"#,
                Verdict::Unauthorized,
            ),
            (
                200,
                &[],
                r#"{"ok":false,"error":"invalid_auth"}"#,
                Verdict::Unauthorized,
            ),
            (200, &[], r#"{"ok":false,"error":"channel_not_found"}"#, Verdict::Final),
            (200, &[], r#"{"ok":true}"#, Verdict::Final),
            (
                200,
                &[],
                r#"{"ok":false,"error":"fatal_error"}"#,
                Verdict::Failed {
                    why: "the server answers `fatal_error`".into(),
                    wait: None,
                },
            ),
        ],
    );
}

#[test]
fn any_server() {
    let failed = |status: u16, seconds: Option<u64>| Verdict::Failed {
        why: format!("the server answers {status}"),
        wait: seconds.map(Duration::from_secs),
    };
    check(
        Provider::Plain,
        &[
            (500, &[], "", failed(500, None)),
            (502, &[], "", failed(502, None)),
            (503, &[("retry-after", "7")], "", failed(503, Some(7))),
            (504, &[], "", failed(504, None)),
            (408, &[], "", failed(408, None)),
            (501, &[], "", Verdict::Final),
            (400, &[], "", Verdict::Final),
            (
                429,
                &[("retry-after", "Sat, 21 Nov 2026 12:01:00 GMT")],
                "",
                limited(false, 60),
            ),
            (
                429,
                &[("retry-after", "Sat, 21 Nov 2026 11:01:00 GMT")],
                "",
                limited(false, 0),
            ),
            (429, &[("retry-after", "1.2")], "", limited(false, 2)),
            (429, &[("retry-after", "-1")], "", limited(false, None)),
            (429, &[("retry-after", "soon")], "", limited(false, None)),
            (429, &[("retry-after", "1e300")], "", limited(false, None)),
            (429, &[("retry-after", "99999999")], "", limited(false, None)),
            (429, &[("retry-after", "NaN")], "", limited(false, None)),
        ],
    );
}

#[test]
fn what_is_left_is_read() {
    let github = answer(
        200,
        &[
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "12"),
            ("x-ratelimit-reset", "1795262460"),
        ],
        "",
    );
    let expected = Left {
        limit: 5000,
        remaining: 12,
        renewed_in: Duration::from_secs(61),
    };
    assert_eq!(left(Provider::GitHub, &github, NOW), Some(expected));
    let policy = ("ratelimit-policy", "\"global-app-quota\";q=65000;w=3600");
    let atlassian = answer(200, &[policy, ("ratelimit", "\"global-app-quota\";r=1200;t=900")], "");
    let expected = Left {
        limit: 65_000,
        remaining: 1200,
        renewed_in: Duration::from_secs(901),
    };
    assert_eq!(left(Provider::Atlassian, &atlassian, NOW), Some(expected));
    let beta = answer(200, &[("beta-ratelimit", "\"q\";r=0;t=900")], "");
    assert_eq!(left(Provider::Atlassian, &beta, NOW), None);
}

proptest::proptest! {
    #[test]
    fn any_header_is_taken(text in "[ -~]{0,40}", status in 200u16..600) {
        for provider in [Provider::GitHub, Provider::Atlassian, Provider::Slack, Provider::Plain] {
            let headers = ["retry-after", "x-ratelimit-reset", "ratelimit", "ratelimit-policy", "x-ratelimit-remaining", "date"]
                .map(|name| (name, text.as_str()));
            let answer = answer(status, &headers, &text);
            let _verdict = judge(provider, &answer, NOW);
            let _left = left(provider, &answer, NOW);
        }
    }
}
