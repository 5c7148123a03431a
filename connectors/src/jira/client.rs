//! Jira's API as this connector uses it.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Error, Result, Timestamp};
use serde_json::{Value, json};

use crate::archive::json::{at, id, list, number, text, time};
use crate::atlassian::ask::{Ask, endless};
use crate::http::{Api, Request};

use super::config::Config;

/// Issues in one request.
pub(super) const BULK: usize = 100;
/// Ids in one page of a search.
pub(super) const IDS: usize = 5000;
/// How often issues are asked for that an answer leaves out without a word.
const ATTEMPTS: usize = 3;
/// The most pages of a changelog.
const PAGES: usize = 100;

/// What every issue is read with: all but the lists that are of no use here.
const FIELDS: [&str; 4] = ["*all", "-worklog", "-watches", "-votes"];

/// A page of a search.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    /// What leads to the next page.
    pub(super) next: Option<String>,
}

/// An issue as a search tells of it: the parts that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) key: Option<String>,
    pub(super) updated: Option<Timestamp>,
}

/// Issues by id.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    pub(super) issues: BTreeMap<u64, Value>,
    /// Those that do not exist, or not for the connecting account.
    pub(super) gone: BTreeSet<u64>,
}

/// The API of one site.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) ask: Ask,
}

impl Client {
    pub(super) fn new(api: Api, config: &Config) -> Self {
        Self {
            ask: Ask::new(api, config.place.api.clone()),
        }
    }

    /// What the requests go through.
    pub(super) fn api(&self) -> &Api {
        self.ask.api()
    }

    /// The server's time, as its last answer told.
    pub(super) fn date(&self) -> Option<Timestamp> {
        self.ask.date()
    }

