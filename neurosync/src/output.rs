//! Answers to standard output: text for people, JSON for programs. A closed pipe is not an error.
//!
//! Text for people is made of other people's data, which may hold codes that a terminal obeys. None of it reaches the terminal:
//! [`safe`] goes over every text as the last step, and our own colours are marks until then.

use std::fmt;
use std::io::{IsTerminal, Write};

use domain::Error;
use serde::Serialize;

/// Where answers go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self {
            json,
            colour: !json && std::io::stdout().is_terminal(),
        }
    }

    /// Print one answer: `value` as JSON, or what `text` makes of it.
    pub(crate) fn answer<T: Serialize>(self, value: &T, text: impl FnOnce(&T, &Style) -> String) -> domain::Result<()> {
        if self.json {
            let line = serde_json::to_string_pretty(value)
                .map_err(|error| Error::internal("write answer", "an answer has no JSON form").with_source(error))?;
            self.line(&line);
        } else {
            let shown = text(value, &Style);
            self.line(&safe(shown.trim_end_matches('\n'), self.colour));
        }
        Ok(())
    }

    /// Print a line for people; nothing in JSON mode.
    pub(crate) fn say(self, line: &str) {
        if !self.json {
            self.line(&safe(line, self.colour));
        }
    }

    /// Tell something beside the answer, on standard error.
    #[expect(clippy::unused_self, reason = "only who holds the output may print")]
    pub(crate) fn note(self, line: &str) {
        let _gone = writeln!(std::io::stderr(), "{}", safe(line, false));
    }

    /// Print a line as it is.
    #[expect(clippy::unused_self, reason = "only who holds the output may print")]
    pub(crate) fn line(self, line: &str) {
        let mut out = std::io::stdout().lock();
        // The reader may have gone (`| head`): nobody is left to tell.
        let _gone = writeln!(out, "{line}").and_then(|()| out.flush());
    }

    /// Tell an error with its causes and what to do.
    pub(crate) fn error(self, error: &Error) {
        let text = if self.json {
            let body = serde_json::json!({"error": {"kind": format!("{:?}", error.kind()).to_lowercase(), "operation": error.operation(), "message": error.message(), "hint": error.hint()}});
            body.to_string()
        } else {
            safe(&explained(error), false)
        };
        let _gone = writeln!(std::io::stderr(), "{text}");
    }
}

/// Append to a text.
pub(crate) fn add(text: &mut String, what: fmt::Arguments<'_>) {
    fmt::Write::write_fmt(text, what).expect("writing to a string does not fail");
}

fn explained(error: &Error) -> String {
    let mut text = format!("error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let line = inner.to_string();
        if !text.contains(&line) {
            add(&mut text, format_args!("\n  because: {line}"));
        }
        cause = inner.source();
    }
    if let Some(hint) = error.hint() {
        add(&mut text, format_args!("\n  help: {hint}"));
    }
    text
}

/// Colours as marks in a text: noncharacters of Unicode, which [`safe`] turns into what a terminal obeys. Data that holds one
/// can at worst change a colour.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style;

const BOLD: char = '\u{fdd0}';
const DIM: char = '\u{fdd1}';
const KEY: char = '\u{fdd2}';
const HIT: char = '\u{fdd3}';
const END: char = '\u{fdd4}';

#[expect(clippy::unused_self, reason = "only who shows an answer may paint")]
impl Style {
    /// A mark before and after a text, which is kept on one line.
    fn paint(self, mark: char, text: &str) -> String {
        format!("{mark}{}{END}", text.replace(['\n', '\r'], " "))
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint(BOLD, text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(DIM, text)
    }

    pub(crate) fn key(self, text: &str) -> String {
        self.paint(KEY, text)
    }

    pub(crate) fn hit(self, text: &str) -> String {
        self.paint(HIT, text)
    }
}

/// A text as a terminal may have it: colours where they are wanted, and in place of every other code that it could obey a
/// replacement character. Line ends and tabs stay.
fn safe(text: &str, colour: bool) -> String {
    let text = text.replace("\r\n", "\n");
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            BOLD..=END if !colour => {}
            BOLD => out.push_str("\u{1b}[1m"),
            DIM => out.push_str("\u{1b}[2m"),
            KEY => out.push_str("\u{1b}[36m"),
            HIT => out.push_str("\u{1b}[1;33m"),
            END => out.push_str("\u{1b}[0m"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || turns_text(c) => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// Whether a character changes the order in which others are shown, or ends a line unseen.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::{Style, safe};

    #[test]
    fn nothing_that_a_terminal_obeys_passes() {
        let hostile = "a\u{1b}[2Jb\u{9b}31mc\u{7}d\u{8}e\u{7f}f\rg\u{202e}h\u{2066}i\u{2028}j\0k";
        for colour in [true, false] {
            let shown = safe(hostile, colour);
            assert!(
                shown.chars().all(|c| c.is_alphanumeric() || "[\u{fffd}".contains(c)),
                "{shown:?}"
            );
        }
        assert_eq!(safe("one\r\n\ttwo · → “é” 日本", false), "one\n\ttwo · → “é” 日本");
    }

    #[test]
    fn our_own_colours_do() {
        let text = Style.bold("x\u{1b}y");
        assert_eq!(safe(&text, true), "\u{1b}[1mx\u{fffd}y\u{1b}[0m");
        assert_eq!(safe(&text, false), "x\u{fffd}y");
    }
}
