//! GitHub's records as its REST API writes them.

use serde_json::{Value, json};

use super::fixed::{ADDRESSES, constant, reactions};
use super::model::{Comment, Commit, Item, Label, Milestone, Release, Remark, Repository, Review, Role, Team};
use crate::provider::call::Reply;
use crate::provider::state::State;
use crate::provider::time::seconds;
use crate::provider::world::ORGANISATION;

/// An error as GitHub words it.
pub(crate) fn message(status: u16, text: &str) -> Reply {
    let body =
        json!({ "message": text, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() });
    Reply::json(status, &body)
}

/// Writes records for one base address.
pub(crate) struct Writer<'a> {
    pub(crate) state: &'a State,
    pub(crate) api: &'a str,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(state: &'a State) -> Self {
        Self {
            state,
            api: &state.addresses.github,
        }
    }

    fn owner(&self, login: &str, id: u64, kind: &str) -> Value {
        let url = format!("{}/users/{login}", self.api);
        json!({
            "login": login, "id": id, "node_id": format!("U_{id}"), "gravatar_id": "", "type": kind, "site_admin": false,
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
            "html_url": format!("https://github.com/{login}"), "user_view_type": "public",
            "followers_url": format!("{url}/followers"), "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"), "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"), "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"), "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"), "url": url,
        })
    }

    pub(crate) fn user(&self, person: usize) -> Value {
        let person = &self.state.world.people[person];
        self.owner(&person.github_login, person.github_id, "User")
    }

    /// The public page of a person, with the address only where they show it.
    pub(crate) fn profile(&self, person: usize) -> Value {
        let mut user = self.user(person);
        let person = &self.state.world.people[person];
        let shown = person.shows(crate::provider::Provider::GitHub).then_some(&person.email);
        user["name"] = json!(person.name);
        user["email"] = json!(shown);
        user["company"] = json!("@acme");
        for name in ["blog", "location", "bio", "twitter_username", "hireable"] {
            user[name] = Value::Null;
        }
        for name in ["public_repos", "public_gists", "followers", "following"] {
            user[name] = json!(0);
        }
        user["created_at"] = json!("2019-03-04T05:06:07Z");
        user["updated_at"] = json!("2025-12-01T05:06:07Z");
        user
    }

    pub(crate) fn base(&self, repository: &Repository) -> String {
        format!("{}/repos/{}", self.api, repository.full_name())
    }

    pub(crate) fn repository(&self, repository: &Repository, role: Option<Role>) -> Value {
        let (base, name) = (self.base(repository), repository.full_name());
        let open = repository.items.values().filter(|item| item.closed.is_none()).count();
        let mut value = json!({
            "id": repository.id, "node_id": format!("R_{}", repository.id), "name": repository.name, "full_name": name,
            "owner": self.owner(ORGANISATION, self.state.world.github.id, "Organization"),
            "private": repository.visibility != super::model::Visibility::Public,
            "visibility": repository.visibility.name(), "html_url": format!("https://github.com/{name}"),
            "description": format!("The {} of acme", repository.name), "fork": false, "url": base,
            "created_at": seconds(repository.created), "updated_at": seconds(repository.updated),
            "pushed_at": seconds(repository.pushed), "default_branch": "main", "archived": repository.archived,
            "disabled": false, "open_issues": open, "open_issues_count": open,
            "has_discussions": !repository.discussions.is_empty(), "git_url": format!("git://github.com/{name}.git"),
            "ssh_url": format!("git@github.com:{name}.git"), "clone_url": format!("https://github.com/{name}.git"),
            "svn_url": format!("https://github.com/{name}"),
        });
        merge(&mut value, constant());
        for (field, tail) in ADDRESSES {
            value[*field] = json!(format!("{base}/{tail}"));
        }
        if let Some(role) = role {
            value["permissions"] = permissions(role);
        }
        value
    }

    pub(crate) fn label(&self, repository: &Repository, label: &Label) -> Value {
        json!({
            "id": label.id, "node_id": format!("LA_{}", label.id), "name": label.name, "color": "d73a4a",
            "url": format!("{}/labels/{}", self.base(repository), label.name.replace(' ', "%20")),
            "description": null, "default": label.name == "bug",
        })
    }

    pub(crate) fn milestone(&self, repository: &Repository, milestone: &Milestone) -> Value {
        let url = format!("{}/milestones/{}", self.base(repository), milestone.number);
        json!({
            "url": url, "labels_url": format!("{url}/labels"), "id": milestone.id, "number": milestone.number,
            "html_url": format!("https://github.com/{}/milestone/{}", repository.full_name(), milestone.number),
            "node_id": format!("MI_{}", milestone.id), "title": milestone.title, "description": null,
            "creator": self.user(0), "open_issues": 0, "closed_issues": 0,
            "state": if milestone.closed.is_some() { "closed" } else { "open" },
            "created_at": seconds(milestone.created), "updated_at": seconds(milestone.created),
            "closed_at": milestone.closed.map(seconds), "due_on": null,
        })
    }

    /// The fields that an issue and a pull request share.
    fn common(&self, repository: &Repository, item: &Item) -> Value {
        let labels = repository.labels.iter().filter(|label| item.labels.contains(&label.id));
        let labels: Vec<Value> = labels.map(|label| self.label(repository, label)).collect();
        let assignees: Vec<Value> = item.assignees.iter().map(|person| self.user(*person)).collect();
        let milestone = item
            .milestone
            .and_then(|number| repository.milestones.iter().find(|one| one.number == number));
        let issue = format!("{}/issues/{}", self.base(repository), item.number);
        json!({
            "number": item.number, "title": item.title, "body": item.body, "user": self.user(item.author),
            "labels": labels, "assignee": assignees.first(), "assignees": assignees,
            "milestone": milestone.map(|one| self.milestone(repository, one)), "locked": false, "active_lock_reason": null,
            "state": if item.closed.is_some() { "closed" } else { "open" },
            "created_at": seconds(item.created), "updated_at": seconds(item.updated), "closed_at": item.closed.map(seconds),
            "author_association": "MEMBER", "comments_url": format!("{issue}/comments"),
        })
    }

    /// A row among the issues, which may be a pull request.
    pub(crate) fn issue(&self, repository: &Repository, item: &Item) -> Value {
        let mut value = self.common(repository, item);
        let (base, name) = (self.base(repository), repository.full_name());
        let url = format!("{base}/issues/{}", item.number);
        value["id"] = json!(item.id);
        value["node_id"] = json!(format!("I_{}", item.id));
        value["url"] = json!(url);
        value["repository_url"] = json!(base);
        value["labels_url"] = json!(format!("{url}/labels{{/name}}"));
        value["events_url"] = json!(format!("{url}/events"));
        value["timeline_url"] = json!(format!("{url}/timeline"));
        value["html_url"] = json!(format!("https://github.com/{name}/issues/{}", item.number));
        value["comments"] = json!(item.comments.len());
        value["state_reason"] = json!(item.closed.map(|_| "completed"));
        value["performed_via_github_app"] = Value::Null;
        value["reactions"] = reactions(&url);
        if let Some(pull) = &item.pull {
            let html = format!("https://github.com/{name}/pull/{}", item.number);
            value["html_url"] = json!(html);
            value["draft"] = json!(pull.draft);
            value["pull_request"] = json!({
                "url": format!("{base}/pulls/{}", item.number), "html_url": html, "diff_url": format!("{html}.diff"),
                "patch_url": format!("{html}.patch"), "merged_at": pull.merged.map(|(at, _)| seconds(at)),
            });
        }
        value
    }

    /// A row among the pull requests; whole, with the counts that only a single answer has.
    pub(crate) fn pull(&self, repository: &Repository, item: &Item, whole: bool) -> Option<Value> {
        let pull = item.pull.as_ref()?;
        let mut value = self.common(repository, item);
        let (base, name) = (self.base(repository), repository.full_name());
        let (url, html) = (
            format!("{base}/pulls/{}", item.number),
            format!("https://github.com/{name}/pull/{}", item.number),
        );
        let issue = format!("{base}/issues/{}", item.number);
        let end = |label: &str, sha: &str| {
            json!({ "label": format!("{ORGANISATION}:{label}"), "ref": label, "sha": sha,
                "user": self.owner(ORGANISATION, self.state.world.github.id, "Organization"),
                "repo": self.repository(repository, None) })
        };
        let more = json!({
            "id": pull.id, "node_id": format!("PR_{}", pull.id), "url": url, "html_url": html,
            "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"), "issue_url": issue,
            "commits_url": format!("{url}/commits"), "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{base}/pulls/comments{{/number}}"),
            "statuses_url": format!("{base}/statuses/{}", pull.head()), "draft": pull.draft, "auto_merge": null,
            "merged_at": pull.merged.map(|(at, _)| seconds(at)), "merge_commit_sha": pull.merged.map(|_| pull.head()),
            "requested_reviewers": [], "requested_teams": [], "head": end(&pull.branch, pull.head()),
            "base": end("main", &pull.base_sha),
            "_links": { "self": { "href": url }, "html": { "href": html }, "issue": { "href": issue },
                "comments": { "href": format!("{issue}/comments") }, "review_comments": { "href": format!("{url}/comments") },
                "review_comment": { "href": format!("{base}/pulls/comments{{/number}}") },
                "commits": { "href": format!("{url}/commits") }, "statuses": { "href": format!("{base}/statuses/{}", pull.head()) } },
        });
        merge(&mut value, more);
        if whole {
            let sum = |of: fn(&super::model::Changed) -> u64| pull.files.iter().map(of).sum::<u64>();
            let more = json!({
                "merged": pull.merged.is_some(), "merged_by": pull.merged.map(|(_, person)| self.user(person)),
                "additions": sum(|file| file.additions), "deletions": sum(|file| file.deletions),
                "changed_files": pull.files.len(), "commits": pull.commits.len(), "comments": item.comments.len(),
                "review_comments": pull.remarks.len(), "mergeable": null, "mergeable_state": "unknown",
                "rebaseable": null, "maintainer_can_modify": false,
            });
            merge(&mut value, more);
        }
        Some(value)
    }

    pub(crate) fn comment(&self, repository: &Repository, item: &Item, comment: &Comment) -> Value {
        let url = format!("{}/issues/comments/{}", self.base(repository), comment.id);
        let word = if item.pull.is_some() { "pull" } else { "issues" };
        json!({
            "id": comment.id, "node_id": format!("IC_{}", comment.id), "url": url, "body": comment.body,
            "html_url": format!("https://github.com/{}/{word}/{}#issuecomment-{}", repository.full_name(), item.number, comment.id),
            "issue_url": format!("{}/issues/{}", self.base(repository), item.number), "user": self.user(comment.author),
            "created_at": seconds(comment.created), "updated_at": seconds(comment.updated),
            "author_association": "MEMBER", "reactions": reactions(&url), "performed_via_github_app": null,
        })
    }

    pub(crate) fn review(&self, repository: &Repository, number: u64, review: &Review) -> Value {
        let html = format!(
            "https://github.com/{}/pull/{number}#pullrequestreview-{}",
            repository.full_name(),
            review.id
        );
        let pull = format!("{}/pulls/{number}", self.base(repository));
        json!({
            "id": review.id, "node_id": format!("PRR_{}", review.id), "user": self.user(review.author), "body": review.body,
            "state": review.state, "html_url": html, "pull_request_url": pull, "author_association": "MEMBER",
            "submitted_at": seconds(review.submitted), "commit_id": review.commit,
            "_links": { "html": { "href": html }, "pull_request": { "href": pull } },
        })
    }

    pub(crate) fn remark(&self, repository: &Repository, number: u64, remark: &Remark) -> Value {
        let comment = &remark.comment;
        let url = format!("{}/pulls/comments/{}", self.base(repository), comment.id);
        let html = format!(
            "https://github.com/{}/pull/{number}#discussion_r{}",
            repository.full_name(),
            comment.id
        );
        let pull = format!("{}/pulls/{number}", self.base(repository));
        let mut value = json!({
            "id": comment.id, "node_id": format!("PRRC_{}", comment.id), "url": url, "html_url": html, "pull_request_url": pull,
            "pull_request_review_id": remark.review, "diff_hunk": "@@ -10,3 +10,4 @@ fn retry() {", "path": remark.path,
            "position": remark.line.map(|_| 1), "original_position": 1, "commit_id": remark.commit,
            "original_commit_id": remark.commit, "user": self.user(comment.author), "body": comment.body,
            "created_at": seconds(comment.created), "updated_at": seconds(comment.updated), "author_association": "MEMBER",
            "line": remark.line, "original_line": 12, "side": "RIGHT", "start_line": null, "original_start_line": null,
            "start_side": null, "subject_type": "line", "reactions": reactions(&url),
            "_links": { "self": { "href": url }, "html": { "href": html }, "pull_request": { "href": pull } },
        });
        if let Some(answers) = remark.answers {
            value["in_reply_to_id"] = json!(answers);
        }
        value
    }

    /// A commit; whole, with the files it changes.
    pub(crate) fn commit(&self, repository: &Repository, commit: &Commit, whole: bool) -> Value {
        let (base, name) = (self.base(repository), repository.full_name());
        let person = &self.state.world.people[commit.author];
        let signed = json!({ "name": person.name, "email": person.email, "date": seconds(commit.at) });
        let parents = commit.parent.iter().map(|sha| {
            json!({ "sha": sha, "url": format!("{base}/commits/{sha}"), "html_url": format!("https://github.com/{name}/commit/{sha}") })
        });
        let sha = &commit.sha;
        let mut value = json!({
            "sha": sha, "node_id": format!("C_{sha}"), "url": format!("{base}/commits/{sha}"),
            "html_url": format!("https://github.com/{name}/commit/{sha}"), "comments_url": format!("{base}/commits/{sha}/comments"),
            "author": self.user(commit.author), "committer": self.user(commit.author), "parents": parents.collect::<Vec<_>>(),
            "commit": { "author": signed, "committer": signed, "message": commit.message, "comment_count": 0,
                "url": format!("{base}/git/commits/{sha}"), "tree": { "sha": sha, "url": format!("{base}/git/trees/{sha}") },
                "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null } },
        });
        if whole {
            let files: Vec<Value> = commit
                .files
                .iter()
                .map(|file| self.file(repository, file, sha))
                .collect();
            let sum = |of: fn(&super::model::Changed) -> u64| commit.files.iter().map(of).sum::<u64>();
            let (more, less) = (sum(|file| file.additions), sum(|file| file.deletions));
            value["stats"] = json!({ "additions": more, "deletions": less, "total": more + less });
            value["files"] = json!(files);
        }
        value
    }

    pub(crate) fn file(&self, repository: &Repository, file: &super::model::Changed, sha: &str) -> Value {
        let (base, name, path) = (self.base(repository), repository.full_name(), &file.path);
        json!({
            "sha": crate::provider::signature::sha256(path.as_bytes()).chars().take(40).collect::<String>(),
            "filename": path, "status": file.status, "additions": file.additions, "deletions": file.deletions,
            "changes": file.additions + file.deletions, "blob_url": format!("https://github.com/{name}/blob/{sha}/{path}"),
            "raw_url": format!("https://github.com/{name}/raw/{sha}/{path}"),
            "contents_url": format!("{base}/contents/{path}?ref={sha}"), "patch": "@@ -10,3 +10,4 @@ fn retry() {\n+    wait();",
        })
    }

    pub(crate) fn release(&self, repository: &Repository, release: &Release) -> Value {
        let (url, name) = (
            format!("{}/releases/{}", self.base(repository), release.id),
            repository.full_name(),
        );
        let base = self.base(repository);
        json!({
            "url": url, "assets_url": format!("{url}/assets"), "upload_url": format!("{url}/assets{{?name,label}}"),
            "html_url": format!("https://github.com/{name}/releases/tag/{}", release.tag), "id": release.id,
            "node_id": format!("RE_{}", release.id), "author": self.user(release.author), "tag_name": release.tag,
            "target_commitish": "main", "name": release.tag, "body": release.body, "draft": release.draft, "prerelease": false,
            "created_at": seconds(release.created), "published_at": (!release.draft).then(|| seconds(release.created)),
            "assets": [], "tarball_url": format!("{base}/tarball/{}", release.tag), "zipball_url": format!("{base}/zipball/{}", release.tag),
        })
    }

    pub(crate) fn team(&self, team: &Team, role: Option<Role>) -> Value {
        let parent = team
            .parent
            .and_then(|id| self.state.world.github.teams.iter().find(|one| one.id == id));
        let url = format!(
            "{}/organizations/{}/team/{}",
            self.api, self.state.world.github.id, team.id
        );
        let role = role.unwrap_or(Role::Read);
        json!({
            "id": team.id, "node_id": format!("T_{}", team.id), "name": team.slug, "slug": team.slug, "description": null,
            "privacy": "closed", "notification_setting": "notifications_enabled", "permission": role.permission(),
            "permissions": permissions(role), "url": url, "type": "organization", "organization_id": self.state.world.github.id,
            "html_url": format!("https://github.com/orgs/{ORGANISATION}/teams/{}", team.slug),
            "members_url": format!("{url}/members{{/member}}"), "repositories_url": format!("{url}/repos"),
            "parent": parent.map(|parent| self.team(parent, None)),
        })
    }
}

/// What a role permits, by the name of each permission.
pub(crate) fn permissions(role: Role) -> Value {
    let pairs = Role::ALL
        .into_iter()
        .map(|one| (one.permission().to_owned(), json!(one <= role)));
    Value::Object(pairs.collect())
}

fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}
