//! The directory: which names mean which project, repository, channel or space, and by whose document we know.

use std::collections::{BTreeMap, BTreeSet};

use domain::seam::store::DirectoryEntry;
use domain::{AccessId, Key};

/// The most names of one document that are looked up.
const MAX_NAMES: usize = 64;

/// A name to look up and what follows it: `PAY` and `-12`, `old/api` and `#12`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// `jira:PAY`, `repo:owner/name`, `slack:workspace/C9`, `wiki:ENG`, or `wiki:_` for a page whose space is not named.
    pub(crate) name: String,
    /// The scheme of the key to build.
    pub(crate) scheme: &'static str,
    /// What follows the name in the key.
    pub(crate) rest: String,
    /// The site it was named on, by which an entry is more or less likely.
    pub(crate) host: Option<String>,
}

impl Lookup {
    /// Something in a repository.
    pub(crate) fn in_repository(scheme: &'static str, repository: &str, rest: String) -> Self {
        Self {
            name: format!("repo:{}", repository.to_lowercase()),
            scheme,
            rest,
            host: None,
        }
    }

    /// An issue by project prefix and number, on a site if one is named.
    pub(crate) fn issue(project: &str, number: &str, host: Option<&str>) -> Self {
        let name = format!("jira:{}", project.to_uppercase());
        Self {
            name,
            scheme: "jira",
            rest: format!("-{number}"),
            host: host.map(str::to_owned),
        }
    }

    /// A wiki page or space on a site.
    pub(crate) fn in_space(space: &str, rest: String, host: &str) -> Self {
        Self {
            name: format!("wiki:{space}"),
            scheme: "wiki",
            rest,
            host: Some(host.to_owned()),
        }
    }

    /// How to look up a key that a provider gave; `None` when no entry can explain it.
    pub(crate) fn of_key(key: &Key) -> Option<Self> {
        let scheme = ["jira", "repo", "github", "commit", "tag", "file", "symbol"]
            .into_iter()
            .find(|one| *one == key.scheme())?;
        if scheme == "jira" {
            let (site, issue) = key.local().split_once('/')?;
            let (project, rest) = issue.split_at(issue.find(['-', '#']).unwrap_or(issue.len()));
            return Some(Self {
                name: format!("jira:{project}"),
                scheme,
                rest: rest.to_owned(),
                host: Some(site.to_owned()),
            });
        }
        let repository = repository_of(key)?;
        let rest = key.local().get(repository.len()..)?;
        Some(Self::in_repository(scheme, repository, rest.to_owned()))
    }
}

/// One meaning of a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Meaning {
    /// What the name stands for within a key: `acme/PAY`, `acme/api`, `T1/C9`.
    stem: String,
    /// The label of the document that says so.
    label: AccessId,
}

/// A name read through an entry.
#[derive(Debug)]
pub(crate) struct Reading {
    /// What it means.
    pub(crate) target: Key,
    /// By whose document.
    pub(crate) label: AccessId,
    /// What this does to the confidence.
    pub(crate) factor: f32,
}

/// All known names. Built from entries in any order; equal sets of entries give equal directories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    meanings: BTreeMap<String, Vec<Meaning>>,
}

impl Directory {
    /// The directory of these entries.
    pub fn new(entries: &[DirectoryEntry]) -> Self {
        let mut found: BTreeMap<String, BTreeSet<Meaning>> = BTreeMap::new();
        for entry in entries {
            for (name, stem) in names_of(&entry.key, entry.aliases.iter().map(String::as_str)) {
                let label = entry.access.clone();
                found.entry(name).or_default().insert(Meaning { stem, label });
            }
        }
        Self {
            meanings: found
                .into_iter()
                .map(|(name, set)| (name, set.into_iter().collect()))
                .collect(),
        }
    }

    /// What a name means. Where one label explains it in several ways, each is half as likely; what other labels say does
    /// not count, or the confidence would tell of entries that the reader may not see.
    pub(crate) fn readings(&self, lookup: &Lookup) -> impl Iterator<Item = Reading> {
        let meanings = self.meanings.get(&lookup.name).map_or(&[][..], Vec::as_slice);
        meanings.iter().map(move |meaning| {
            let rivals = meanings.iter().filter(|other| other.label == meaning.label).count();
            let ambiguous = if rivals > 1 { 0.5 } else { 1.0 };
            let site = lookup
                .host
                .as_deref()
                .map_or(1.0, |host| likelihood(host, &meaning.stem));
            Reading {
                target: Key::from_raw(&format!("{}:{}{}", lookup.scheme, meaning.stem, lookup.rest)),
                label: meaning.label.clone(),
                factor: ambiguous * site,
            }
        })
    }

    /// The readings of a key that a provider gave, other than the key itself. A project is only sought on the key's own site.
    pub(crate) fn readings_of_key(&self, lookup: &Lookup, key: &Key) -> impl Iterator<Item = Reading> {
        let site = lookup.host.as_ref().map(|site| format!("jira:{site}/"));
        self.readings(lookup)
            .filter(move |reading| {
                site.as_ref()
                    .is_none_or(|site| reading.target.as_str().starts_with(site.as_str()))
            })
            .filter(move |reading| reading.target != *key)
    }
}

