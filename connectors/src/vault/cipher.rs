//! AES-256-GCM with a random nonce in front: `1, nonce (12 bytes), ciphertext, tag (16 bytes)`.

use domain::{Error, Result};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::secret::random_bytes;

/// The form of the bytes.
const FORM: u8 = 1;

/// A key ready to use.
pub(super) struct Cipher(LessSafeKey);

impl Cipher {
    /// A cipher of 32 key bytes.
    pub(super) fn new(key: &[u8]) -> Result<Self> {
        UnboundKey::new(&AES_256_GCM, key)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(|_unspecified| Error::corrupt("open vault", "a key is not 32 bytes long"))
    }

    /// Seal `plain`; it opens only with the same `bound`.
    pub(super) fn seal(&self, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = random_bytes::<NONCE_LEN>()?;
        let mut body = plain.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(bound), &mut body)
            .map_err(|_unspecified| Error::internal("seal secret", "the secret is too long"))?;
        let mut sealed = vec![FORM];
        sealed.extend_from_slice(nonce.as_slice());
        sealed.append(&mut body);
        Ok(sealed)
    }

    /// Open what [`Cipher::seal`] made for `bound`.
    pub(super) fn open(&self, bound: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.try_open(bound, sealed).ok_or_else(|| {
            Error::corrupt(
                "open secret",
                "a stored secret does not open: it is damaged, moved, or of another key",
            )
            .with_hint("restore the key file that belongs to this store, or authorize the source again")
        })
    }

    fn try_open(&self, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (&form, rest) = sealed.split_first()?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>()?;
        if form != FORM {
            return None;
        }
        let mut body = Zeroizing::new(body.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.0.open_in_place(nonce, Aad::from(bound), &mut body).ok()?.len();
        body.truncate(length);
        Some(body)
    }
}
