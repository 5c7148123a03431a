//! A bound on the work of one read, and the way to stop it when nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Error, ErrorKind};

/// How many steps go between two looks at the flag.
const CHECK_EVERY: u64 = 4096;

/// Units of work left: one unit is a visible edge followed, or a node weighed or looked up, so that what is hidden changes no
/// answer.
pub(crate) struct Budget {
    units: u64,
    left: u64,
    /// Ends of edges that may be looked at, hidden ones too.
    looks: u64,
    unchecked: u64,
    spent: bool,
    cancelled: Arc<AtomicBool>,
}

/// Cancels the work when it is dropped.
pub(crate) struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Budget {
    /// A budget of so many units.
    pub(crate) fn new(units: u64) -> (Self, CancelOnDrop) {
        let cancelled = Arc::new(AtomicBool::new(false));
        (
            Self {
                units,
                left: units,
                looks: u64::MAX,
                unchecked: 0,
                spent: false,
                cancelled: cancelled.clone(),
            },
            CancelOnDrop(cancelled),
        )
    }

    /// Look at so many ends of edges at most, hidden ones included: for work that is begun anew where that is too few.
    pub(crate) fn limit_looks(&mut self, looks: u64) {
        self.looks = looks;
    }

    /// Count ends of edges that are looked at; `None` when they are too many.
    #[inline]
    pub(crate) fn look(&mut self, ends: usize) -> Option<()> {
        let left = self.looks.checked_sub(u64::try_from(ends).ok()?);
        self.spent |= left.is_none();
        self.looks = left?;
        Some(())
    }

    /// Begin anew, with all units; a caller who is gone stays so.
    pub(crate) fn renew(&mut self) {
        (self.left, self.spent) = (self.units, false);
    }

    /// Take `units`; `None` when there are not so many left, or the caller is gone.
    #[inline]
    pub(crate) fn spend(&mut self, units: u64) -> Option<()> {
        let Some(left) = self.left.checked_sub(units) else {
            self.spent = true;
            return None;
        };
        self.left = left;
        self.unchecked += units;
        if self.unchecked >= CHECK_EVERY {
            self.unchecked = 0;
            if self.is_cancelled() {
                self.left = 0;
                return None;
            }
        }
        Some(())
    }

    /// Whether more was asked for than there was.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent
    }

    /// Whether the caller is gone.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// The error for a caller who is gone.
pub(crate) fn cancelled(operation: &'static str) -> Error {
    Error::new(ErrorKind::Cancelled, operation, "nobody waits for the answer any more")
}
