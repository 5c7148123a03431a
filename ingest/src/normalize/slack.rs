//! Chat threads: every message is a block, `author: text`.

mod blocks;

use std::collections::BTreeMap;

use domain::document::Message;

use super::BlockKind;
use super::emphasis::{Emphasis, Next};
use super::html::unescape;
use super::writer::{Writer, clip};

/// Write a thread. A body that is no list of messages is taken as plain text.
pub(super) fn write(body: &str, writer: &mut Writer) {
    match serde_json::from_str::<Vec<Message>>(body) {
        Ok(messages) => messages.iter().for_each(|it| message(it, writer)),
        Err(_) => super::plain::write(body, writer),
    }
    writer.end();
}

fn message(message: &Message, writer: &mut Writer) {
    let (author, ts) = (
        clip(message.author.trim(), 256).to_owned(),
        clip(&message.ts, 64).to_owned(),
    );
    let empty = message.text.trim().is_empty();
    if empty && message.blocks.is_empty() && message.files.is_empty() {
        return;
    }
    writer.begin(BlockKind::Message {
        author: author.clone(),
        ts,
    });
    if !author.is_empty() {
        writer.text(&author);
        writer.text(": ");
    }
    if empty {
        blocks::write(&message.blocks, &message.names, writer);
    } else {
        mrkdwn(&message.text, &message.names, writer);
    }
    for file in message.files.iter().filter(|it| !it.trim().is_empty()) {
        writer.line_break();
        writer.text("file: ");
        writer.text(file);
    }
    writer.end();
}

type Names = BTreeMap<String, String>;

/// Slack's markup: <https://docs.slack.dev/messaging/formatting-message-text>.
fn mrkdwn(text: &str, names: &Names, writer: &mut Writer) {
    let mut rest = text;
    while let Some((before, code, after)) = fenced(rest) {
        lines(before, names, writer);
        writer.line_break();
        writer.code_lines(&shown(code, names));
        writer.line_break();
        rest = after;
    }
    lines(rest, names, writer);
}

fn fenced(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("```")?;
    let (code, after) = rest.split_once("```")?;
    Some((before, code, after))
}

fn lines(text: &str, names: &Names, writer: &mut Writer) {
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            writer.line_break();
        }
        let line = line.strip_prefix("&gt;").unwrap_or(line);
        let mut scanner = Scanner {
            line,
            names,
            emphasis: Emphasis::new(line, *b"*_~\x00"),
            token: Next::new(line, ">"),
            tick: Next::new(line, "`"),
        };
        let mut at = 0;
        while at < line.len() {
            at = scanner.step(at, writer);
        }
    }
}

struct Scanner<'a> {
    line: &'a str,
    names: &'a Names,
    emphasis: Emphasis<'a>,
    token: Next<'a>,
    tick: Next<'a>,
}

impl Scanner<'_> {
    fn step(&mut self, at: usize, writer: &mut Writer) -> usize {
        let rest = self.line.get(at..).unwrap_or_default();
        let run = rest.find(['<', '`', '*', '_', '~']).unwrap_or(rest.len());
        if run > 0 {
            writer.text(&unescape(rest.get(..run).unwrap_or_default()));
            return at + run;
        }
        let close = match rest.as_bytes().first() {
            Some(b'<') => self.token.at(at + 1),
            Some(b'`') => self.tick.at(at + 1),
            Some(_) | None => None,
        };
        let Some(close) = close.filter(|close| *close > at + 1) else {
            if !self.emphasis.strips(at) {
                writer.text(rest.get(..1).unwrap_or_default());
            }
            return at + 1;
        };
        let inside = self.line.get(at + 1..close).unwrap_or_default();
        if rest.starts_with('<') {
            Token::parse(inside).write(self.names, writer);
        } else {
            writer.inline_code(&shown(inside, self.names));
        }
        close + 1
    }
}

/// What stands between angle brackets.
enum Token<'a> {
    User { id: &'a str, label: &'a str },
    Channel { id: &'a str, label: &'a str },
    Command(&'a str),
    Link { url: &'a str, label: &'a str },
}

impl<'a> Token<'a> {
    fn parse(inside: &'a str) -> Self {
        let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
        match target.as_bytes().first() {
            Some(b'@') => Self::User {
                id: target.get(1..).unwrap_or_default(),
                label,
            },
            Some(b'#') => Self::Channel {
                id: target.get(1..).unwrap_or_default(),
                label,
            },
            Some(b'!') => Self::Command(if label.is_empty() { command(target) } else { label }),
            Some(_) | None => Self::Link { url: target, label },
        }
    }

    /// The text that stands for it.
    fn shown(&self, names: &Names) -> String {
        match self {
            Self::User { id, label } => format!("@{}", name(id, label, names).trim_start_matches('@')),
            Self::Channel { id, label } => format!("#{}", name(id, label, names)),
            Self::Command(text) => unescape(text),
            Self::Link { url, label: "" } => unescape(url.trim_start_matches("mailto:")),
            Self::Link { label, .. } => unescape(label),
        }
    }

    fn write(&self, names: &Names, writer: &mut Writer) {
        match self {
            Self::User { id, label } if !id.is_empty() => writer.mention(id, &name(id, label, names)),
            Self::Link { url, label } if !label.is_empty() && !url.starts_with("mailto:") => {
                let start = writer.mark();
                writer.text(&unescape(label));
                writer.link_since(start, &unescape(url));
            }
            Self::User { .. } | Self::Channel { .. } | Self::Command(_) | Self::Link { .. } => {
                writer.text(&self.shown(names));
            }
        }
    }
}

fn name(id: &str, label: &str, names: &Names) -> String {
    let known = names.get(id).map(String::as_str).filter(|it| !it.is_empty());
    known.map_or_else(|| unescape(if label.is_empty() { id } else { label }), str::to_owned)
}

fn command(target: &str) -> &str {
    match target {
        "!here" => "@here",
        "!channel" => "@channel",
        "!everyone" => "@everyone",
        _ if target.starts_with("!subteam") => "@group",
        _ => target.get(1..).unwrap_or_default(),
    }
}

/// Code as people see it: tokens resolved, then unescaped once.
fn shown(code: &str, names: &Names) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(&unescape(before));
        let Some((token, beyond)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            break;
        };
        out.push_str(&Token::parse(token).shown(names));
        rest = beyond;
    }
    out.push_str(&unescape(rest));
    out
}
