//! The elements of storage format: a tree of names, attributes and text, from any text at all.

/// Nesting beyond this is read as if it were on this level.
const DEPTH: usize = 100;
/// Elements that have no content, closed or not.
const EMPTY: [&str; 5] = ["br", "hr", "img", "col", "wbr"];

/// A part of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Text with its entities resolved.
    Text(String),
    /// Text as it stands.
    Data(String),
    /// An element.
    Element(Element),
}

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) nodes: Vec<Node>,
}

impl Node {
    pub(super) fn element(&self) -> Option<&Element> {
        match self {
            Self::Element(element) => Some(element),
            Self::Text(_) | Self::Data(_) => None,
        }
    }
}

impl Element {
    /// An attribute's value; none where it is empty.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.nodes
            .iter()
            .filter_map(Node::element)
            .find(|child| child.name == name)
    }

    /// What is in each child of a name.
    pub(super) fn each<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e [Node]> {
        let children = self.nodes.iter().filter_map(Node::element);
        children
            .filter(move |child| child.name == name)
            .map(|child| child.nodes.as_slice())
    }

    /// All elements of a name within, but not within one another.
    pub(super) fn find_all<'e>(&'e self, name: &str, found: &mut Vec<&'e Self>) {
        for child in self.nodes.iter().filter_map(Node::element) {
            if child.name == name {
                found.push(child);
            } else {
                child.find_all(name, found);
            }
        }
    }

    /// All text within.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) {
        for node in &self.nodes {
            match node {
                Node::Text(part) | Node::Data(part) => text.push_str(part),
                Node::Element(element) if element.name == "br" => text.push('\n'),
                Node::Element(element) => element.write(text),
            }
        }
    }
}

/// Read text into its parts. A tag that is never closed ends with what it is in; one that was never opened is passed over.
pub(super) fn parse(text: &str) -> Vec<Node> {
    let mut tree = Tree {
        stack: vec![Element::default()],
    };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        tree.text(before);
        rest = if let Some(data) = after.strip_prefix("![CDATA[") {
            let (data, rest) = data.split_once("]]>").unwrap_or((data, ""));
            tree.push(Node::Data(data.to_owned()));
            rest
        } else if let Some(comment) = after.strip_prefix("!--") {
            comment.split_once("-->").map_or("", |(_, rest)| rest)
        } else {
            tree.tag(after)
        };
    }
    tree.text(rest);
    while tree.stack.len() > 1 {
        tree.close();
    }
    tree.stack.pop().map(|root| root.nodes).unwrap_or_default()
}

/// The open elements, outermost first.
struct Tree {
    stack: Vec<Element>,
}

impl Tree {
    fn push(&mut self, node: Node) {
        if let Some(top) = self.stack.last_mut() {
            top.nodes.push(node);
        }
    }

    fn text(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(Node::Text(resolved(text)));
        }
    }

    fn close(&mut self) {
        if let Some(element) = self.stack.pop() {
            self.push(Node::Element(element));
        }
    }

    /// Read a tag; what is left after it.
    fn tag<'t>(&mut self, after: &'t str) -> &'t str {
        let starts = after.starts_with(|letter: char| letter.is_ascii_alphabetic() || "/!?".contains(letter));
        let Some(end) = closing(after).filter(|_| starts) else {
            self.push(Node::Text("<".to_owned()));
            return after;
        };
        let (tag, rest) = (
            after.get(..end).unwrap_or_default(),
            after.get(end + 1..).unwrap_or_default(),
        );
        if let Some(name) = tag.strip_prefix('/') {
            let name = name.trim().to_lowercase();
            if let Some(at) = self
                .stack
                .iter()
                .rposition(|open| open.name == name)
                .filter(|at| *at > 0)
            {
                while self.stack.len() > at {
                    self.close();
                }
            }
            return rest;
        }
        if tag.starts_with(['!', '?']) {
            return rest;
        }
        let element = opened(tag.trim_end_matches('/'));
        if tag.ends_with('/') || EMPTY.contains(&element.name.as_str()) {
            self.push(Node::Element(element));
        } else if self.stack.len() < DEPTH {
            self.stack.push(element);
        }
        rest
    }
}

/// Where a tag ends: at the first `>` outside of quotes.
fn closing(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, letter) in tag.char_indices() {
        match (quote, letter) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), letter) if open == letter => quote = None,
            (_, _) => {}
        }
    }
    // A quote that is never closed is none.
    tag.find('>')
}

/// The name and attributes of a tag.
fn opened(tag: &str) -> Element {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    while let Some((key, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|letter| matches!(letter, '"' | '\''));
        let (value, left) = match quote {
            Some(quote) => {
                let inner = after.strip_prefix(quote).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            None => after.split_once(char::is_whitespace).unwrap_or((after, "")),
        };
        let key = key.split_whitespace().last().unwrap_or_default().to_lowercase();
        attributes.push((key, resolved(value)));
        rest = left;
    }
    Element {
        name: name.to_lowercase(),
        attributes,
        nodes: Vec::new(),
    }
}

/// Text with its entities resolved; one that is not known stays as it is.
fn resolved(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let found = after
            .split_once(';')
            .filter(|(name, _)| name.len() <= 10)
            .and_then(|(name, left)| Some((entity(name)?, left)));
        if let Some((letter, left)) = found {
            out.push(letter);
            rest = left;
        } else {
            out.push('&');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    const NAMED: [(&str, char); 24] = [
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("nbsp", '\u{a0}'),
        ("ndash", '–'),
        ("mdash", '—'),
        ("lsquo", '‘'),
        ("rsquo", '’'),
        ("ldquo", '“'),
        ("rdquo", '”'),
        ("laquo", '«'),
        ("raquo", '»'),
        ("hellip", '…'),
        ("rarr", '→'),
        ("larr", '←'),
        ("bull", '•'),
        ("auml", 'ä'),
        ("ouml", 'ö'),
        ("uuml", 'ü'),
        ("szlig", 'ß'),
        ("eacute", 'é'),
        ("times", '×'),
    ];
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    NAMED.iter().find(|(own, _)| *own == name).map(|(_, letter)| *letter)
}
