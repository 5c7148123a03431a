//! `person import`: a directory of who has which addresses and accounts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use domain::identity::{Listed, unknown};
use domain::{Error, ErrorKind, Result, Visible};
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::context::Context;
use crate::output::add;

/// The largest file, in bytes.
const MAX_BYTES: u64 = 64 << 20;
/// The longest value, in bytes.
const MAX_VALUE: usize = 1024;
/// The columns, with what accounts of each are called in keys.
const COLUMNS: [(&str, &str); 7] = [
    ("name", ""),
    ("email", ""),
    ("github", "github"),
    ("jira", "jira"),
    ("slack", "slack"),
    ("confluence", "wiki"),
    ("git", "git"),
];

/// A line that is left out, or a value that means no account yet.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Note {
    line: usize,
    reason: String,
}

/// A record with the line that it begins in, or why it is none.
type Record = (usize, Result<StringRecord, String>);

/// What a file holds: each good line with its number, and why others are none.
type Read = (Vec<(usize, Listed)>, Vec<Note>);

pub(super) async fn import(context: &Context<'_>, app: &App, file: &Path) -> Result<()> {
    let text = read(file)?;
    let (lines, bad) = parse(&text)?;
    let (numbers, directory): (Vec<usize>, Vec<Listed>) = lines.into_iter().unzip();
    let store = app.identity_store();
    let accounts = store.all_accounts(&Visible::All).await?;
    let note = |(at, value): (usize, String)| Note {
        line: numbers.get(at).copied().unwrap_or_default(),
        reason: format!("no account `{value}` is known yet"),
    };
    let waiting: Vec<Note> = unknown(&accounts, &directory).into_iter().map(note).collect();
    let count = directory.len();
    store.put_listed(directory).await?;
    let answer = json!({ "persons": count, "bad": bad, "unknown": waiting });
    context.output.answer(&answer, |_, style| {
        let mut out = format!("{count} persons are listed\n");
        for (what, notes) in [("left out", &bad), ("listed", &waiting)] {
            for note in notes {
                let line = style.dim(&format!("line {}, {what}:", note.line));
                add(&mut out, format_args!("  {line} {}\n", note.reason));
            }
        }
        out
    })
}

fn read(file: &Path) -> Result<String> {
    let failed = |error| Error::io("read directory", file, error);
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > MAX_BYTES {
        let message = format!("{} has {size} bytes, at most {MAX_BYTES}", file.display());
        return Err(Error::new(ErrorKind::Exhausted, "read directory", message));
    }
    let bytes = std::fs::read(file).map_err(failed)?;
    String::from_utf8(bytes).map_err(|error| {
        Error::invalid("read directory", format!("{} is not UTF-8", file.display()))
            .with_hint("save it as CSV in UTF-8")
            .with_source(error)
    })
}

/// Every record of a file. One that claims what an earlier one lists is left out: nobody can tell which is right.
fn parse(text: &str) -> Result<Read> {
    let mut records = records(text.strip_prefix('\u{feff}').unwrap_or(text))?.into_iter();
    let first = records
        .next()
        .map_or_else(|| Ok(StringRecord::new()), |(_, first)| first);
    let columns = header(first)?;
    let (mut good, mut bad, mut taken) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (line, record) in records {
        let one = record.and_then(|record| listed(&columns, &record));
        match one.and_then(|one| claim(&mut taken, line, one)) {
            Ok(one) => good.push((line, one)),
            Err(reason) => bad.push(Note { line, reason }),
        }
    }
    Ok((good, bad))
}

/// The records of a file that are not blank. Of a quote that is never closed nobody knows where it should have ended: all behind it
/// is no record.
fn records(text: &str) -> Result<Vec<Record>> {
    // A quote begins one more record, unless one in the text is still open, which it closes.
    let probed = text.as_bytes().chain(&b"\n\""[..]);
    let reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(probed);
    let (mut records, mut line, mut seen) = (Vec::new(), 1, 0);
    for record in reader.into_records() {
        let record = record.map_err(|error| Error::internal("read directory", "the text ended").with_source(error))?;
        let start = start(text, &record);
        line += breaks(text.as_bytes().get(seen..start).unwrap_or_default());
        seen = start;
        records.push((line, Ok(record)));
    }
    let last = records.pop().filter(|_| seen < text.len());
    records.extend(last.map(|(line, _)| (line, Err("a quote is not closed".to_owned()))));
    let blank = |record: &StringRecord| record.len() == 1 && record.iter().all(|field| field.trim().is_empty());
    records.retain(|(_, record)| !record.as_ref().is_ok_and(blank));
    Ok(records)
}

/// Where a record begins: the reader counts the empty lines before it as its own.
fn start(text: &str, record: &StringRecord) -> usize {
    let byte = record.position().map_or(0, csv::Position::byte);
    let rest = text
        .get(usize::try_from(byte).unwrap_or(usize::MAX)..)
        .unwrap_or_default();
    text.len() - rest.trim_start_matches(['\r', '\n']).len()
}

