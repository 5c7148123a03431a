//! Who may read a source that has no permissions of its own, as its settings say.

use std::collections::BTreeSet;

use domain::{AccessId, AccessRule, Key, Principal, Readers, SourceId};
use serde::{Deserialize, Serialize};

/// The `access` setting of a source: `"owner"` (the default), `"public"`, `"source"`, or a list of principals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub enum AccessSetting {
    /// Nobody but the owner of the data.
    #[default]
    Owner,
    /// Everybody, signed in or not.
    Public,
    /// Everybody who has the principal of the source.
    Source,
    /// Exactly these.
    Principals(BTreeSet<Principal>),
}

/// The setting as it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Word(Word),
    List(BTreeSet<Principal>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Owner,
    Public,
    Source,
}

impl From<Written> for AccessSetting {
    fn from(written: Written) -> Self {
        match written {
            Written::Word(Word::Owner) => Self::Owner,
            Written::Word(Word::Public) => Self::Public,
            Written::Word(Word::Source) => Self::Source,
            Written::List(principals) => Self::Principals(principals),
        }
    }
}

impl From<AccessSetting> for Written {
    fn from(setting: AccessSetting) -> Self {
        match setting {
            AccessSetting::Owner => Self::Word(Word::Owner),
            AccessSetting::Public => Self::Word(Word::Public),
            AccessSetting::Source => Self::Word(Word::Source),
            AccessSetting::Principals(principals) => Self::List(principals),
        }
    }
}

impl AccessSetting {
    /// The rule of the label `<source>/all`, which every document of the source carries unless the source says otherwise.
    pub fn rule(&self, source: &SourceId, container: &Key) -> AccessRule {
        let readers = match self {
            Self::Owner => Readers::Principals(BTreeSet::new()),
            Self::Public => Readers::Public,
            Self::Source => Readers::EveryoneInSource,
            Self::Principals(principals) => Readers::Principals(principals.clone()),
        };
        AccessRule {
            id: AccessId::new(source, "all"),
            container: container.clone(),
            readers,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Readers;

    use super::AccessSetting;

    #[test]
    fn the_setting_is_a_word_or_a_list() {
        let read = |text: &str| serde_json::from_str::<AccessSetting>(text);
        assert_eq!(read("\"owner\"").unwrap(), AccessSetting::default());
        assert_eq!(read("\"public\"").unwrap(), AccessSetting::Public);
        assert_eq!(read("\"source\"").unwrap(), AccessSetting::Source);
        let AccessSetting::Principals(list) = read("[\"group:eng\"]").unwrap() else {
            panic!("a list")
        };
        assert_eq!(list.len(), 1);
        assert!(read("\"everyone\"").is_err());
    }

    #[test]
    fn the_default_lets_nobody_in() {
        let source = domain::SourceId::new("a").unwrap();
        let rule = AccessSetting::default().rule(&source, &domain::Key::repository("acme/api"));
        assert_eq!(rule.readers, Readers::Principals(std::collections::BTreeSet::new()));
        assert_eq!(rule.id.as_str(), "a/all");
    }
}
