//! Text that must not be seen: shown nowhere, wiped when dropped.

use std::fmt;
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use domain::{Error, Result};

/// A token, password or key as text. Its copies share one piece of memory, which is wiped with the last of them.
/// It has no `Display` and no `Serialize`: whoever needs the text says so by [`Secret::expose`].
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Keep `text` secret from now on.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(text.into())))
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A random secret of `N` bytes as URL-safe base64 without padding.
    ///
    /// # Errors
    /// `Internal` when the system gives no random bytes.
    pub fn random<const N: usize>() -> Result<Self> {
        use base64::Engine;
        let bytes = random_bytes::<N>()?;
        Ok(Self::new(
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes.as_slice()),
        ))
    }
}

/// Random bytes, wiped when dropped.
pub(crate) fn random_bytes<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    SystemRandom::new()
        .fill(bytes.as_mut_slice())
        .map_err(|_unspecified| Error::internal("draw random bytes", "the system gives none"))?;
    Ok(bytes)
}

impl PartialEq for Secret {
    /// Compares digests, so that the time taken tells nothing of the text.
    fn eq(&self, other: &Self) -> bool {
        let digest = |secret: &Self| ring::digest::digest(&ring::digest::SHA256, secret.expose().as_bytes());
        digest(self).as_ref() == digest(other).as_ref()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn shows_nothing() {
        assert_eq!(format!("{:?}", Some(Secret::new("canary"))), "Some([secret])");
    }

    #[test]
    fn random_ones_differ_and_are_long() {
        let (one, two) = (
            Secret::random::<32>().expect("random"),
            Secret::random::<32>().expect("random"),
        );
        assert_ne!(one, two);
        assert_eq!(one.expose().len(), 43);
        assert_eq!(one, one.clone());
    }
}
