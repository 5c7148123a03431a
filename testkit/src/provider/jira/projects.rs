//! Jira's routes for projects and for who may read them.

use serde_json::{Value, json};

use super::model::Project;
use super::{Ask, error, not_found};
use crate::provider::call::Reply;
use crate::provider::time::jira;

pub(crate) fn answer(ask: &Ask<'_>, rest: &[&str]) -> Reply {
    match (ask.call.method.as_str(), rest) {
        ("GET", [_, _, "project", "search"]) => search(ask),
        ("GET", [_, _, "project", name, more @ ..]) => {
            let world = &ask.state.world.jira;
            match world.named(name).filter(|project| world.browses(ask.person, project)) {
                Some(project) => one(ask, project, more),
                None => not_found("Project"),
            }
        }
        ("POST", [_, _, "permissions", "check"]) => check(ask),
        ("POST", [_, _, "permissions", "project"]) => {
            let seen = ask
                .state
                .world
                .jira
                .projects
                .iter()
                .filter(|one| ask.state.world.jira.browses(ask.person, one));
            Reply::ok(
                &json!({ "projects": seen.map(|one| json!({ "id": one.id, "key": one.key })).collect::<Vec<_>>() }),
            )
        }
        ("GET", [_, _, "mypermissions"]) => Reply::ok(&json!({ "permissions": { "BROWSE_PROJECTS": {
            "id": "10", "key": "BROWSE_PROJECTS", "name": "Browse Projects", "type": "PROJECT", "description": "", "havePermission": true } } })),
        ("GET", [_, _, "data-policy"]) => Reply::ok(&json!({ "anyContentBlocked": false })),
        ("GET", [_, _, "data-policy", "project"]) => {
            Reply::ok(&json!({ "projectDataPolicies": ask.call.all("ids").iter().map(|id| {
            json!({ "id": id.parse::<u64>().unwrap_or(0), "dataPolicy": { "anyContentBlocked": false } })
        }).collect::<Vec<_>>() }))
        }
        ("GET", [_, _, "issuesecurityschemes", "level", "member"]) => members(ask),
        _ => error(404, "null for uri"),
    }
}

fn search(ask: &Ask<'_>) -> Reply {
    let status = ask.call.all("status");
    let archived = status.iter().any(|one| one == "archived");
    let live = status.is_empty() || status.iter().any(|one| one == "live");
    let expand = ask.call.all("expand");
    let world = &ask.state.world.jira;
    let mut rows: Vec<&Project> = world
        .projects
        .iter()
        .filter(|one| world.browses(ask.person, one))
        .collect();
    rows.retain(|one| if one.archived { archived } else { live });
    match ask.call.get("orderBy").unwrap_or("key").trim_start_matches(['+', '-']) {
        "name" => rows.sort_by_key(|one| one.name.clone()),
        _ => rows.sort_by_key(|one| one.key.clone()),
    }
    if ask.call.get("orderBy").is_some_and(|order| order.starts_with('-')) {
        rows.reverse();
    }
    let rows: Vec<Value> = rows.into_iter().map(|one| whole(ask, one, &expand)).collect();
    Reply::ok(&ask.page(&rows, (50, 100), "values"))
}

fn whole(ask: &Ask<'_>, project: &Project, expand: &[String]) -> Value {
    let write = ask.write();
    let mut value = write.project(project);
    let wants = |name: &str| expand.iter().any(|word| word == name);
    if wants("description") {
        value["description"] = json!(format!("All about {}", project.name));
    }
    if wants("lead") {
        value["lead"] = write.user(project.lead);
    }
    if wants("projectKeys") {
        let keys: Vec<&String> = project.old_keys.iter().chain([&project.key]).collect();
        value["projectKeys"] = json!(keys);
    }
    if wants("insight") {
        let own = ask
            .state
            .world
            .jira
            .issues
            .values()
            .filter(|issue| issue.project == project.id);
        let last = own.clone().map(|issue| issue.updated).max();
        value["insight"] = json!({ "totalIssueCount": own.count(), "lastIssueUpdateTime": last.map(jira) });
    }
    value
}

