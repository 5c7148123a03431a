//! A part of the graph as a picture: an SVG that needs no script, with readable labels and links.

mod layout;

use std::fmt::Write;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use self::layout::{Place, Sketch};
use crate::questions::{Item, Subgraph};
use crate::search::Step;

/// Letters of a label.
const LABEL: usize = 34;
/// The width of a letter in a label, about, in pixels.
const LETTER: f64 = 7.2;
/// The height of a box, in pixels.
const HEIGHT: f64 = 40.0;
/// Space around everything, in pixels.
const MARGIN: f64 = 24.0;

/// Colours by kind, as classes: light ground and dark ground.
const STYLE: &str = "svg{font:12px system-ui,sans-serif;background:#fff}\
.n rect{fill:#f4f5f7;stroke:#8a94a6;rx:6px}.n text{fill:#1d2433}.n .k{fill:#5b6472;font-size:10px}.m rect{stroke-width:2.5px}\
.e line{stroke:#aab2bf}.e text{fill:#6b7482;font-size:9px;text-anchor:middle}.a{fill:#aab2bf}\
.issue rect{stroke:#c2410c}.pull_request rect{stroke:#7c3aed}.commit rect{stroke:#0f766e}.file rect,.symbol rect{stroke:#1d4ed8}\
.page rect{stroke:#a16207}.thread rect,.discussion rect{stroke:#be185d}.person rect{stroke:#15803d}\
@media (prefers-color-scheme:dark){svg{background:#14171c}.n rect{fill:#20252d}.n text{fill:#e6e9ee}.n .k{fill:#9aa3b0}\
.e line{stroke:#4b5563}.a{fill:#4b5563}.e text{fill:#9aa3b0}}";

