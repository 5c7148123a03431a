//! What a genuine delivery is about: ids alone are taken from it, for the connector to look at.

use domain::Target;

use super::Sender;
use crate::{github, jira, slack};

/// The most bytes of a target.
const MOST: usize = 1024;

/// What a genuine delivery is about; none where its connector cannot look at that by itself. `header` gives a header by its name in
/// lower case.
pub fn target<'a>(sender: Sender, header: impl Fn(&str) -> Option<&'a str>, body: &[u8]) -> Option<Target> {
    let target = match sender {
        Sender::GitHub => github::target(header("x-github-event")?, body),
        Sender::Jira => jira::target(body),
        Sender::Slack => slack::target(body),
    };
    target.filter(|Target(text)| text.len() <= MOST)
}
