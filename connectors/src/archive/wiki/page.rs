//! One Markdown page: its title, who made it and when, what it links to, and its text without the export's furniture.

use domain::{AccessId, Account, Body, Change, DocumentKind, EdgeKind, Key, Markup, Timestamp};

use crate::archive::draft::Draft;
use crate::archive::json::one_line;
use crate::archive::tree::Tree;
use crate::archive::wiki::Wiki;

/// Links to other pages that are kept.
const LINKS: usize = 1000;

/// The changes that a page makes.
pub(super) fn convert(wiki: &Wiki, tree: &Tree, path: &str, text: &str) -> Vec<Change> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let page = read(text);
    let stem = path.rsplit('/').next().unwrap_or(path);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let mut changes = Vec::new();
    let account = |name: &str| Account {
        id: Key::account("wiki", &format!("{}/{}", wiki.site.to_lowercase(), one_line(name, 200))),
        source: wiki.source.clone(),
        login: None,
        names: vec![one_line(name, 200)],
        emails: Vec::new(),
    };
    let author = page.author.map(account);
    changes.extend(author.clone().map(Change::Account));
    let key = wiki.page_key(path);
    let id = key.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let mut draft = Draft::new(&wiki.source, DocumentKind::Page, key, AccessId::common(&wiki.source))
        .title(if page.title.is_empty() { stem } else { &page.title })
        .aliases([path.to_owned()].into_iter().chain((id != path).then_some(id)))
        .body(Body {
            markup: Markup::Markdown,
            text: page.body,
        })
        .times(page.created, page.updated)
        .part_of(wiki.space_key(), "wiki.space")
        .author(author.map(|account| account.id), "wiki.author");
    if let Some(number) = wiki.page_number(path) {
        draft = draft.link(EdgeKind::SameAs, number, "wiki.page_id");
    }
    if let Some(parent) = page.parent.and_then(|link| target(tree, path, link)) {
        draft = draft.link(EdgeKind::PartOf, wiki.page_key(&parent), "wiki.parent");
    }
    for found in links(text).filter_map(|link| target(tree, path, link)).take(LINKS) {
        draft = draft.link(EdgeKind::LinksTo, wiki.page_key(&found), "wiki.link");
    }
    changes.push(draft.upsert());
    changes
}

/// The parts of a page.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page<'t> {
    title: String,
    body: String,
    author: Option<&'t str>,
    created: Option<Timestamp>,
    updated: Option<Timestamp>,
    /// The page above, as the breadcrumbs link it.
    parent: Option<&'t str>,
}

/// Read a page. One from a Confluence export begins with breadcrumbs (`1. [Space](index.html)`), has the space in its title
/// (`# Space : Title`), says who created it, and ends with a line about the export: none of that is its text.
fn read(text: &str) -> Page<'_> {
    let Some((before, heading, after)) = split_at_heading(text) else {
        return Page {
            body: text.to_owned(),
            ..Page::default()
        };
    };
    let crumbs: Vec<&str> = before.lines().filter(|line| !line.trim().is_empty()).collect();
    let breadcrumbs = !crumbs.is_empty() && crumbs.iter().all(|line| is_crumb(line));
    let made = after
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .and_then(created_by);
    let title = clean(heading);
    if !breadcrumbs && made.is_none() {
        return Page {
            title,
            body: text.to_owned(),
            ..Page::default()
        };
    }
    let space = crumbs
        .first()
        .and_then(|line| line.split_once('['))
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(name, _)| name);
    let short = match space {
        Some(space) => title.strip_prefix(space).and_then(|rest| rest.strip_prefix(" : ")),
        None => title.split_once(" : ").map(|(_, rest)| rest),
    };
    let (author, created, updated) = made.unwrap_or_default();
    let body = without_furniture(after, made.is_some());
    let parent = crumbs
        .last()
        .filter(|_| breadcrumbs)
        .and_then(|line| links(line).next());
    Page {
        title: short.map_or_else(|| title.clone(), str::to_owned),
        body,
        author,
        created,
        updated,
        parent,
    }
}

/// The text before the first heading outside of fenced code, the heading, and the text after it.
fn split_at_heading(text: &str) -> Option<(&str, &str, &str)> {
    let mut fenced = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
        }
        let heading = trimmed.trim_start_matches('#');
        if !fenced && heading.len() < trimmed.len() && heading.starts_with(' ') {
            return Some((text.get(..start)?, heading.trim(), text.get(start + line.len()..)?));
        }
        start += line.len();
    }
    None
}

fn is_crumb(line: &str) -> bool {
    let line = line.trim();
    let rest = line.trim_start_matches(|character: char| character.is_ascii_digit());
    rest.len() < line.len() && rest.starts_with(". [") && rest.ends_with(')')
}

/// A heading without images, links' targets and escapes.
fn clean(heading: &str) -> String {
    let mut rest = heading.trim_end_matches('#');
    let mut out = String::new();
    while let Some((before, label, after)) = next_link(rest) {
        let image = before.ends_with('!');
        out.push_str(before.strip_suffix('!').unwrap_or(before));
        out.push_str(if image { "" } else { label });
        rest = after;
    }
    out.push_str(rest);
    one_line(&out.replace(['\\', '`'], ""), 500)
}

/// The text before a link, its label, and the text after it.
fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    let (head, tail) = text.split_once("](")?;
    let (before, label) = head.rsplit_once('[')?;
    Some((before, label, tail.split_once(')')?.1))
}

