//! Authors and committers as accounts, their names and addresses as the repository's mailmap has them.

use domain::{Account, AccountId, Key, SourceId};
use gix::bstr::{BStr, ByteSlice};

use super::cursor::Oid;
use super::text;

const MAX_MAILMAP_BYTES: u64 = 4 << 20;
const MAX_NAME_CHARS: usize = 200;
/// The longest address there is (RFC 5321, 4.5.3.1.3, less the brackets).
const MAX_EMAIL_CHARS: usize = 254;

/// Reads signatures.
#[derive(Default)]
pub(super) struct People {
    mailmap: gix::mailmap::Snapshot,
}

/// Somebody who signed a commit or tag, or whom a trailer names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) key: AccountId,
    /// How to show him: his name, or his address where he gave none.
    pub(super) name: String,
    email: Option<String>,
}

impl People {
    /// With the `.mailmap` in the tree of `head`, where there is one: the work tree's and the user's would make the same
    /// history read differently from one machine to the next.
    pub(super) fn at(repository: &gix::Repository, head: Option<Oid>) -> Self {
        let blob = head.and_then(|head| {
            let tree = repository.find_commit(head.0).ok()?.tree().ok()?;
            let entry = tree.lookup_entry_by_path(".mailmap").ok()??;
            let small = repository.find_header(entry.object_id()).ok()?.size() <= MAX_MAILMAP_BYTES;
            (entry.mode().is_blob() && small).then(|| entry.object().ok())?
        });
        Self {
            mailmap: blob
                .map(|blob| gix::mailmap::Snapshot::from_bytes(&blob.data))
                .unwrap_or_default(),
        }
    }

    /// Who signed so; nobody where both parts are empty.
    pub(super) fn signed(&self, name: &BStr, email: &BStr) -> Option<Person> {
        let (name, email) = (name.trim().as_bstr(), email.trim().as_bstr());
        let mapped = self
            .mailmap
            .try_resolve_ref(gix::actor::SignatureRef { name, email, time: "" });
        let (mapped_name, mapped_email) = mapped.map_or((None, None), |found| (found.name, found.email));
        let name = text::line(&mapped_name.unwrap_or(name).to_str_lossy(), MAX_NAME_CHARS);
        let email = text::line(&mapped_email.unwrap_or(email).to_str_lossy(), MAX_EMAIL_CHARS).to_lowercase();
        let unique = if email.is_empty() { &name } else { &email };
        if unique.is_empty() {
            return None;
        }
        let key = Key::account("git", unique);
        let name = if name.is_empty() { email.clone() } else { name };
        Some(Person {
            key,
            name,
            email: email.contains('@').then_some(email),
        })
    }

    /// Who is meant by a trailer's value, `Name <email>`.
    pub(super) fn named(&self, value: &str) -> Option<Person> {
        let (name, rest) = value.split_once('<')?;
        let (email, _) = rest.split_once('>')?;
        self.signed(name.into(), email.into())
    }
}

impl Person {
    /// The account as this commit shows it. It carries one address only, the one in its key: git vouches for none, so an
    /// account must never be what joins two addresses.
    pub(super) fn account(&self, source: &SourceId) -> Account {
        Account {
            id: self.key.clone(),
            source: source.clone(),
            login: None,
            names: vec![self.name.clone()],
            emails: self.email.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::People;

    fn people(mailmap: &str) -> People {
        People {
            mailmap: gix::mailmap::Snapshot::from_bytes(mailmap.as_bytes()),
        }
    }

    #[test]
    fn one_person_has_one_account_however_he_signs() {
        let people = people("Ada Lovelace <ada@acme.example> <ada@old.example>\n");
        let new = people
            .signed("Ada Lovelace".into(), "Ada@ACME.example".into())
            .expect("somebody");
        let old = people
            .signed("lovelace".into(), "ada@old.example".into())
            .expect("somebody");
        assert_eq!(new, old);
        assert_eq!(
            (new.key.as_str(), new.name.as_str()),
            ("account:git/ada@acme.example", "Ada Lovelace")
        );
        assert_eq!(people.named("A. L. <ada@old.example>"), Some(old));
    }

    #[test]
    fn odd_signatures_still_name_somebody_or_nobody() {
        let people = people("");
        let no_email = people.signed("Ada".into(), "".into()).expect("somebody");
        assert_eq!((no_email.key.as_str(), no_email.email), ("account:git/Ada", None));
        let no_name = people.signed(" ".into(), "a@b".into()).expect("somebody");
        assert_eq!(
            (no_name.key.as_str(), no_name.name.as_str()),
            ("account:git/a@b", "a@b")
        );
        assert!(people.signed("".into(), " ".into()).is_none());
        assert!(people.named("no address").is_none());
        let long = people
            .signed(
                "x\n\u{7}".repeat(9_999).as_str().into(),
                "y".repeat(9_999).as_str().into(),
            )
            .expect("somebody");
        assert!(long.name.len() <= 200 && long.key.as_str().len() < 300);
    }
}
