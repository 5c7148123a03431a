//! One pass over a text: segments in order, and in each the bytes at which a name can begin or turn.

use domain::{DocumentKind, Key, NodeKind};

use super::bare::{Around, closing_keyword};
use super::find::{Find, Finds, Named, Relation};
use super::segments::{Region, Regions, Segment, comments};
use super::{Context, Text, commit, sites};

/// A find that is known before the pass, and its place in the order.
type Known<'a> = (usize, Find<'a>);

/// All names in a text, in its order. Linear in the text: every look to the left or right of a byte is bounded.
pub(crate) fn scan<'a>(text: &Text<'a>, context: &Context) -> Vec<Find<'a>> {
    let mut regions = Regions::new(text.text);
    let mut known = Vec::new();
    silence(text, &mut regions);
    known.extend(links(text, context, &mut regions));
    known.extend(mentions(text, context, &mut regions));
    let title = text.text.find('\n').unwrap_or(text.text.len());
    if context.kind == DocumentKind::PullRequest {
        regions.push(0, title, Region::Title);
    }
    if context.kind == DocumentKind::Commit {
        let finds = commit::read(text.text, context.repository.as_deref(), &mut regions);
        known.extend(finds.into_iter().map(|find| (find.start.unwrap_or_default(), find)));
    }
    known.sort_by_key(|(place, _)| *place);
    let mut scanner = Scanner {
        text: text.text,
        context,
        finds: Finds::default(),
        floor: 0,
    };
    let mut known = known.into_iter().peekable();
    for segment in regions.into_segments() {
        while let Some((_, find)) = known.next_if(|(place, _)| *place < segment.end) {
            scanner.known(find);
        }
        scanner.segment(segment);
        if scanner.finds.full() {
            break;
        }
    }
    known.for_each(|(_, find)| scanner.known(find));
    scanner.finds.into_vec()
}

/// Code and comments say nothing.
fn silence(text: &Text<'_>, regions: &mut Regions<'_>) {
    for (start, end) in text.code_spans.iter().filter_map(|span| range(*span)) {
        regions.push(start, end, Region::Silent);
    }
    for (start, end) in comments(text.text) {
        regions.push(start, end, Region::Silent);
    }
}

fn range((start, end): (u32, u32)) -> Option<(usize, usize)> {
    Some((usize::try_from(start).ok()?, usize::try_from(end).ok()?))
}

/// The words of a span with their start; the fallback, without one, where the span is empty or no part of the text.
fn words<'a>(text: &Text<'a>, span: (u32, u32), fallback: &'a str) -> (Option<usize>, &'a str) {
    let found = range(span).and_then(|(start, end)| Some((start, text.text.get(start..end)?)));
    found
        .filter(|(_, words)| !words.is_empty())
        .map_or((None, fallback), |(start, words)| (Some(start), words))
}

/// What links lead to. The words of a link that was understood are not read again.
fn links<'a>(text: &Text<'a>, context: &Context, regions: &mut Regions<'a>) -> Vec<Known<'a>> {
    let mut out = Vec::new();
    for (url, start, end) in text.links {
        let named = sites::read(url, context.repository.as_deref());
        let (place, words) = words(text, (*start, *end), url);
        if let Some(place) = place {
            let region = if named.is_empty() {
                Region::LinkText
            } else {
                Region::Silent
            };
            regions.push(place, place + words.len(), region);
        }
        let order = place.or(usize::try_from(*start).ok()).unwrap_or_default();
        out.extend(named.into_iter().map(|named| {
            (
                order,
                Find {
                    start: place,
                    words,
                    address: Some(url),
                    relation: Relation::Named,
                    named,
                },
            )
        }));
    }
    out
}

/// Whom the markup mentions. A Slack id tells by its first letter whether it is a channel or a group.
fn mentions<'a>(text: &Text<'a>, context: &Context, regions: &mut Regions<'a>) -> Vec<Known<'a>> {
    let Some(accounts) = context.accounts.as_deref() else {
        return Vec::new();
    };
    let team = accounts.strip_prefix("slack/");
    let mut out = Vec::new();
    for (id, start, end) in text.mentions {
        let (aim, key) = match (team, id.as_bytes().first()) {
            (_, None) => continue,
            _whole if id.starts_with("account:") => (NodeKind::Person, Key::from_raw(id)),
            (Some(team), Some(b'C' | b'G' | b'D')) => (NodeKind::Channel, Key::slack_channel(team, id)),
            (Some(_), Some(b'S')) => (NodeKind::Team, Key::account(accounts, id)),
            (Some(_) | None, Some(_)) => (NodeKind::Person, Key::account(accounts, id)),
        };
        let (place, words) = words(text, (*start, *end), id);
        if let Some(place) = place {
            regions.push(place, place + words.len(), Region::Silent);
        }
        let named = Named::new("text.mention", 0.99, aim, key).certain();
        let order = place.or(usize::try_from(*start).ok()).unwrap_or_default();
        out.push((
            order,
            Find {
                start: place,
                words,
                address: None,
                relation: Relation::Named,
                named,
            },
        ));
    }
    out
}

