//! What the addresses of GitHub, Jira, Confluence and Slack name.

use domain::{Key, NodeKind};

use super::address::{Address, decode};
use super::directory::{Lookup, NO_SPACE, is_channel, is_login, is_project, is_repository_name, is_space};
use super::find::Named;

/// First segments of GitHub addresses that are no owners.
const NOT_OWNERS: [&str; 24] = [
    "about",
    "apps",
    "codespaces",
    "collections",
    "contact",
    "customer-stories",
    "enterprise",
    "events",
    "explore",
    "features",
    "issues",
    "login",
    "marketplace",
    "notifications",
    "orgs",
    "pricing",
    "pulls",
    "search",
    "security",
    "settings",
    "sponsors",
    "topics",
    "user-attachments",
    "users",
];

/// What the address names, best first; nothing when it is not known. `own` is the document's own repository, which is never looked up.
pub(crate) fn read(url: &str, own: Option<&str>) -> Vec<Named> {
    let Some(address) = Address::parse(url) else {
        return Vec::new();
    };
    if matches!(
        address.host.as_str(),
        "github.com" | "www.github.com" | "redirect.github.com"
    ) {
        return github(&address, own);
    }
    if let Some(workspace) = address.host.strip_suffix(".slack.com") {
        return slack(&address, workspace).into_iter().collect();
    }
    jira(&address).or_else(|| wiki(&address)).into_iter().collect()
}

/// The lookup for something in a repository, unless it is the document's own.
pub(crate) fn in_repository(own: Option<&str>, scheme: &'static str, repository: &str, rest: String) -> Option<Lookup> {
    let foreign = own.is_none_or(|own| !own.eq_ignore_ascii_case(repository));
    foreign.then(|| Lookup::in_repository(scheme, repository, rest))
}

fn github(address: &Address<'_>, own: Option<&str>) -> Vec<Named> {
    let [owner, name, rest @ ..] = &*address.segments else {
        return Vec::new();
    };
    let name = name.strip_suffix(".git").unwrap_or(name);
    if !is_login(owner) || !is_repository_name(name) || NOT_OWNERS.contains(owner) {
        return Vec::new();
    }
    let repository = format!("{owner}/{name}");
    match rest {
        ["issues" | "pull" | "discussions", number, ..] => item(address, &repository, number, own),
        ["commit" | "commits", sha, ..] if is_sha(sha) => {
            let key = Key::commit(&repository, sha);
            let lookup = in_repository(own, "commit", &repository, format!("@{}", sha.to_lowercase()));
            vec![
                Named::new("text.github_url", 0.99, NodeKind::Commit, key)
                    .certain()
                    .or(lookup),
            ]
        }
        ["blob" | "blame" | "raw", _ref, path @ ..] if !path.is_empty() => {
            file(&repository, path, own).into_iter().collect()
        }
        ["releases", "tag", tag] => {
            let Some(tag) = decode(tag) else { return Vec::new() };
            let lookup = in_repository(own, "tag", &repository, format!("@{tag}"));
            vec![
                Named::new("text.github_url", 0.95, NodeKind::Release, Key::tag(&repository, &tag))
                    .certain()
                    .or(lookup),
            ]
        }
        [] | ["tree", ..] => {
            let lookup = in_repository(own, "repo", &repository, String::new());
            vec![
                Named::new(
                    "text.github_url",
                    0.9,
                    NodeKind::Repository,
                    Key::repository(&repository),
                )
                .or(lookup),
            ]
        }
        _other => Vec::new(),
    }
}

