//! Who may read a repository, and with it everything in it.

use std::collections::BTreeSet;

use domain::{Key, Principal, Result};
use serde_json::Value;
use tracing::debug;

use super::client::refused;
use super::connector::GitHub;
use super::convert::Scribe;
use super::cursor::{Position, Visibility};
use crate::archive::github::item::is_login;
use crate::archive::json::text;
use crate::batch::Batch;

fn principal(login: &str) -> Principal {
    Principal(Key::account("github", login).as_str().to_owned())
}

impl GitHub {
    /// The readers of one repository, told where they may have changed.
    pub(super) async fn access(&self, position: &mut Position, batch: &mut Batch) -> Result<()> {
        let Some(run) = position.run.clone() else { return Ok(()) };
        let Some(one) = position.repositories.get_mut(&run.at) else {
            position.advance();
            return Ok(());
        };
        let name = one.name.clone();
        if one.visibility == Visibility::Public {
            batch
                .changes
                .push(self.rule(run.at, &name, self.config.access.readers()));
            position.advance();
            return Ok(());
        }
        let url = self.client.url(
            &format!("repositories/{}/collaborators", run.at),
            &[("affiliation", "all"), ("per_page", "100")],
        );
        // The members of the organisation may change while those who work here do not.
        let tag = one
            .tags
            .get("collaborators")
            .filter(|_| one.visibility == Visibility::Private);
        let answer = self.client.ask(url, tag.map(String::as_str)).await?;
        if answer.not_modified() {
            position.advance();
            return Ok(());
        }
        one.tags.remove("collaborators");
        let mut people: Vec<Value> = Vec::new();
        if refused(answer.status()) {
            debug!(source.id = %self.config.source, repository = name, "its collaborators are hidden");
        } else {
            let first = answer.good()?;
            // A tag speaks for its page alone.
            let only = first.next_target().is_none();
            if let Some(tag) = first.etag().filter(|_| only) {
                one.tags.insert("collaborators".to_owned(), tag.to_owned());
            }
            people = self.client.rest(first).await?;
        }
        if one.visibility == Visibility::Internal {
            people.extend(self.members(&name).await?);
        }
        let logins = people
            .iter()
            .filter_map(|user| text(user, &["login"]))
            .filter(|login| is_login(login));
        let principals: BTreeSet<Principal> = logins.chain(run.viewer.as_deref()).map(principal).collect();
        let readers = self.config.access.members(principals);
        batch.changes.push(self.rule(run.at, &name, readers));
        let mut scribe = Scribe::new(&self.config, run.at, &name);
        for user in &people {
            scribe.person(user, batch);
        }
        position.advance();
        Ok(())
    }

    /// The members of the organisation that owns a repository; nobody where that is hidden.
    async fn members(&self, repository: &str) -> Result<Vec<Value>> {
        let owner = repository.split('/').next().unwrap_or_default();
        let url = self
            .client
            .url(&format!("orgs/{owner}/members"), &[("per_page", "100")]);
        let answer = self.client.ask(url, None).await?;
        if refused(answer.status()) {
            return Ok(Vec::new());
        }
        self.client.rest(answer.good()?).await
    }
}
