//! The answers as people read them.

use search_api::questions::{
    BusFactor, Central, Communities, Contributor, Duplicates, Experts, Impact, Item, Origin, Related, Reviewers,
    StaleDocs, Why,
};
use search_api::search::Step;

use crate::commands::show::{because, cut, one_line};
use crate::output::{Style, add};

pub(super) fn related(answer: &Related, style: Style) -> String {
    let mut out = subject(&answer.subject, style);
    if answer.related.is_empty() {
        out += "nothing is known that has to do with it";
    }
    for one in &answer.related {
        line(&mut out, "  ", &one.item, style);
        for step in &one.via {
            add(&mut out, format_args!("      {}\n", style.dim(&edge(step))));
        }
        if let (true, Some(alike)) = (one.via.is_empty(), one.alike) {
            add(
                &mut out,
                format_args!("      {}\n", style.dim(&format!("reads alike ({alike:.2})"))),
            );
        }
    }
    out
}

pub(super) fn experts(answer: &Experts, style: Style) -> String {
    if answer.experts.is_empty() {
        return "nobody is known for it; try other words".to_owned();
    }
    people(&answer.experts, style)
}

pub(super) fn reviewers(answer: &Reviewers, style: Style) -> String {
    let mut out = subject(&answer.subject, style);
    add(
        &mut out,
        format_args!("  {}\n", style.dim(&counted(answer.files, "file"))),
    );
    if answer.reviewers.is_empty() {
        out += "nobody else is known to have changed its files";
    }
    out + &people(&answer.reviewers, style)
}

pub(super) fn bus_factor(answer: &BusFactor, style: Style) -> String {
    let (one, commits, files) = (
        answer.factor == 1,
        counted(answer.commits, "commit"),
        counted(answer.files, "file"),
    );
    let mut out = format!(
        "{}\n  {} {} made half of the changes ({commits}, {files}, {} changed by one person alone)\n",
        style.bold(&one_line(&answer.path)),
        answer.factor,
        if one { "person" } else { "people" },
        answer.by_one,
    );
    out += &people(&answer.people, style);
    out
}

pub(super) fn impact(answer: &Impact, style: Style) -> String {
    let mut out = subject(&answer.subject, style);
    heading(&mut out, "depends on it", answer.dependents.len(), style);
    for one in &answer.dependents {
        let far = if one.distance > 1 {
            format!(" ({} away)", one.distance)
        } else {
            String::new()
        };
        line(&mut out, "  ", &one.item, style);
        add(&mut out, format_args!("      {}{far}\n", style.dim(&edge(&one.via))));
    }
    for (name, items) in [
        ("changed lately by", &answer.changes),
        ("open about it", &answer.open),
        ("documented by", &answer.pages),
    ] {
        heading(&mut out, name, items.len(), style);
        for item in items {
            line(&mut out, "  ", item, style);
        }
    }
    heading(&mut out, "people", answer.people.len(), style);
    for person in &answer.people {
        add(&mut out, format_args!("  {}\n", who(person, style)));
    }
    if answer.truncated {
        out += &style.dim("there is more than was looked at");
    }
    out
}

pub(super) fn why(answer: &Why, style: Style) -> String {
    let mut out = subject(&answer.subject, style);
    if let Some(line) = answer.line {
        add(&mut out, format_args!("  {}\n", style.dim(&format!("line {line}"))));
    }
    if answer.origins.is_empty() {
        out += "no commit is known that changed it";
    }
    for one in &answer.origins {
        origin(&mut out, one, style);
    }
    out
}

fn origin(out: &mut String, origin: &Origin, style: Style) {
    line(out, "  ", &origin.commit, style);
    if let Some(author) = &origin.author {
        add(
            out,
            format_args!("      {}\n", style.dim(&format!("by {}", one_line(author)))),
        );
    }
    for reason in &origin.reasons {
        line(out, "    ", &reason.item, style);
        for step in &reason.via {
            add(out, format_args!("        {}\n", style.dim(&edge(step))));
        }
    }
}

pub(super) fn duplicates(answer: &Duplicates, style: Style) -> String {
    let mut out = subject(&answer.subject, style);
    if answer.duplicates.is_empty() {
        out += "no issue is like it";
    }
    for one in &answer.duplicates {
        line(&mut out, "  ", &one.item, style);
        let like = one.likeness;
        let known = if one.known { "; already said to be one" } else { "" };
        let told = format!(
            "{:.2}: title {:.2}, words {:.2}, meaning {:.2}, labels {:.2}{known}",
            one.score, like.title, like.words, like.meaning, like.labels
        );
        add(&mut out, format_args!("      {}\n", style.dim(&told)));
    }
    out
}