/// Who made a page and when: `Created by A on May 27, 2024`, `Created by A, last modified by B on Jul 10, 2019`.
fn created_by(line: &str) -> Option<(Option<&str>, Option<Timestamp>, Option<Timestamp>)> {
    let rest = line.strip_prefix("Created by ")?;
    let (who, modified) = rest
        .split_once(", last modified")
        .map_or((rest, None), |(who, rest)| (who, Some(rest)));
    let day = |text: &str| text.rsplit_once("on ").and_then(|(_, day)| date(day));
    let Some(modified) = modified else {
        let (name, on) = who.rsplit_once(" on ").unwrap_or((who, ""));
        return Some((Some(name.trim()).filter(|name| !name.is_empty()), date(on), date(on)));
    };
    Some((Some(who.trim()).filter(|name| !name.is_empty()), None, day(modified)))
}

/// A date as Confluence prints it: `Jul 10, 2019`.
fn date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let mut words = text.split([' ', ',']).filter(|word| !word.is_empty());
    let (month, day, year) = (words.next()?.to_lowercase(), words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| month.starts_with(name))? + 1;
    Timestamp::parse(&format!("{year}-{month:02}-{:02}", day.parse::<u8>().ok()?)).ok()
}

/// The text after the heading without the line about the author and the export's last lines.
fn without_furniture(after: &str, made: bool) -> String {
    let mut lines: Vec<&str> = after.lines().collect();
    if made && let Some(at) = lines.iter().position(|line| !line.trim().is_empty()) {
        lines.drain(..=at);
    }
    let footer = |line: &&str| line.starts_with("Document generated by Confluence on ");
    if let Some(at) = lines.iter().rposition(footer).filter(|at| lines.len() - at <= 4) {
        lines.truncate(at);
    }
    lines.join("\n").trim().to_owned()
}

/// The targets of a text's inline links, outside of fenced code.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines()
        .filter(move |line| {
            let fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
            fenced ^= fence;
            !fenced && !fence
        })
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target.trim()))
        .map(|target| match target.strip_prefix('<') {
            Some(bracketed) => bracketed.split('>').next().unwrap_or_default(),
            None => target.split([' ', '\t']).next().unwrap_or_default(),
        })
}

/// The page that a link leads to from the page at `from`, if it is there.
fn target(tree: &Tree, from: &str, link: &str) -> Option<String> {
    let link = link
        .split(['#', '?'])
        .next()
        .filter(|link| !link.is_empty() && !link.contains(':') && !link.starts_with('/'))?;
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    let decoded = decode(link)?;
    for part in decoded.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    let stem = path
        .strip_suffix(".html")
        .or_else(|| path.strip_suffix(".md"))
        .unwrap_or(&path);
    [format!("{stem}.md"), format!("{stem}.markdown")]
        .into_iter()
        .find(|path| tree.entry(path).is_some())
}

/// Percent-decoding; `None` for what is not UTF-8 then.
fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(byte) = bytes.get(index) {
        let hex = bytes
            .get(index + 1..index + 3)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex
            .and_then(|hex| u8::from_str_radix(hex, 16).ok())
            .filter(|_| *byte == b'%');
        out.push(escaped.unwrap_or(*byte));
        index += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use proptest::prelude::*;

    use super::{clean, created_by, decode, links, read};

    const EXPORTED: &str = "1. [Besu](index.html)\n2. [Tools](Tools_22154289.html)\n\n# ![](x.gif) Besu : Code : coverage\n\n\
        Created by Ada L, last modified by Bob on Oct 03, 2024\n\nWe use [it](Other_1.html).\n\nDocument generated by Confluence on Nov 26, 2024\n\n[Atlassian](http://x)\n";

    #[test]
    fn an_exported_page_is_freed_of_its_furniture() {
        let page = read(EXPORTED);
        assert_eq!(
            (page.title.as_str(), page.body.as_str()),
            ("Code : coverage", "We use [it](Other_1.html).")
        );
        assert_eq!((page.author, page.parent), (Some("Ada L"), Some("Tools_22154289.html")));
        assert_eq!(
            (page.created, page.updated),
            (None, Some(Timestamp::parse("2024-10-03").unwrap()))
        );
    }

    #[test]
    fn a_plain_page_keeps_all_of_its_text() {
        let text = "Intro\n```\n# no heading\n```\n## The `title` [here](x.md) #\nCreated later\n";
        let page = read(text);
        assert_eq!((page.title.as_str(), page.body.as_str()), ("The title here", text));
        assert_eq!((page.author, page.updated), (None, None));
    }

    #[test]
    fn authors_and_dates() {
        let may = Timestamp::parse("2024-05-27").ok();
        assert_eq!(
            created_by("Created by Ada on May 27, 2024  "),
            Some((Some("Ada"), may, may))
        );
        assert_eq!(
            created_by("Created by Ada, last modified on May 27, 2024"),
            Some((Some("Ada"), None, may))
        );
        assert_eq!(
            created_by("Created by Ada on some day"),
            Some((Some("Ada"), None, None))
        );
        assert_eq!(created_by("Made by Ada"), None);
    }

    #[test]
    fn links_are_found_outside_of_code() {
        let text = "[a](b.md) ![i](p.png \"t\")\n```\n[x](y.md)\n```\n[c](<d e.md>)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["b.md", "p.png", "d e.md"]);
        assert_eq!(decode("a%20b%2").as_deref(), Some("a b%2"));
        assert_eq!(clean("![](a) Space : Title [x](y)"), "Space : Title x");
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\PC|[#\\n`\\[\\](!. ]){0,200}") {
            let page = read(&text);
            prop_assert!(page.body.len() <= text.len());
            prop_assert!(links(&text).count() <= text.len());
        }
    }
}