/// An issue, pull request or discussion, and the comment or review that the fragment names. GitHub redirects `/issues/` to
/// whatever has the number, so only `/pull/` tells what it is.
fn item(address: &Address<'_>, repository: &str, number: &str, own: Option<&str>) -> Vec<Named> {
    let Some(number) = item_number(number) else {
        return Vec::new();
    };
    let pull = address.segments.get(2) == Some(&"pull");
    let lookup = in_repository(own, "github", repository, format!("#{number}"));
    let aim = if pull { NodeKind::PullRequest } else { NodeKind::Issue };
    let whole = Named::new("text.github_url", 0.99, aim, Key::github_item(repository, number)).or(lookup);
    let mut out = vec![if pull { whole.certain() } else { whole }];
    let part = |prefix: &str| address.fragment.strip_prefix(prefix).filter(|id| is_digits(id));
    let comment = ["issuecomment-", "discussion_r", "discussioncomment-"]
        .into_iter()
        .find_map(part);
    let named = match (comment, part("pullrequestreview-")) {
        (Some(id), _) => Some(("comment", id, NodeKind::Comment)),
        (None, Some(id)) => Some(("review", id, NodeKind::Review)),
        (None, None) => None,
    };
    if let Some((part, id, aim)) = named {
        let lookup = in_repository(own, "github", repository, format!("#{number}/{part}-{id}"));
        out.push(
            Named::new(
                "text.github_url",
                0.95,
                aim,
                Key::github_part(repository, number, part, id),
            )
            .or(lookup),
        );
    }
    out
}

/// A file. Its path follows the first segment after `blob`: where a branch's name has slashes, the rest of the name stays in the path.
fn file(repository: &str, path: &[&str], own: Option<&str>) -> Option<Named> {
    let path = path.iter().map(|segment| decode(segment)).collect::<Option<Vec<_>>>()?;
    if path
        .iter()
        .any(|segment| segment == "." || segment == ".." || segment.contains('/'))
    {
        return None;
    }
    let path = path.join("/");
    let lookup = in_repository(own, "file", repository, format!("/{path}"));
    Some(
        Named::new("text.github_url", 0.95, NodeKind::File, Key::file(repository, &path))
            .certain()
            .or(lookup),
    )
}

fn jira(address: &Address<'_>) -> Option<Named> {
    let selected = address.parameter("selectedIssue").and_then(|key| issue_key(key, true));
    let mut pairs = address.segments.windows(2);
    let (project, number) = selected.or_else(|| {
        pairs.find_map(|pair| match pair {
            ["browse", key] => issue_key(key, true),
            ["issues", key] => issue_key(key, false),
            _other => None,
        })
    })?;
    let literal = Key::jira_issue(&address.host, &format!("{project}-{number}"));
    let lookup = Lookup::issue(&project, number, Some(&address.host));
    Some(Named::new("text.jira_url", 0.98, NodeKind::Issue, literal).or(Some(lookup)))
}

/// The project and number of an issue key that is the whole of `text`.
pub(crate) fn issue_key(text: &str, any_case: bool) -> Option<(String, &str)> {
    let (project, number) = text.split_once('-')?;
    let project = if any_case {
        project.to_ascii_uppercase()
    } else {
        project.to_owned()
    };
    (is_project(&project) && is_number(number)).then_some((project, number))
}

fn wiki(address: &Address<'_>) -> Option<Named> {
    let (host, all) = (address.host.as_str(), &address.segments);
    let position = |word: &str| all.iter().position(|segment| *segment == word);
    let page = |space: &str, id: &str, sure: f32| {
        let lookup = Lookup::in_space(space, format!("/{id}"), host);
        Named::new("text.wiki_url", sure, NodeKind::Page, Key::wiki_page(host, space, id))
            .certain()
            .or(Some(lookup))
    };
    let whole = |space: &str, sure: f32| {
        let lookup = Lookup::in_space(space, String::new(), host);
        Named::new("text.wiki_url", sure, NodeKind::Space, Key::wiki_space(host, space)).or(Some(lookup))
    };
    if all.last() == Some(&"viewpage.action") {
        let id = address.parameter("pageId").filter(|id| is_digits(id));
        let title = || Some((address.parameter("spaceKey")?, words(address.parameter("title")?)?));
        return id
            .map(|id| page(NO_SPACE, id, 0.9))
            .or_else(|| title().map(|(space, title)| page(space, &title, 0.8)));
    }
    if let Some(at) = position("spaces") {
        let (space, rest) = address
            .tail(at + 1)
            .split_first()
            .filter(|(space, _)| is_space(space))?;
        return match rest {
            ["pages", id, ..] if is_digits(id) => Some(page(space, id, 0.98)),
            ["pages", _edit, id, ..] if is_digits(id) => Some(page(space, id, 0.95)),
            ["blog", year, month, day, id, ..] if [year, month, day, id].iter().all(|part| is_digits(part)) => {
                Some(page(space, id, 0.98))
            }
            [] | ["overview"] => Some(whole(space, 0.9)),
            _other => None,
        };
    }
    if let Some(at) = position("display") {
        let (space, rest) = address
            .tail(at + 1)
            .split_first()
            .filter(|(space, _)| is_space(space))?;
        return match rest {
            [year, month, day, title, ..] if [year, month, day].iter().all(|part| is_digits(part)) => {
                Some(page(space, &words(title)?, 0.8))
            }
            [title, ..] => Some(page(space, &words(title)?, 0.8)),
            [] => Some(whole(space, 0.7)),
        };
    }
    match address.tail(position("wiki")?) {
        [_wiki, "x", tiny, ..] => Some(page(NO_SPACE, &tiny_id(tiny)?.to_string(), 0.7)),
        _other => None,
    }
}

