//! What a webhook names, read by itself: one issue with its comments.

use domain::{Change, Cursor, DocumentKind, Page, Result, Target};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::connector::Jira;
use super::cursor::{Position, Run};
use super::pull::Pull;
use crate::archive::json::{id, text};

/// What a delivery is about.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    issue: u64,
    /// A comment that is said to be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<u64>,
}

/// What a delivery is about; none where it is no issue.
pub(crate) fn target(body: &[u8]) -> Option<Target> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let event = text(&body, &["webhookEvent"])?;
    let number = |path: &[&str]| id(&body, path)?.parse().ok();
    if !event.starts_with("jira:issue_") && !event.starts_with("comment_") {
        return None;
    }
    let about = About {
        issue: number(&["issue", "id"])?,
        comment: (event == "comment_deleted")
            .then(|| number(&["comment", "id"]))
            .flatten(),
    };
    serde_json::to_string(&about).ok().map(Target)
}

impl Jira {
    /// Read the issue that `target` names; none before the first reading came to its end, and while a run is on its way.
    ///
    /// # Errors
    /// As the requests report.
    pub(super) async fn about(&self, cursor: &Cursor, target: &Target) -> Result<Option<Page>> {
        let Ok(about) = serde_json::from_str::<About>(&target.0) else {
            return Ok(None);
        };
        let mut position = Position::read(Some(cursor), &self.config.digest)?;
        if position.is_new() || position.run.is_some() {
            return Ok(None);
        }
        let mut run = Run {
            start: self.clock.now().0,
            to: position.high,
            ..Run::default()
        };
        run.pending.0.insert(about.issue);
        position.run = Some(run);
        let mut pull = Pull::new(self, position);
        self.access.renew(domain::Timestamp(pull.now)).await;
        pull.issues().await?;
        if let Some(comment) = about.comment
            && self.client.is_gone(comment).await?
        {
            let document = self.document(DocumentKind::Comment, &comment.to_string());
            pull.changes.push(Change::Delete(document));
        }
        // What belongs to an issue goes with it: nothing is left for a census.
        pull.position.run = None;
        Ok(Some(pull.into_page((true, false))))
    }
}

#[cfg(test)]
mod tests {
    use super::{About, target};

    fn about(body: &str) -> Option<About> {
        Some(serde_json::from_str(&target(body.as_bytes())?.0).expect("ours"))
    }

    #[test]
    fn an_event_names_its_issue() {
        let issue = Some(About {
            issue: 10_002,
            comment: None,
        });
        assert_eq!(
            about(r#"{"webhookEvent":"jira:issue_updated","issue":{"id":"10002"}}"#),
            issue
        );
        let comment = r#""comment":{"id":"77"},"issue":{"id":"10002"}}"#;
        assert_eq!(
            about(&format!("{{\"webhookEvent\":\"comment_created\",{comment}")),
            issue
        );
        let gone = about(&format!("{{\"webhookEvent\":\"comment_deleted\",{comment}"));
        assert_eq!(gone.and_then(|gone| gone.comment), Some(77));
    }

    #[test]
    fn what_is_no_issue_is_for_a_whole_sync() {
        for body in [
            r#"{"webhookEvent":"sprint_closed","sprint":{"id":1}}"#,
            r#"{"webhookEvent":"jira:issue_updated","issue":{"id":"../1"}}"#,
            r#"{"webhookEvent":"jira:issue_updated"}"#,
            r#"{"issue":{"id":"1"}}"#,
            "no JSON",
        ] {
            assert_eq!(target(body.as_bytes()), None, "{body}");
        }
    }
}
