//! Storage format becomes Atlassian Document Format. It is not XML (undeclared prefixes, HTML's entities) and not HTML (CDATA), so it
//! is read here, and whatever it is has some text.

mod element;
mod inline;
mod macros;

use serde_json::{Value, json};

use element::{Element, Node, parse};

/// What links without an address are resolved against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Within<'w> {
    /// The address of the site's pages, without a slash at the end.
    pub(super) web: &'w str,
    /// The space of the page.
    pub(super) space: &'w str,
}

/// A body in storage format as a document.
pub(super) fn document(storage: &str, within: Within<'_>) -> Value {
    let mut flow = Flow::new(within);
    flow.walk(&parse(storage));
    json!({ "type": "doc", "version": 1, "content": flow.end() })
}

/// Blocks, and the line that is being written.
struct Flow<'w> {
    within: Within<'w>,
    blocks: Vec<Value>,
    line: Vec<Value>,
    link: Option<String>,
    code: bool,
}

impl<'w> Flow<'w> {
    fn new(within: Within<'w>) -> Self {
        Self {
            within,
            blocks: Vec::new(),
            line: Vec::new(),
            link: None,
            code: false,
        }
    }

    /// End the line, and give all blocks.
    fn end(mut self) -> Vec<Value> {
        self.flush();
        self.blocks
    }

    fn flush(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.blocks.push(json!({ "type": "paragraph", "content": line }));
        }
    }

    fn block(&mut self, block: Value) {
        self.flush();
        self.blocks.push(block);
    }

    /// The blocks of nodes on their own.
    fn inner(&self, nodes: &[Node]) -> Vec<Value> {
        let mut flow = Flow::new(self.within);
        flow.link.clone_from(&self.link);
        flow.walk(nodes);
        flow.end()
    }

    /// The line of nodes on their own; what is a block among them loses its form, not its text.
    fn line_of(&self, nodes: &[Node]) -> Vec<Value> {
        let mut line = Vec::new();
        for block in self.inner(nodes) {
            match block.get("content").and_then(Value::as_array) {
                Some(content) => line.extend(content.iter().cloned()),
                None => line.push(block),
            }
        }
        line
    }

    fn walk(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(text) | Node::Data(text) => self.text(text),
                Node::Element(element) => self.element(element),
            }
        }
    }

    fn element(&mut self, element: &Element) {
        let nodes = &element.nodes;
        match element.name.as_str() {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level: u8 = element.name.trim_start_matches('h').parse().unwrap_or(1);
                let line = self.line_of(nodes);
                self.block(json!({ "type": "heading", "attrs": { "level": level }, "content": line }));
            }
            "p" | "div" | "section" | "details" | "summary" | "dl" | "dt" | "dd" => {
                self.flush();
                self.walk(nodes);
                self.flush();
            }
            "ul" | "ol" => {
                let kind = if element.name == "ul" {
                    "bulletList"
                } else {
                    "orderedList"
                };
                let items = element
                    .each("li")
                    .map(|item| json!({ "type": "listItem", "content": self.inner(item) }));
                let list = json!({ "type": kind, "content": items.collect::<Vec<_>>() });
                self.block(list);
            }
            "table" => self.table(element),
            "blockquote" => {
                let quote = json!({ "type": "blockquote", "content": self.inner(nodes) });
                self.block(quote);
            }
            "pre" => self.code_block(&element.text(), None),
            "hr" => self.block(json!({ "type": "rule" })),
            "ac:task-list" => self.tasks(element),
            "ac:structured-macro" | "ac:macro" => self.macros(element),
            "ac:adf-extension" => {
                let fallback = element.child("ac:adf-fallback").cloned();
                self.walk(&fallback.map_or_else(Vec::new, |fallback| fallback.nodes));
            }
            _ => self.inline(element),
        }
    }

    fn code_block(&mut self, code: &str, language: Option<&str>) {
        let text = json!([{ "type": "text", "text": code }]);
        self.block(json!({ "type": "codeBlock", "attrs": { "language": language }, "content": text }));
    }

    fn table(&mut self, table: &Element) {
        let mut rows = Vec::new();
        table.find_all("tr", &mut rows);
        let row = |row: &&Element| {
            let cells = row.nodes.iter().filter_map(Node::element);
            let cells = cells.filter(|cell| matches!(cell.name.as_str(), "td" | "th"));
            let cells = cells.map(|cell| json!({ "type": "tableCell", "content": self.inner(&cell.nodes) }));
            json!({ "type": "tableRow", "content": cells.collect::<Vec<_>>() })
        };
        let rows: Vec<Value> = rows.iter().map(row).collect();
        self.block(json!({ "type": "table", "content": rows }));
    }

    fn tasks(&mut self, list: &Element) {
        let items: Vec<Value> = list
            .each("ac:task")
            .map(|task| {
                let part = |name: &str| task.iter().filter_map(Node::element).find(|part| part.name == name);
                let done = part("ac:task-status").is_some_and(|status| status.text().trim() == "complete");
                let line = part("ac:task-body").map(|body| self.line_of(&body.nodes));
                json!({ "type": "taskItem", "attrs": { "state": if done { "DONE" } else { "TODO" } }, "content": line })
            })
            .collect();
        self.block(json!({ "type": "taskList", "content": items }));
    }
}

#[cfg(test)]
mod tests;
