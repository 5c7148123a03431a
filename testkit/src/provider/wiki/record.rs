//! Confluence's records as its REST API writes them. Ids are text.

use serde_json::{Value, json};

use super::model::{Attachment, Comment, Page, Space, Version};
use crate::provider::Provider;
use crate::provider::state::State;
use crate::provider::time::millis;

/// What a body is asked in; none leaves it out.
pub(crate) type Format<'a> = Option<&'a str>;

fn version(state: &State, version: &Version) -> Value {
    json!({ "number": version.number, "message": "", "minorEdit": false, "createdAt": millis(version.at),
        "authorId": state.world.people[version.author].atlassian_id })
}

fn body(text: &str, format: Format<'_>) -> Value {
    match format {
        Some("atlas_doc_format") => {
            let content = json!({ "type": "doc", "version": 1, "content": [{ "type": "paragraph", "content": [{ "type": "text", "text": text }] }] });
            json!({ "atlas_doc_format": { "representation": "atlas_doc_format", "value": content.to_string() } })
        }
        Some(format) => json!({ format: { "representation": format, "value": text } }),
        None => json!({}),
    }
}

pub(crate) fn space(state: &State, space: &Space) -> Value {
    json!({
        "id": space.id.to_string(), "key": space.key, "currentActiveAlias": space.key, "name": space.name, "type": "global",
        "status": if space.archived { "archived" } else { "current" }, "createdAt": millis(space.created),
        "authorId": state.world.people[space.author].atlassian_id, "spaceOwnerId": state.world.people[space.author].atlassian_id,
        "homepageId": space.home.map(|id| id.to_string()), "icon": null, "description": null,
        "_links": { "webui": format!("/spaces/{}", space.key) },
    })
}

pub(crate) fn page(state: &State, page: &Page, format: Format<'_>) -> Value {
    let space = state
        .world
        .wiki
        .space(page.space)
        .map_or("", |space| space.key.as_str());
    let author = &state.world.people[page.author].atlassian_id;
    let place = if page.blog { "blog/2026/01/05" } else { "pages" };
    let mut value = json!({
        "id": page.id.to_string(), "status": if page.trashed { "trashed" } else { "current" }, "title": page.title,
        "spaceId": page.space.to_string(), "authorId": author, "createdAt": millis(page.created),
        "version": version(state, &page.version), "body": body(&page.body, format),
        "_links": { "webui": format!("/spaces/{space}/{place}/{}/{}", page.id, page.title.replace(' ', "+")),
            "tinyui": format!("/x/{:x}", page.id), "editui": format!("/pages/resumedraft.action?draftId={}", page.id) },
    });
    if !page.blog {
        value["parentId"] = json!(page.parent.map(|id| id.to_string()));
        value["parentType"] = json!(page.parent.map(|_| "page"));
        value["position"] = json!(0);
        value["ownerId"] = json!(author);
        value["lastOwnerId"] = Value::Null;
        value["subtype"] = Value::Null;
    }
    value
}

pub(crate) fn comment(state: &State, page: &Page, comment: &Comment, format: Format<'_>) -> Value {
    let owner = if page.blog { "blogPostId" } else { "pageId" };
    let mut value = json!({
        "id": comment.id.to_string(), "status": "current", "title": format!("Re: {}", page.title), owner: page.id.to_string(),
        "version": version(state, &comment.version), "body": body(&comment.body, format),
        "_links": { "webui": format!("/pages/viewpage.action?pageId={}&focusedCommentId={}", page.id, comment.id) },
    });
    if let Some(parent) = comment.parent {
        value["parentCommentId"] = json!(parent.to_string());
    }
    if let Some(selection) = &comment.selection {
        value["resolutionStatus"] = json!("open");
        value["properties"] =
            json!({ "inlineMarkerRef": format!("marker-{}", comment.id), "inlineOriginalSelection": selection });
    }
    value
}

pub(crate) fn attachment(state: &State, page: &Page, one: &Attachment) -> Value {
    let download = format!(
        "/download/attachments/{}/{}?version={}",
        page.id, one.name, one.version.number
    );
    let owner = if page.blog { "blogPostId" } else { "pageId" };
    json!({
        "id": format!("att{}", one.id), "status": "current", "title": one.name, "createdAt": millis(one.version.at),
        owner: page.id.to_string(), "mediaType": "application/pdf", "mediaTypeDescription": "PDF", "comment": "",
        "fileId": format!("file-{}", one.id), "fileSize": 48_213, "webuiLink": format!("/pages/viewpageattachments.action?pageId={}", page.id),
        "downloadLink": download, "version": version(state, &one.version),
        "_links": { "webui": format!("/pages/viewpageattachments.action?pageId={}", page.id), "download": download },
    })
}

/// A person as the newer routes tell of them; the address is empty where it is hidden.
pub(crate) fn user(state: &State, person: usize) -> Value {
    let person = &state.world.people[person];
    let email = if person.shows(Provider::Confluence) {
        person.email.as_str()
    } else {
        ""
    };
    json!({ "accountId": person.atlassian_id, "accountType": "atlassian", "accountStatus": "active", "displayName": person.name,
        "publicName": person.handle(), "email": email, "timeZone": person.zone, "isExternalCollaborator": false })
}

/// A person as the older routes do.
pub(crate) fn classic_user(state: &State, person: usize) -> Value {
    let mut value = user(state, person);
    value["type"] = json!("known");
    value["profilePicture"] = json!({ "path": "", "width": 48, "height": 48, "isDefault": true });
    value
}
