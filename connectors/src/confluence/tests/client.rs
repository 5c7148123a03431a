//! The list of restrictions, asked of a server that is slow or refuses.

use std::sync::Arc;

use serde_json::json;
use url::Url;

use crate::confluence::client::Client;
use crate::confluence::config::Config;
use crate::http::tests::server::{Server, answer, good};
use crate::http::tests::{TestClock, http};
use crate::http::{Credential, Fixed, GrantKey, Policy};
use crate::secret::Secret;

fn client(base: &Url, spaces: &[&str]) -> Client {
    let settings = json!({ "api": base.as_str(), "site": "https://acme.atlassian.net", "spaces": spaces });
    let settings = serde_json::from_value(settings).expect("settings");
    let key = GrantKey {
        tenant: "acme".into(),
        grant: "g".into(),
    };
    let tokens = Arc::new(Fixed(Credential::Bearer(Secret::new("t"))));
    let api = http(&TestClock::start()).api(Policy::atlassian(base).expect("policy"), tokens, &key);
    Client::new(api, &Config::read(settings).expect("settings"))
}

/// The value of a name in the query of the first line of a request.
fn asked(request: &str, name: &str) -> Vec<String> {
    let target = request.split(' ').nth(1).expect("a target");
    let url = Url::parse("http://any")
        .and_then(|base| base.join(target))
        .expect("an address");
    let pairs = url.query_pairs().filter(|(own, _)| own == name);
    pairs.map(|(_, value)| value.into_owned()).collect()
}

#[tokio::test]
async fn a_slow_site_is_asked_for_less_and_the_next_page_keeps_to_that() {
    let next = "/rest/api/content/search?limit=200&cursor=a%3D%3D&cql=type";
    let page = json!({ "results": [{ "id": "7" }], "_links": { "next": next } }).to_string();
    let slow = answer(504, &[], "");
    let server = Server::in_turn(vec![slow.clone(), slow, good(&page), good(r#"{"results":[]}"#)]).await;
    let client = client(&server.base, &["~ada", "ENG"]);
    let mut rows = 200;
    let first = client
        .restricted(None, &mut rows)
        .await
        .expect("an answer")
        .expect("a page");
    assert_eq!((rows, first.rows.len(), first.next.as_deref()), (50, 1, Some(next)));
    let last = client
        .restricted(Some(next), &mut rows)
        .await
        .expect("an answer")
        .expect("a page");
    assert_eq!((last.rows.len(), last.next), (0, None));
    let requests = server.asked();
    let limits: Vec<_> = requests.iter().map(|one| asked(one, "limit").join("+")).collect();
    assert_eq!(limits, ["200", "100", "50", "50"]);
    let cql = r#"type in (page,blogpost) and space in ("ENG","~ada") order by created asc"#;
    assert_eq!(asked(&requests[0], "cql"), [cql]);
    assert_eq!(asked(&requests[3], "cursor"), ["a=="]);
    assert!(
        requests[3].starts_with("GET /wiki/rest/api/content/search?"),
        "{}",
        requests[3]
    );
}

#[tokio::test]
async fn a_list_that_is_refused_or_always_too_slow_is_none() {
    for status in [400, 403, 404, 504] {
        let server = Server::in_turn(vec![answer(status, &[], "{}")]).await;
        let found = client(&server.base, &[])
            .restricted(None, &mut 20)
            .await
            .expect("an answer");
        assert!(found.is_none(), "{status}");
    }
}

#[tokio::test]
async fn a_next_page_elsewhere_is_refused() {
    let server = Server::in_turn(vec![good("{}")]).await;
    for next in [
        "https://evil.example/rest/api",
        "//evil.example/wiki/",
        "/admin",
        "rest/api",
    ] {
        let found = client(&server.base, &[]).restricted(Some(next), &mut 20).await;
        assert!(found.is_err(), "{next}");
    }
    assert!(server.asked().is_empty());
}
