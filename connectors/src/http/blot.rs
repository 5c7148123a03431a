//! Taking a credential out of an answer that quotes it: what providers say goes into errors, logs and documents.

use bytes::Bytes;
use zeroize::Zeroizing;

use super::Credential;

/// What stands in its place.
const BLOT: &[u8] = b"[secret]";
/// What is shorter may stand in an answer by chance.
const SHORTEST: usize = 8;

/// The body without the credential that was sent for it, as it is and as JSON and addresses write it.
pub(super) fn blot(credential: &Credential, body: Bytes) -> Bytes {
    let mut clean = body;
    for text in credential.texts().iter().filter(|text| text.len() >= SHORTEST) {
        let encoded: Zeroizing<String> =
            Zeroizing::new(url::form_urlencoded::byte_serialize(text.as_bytes()).collect());
        for form in [Zeroizing::new(text.replace('/', "\\/")), encoded, text.clone()] {
            clean = without(clean, form.as_bytes());
        }
    }
    clean
}

/// `body` with a blot wherever `form` stands.
fn without(body: Bytes, form: &[u8]) -> Bytes {
    let next = |from: usize| {
        let mut rest = body.get(from..).unwrap_or_default().windows(form.len());
        rest.position(|found| found == form).map(|at| from + at)
    };
    let (mut clean, mut from) = (Vec::new(), 0);
    while let Some(at) = next(from) {
        clean.extend_from_slice(body.get(from..at).unwrap_or_default());
        clean.extend_from_slice(BLOT);
        from = at + form.len();
    }
    if from == 0 {
        return body;
    }
    clean.extend_from_slice(body.get(from..).unwrap_or_default());
    clean.into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::blot;
    use crate::http::Credential;
    use crate::secret::Secret;

    #[test]
    fn a_credential_is_taken_out_wherever_it_is_quoted() {
        let bearer = Credential::Bearer(Secret::new("gho_ab/cd+ef"));
        let said = r#"{"message":"bad gho_ab/cd+ef, gho_ab\/cd+ef or gho_ab%2Fcd%2Bef","url":"https://x/gho_ab"}"#;
        let clean = blot(&bearer, Bytes::from_static(said.as_bytes()));
        let expected = r#"{"message":"bad [secret], [secret] or [secret]","url":"https://x/gho_ab"}"#;
        assert_eq!(clean, expected.as_bytes());
        let basic = Credential::Basic {
            user: "ada".into(),
            password: Secret::new("opensesame"),
        };
        assert_eq!(
            blot(&basic, Bytes::from_static(b"Basic YWRhOm9wZW5zZXNhbWU= is opensesame")),
            b"Basic [secret] is [secret]".as_slice()
        );
        for credential in [Credential::Anonymous, Credential::Bearer(Secret::new("a"))] {
            assert_eq!(blot(&credential, Bytes::from_static(b"a b")), b"a b".as_slice());
        }
    }
}
