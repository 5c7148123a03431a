//! Names without an address: `#12`, `acme/api#12`, `GH-12`, `PAY-12`, `acme/api@sha`, `@login`. Each is recognised around the one
//! byte that every name of its kind has, by bounded looks to both sides (`regex` has no look-around).

use domain::{Key, NodeKind};

use super::directory::{Lookup, is_login, is_project, is_repository};
use super::find::Named;
use super::segments::Region;
use super::sites::{in_repository, is_number, is_sha, item_number};

/// The longest `owner/name`.
const MAX_SLUG: usize = 140;
/// The longest address.
const MAX_ADDRESS: usize = 2_048;
/// Words that close an issue from a commit message or a pull request.
const CLOSING: [&str; 9] = [
    "close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved",
];

/// A find with its span.
type Spanned = (usize, usize, Named);

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    /// The text.
    pub(crate) text: &'a str,
    /// The place.
    pub(crate) at: usize,
    /// No name begins before.
    pub(crate) floor: usize,
    /// No name ends after.
    pub(crate) end: usize,
}

impl<'a> Around<'a> {
    /// The byte at the place.
    pub(crate) fn byte(&self) -> u8 {
        self.get(self.at)
    }

    /// The byte at `at`; a space outside the text.
    fn get(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(b' ')
    }

