//! What the providers list is what the world says that a person may read, after many changes and for several seeds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Desk, json};
use crate::provider::auth::{Service, Who};
use crate::provider::seed::Rng;
use crate::provider::world::{SITE, TEAM};
use crate::provider::{Limits, Provider, Settings};

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort();
    keys
}

fn github(desk: &mut Desk) -> Vec<String> {
    let mut keys = Vec::new();
    for repository in desk.all("/user/repos?per_page=2") {
        let name = text(&repository["full_name"]);
        let items = desk.all(&format!("/repos/{name}/issues?state=all&per_page=7"));
        keys.extend(items.iter().map(|item| format!("github:{name}#{}", item["number"])));
        let commits = format!("/repos/{name}/commits?per_page=5");
        if desk.github(&commits).status == 200 {
            let commits = desk.all(&commits);
            keys.extend(commits.iter().map(|one| format!("commit:{name}@{}", text(&one["sha"]))));
        }
    }
    keys
}

fn jira(desk: &mut Desk) -> Vec<String> {
    let page = json(&desk.jira("/api/3/search/jql?jql=created%3E%3D0&fields=key&maxResults=5000"));
    let issues = page["issues"].as_array().expect("a list").iter();
    issues
        .map(|issue| format!("jira:{SITE}/{}", text(&issue["key"])))
        .collect()
}

fn slack(desk: &mut Desk) -> Vec<String> {
    let mut keys = Vec::new();
    let list = json(&desk.slack("conversations.list?types=public_channel,private_channel,im&limit=999"));
    for channel in list["channels"].as_array().expect("a list") {
        let id = text(&channel["id"]);
        let page = json(&desk.slack(&format!("conversations.history?channel={id}&limit=999")));
        let messages = page["messages"].as_array().expect("a list").iter();
        let first = messages.filter(|one| one["thread_ts"].is_null() || one["thread_ts"] == one["ts"]);
        keys.extend(first.map(|one| format!("slack:{TEAM}/{id}/{}", text(&one["ts"]))));
    }
    keys
}

fn wiki(desk: &mut Desk) -> Vec<String> {
    let list = |desk: &mut Desk, path: &str| -> Vec<Value> {
        json(&desk.wiki(&format!("/wiki/api/v2/{path}?limit=250")))["results"]
            .as_array()
            .expect("a list")
            .clone()
    };
    let spaces = list(desk, "spaces");
    let keys: BTreeMap<String, String> = spaces.iter().map(|one| (text(&one["id"]), text(&one["key"]))).collect();
    let pages = [list(desk, "pages"), list(desk, "blogposts")].concat();
    let key = |page: &Value| format!("wiki:{SITE}/{}/{}", keys[&text(&page["spaceId"])], text(&page["id"]));
    pages.iter().map(key).collect()
}

#[test]
fn what_is_listed_is_what_may_be_read() {
    for seed in 0..8 {
        let mut desk = Desk::new(Settings {
            seed,
            limits: Limits::none(),
            ..Settings::default()
        });
        let mut rng = Rng::new(seed);
        for _ in 0..80 {
            desk.state.world.mutate(&mut rng);
        }
        let person = rng.below(desk.state.world.people.len());
        let world = desk.state.world.clone();
        desk.sign(Service::GitHub, Who::Person(person));
        // Discussions come by another way, which has a test of its own.
        let discussion = |key: &String| {
            let all = world.github.repositories.iter();
            let mut all = all.flat_map(|one| {
                one.discussions
                    .keys()
                    .map(|number| format!("github:{}#{number}", one.full_name()))
            });
            all.any(|own| own == *key)
        };
        let mut expected = world.readable(Provider::GitHub, person);
        expected.retain(|key| !discussion(key));
        assert_eq!(sorted(github(&mut desk)), expected, "seed {seed}");
        desk.sign(Service::Atlassian, Who::Person(person));
        assert_eq!(
            sorted(jira(&mut desk)),
            world.readable(Provider::Jira, person),
            "seed {seed}"
        );
        assert_eq!(
            sorted(wiki(&mut desk)),
            world.readable(Provider::Confluence, person),
            "seed {seed}"
        );
        desk.sign(Service::Slack, Who::Person(person));
        assert_eq!(
            sorted(slack(&mut desk)),
            world.readable(Provider::Slack, person),
            "seed {seed}"
        );
    }
}
