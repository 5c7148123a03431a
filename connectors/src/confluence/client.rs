//! Confluence's API as this connector uses it.

use domain::{Error, Result, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::cursor::{Form, Place};
use crate::archive::json::{id, list, number, text};
use crate::atlassian::ask::{Ask, Heavy, endless};
use crate::http::{Api, Request};

use super::config::Config;

/// Items in a page of a list.
const MOST: &str = "250";
/// Members in a page of a group.
const MEMBERS: u64 = 200;
/// Accounts in one request.
const ACCOUNTS: usize = 100;
/// What the list of restrictions holds: none of the bin, in an order in which what is new comes last.
const CONTENT: &str = "type in (page,blogpost)";
const ORDER: &str = "order by created asc";
/// What it tells of each. What is above a page stays out: one such page in the bin makes the whole answer a 404 (CONFCLOUD-77618).
const RESTRICTIONS: &str = "restrictions.read.restrictions.user,restrictions.read.restrictions.group";
/// The fewest items that are asked for at once where the site is slow.
const FEWEST: u32 = 10;
/// The most pages of a list that is read at once.
const PAGES: usize = 10_000;

/// A page of a list.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) rows: Vec<Value>,
    /// The address of the next page, from `/wiki` on.
    pub(super) next: Option<String>,
}

impl Listed {
    fn read(page: &Value) -> Self {
        let rows = list(page, &["results"]).to_vec();
        // One that promises more after nothing would go on for ever.
        let next = text(page, &["_links", "next"]).filter(|_| !rows.is_empty());
        Self {
            next: next.map(str::to_owned),
            rows,
        }
    }
}

/// The API of one site.
#[derive(Clone)]
pub(super) struct Client {
    ask: Ask,
    /// What the search index is asked for.
    content: String,
}

