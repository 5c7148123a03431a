//! GitHub's routes for people, teams and lists of repositories, and for who may work in a repository.

use serde_json::{Value, json};

use super::json::{message, permissions};
use super::model::{Repository, Role, Team};
use super::paging::{counted, numbered};
use super::rest::{Ask, not_found};
use super::viewer::Viewer;
use crate::provider::auth::github::installation;
use crate::provider::call::Reply;
use crate::provider::settings::Application;
use crate::provider::world::ORGANISATION;

pub(crate) fn answer(ask: &Ask<'_>, parts: &[&str]) -> Reply {
    let path = ask.call.path.as_str();
    match parts {
        ["rate_limit"] => Reply::ok(&{
            let core =
                json!({ "limit": ask.state.settings.limits.github_hourly, "used": 0, "remaining": 1, "reset": 0 });
            json!({ "resources": { "core": core, "search": core, "graphql": core }, "rate": core })
        }),
        ["user", ..] | ["installation", "repositories"] if *ask.viewer == Viewer::Anonymous => {
            message(401, "Requires authentication")
        }
        ["user"] => match ask.viewer.person() {
            Some(person) => Reply::ok(&{
                let mut own = ask.write.profile(person);
                own["email"] = json!(ask.state.world.people[person].email);
                own
            }),
            None => message(403, "Resource not accessible by integration"),
        },
        ["user", "repos"] | ["orgs", ORGANISATION, "repos"] => repositories(ask, path),
        ["installation", "repositories"] => match ask.viewer {
            Viewer::Installation(_) => installed(ask, path),
            Viewer::Anonymous | Viewer::Person(..) => message(
                403,
                "You must authenticate with an installation access token in order to list repositories for an installation.",
            ),
        },
        ["user", "installations"] => {
            Reply::ok(&json!({ "total_count": 1, "installations": [installation(ask.state)] }))
        }
        ["user", "installations", id, "repositories"] if *id == Application::GITHUB_INSTALLATION.to_string() => {
            installed(ask, path)
        }
        ["users", login] => match person(ask, login) {
            Some(person) => Reply::ok(&ask.write.profile(person)),
            None => not_found(),
        },
        ["orgs", ORGANISATION, rest @ ..] => organisation(ask, rest, path),
        _ => not_found(),
    }
}

fn person(ask: &Ask<'_>, login: &str) -> Option<usize> {
    let people = &ask.state.world.people;
    people
        .iter()
        .position(|one| one.github_login.eq_ignore_ascii_case(login))
}

/// The repositories that one may see, with what one may do there.
fn visible<'a>(ask: &'a Ask<'_>) -> Vec<(&'a Repository, Role)> {
    let all = ask.state.world.github.repositories.iter();
    all.filter_map(|one| Some((one, ask.viewer.role(ask.state, one)?)))
        .collect()
}

fn repositories(ask: &Ask<'_>, path: &str) -> Reply {
    let mut some = visible(ask);
    let sort = ask.call.get("sort").unwrap_or("full_name").to_owned();
    let names = |one: &(&Repository, Role)| one.0.name.clone();
    match sort.as_str() {
        "pushed" => some.sort_by_key(|(one, _)| one.pushed),
        "updated" => some.sort_by_key(|(one, _)| one.updated),
        "created" => some.sort_by_key(|(one, _)| one.created),
        _ => some.sort_by_key(names),
    }
    if ask.descending(sort != "full_name") {
        some.reverse();
    }
    numbered(ask.state, ask.call, (path, &some), |(one, role)| {
        ask.write.repository(one, Some(*role))
    })
}

fn installed(ask: &Ask<'_>, path: &str) -> Reply {
    let some = visible(ask);
    counted(ask.state, ask.call, (path, &some), |(one, role)| {
        ask.write.repository(one, Some(*role))
    })
}

