//! One document that cannot be processed must not hold up the others: it is found, told, and passed over.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::seam::store::Failure;
use domain::{DocumentId, Error, ErrorKind, Result};
use tracing::error;

/// Do work on one document, whatever is in it.
pub(super) fn guarded<T>(id: DocumentId, work: impl FnOnce() -> T) -> Result<T, Failure> {
    // Nothing of the document's own survives a panic, and nothing else is changed by the work.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_panic| failure(id, "it made the processing fail".to_owned()))
}

/// The failure of a document, told once.
pub(super) fn failure(id: DocumentId, reason: String) -> Failure {
    error!(document.id = %id, reason, "document cannot be projected");
    Failure { id, reason }
}

/// Whether an error may be about one of the items, and not about the place where they go.
pub(super) fn may_be_an_item(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Internal)
}

/// What became of items that were handled together where that was possible.
pub(super) struct Parts<T, R> {
    /// The results, in no particular order.
    pub(super) done: Vec<R>,
    /// The items that fail alone, with why.
    pub(super) failed: Vec<(T, Error)>,
}

/// Handle items together; where that fails for what one of them is, handle halves until that one is alone.
///
/// # Errors
/// That of the first attempt which no item is to blame for; so it is when all of them fail by a fault of this program.
pub(super) async fn by_parts<T: Clone, R, F>(items: Vec<T>, mut work: impl FnMut(Vec<T>) -> F) -> Result<Parts<T, R>>
where
    F: Future<Output = Result<R>>,
{
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let mut waiting = vec![items];
    while let Some(mut part) = waiting.pop().filter(|part| !part.is_empty()) {
        match work(part.clone()).await {
            Ok(result) => done.push(result),
            Err(error) if !may_be_an_item(&error) => return Err(error),
            Err(error) => {
                let rest = part.split_off(part.len().div_ceil(2));
                if rest.is_empty() {
                    failed.extend(part.pop().map(|item| (item, error)));
                } else {
                    waiting.extend([rest, part]);
                }
            }
        }
    }
    let ours = failed.iter().position(|(_, error)| error.kind() == ErrorKind::Internal);
    match ours.filter(|_| done.is_empty()) {
        Some(at) => Err(failed.swap_remove(at).1),
        None => Ok(Parts { done, failed }),
    }
}

#[cfg(test)]
mod tests {
    use domain::{Error, ErrorKind};

    use super::by_parts;

    async fn handle(items: Vec<u32>, fails: fn(u32) -> Option<ErrorKind>) -> Result<(Vec<u32>, Vec<u32>), ErrorKind> {
        let work = |part: Vec<u32>| async move {
            let error = part.iter().find_map(|item| fails(*item));
            error.map_or(Ok(part), |kind| Err(Error::new(kind, "test", "bad")))
        };
        let parts = by_parts(items, work).await.map_err(|error| error.kind())?;
        let mut done = parts.done.concat();
        done.sort_unstable();
        Ok((done, parts.failed.into_iter().map(|(item, _)| item).collect()))
    }

    #[tokio::test]
    async fn the_items_to_blame_are_found_and_the_others_are_handled() {
        let good: Vec<u32> = (0..100).collect();
        assert_eq!(handle(good.clone(), |_| None).await, Ok((good.clone(), vec![])));
        let bad = |item: u32| (item == 7 || item == 63).then_some(ErrorKind::Internal);
        let rest = good.iter().copied().filter(|item| bad(*item).is_none()).collect();
        assert_eq!(handle(good, bad).await, Ok((rest, vec![7, 63])));
        assert_eq!(
            handle(vec![1, 2], |_| Some(ErrorKind::Invalid)).await,
            Ok((vec![], vec![1, 2]))
        );
        assert_eq!(handle(vec![], |_| None).await, Ok((vec![], vec![])));
    }

    #[tokio::test]
    async fn no_item_is_blamed_for_what_is_not_its_fault() {
        let full = |item: u32| (item == 7).then_some(ErrorKind::Exhausted);
        assert_eq!(handle((0..9).collect(), full).await, Err(ErrorKind::Exhausted));
        let broken = |_| Some(ErrorKind::Internal);
        assert_eq!(handle((0..9).collect(), broken).await, Err(ErrorKind::Internal));
    }
}