impl Client {
    pub(super) fn new(api: Api, config: &Config) -> Self {
        // What may be the key of a space has no quotes.
        let keys: Vec<String> = config.spaces.iter().map(|key| format!("\"{key}\"")).collect();
        let content = if keys.is_empty() {
            format!("{CONTENT} {ORDER}")
        } else {
            format!("{CONTENT} and space in ({}) {ORDER}", keys.join(","))
        };
        Self {
            ask: Ask::new(api, config.place.api.clone()),
            content,
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

    fn new_api(&self, path: &str) -> Result<Request> {
        Ok(Request::get(self.ask.url(&format!("wiki/api/v2/{path}"))?))
    }

    fn old_api(&self, path: &str) -> Result<Request> {
        Ok(Request::get(self.ask.url(&format!("wiki/rest/api/{path}"))?))
    }

    /// The page at an address that the site gave. It begins at `/wiki` and says nothing of the gateway before it.
    fn follow(&self, next: &str) -> Result<Request> {
        Ok(Request::get(self.next_url(next)?))
    }

    /// The older search leaves `/wiki` out of it.
    fn next_url(&self, next: &str) -> Result<Url> {
        match next.strip_prefix('/') {
            Some(path) if path.starts_with("wiki/") => self.ask.url(path),
            Some(path) if path.starts_with("rest/") => self.ask.url(&format!("wiki/{path}")),
            Some(_) | None => Err(Error::corrupt("follow link", "the next page is not below /wiki")),
        }
    }

    /// A page of a list: the first of `request`, or the one at `next`. None where it is refused.
    async fn page(&self, request: Request, next: Option<&str>) -> Result<Option<Listed>> {
        let request = match next {
            Some(next) => self.follow(next)?,
            None => request.query("limit", MOST),
        };
        Ok(self.ask.allowed(request).await?.as_ref().map(Listed::read))
    }

    /// A page of a list that must not be refused.
    async fn needed(&self, request: Request, next: Option<&str>) -> Result<Listed> {
        match self.page(request.clone(), next).await? {
            Some(page) => Ok(page),
            None => self.refused(request).await,
        }
    }

    /// Ask again for what was refused: what that fails with is what there is to tell, an ended grant, say.
    async fn refused<T>(&self, request: Request) -> Result<T> {
        self.ask.good(request).await?;
        Err(Error::unavailable(
            "read Confluence",
            "a list was refused, and now is not",
        ))
    }

    /// All of a list, or none where it is refused.
    async fn all(&self, request: Request) -> Result<Option<Vec<Value>>> {
        let (mut rows, mut next) = (Vec::new(), None);
        for _ in 0..PAGES {
            let Some(page) = self.page(request.clone(), next.as_deref()).await? else {
                return Ok(None);
            };
            rows.extend(page.rows);
            match page.next {
                None => return Ok(Some(rows)),
                Some(to) if next.as_ref() == Some(&to) => return Err(endless()),
                to => next = to,
            }
        }
        Err(endless())
    }

    /// The connecting account.
    pub(super) async fn myself(&self) -> Result<Option<String>> {
        let me = self.ask.allowed(self.old_api("user/current")?).await?;
        Ok(me.and_then(|me| text(&me, &["accountId"]).map(str::to_owned)))
    }

    /// All spaces that the connecting account sees.
    pub(super) async fn spaces(&self) -> Result<Vec<Value>> {
        match self.all(self.new_api("spaces")?).await? {
            Some(found) => Ok(found),
            None => self.refused(self.new_api("spaces")?).await,
        }
    }

    /// How many things a query finds; none where it is refused.
    pub(super) async fn total(&self, cql: &str) -> Result<Option<u64>> {
        let request = self.old_api("search")?.query("cql", cql).query("limit", "1");
        let found = self.ask.allowed(request).await?;
        Ok(found.and_then(|found| number(&found, &["totalSize"])))
    }

    /// One space, where it exists for the connecting account.
    pub(super) async fn space(&self, space: u64) -> Result<Option<Value>> {
        self.ask.allowed(self.new_api(&format!("spaces/{space}"))?).await
    }

    /// Who may do what in a space.
    pub(super) async fn permissions(&self, space: u64) -> Result<Option<Vec<Value>>> {
        self.all(self.new_api(&format!("spaces/{space}/permissions"))?).await
    }

    /// Whether some content is kept from applications.
    pub(super) async fn blocked(&self) -> Result<bool> {
        let policy = self.ask.allowed(self.new_api("data-policies/metadata")?).await?;
        Ok(policy.is_some_and(|policy| policy["anyContentBlocked"] == true))
    }

    /// A page of a list of pages or blog posts: `space` alone, or in a `status`, in an order.
    pub(super) async fn contents(&self, form: Form, query: &[(&str, &str)], next: Option<&str>) -> Result<Listed> {
        let mut request = self.new_api(form.path())?;
        for (name, value) in query {
            request = request.query(name, value);
        }
        self.needed(request, next).await
    }

    /// A page of all files, the latest change first.
    pub(super) async fn files(&self, next: Option<&str>) -> Result<Listed> {
        let request = self.new_api("attachments")?.query("sort", "-modified-date");
        self.needed(request, next).await
    }

    /// A page of all comments, the latest change first.
    pub(super) async fn comments(&self, place: Place, next: Option<&str>) -> Result<Listed> {
        let request = self
            .new_api(place.path())?
            .query("sort", "-modified-date")
            .query("body-format", "storage");
        self.needed(request, next).await
    }

    /// One page or blog post with its labels, where it exists for the connecting account and is not in the bin.
    pub(super) async fn content(&self, form: Form, id: u64) -> Result<Option<Value>> {
        let request = self.new_api(&format!("{}/{id}", form.path()))?;
        let request = request.query("body-format", "storage").query("include-labels", "true");
        let found = self.ask.allowed(request).await?;
        Ok(found.filter(|found| matches!(text(found, &["status"]), Some("current" | "archived"))))
    }

    /// The files of a page.
    pub(super) async fn files_of(&self, form: Form, id: u64) -> Result<Vec<Value>> {
        let request = self.new_api(&format!("{}/{id}/attachments", form.path()))?;
        Ok(self.all(request).await?.unwrap_or_default())
    }

    /// The comments of a page, answers included.
    pub(super) async fn comments_of(&self, form: Form, page: u64) -> Result<Vec<(Place, Value)>> {
        let mut found = Vec::new();
        for place in [Place::Footer, Place::Inline] {
            let path = format!("{}/{page}/{}", form.path(), place.path());
            let mut level = self.level(&path).await?;
            while !level.is_empty() {
                let mut below = Vec::new();
                for comment in level.iter().filter_map(|comment| id(comment, &["id"])) {
                    below.extend(self.level(&format!("{}/{comment}/children", place.path())).await?);
                }
                found.extend(level.into_iter().map(|comment| (place, comment)));
                level = below;
            }
        }
        Ok(found)
    }

    async fn level(&self, path: &str) -> Result<Vec<Value>> {
        let request = self.new_api(path)?.query("body-format", "storage");
        Ok(self.all(request).await?.unwrap_or_default())
    }

    /// What lies above a page, nearest first. None where it may not be known.
    pub(super) async fn above(&self, page: u64) -> Result<Option<Vec<u64>>> {
        let found = self.all(self.new_api(&format!("pages/{page}/ancestors"))?).await?;
        Ok(found.map(|rows| {
            rows.iter()
                .rev()
                .filter_map(|row| id(row, &["id"])?.parse().ok())
                .collect()
        }))
    }

    /// The restrictions of one page.
    pub(super) async fn restrictions(&self, page: u64) -> Result<Option<Value>> {
        self.ask
            .allowed(self.old_api(&format!("content/{page}/restriction/byOperation"))?)
            .await
    }

    /// A page of what the search index holds, each with its own restrictions. It comes late to the index, and may be left out of it.
    /// None where the list is refused. `rows` is how many are asked for; where the site takes too long, it is halved.
    pub(super) async fn restricted(&self, next: Option<&str>, rows: &mut u32) -> Result<Option<Listed>> {
        loop {
            match self.ask.heavy(self.search(next, *rows)?).await? {
                Heavy::Good(page) => return Ok(Some(Listed::read(&page))),
                Heavy::TooMuch if *rows > FEWEST => *rows = (*rows / 2).max(FEWEST),
                Heavy::Refused | Heavy::TooMuch => return Ok(None),
            }
        }
    }

    /// The first page of the list of restrictions, or the one at `next`, of so many rows.
    fn search(&self, next: Option<&str>, rows: u32) -> Result<Request> {
        let Some(next) = next else {
            let request = self.old_api("content/search")?.query("cql", &self.content);
            return Ok(request.query("expand", RESTRICTIONS).query("limit", &rows.to_string()));
        };
        let mut url = self.next_url(next)?;
        let pairs = url.query_pairs().into_owned().filter(|(name, _)| name != "limit");
        let pairs: Vec<(String, String)> = pairs.collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
        Ok(Request::get(url).query("limit", &rows.to_string()))
    }

    /// The members of a group, none where they may not be known.
    pub(super) async fn members(&self, group: &str) -> Result<Option<Vec<Value>>> {
        let mut members = Vec::new();
        for page in 0..PAGES as u64 {
            let start = (page * MEMBERS).to_string();
            let request = self.old_api(&format!("group/{group}/membersByGroupId"))?;
            let request = request.query("start", &start).query("limit", &MEMBERS.to_string());
            let Some(found) = self.ask.allowed(request).await? else {
                return Ok(None);
            };
            members.extend(list(&found, &["results"]).iter().cloned());
            if number(&found, &["size"]).is_none_or(|size| size < MEMBERS) {
                return Ok(Some(members));
            }
        }
        Err(endless())
    }

    /// Accounts by their ids, those that may be known.
    pub(super) async fn users(&self, ids: &[String]) -> Result<Vec<Value>> {
        let mut found = Vec::new();
        for some in ids.chunks(ACCOUNTS) {
            let request =
                Request::post(self.ask.url("wiki/api/v2/users-bulk")?).json(&json!({ "accountIds": some }))?;
            if let Some(page) = self.ask.allowed(request).await? {
                found.extend(list(&page, &["results"]).iter().cloned());
            }
        }
        Ok(found)
    }
}