pub(super) fn stale_docs(answer: &StaleDocs, style: Style) -> String {
    if answer.pages.is_empty() {
        return format!(
            "no page is older than the code that it cites; {} cite code",
            answer.citing
        );
    }
    let mut out = String::new();
    for one in &answer.pages {
        line(&mut out, "", &one.page, style);
        let since = format!("{} changed {} since", one_line(&one.code.key), times(one.changes));
        add(
            &mut out,
            format_args!("    {since}; last by {}\n", named(&one.newest, style)),
        );
        add(&mut out, format_args!("    {}\n", style.dim(&because(&one.citation))));
        if !one.others.is_empty() {
            let others = format!("and {} more of what it cites", one.others.len());
            add(&mut out, format_args!("    {}\n", style.dim(&others)));
        }
    }
    if answer.truncated {
        out += &style.dim("there are more pages than were looked at; name a space");
    }
    out
}

pub(super) fn central(answer: &Central, style: Style) -> String {
    let mut out = format!("{}\n", style.dim(&format!("by {}", answer.measure)));
    for one in &answer.things {
        add(&mut out, format_args!("{:.4} ", one.score));
        line(&mut out, "", &one.item, style);
    }
    out
}

pub(super) fn communities(answer: &Communities, style: Style) -> String {
    let mut out = String::new();
    for one in &answer.communities {
        let kinds: Vec<String> = one
            .kinds
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        add(
            &mut out,
            format_args!(
                "{} {}\n",
                style.bold(&format!("{} things", one.size)),
                style.dim(&kinds.join(", "))
            ),
        );
        for member in &one.members {
            line(&mut out, "  ", member, style);
        }
    }
    out
}

fn people(all: &[Contributor], style: Style) -> String {
    let mut out = String::new();
    for person in all {
        add(&mut out, format_args!("{}\n", who(person, style)));
        for deed in &person.because {
            let when = deed.at.as_deref().and_then(|at| at.get(..10)).unwrap_or_default();
            let title = deed
                .title
                .as_deref()
                .map(|title| cut(&one_line(title), 60))
                .unwrap_or_default();
            let told = format!("{} {} {title} {when}", deed.role, one_line(&deed.key));
            add(&mut out, format_args!("    {}\n", style.dim(told.trim_end())));
        }
    }
    out
}

fn who(person: &Contributor, style: Style) -> String {
    let name = person.name.as_deref().unwrap_or(&person.id);
    let told = format!("{:.2}, {}", person.score, counted(person.contributions, "contribution"));
    format!(
        "{}  {} {}",
        style.bold(&one_line(name)),
        style.key(&one_line(&person.accounts.join(" "))),
        style.dim(&told)
    )
}

fn subject(item: &Item, style: Style) -> String {
    let mut out = String::new();
    line(&mut out, "", item, style);
    out
}

fn line(out: &mut String, indent: &str, item: &Item, style: Style) {
    let state = item
        .state
        .as_deref()
        .map(|state| format!(" [{}]", one_line(state)))
        .unwrap_or_default();
    let when = item
        .updated
        .as_deref()
        .and_then(|time| time.get(..10))
        .unwrap_or_default();
    add(
        out,
        format_args!("{indent}{}{state} {}\n", named(item, style), style.dim(when)),
    );
}

fn named(item: &Item, style: Style) -> String {
    let title = item
        .title
        .as_deref()
        .map(|title| format!(" {}", cut(&one_line(title), 80)))
        .unwrap_or_default();
    format!("{}{title}", style.key(&one_line(&item.key)))
}

fn edge(step: &Step) -> String {
    format!(
        "{} ─{}→ {}  {}",
        one_line(&step.from),
        step.kind,
        one_line(&step.to),
        because(step)
    )
}

fn heading(out: &mut String, name: &str, count: usize, style: Style) {
    add(
        out,
        format_args!("{} {}\n", style.bold(name), style.dim(&format!("({count})"))),
    );
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn times(count: usize) -> String {
    if count == 1 {
        "once".to_owned()
    } else {
        format!("{count} times")
    }
}
