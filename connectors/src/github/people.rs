//! The names and addresses of the people who appear in what is read.

use std::time::Duration;

use domain::{Account, Change, Result, Timestamp};
use serde_json::Value;

use super::client::refused;
use super::connector::GitHub;
use super::cursor::Position;
use crate::archive::github::item::account;
use crate::batch::Batch;

/// How long a profile is taken for known.
pub(super) const PERIOD: Duration = Duration::from_hours(7 * 24);

impl GitHub {
    /// Put profiles in the place of the bare accounts of a step; those that were told already are left out.
    pub(super) async fn people(&self, position: &mut Position, batch: &mut Batch, now: Timestamp) -> Result<()> {
        for change in std::mem::take(&mut batch.changes) {
            let Change::Account(bare) = change else {
                batch.changes.push(change);
                continue;
            };
            let login = bare.login.clone().unwrap_or_default();
            if position.knows(&login, now, PERIOD) {
                continue;
            }
            let account = self.person(bare).await?;
            position.learned(&login, now);
            batch.changes.push(Change::Account(account));
        }
        Ok(())
    }

    /// An account with what its profile says. Apps have none.
    async fn person(&self, bare: Account) -> Result<Account> {
        let Some(login) = bare.login.as_deref().filter(|login| !login.ends_with(']')) else {
            return Ok(bare);
        };
        let answer = self
            .client
            .recall(self.client.url(&format!("users/{login}"), &[]))
            .await?;
        if refused(answer.status()) {
            return Ok(bare);
        }
        let profile: Value = answer.good()?.json()?;
        // A renamed person answers to the old login too; the account keeps the name it was met by.
        Ok(match account(&self.config.source, Some(&profile)) {
            Some(full) => Account {
                names: full.names,
                emails: full.emails,
                ..bare
            },
            None => bare,
        })
    }
}
