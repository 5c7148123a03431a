//! Jira wiki markup within a line: effects, monospace, links, images, escapes.

use super::super::emphasis::{Emphasis, Next};
use super::super::writer::Writer;

/// Links and images longer than this are text.
const MAX_LINK: usize = 2048;

/// A tag in braces: `{name}`, `{name:parameters}`.
pub(super) struct Macro<'a> {
    pub(super) name: &'a str,
    pub(super) parameters: &'a str,
    /// Its length, braces included.
    pub(super) length: usize,
}

impl<'a> Macro<'a> {
    /// The value of `name=value` among the parameters, empty where there is none.
    pub(super) fn parameter(&self, name: &str) -> &'a str {
        let mut pairs = self.parameters.split('|').filter_map(|it| it.split_once('='));
        pairs
            .find(|(key, _)| key.trim() == name)
            .map_or("", |(_, value)| value.trim())
    }
}

/// The macro that begins with the brace at the start of `text`.
pub(super) fn macro_at(text: &str) -> Option<Macro<'_>> {
    let inside = text.strip_prefix('{')?;
    let end = inside.bytes().take(24).position(|it| !it.is_ascii_alphabetic())?;
    let (name, rest) = inside.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
    if rest.starts_with('}') {
        return Some(Macro {
            name,
            parameters: "",
            length: end + 2,
        });
    }
    let parameters = rest.strip_prefix(':')?;
    let close = parameters.bytes().take(512).position(|it| it == b'}' || it == b'\n')?;
    let parameters = parameters
        .get(..close)
        .filter(|_| parameters.as_bytes().get(close) == Some(&b'}'))?;
    Some(Macro {
        name,
        parameters,
        length: end + close + 3,
    })
}

/// Write a line without its markup.
pub(super) fn write_inline(line: &str, writer: &mut Writer) {
    let mut scanner = Scanner {
        line,
        writer,
        emphasis: Emphasis::new(line, *b"*_+\x00"),
        mono: Next::new(line, "}}"),
        bracket: Next::new(line, "]"),
        bang: Next::new(line, "!"),
        url_end: 0,
    };
    let mut at = 0;
    while at < line.len() {
        at = scanner.step(at);
    }
}

struct Scanner<'a, 'w> {
    line: &'a str,
    writer: &'w mut Writer,
    emphasis: Emphasis<'a>,
    mono: Next<'a>,
    bracket: Next<'a>,
    bang: Next<'a>,
    /// Where the URL ends that was met last: nothing in it is markup.
    url_end: usize,
}

