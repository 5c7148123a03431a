//! Cursors as connectors keep them: JSON with a version of its form.

use domain::{Cursor, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a cursor holds. None for an absent one and for one of another version: such a source is read from the beginning.
///
/// # Errors
/// `Corrupt`, in `operation`, when it is no cursor of this connector.
pub(crate) fn read<T: DeserializeOwned>(
    cursor: Option<&Cursor>,
    version: u8,
    operation: &'static str,
) -> Result<Option<T>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let broken = |error: serde_json::Error| {
        Error::corrupt(operation, "the cursor is not one of this connector")
            .with_hint("reset the source, so that it is read from the beginning")
            .with_source(error)
    };
    let value: serde_json::Value = serde_json::from_str(&cursor.0).map_err(broken)?;
    let found = value.get("version").and_then(serde_json::Value::as_u64);
    if found.is_some_and(|found| found != u64::from(version)) {
        return Ok(None);
    }
    serde_json::from_value(value).map_err(broken).map(Some)
}

/// The cursor to keep.
pub(crate) fn write<T: Serialize>(position: &T) -> Cursor {
    Cursor(serde_json::to_string(position).expect("a position serialises"))
}