    pub(super) fn get(&self, path: &str) -> Result<Request> {
        Ok(Request::get(self.ask.url(&format!("rest/api/3/{path}"))?))
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Request> {
        Request::post(self.ask.url(&format!("rest/api/3/{path}"))?).json(body)
    }

    pub(super) fn delete(&self, path: &str, body: &Value) -> Result<Request> {
        Request::delete(self.ask.url(&format!("rest/api/3/{path}"))?).json(body)
    }

    pub(super) fn put(&self, path: &str, body: &Value) -> Result<Request> {
        Request::put(self.ask.url(&format!("rest/api/3/{path}"))?).json(body)
    }

    /// The connecting account.
    pub(super) async fn myself(&self) -> Result<Option<String>> {
        let me = self.ask.allowed(self.get("myself")?).await?;
        Ok(me.and_then(|me| text(&me, &["accountId"]).map(str::to_owned)))
    }

    /// All projects that the connecting account sees and that are in use.
    pub(super) async fn projects(&self) -> Result<Vec<Value>> {
        let request = self
            .get("project/search")?
            .query("maxResults", "100")
            .query("orderBy", "key")
            .query("expand", "description,lead,projectKeys");
        if let Some(found) = self.ask.all(&request, "values").await? {
            return Ok(found);
        }
        // What this may fail with is what there is to tell: an ended grant, say.
        self.ask.good(request).await?;
        Err(Error::unavailable(
            "read projects",
            "the list of projects was refused, and now is not",
        ))
    }

    /// One project, where it exists for the connecting account.
    pub(super) async fn project(&self, id: u64) -> Result<Option<Value>> {
        self.ask.allowed(self.get(&format!("project/{id}"))?).await
    }

    /// Whether Jira knows no comment of this id any more, or none that this account may see.
    ///
    /// # Errors
    /// As the request reports; a refusal is one too, for it says nothing of the comment.
    pub(super) async fn is_gone(&self, comment: u64) -> Result<bool> {
        let request = self.post("comment/list", &json!({ "ids": [comment] }))?;
        let found: Value = self.ask.good(request).await?.json()?;
        let told = at(&found, &["values"]).and_then(Value::as_array);
        Ok(told.is_some_and(|rows| !rows.iter().any(|one| id(one, &["id"]) == Some(comment.to_string()))))
    }

    /// A page of a search.
    ///
    /// # Errors
    /// `Invalid` when the search names a project that is not there any more, or when the token is too old.
    pub(super) async fn search(&self, jql: &str, fields: &[&str], token: Option<&str>) -> Result<Found> {
        let mut body = json!({ "jql": jql, "fields": fields, "maxResults": IDS });
        if let Some(token) = token {
            body["nextPageToken"] = json!(token);
        }
        let page: Value = self.ask.good(self.post("search/jql", &body)?).await?.json()?;
        for warning in list(&page, &["warnings"]) {
            tracing::warn!(%warning, "the search warns");
        }
        let row = |value: &Value| {
            Some(Row {
                id: id(value, &["id"])?.parse().ok()?,
                key: text(value, &["key"]).map(str::to_owned),
                updated: time(value, &["fields", "updated"]),
            })
        };
        let last = at(&page, &["isLast"]).and_then(Value::as_bool) == Some(true);
        let rows: Vec<_> = list(&page, &["issues"]).iter().filter_map(row).collect();
        let next = text(&page, &["nextPageToken"]).filter(|_| !last && !rows.is_empty());
        if next.is_some() && next == token {
            return Err(endless());
        }
        Ok(Found {
            next: next.map(str::to_owned),
            rows,
        })
    }

    /// About how many issues a search finds; none where it is refused.
    pub(super) async fn count(&self, jql: &str) -> Result<Option<u64>> {
        let request = self.post("search/approximate-count", &json!({ "jql": jql }))?;
        let counted = self.ask.allowed(request).await?;
        Ok(counted.and_then(|counted| number(&counted, &["count"])))
    }

    /// Of the first fifty issues that a search finds: how many came, and how many comments they have together.
    pub(super) async fn sample(&self, jql: &str) -> Result<(u64, u64)> {
        let body = json!({ "jql": jql, "fields": ["comment"], "maxResults": BULK / 2 });
        let page: Value = self.ask.good(self.post("search/jql", &body)?).await?.json()?;
        let issues = list(&page, &["issues"]);
        let comments = |issue: &Value| {
            let comments = at(issue, &["fields", "comment"])?;
            number(comments, &["total"]).or(Some(list(comments, &["comments"]).len() as u64))
        };
        Ok((issues.len() as u64, issues.iter().filter_map(comments).sum()))
    }

    /// Issues by id, at most [`BULK`], each in full or with its comments alone.
    ///
    /// # Errors
    /// `Unavailable` when an answer leaves out issues without saying that they are gone, again and again.
    pub(super) async fn issues(&self, ids: &[u64], comments_alone: bool) -> Result<Fetched> {
        let mut fetched = Fetched::default();
        let mut left: BTreeSet<u64> = ids.iter().copied().collect();
        for _ in 0..ATTEMPTS {
            if left.is_empty() {
                return Ok(fetched);
            }
            let fields = if comments_alone {
                ["comment"].as_slice()
            } else {
                &FIELDS
            };
            let names: Vec<String> = left.iter().map(u64::to_string).collect();
            let body = json!({ "issueIdsOrKeys": names, "fields": fields });
            let answer: Value = self.ask.good(self.post("issue/bulkfetch", &body)?).await?.json()?;
            for issue in list(&answer, &["issues"]) {
                let number = id(issue, &["id"]).and_then(|id| id.parse().ok());
                if let Some(number) = number.filter(|number| left.remove(number)) {
                    fetched.issues.insert(number, issue.clone());
                }
            }
            for error in list(&answer, &["issueErrors"]) {
                let number = id(error, &["id"]).and_then(|id| id.parse().ok());
                fetched.gone.extend(number.filter(|number| left.remove(number)));
            }
        }
        if left.is_empty() {
            return Ok(fetched);
        }
        Err(Error::unavailable(
            "read issues",
            "the server leaves out issues without saying why",
        ))
    }

    /// All comments of an issue in place of the few that it may have come with.
    pub(super) async fn complete(&self, number: u64, issue: &mut Value) -> Result<()> {
        let Some(comments) = issue.pointer("/fields/comment") else {
            return Ok(());
        };
        let held = list(comments, &["comments"]).len() as u64;
        if crate::archive::json::number(comments, &["total"]).is_none_or(|total| total <= held) {
            return Ok(());
        }
        let request = self.get(&format!("issue/{number}/comment"))?.query("maxResults", "100");
        if let Some(all) = self.ask.all(&request, "comments").await? {
            issue["fields"]["comment"]["comments"] = Value::Array(all);
        }
        Ok(())
    }

    /// The moves and assignments in the histories of issues, in the form that an issue's own changelog has. None where it is refused.
    pub(super) async fn moves(&self, ids: &[u64]) -> Result<BTreeMap<u64, Vec<Value>>> {
        let names: Vec<String> = ids.iter().map(u64::to_string).collect();
        let mut body =
            json!({ "issueIdsOrKeys": names, "fieldIds": ["Key", "issuekey", "assignee"], "maxResults": 1000 });
        let mut histories: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
        for _ in 0..PAGES {
            let answer = self.ask.any(self.post("changelog/bulkfetch", &body)?).await?;
            if answer.status() == 400 {
                return Ok(histories);
            }
            let page: Value = answer.good()?.json()?;
            for log in list(&page, &["issueChangeLogs"]) {
                let number = id(log, &["issueId"]).and_then(|id| id.parse().ok());
                if let Some(number) = number {
                    let rows = list(log, &["changeHistories"]).iter().cloned();
                    histories.entry(number).or_default().extend(rows);
                }
            }
            match text(&page, &["nextPageToken"]) {
                None => return Ok(histories),
                Some(token) if body["nextPageToken"] == token => return Err(endless()),
                Some(token) => body["nextPageToken"] = json!(token),
            }
        }
        Ok(histories)
    }

    /// The remote links of an issue.
    pub(super) async fn remote(&self, number: u64) -> Result<Option<Value>> {
        self.ask.allowed(self.get(&format!("issue/{number}/remotelink"))?).await
    }

    /// The grants of a project's permission scheme.
    pub(super) async fn scheme(&self, project: u64) -> Result<Option<Value>> {
        let request = self.get(&format!("project/{project}/permissionscheme"))?;
        self.ask.allowed(request.query("expand", "all")).await
    }

    /// The members of a group by its id, or by its name where the id is not told.
    pub(super) async fn group(&self, (name, value): (&str, &str)) -> Result<Option<Vec<Value>>> {
        let request = self.get("group/member")?.query(name, value).query("maxResults", "50");
        self.ask.all(&request, "values").await
    }

    /// The roles of a project by name, with the addresses that tell their actors.
    pub(super) async fn roles(&self, project: u64) -> Result<Option<Value>> {
        self.ask.allowed(self.get(&format!("project/{project}/role"))?).await
    }

    /// A role in a project.
    pub(super) async fn role(&self, project: u64, role: &str) -> Result<Option<Value>> {
        self.ask
            .allowed(self.get(&format!("project/{project}/role/{role}"))?)
            .await
    }

    /// Who is in which security level.
    pub(super) async fn levels(&self) -> Result<Option<Vec<Value>>> {
        let request = self.get("issuesecurityschemes/level/member")?.query("maxResults", "50");
        self.ask.all(&request, "values").await
    }

    /// A page of all accounts.
    pub(super) async fn users(&self, start: u64) -> Result<Vec<Value>> {
        let request = self.get("users/search")?.query("startAt", &start.to_string());
        let page = self.ask.allowed(request.query("maxResults", "1000")).await?;
        Ok(page.and_then(|page| page.as_array().cloned()).unwrap_or_default())
    }

    /// The projects whose content is kept from applications; none where that cannot be told.
    pub(super) async fn blocked(&self, projects: &[u64]) -> Result<Option<BTreeSet<u64>>> {
        let Some(policy) = self.ask.allowed(self.get("data-policy")?).await? else {
            return Ok(None);
        };
        let is_blocked = |value: &Value, path: &[&str]| at(value, path).and_then(Value::as_bool) == Some(true);
        if !is_blocked(&policy, &["anyContentBlocked"]) {
            return Ok(Some(BTreeSet::new()));
        }
        let mut blocked = BTreeSet::new();
        for some in projects.chunks(50) {
            let ids: Vec<String> = some.iter().map(u64::to_string).collect();
            let request = self.get("data-policy/project")?.query("ids", &ids.join(","));
            let Some(page) = self.ask.allowed(request).await? else {
                return Ok(None);
            };
            let rows = list(&page, &["projectDataPolicies"]).iter();
            let rows = rows.filter(|row| is_blocked(row, &["dataPolicy", "anyContentBlocked"]));
            blocked.extend(rows.filter_map(|row| number(row, &["id"])));
        }
        Ok(Some(blocked))
    }
}
