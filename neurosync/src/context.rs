//! What every command gets: the configuration, where to write, and when to stop.

use std::sync::Arc;

use domain::Result;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{Config, Environment};
use crate::output::Output;
use crate::pipeline::{Demands, Pipeline};
use crate::progress::Bars;

/// What every command gets.
pub(crate) struct Context<'a> {
    pub(crate) config: Config,
    pub(crate) environment: &'a Environment,
    pub(crate) output: &'a Output,
    pub(crate) cancel: &'a CancellationToken,
    pub(crate) bars: Arc<Bars>,
}

impl Context<'_> {
    /// Open the data folder.
    pub(crate) async fn app(&self) -> Result<App> {
        App::open(self.config.clone(), self.environment).await
    }

    /// A pipeline over an open data folder.
    pub(crate) async fn pipeline<'a>(&self, app: &'a App) -> Result<Pipeline<'a>> {
        Ok(Pipeline {
            app,
            index: app.index(&*self.bars).await?,
            progress: self.bars.clone(),
            cancel: self.cancel.clone(),
            demands: Demands::default(),
        })
    }
}
