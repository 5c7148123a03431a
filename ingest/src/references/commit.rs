//! What the subject line of a commit says by its form: which pull request it merges, and from which branch.

use domain::{Key, NodeKind};

use super::find::{Find, Named, Relation};
use super::segments::{Region, Regions};
use super::sites::item_number;

/// Read the subject, the first line of `text`: finds for the pull request, regions for branch names and for what was read.
/// A body that repeats the subject is not read a second time.
pub(crate) fn read<'a>(text: &'a str, own: Option<&str>, regions: &mut Regions<'a>) -> Vec<Find<'a>> {
    let subject = text.lines().next().unwrap_or_default().trim_end();
    let mut finds = Vec::new();
    if let Some((words, branch)) = merge(subject) {
        regions.push(0, words.len(), Region::Silent);
        if let Some(start) = subject.len().checked_sub(branch.len()) {
            let end = start + branch.find(char::is_whitespace).unwrap_or(branch.len());
            regions.push(start, end, Region::Branch);
        }
        if let Some((start, end)) = body_line(text, subject) {
            regions.push(start, end, Region::Title);
        }
        finds.extend(pull_request(0, words, own, ("git.merge_subject", 0.95)));
    }
    if subject.starts_with("Merge branch") || subject.starts_with("Merge remote-tracking branch") {
        for (start, end) in quoted(subject) {
            regions.push(start, end, Region::Branch);
        }
    }
    if let Some(words) = squash_suffix(subject) {
        let start = subject.len() - words.len();
        regions.push(start, subject.len(), Region::Silent);
        regions.push(0, start, Region::Title);
        finds.extend(pull_request(start, words, own, ("git.squash_suffix", 0.9)));
    }
    if let Some((start, end)) = body_line(text, subject).filter(|(start, end)| text.get(*start..*end) == Some(subject))
    {
        regions.push(start, end, Region::Silent);
    }
    finds
}

fn pull_request<'a>(
    start: usize,
    words: &'a str,
    own: Option<&str>,
    (rule, confidence): (&'static str, f32),
) -> Option<Find<'a>> {
    let number = item_number(words.trim_matches(|c: char| !c.is_ascii_digit()))?;
    let named = Named::new(rule, confidence, NodeKind::PullRequest, Key::github_item(own?, number)).certain();
    Some(Find {
        start: Some(start),
        words,
        address: None,
        relation: Relation::Merging,
        named,
    })
}

/// `Merge pull request #137 from user/branch` gives `Merge pull request #137` and `user/branch`.
fn merge(subject: &str) -> Option<(&str, &str)> {
    let rest = subject.strip_prefix("Merge pull request #")?;
    let (number, branch) = rest.split_once(" from ")?;
    item_number(number)?;
    let words = subject.get(..subject.len() - rest.len() + number.len())?;
    Some((words, branch))
}

/// The `(#137)` at the end of a subject.
fn squash_suffix(subject: &str) -> Option<&str> {
    let words = subject.get(subject.rfind("(#")?..)?;
    item_number(words.strip_prefix("(#")?.strip_suffix(')')?)?;
    Some(words)
}

/// The spans of what stands between single quotes.
fn quoted(subject: &str) -> impl Iterator<Item = (usize, usize)> {
    let quotes: Vec<usize> = subject.match_indices('\'').map(|(at, _)| at).collect();
    let pairs: Vec<_> = quotes
        .chunks_exact(2)
        .filter_map(|pair| Some((pair.first()? + 1, *pair.last()?)))
        .collect();
    pairs.into_iter()
}

/// The first line of the body: in a merge the pull request's title.
fn body_line(text: &str, subject: &str) -> Option<(usize, usize)> {
    let body = text.get(subject.len()..)?.trim_start();
    let start = text.len() - body.len();
    Some((start, start + body.lines().next()?.trim_end().len()))
}