/// A title as an address writes it: `+` or `%20` for a space.
fn words(segment: &str) -> Option<String> {
    decode(&segment.replace('+', " ")).filter(|title| !title.is_empty())
}

/// The page id in a short address: its little-endian bytes in base64, `-` for `/` and `_` for `+`, trailing `A`s cut off.
/// Atlassian does not document this form; it follows what its community describes.
fn tiny_id(tiny: &str) -> Option<u64> {
    if tiny.is_empty() || tiny.len() > 11 {
        return None;
    }
    tiny.bytes().enumerate().try_fold(0_u64, |id, (place, byte)| {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'_' | b'+' => 62,
            b'-' | b'/' => 63,
            _other => return None,
        };
        (0..6)
            .filter(|bit| sextet >> (5 - bit) & 1 == 1)
            .try_fold(id, |id, bit| {
                let place = place * 6 + bit;
                let shift = u32::try_from(place / 8 * 8 + 7 - place % 8).ok()?;
                Some(id | 1_u64.checked_shl(shift)?)
            })
    })
}

/// A permalink: `/archives/C…/p<ts without its dot>`, the dot standing before the last six digits. A reply's link names its
/// thread in `thread_ts`, and the channel in `cid`. The team's id is not in it: the literal key has the workspace instead, and the
/// channel's document, which has such an address too, leads to the team.
fn slack(address: &Address<'_>, workspace: &str) -> Option<Named> {
    let ["archives", channel, rest @ ..] = &*address.segments else {
        return None;
    };
    let channel = address.parameter("cid").filter(|id| is_channel(id)).unwrap_or(channel);
    let named = |aim, rest: String| {
        let literal = Key::from_raw(&format!("slack:{workspace}/{channel}{rest}"));
        let lookup = Lookup {
            name: format!("slack:{workspace}/{channel}"),
            scheme: "slack",
            rest,
            host: None,
        };
        Named::new("text.slack_url", 0.98, aim, literal)
            .certain()
            .or(Some(lookup))
    };
    if !is_channel(channel) {
        return None;
    }
    let Some(message) = rest.first() else {
        return Some(named(NodeKind::Channel, String::new()));
    };
    let thread = address.parameter("thread_ts").and_then(|ts| ts.split_once('.'));
    let thread = thread.filter(|(seconds, micros)| is_digits(seconds) && is_digits(micros));
    let (seconds, micros) = thread.or_else(|| {
        let digits = message
            .strip_prefix('p')
            .filter(|digits| is_digits(digits) && digits.len() > 6)?;
        digits.split_at_checked(digits.len() - 6)
    })?;
    Some(named(NodeKind::Thread, format!("/{seconds}.{micros}")))
}

/// Up to 20 digits.
fn is_digits(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number of at most 10 digits that begins with none of its zeros.
pub(crate) fn is_number(text: &str) -> bool {
    is_digits(text) && text.len() <= 10 && !text.starts_with('0')
}

/// The number of an issue or pull request.
pub(crate) fn item_number(text: &str) -> Option<u64> {
    is_number(text).then(|| text.parse().ok()).flatten()
}

/// A whole SHA-1: 40 hex digits. Shorter ones name a commit only to whoever has the repository.
pub(crate) fn is_sha(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