    /// The byte before `at`; a space at the start of the text.
    fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(b' ', |at| self.get(at))
    }

    /// Where the run of such bytes begins that ends at the place, looking at most `limit` bytes back.
    fn back(&self, limit: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let mut at = self.at;
        while at > 0 && self.at - at < limit && wanted(self.get(at - 1)) {
            at -= 1;
        }
        at
    }

    /// Where the run of such bytes ends that begins at `from`, looking at most `limit` bytes on.
    fn on(&self, from: usize, limit: usize, mut wanted: impl FnMut(u8) -> bool) -> usize {
        let mut at = from;
        while at < self.text.len() && at - from < limit && wanted(self.get(at)) {
            at += 1;
        }
        at
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The find, if it lies where names may lie.
    fn within(&self, start: usize, end: usize, named: Named) -> Option<Spanned> {
        (start >= self.floor && end <= self.end).then_some((start, end, named))
    }

    /// `#12` of the document's own repository (where `plain` numbers are read), or `owner/name#12`.
    pub(crate) fn number(&self, own: Option<&str>, plain: bool) -> Option<Spanned> {
        let end = self.on(self.at + 1, 11, |byte| byte.is_ascii_digit());
        let number = item_number(self.slice(self.at + 1, end))?;
        let (next, after) = (self.get(end), self.get(end + 1));
        if is_word(next) || (next == b'.' && after.is_ascii_digit()) {
            return None;
        }
        let previous = self.before(self.at);
        if is_slug(previous) {
            let start = self.back(MAX_SLUG + 1, is_slug);
            let repository = self.slug(start)?;
            let key = Key::github_item(repository, number);
            let lookup = in_repository(own, "github", repository, format!("#{number}"));
            return self.within(
                start,
                end,
                Named::new("text.github_name", 0.9, NodeKind::Issue, key).or(lookup),
            );
        }
        let length = end - self.at - 1;
        let colour = matches!((previous, length), (b':' | b'=', 3 | 6 | 8) | (b'"' | b'\'', 6));
        let entity = previous == b'&';
        if !plain || colour || entity || matches!(previous, b'#' | b'@') {
            return None;
        }
        self.within(
            self.at,
            end,
            Named::new(
                "text.github_number",
                0.9,
                NodeKind::Issue,
                Key::github_item(own?, number),
            ),
        )
    }

    /// The `owner/name` that begins at `start` and ends at the place, if nothing before it makes it a part of something else.
    fn slug(&self, start: usize) -> Option<&'a str> {
        let alone = !matches!(
            self.before(start),
            b'@' | b':' | b'~' | b'+' | b'%' | b'#' | b'=' | b'&' | b'\\'
        );
        let slug = self.slice(start, self.at);
        (alone && is_repository(slug)).then_some(slug)
    }

    /// `GH-12`, another way to write `#12`.
    pub(crate) fn gh_number(&self, own: Option<&str>) -> Option<Spanned> {
        let start = self
            .at
            .checked_sub(2)
            .filter(|start| self.slice(*start, self.at).eq_ignore_ascii_case("gh"))?;
        let end = self.on(self.at + 1, 11, |byte| byte.is_ascii_digit());
        let number = item_number(self.slice(self.at + 1, end))?;
        if joins(self.before(start)) || is_word(self.get(end)) || self.get(end) == b'-' {
            return None;
        }
        self.within(
            start,
            end,
            Named::new(
                "text.github_number",
                0.85,
                NodeKind::Issue,
                Key::github_item(own?, number),
            ),
        )
    }

    /// An issue key whose hyphen is here. In plain text as `(?<![A-Za-z0-9_/-])[A-Z][A-Z0-9_]{1,9}-[1-9]\d*(?![\w-])`; in a
    /// title the project's letters may be of any case; in a branch's name slashes, hyphens and underscores are bounds too.
    pub(crate) fn issue(&self, region: Option<Region>) -> Option<Spanned> {
        let end = self.on(self.at + 1, 11, |byte| byte.is_ascii_digit());
        let number = self.slice(self.at + 1, end);
        let branch = region == Some(Region::Branch);
        let next = self.get(end);
        let open = if branch {
            next.is_ascii_alphanumeric()
        } else {
            is_word(next) || next == b'-'
        };
        if !is_number(number) || open {
            return None;
        }
        let any_case = branch || region == Some(Region::Title);
        let in_key = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || (byte == b'_' && !branch);
        let start = self.back(11, |byte| {
            in_key(if any_case { byte.to_ascii_uppercase() } else { byte })
        });
        let previous = self.before(start);
        if if branch {
            previous.is_ascii_alphanumeric()
        } else {
            joins(previous)
        } {
            return None;
        }
        let project = self.slice(start, self.at).to_ascii_uppercase();
        if !is_project(&project) {
            return None;
        }
        let (rule, confidence) = if branch {
            ("git.branch_name", 0.9)
        } else {
            ("text.jira_key", 0.95)
        };
        let lookup = Some(Lookup::issue(&project, number, None));
        self.within(
            start,
            end,
            Named {
                rule,
                confidence,
                aim: NodeKind::Issue,
                certain: false,
                literal: None,
                lookup,
            },
        )
    }

    /// A whole SHA that begins here, as a commit of the document's own repository; and where to read on.
    pub(crate) fn sha(&self, own: Option<&str>) -> (usize, Option<Named>) {
        if is_word(self.before(self.at)) {
            return (self.at + 1, None);
        }
        let end = self.on(self.at, 41, |byte| byte.is_ascii_hexdigit());
        let sha = self.slice(self.at, end);
        let mixed = sha.bytes().any(|byte| byte.is_ascii_digit()) && sha.bytes().any(|byte| byte.is_ascii_alphabetic());
        let bounds = [self.before(self.at), self.get(end)];
        let alone = !is_word(self.get(end))
            && !bounds
                .iter()
                .any(|byte| matches!(byte, b'-' | b'#' | b'/' | b':' | b'@' | b'='));
        let Some(own) = own.filter(|_| is_sha(sha) && mixed && alone && end <= self.end) else {
            return (end.min(self.end), None);
        };
        (
            end,
            Some(Named::new(
                "text.commit_sha",
                0.8,
                NodeKind::Commit,
                Key::commit(own, sha),
            )),
        )
    }

    /// `owner/name@sha`, or `owner@sha` for a fork of the document's own repository.
    pub(crate) fn sha_after_at(&self, own: Option<&str>) -> Option<Spanned> {
        let end = self.on(self.at + 1, 41, |byte| byte.is_ascii_hexdigit());
        let sha = self.slice(self.at + 1, end);
        if !is_sha(sha) || is_word(self.get(end)) {
            return None;
        }
        let start = self.back(MAX_SLUG + 1, is_slug);
        let fork = || {
            let owner = Some(self.slice(start, self.at)).filter(|owner| is_login(owner))?;
            Some(format!("{owner}/{}", own?.split_once('/')?.1))
        };
        let repository = self.slug(start).map(str::to_owned).or_else(fork)?;
        let lookup = in_repository(own, "commit", &repository, format!("@{}", sha.to_ascii_lowercase()));
        let key = Key::commit(&repository, sha);
        self.within(
            start,
            end,
            Named::new("text.commit_sha", 0.95, NodeKind::Commit, key)
                .certain()
                .or(lookup),
        )
    }

    /// `@login`, or `@org/team` where the organisation owns the document's repository, as teams can be mentioned nowhere else
    /// (and packages, `@babel/core`, look the same). Logins are lower-cased: GitHub compares them without case.
    pub(crate) fn mention(&self, own: Option<&str>) -> Option<Spanned> {
        let previous = self.before(self.at);
        if is_word(previous) || matches!(previous, b'@' | b'.' | b'/' | b'+' | b'-' | b'`' | b'=' | b'%') {
            return None;
        }
        let end = self.on(self.at + 1, 40, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let login = self.slice(self.at + 1, end);
        if !is_login(login) {
            return None;
        }
        let (next, after) = (self.get(end), self.get(end + 1));
        if next == b'/' && is_word(after) {
            return self.team(end, login, own);
        }
        let domain = matches!(next, b'.' | b':') && is_word(after);
        if is_word(next) || matches!(next, b'@' | b'(' | b'/') || domain {
            return None;
        }
        let key = Key::account("github", &login.to_lowercase());
        self.within(self.at, end, Named::new("text.mention", 0.7, NodeKind::Person, key))
    }

    fn team(&self, slash: usize, organisation: &str, own: Option<&str>) -> Option<Spanned> {
        let (owner, _) = own?.split_once('/')?;
        let end = self.on(slash + 1, 100, |byte| is_word(byte) || byte == b'-');
        let team = self.slice(slash + 1, end).trim_end_matches('-');
        if !owner.eq_ignore_ascii_case(organisation) || team.is_empty() {
            return None;
        }
        let end = slash + 1 + team.len();
        let key = Key::account("github", &format!("{organisation}/{team}").to_lowercase());
        self.within(self.at, end, Named::new("text.mention", 0.7, NodeKind::Team, key))
    }

    /// The span of the address whose `://` is here, and where to read on. What a sentence or a bracket puts after an address
    /// does not belong to it; one that is too long is passed over.
    pub(crate) fn address(&self) -> (Option<(usize, usize)>, usize) {
        let on = self.at + 1;
        if self.slice(self.at, self.at + 3) != "://" {
            return (None, on);
        }
        let start = self.back(6, |byte| byte.is_ascii_alphabetic());
        let scheme = self.slice(start, self.at);
        if !(scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")) || start < self.floor {
            return (None, on);
        }
        let ends = |byte: u8| byte.is_ascii_whitespace() || byte.is_ascii_control() || b"<>\"|^`{}\\[]".contains(&byte);
        let mut open = 0_usize;
        let mut closes = |byte: u8| {
            open += usize::from(byte == b'(');
            let surplus = byte == b')' && open == 0;
            open -= usize::from(byte == b')' && !surplus);
            surplus
        };
        let end = self
            .on(self.at + 3, MAX_ADDRESS, |byte| !ends(byte) && !closes(byte))
            .min(self.end);
        if end >= self.at + 3 + MAX_ADDRESS {
            return (None, end);
        }
        let end = start + trimmed(self.slice(start, end));
        (Some((start, end)), end.max(on))
    }
}

