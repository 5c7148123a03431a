//! Who may read what: permission schemes, security levels and comment restrictions, as far as the connecting account may know them.

use std::collections::BTreeMap;

use domain::{Key, Principal, Result, Timestamp};
use serde_json::Value;
use tokio::sync::Mutex;

use super::client::Client;
use super::holders::Holder;
use super::people::{Kind, Restriction};
use crate::archive::json::{id, list, text};
use crate::atlassian::readers::Admitted;
use crate::clock::after;

/// The most members of a group that are named one by one; a larger group is named as a whole.
const MEMBERS: usize = 5_000;

/// What was read of permissions, for as long as it is taken to be true.
pub(super) struct Access {
    client: Client,
    site: String,
    age: std::time::Duration,
    cache: Mutex<Cache>,
}

/// What was asked for; none within stands for what may not be known.
#[derive(Default)]
struct Cache {
    at: Timestamp,
    schemes: BTreeMap<u64, Option<Value>>,
    leads: BTreeMap<u64, String>,
    groups: BTreeMap<String, Option<Admitted>>,
    roles: BTreeMap<u64, Option<Value>>,
    actors: BTreeMap<(u64, String), Option<Value>>,
    levels: Levels,
}

impl Cache {
    /// Who leads a project comes with the project.
    fn clear(&mut self, now: Timestamp) {
        let leads = std::mem::take(&mut self.leads);
        *self = Self {
            at: now,
            leads,
            ..Self::default()
        };
    }
}

/// Whom the security levels of all projects admit.
#[derive(Default)]
enum Levels {
    #[default]
    NotAsked,
    Unknowable,
    Known(Vec<Value>),
}

/// The connecting account, as which all is read.
pub(super) type Me<'m> = Option<&'m str>;

impl Access {
    pub(super) fn new(client: Client, site: &str, age: std::time::Duration) -> Self {
        Self {
            client,
            site: site.to_owned(),
            age,
            cache: Mutex::default(),
        }
    }

    /// Forget everything: a run that begins at `now` reads permissions anew.
    pub(super) async fn begin(&self, now: Timestamp) {
        self.cache.lock().await.clear(now);
    }

    /// Forget what is too old at `now`, within a run.
    pub(super) async fn renew(&self, now: Timestamp) {
        let mut cache = self.cache.lock().await;
        if after(cache.at, self.age) <= now {
            cache.clear(now);
        }
    }

    /// Note who leads a project.
    pub(super) async fn lead(&self, project: u64, lead: Option<String>) {
        let mut cache = self.cache.lock().await;
        match lead {
            Some(lead) => cache.leads.insert(project, lead),
            None => cache.leads.remove(&project),
        };
    }

    /// Who may read what of a project the restrictions are about: those whom the project and each restriction admit.
    pub(super) async fn admitted(&self, me: Me<'_>, project: u64, restrictions: &[Restriction]) -> Result<Admitted> {
        let mut cache = self.cache.lock().await;
        let mut reader = Reader {
            client: &self.client,
            site: &self.site,
            me: me.map(|id| self.principal(id)),
            cache: &mut cache,
        };
        let mut admitted = reader.project(project).await?;
        for restriction in restrictions {
            admitted = admitted.and(&reader.restriction(project, restriction).await?);
        }
        Ok(admitted)
    }

    fn principal(&self, account: &str) -> Principal {
        principal(&self.site, account)
    }
}

