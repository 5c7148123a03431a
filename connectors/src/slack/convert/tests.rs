//! What is told apart in messages.

use serde_json::{Value, json};

use super::{parent, print, replies};

#[test]
fn a_message_is_known_by_what_can_change() {
    let message = json!({ "ts": "1712345678.000100", "text": "hi", "user": "U1", "client_msg_id": "x" });
    let with = |field: &str, value: Value| {
        let mut other = message.clone();
        other[field] = value;
        print(&other)
    };
    assert_eq!(print(&message), with("client_msg_id", json!("y")));
    for (field, value) in [
        ("text", json!("ho")),
        ("edited", json!({ "ts": "1712345679.000000" })),
        ("reply_count", json!(1)),
        ("latest_reply", json!("1712345680.000000")),
        ("subtype", json!("tombstone")),
        ("files", json!([{ "title": "a.png" }])),
    ] {
        assert_ne!(print(&message), with(field, value), "{field}");
    }
    assert_eq!(print(&message).len(), 6);
}

#[test]
fn a_reply_names_the_message_that_began_its_thread() {
    let first = json!({ "ts": "1.000001", "thread_ts": "1.000001", "reply_count": 2 });
    let reply = json!({ "ts": "1.000002", "thread_ts": "1.000001" });
    assert_eq!((parent(&first), replies(&first)), (None, 2));
    assert_eq!((parent(&reply), replies(&reply)), (Some("1.000001"), 0));
}
