//! The connector: what it is made of, and its two calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::seam::Connector;
use domain::{
    AccessId, AccessRule, Account, Cursor, DocumentId, DocumentKind, Estimate, Key, Page, Result, SourceId, Sweep,
};
use tokio::sync::Mutex;

use super::access::Access;
use super::client::Client;
use super::config::{Config, ConfluenceCloudSettings};
use super::convert::{Home, native_id};
use super::cursor::{Label, Position};
use super::estimate::Forecast;
use super::pull::Pull;
use super::sweep::Census;
use crate::atlassian::readers::Admitted;
use crate::clock::Clock;
use crate::hex::digest;
use crate::http::Api;

/// A Confluence Cloud site as a source.
///
/// The first run reads each space to its end. Later ones walk the lists of pages, files and comments from the latest change back
/// to where the last two runs were, and read a page again when its version changed. What makes no new version of a page (moves,
/// labels) is found by reading some pages again from time to time. Once a day a census lists everything.
///
/// Each space has a label, and so has each page with restrictions: what is below it shares it. The rules name the accounts that
/// permissions and restrictions come down to; where these may not be read, the connecting account alone. Each run begins with the
/// permissions of all spaces, and with a list of the restrictions of 5,000 pages: where there are more, the next run goes on with
/// the next 5,000, so that in a site of 20,000 pages a restriction counts after four runs at the latest. A page that the list does
/// not tell of for the first time is asked for by itself, and then in turn with all such pages.
pub struct Confluence {
    pub(super) source: SourceId,
    pub(super) config: Config,
    pub(super) client: Client,
    pub(super) access: Access,
    pub(super) clock: Arc<dyn Clock>,
    /// Accounts that were asked for; none for those that may not be known.
    pub(super) accounts: Mutex<BTreeMap<String, Option<Account>>>,
}

impl std::fmt::Debug for Confluence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Confluence")
            .field("source", &self.source)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Confluence {
    /// Check the settings; nothing is asked of the site yet. `api` is a grant's view of the client, by
    /// [`crate::http::Policy::atlassian`].
    ///
    /// # Errors
    /// `Invalid` for settings that cannot work.
    pub fn open(source: SourceId, settings: ConfluenceCloudSettings, api: Api, clock: Arc<dyn Clock>) -> Result<Self> {
        let config = Config::read(settings)?;
        let client = Client::new(api, &config);
        Ok(Self {
            access: Access::new(client.clone(), &config.place.name, config.access_age),
            source,
            config,
            client,
            clock,
            accounts: Mutex::default(),
        })
    }

    pub(super) fn home(&self) -> Home<'_> {
        Home {
            source: &self.source,
            site: &self.config.place,
        }
    }

    /// The document of a kind that Confluence knows by `id`.
    pub(super) fn document(&self, kind: DocumentKind, id: &str) -> DocumentId {
        DocumentId::new(&self.source, &native_id(kind, id))
    }

    /// The name of the label of a space, or of a page with restrictions in it.
    pub(super) fn label(space: u64, page: Option<u64>) -> String {
        page.map_or_else(|| format!("space-{space}"), |page| format!("page-{page}"))
    }

    /// The rule of a label for those who are admitted, and what is remembered of it.
    pub(super) fn rule(
        &self,
        (space, key): (u64, &Key),
        page: Option<u64>,
        admitted: &Admitted,
    ) -> (AccessRule, Label) {
        let rule = AccessRule {
            id: AccessId::new(&self.source, &Self::label(space, page)),
            container: key.clone(),
            readers: admitted.readers(&self.config.access),
        };
        let label = Label {
            space,
            page,
            digest: digest(&serde_json::json!((&rule.readers, &rule.container)).to_string()),
        };
        (rule, label)
    }

    /// Whether a space is to be read.
    pub(super) fn wants(&self, key: &str) -> bool {
        self.config.spaces.is_empty() || self.config.spaces.iter().any(|own| own.eq_ignore_ascii_case(key))
    }
}

#[async_trait]
impl Connector for Confluence {
    fn source(&self) -> &SourceId {
        &self.source
    }

    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page> {
        let position = Position::read(cursor, &self.config.digest)?;
        Pull::new(self, position).page().await
    }

    async fn sweep(&self, cursor: Option<&Cursor>) -> Result<Sweep> {
        let position = Position::read(cursor, &self.config.digest)?;
        Census::new(self, position).take().await
    }

    async fn estimate(&self, cursor: Option<&Cursor>) -> Result<Estimate> {
        let position = Position::read(cursor, &self.config.digest)?;
        Forecast::new(self, position).take().await
    }
}
