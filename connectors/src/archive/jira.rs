//! Jira issues as the REST API writes them: one record per issue, comments within it; Cloud (ADF) and Server (wiki markup) alike.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use domain::{AccessId, AccessRule, Change, Error, Key, Result, SourceId};
use serde::Deserialize;
use serde_json::Value;

use crate::access::AccessSetting;
use crate::archive::format::{Convert, Events, FileEvents, Format, Told, Unit, only_file};
use crate::archive::identify::{self, Kind};
use crate::archive::json::{is_id, text};
use crate::archive::lost::{Lost, Remains};
use crate::archive::records::is_json;
use crate::archive::tree::Tree;
use crate::jira::convert::{self, Home, Identity};
use crate::jira::links::issue_key;
use crate::jira::people::Restriction;

/// The settings of a Jira archive.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JiraSettings {
    /// A file or folder of `.json`, `.jsonl` or `.jsonl.gz`, or a zip of them.
    pub path: PathBuf,
    /// The site in the keys of issues; by default the host of the issues' `self` address, or else the name of the source.
    #[serde(default)]
    pub site: Option<String>,
    /// The address that `/browse/KEY` follows; by default the origin of the issues' `self` address.
    #[serde(default)]
    pub url: Option<String>,
    /// Who may read what Jira itself does not restrict. What it does is for those whom both name.
    #[serde(default)]
    pub access: AccessSetting,
    /// The most bytes that one file may have after expansion.
    #[serde(default)]
    pub max_bytes: Option<u64>,
}

/// A Jira archive.
#[derive(Debug, Clone)]
pub(crate) struct Jira {
    source: SourceId,
    site: Option<String>,
    url: Option<String>,
    access: AccessSetting,
}

impl Jira {
    pub(crate) fn new(source: SourceId, settings: JiraSettings) -> Result<Self> {
        if let Some(site) = settings.site.as_deref().filter(|site| !is_id(site)) {
            let message = format!("`{}` cannot name a Jira site", crate::archive::json::one_line(site, 80));
            return Err(Error::invalid("read source settings", message)
                .with_hint("use the site's name or host, as `acme` or `jira.acme.example`"));
        }
        let url = settings.url.map(|url| url.trim_end_matches('/').to_owned());
        Ok(Self {
            source,
            site: settings.site,
            url,
            access: settings.access,
        })
    }

    /// The site and the web address that a record belongs to.
    fn home(&self, issue: &Value) -> (String, Option<String>) {
        let origin = text(issue, &["self"])
            .and_then(|address| url::Url::parse(address).ok())
            .filter(|url| url.host_str().is_some());
        let host = origin
            .as_ref()
            .and_then(|url| url.host_str())
            .filter(|host| is_id(host))
            .map(str::to_owned);
        let site = self.site.clone().or(host).unwrap_or_else(|| self.source.to_string());
        let base = self
            .url
            .clone()
            .or_else(|| origin.map(|url| url.origin().ascii_serialization()));
        (site, base)
    }

    /// The rule for the label of what `first` and `second` restrict together; none where neither does.
    ///
    /// Jira shows it to those who may read the source, hold the level, and are in the role. A rule is a union and cannot say
    /// "and", so a restriction leaves those whom the source names too, and two restrictions together leave only the owner.
    fn rule(&self, site: &str, container: &Key, restrictions: [Option<&Restriction>; 2]) -> Option<AccessRule> {
        let (name, principals) = match restrictions {
            [None, None] => return None,
            [Some(one), None] | [None, Some(one)] => (one.name(), [one.principal(site)].into()),
            [Some(a), Some(b)] => (format!("{}+{}", a.name(), b.name()), BTreeSet::new()),
        };
        Some(AccessRule {
            id: AccessId::new(&self.source, &name),
            container: container.clone(),
            readers: self.access.narrowed(principals),
        })
    }
}

impl Format for Jira {
    fn kind(&self) -> Kind {
        Kind::Jira
    }

    fn preamble(&self, _tree: &Tree) -> Result<Vec<Change>> {
        let container = Key::from_raw(&format!(
            "jira:{}",
            self.site.as_deref().unwrap_or(self.source.as_str())
        ));
        Ok(vec![Change::Access(self.access.rule(&self.source, &container))])
    }

    fn units(&self, tree: &Tree) -> Result<Vec<Unit>> {
        let units: Vec<Unit> = tree
            .entries
            .iter()
            .filter(|entry| is_json(entry))
            .map(|entry| Unit::file(entry, "", Lost::Anything))
            .collect();
        identify::require(tree, Kind::Jira, units.len())?;
        Ok(units)
    }

    fn open(&self, tree: &Arc<Tree>, unit: &Unit) -> Result<Events> {
        let convert = Issues {
            jira: self.clone(),
            told: Told::default(),
        };
        Ok(Box::new(FileEvents::open(
            tree,
            only_file(tree, unit)?,
            &["issues"],
            convert,
        )?))
    }
}

/// The issues of one file.
struct Issues {
    jira: Jira,
    told: Told,
}

impl Convert for Issues {
    fn record(&mut self, record: &Value) -> Result<Vec<Change>, String> {
        let (site, base) = self.jira.home(record);
        let rule =
            |container: &Key, restrictions: [Option<&Restriction>; 2]| self.jira.rule(&site, container, restrictions);
        let home = Home {
            source: &self.jira.source,
            site: site.clone(),
            base,
            identity: Identity::Key,
            rule: &rule,
        };
        convert::convert(&home, &mut self.told, record)
    }

    fn lost(&self, remains: Remains<'_>) -> Lost {
        let (record, whole) = match remains {
            Remains::Whole(record) => (record, true),
            Remains::Part(record) => (record, false),
            Remains::Nothing => return Lost::Anything,
        };
        let Some(key) = issue_key(record, &["key"]) else {
            return if whole { Lost::Nothing } else { Lost::Anything };
        };
        // Where the site stands in the record's address, it may be in the missing part.
        if !whole && self.jira.site.is_none() && text(record, &["self"]).is_none() {
            return Lost::Anything;
        }
        let (site, _) = self.jira.home(record);
        let project = key.rsplit_once('-').map_or("", |(project, _)| project);
        Lost::Under(vec![Key::jira_issue(&site, &key), Key::jira_project(&site, project)])
    }
}
