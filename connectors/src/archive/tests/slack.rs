//! Slack exports.

use std::path::Path;

use domain::document::Message;
use domain::{DocumentKind, Readers};
use serde_json::{Value, json};

use super::{Found, Kind, folder, found, principals, write, zipped};

fn export() -> Vec<(&'static str, Value)> {
    let person = |id: &str, name: &str| json!({ "id": id, "name": name, "profile": { "display_name": name, "email": format!("{name}@acme.example") } });
    vec![
        ("users.json", json!([person("U1", "ada"), person("U2", "bob")])),
        (
            "channels.json",
            json!([{ "id": "C1", "name": "general", "members": ["U1"], "topic": { "value": "All of <@U1>" }, "created": 1_700_000_000 }]),
        ),
        (
            "groups.json",
            json!([{ "id": "G1", "name": "secret", "members": ["U1", "U2"], "is_archived": true }]),
        ),
        ("dms.json", json!([{ "id": "D1", "members": ["U2", "U1"] }])),
        (
            "mpims.json",
            json!([{ "id": "G2", "name": "mpdm-a--b", "members": ["U2"] }]),
        ),
        (
            "general/2024-01-01.json",
            json!([
                { "type": "message", "user": "U1", "ts": "1704100000.000200", "text": "Payments <@U2> see <#C1|> &amp; <https://x.y|this>\nmore", "thread_ts": "1704100000.000200" },
                { "type": "message", "subtype": "channel_join", "user": "U2", "ts": "1704100001.000000", "text": "joined" },
                { "type": "message", "subtype": "bot_message", "bot_id": "B1", "username": "deploy", "ts": "1704100002.000000", "text": "",
                  "attachments": [{ "fallback": "Deployed 2.1" }] },
            ]),
        ),
        (
            "general/2024-01-03.json",
            json!([
                { "user": "U1", "ts": "1704290000.000010", "thread_ts": "1704100000.000200", "text": "late", "edited": { "ts": "1704290100.000000" } },
                { "user": "U2", "ts": "1704290000.000002", "thread_ts": "1704100000.000200", "text": "sooner", "files": [{ "title": "log.txt" }] },
                { "user": "U2", "ts": "1704290001.000000", "thread_ts": "1704000000.000001", "text": "answer to a lost root" },
                { "subtype": "tombstone", "user": "USLACKBOT", "ts": "1704290003.000000", "text": "This message was deleted." },
                { "user": "U2", "ts": "1704290004.000000", "text": "", "blocks": [{ "type": "rich_text", "elements": [{ "type": "user", "user_id": "U1" }] }] },
            ]),
        ),
        (
            "secret/2024-01-01.json",
            json!([{ "user": "U1", "ts": "1704100000.000000", "text": "psst" }]),
        ),
        (
            "D1/2024-01-01.json",
            json!([{ "user": "U1", "ts": "1704100000.000000", "text": "hi" }]),
        ),
        (
            "unlisted/2024-01-01.json",
            json!([{ "user": "U1", "ts": "1704100000.000000", "text": "who may see this" }]),
        ),
    ]
}

fn unpack(folder: &Path) {
    for (path, value) in export() {
        write(folder, path, value.to_string());
    }
}

fn check(found: &Found) {
    assert_eq!(found.rejected, []);
    assert_eq!(
        found.keys(),
        [
            "slack:T1/C1",
            "slack:T1/C1/1704000000.000001",
            "slack:T1/C1/1704100000.000200",
            "slack:T1/C1/1704100002.000000",
            "slack:T1/C1/1704290004.000000",
            "slack:T1/D1",
            "slack:T1/D1/1704100000.000000",
            "slack:T1/G1",
            "slack:T1/G1/1704100000.000000",
            "slack:T1/G2",
            "slack:T1/unlisted",
            "slack:T1/unlisted/1704100000.000000",
        ]
    );
}

fn settings() -> Value {
    json!({ "team": "T1", "workspace": "acme", "access": "source" })
}

