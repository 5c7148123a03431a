//! What a webhook names, read by itself: some lists of one repository, and whether something is still there.

use domain::{Change, Cursor, DocumentId, Page, Result, Target};
use serde::{Deserialize, Serialize};
use tracing::info;

use super::connector::GitHub;
use super::cursor::{Position, Run, Stage};
use super::repositories::meet;
use crate::archive::github::item::item_id;
use crate::archive::github::part::part_id;
use crate::archive::github::record::Shape;
use crate::archive::json::text;
use crate::batch::Batch;

/// Steps of one list at most; what is more is left to the next run.
const STEPS: usize = 10;

/// What a delivery is about.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct About {
    repository: u64,
    /// The lists to read.
    lists: Vec<Stage>,
    /// What is said to be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<Gone>,
}

/// What is said to be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Gone {
    /// An issue, by its number.
    Issue(u64),
    /// Comments on an issue and on lines of code, by their ids.
    Comment(u64),
    Remark(u64),
    /// What has no address of its own: a census finds it.
    Other,
}

/// The parts of a delivery's body that are looked at.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    action: String,
    repository: Option<Named>,
    issue: Option<Numbered>,
    comment: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: u64,
}

#[derive(Deserialize)]
struct Numbered {
    number: u64,
}

/// What a delivery of this event is about; none where more than one repository's lists is.
pub(crate) fn target(event: &str, body: &[u8]) -> Option<Target> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let comment = || body.comment.as_ref().map(|one| one.id);
    let (lists, gone) = match (event, body.action.as_str()) {
        ("issues", "deleted" | "transferred") => (vec![], Some(Gone::Issue(body.issue?.number))),
        ("issues" | "sub_issues", _) => (vec![Stage::Issues], None),
        ("issue_comment", "deleted") => (vec![Stage::Issues], Some(Gone::Comment(comment()?))),
        ("issue_comment", _) => (vec![Stage::Issues, Stage::Comments], None),
        ("pull_request" | "pull_request_review", _) => (vec![Stage::Issues, Stage::Pulls], None),
        ("pull_request_review_comment", "deleted") => (vec![Stage::Pulls], Some(Gone::Remark(comment()?))),
        ("pull_request_review_comment", _) => (vec![Stage::Pulls, Stage::Remarks], None),
        ("discussion" | "discussion_comment", "deleted") => (vec![Stage::Discussions], Some(Gone::Other)),
        ("discussion" | "discussion_comment", _) => (vec![Stage::Discussions], None),
        ("release", "deleted" | "unpublished") => (vec![Stage::Releases], Some(Gone::Other)),
        ("release", _) => (vec![Stage::Releases], None),
        ("label" | "milestone", _) => (vec![Stage::Profile], None),
        // Commits come with the pull requests that bring them.
        ("push", _) => (vec![], None),
        _ => return None,
    };
    let about = About {
        repository: body.repository?.id,
        lists,
        gone,
    };
    serde_json::to_string(&about).ok().map(Target)
}

impl GitHub {
    /// Read what `target` names; none where that is more than one known repository's, or a run is on its way.
    ///
    /// # Errors
    /// As the requests report.
    pub(super) async fn about(&self, cursor: &Cursor, target: &Target) -> Result<Option<Page>> {
        let Ok(about) = serde_json::from_str::<About>(&target.0) else {
            return Ok(None);
        };
        let mut position = Position::read(Some(cursor))?;
        if position.run.is_some() || position.settings != self.config.print() {
            return Ok(None);
        }
        // What was answered before the delivery says nothing of it.
        self.client.forget();
        let (viewer, mut batch) = (self.viewer().await?, Batch::default());
        if !self.meet_again(&mut position, about.repository, &mut batch).await? {
            return Ok(None);
        }
        let known = position.repositories.get_mut(&about.repository);
        if let Some(known) = known.filter(|_| about.lists.contains(&Stage::Profile)) {
            known.profiled = None;
        }
        // Who may read it now comes before what is new in it.
        for list in [Stage::Access].iter().chain(&about.lists) {
            let run = Run {
                began: self.clock.now(),
                viewer: viewer.clone(),
                stage: *list,
                at: about.repository,
            };
            self.read_list(&mut position, run, &mut batch).await?;
        }
        if let Some(gone) = about.gone {
            self.check(about.repository, gone, &mut batch).await?;
        }
        let sweep_due = about.gone == Some(Gone::Other);
        self.client.forget();
        Ok(Some(batch.page(position.write(), (true, sweep_due))))
    }