impl<'a> Scanner<'a, '_> {
    /// Write what begins at `at` and return where it ends.
    fn step(&mut self, at: usize) -> usize {
        let rest = self.line.get(at..).unwrap_or_default();
        let run = rest.find(['\\', '{', '[', '!', '*', '_', '+']).unwrap_or(rest.len());
        if run > 0 {
            self.run(at, rest.get(..run).unwrap_or_default());
            return at + run;
        }
        let special = if at < self.url_end {
            None
        } else {
            self.special(at, rest)
        };
        special.unwrap_or_else(|| {
            let in_url = at < self.url_end && self.line.get(at + 1..).is_some_and(is_inside_word);
            if in_url || !self.emphasis.strips(at) {
                self.writer.text(rest.get(..1).unwrap_or_default());
            }
            at + 1
        })
    }

    fn run(&mut self, at: usize, run: &str) {
        if let Some(scheme) = run.rfind("://") {
            let rest = self.line.get(at + scheme..).unwrap_or_default();
            self.url_end = at + scheme + rest.find(char::is_whitespace).unwrap_or(rest.len());
        }
        self.writer.text(run);
    }

    fn special(&mut self, at: usize, rest: &'a str) -> Option<usize> {
        match rest.as_bytes().first()? {
            b'\\' => self.escape(at, rest),
            b'{' => self.brace(at, rest),
            b'[' => self.link(at),
            b'!' => self.image(at),
            _ => None,
        }
    }

    fn escape(&mut self, at: usize, rest: &str) -> Option<usize> {
        let next = rest.chars().nth(1)?;
        if next == '\\' {
            let breaks = rest.chars().nth(2).is_none_or(char::is_whitespace);
            if breaks {
                self.writer.line_break();
            } else {
                self.writer.text("\\\\");
            }
            return Some(at + 2);
        }
        if !"{}[]*_+-!|?~^#".contains(next) {
            return None;
        }
        self.writer.text(rest.get(1..2)?);
        Some(at + 2)
    }

    fn brace(&mut self, at: usize, rest: &str) -> Option<usize> {
        if rest.starts_with("{{") {
            let close = self.mono.at(at + 2)?;
            let code = self.line.get(at + 2..close)?.trim();
            self.writer.inline_code(code);
            return Some(close + 2);
        }
        // The rich text editor writes `{*}bold{*}` within words.
        if ["{*}", "{_}", "{+}", "{-}", "{^}", "{~}"]
            .iter()
            .any(|it| rest.starts_with(it))
        {
            return Some(at + 3);
        }
        let tag = macro_at(rest)?;
        match tag.name {
            "color" | "anchor" | "toc" => {}
            "status" => self.writer.text(tag.parameter("title")),
            "jira" => self.writer.text(tag.parameters.split('|').next().unwrap_or_default()),
            _ => return None,
        }
        Some(at + tag.length)
    }

    fn link(&mut self, at: usize) -> Option<usize> {
        let close = self.bracket.at(at + 1).filter(|close| close - at <= MAX_LINK)?;
        let inside = self
            .line
            .get(at + 1..close)
            .filter(|it| !it.is_empty() && !it.contains('['))?;
        let (text, target) = match inside.split_once('|') {
            Some((text, rest)) => (text.trim(), rest.split('|').next().unwrap_or_default().trim()),
            None => ("", inside.trim()),
        };
        let (text, target) = if target.starts_with("smart-") {
            ("", text)
        } else {
            (text, target)
        };
        if let Some(user) = target
            .strip_prefix('~')
            .filter(|it| !it.is_empty() && !it.contains(char::is_whitespace))
        {
            let id = user.strip_prefix("accountid:").unwrap_or(user);
            self.writer.mention(id, if text.is_empty() { id } else { text });
        } else if is_url(target) {
            let start = self.writer.mark();
            self.writer.text(if text.is_empty() {
                target.trim_start_matches("mailto:")
            } else {
                text
            });
            if !text.is_empty() {
                self.writer.link_since(start, target);
            }
        } else if !text.is_empty() || target.starts_with(['^', '#']) {
            let named = target.trim_start_matches(['^', '#']);
            self.writer.text(if text.is_empty() { named } else { text });
        } else {
            return None;
        }
        Some(close + 1)
    }

    fn image(&mut self, at: usize) -> Option<usize> {
        let before = self.line.get(..at).and_then(|it| it.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || c == '!') {
            return None;
        }
        let close = self.bang.at(at + 1).filter(|close| close - at <= MAX_LINK)?;
        let inside = self.line.get(at + 1..close)?;
        let file = inside.split('|').next().unwrap_or_default();
        let (stem, extension) = file.rsplit_once('.')?;
        let is_file = (2..=5).contains(&extension.len()) && extension.bytes().all(|it| it.is_ascii_alphanumeric());
        if !is_file || stem.is_empty() || file.trim() != file {
            return None;
        }
        let alt = inside.split(['|', ',']).find_map(|it| it.trim().strip_prefix("alt="));
        let name = file.rsplit('/').next().unwrap_or(file);
        self.writer.text(alt.map_or(name, |alt| alt.trim_matches('"')));
        Some(close + 1)
    }
}

fn is_url(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:") || target.starts_with("www.")
}

fn is_inside_word(rest: &str) -> bool {
    rest.starts_with(|c: char| !c.is_whitespace())
}

/// The cells of a table row. Bars within links and monospace do not separate.
pub(super) fn cells(line: &str) -> Vec<&str> {
    let (mut cells, mut from, mut at) = (Vec::new(), 0, 0);
    let (mut bracket, mut mono) = (Next::new(line, "]"), Next::new(line, "}}"));
    while let Some(found) = line
        .get(at..)
        .and_then(|rest| rest.find(['|', '[', '{', '\\']))
        .map(|it| it + at)
    {
        let rest = line.get(found..).unwrap_or_default();
        at = found + 1;
        if rest.starts_with('|') {
            cells.push(line.get(from..found).unwrap_or_default());
            at += usize::from(rest.starts_with("||"));
            from = at;
        } else if rest.starts_with('\\') {
            at += rest.chars().nth(1).map_or(0, char::len_utf8);
        } else if rest.starts_with("{{") {
            at = mono.at(found + 2).unwrap_or(at);
        } else if rest.starts_with('[') {
            let close = bracket.at(at).filter(|close| close - found <= MAX_LINK);
            at = close
                .filter(|close| line.get(at..*close).is_some_and(|it| !it.contains('[')))
                .unwrap_or(at);
        }
    }
    cells.push(line.get(from..).unwrap_or_default());
    if cells.last().is_some_and(|it| it.trim().is_empty()) {
        cells.pop();
    }
    if cells.first().is_some_and(|it| it.is_empty()) {
        cells.remove(0);
    }
    cells
}
