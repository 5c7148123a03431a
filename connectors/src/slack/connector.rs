//! The connector: pages of steps, each step a page of one channel, and a cursor that moves with them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::seam::Connector;
use domain::{Cursor, Estimate, Page, Result, SourceId, Sweep, Target};
use serde_json::Value;
use tracing::debug;

use super::client::Client;
use super::config::{Config, SlackApiSettings};
use super::cursor::{Position, Stage};
use super::workspace::Workspace;
use crate::batch::Batch;
use crate::clock::{Clock, until};
use crate::http::Api;

/// Steps of one pull at most.
const STEPS: usize = 50;

/// Slack as a source.
///
/// The first run reads everything; later ones read what is new, and a window in which late replies, edits and deletions are found
/// by comparison. Who may read a private channel is asked in every run.
pub struct Slack {
    pub(super) config: Config,
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
    /// Caches: both can be asked for again at any time.
    pub(super) workspace: Mutex<Option<Arc<Workspace>>>,
    pub(super) rows: Mutex<BTreeMap<String, Value>>,
}

impl std::fmt::Debug for Slack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slack")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Slack {
    /// A connector over `api`, whose policy is Slack's at the address in the settings.
    ///
    /// # Errors
    /// `Invalid` for settings that cannot work.
    pub fn open(source: SourceId, settings: SlackApiSettings, api: Api, clock: Arc<dyn Clock>) -> Result<Self> {
        let config = Config::new(source, settings)?;
        let client = Client::new(api, config.api.clone());
        Ok(Self {
            config,
            client,
            clock,
            workspace: Mutex::default(),
            rows: Mutex::default(),
        })
    }

    /// One step from `position`.
    async fn step(&self, position: &mut Position, batch: &mut Batch) -> Result<()> {
        match position.run.as_ref().map(|run| run.stage) {
            None => self.begin(position, batch).await,
            Some(Stage::People(from)) => self.people(from, position, batch).await,
            Some(_) if position.at().is_none() => {
                position.advance();
                Ok(())
            }
            Some(Stage::Access) => self.access(position, batch).await,
            Some(Stage::History) => self.history(position, batch).await,
        }
    }

    /// Steps until the page is full, the run ends, or something fails. What was read before that is kept.
    async fn steps(&self, position: &mut Position, batch: &mut Batch) -> Result<()> {
        for step in 0..STEPS {
            let (mut next, mut brought) = (position.clone(), Batch::default());
            match self.step(&mut next, &mut brought).await {
                Err(error) if step == 0 => return Err(error),
                Err(error) => {
                    debug!(source.id = %self.config.source, %error, "the page ends early");
                    break;
                }
                Ok(()) => {}
            }
            self.client.forget();
            *position = next;
            batch.append(brought);
            if position.run.is_none() || batch.is_full() {
                break;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Connector for Slack {
    fn source(&self) -> &SourceId {
        &self.config.source
    }

    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page> {
        let mut position = Position::read(cursor)?;
        let mut batch = Batch::default();
        self.steps(&mut position, &mut batch).await?;
        let (more, now) = (position.run.is_some(), self.clock.now());
        let due = position
            .census
            .is_some_and(|then| until(then, now) >= self.config.census);
        if !more && due {
            position.census = Some(now);
        }
        Ok(batch.page(position.write(), (more, !more && due)))
    }

    async fn pull_target(&self, cursor: &Cursor, target: &Target) -> Result<Option<Page>> {
        self.about(cursor, target).await
    }

    async fn sweep(&self, cursor: Option<&Cursor>) -> Result<Sweep> {
        let position = Position::read(cursor)?;
        let swept = self.census(&position).await;
        // What was answered is kept for the next try, which goes on from there.
        if swept.is_ok() {
            self.client.forget();
        }
        swept
    }

    async fn estimate(&self, cursor: Option<&Cursor>) -> Result<Estimate> {
        let forecast = self.forecast(&Position::read(cursor)?).await;
        self.client.forget();
        forecast
    }
}
