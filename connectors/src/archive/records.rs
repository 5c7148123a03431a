//! Records of a file one at a time, each bounded: the lines of JSON lines, or the elements of a JSON document.

use std::io::{BufRead, BufReader, Read};

use domain::Result;

use crate::archive::limits::is_damage;
use crate::archive::scan::{Scanner, Step};
use crate::archive::tree::{Entry, Tree};

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// Its number in the file, from 1 (the line, or the element), and its bytes.
    Json(u64, Vec<u8>),
    /// Its number and why it cannot be read.
    Bad(u64, String),
}

/// The bytes that some editors put before the text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The records of one file, in order.
pub(crate) struct Records {
    input: Box<dyn BufRead + Send>,
    /// The scanner of a JSON document; none for lines.
    scanner: Option<Scanner>,
    limit: usize,
    number: u64,
    done: bool,
}

impl Records {
    /// Open a file; `wrappers` are the keys of a top-level object whose array holds the records.
    pub(crate) fn open(tree: &Tree, entry: &Entry, wrappers: &'static [&'static str]) -> Result<Self> {
        let name = entry.name();
        let lines = has_extension(name, "jsonl") || has_extension(name, "ndjson");
        let limit = tree.limits.record;
        let scanner = (!lines).then(|| Scanner::new(limit, wrappers));
        Ok(Self::new(tree.open(entry)?, scanner, limit))
    }

    fn new(input: Box<dyn Read + Send>, scanner: Option<Scanner>, limit: usize) -> Self {
        let input = Box::new(BufReader::with_capacity(64 * 1024, input));
        Self {
            input,
            scanner,
            limit,
            number: 0,
            done: false,
        }
    }

    /// The next record; damaged data ends the file with a bad one.
    ///
    /// # Errors
    /// When the device fails.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, std::io::Error> {
        if self.done {
            return Ok(None);
        }
        let found = if self.scanner.is_some() {
            self.element()
        } else {
            self.line()
        };
        match found {
            Ok(None) => self.done = true,
            Ok(Some(_)) => {}
            Err(error) if is_damage(&error) => {
                self.done = true;
                return Ok(Some(Record::Bad(
                    self.number + 1,
                    format!("the file is damaged from here: {error}"),
                )));
            }
            Err(error) => return Err(error),
        }
        found
    }

    /// The next line that is not blank.
    fn line(&mut self) -> std::io::Result<Option<Record>> {
        loop {
            let Some((line, ended)) = self.bounded_line()? else {
                return Ok(None);
            };
            self.number += 1;
            let Some(mut line) = line else {
                return Ok(Some(Record::Bad(
                    self.number,
                    format!("longer than {} bytes", self.limit),
                )));
            };
            if self.number == 1 && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            let blank = line.iter().all(u8::is_ascii_whitespace);
            if !ended && !blank && !line.trim_ascii_end().ends_with(b"}") {
                return Ok(Some(Record::Bad(self.number, "the last line is cut off".to_owned())));
            }
            if !blank {
                return Ok(Some(Record::Json(self.number, line)));
            }
        }
    }

    /// A line without its end, `None` in place of one that is too long, and whether its end was there.
    fn bounded_line(&mut self) -> std::io::Result<Option<(Option<Vec<u8>>, bool)>> {
        let mut line = Some(Vec::new());
        let mut any = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(any.then_some((line, false)));
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            match &mut line {
                Some(kept) if kept.len() + part.len() <= self.limit => kept.extend_from_slice(part),
                Some(_) | None => line = None,
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                return Ok(Some((line, true)));
            }
        }
    }

    /// The next element of the document.
    fn element(&mut self) -> std::io::Result<Option<Record>> {
        let Some(scanner) = &mut self.scanner else {
            return Ok(None);
        };
        loop {
            let buffer = self.input.fill_buf()?;
            let step = if buffer.is_empty() {
                scanner.finish()
            } else {
                scanner.feed(buffer)
            };
            let (used, found) = match step {
                Step::More => (buffer.len(), None),
                Step::Element(used, bytes) => (used, Some(Ok(bytes))),
                Step::Bad(used, reason) => (used, Some(Err(reason))),
                Step::End => return Ok(None),
            };
            self.input.consume(used);
            if let Some(found) = found {
                self.number += 1;
                return Ok(Some(match found {
                    Ok(bytes) => Record::Json(self.number, bytes),
                    Err(reason) => Record::Bad(self.number, reason),
                }));
            }
        }
    }
}

/// Whether a name ends in `.extension`, in any case.
pub(crate) fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, last)| last.eq_ignore_ascii_case(extension))
}

