//! Answers to standard output: text for people, JSON for programs. A closed pipe is not an error.

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
    pub(crate) fn answer<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce(&T, &Style) -> String,
    ) -> domain::Result<()> {
        if self.json {
            let line = serde_json::to_string_pretty(value)
                .map_err(|error| Error::internal("write answer", "an answer has no JSON form").with_source(error))?;
            self.line(&line);
        } else {
            let shown = text(value, &Style { colour: self.colour });
            self.line(shown.trim_end_matches('\n'));
        }
        Ok(())
    }

    /// Print a line for people; nothing in JSON mode.
    pub(crate) fn say(&self, line: &str) {
        if !self.json {
            self.line(line);
        }
    }

    /// Print a line as it is.
    #[expect(clippy::unused_self, reason = "only who holds the output may print")]
    pub(crate) fn line(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        // The reader may have gone (`| head`): nobody is left to tell.
        let _gone = writeln!(out, "{line}").and_then(|()| out.flush());
    }

    /// Tell an error with its causes and what to do.
    pub(crate) fn error(&self, error: &Error) {
        let mut text = String::new();
        if self.json {
            let body = serde_json::json!({"error": {"kind": format!("{:?}", error.kind()).to_lowercase(), "operation": error.operation(), "message": error.message(), "hint": error.hint()}});
            text.push_str(&body.to_string());
        } else {
            text.push_str(&format!("error: {error}"));
            let mut cause = std::error::Error::source(error);
            while let Some(inner) = cause {
                let line = inner.to_string();
                if !text.contains(&line) {
                    text.push_str(&format!("\n  because: {line}"));
                }
                cause = inner.source();
            }
            if let Some(hint) = error.hint() {
                text.push_str(&format!("\n  help: {hint}"));
            }
        }
        let _gone = writeln!(std::io::stderr(), "{text}");
    }
}

/// Colours, when a terminal shows them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    colour: bool,
}

impl Style {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn key(self, text: &str) -> String {
        self.paint("36", text)
    }

    pub(crate) fn hit(self, text: &str) -> String {
        self.paint("1;33", text)
    }
}