fn principal(site: &str, account: &str) -> Principal {
    Principal(Key::account("jira", &format!("{site}/{account}")).to_string())
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

    async fn project(&mut self, project: u64) -> Result<Admitted> {
        if !self.cache.schemes.contains_key(&project) {
            let scheme = self.client.scheme(project).await?;
            self.cache.schemes.insert(project, scheme);
        }
        let Some(Some(scheme)) = self.cache.schemes.get(&project) else {
            return Ok(self.alone());
        };
        let grants = list(scheme, &["permissions"]).iter();
        let browse = grants.filter(|grant| text(grant, &["permission"]) == Some("BROWSE_PROJECTS"));
        let holders: Vec<Holder> = browse.map(|grant| Holder::read(&grant["holder"])).collect();
        self.any(project, holders).await
    }

    async fn restriction(&mut self, project: u64, restriction: &Restriction) -> Result<Admitted> {
        match restriction.kind {
            Kind::Level => self.level(project, &restriction.value).await,
            Kind::Group => match Holder::group(restriction.id.clone(), Some(&restriction.value)) {
                Some(group) => self.holder(project, group).await,
                None => Ok(self.alone()),
            },
            Kind::Role => {
                if !self.cache.roles.contains_key(&project) {
                    let roles = self.client.roles(project).await?;
                    self.cache.roles.insert(project, roles);
                }
                let roles = self.cache.roles.get(&project).and_then(Option::as_ref);
                let address = roles.and_then(|roles| text(roles, &[&restriction.value]));
                match address
                    .and_then(|address| address.rsplit('/').next())
                    .map(str::to_owned)
                {
                    Some(role) => self.role(project, role).await,
                    None => Ok(self.alone()),
                }
            }
        }
    }

    async fn level(&mut self, project: u64, level: &str) -> Result<Admitted> {
        if matches!(self.cache.levels, Levels::NotAsked) {
            self.cache.levels = self.client.levels().await?.map_or(Levels::Unknowable, Levels::Known);
        }
        let Levels::Known(rows) = &self.cache.levels else {
            return Ok(self.alone());
        };
        let own = rows
            .iter()
            .filter(|row| id(row, &["issueSecurityLevelId"]).as_deref() == Some(level));
        let holders: Vec<Holder> = own.map(|row| Holder::read(&row["holder"])).collect();
        self.any(project, holders).await
    }

    /// Whoever is one of the holders.
    async fn any(&mut self, project: u64, holders: Vec<Holder>) -> Result<Admitted> {
        let mut admitted = Admitted::default();
        for holder in holders {
            let more = if let Holder::Role(role) = holder {
                self.role(project, role).await?
            } else {
                self.holder(project, holder).await?
            };
            admitted = admitted.or(more);
        }
        Ok(admitted)
    }

    /// A holder that is not a role.
    async fn holder(&mut self, project: u64, holder: Holder) -> Result<Admitted> {
        Ok(match holder {
            Holder::Open => Admitted::open(),
            Holder::Account(account) => Admitted::only([principal(self.site, &account)]),
            Holder::Group(by, value, name) => self.group(by, value, name).await?,
            Holder::Lead => Admitted::only(self.cache.leads.get(&project).map(|lead| principal(self.site, lead))),
            Holder::Role(_) | Holder::Other => Admitted::default(),
        })
    }

    async fn role(&mut self, project: u64, role: String) -> Result<Admitted> {
        let key = (project, role);
        if !self.cache.actors.contains_key(&key) {
            let actors = self.client.role(project, &key.1).await?;
            self.cache.actors.insert(key.clone(), actors);
        }
        let Some(Some(actors)) = self.cache.actors.get(&key) else {
            return Ok(self.alone());
        };
        let holders: Vec<Holder> = list(actors, &["actors"]).iter().map(Holder::actor).collect();
        let mut admitted = Admitted::default();
        for holder in holders {
            admitted = admitted.or(self.holder(project, holder).await?);
        }
        Ok(admitted)
    }

    /// The members of a group; the group itself where its members may not be known or are too many.
    async fn group(&mut self, by: &'static str, value: String, name: Option<String>) -> Result<Admitted> {
        if !self.cache.groups.contains_key(&value) {
            let members = self.client.group((by, &value)).await?;
            let named = members.filter(|members| members.len() <= MEMBERS).map(|members| {
                let ids = members.iter().filter_map(|member| id(member, &["accountId"]));
                Admitted::only(ids.map(|account| principal(self.site, &account)))
            });
            self.cache.groups.insert(value.clone(), named);
        }
        let known = self.cache.groups.get(&value).cloned().flatten();
        Ok(known.unwrap_or_else(|| {
            let group = name.map(|name| Principal(format!("group:{name}")));
            self.alone().or(Admitted::only(group))
        }))
    }
}
