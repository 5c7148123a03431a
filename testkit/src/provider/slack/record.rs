//! Slack's records as its methods write them.

use serde_json::{Value, json};

use super::model::{Channel, File, Kind, Message, UserGroup, ts};
use crate::provider::Provider;
use crate::provider::auth::slack::BOT;
use crate::provider::state::State;
use crate::provider::time::SECOND;
use crate::provider::world::TEAM;

/// A channel, as one sees it who is in it or not.
pub(crate) fn channel(state: &State, channel: &Channel, member: bool) -> Value {
    let first = channel
        .members
        .first()
        .map(|one| state.world.people[*one].slack_id.as_str());
    let words = |text: &str| json!({ "value": text, "creator": first, "last_set": channel.created / SECOND });
    if channel.kind == Kind::Direct {
        return json!({ "id": channel.id, "created": channel.created / SECOND, "is_archived": false, "is_im": true,
            "is_org_shared": false, "context_team_id": TEAM, "user": first, "is_user_deleted": false, "priority": 0 });
    }
    let private = channel.kind == Kind::Private;
    json!({
        "id": channel.id, "name": channel.name, "name_normalized": channel.name, "is_channel": true, "is_group": false,
        "is_im": false, "is_mpim": false, "is_private": private, "created": channel.created / SECOND,
        "is_archived": channel.archived, "is_general": channel.name == "general", "unlinked": 0, "is_shared": false,
        "is_org_shared": false, "is_ext_shared": false, "is_pending_ext_shared": false, "pending_shared": [],
        "context_team_id": TEAM, "parent_conversation": null, "creator": first, "shared_team_ids": [TEAM], "is_member": member,
        "topic": words(""), "purpose": words(&format!("All about {}", channel.name)), "previous_names": channel.old_names,
        "num_members": channel.members.len(), "updated": channel.created,
    })
}

/// A message. Only its being the first of a thread tells how many replies there are.
pub(crate) fn message(state: &State, channel: &str, message: &Message) -> Value {
    let user = &state.world.people[message.author].slack_id;
    let mut value =
        json!({ "type": "message", "ts": ts(message.ts), "text": message.text, "user": user, "team": TEAM });
    if message.tombstone {
        value["subtype"] = json!("tombstone");
        value["user"] = json!("USLACKBOT");
        value["hidden"] = json!(true);
    }
    if let Some(edited) = message.edited {
        value["edited"] = json!({ "user": user, "ts": ts(edited) });
    }
    if !message.files.is_empty() {
        value["files"] = message.files.iter().map(|one| file(state, channel, one)).collect();
        value["upload"] = json!(false);
    }
    let Some(thread) = message.thread else { return value };
    value["thread_ts"] = json!(ts(thread));
    if message.reply() {
        value["parent_user_id"] = json!(parent(state, channel, thread));
        if message.broadcast {
            value["subtype"] = json!("thread_broadcast");
        }
        return value;
    }
    let replies: Vec<&Message> = state
        .world
        .slack
        .channel(channel)
        .into_iter()
        .flat_map(|one| one.replies(thread))
        .collect();
    let mut users: Vec<&str> = Vec::new();
    for reply in &replies {
        let id = state.world.people[reply.author].slack_id.as_str();
        if !users.contains(&id) && users.len() < 5 {
            users.push(id);
        }
    }
    value["reply_count"] = json!(replies.len());
    value["reply_users_count"] = json!(users.len());
    value["reply_users"] = json!(users);
    if let Some(last) = replies.last() {
        value["latest_reply"] = json!(ts(last.ts));
    }
    value["is_locked"] = json!(false);
    value["subscribed"] = json!(false);
    value
}

fn parent<'a>(state: &'a State, channel: &str, thread: i64) -> Option<&'a str> {
    let message = state.world.slack.channel(channel)?.messages.get(&thread)?;
    Some(&state.world.people[message.author].slack_id)
}

pub(crate) fn file(state: &State, channel: &str, file: &File) -> Value {
    let url = format!("https://files.slack.com/files-pri/{TEAM}-{}/{}", file.id, file.name);
    json!({
        "id": file.id, "created": file.created / SECOND, "timestamp": file.created / SECOND, "name": file.name, "title": file.name,
        "mimetype": "image/png", "filetype": "png", "pretty_type": "PNG", "user": state.world.people[file.user].slack_id,
        "user_team": TEAM, "editable": false, "size": 31_337, "mode": "hosted", "is_external": false, "external_type": "",
        "is_public": true, "public_url_shared": false, "display_as_bot": false, "username": "", "url_private": url,
        "url_private_download": url, "permalink": format!("https://acme.slack.com/files/{}/{}", file.user, file.id),
        "channels": [channel], "groups": [], "ims": [], "has_rich_preview": false, "file_access": "visible",
    })
}

/// A person, with the address where they show it and the token may see it.
pub(crate) fn user(state: &State, person: usize, addresses: bool) -> Value {
    let person = &state.world.people[person];
    let mut profile = json!({
        "title": "", "phone": "", "skype": "", "real_name": person.name, "real_name_normalized": person.name,
        "display_name": person.handle(), "display_name_normalized": person.handle(), "fields": {}, "status_text": "",
        "status_emoji": "", "status_emoji_display_info": [], "status_expiration": 0, "avatar_hash": "g0", "team": TEAM,
    });
    if addresses && person.shows(Provider::Slack) {
        profile["email"] = json!(person.email);
    }
    json!({
        "id": person.slack_id, "team_id": TEAM, "name": person.handle(), "deleted": false, "color": "9f69e7",
        "real_name": person.name, "tz": person.zone, "tz_label": person.zone, "tz_offset": person.ahead() / SECOND,
        "profile": profile, "is_admin": person.admin, "is_owner": person.admin, "is_primary_owner": person.admin,
        "is_restricted": person.guest, "is_ultra_restricted": false, "is_bot": false, "is_app_user": false,
        "updated": 1_767_000_000, "is_email_confirmed": true, "who_can_share_contact_card": "EVERYONE",
    })
}

/// The bot of our application.
pub(crate) fn bot() -> Value {
    json!({
        "id": BOT, "team_id": TEAM, "name": "neurosync", "deleted": false, "color": "9f69e7", "real_name": "NeuroSync",
        "tz": "Etc/UTC", "tz_label": "UTC", "tz_offset": 0, "is_admin": false, "is_owner": false, "is_primary_owner": false,
        "is_restricted": false, "is_ultra_restricted": false, "is_bot": true, "is_app_user": false, "updated": 1_767_000_000,
        "profile": { "real_name": "NeuroSync", "display_name": "", "bot_id": "B0NEUROSYNC", "api_app_id": "A0NEUROSYNC", "team": TEAM },
    })
}

pub(crate) fn group(state: &State, group: &UserGroup, users: bool) -> Value {
    let created = group.created / SECOND;
    let mut value = json!({
        "id": group.id, "team_id": TEAM, "is_usergroup": true, "is_subteam": true, "name": group.handle, "description": "",
        "handle": group.handle, "is_external": false, "date_create": created, "date_update": created, "date_delete": 0,
        "auto_type": null, "auto_provision": false, "enterprise_subteam_id": "", "created_by": state.world.people[0].slack_id,
        "updated_by": state.world.people[0].slack_id, "deleted_by": null, "prefs": { "channels": [], "groups": [] },
        "user_count": group.users.len(), "channel_count": 0,
    });
    if users {
        value["users"] = group
            .users
            .iter()
            .map(|one| json!(state.world.people[*one].slack_id))
            .collect();
    }
    value
}
