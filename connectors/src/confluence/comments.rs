//! Comments: all that changed since some time, or those of one page.

use domain::{AccessId, Result};
use serde_json::Value;

use super::convert::version;
use super::cursor::{Form, Place};
use super::pull::Pull;
use crate::archive::json::id;

/// Rows of a page that are older than what is asked for, before a walk ends there.
const OLDER: usize = 2;

/// The page that a comment is on.
pub(super) fn page_of(comment: &Value) -> Option<u64> {
    let owner = id(comment, &["pageId"]).or_else(|| id(comment, &["blogPostId"]));
    owner.and_then(|owner| owner.parse().ok())
}

impl Pull<'_> {
    /// A page of all comments, from the latest on.
    pub(super) async fn comments(&mut self, place: Place, from: i64) -> Result<()> {
        let next = self.position.run.as_ref().and_then(|run| run.next.clone());
        let found = self.wiki.client.comments(place, next.as_deref()).await?;
        let wanted: Vec<Value> = found
            .rows
            .iter()
            .filter(|row| version(row).1 >= from)
            .cloned()
            .collect();
        let older = found.rows.len() - wanted.len();
        self.accounts(&wanted).await?;
        for comment in &wanted {
            // One on a page that is not known is read with the page.
            let Some(page) = page_of(comment) else { continue };
            let Some((space, key)) = self.space_of(page) else {
                continue;
            };
            let access = self.access((space, page)).await?;
            let change = self.wiki.home().comment((&key, page), place, comment, access);
            self.changes.extend(change);
        }
        let next = found.next.filter(|_| older < OLDER);
        self.position.run.as_mut().map_or(Ok(()), |run| run.turn(next))
    }

    /// All comments of a page.
    pub(super) async fn comments_of(&mut self, (form, page): (Form, u64), key: &str, access: &AccessId) -> Result<()> {
        let found = self.wiki.client.comments_of(form, page).await?;
        let (places, comments): (Vec<Place>, Vec<Value>) = found.into_iter().unzip();
        self.accounts(&comments).await?;
        for (place, comment) in places.into_iter().zip(&comments) {
            let change = self.wiki.home().comment((key, page), place, comment, access.clone());
            self.changes.extend(change);
        }
        Ok(())
    }
}
