//! Who may read what: the permissions of spaces and the restrictions of pages, as far as the connecting account may know them.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Key, Principal, Result, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;

use super::client::Client;
use super::tree::Tree;
use crate::archive::json::{id, list, number, text};
use crate::atlassian::readers::Admitted;
use crate::clock::after;

/// The most members of a group that are named one by one; a larger group is named as a whole.
const MEMBERS: usize = 5_000;

/// What was read of permissions, for as long as it is taken to be true.
pub(super) struct Access {
    client: Client,
    site: String,
    age: Duration,
    cache: Mutex<Cache>,
}

/// What was asked for.
#[derive(Default)]
struct Cache {
    at: Timestamp,
    spaces: BTreeMap<u64, Admitted>,
    /// What pages say themselves.
    pages: BTreeMap<u64, Own>,
    /// What is above pages of which the tree does not tell.
    above: BTreeMap<u64, Option<Vec<u64>>>,
    groups: BTreeMap<String, Option<Admitted>>,
}

/// What a page's own restrictions say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Own {
    /// Nothing: what is above it decides.
    Open,
    /// These alone are admitted.
    Admits(Admitted),
    /// It may not be known, which admits the connecting account.
    Unknown,
}

/// The connecting account, as which all is read.
pub(super) type Me<'m> = Option<&'m str>;

/// Whose restrictions a page stands under: itself, or the nearest above it that has any; none leaves it to its space. And whom all
/// of that admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) page: Option<u64>,
    pub(super) admitted: Admitted,
}

impl Access {
    pub(super) fn new(client: Client, site: &str, age: Duration) -> Self {
        Self {
            client,
            site: site.to_owned(),
            age,
            cache: Mutex::default(),
        }
    }

    /// Forget everything: a run that begins at `now` reads permissions anew.
    pub(super) async fn begin(&self, now: Timestamp) {
        *self.cache.lock().await = Cache {
            at: now,
            ..Cache::default()
        };
    }

    /// Forget what is too old at `now`, within a run.
    pub(super) async fn renew(&self, now: Timestamp) {
        let at = self.cache.lock().await.at;
        if after(at, self.age) <= now {
            self.begin(now).await;
        }
    }

    /// Who may read a space.
    pub(super) async fn space(&self, me: Me<'_>, space: u64) -> Result<Admitted> {
        self.reader(me, &mut *self.cache.lock().await).space(space).await
    }

    /// What a page's own restrictions say.
    pub(super) async fn own(&self, me: Me<'_>, page: u64) -> Result<Own> {
        self.reader(me, &mut *self.cache.lock().await).own(page).await
    }

    /// Ask for a page's own restrictions again when they are next wanted.
    pub(super) async fn forget(&self, page: u64) {
        self.cache.lock().await.pages.remove(&page);
    }

    /// Take in what a list tells of a page's restrictions; none where it does not tell who they admit.
    pub(super) async fn told(&self, me: Me<'_>, page: u64, restrictions: &Value) -> Result<Option<Own>> {
        let told = |kind: &str| restrictions.pointer(&format!("/read/restrictions/{kind}/results"));
        if !["user", "group"]
            .into_iter()
            .all(|kind| told(kind).is_some_and(Value::is_array))
        {
            return Ok(None);
        }
        let mut cache = self.cache.lock().await;
        let own = self.reader(me, &mut cache).restriction(restrictions).await?;
        cache.pages.insert(page, own.clone());
        Ok(Some(own))
    }

    /// Whether all is known that a page stands under, so that its standing takes no request.
    pub(super) async fn knows(&self, page: u64, tree: &Tree) -> bool {
        let (chain, whole) = tree.chain(page);
        let cache = self.cache.lock().await;
        whole && chain.iter().all(|one| cache.pages.contains_key(one))
    }

    /// How a page stands: whom its space, its own restrictions and those of each page above admit.
    pub(super) async fn standing(&self, me: Me<'_>, (space, page): (u64, u64), tree: &Tree) -> Result<Standing> {
        let mut cache = self.cache.lock().await;
        let mut reader = self.reader(me, &mut cache);
        let mut admitted = reader.space(space).await?;
        let mut nearest = None;
        for one in reader.chain(page, tree).await? {
            let Some(one) = one else {
                // What is above may not be known, and may be restricted.
                nearest = nearest.or(Some(page));
                admitted = admitted.and(&reader.alone());
                continue;
            };
            let own = match reader.own(one).await? {
                Own::Open => continue,
                Own::Admits(own) => own,
                Own::Unknown => reader.alone(),
            };
            nearest = nearest.or(Some(one));
            admitted = admitted.and(&own);
        }
        Ok(Standing {
            page: nearest,
            admitted,
        })
    }

    fn reader<'r>(&'r self, me: Me<'_>, cache: &'r mut Cache) -> Reader<'r> {
        Reader {
            client: &self.client,
            site: &self.site,
            me: me.map(|account| principal(&self.site, account)),
            cache,
        }
    }
}