/// The ends of lines in a text that does not end between the two characters of one.
fn breaks(text: &[u8]) -> usize {
    let ends = |(at, byte): &(usize, &u8)| match byte {
        b'\n' => true,
        b'\r' => text.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    text.iter().enumerate().filter(ends).count()
}

/// The columns of a file in its order.
fn header(first: Result<StringRecord, String>) -> Result<Vec<(&'static str, &'static str)>> {
    let known = COLUMNS.map(|(name, _)| name).join(",");
    let wrong = |message: String| {
        Error::invalid("read directory", message).with_hint(format!("the first line names the columns: {known}"))
    };
    let names = first.map_err(wrong)?;
    let mut columns = Vec::new();
    for name in &names {
        let name = name.trim().to_lowercase();
        let column = COLUMNS.into_iter().find(|(known, _)| *known == name);
        match column.filter(|column| !columns.contains(column)) {
            Some(column) => columns.push(column),
            None => {
                return Err(wrong(format!(
                    "`{}` is no column, or twice",
                    name.chars().take(80).collect::<String>()
                )));
            }
        }
    }
    Ok(columns)
}

/// What a line lists.
fn listed(columns: &[(&str, &str)], fields: &StringRecord) -> Result<Listed, String> {
    if fields.len() != columns.len() {
        return Err(format!("{} fields instead of {}", fields.len(), columns.len()));
    }
    let mut one = Listed {
        name: String::new(),
        emails: BTreeSet::new(),
        accounts: BTreeMap::new(),
    };
    for ((column, provider), field) in columns.iter().zip(fields) {
        if *column == "name" {
            field.trim().clone_into(&mut one.name);
            continue;
        }
        for value in field
            .split(';')
            .map(|value| value.trim().to_lowercase())
            .filter(|value| !value.is_empty())
        {
            if value.len() > MAX_VALUE {
                return Err(format!("a value of {} bytes, at most {MAX_VALUE}", value.len()));
            }
            if *column != "email" {
                one.accounts.entry((*provider).to_owned()).or_default().insert(value);
            } else if value.contains('@') {
                one.emails.insert(value);
            } else {
                return Err(format!("`{value}` is no e-mail address"));
            }
        }
    }
    if one.emails.is_empty() && one.accounts.is_empty() {
        return Err("neither an address nor an account".to_owned());
    }
    Ok(one)
}

/// Take a line's values, unless an earlier line has one of them.
fn claim(taken: &mut BTreeMap<(String, String), usize>, number: usize, one: Listed) -> Result<Listed, String> {
    let own: Vec<(String, String)> = one.values().collect();
    if let Some((line, (_, value))) = own.iter().find_map(|value| Some((taken.get(value)?, value))) {
        return Err(format!("`{value}` is listed in line {line} already"));
    }
    taken.extend(own.into_iter().map(|value| (value, number)));
    Ok(one)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn fields_are_read_as_spreadsheets_write_them() {
        let text = "name,email,git\r\n\"Okafor, \"\"Ada\"\"\r\nof Acme\",\"ada@acme.example;\nada@old.example\",\r\nBo,b@x,\r\n";
        let (good, bad) = parse(text).expect("a header");
        assert!(bad.is_empty(), "{bad:?}");
        let [(2, ada), (5, _bo)] = good.as_slice() else {
            panic!("{good:?}")
        };
        assert_eq!(ada.name, "Okafor, \"Ada\"\r\nof Acme");
        assert_eq!(
            ada.emails.iter().collect::<Vec<_>>(),
            ["ada@acme.example", "ada@old.example"]
        );
    }

    #[test]
    fn what_is_behind_a_quote_that_is_never_closed_is_no_value() {
        for end in ["", "\n", "\"\"", "\r\ncy@x,Cy\r\n", "\n\n"] {
            let (good, bad) = parse(&format!("email,name\nada@x,Ada\n\nbo@x,\"Bo{end}")).expect("a header");
            assert_eq!(good.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2], "{end:?}");
            let told: Vec<_> = bad.iter().map(|note| (note.line, note.reason.as_str())).collect();
            assert_eq!(told, [(4, "a quote is not closed")], "{end:?}");
        }
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "email", "a@x", "", "  ", "\"b@x;", "c@x\"", "d@x", "wrong", ""].join(end);
            let (good, bad) = parse(&text).expect("a header");
            assert_eq!(
                good.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
                [3, 6, 8],
                "{end:?}"
            );
            assert_eq!(bad.iter().map(|note| note.line).collect::<Vec<_>>(), [9], "{end:?}");
        }
    }

    #[test]
    fn bad_lines_are_told_by_number_and_good_ones_kept() {
        let text = "\u{feff}Email,Name,github,confluence\r\n\
                    ada@acme.example,\"Okafor, Ada\",Ada;ada-old,7:1\r\n\
                    \r\n\
                    not-an-address,Bo,bo,\n\
                    bo@acme.example,Bo,ADA,\n\
                    too,few\n\
                    ,Nobody,,\n\
                    cy@acme.example,Cy,,\n";
        let (good, bad) = parse(text).expect("a header");
        assert_eq!(good.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 8]);
        let ada = &good[0].1;
        assert_eq!(ada.name, "Okafor, Ada");
        assert_eq!(ada.accounts["github"].iter().collect::<Vec<_>>(), ["ada", "ada-old"]);
        assert!(ada.accounts["wiki"].contains("7:1") && ada.emails.contains("ada@acme.example"));
        let told: Vec<_> = bad.iter().map(|note| (note.line, note.reason.as_str())).collect();
        assert_eq!(
            told,
            [
                (4, "`not-an-address` is no e-mail address"),
                (5, "`ada` is listed in line 2 already"),
                (6, "2 fields instead of 4"),
                (7, "neither an address nor an account"),
            ]
        );
    }

    #[test]
    fn columns_must_be_known() {
        for wrong in ["", "name,phone", "name,name", "\"name"] {
            let error = parse(&format!("{wrong}\nx,y")).expect_err("no header");
            assert!(error.hint().is_some_and(|hint| hint.contains("github")), "{wrong}");
        }
    }
}
