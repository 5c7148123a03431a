//! What a repository says of itself, its labels, milestones and teams, and its releases.

use std::time::Duration;

use domain::{Result, Timestamp};
use serde_json::Value;

use super::client::{is_refusal, refused};
use super::connector::GitHub;
use super::convert::Scribe;
use super::cursor::Position;
use crate::batch::Batch;
use crate::clock::until;

/// How long what changes rarely is taken for known.
pub(super) const PERIOD: Duration = Duration::from_hours(1);

/// What belongs to a repository and has no document of its own.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) labels: Vec<Value>,
    pub(super) milestones: Vec<Value>,
    pub(super) teams: Vec<Value>,
}

impl GitHub {
    /// The document of a repository.
    pub(super) async fn profile(&self, position: &mut Position, batch: &mut Batch, now: Timestamp) -> Result<()> {
        let Some((id, one)) = position.at() else { return Ok(()) };
        if one.profiled.is_none_or(|then| until(then, now) >= PERIOD) {
            let answer = self
                .client
                .recall(self.client.url(&format!("repositories/{id}"), &[]))
                .await?;
            if !refused(answer.status()) {
                let row: Value = answer.good()?.json()?;
                let lists = Lists {
                    labels: self.side(id, "labels", &[]).await?,
                    milestones: self.side(id, "milestones", &[("state", "all")]).await?,
                    teams: self.side(id, "teams", &[]).await?,
                };
                batch
                    .changes
                    .push(Scribe::new(&self.config, id, &one.name).repository(&row, &lists));
            }
            one.profiled = Some(now);
        }
        position.advance();
        Ok(())
    }

    /// A list beside the repository; empty where this account may not read it.
    async fn side(&self, id: u64, list: &str, query: &[(&str, &str)]) -> Result<Vec<Value>> {
        let query = [query, &[("per_page", "100")]].concat();
        match self
            .client
            .list(self.client.url(&format!("repositories/{id}/{list}"), &query))
            .await
        {
            Err(error) if is_refusal(&error) => Ok(Vec::new()),
            rows => rows,
        }
    }

    /// The releases of a repository. They have no order by change: all are read where the first page differs.
    pub(super) async fn releases(&self, position: &mut Position, batch: &mut Batch) -> Result<()> {
        let Some((id, one)) = position.at() else { return Ok(()) };
        let url = self
            .client
            .url(&format!("repositories/{id}/releases"), &[("per_page", "100")]);
        let answer = self
            .client
            .ask(url, one.tags.get("releases").map(String::as_str))
            .await?;
        if !answer.not_modified() && !refused(answer.status()) {
            let first = answer.good()?;
            let tag = first.etag().map(str::to_owned);
            let rows = self.client.rest(first).await?;
            let mut scribe = Scribe::new(&self.config, id, &one.name);
            for row in &rows {
                scribe.release(row, batch);
            }
            one.tags.extend(tag.map(|tag| ("releases".to_owned(), tag)));
        }
        position.advance();
        Ok(())
    }
}
