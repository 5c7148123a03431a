//! Wiki folders.

use domain::DocumentKind;
use serde_json::json;

use super::{Kind, folder, found, write};

#[test]
fn pages_of_an_export_and_plain_ones_become_one_space() {
    let folder = folder();
    let exported = "1. [Eng](index.html)\n2. [Tools](Tools_100002.html)\n\n# Eng : Coverage\n\nCreated by Ada, last modified by Bob on Oct 03, 2024\n\n\
        See [the guide](guides/Set%20up.md#top), [gone](Gone.html) and [https](https://a.b/c.md).\n";
    write(folder.path(), "ENG/Coverage_100001.md", exported);
    write(folder.path(), "ENG/Tools_100002.md", "No heading at all");
    write(
        folder.path(),
        "ENG/guides/Set up.md",
        "# Set up\n[up](../Coverage_100001.md) [self](Set%20up.md)",
    );
    write(folder.path(), "ENG/attachments/logo.png", "png");
    write(folder.path(), "ENG/.git/README.md", "# hidden");
    let found = found(Kind::Wiki, &folder.path().join("ENG"), json!({ "site": "acme" }));
    assert_eq!(
        found.keys(),
        [
            "wiki:acme/ENG",
            "wiki:acme/ENG/100001",
            "wiki:acme/ENG/100002",
            "wiki:acme/ENG/guides/Set up"
        ]
    );
    let page = found.document("wiki:acme/ENG/100001");
    assert_eq!((page.kind, page.title.as_str()), (DocumentKind::Page, "Coverage"));
    assert!(page.body.text.starts_with("See [the guide]"));
    assert_eq!(page.updated.unwrap().to_string(), "2024-10-03T00:00:00Z");
    assert_eq!(found.accounts["account:wiki/acme/Ada"].names, ["Ada"]);
    assert_eq!(
        found.links("wiki:acme/ENG/100001"),
        [
            "-> links_to wiki:acme/ENG/100002 (wiki.link)",
            "-> links_to wiki:acme/ENG/guides/Set up (wiki.link)",
            "-> part_of wiki:acme/ENG (wiki.space)",
            "-> part_of wiki:acme/ENG/100002 (wiki.parent)",
            "-> same_as wiki:acme/_/100001 (wiki.page_id)",
            "<- authored account:wiki/acme/Ada (wiki.author)",
        ]
    );
    assert_eq!(found.document("wiki:acme/ENG/100002").title, "Tools_100002");
    assert_eq!(
        found.links("wiki:acme/ENG/guides/Set up"),
        [
            "-> links_to wiki:acme/ENG/100001 (wiki.link)",
            "-> part_of wiki:acme/ENG (wiki.space)",
        ]
    );
}
