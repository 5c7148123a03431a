//! The connector: pages of steps, each step a page of one list, and a cursor that moves with them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use domain::seam::Connector;
use domain::{Cursor, Estimate, Page, Result, SourceId, Sweep, Target, Timestamp};
use tracing::debug;

use super::census::Counted;
use super::client::Client;
use super::config::{Config, GitHubApiSettings};
use super::cursor::{Position, Stage};
use crate::batch::Batch;
use crate::clock::{Clock, until};
use crate::http::Api;

/// Steps of one pull at most.
const STEPS: usize = 50;

/// GitHub as a source.
///
/// The first run reads everything; later ones read what changed since, with an overlap, and who may read what. Documents are known
/// by GitHub's numbers: a renamed repository keeps them. What is deleted is found by a sweep once a day, and everything is read
/// again once a week for the changes that GitHub does not date.
pub struct GitHub {
    pub(super) config: Config,
    pub(super) client: Client,
    /// What a census under way has counted so far.
    pub(super) counted: Mutex<Counted>,
    pub(super) clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitHub")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl GitHub {
    /// A connector over `api`, whose policy is GitHub's at the address in the settings.
    ///
    /// # Errors
    /// `Invalid` for settings that cannot work.
    pub fn open(source: SourceId, settings: GitHubApiSettings, api: Api, clock: Arc<dyn Clock>) -> Result<Self> {
        let config = Config::new(source, settings)?;
        let client = Client::new(api, config.api.clone());
        Ok(Self {
            config,
            client,
            counted: Mutex::default(),
            clock,
        })
    }

    /// One step from `position`.
    pub(super) async fn step(&self, position: &mut Position, batch: &mut Batch) -> Result<()> {
        let now = self.clock.now();
        let done = match position.run.as_ref().map(|run| run.stage) {
            None => self.begin(position, batch, now).await,
            Some(_) if position.at().is_none() => {
                position.advance();
                Ok(())
            }
            Some(Stage::Access) => self.access(position, batch).await,
            Some(Stage::Profile) => self.profile(position, batch, now).await,
            Some(Stage::Issues) => self.issues(position, batch).await,
            Some(stage @ (Stage::Comments | Stage::Remarks)) => self.comments(stage, position, batch).await,
            Some(Stage::Pulls) => self.pulls(position, batch, now).await,
            Some(Stage::Discussions) => self.discussions(position, batch, now).await,
            Some(Stage::Releases) => self.releases(position, batch).await,
        };
        done?;
        self.people(position, batch, now).await
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

    /// Whether deletions are to be looked for; if so, they are from now on for a while not.
    pub(super) fn census_due(&self, position: &mut Position, now: Timestamp) -> bool {
        let due = position
            .census
            .is_some_and(|then| until(then, now) >= self.config.census);
        if due {
            position.census = Some(now);
        }
        due
    }
}

#[async_trait]
impl Connector for GitHub {
    fn source(&self) -> &SourceId {
        &self.config.source
    }

    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page> {
        let mut position = Position::read(cursor)?;
        let mut batch = Batch::default();
        self.steps(&mut position, &mut batch).await?;
        let more = position.run.is_some();
        let sweep_due = !more && self.census_due(&mut position, self.clock.now());
        Ok(batch.page(position.write(), (more, sweep_due)))
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
        let forecast = self.forecast(Position::read(cursor)?).await;
        self.client.forget();
        forecast
    }
}
