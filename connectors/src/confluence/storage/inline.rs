//! What stands within a line: text, links, people, images.

use serde_json::{Value, json};

use super::Flow;
use super::element::Element;

impl Flow<'_> {
    /// Text of the author's: runs of white space are one space, and a line does not begin with one.
    pub(super) fn text(&mut self, text: &str) {
        let mut words = String::new();
        for letter in text.chars() {
            let letter = if letter.is_whitespace() { ' ' } else { letter };
            if letter != ' ' || !(words.ends_with(' ') || (words.is_empty() && self.line.is_empty())) {
                words.push(letter);
            }
        }
        self.words(&words);
    }

    fn words(&mut self, words: &str) {
        if words.is_empty() {
            return;
        }
        let mut marks = Vec::new();
        if let Some(href) = &self.link {
            marks.push(json!({ "type": "link", "attrs": { "href": href } }));
        }
        if self.code {
            marks.push(json!({ "type": "code" }));
        }
        let mut text = json!({ "type": "text", "text": words });
        if !marks.is_empty() {
            text["marks"] = Value::Array(marks);
        }
        self.line.push(text);
    }

    pub(super) fn inline(&mut self, element: &Element) {
        match element.name.as_str() {
            "br" => self.line.push(json!({ "type": "hardBreak" })),
            "code" | "tt" | "kbd" => {
                let before = std::mem::replace(&mut self.code, true);
                self.walk(&element.nodes);
                self.code = before;
            }
            "a" => self.linked(element.attribute("href").map(str::to_owned), |flow| {
                flow.walk(&element.nodes);
            }),
            "ac:link" => self.ac_link(element),
            "ac:image" => self.image(element),
            "ac:emoticon" => {
                let name = element
                    .attribute("ac:emoji-fallback")
                    .or_else(|| element.attribute("ac:name"));
                self.words(name.unwrap_or_default());
            }
            "time" => self.words(element.attribute("datetime").unwrap_or_default()),
            // Hints to the author, and parameters of what is not known here.
            "ac:placeholder" | "ac:parameter" | "script" | "style" => {}
            _ => self.walk(&element.nodes),
        }
    }

    fn linked(&mut self, href: Option<String>, write: impl FnOnce(&mut Self)) {
        let before = self.link.clone();
        self.link = href.or(before.clone());
        write(self);
        self.link = before;
    }

    /// A link to what Confluence knows: a page by its title, a person, a file, a space.
    fn ac_link(&mut self, element: &Element) {
        if let Some(id) = element
            .child("ri:user")
            .and_then(|user| user.attribute("ri:account-id"))
        {
            self.line.push(json!({ "type": "mention", "attrs": { "id": id } }));
            return;
        }
        let (href, name) = self.target(element);
        let body = element
            .child("ac:link-body")
            .or_else(|| element.child("ac:plain-text-link-body"));
        self.linked(href, |flow| match body {
            Some(body) => flow.walk(&body.nodes),
            None => flow.words(&name),
        });
    }

    /// The address of a link's target, and its name.
    fn target(&self, element: &Element) -> (Option<String>, String) {
        let web = self.within.web;
        if let Some(page) = element.child("ri:page").or_else(|| element.child("ri:blog-post")) {
            let title = page.attribute("ri:content-title").unwrap_or_default();
            let space = page.attribute("ri:space-key").unwrap_or(self.within.space);
            return (address(web, &["wiki", "display", space, title]), title.to_owned());
        }
        if let Some(space) = element
            .child("ri:space")
            .and_then(|space| space.attribute("ri:space-key"))
        {
            return (address(web, &["wiki", "spaces", space]), space.to_owned());
        }
        if let Some(url) = element.child("ri:url").and_then(|url| url.attribute("ri:value")) {
            return (Some(url.to_owned()), url.to_owned());
        }
        let file = element
            .child("ri:attachment")
            .and_then(|file| file.attribute("ri:filename"));
        (None, file.unwrap_or_default().to_owned())
    }

    fn image(&mut self, element: &Element) {
        let file = element
            .child("ri:attachment")
            .and_then(|file| file.attribute("ri:filename"));
        let alt = element.attribute("ac:alt").or(file).unwrap_or_default().to_owned();
        self.words(&alt);
    }
}

/// An address below the site's, each part encoded as needed.
fn address(web: &str, parts: &[&str]) -> Option<String> {
    let mut url = url::Url::parse(web).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(parts);
    Some(url.into())
}
