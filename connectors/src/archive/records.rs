//! Records of a file one at a time, each bounded: the lines of JSON lines, or the elements of a JSON document.

use std::io::{BufRead, BufReader, Read};

use domain::Result;

use crate::archive::limits::is_damage;
use crate::archive::scan::{Scanner, Step, keep_head};
use crate::archive::tree::{Entry, Tree};

/// One record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// Its number in the file, from 1 (the line, or the element), and its bytes.
    Json(u64, Vec<u8>),
    /// Its number, why it is not read, and how it begins.
    Long(u64, String, Vec<u8>),
    /// Its number, and why nothing is readable from here to the end of the file.
    Cut(u64, String),
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
                return Ok(Some(Record::Cut(
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
            let Some(Line {
                bytes: mut line,
                over,
                ended,
            }) = self.bounded_line()?
            else {
                return Ok(None);
            };
            self.number += 1;
            if over {
                let reason = format!("longer than {} bytes", self.limit);
                return Ok(Some(Record::Long(self.number, reason, line)));
            }
            if self.number == 1 && line.starts_with(BYTE_ORDER_MARK) {
                line.drain(..BYTE_ORDER_MARK.len());
            }
            let blank = line.iter().all(u8::is_ascii_whitespace);
            if !ended && !blank && !line.trim_ascii_end().ends_with(b"}") {
                return Ok(Some(Record::Cut(self.number, "the last line is cut off".to_owned())));
            }
            if !blank {
                return Ok(Some(Record::Json(self.number, line)));
            }
        }
    }

    /// A line without its end.
    fn bounded_line(&mut self) -> std::io::Result<Option<Line>> {
        let (mut bytes, mut over, mut any) = (Vec::new(), false, false);
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                let ended = false;
                return Ok(any.then_some(Line { bytes, over, ended }));
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            over |= bytes.len() + part.len() > self.limit;
            if over {
                keep_head(&mut bytes, part);
            } else {
                bytes.extend_from_slice(part);
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                let ended = true;
                return Ok(Some(Line { bytes, over, ended }));
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
                Step::Element(used, bytes) => (used, Some(Record::Json(self.number + 1, bytes))),
                Step::Long(used, head) => {
                    let reason = format!("longer than {} bytes", self.limit);
                    (used, Some(Record::Long(self.number + 1, reason, head)))
                }
                Step::Cut => (0, Some(Record::Cut(self.number + 1, "the JSON is cut off".to_owned()))),
                Step::End => return Ok(None),
            };
            self.input.consume(used);
            if found.is_some() {
                self.number += 1;
                return Ok(found);
            }
        }
    }
}

/// A line as far as it is held: the beginning of one that is over the limit, and whether its end was there.
struct Line {
    bytes: Vec<u8>,
    over: bool,
    ended: bool,
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
    let parsed = serde_json::from_str(text).or_else(|error| {
        let repaired = without_lone_surrogates(text);
        let pruned = pruned(repaired.as_deref().unwrap_or(text));
        pruned
            .or(repaired)
            .map_or(Err(error), |mended| serde_json::from_str(&mended))
    });
    parsed.map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => "the JSON is cut off".to_owned(),
        serde_json::error::Category::Io | serde_json::error::Category::Syntax | serde_json::error::Category::Data => {
            format!("not JSON: {error}")
        }
    })
}

/// Levels of a record that are read. The parser's own limit is 127, and the documents made of records are parsed again.
const LEVELS: usize = 100;
/// Stands for what is nested deeper: the form of a text in ADF and in Slack's blocks.
const TOO_DEEP: &str = r#"{"type":"text","text":"[nested too deep to be read]"}"#;
const TOO_DEEP_LIST: &str = r#"[{"type":"text","text":"[nested too deep to be read]"}]"#;

/// The text with a note in place of every object and list that is nested too deep; `None` where there is none. So whoever can
/// write an issue cannot make it unreadable.
fn pruned(text: &str) -> Option<String> {
    let (mut out, mut copied, mut depth) = (String::new(), 0, 0_usize);
    let (mut within, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            _ if within => {}
            b'{' | b'[' => {
                if depth == LEVELS {
                    out.push_str(text.get(copied..at)?);
                    out.push_str(if byte == b'{' { TOO_DEEP } else { TOO_DEEP_LIST });
                    copied = text.len();
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == LEVELS {
                    copied = at + 1;
                }
            }
            _ => {}
        }
    }
    if out.is_empty() {
        return None;
    }
    out.push_str(text.get(copied..)?);
    Some(out)
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
    use crate::archive::scan::HEAD;

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
                Record::Long(
                    3,
                    "longer than 10 bytes".to_owned(),
                    b"{\"a\":\"123456789\"}\r".to_vec()
                ),
                json(4, "{\"b\":1}")
            ]
        );
    }

    #[test]
    fn a_line_of_200_megabytes_is_passed_over_in_little_memory() {
        let line = std::io::repeat(b'x').take(200 * 1024 * 1024).chain(&b"\n{}\n"[..]);
        let found = read(line, None, 16 * 1024 * 1024);
        let reason = "longer than 16777216 bytes".to_owned();
        assert_eq!(found, [Record::Long(1, reason, vec![b'x'; HEAD]), json(2, "{}")]);
    }

    #[test]
    fn a_last_line_without_its_end_is_told() {
        assert_eq!(
            read(&b"{}\n{\"a\":"[..], None, 10).last(),
            Some(&Record::Cut(2, "the last line is cut off".to_owned()))
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
        assert!(parse("[".repeat(500).as_bytes()).unwrap_err().contains("cut off"));
    }

    #[test]
    fn what_is_nested_too_deep_is_replaced_and_all_else_is_kept() {
        for levels in [1, 50, 100, 120, 127, 128, 1000, 100_000] {
            let deep = |open: &str, close: &str| format!("{}\"]}}\"{}", open.repeat(levels), close.repeat(levels));
            let record = format!(
                r#"{{"a":{},"b":[{},"\"[{{"],"key":"A-1"}}"#,
                deep("{\"c\":", "}"),
                deep("[", "]")
            );
            let read = parse(record.as_bytes()).unwrap_or_else(|reason| panic!("{levels}: {reason}"));
            assert_eq!(
                (&read["key"], &read["b"][1]),
                (&"A-1".into(), &"\"[{".into()),
                "{levels}"
            );
            assert_eq!(read.to_string().contains("too deep"), levels >= 127, "{levels}");
            assert!(parse(read.to_string().as_bytes()).is_ok(), "{levels}");
        }
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