    /// Take in what a repository is now; whether it is one that was read before, under the same name.
    async fn meet_again(&self, position: &mut Position, repository: u64, batch: &mut Batch) -> Result<bool> {
        let Some(row) = self.still(repository).await? else {
            return Ok(false);
        };
        let known = position.repositories.get_mut(&repository).filter(|one| !one.gone);
        let same = known.filter(|one| one.profiled.is_some() && Some(one.name.as_str()) == text(&row, &["full_name"]));
        let Some(known) = same else { return Ok(false) };
        meet(repository, &row, (known, false), batch);
        Ok(true)
    }

    /// Read one list of a repository, as a run does that has come to it.
    async fn read_list(&self, position: &mut Position, run: Run, batch: &mut Batch) -> Result<()> {
        position.run = Some(run.clone());
        for _ in 0..STEPS {
            self.step(position, batch).await?;
            if position.run.as_ref() != Some(&run) {
                break;
            }
        }
        position.run = None;
        Ok(())
    }

    /// Look whether something is gone, and tell it if so. The repository is still shown to this account: what is hidden with it would
    /// look the same.
    async fn check(&self, repository: u64, gone: Gone, batch: &mut Batch) -> Result<()> {
        let (path, id) = match gone {
            Gone::Issue(number) => (format!("issues/{number}"), item_id(repository, number)),
            Gone::Comment(id) => (
                format!("issues/comments/{id}"),
                part_id(Shape::Comment, &id.to_string()),
            ),
            Gone::Remark(id) => (
                format!("pulls/comments/{id}"),
                part_id(Shape::ReviewComment, &id.to_string()),
            ),
            Gone::Other => return Ok(()),
        };
        let path = format!("repositories/{repository}/{path}");
        let answer = self.client.recall(self.client.url(&path, &[])).await?;
        let there = answer.status() == 200 && answer.url().path().ends_with(&path);
        if !there && matches!(answer.status(), 200 | 404 | 410) {
            info!(source.id = %self.config.source, repository, "something was deleted");
            let gone = DocumentId::new(&self.config.source, &id);
            batch.changes.push(Change::Delete(gone));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::Target;

    use super::{About, Gone, Stage, target};

    fn about(event: &str, body: &str) -> Option<About> {
        let Target(text) = target(event, body.as_bytes())?;
        Some(serde_json::from_str(&text).expect("ours"))
    }

    #[test]
    fn an_event_names_lists_of_its_repository() {
        let found = about(
            "issues",
            r#"{"action":"edited","repository":{"id":7},"issue":{"number":3}}"#,
        );
        let expected = About {
            repository: 7,
            lists: vec![Stage::Issues],
            gone: None,
        };
        assert_eq!(found, Some(expected));
        let found = about(
            "issue_comment",
            r#"{"action":"deleted","repository":{"id":7},"comment":{"id":9}}"#,
        );
        assert_eq!(found.expect("about").gone, Some(Gone::Comment(9)));
        assert_eq!(about("push", r#"{"repository":{"id":7}}"#).expect("about").lists, []);
    }

    #[test]
    fn who_may_read_what_and_what_is_not_understood_is_for_a_whole_sync() {
        for (event, body) in [
            ("member", r#"{"action":"removed","repository":{"id":7}}"#),
            ("repository", r#"{"action":"privatized","repository":{"id":7}}"#),
            ("issues", r#"{"action":"deleted","repository":{"id":7}}"#),
            ("issues", r#"{"action":"edited"}"#),
            ("issues", r#"{"action":"edited","repository":{"id":-1}}"#),
            ("issues", "no JSON"),
        ] {
            assert_eq!(target(event, body.as_bytes()), None, "{event} {body}");
        }
    }
}
