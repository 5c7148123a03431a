//! The engine's errors and panics as errors of the seam.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{Error, ErrorKind, Result};
use qdrant_edge::OperationError;

const REBUILD: &str = "run `neurosync rebuild`: it makes the index anew from the store";

/// Run an engine call; its panics become errors. The engine's locks are not poisoned by a panic, so it stays usable.
pub(super) fn guarded<T>(operation: &'static str, call: impl FnOnce() -> Result<T, OperationError>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(engine(operation, error)),
        Err(panic) => Err(Error::internal(
            operation,
            format!("the vector engine panicked: {}", panic_text(&*panic)),
        )),
    }
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        (None, None) => "no message".to_owned(),
    }
}

/// Data in the index that is not what this crate wrote there.
pub(super) fn corrupt(operation: &'static str, message: impl Into<String>) -> Error {
    Error::corrupt(operation, message).with_hint(REBUILD)
}

/// `error` as one of an index that must be made anew.
pub(super) fn unusable(kind: ErrorKind, operation: &'static str, message: impl Into<String>) -> Error {
    Error::new(kind, operation, message).with_hint(REBUILD)
}

fn engine(operation: &'static str, error: OperationError) -> Error {
    let text = error.to_string();
    if matches!(error, OperationError::InconsistentStorage { .. }) {
        return corrupt(operation, text).with_source(error);
    }
    // A full disk reaches us as text only: the engine keeps no error codes.
    let full = text.contains("No space left on device") || text.contains("Not enough space available");
    let exhausted = full || matches!(error, OperationError::OutOfMemory { .. });
    if exhausted {
        return Error::new(ErrorKind::Exhausted, operation, text)
            .with_source(error)
            .with_hint("free some disk space or memory, then try again");
    }
    Error::internal(operation, text).with_source(error)
}