/// Whether a file can hold JSON records, by its name.
pub(crate) fn is_json(entry: &Entry) -> bool {
    ["json", "jsonl", "ndjson"]
        .iter()
        .any(|extension| has_extension(entry.name(), extension))
}

/// The value of a record, or the reason why it has none; the reason never quotes the content.
pub(crate) fn parse(bytes: &[u8]) -> Result<serde_json::Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8 after byte {}", error.valid_up_to()))?;
    let parsed = serde_json::from_str(text).or_else(|error| match without_lone_surrogates(text) {
        Some(repaired) => serde_json::from_str(&repaired),
        None => Err(error),
    });
    parsed.map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => "the JSON is cut off".to_owned(),
        serde_json::error::Category::Io | serde_json::error::Category::Syntax | serde_json::error::Category::Data => {
            format!("not JSON: {error}")
        }
    })
}

/// The text with `\ufffd` in place of every escaped half of a character whose other half is missing; `None` where there is none.
/// Servers that count in UTF-16 write such halves when they cut a text within an emoji.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let escape = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        let width = match (escape(at), escape(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push_str(text.get(copied..at)?);
                out.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            // Another escape: the character after the backslash belongs to it.
            (Some(_) | None, _) => 1 + text.get(at + 1..)?.chars().next().map_or(0, char::len_utf8),
        };
        at += width;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;

    use super::{Record, Records, Scanner, parse};

    fn read(text: impl Read + Send + 'static, scanner: Option<Scanner>, limit: usize) -> Vec<Record> {
        let mut records = Records::new(Box::new(text), scanner, limit);
        std::iter::from_fn(|| records.next().unwrap()).collect()
    }

    fn json(at: u64, text: &str) -> Record {
        Record::Json(at, text.as_bytes().to_vec())
    }

    #[test]
    fn lines_keep_their_numbers_over_blank_and_overlong_ones() {
        let found = read(&b"\xef\xbb\xbf{}\n\n{\"a\":\"123456789\"}\r\n{\"b\":1}"[..], None, 10);
        assert_eq!(
            found,
            [
                json(1, "{}"),
                Record::Bad(3, "longer than 10 bytes".to_owned()),
                json(4, "{\"b\":1}")
            ]
        );
    }

    #[test]
    fn a_line_of_200_megabytes_is_passed_over_in_little_memory() {
        let line = std::io::repeat(b'x').take(200 * 1024 * 1024).chain(&b"\n{}\n"[..]);
        let found = read(line, None, 16 * 1024 * 1024);
        assert_eq!(
            found,
            [Record::Bad(1, "longer than 16777216 bytes".to_owned()), json(2, "{}")]
        );
    }

    #[test]
    fn a_last_line_without_its_end_is_told() {
        assert_eq!(
            read(&b"{}\n{\"a\":"[..], None, 10).last(),
            Some(&Record::Bad(2, "the last line is cut off".to_owned()))
        );
    }

    #[test]
    fn reasons_do_not_quote_the_content() {
        for bytes in [
            &b"{\"password\": hunter2}"[..],
            b"{\"password\": \"hunter2",
            b"\xffhunter2",
        ] {
            assert!(!parse(bytes).unwrap_err().contains("hunter2"));
        }
        assert!(parse("[".repeat(500).as_bytes()).unwrap_err().contains("recursion"));
    }

    #[test]
    fn half_a_character_is_replaced_and_whole_ones_are_kept() {
        let read = |text: &str| parse(text.as_bytes()).unwrap();
        assert_eq!(read(r#""a\ud83d b""#), "a\u{fffd} b");
        assert_eq!(read(r#""\ude00\ud83d\ude00\ud83d""#), "\u{fffd}\u{1f600}\u{fffd}");
        assert_eq!(read(r#""\\ud83d \u00e9\ud83d""#), "\\ud83d \u{e9}\u{fffd}");
        assert!(parse(br#""\ud8""#).is_err() && parse(br#""\ud83d"#).is_err());
    }

    proptest! {
        #[test]
        fn repairing_never_harms_what_can_be_read(text in "([a\\\\\"é]|\\\\ud83d|\\\\ude00|\\\\n){0,12}") {
            let json = format!("\"{text}\"");
            let plain = serde_json::from_str::<serde_json::Value>(&json);
            prop_assert!(plain.is_err() || parse(json.as_bytes()).ok() == plain.ok());
        }

        #[test]
        fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..2000), lines in any::<bool>()) {
            let scanner = (!lines).then(|| Scanner::new(100, &["issues"]));
            let count = bytes.len();
            prop_assert!(read(std::io::Cursor::new(bytes), scanner, 100).len() <= count + 1);
        }
    }
}