/// Draw it. Nothing of the texts is markup in the picture; links lead to the things' own addresses where these are web addresses, else to
/// the API's page of the thing.
pub fn svg(graph: &Subgraph) -> String {
    let labels: Vec<(String, String)> = graph.nodes.iter().map(labels).collect();
    let widths = labels.iter().map(|(title, kind)| width(title).max(width(kind)));
    let place = |key: &str| graph.nodes.iter().position(|node| node.key == key);
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut lines: Vec<(usize, usize, Vec<&Step>)> = Vec::new();
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (place(&edge.from), place(&edge.to)) else {
            continue;
        };
        // Several edges between the same two are one line with all their words.
        if let Some((_, _, steps)) = lines.iter_mut().find(|(a, b, _)| (*a, *b) == (from, to)) {
            steps.push(edge);
        } else {
            ends.push((from, to));
            lines.push((from, to, vec![edge]));
        }
    }
    let sketch = Sketch {
        boxes: widths.map(|width| (width, HEIGHT)).collect(),
        edges: ends,
    };
    let places = layout::places(&sketch);
    let mut out = String::new();
    open(&mut out, graph, &places);
    for (from, to, steps) in &lines {
        line(&mut out, (places.get(*from), places.get(*to)), steps);
    }
    for (at, (node, place)) in graph.nodes.iter().zip(&places).enumerate() {
        if let Some(texts) = labels.get(at) {
            node_box(&mut out, (node, texts), place, at == 0);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn open(out: &mut String, graph: &Subgraph, places: &[Place]) {
    let edge =
        |pick: fn(&Place) -> f64, fold: fn(f64, f64) -> f64| places.iter().map(pick).reduce(fold).unwrap_or_default();
    let (left, right) = (
        edge(|at| at.x - at.width / 2.0, f64::min),
        edge(|at| at.x + at.width / 2.0, f64::max),
    );
    let (top, bottom) = (
        edge(|at| at.y - HEIGHT / 2.0, f64::min),
        edge(|at| at.y + HEIGHT / 2.0, f64::max),
    );
    let (width, height) = (right - left + 2.0 * MARGIN, bottom - top + 2.0 * MARGIN);
    let about = graph.nodes.first().map(|node| escaped(&name(node))).unwrap_or_default();
    write(
        out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"{:.0} {:.0} {width:.0} {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\">\n\
             <title>What surrounds {about}</title>\n<style>{STYLE}</style>\n\
             <defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
             <path class=\"a\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
            left - MARGIN,
            top - MARGIN,
        ),
    );
}

fn line(out: &mut String, (from, to): (Option<&Place>, Option<&Place>), steps: &[&Step]) {
    let (Some(from), Some(to)) = (from, to) else { return };
    let (start, end) = (from.border(to), to.border(from));
    let mut kinds: Vec<&str> = steps.iter().map(|step| step.kind.as_str()).collect();
    kinds.dedup();
    let told: Vec<String> = steps
        .iter()
        .map(|step| {
            format!(
                "{} {} {}: “{}” in {}",
                step.from, step.kind, step.to, step.evidence, step.asserted_by
            )
        })
        .collect();
    write(
        out,
        format_args!(
            "<g class=\"e\"><title>{}</title><line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" marker-end=\"url(#a)\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text></g>\n",
            escaped(&told.join("\n")),
            start.0,
            start.1,
            end.0,
            end.1,
            f64::midpoint(start.0, end.0),
            f64::midpoint(start.1, end.1) - 3.0,
            escaped(&kinds.join(", ")),
        ),
    );
}

fn node_box(out: &mut String, (node, (title, kind)): (&Item, &(String, String)), at: &Place, middle: bool) {
    let class = node.kind.as_deref().unwrap_or("name");
    write(
        out,
        format_args!(
            "<a href=\"{}\"><g class=\"n {}{}\"><title>{}</title><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{HEIGHT}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text><text class=\"k\" x=\"{:.1}\" y=\"{:.1}\">{}</text></g></a>\n",
            escaped(&href(node)),
            escaped(class),
            if middle { " m" } else { "" },
            escaped(&format!("{}\n{}", node.key, name(node))),
            at.x - at.width / 2.0,
            at.y - HEIGHT / 2.0,
            at.width,
            at.x - at.width / 2.0 + 8.0,
            at.y - 3.0,
            escaped(title),
            at.x - at.width / 2.0 + 8.0,
            at.y + 12.0,
            escaped(kind),
        ),
    );
}

/// Where a click leads: never anywhere but to a web page.
fn href(node: &Item) -> String {
    let web = |url: &&String| url.starts_with("https://") || url.starts_with("http://");
    node.url.as_ref().filter(web).cloned().unwrap_or_else(|| {
        let key = utf8_percent_encode(&node.key, NON_ALPHANUMERIC);
        format!("/v1/entities/{key}")
    })
}

fn name(node: &Item) -> String {
    node.title.clone().unwrap_or_else(|| node.key.clone())
}

/// The two lines in a box: what it is called, and what it is.
fn labels(node: &Item) -> (String, String) {
    let short = node.key.rsplit_once('/').map_or(node.key.as_str(), |(_, end)| end);
    let short = short
        .split_once('@')
        .map_or(short, |(_, sha)| sha.get(..12).unwrap_or(sha));
    let title = node.title.as_deref().unwrap_or(short);
    let kind = node.kind.as_deref().unwrap_or("name").replace('_', " ");
    (cut(title, LABEL), cut(&format!("{kind} {short}"), LABEL))
}

#[expect(clippy::cast_precision_loss, reason = "some dozens of letters")]
fn width(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER + 16.0
}

fn cut(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// As text of an XML document: markup is escaped, and what XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(letter),
            '\u{fffe}' | '\u{ffff}' => {}
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

fn write(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).expect("writing to a string does not fail");
}

#[cfg(test)]
mod tests {
    use super::{Item, Subgraph, svg};
    use crate::search::Step;

    fn item(key: &str, title: &str, url: Option<&str>) -> Item {
        Item {
            key: key.to_owned(),
            kind: Some("issue".to_owned()),
            title: Some(title.to_owned()),
            state: None,
            updated: None,
            url: url.map(str::to_owned),
        }
    }

    fn step(from: &str, to: &str) -> Step {
        Step {
            from: from.to_owned(),
            to: to.to_owned(),
            kind: "closes".to_owned(),
            rule: "text".to_owned(),
            evidence: "<b>\u{0}&\"".to_owned(),
            span: None,
            asserted_by: from.to_owned(),
            confidence: 1.0,
            first_seen: None,
            last_seen: None,
        }
    }

    #[test]
    fn what_is_written_by_others_is_never_markup_and_no_link_runs_code() {
        let graph = Subgraph {
            nodes: vec![
                item(
                    "a\"><script>alert(1)</script>",
                    "</text><script>x</script>",
                    Some("javascript:alert(1)"),
                ),
                item("b", "B & C", Some("https://acme.example/?a=1&b=\"2\"")),
            ],
            edges: vec![step("a\"><script>alert(1)</script>", "b"), step("nobody", "b")],
            truncated: false,
        };
        let drawn = svg(&graph);
        assert!(
            !drawn.contains("<script") && !drawn.contains("javascript:") && !drawn.contains('\u{0}'),
            "{drawn}"
        );
        assert!(
            drawn.contains("https://acme.example/?a=1&amp;b=&quot;2&quot;"),
            "{drawn}"
        );
        assert_eq!(
            drawn.matches("<line").count(),
            1,
            "an edge without both ends is not drawn"
        );
        assert_eq!(drawn, svg(&graph), "the same every time");
    }
}
