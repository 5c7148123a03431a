//! Compressed bodies, unpacked no further than a limit.

use std::io::Read;

use bytes::Bytes;
use domain::{Error, ErrorKind};
use flate2::bufread::MultiGzDecoder;

use super::transport::Fault;

/// Packed bytes that are unpacked on the spot; more would hold up other tasks of the thread.
const AT_ONCE: usize = 64 << 10;

/// The error of a body beyond its limit.
pub(super) fn too_large(shown: &str, limit: usize) -> Error {
    let message = format!("{shown}: the answer is larger than {limit} bytes");
    Error::new(ErrorKind::Exhausted, "send request", message)
}

/// Unpack `packed`. A body that breaks off is a passing fault.
pub(super) async fn unpack(packed: Bytes, limit: usize, shown: String) -> Result<Bytes, Fault> {
    if packed.len() <= AT_ONCE {
        return inflate(&packed, limit, &shown);
    }
    let name = shown.clone();
    let work = tokio::task::spawn_blocking(move || inflate(&packed, limit, &name));
    work.await.unwrap_or_else(|error| {
        Err(Fault::Passing {
            why: format!("{shown}: {error}"),
            sent: true,
        })
    })
}

fn inflate(packed: &[u8], limit: usize, shown: &str) -> Result<Bytes, Fault> {
    let mut body = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(packed)
        .take(most)
        .read_to_end(&mut body)
        .map_err(|error| Fault::Passing {
            why: format!("{shown}: a damaged compressed answer: {error}"),
            sent: true,
        })?;
    if body.len() > limit {
        return Err(Fault::Lasting(too_large(shown, limit)));
    }
    Ok(body.into())
}
