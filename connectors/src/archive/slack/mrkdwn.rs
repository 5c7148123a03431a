//! What titles and names need of Slack's mrkdwn. Bodies keep it as it is.

use std::collections::BTreeMap;

use serde_json::Value;

/// Objects nested deeper than this in `blocks` are not searched for mentions.
const DEPTH: usize = 32;

/// How mentions of groups of people begin.
const GROUP: &str = "!subteam^";

/// Text with its `<…>` tokens replaced by what people see, and the three escapes undone.
pub(super) fn plain(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(&unescape(before));
        let Some((token, after)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        out.push_str(&unescape(&shown(token, names)));
        rest = after;
    }
    out.push_str(&unescape(rest));
    out.trim().to_owned()
}

fn shown(token: &str, names: &BTreeMap<String, String>) -> String {
    let (target, label) = token
        .split_once('|')
        .map_or((token, None), |(target, label)| (target, Some(label)));
    let label = label.filter(|label| !label.is_empty());
    let known = |id: &str| {
        names
            .get(id)
            .map(String::as_str)
            .or(label)
            .unwrap_or(id)
            .trim_start_matches(['@', '#'])
            .to_owned()
    };
    match target.chars().next() {
        Some('@') => format!("@{}", known(target.trim_start_matches('@'))),
        Some('#') => format!("#{}", known(target.trim_start_matches('#'))),
        Some('!') if target.starts_with(GROUP) => format!("@{}", known(target.trim_start_matches(GROUP))),
        Some('!') => label.map_or_else(|| format!("@{}", target.trim_start_matches('!')), str::to_owned),
        Some(_) | None => label.unwrap_or(target).to_owned(),
    }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The names of the people and channels that a message mentions, in its text or its blocks.
pub(super) fn mentioned(text: &str, blocks: &[Value], names: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut add = |id: &str| {
        if let Some(name) = names.get(id) {
            found.insert(id.to_owned(), name.clone());
        }
    };
    for token in text
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>').map(|(token, _)| token))
    {
        let token = token.strip_prefix(GROUP).or_else(|| token.strip_prefix(['@', '#']));
        if let Some(id) = token.and_then(|token| token.split('|').next()) {
            add(id);
        }
    }
    for block in blocks {
        in_block(block, 0, &mut add);
    }
    found
}

fn in_block(value: &Value, depth: usize, add: &mut impl FnMut(&str)) {
    if depth > DEPTH {
        return;
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| in_block(value, depth + 1, add)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if let ("user_id" | "channel_id", Some(id)) = (name.as_str(), value.as_str()) {
                    add(id);
                }
                in_block(value, depth + 1, add);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::{mentioned, plain};

    fn names() -> BTreeMap<String, String> {
        BTreeMap::from([
            ("U1".to_owned(), "ada".to_owned()),
            ("C9".to_owned(), "general".to_owned()),
        ])
    }

    #[test]
    fn tokens_show_as_people_see_them() {
        let text = "<@U1> and <@U2|bob> in <#C9|>: see <https://a.b/c|the &lt;page&gt;> &amp; <https://x> <!here> <!subteam^S1|@eng> 1 < 2";
        assert_eq!(
            plain(text, &names()),
            "@ada and @bob in #general: see the <page> & https://x @here @eng 1 < 2"
        );
    }

    #[test]
    fn mentions_are_named_from_text_and_blocks() {
        let blocks = [json!({ "elements": [{ "type": "user", "user_id": "U1" }] })];
        assert_eq!(mentioned("<#C9|x> <@U7>", &blocks, &names()), names());
    }

    proptest! {
        #[test]
        fn any_text_is_shown(text in "(\\PC|[<>@#!|&;]){0,100}") {
            let _shown = plain(&text, &names());
            prop_assert!(mentioned(&text, &[], &names()).len() <= 2);
        }
    }
}
