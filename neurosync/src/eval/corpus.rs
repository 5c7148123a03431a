//! Reading a BEIR folder, and a connector over its corpus.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use async_trait::async_trait;
use domain::seam::Connector;
use domain::seam::store::SourceRecord;
use domain::{
    AccessId, AccessRule, Body, Change, Cursor, Document, DocumentId, DocumentKind, Error, Estimate, Key, Page,
    Readers, Result, SourceId, Sweep, Timestamp,
};
use serde::Deserialize;

/// Documents a page.
const PAGE: usize = 1000;
/// The longest line, in bytes.
const MAX_LINE: u64 = 16 << 20;

/// A corpus.
pub(crate) struct Beir {
    source: SourceId,
    entries: Vec<Entry>,
}

/// A query with its judgements.
pub(crate) struct Query {
    pub(crate) text: String,
    pub(crate) relevant: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: String,
    text: String,
}

/// The corpus and the judged queries of a folder. Queries without a judgement are left out, as BEIR does.
pub(crate) fn read(dir: &Path) -> Result<(Beir, Vec<Query>)> {
    let corpus = ["corpus.jsonl", "corpus.jsonl.gz"]
        .map(|name| dir.join(name))
        .into_iter()
        .find(|path| path.is_file());
    let corpus = corpus.ok_or_else(|| {
        Error::not_found(
            "read BEIR folder",
            format!("{} has no corpus.jsonl or corpus.jsonl.gz", dir.display()),
        )
        .with_hint("give a folder with corpus.jsonl[.gz], queries.jsonl and qrels.tsv")
    })?;
    let entries: Vec<Entry> = json_lines(&corpus)?;
    let qrels = dir.join("qrels.tsv");
    let mut judged = judgements(&qrels)?;
    let queries: Vec<Entry> = json_lines(&dir.join("queries.jsonl"))?;
    let queries: Vec<_> = queries
        .into_iter()
        .filter_map(|query| {
            Some(Query {
                relevant: judged.remove(&query.id)?,
                text: query.text,
            })
        })
        .collect();
    if queries.is_empty() {
        return Err(Error::invalid(
            "read BEIR folder",
            format!("no query of queries.jsonl is judged in {}", qrels.display()),
        ));
    }
    Ok((
        Beir {
            source: SourceId::new("beir")?,
            entries,
        },
        queries,
    ))
}

fn open(path: &Path) -> Result<Box<dyn Read>> {
    let file = File::open(path).map_err(|error| Error::io("read BEIR folder", path, error))?;
    let zipped = path.extension().is_some_and(|extension| extension == "gz");
    Ok(if zipped {
        Box::new(flate2::read::MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

/// Every line of a file with its number, from 1.
fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let mut reader = BufReader::new(open(path)?);
    let mut all = Vec::new();
    loop {
        let mut line = String::new();
        let read = reader
            .by_ref()
            .take(MAX_LINE)
            .read_line(&mut line)
            .map_err(|error| Error::io("read BEIR folder", path, error))?;
        if read == 0 {
            return Ok(all);
        }
        all.push((all.len() + 1, line));
    }
}

fn json_lines(path: &Path) -> Result<Vec<Entry>> {
    let parse = |(number, line): (usize, String)| {
        serde_json::from_str(&line).map_err(|error| {
            Error::invalid("read BEIR folder", format!("{}:{number}: {error}", path.display()))
                .with_hint("each line is one JSON object with `_id` and `text`")
        })
    };
    lines(path)?
        .into_iter()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(parse)
        .collect()
}

/// `query-id <tab> corpus-id <tab> score`, with a heading.
fn judgements(path: &Path) -> Result<BTreeMap<String, BTreeMap<String, u32>>> {
    let mut judged: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
    for (number, line) in lines(path)?
        .into_iter()
        .skip(1)
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let columns: Vec<_> = line.trim_end().split('\t').collect();
        let parsed = match columns.as_slice() {
            [query, document, score] => score.parse::<i64>().ok().map(|score| (*query, *document, score)),
            _ => None,
        };
        let (query, document, score) = parsed.ok_or_else(|| {
            Error::invalid(
                "read BEIR folder",
                format!("{}:{number}: not `query-id<tab>corpus-id<tab>score`", path.display()),
            )
        })?;
        judged
            .entry(query.to_owned())
            .or_default()
            .insert(document.to_owned(), u32::try_from(score).unwrap_or(0));
    }
    Ok(judged)
}

impl Beir {
    /// The record of its source.
    pub(crate) fn record(&self) -> SourceRecord {
        SourceRecord {
            id: self.source.clone(),
            connector: "beir".to_owned(),
            settings: serde_json::Value::Null,
            added: Timestamp(0),
        }
    }

    /// The corpus id of each document.
    pub(crate) fn names(&self) -> BTreeMap<DocumentId, String> {
        self.entries
            .iter()
            .map(|entry| (DocumentId::new(&self.source, &entry.id), entry.id.clone()))
            .collect()
    }

    fn document(&self, entry: &Entry) -> Document {
        Document {
            id: DocumentId::new(&self.source, &entry.id),
            source: self.source.clone(),
            kind: DocumentKind::Page,
            key: Key::wiki_page("beir", "corpus", &entry.id),
            aliases: Vec::new(),
            container: Key::wiki_space("beir", "corpus"),
            access: AccessId::common(&self.source),
            title: entry.title.clone(),
            body: Body::plain(entry.text.clone()),
            url: None,
            author: None,
            created: None,
            updated: None,
            fields: BTreeMap::new(),
            links: Vec::new(),
        }
    }
}

#[async_trait]
impl Connector for Beir {
    fn source(&self) -> &SourceId {
        &self.source
    }

    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page> {
        let start = cursor.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
        let end = (start + PAGE).min(self.entries.len());
        let mut page = Page::empty(Cursor(end.to_string()));
        let rule = AccessRule {
            id: AccessId::common(&self.source),
            container: Key::wiki_space("beir", "corpus"),
            readers: Readers::Public,
        };
        page.changes.push(Change::Access(rule));
        page.changes.extend(
            self.entries
                .iter()
                .skip(start)
                .take(PAGE)
                .map(|entry| Change::Upsert(Box::new(self.document(entry)))),
        );
        page.more = end < self.entries.len();
        Ok(page)
    }

    async fn sweep(&self, _: Option<&Cursor>) -> Result<Sweep> {
        Ok(Sweep::Complete(self.names().into_keys().collect()))
    }

    async fn estimate(&self, _: Option<&Cursor>) -> Result<Estimate> {
        Ok(Estimate {
            documents: Some(self.entries.len() as u64),
            ..Estimate::default()
        })
    }
}
