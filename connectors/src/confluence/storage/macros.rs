//! Macros: code and its like keep their text, panels what is in them, references to issues become links.

use serde_json::json;

use super::Flow;
use super::element::{Element, Node};

impl Flow<'_> {
    pub(super) fn macros(&mut self, element: &Element) {
        let named = |name: &str| {
            let mut children = element.nodes.iter().filter_map(Node::element);
            let found = children.find(|child| child.name == "ac:parameter" && child.attribute("ac:name") == Some(name));
            found.map(Element::text).filter(|text| !text.trim().is_empty())
        };
        match element.attribute("ac:name").unwrap_or_default() {
            "code" | "noformat" => {
                let code = element
                    .child("ac:plain-text-body")
                    .map(Element::text)
                    .unwrap_or_default();
                self.code_block(&code, named("language").as_deref());
            }
            "jira" => {
                if let Some(key) = named("key") {
                    let url = format!("{}/browse/{}", self.within.web, key.trim());
                    self.line.push(json!({ "type": "inlineCard", "attrs": { "url": url } }));
                }
            }
            // They show what other pages say, which others may read than this one.
            "include" | "excerpt-include" => {}
            "status" => self.text(&named("title").unwrap_or_default()),
            _ => {
                if let Some(title) = named("title") {
                    self.flush();
                    self.text(&title);
                    self.flush();
                }
                if let Some(body) = element.child("ac:rich-text-body") {
                    self.flush();
                    self.walk(&body.nodes);
                    self.flush();
                } else if let Some(body) = element.child("ac:plain-text-body") {
                    self.code_block(&body.text(), None);
                }
            }
        }
    }
}