fn principal(site: &str, account: &str) -> Principal {
    Principal(Key::account("wiki", &format!("{site}/{account}")).to_string())
}

/// Reads what the cache lacks.
struct Reader<'r> {
    client: &'r Client,
    site: &'r str,
    me: Option<Principal>,
    cache: &'r mut Cache,
}

impl Reader<'_> {
    /// The connecting account alone: it reads what it was given, and of others nothing is known.
    fn alone(&self) -> Admitted {
        Admitted::only(self.me.clone())
    }

    async fn space(&mut self, space: u64) -> Result<Admitted> {
        if let Some(known) = self.cache.spaces.get(&space) {
            return Ok(known.clone());
        }
        let admitted = match self.client.permissions(space).await? {
            None => self.alone(),
            Some(rows) => {
                let mut admitted = Admitted::default();
                for row in rows.iter().filter(|row| reads_space(row)) {
                    admitted = admitted.or(self.holder(row).await?);
                }
                // Where access goes by roles, the old permissions name nobody.
                if admitted == Admitted::default() {
                    self.alone()
                } else {
                    admitted
                }
            }
        };
        self.cache.spaces.insert(space, admitted.clone());
        Ok(admitted)
    }

    async fn holder(&mut self, row: &Value) -> Result<Admitted> {
        let Some(value) = id(row, &["principal", "id"]) else {
            return Ok(Admitted::default());
        };
        match text(row, &["principal", "type"]) {
            Some("user") => Ok(Admitted::only([principal(self.site, &value)])),
            Some("group") => self.group(&value, None).await,
            Some(_) | None => Ok(Admitted::default()),
        }
    }

    /// A page and all above it, nearest first; none in place of what may not be known.
    async fn chain(&mut self, page: u64, tree: &Tree) -> Result<Vec<Option<u64>>> {
        let (chain, whole) = tree.chain(page);
        let last = chain.last().copied().unwrap_or(page);
        let mut all: Vec<Option<u64>> = chain.into_iter().map(Some).collect();
        if whole {
            return Ok(all);
        }
        // The last one may be what the tree does not know: then it is asked for from the one before.
        let known = if tree.0.contains_key(&last) { last } else { page };
        if !self.cache.above.contains_key(&known) {
            let above = self.client.above(known).await?;
            self.cache.above.insert(known, above);
        }
        match self.cache.above.get(&known).cloned().flatten() {
            Some(above) => all.extend(above.into_iter().map(Some)),
            None => all.push(None),
        }
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|one| seen.insert(*one));
        Ok(all)
    }

    async fn own(&mut self, page: u64) -> Result<Own> {
        if let Some(known) = self.cache.pages.get(&page) {
            return Ok(known.clone());
        }
        let own = match self.client.restrictions(page).await? {
            None => Own::Unknown,
            Some(restrictions) => self.restriction(&restrictions).await?,
        };
        self.cache.pages.insert(page, own.clone());
        Ok(own)
    }

    async fn restriction(&mut self, restrictions: &Value) -> Result<Own> {
        let Some(read) = restrictions.pointer("/read/restrictions") else {
            return Ok(Own::Unknown);
        };
        let (users, groups) = (list(read, &["user", "results"]), list(read, &["group", "results"]));
        let count = |kind: &str| number(read, &[kind, "size"]).unwrap_or(0);
        if users.is_empty() && groups.is_empty() {
            // None are listed although there are some: they may not be known.
            let hidden = count("user") + count("group") > 0;
            return Ok(if hidden { Own::Unknown } else { Own::Open });
        }
        let accounts = users.iter().filter_map(|user| id(user, &["accountId"]));
        let mut admitted = Admitted::only(accounts.map(|account| principal(self.site, &account)));
        for group in groups {
            if let Some(value) = id(group, &["id"]) {
                admitted = admitted.or(self.group(&value, text(group, &["name"])).await?);
            }
        }
        Ok(Own::Admits(admitted))
    }

    /// The members of a group; the group itself where its members may not be known or are too many.
    async fn group(&mut self, value: &str, name: Option<&str>) -> Result<Admitted> {
        if !self.cache.groups.contains_key(value) {
            let members = self.client.members(value).await?;
            let named = members.filter(|members| members.len() <= MEMBERS).map(|members| {
                let ids = members.iter().filter_map(|member| id(member, &["accountId"]));
                Admitted::only(ids.map(|account| principal(self.site, &account)))
            });
            self.cache.groups.insert(value.to_owned(), named);
        }
        let known = self.cache.groups.get(value).cloned().flatten();
        Ok(known.unwrap_or_else(|| {
            let group = name.map(|name| Principal(format!("group:{name}")));
            self.alone().or(Admitted::only(group))
        }))
    }
}

fn reads_space(row: &Value) -> bool {
    text(row, &["operation", "key"]) == Some("read") && text(row, &["operation", "targetType"]) == Some("space")
}