struct Scanner<'a, 'c> {
    text: &'a str,
    context: &'c Context,
    finds: Finds<'a>,
    /// Where the last silent segment or address ended: nothing reaches back beyond it.
    floor: usize,
}

impl<'a> Scanner<'a, '_> {
    /// Take a find that was known before, with a closing keyword if one stands before it.
    fn known(&mut self, find: Find<'a>) {
        match (find.start, find.relation) {
            (Some(start), Relation::Named) => self.push((start, start + find.words.len()), find.address, find.named),
            (Some(_) | None, Relation::Named | Relation::Closing | Relation::Merging) => self.finds.push(find),
        }
    }

    /// Add what was found between two places of the text, with a closing keyword if one stands before an item.
    fn push(&mut self, (start, end): (usize, usize), address: Option<&'a str>, named: Named) {
        let item = matches!(
            named.aim,
            NodeKind::Issue | NodeKind::PullRequest | NodeKind::Discussion
        );
        let github = named.literal.as_ref().is_some_and(|key| key.scheme() == "github");
        let keyword = (item && github)
            .then(|| closing_keyword(self.text, start, self.floor))
            .flatten();
        let (start, relation, named) = match keyword {
            Some(at) => (
                at,
                Relation::Closing,
                Named {
                    rule: "text.closing_keyword",
                    ..named
                },
            ),
            None => (start, Relation::Named, named),
        };
        if let Some(words) = self.text.get(start..end) {
            self.finds.push(Find {
                start: Some(start),
                words,
                address,
                relation,
                named,
            });
        }
    }

    fn segment(&mut self, segment: Segment) {
        if segment.region == Some(Region::Silent) {
            self.floor = segment.end;
            return;
        }
        let mut at = segment.start;
        while at < segment.end && !self.finds.full() {
            at = self.step(at, segment).max(at + 1);
        }
    }

    /// Read what turns at byte `at`, and say where to go on.
    fn step(&mut self, at: usize, segment: Segment) -> usize {
        let around = Around {
            text: self.text,
            at,
            floor: self.floor,
            end: segment.end,
        };
        let in_file = self.context.kind == DocumentKind::File;
        let bare = segment.region != Some(Region::Branch) && !in_file;
        let own = self.context.repository.as_deref();
        let found = match around.byte() {
            b'-' => {
                if let Some((start, end, named)) = around.gh_number(own.filter(|_| bare)) {
                    self.push((start, end), None, named);
                }
                around.issue(segment.region)
            }
            b':' if segment.region != Some(Region::Branch) => return self.address(&around),
            b'#' if bare => around.number(own, segment.region != Some(Region::LinkText)),
            b'@' if bare => {
                let mentions =
                    self.context.accounts.as_deref() == Some("github") && segment.region != Some(Region::LinkText);
                around
                    .sha_after_at(own)
                    .or_else(|| mentions.then(|| around.mention(own)).flatten())
            }
            byte if bare && byte.is_ascii_hexdigit() => return self.sha(&around, own),
            _other => None,
        };
        match found {
            Some((start, end, named)) => {
                self.push((start, end), None, named);
                end
            }
            None => at + 1,
        }
    }

    fn sha(&mut self, around: &Around<'a>, own: Option<&str>) -> usize {
        let (end, found) = around.sha(own);
        if let Some(named) = found {
            self.push((around.at, end), None, named);
        }
        end
    }

    /// An address written out. None of its parts is read again.
    fn address(&mut self, around: &Around<'a>) -> usize {
        let (span, next) = around.address();
        let Some((start, end)) = span else { return next };
        let url = self.text.get(start..end).unwrap_or_default();
        for named in sites::read(url, self.context.repository.as_deref()) {
            self.push((start, end), None, named);
        }
        self.floor = end;
        next
    }
}