/// How likely it is that an address on `host` means a project whose stem is `site/project`: sites are named by their host
/// or its first label, but an archive may bear any name.
fn likelihood(host: &str, stem: &str) -> f32 {
    let site = stem.split('/').next().unwrap_or_default();
    let same = host == site || host.strip_prefix(site).is_some_and(|rest| rest.starts_with('.'));
    if same { 1.0 } else { 0.7 }
}

/// The names under which an entry with this key and these aliases is looked up, each with what it stands for. Aliases are read
/// as bare names (`OLD`, `old/name`, `ENG`), as keys (`jira:acme/OLD`, `repo:old/name`) or as addresses of repositories on
/// GitHub and of channels; others are passed over.
pub(crate) fn names_of<'a>(
    key: &'a Key,
    aliases: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = (String, String)> {
    let (scheme, stem) = (key.scheme(), key.local());
    // A page may be named by its id alone, on a site of which a space is known.
    let site = stem.split('/').next().filter(|_| scheme == "wiki");
    let pages = site.map(|site| (format!("wiki:{NO_SPACE}"), format!("{site}/{NO_SPACE}")));
    std::iter::once(key.as_str())
        .chain(aliases)
        .filter_map(move |alias| Some((name_of(scheme, stem, alias)?, stem.to_owned())))
        .chain(pages)
}

/// The name under which an alias of an entry is looked up.
fn name_of(scheme: &str, stem: &str, alias: &str) -> Option<String> {
    // Of a key of the same site, what follows the site.
    let on_site = |alias: &'_ str| -> Option<String> {
        let site = stem.split('/').next()?;
        match alias.strip_prefix(scheme).and_then(|rest| rest.strip_prefix(':')) {
            Some(local) => Some(local.strip_prefix(site)?.strip_prefix('/')?.to_owned()),
            None => Some(alias.to_owned()),
        }
    };
    match scheme {
        "jira" => on_site(alias)
            .filter(|project| is_project(project))
            .map(|project| format!("jira:{project}")),
        "repo" => {
            let bare = ["repo:", "https://github.com/", "http://github.com/"]
                .iter()
                .find_map(|prefix| alias.strip_prefix(prefix));
            let repository = bare
                .unwrap_or(alias)
                .trim_end_matches('/')
                .trim_end_matches(".git")
                .to_lowercase();
            is_repository(&repository).then(|| format!("repo:{repository}"))
        }
        "slack" => {
            let (workspace, channel) = alias.strip_prefix("https://")?.split_once(".slack.com/archives/")?;
            let plain = !workspace.contains('/') && is_channel(channel);
            plain.then(|| format!("slack:{}/{channel}", workspace.to_lowercase()))
        }
        "wiki" => on_site(alias)
            .filter(|space| is_space(space) && *space != NO_SPACE)
            .map(|space| format!("wiki:{space}")),
        _other => None,
    }
}

/// The space of a page that is only named by its id. No space has this key.
pub(crate) const NO_SPACE: &str = "_";

/// Whether this is the id of a channel or conversation.
pub(crate) fn is_channel(id: &str) -> bool {
    (2..=32).contains(&id.len())
        && id.starts_with(['C', 'G', 'D'])
        && id
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// A space key: letters and digits, or `~` and an account for a personal space.
pub(crate) fn is_space(key: &str) -> bool {
    (1..=255).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"~._-:".contains(&byte))
}

/// The names of one document that are looked up: the first [`MAX_NAMES`].
#[derive(Debug, Default)]
pub(crate) struct Names(BTreeSet<String>);

impl Names {
    /// Whether this name is, or now becomes, one of them.
    pub(crate) fn admit(&mut self, name: &str) -> bool {
        if self.0.contains(name) {
            return true;
        }
        self.0.len() < MAX_NAMES && self.0.insert(name.to_owned())
    }

    /// All of them, sorted.
    pub(crate) fn into_sorted(self) -> Vec<String> {
        self.0.into_iter().collect()
    }
}

/// The `owner/name` in a key of something that lives in a repository.
pub(crate) fn repository_of(key: &Key) -> Option<&str> {
    let local = key.local();
    let repository = match key.scheme() {
        "repo" => local,
        "github" => local.split_once('#')?.0,
        "commit" | "tag" => local.split_once('@')?.0,
        "file" | "symbol" => {
            let owner = local.find('/')?;
            let name = local.get(owner + 1..)?.find('/')?;
            local.get(..owner + 1 + name)?
        }
        _other => return None,
    };
    is_repository(repository).then_some(repository)
}

/// Whether this is a project key as Jira makes them: 2 to 10 of `A-Z 0-9 _`, a letter first.
pub(crate) fn is_project(text: &str) -> bool {
    (2..=10).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && text.starts_with(|first: char| first.is_ascii_uppercase())
}

/// Whether this is `owner/name` as GitHub allows them.
pub(crate) fn is_repository(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(owner, name)| is_login(owner) && is_repository_name(name))
}

/// Whether this is the name of a repository.
pub(crate) fn is_repository_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=100).contains(&name.len()) && name.bytes().all(allowed) && name != "." && name != ".."
}

/// Whether this is a login: 1 to 39 letters, digits and hyphens, none at either end. Managed users have one underscore
/// before their company's short code.
pub(crate) fn is_login(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=39).contains(&name.len())
        && name.bytes().all(allowed)
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.ends_with(|last: char| last.is_ascii_alphanumeric())
}
