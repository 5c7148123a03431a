//! Texts line by line, in windows.

use std::io::{BufRead, Read};
use std::path::Path;

use domain::{Error, Result};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

/// Bytes of the longest line.
const MAX_LINE: u64 = 16 << 20;
/// Texts of a window, and the bytes after which it is closed before.
const WINDOW: usize = 4096;
const WINDOW_BYTES: usize = 8 << 20;

/// A line: what it is called, and its text or why it has none.
pub(super) struct Entry {
    pub(super) id: Value,
    pub(super) text: std::result::Result<String, String>,
}

/// Send the lines of a file (none: standard input) in windows until the receiver is gone.
///
/// # Errors
/// Those of reading.
pub(super) fn read(path: Option<&Path>, plain: bool, windows: &mpsc::Sender<Vec<Entry>>) -> Result<()> {
    match path {
        Some(path) => {
            let failed = |error| Error::io("read texts", path, error);
            let file = std::fs::File::open(path).map_err(failed)?;
            read_from(std::io::BufReader::new(file), plain, windows).map_err(failed)
        }
        None => read_from(std::io::stdin().lock(), plain, windows)
            .map_err(|error| Error::io("read texts", Path::new("standard input"), error)),
    }
}

fn read_from(mut lines: impl BufRead, plain: bool, windows: &mpsc::Sender<Vec<Entry>>) -> std::io::Result<()> {
    let (mut window, mut bytes) = (Vec::new(), 0);
    for number in 1_u64.. {
        let mut line = Vec::new();
        if lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let whole = line.ends_with(b"\n") || (line.len() as u64) < MAX_LINE;
        if !whole {
            skip_line(&mut lines)?;
        }
        if whole && line.trim_ascii().is_empty() && !plain {
            continue;
        }
        bytes += line.len();
        window.push(entry(number, whole.then_some(line.as_slice()), plain));
        if window.len() >= WINDOW || bytes >= WINDOW_BYTES {
            bytes = 0;
            if windows.blocking_send(std::mem::take(&mut window)).is_err() {
                return Ok(());
            }
        }
    }
    if !window.is_empty() {
        // Nobody is left to tell when the receiver is gone.
        windows.blocking_send(window).ok();
    }
    Ok(())
}

/// Read on to the end of a line without keeping it.
fn skip_line(lines: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let some = lines.fill_buf()?;
        if some.is_empty() {
            return Ok(());
        }
        let end = some.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(some.len(), |end| end + 1);
        lines.consume(count);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// A line without the mark that some programs begin a file of UTF-8 with.
fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

/// What stands in a line; none where it is too long.
fn entry(number: u64, line: Option<&[u8]>, plain: bool) -> Entry {
    let refused = |reason: String| Entry {
        id: number.into(),
        text: Err(reason),
    };
    let Some(line) = line else {
        return refused(format!("it is longer than {MAX_LINE} bytes"));
    };
    if plain {
        let text = String::from_utf8_lossy(line);
        return Entry {
            id: number.into(),
            text: Ok(text.trim_end_matches(['\n', '\r']).to_owned()),
        };
    }
    let mut written: Map<String, Value> = match serde_json::from_slice(without_mark(line)) {
        Ok(written) => written,
        Err(error) => return refused(format!("no JSON object with `text`: {error}")),
    };
    let id = written.remove("id").filter(|id| !id.is_null());
    Entry {
        id: id.unwrap_or_else(|| number.into()),
        text: match written.remove("text") {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err("`text` is no string".to_owned()),
            None => Err("no JSON object with `text`: there is no `text`".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::mpsc;

    use super::{Entry, MAX_LINE, read_from};

    fn entries(input: &[u8], plain: bool) -> Vec<Entry> {
        let (sender, mut receiver) = mpsc::channel(100);
        read_from(input, plain, &sender).unwrap();
        drop(sender);
        let windows = std::iter::from_fn(|| receiver.blocking_recv());
        windows.flatten().collect()
    }

    #[test]
    fn lines_are_called_by_their_id_or_number() {
        let input =
            b"\xef\xbb\xbf{\"id\": \"a\", \"text\": \"one\"}\n\n{\"text\": \"two\"}\nno\n{\"id\": 7}\n[1, \"x\"]";
        let found = entries(input, false);
        let ids: Vec<_> = found.iter().map(|entry| entry.id.clone()).collect();
        assert_eq!(ids, [json!("a"), json!(3), json!(4), json!(7), json!(6)]);
        let texts: Vec<_> = found.iter().map(|entry| entry.text.as_deref().ok()).collect();
        assert_eq!(texts, [Some("one"), Some("two"), None, None, None]);
    }

    #[test]
    fn plain_lines_are_texts_as_they_are() {
        let found = entries(b"one\r\n\n{\"text\": 1}\n\xff", true);
        let texts: Vec<_> = found.into_iter().map(|entry| entry.text.unwrap()).collect();
        assert_eq!(texts, ["one", "", "{\"text\": 1}", "\u{fffd}"]);
    }

    #[test]
    fn a_line_without_end_is_left_out_and_the_next_is_read() {
        let mut input = vec![b'x'; usize::try_from(MAX_LINE).unwrap() + 5];
        input.extend(b"\n{\"text\": \"next\"}\n");
        let found = entries(&input, false);
        assert!(found[0].text.as_ref().unwrap_err().contains("longer"));
        assert_eq!((found[1].id.clone(), found[1].text.as_deref()), (json!(2), Ok("next")));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn windows_are_bounded() {
        let (sender, mut receiver) = mpsc::channel(100);
        let input = "{\"text\": \"x\"}\n".repeat(super::WINDOW + 1);
        read_from(input.as_bytes(), false, &sender).unwrap();
        drop(sender);
        let sizes: Vec<_> = std::iter::from_fn(|| receiver.blocking_recv())
            .map(|window| window.len())
            .collect();
        assert_eq!(sizes, [super::WINDOW, 1]);
    }
}