#[test]
fn a_thread_is_put_together_from_all_of_its_days() {
    let folder = folder();
    unpack(folder.path());
    let found = found(Kind::Slack, folder.path(), settings());
    check(&found);
    let thread = found.document("slack:T1/C1/1704100000.000200");
    assert_eq!(
        (thread.kind, thread.title.as_str()),
        (DocumentKind::Thread, "Payments @bob see #general & this")
    );
    assert_eq!(
        thread.url.as_deref(),
        Some("https://acme.slack.com/archives/C1/p1704100000000200")
    );
    assert_eq!(
        (thread.created.unwrap().0, thread.updated.unwrap().0),
        (1_704_100_000_000, 1_704_290_100_000)
    );
    let messages: Vec<Message> = serde_json::from_str(&thread.body.text).unwrap();
    let said: Vec<_> = messages
        .iter()
        .map(|message| (message.author.as_str(), message.text.lines().next().unwrap()))
        .collect();
    assert_eq!(said[1..], [("bob", "sooner"), ("ada", "late")]);
    assert_eq!(
        messages[0].names,
        [
            ("C1".to_owned(), "general".to_owned()),
            ("U2".to_owned(), "bob".to_owned())
        ]
        .into()
    );
    assert_eq!(messages[1].files, ["log.txt"]);
    assert_eq!(
        found.links("slack:T1/C1/1704100000.000200"),
        [
            "-> part_of slack:T1/C1 (slack.channel)",
            "<- authored account:slack/T1/U1 (slack.user)",
            "<- authored account:slack/T1/U2 (slack.user)",
        ]
    );

    assert_eq!(found.document("slack:T1/C1/1704100002.000000").title, "Deployed 2.1");
    assert_eq!(
        found.document("slack:T1/C1/1704290004.000000").title,
        "#general 2024-01-03"
    );
    assert_eq!(
        found.document("slack:T1/C1/1704000000.000001").title,
        "answer to a lost root"
    );
    assert_eq!(found.document("slack:T1/C1").body.text, "All of @ada");
    assert_eq!(found.document("slack:T1/D1").title, "Direct message: bob, ada");
    assert_eq!(found.document("slack:T1/G1").field("state"), ["archived"]);
    assert_eq!(found.accounts["account:slack/T1/U2"].emails, ["bob@acme.example"]);
}

#[test]
fn only_public_channels_share_the_label_of_the_source() {
    let folder = folder();
    unpack(folder.path());
    let open = found(Kind::Slack, folder.path(), settings());
    assert_eq!(
        open.readers("slack:T1/C1/1704100000.000200"),
        &Readers::EveryoneInSource
    );
    let both = principals(&["account:slack/T1/U1", "account:slack/T1/U2"]);
    for key in [
        "slack:T1/G1",
        "slack:T1/G1/1704100000.000000",
        "slack:T1/D1",
        "slack:T1/D1/1704100000.000000",
    ] {
        assert_eq!(open.readers(key), &both, "{key}");
    }
    assert_eq!(open.readers("slack:T1/unlisted/1704100000.000000"), &principals(&[]));

    let ada = json!({ "team": "T1", "access": ["account:slack/T1/U1", "group:eng"] });
    let named = found(Kind::Slack, folder.path(), ada);
    assert_eq!(named.readers("slack:T1/G1"), &principals(&["account:slack/T1/U1"]));

    write(
        folder.path(),
        "all/2024-01-01.json",
        json!([{ "user": "U1", "ts": "1704100000.000000", "text": "?" }]).to_string(),
    );
    let odd = found(Kind::Slack, folder.path(), settings());
    assert_eq!(
        odd.readers("slack:T1/all"),
        &principals(&[]),
        "a folder's name is no label of the source"
    );
    assert_eq!(odd.readers("slack:T1/C1"), &Readers::EveryoneInSource);

    let closed = found(Kind::Slack, folder.path(), json!({ "team": "T1" }));
    assert!(closed.rules.values().all(|rule| rule.readers == principals(&[])));
}

#[test]
fn a_zip_gives_the_same_documents_as_its_folder_also_below_a_folder_of_its_own() {
    let folder = folder();
    unpack(&folder.path().join("unpacked"));
    let plain = found(Kind::Slack, &folder.path().join("unpacked"), settings());
    for prefix in ["", "acme export/"] {
        let files: Vec<(String, Vec<u8>)> = export()
            .into_iter()
            .map(|(path, value)| (format!("{prefix}{path}"), value.to_string().into_bytes()))
            .collect();
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(path, content)| (path.as_str(), content.as_slice()))
            .collect();
        write(folder.path(), "export.zip", zipped(&files));
        let packed = found(Kind::Slack, &folder.path().join("export.zip"), settings());
        check(&packed);
        assert_eq!(packed.documents, plain.documents, "{prefix}");
    }
}

#[test]
fn a_damaged_list_of_channels_stops_the_import() {
    let folder = folder();
    unpack(folder.path());
    write(folder.path(), "groups.json", "[{\"id\":\"G1\",");
    let error = super::pull(&super::archive(Kind::Slack, folder.path(), settings()), None).unwrap_err();
    assert_eq!(error.kind(), domain::ErrorKind::Corrupt);
    assert!(error.message().starts_with("groups.json"));
}
