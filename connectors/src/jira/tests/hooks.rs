//! Webhooks that the application makes for itself.

use std::time::Duration;

use domain::SourceId;
use serde_json::json;
use testkit::provider::Provider;

use super::Jira;
use crate::atlassian::desk::{Desk, Held};
use crate::http::Api;

const DAY: Duration = Duration::from_hours(24);

fn connector(desk: &Desk, api: Api, webhook: Option<&str>) -> Jira {
    let settings =
        json!({ "api": desk.address(), "site": "https://acme.atlassian.net", "name": "acme", "webhook": webhook });
    let settings = serde_json::from_value(settings).expect("settings");
    Jira::open(SourceId::new("jira").expect("slug"), settings, api, desk.clock()).expect("opened")
}

/// How often webhooks were listed, made and prolonged.
fn asked(desk: &Desk) -> [usize; 3] {
    let log = desk.site.log();
    let count = |method: &str, end: &str| {
        let own = log
            .entries
            .iter()
            .filter(|one| one.method == method && one.path.ends_with(end));
        own.count()
    };
    [
        count("GET", "/webhook"),
        count("POST", "/webhook"),
        count("PUT", "/webhook/refresh"),
    ]
}

#[tokio::test]
async fn a_webhook_is_made_once_and_kept_alive() {
    let desk = Desk::start(Provider::Jira, 1).await;
    let jira = connector(
        &desk,
        desk.api(0),
        Some("https://sync.acme.example/v1/webhooks/jira/issues"),
    );
    let mut held = Held::default();
    for _ in 0..2 {
        held.sync(&jira, &desk).await;
        assert_eq!(asked(&desk), [1, 1, 0]);
    }
    desk.site.advance(DAY * 16);
    held.sync(&jira, &desk).await;
    held.sync(&jira, &desk).await;
    assert_eq!(asked(&desk), [1, 1, 1]);
    desk.site.advance(DAY * 31);
    held.sync(&jira, &desk).await;
    assert_eq!(asked(&desk), [2, 2, 1], "it had expired");
    // A sync whose cursor was lost makes it anew, and so does another address: Jira takes but one.
    let mut lost = Held::default();
    lost.sync(&jira, &desk).await;
    assert_eq!(asked(&desk), [3, 3, 1]);
    let moved = connector(
        &desk,
        desk.api(0),
        Some("https://new.acme.example/v1/webhooks/jira/issues"),
    );
    for _ in 0..2 {
        lost.sync(&moved, &desk).await;
        assert_eq!(asked(&desk), [4, 4, 1]);
    }
    assert_eq!(desk.site.log().violations, []);
}

#[tokio::test]
async fn nothing_is_made_where_nobody_wants_it() {
    let desk = Desk::start(Provider::Jira, 1).await;
    let mut held = Held::default();
    held.sync(&connector(&desk, desk.api(0), None), &desk).await;
    assert_eq!(asked(&desk), [0, 0, 0]);
}

#[tokio::test]
async fn what_is_refused_fails_no_sync_and_is_tried_again_a_day_later() {
    let desk = Desk::start(Provider::Jira, 1).await;
    let api = desk.api_with(0, "read:jira-work read:jira-user");
    let jira = connector(&desk, api, Some("https://sync.acme.example/v1/webhooks/jira/issues"));
    let mut held = Held::default();
    for expected in [1, 1] {
        held.sync(&jira, &desk).await;
        assert_eq!(asked(&desk)[0], expected);
    }
    assert!(!held.documents.is_empty());
    desk.site.advance(DAY);
    held.sync(&jira, &desk).await;
    assert_eq!(asked(&desk)[..2], [2, 0]);
}