fn organisation(ask: &Ask<'_>, rest: &[&str], path: &str) -> Reply {
    let github = &ask.state.world.github;
    if !ask.viewer.in_organisation(ask.state) {
        // Outsiders see the members who made that public: nobody.
        return if rest == ["members"] {
            Reply::ok(&json!([]))
        } else {
            not_found()
        };
    }
    let named = |slug: &str| github.teams.iter().find(|team| team.slug == slug);
    match rest {
        ["teams"] => numbered(ask.state, ask.call, (path, &github.teams), |team| {
            ask.write.team(team, None)
        }),
        ["members"] => {
            let members: Vec<usize> = github.members.iter().copied().collect();
            people(ask, path, &members)
        }
        ["outside_collaborators"] => {
            let works = |person: &usize| {
                github
                    .repositories
                    .iter()
                    .any(|one| one.collaborators.contains_key(person))
            };
            let all = 0..ask.state.world.people.len();
            let outside: Vec<usize> = all.filter(|one| !github.members.contains(one) && works(one)).collect();
            people(ask, path, &outside)
        }
        ["teams", slug, "members"] => match named(slug) {
            Some(team) => {
                let members: Vec<usize> = github.team_members(team).into_iter().collect();
                people(ask, path, &members)
            }
            None => not_found(),
        },
        ["teams", slug, "repos"] => match named(slug) {
            Some(team) => team_repositories(ask, path, team),
            None => not_found(),
        },
        _ => not_found(),
    }
}

fn people(ask: &Ask<'_>, path: &str, people: &[usize]) -> Reply {
    numbered(ask.state, ask.call, (path, people), |person| ask.write.user(*person))
}

fn team_repositories(ask: &Ask<'_>, path: &str, team: &Team) -> Reply {
    let of = |one: &(&Repository, Role)| one.0.teams.contains_key(&team.id);
    let some: Vec<(&Repository, Role)> = visible(ask).into_iter().filter(of).collect();
    numbered(ask.state, ask.call, (path, &some), |(one, role)| {
        ask.write.repository(one, Some(*role))
    })
}

/// Who may work in a repository.
pub(crate) fn of_repository(ask: &Ask<'_>, repository: &Repository, rest: &[&str]) -> Reply {
    let github = &ask.state.world.github;
    if !ask.viewer.sees_people(ask.state, repository) {
        return match rest {
            ["collaborators", ..] => message(403, "Must have push access to view repository collaborators."),
            _ => not_found(),
        };
    }
    match rest {
        ["collaborators"] => {
            let direct = ask.call.get("affiliation") == Some("direct");
            let all = (0..ask.state.world.people.len()).filter_map(|person| explicit(ask, repository, person));
            let some: Vec<(usize, Role)> = all
                .filter(|(person, _)| !direct || repository.collaborators.contains_key(person))
                .collect();
            ask.list((repository, rest), &some, |(person, role)| {
                let mut user = ask.write.user(*person);
                user["permissions"] = permissions(*role);
                user["role_name"] = json!(role.name());
                user
            })
        }
        ["collaborators", login, "permission"] => match person(ask, login) {
            Some(person) => {
                let role = github.role(person, repository);
                let mut user = ask.write.user(person);
                user["role_name"] = json!(role.map_or("none", Role::name));
                let permission = role.map_or("none", Role::folded);
                Reply::ok(
                    &json!({ "permission": permission, "role_name": role.map_or("none", Role::name), "user": user }),
                )
            }
            None => not_found(),
        },
        ["teams"] => {
            let teams = github
                .teams
                .iter()
                .filter_map(|team| Some((team, *repository.teams.get(&team.id)?)));
            let teams: Vec<(&Team, Role)> = teams.collect();
            ask.list((repository, rest), &teams, |(team, role)| -> Value {
                ask.write.team(team, Some(*role))
            })
        }
        _ => not_found(),
    }
}

/// Someone's role in a repository, if they are listed there: a public one is read by everyone, but those have a role of their own.
fn explicit(ask: &Ask<'_>, repository: &Repository, person: usize) -> Option<(usize, Role)> {
    let github = &ask.state.world.github;
    let role = github.role(person, repository)?;
    let mut teams = github
        .teams
        .iter()
        .filter(|team| repository.teams.contains_key(&team.id));
    let listed = github.owners.contains(&person)
        || repository.collaborators.contains_key(&person)
        || teams.any(|team| github.team_members(team).contains(&person))
        || role > Role::Read;
    listed.then_some((person, role))
}
