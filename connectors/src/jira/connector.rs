//! The connector: what it is made of, and its two calls.

use std::sync::Arc;

use async_trait::async_trait;
use domain::seam::Connector;
use domain::{
    AccessId, AccessRule, Cursor, DocumentId, DocumentKind, Estimate, Key, Page, Result, SourceId, Sweep, Target,
};

use super::access::Access;
use super::client::Client;
use super::config::{Config, JiraCloudSettings};
use super::convert::native;
use super::cursor::{Label, Position};
use super::estimate::Forecast;
use super::people::{Kind, Restriction};
use super::pull::Pull;
use super::sweep::Census;
use crate::atlassian::readers::Admitted;
use crate::clock::Clock;
use crate::http::Api;

/// A Jira Cloud site as a source.
///
/// The first run reads each project to its end. Later ones search for what changed, with an overlap of ten minutes and of one run
/// for the search index's sake, and read an issue again only when it changed since. Once a day a census lists all ids: what the
/// searches missed is read, and a sweep finds what is gone.
///
/// Each project has a label, and so has what a security level or a comment's restriction narrows. The rules name the accounts that
/// the site's permissions come down to; where these may not be read, the connecting account alone.
pub struct Jira {
    pub(super) source: SourceId,
    pub(super) config: Config,
    pub(super) client: Client,
    pub(super) access: Access,
    pub(super) clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Jira {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jira")
            .field("source", &self.source)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Jira {
    /// Check the settings; nothing is asked of the site yet. `api` is a grant's view of the client, by
    /// [`crate::http::Policy::atlassian`].
    ///
    /// # Errors
    /// `Invalid` for settings that cannot work.
    pub fn open(source: SourceId, settings: JiraCloudSettings, api: Api, clock: Arc<dyn Clock>) -> Result<Self> {
        let config = Config::read(settings)?;
        let client = Client::new(api, &config);
        Ok(Self {
            access: Access::new(client.clone(), &config.place.name, config.access_age),
            source,
            config,
            client,
            clock,
        })
    }

    /// The document of a kind that Jira knows by `id`.
    pub(super) fn document(&self, kind: DocumentKind, id: &str) -> DocumentId {
        DocumentId::new(&self.source, &native(kind, id))
    }

    pub(super) fn project_key(&self, key: &str) -> Key {
        Key::jira_project(&self.config.place.name, key)
    }

    /// The name of the label of what the restrictions narrow.
    pub(super) fn label(project: u64, restrictions: &[Restriction]) -> String {
        let mut name = format!("project-{project}");
        for one in restrictions {
            let kind = match one.kind {
                Kind::Level => "level",
                Kind::Group => "group",
                Kind::Role => "role",
            };
            let value = one
                .id
                .as_deref()
                .filter(|_| one.kind == Kind::Group)
                .unwrap_or(&one.value);
            name.extend(["+", kind, "-", value]);
        }
        name
    }

    /// The rule of a label for those who are admitted, and what is remembered of it.
    pub(super) fn rule(
        &self,
        (project, key): (u64, &Key),
        restrictions: &[Restriction],
        admitted: &Admitted,
    ) -> (AccessRule, Label) {
        let rule = AccessRule {
            id: AccessId::new(&self.source, &Self::label(project, restrictions)),
            container: key.clone(),
            readers: admitted.readers(&self.config.access),
        };
        let label = Label {
            project,
            restrictions: restrictions.to_vec(),
            digest: crate::hex::digest(&serde_json::json!((&rule.readers, &rule.container)).to_string()),
        };
        (rule, label)
    }

    /// Whether a project with these keys, the present one and former ones, is to be read.
    pub(super) fn wants<'k>(&self, mut keys: impl Iterator<Item = &'k str>) -> bool {
        let wanted = &self.config.projects;
        wanted.is_empty() || keys.any(|key| wanted.iter().any(|own| own.eq_ignore_ascii_case(key)))
    }
}

#[async_trait]
impl Connector for Jira {
    fn source(&self) -> &SourceId {
        &self.source
    }

    async fn pull(&self, cursor: Option<&Cursor>) -> Result<Page> {
        let position = Position::read(cursor, &self.config.digest)?;
        Pull::new(self, position).page().await
    }

    async fn pull_target(&self, cursor: &Cursor, target: &Target) -> Result<Option<Page>> {
        self.about(cursor, target).await
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