/// The length of an address without what other scripts put after it and without the punctuation that ends a sentence.
fn trimmed(url: &str) -> usize {
    let foreign = |c: char| c.is_whitespace() || "，。、；：！？）】」』》”’»…".contains(c);
    let url = url.split(foreign).next().unwrap_or_default();
    url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*', '_', '~'])
        .len()
}

/// Where the closing keyword begins that stands before `start`, with white space and perhaps a colon between.
pub(crate) fn closing_keyword(text: &str, start: usize, floor: usize) -> Option<usize> {
    let around = |at| Around {
        text,
        at,
        floor,
        end: text.len(),
    };
    let space = |byte: u8| byte.is_ascii_whitespace();
    let mut end = around(start).back(8, space);
    if end == start {
        return None;
    }
    if around(end).before(end) == b':' {
        end = around(end - 1).back(8, space);
    }
    let from = around(end).back(9, |byte| byte.is_ascii_alphabetic());
    let word = text.get(from..end)?;
    let alone = !joins(around(from).before(from));
    (from >= floor && alone && CLOSING.iter().any(|one| one.eq_ignore_ascii_case(word))).then_some(from)
}

/// ASCII letters, digits and the underscore: text in other scripts may touch a name.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What may not stand before an issue key.
fn joins(byte: u8) -> bool {
    is_word(byte) || byte == b'-' || byte == b'/'
}

/// What `owner/name` is made of.
fn is_slug(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'-' | b'.' | b'/')
}