fn one(ask: &Ask<'_>, project: &Project, more: &[&str]) -> Reply {
    let all = ["description", "lead", "projectKeys", "insight"].map(str::to_owned);
    match more {
        [] => Reply::ok(&whole(ask, project, &all)),
        _ if !ask.admin() && project.lead != ask.person => {
            error(403, "You must have project administration permission.")
        }
        ["permissionscheme"] => scheme(ask, project),
        ["issuesecuritylevelscheme"] => {
            Reply::ok(&json!({ "id": 1, "name": "Security", "description": "", "levels": levels(ask) }))
        }
        ["securitylevel"] => Reply::ok(&json!({ "levels": levels(ask) })),
        ["role"] => {
            Reply::ok(&json!({ "Administrators": format!("{}{}/10002", ask.state.addresses.atlassian, ask.call.path) }))
        }
        ["role", _] => {
            Reply::ok(&json!({ "id": 10_002, "name": "Administrators", "self": "", "description": "", "actors": [] }))
        }
        _ => error(404, "null for uri"),
    }
}

fn levels(ask: &Ask<'_>) -> Vec<Value> {
    let levels = ask.state.world.jira.levels.iter();
    levels
        .map(|one| json!({ "id": one.id.to_string(), "name": one.name, "description": "", "self": "" }))
        .collect()
}

/// Who may browse a project: groups by id, and single people.
fn scheme(ask: &Ask<'_>, project: &Project) -> Reply {
    let groups = project.browse.iter().map(|at| {
        let group = &ask.state.world.jira.groups[*at];
        json!({ "type": "group", "parameter": group.name, "value": group.id, "group": { "name": group.name, "groupId": group.id } })
    });
    let write = ask.write();
    let people = project.people.iter().map(|person| {
        let id = &ask.state.world.people[*person].atlassian_id;
        json!({ "type": "user", "parameter": id, "value": id, "user": write.user(*person) })
    });
    let grants: Vec<Value> = groups
        .chain(people)
        .zip(1..)
        .map(|(holder, id)| json!({ "id": id, "self": "", "holder": holder, "permission": "BROWSE_PROJECTS" }))
        .collect();
    Reply::ok(
        &json!({ "expand": "permissions,user,group,projectRole,field,all", "id": project.id, "name": "Default software scheme",
        "self": "", "description": "", "permissions": grants }),
    )
}

/// Whether someone may browse projects and issues.
fn check(ask: &Ask<'_>) -> Reply {
    let fields = ask.call.fields();
    let named = fields.get("accountId").and_then(Value::as_str);
    let person = match named {
        None => Some(ask.person),
        Some(id) => ask.state.world.person(id),
    };
    let Some(person) = person else {
        return error(400, "The user does not exist.");
    };
    if person != ask.person && !ask.admin() {
        return error(403, "You must have global permission 'Administer Jira'.");
    }
    let jira = &ask.state.world.jira;
    let ids = |value: &Value, name: &str| -> Vec<u64> {
        let list = value[name].as_array().into_iter().flatten();
        list.filter_map(Value::as_u64).collect()
    };
    let asked = fields.get("projectPermissions").and_then(Value::as_array);
    let rows: Vec<Value> = asked
        .into_iter()
        .flatten()
        .map(|one| {
            let issues = ids(one, "issues");
            let projects = ids(one, "projects");
            let issues = issues.iter().filter(|id| jira.issues.get(id).is_some_and(|issue| jira.sees(person, issue)));
            let projects = projects.iter().filter(|id| jira.project(**id).is_some_and(|one| jira.browses(person, one)));
            json!({ "permission": "BROWSE_PROJECTS", "issues": issues.collect::<Vec<_>>(), "projects": projects.collect::<Vec<_>>() })
        })
        .collect();
    Reply::ok(&json!({ "projectPermissions": rows, "globalPermissions": [] }))
}

fn members(ask: &Ask<'_>) -> Reply {
    if !ask.admin() {
        return error(403, "You must have global permission 'Administer Jira'.");
    }
    let only = ask.call.all("levelId");
    let levels = ask.state.world.jira.levels.iter();
    let mut rows = Vec::new();
    for level in levels.filter(|one| only.is_empty() || only.contains(&one.id.to_string())) {
        for person in &level.members {
            let id = &ask.state.world.people[*person].atlassian_id;
            rows.push(json!({ "id": (rows.len() + 1).to_string(), "issueSecurityLevelId": level.id.to_string(), "issueSecuritySchemeId": "1",
                "holder": { "type": "user", "parameter": id, "value": id } }));
        }
    }
    Reply::ok(&ask.page(&rows, (50, 50), "values"))
}
