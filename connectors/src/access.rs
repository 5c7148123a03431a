//! Who may read what a connector without access rules of its own brings in: a setting of the source.

use std::collections::BTreeSet;

use domain::{AccessId, AccessRule, Error, Key, Principal, Readers, SourceId};
use serde::{Deserialize, Serialize};

const MAX_PRINCIPALS: usize = 1_000;
const MAX_PRINCIPAL_BYTES: usize = 256;

/// The readers of a whole source: `"owner"` (the default), `"public"`, `"source"`, or a list of principals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub enum AccessSetting {
    /// Nobody but the owner of the data.
    #[default]
    Owner,
    /// Everybody, signed in or not.
    Public,
    /// Every caller who has the principal `source:<id>`.
    Source,
    /// Exactly these.
    Principals(BTreeSet<Principal>),
}

/// The setting as a person writes it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Word(String),
    List(Vec<String>),
}

impl AccessSetting {
    /// Who may read what is not restricted further.
    pub fn readers(&self) -> Readers {
        match self {
            Self::Owner => Readers::Principals(BTreeSet::new()),
            Self::Public => Readers::Public,
            Self::Source => Readers::EveryoneInSource,
            Self::Principals(principals) => Readers::Principals(principals.clone()),
        }
    }

    /// Who may read what the data itself shows to these principals alone: whoever it and this setting both admit. A rule names
    /// readers and cannot say "and", so a setting for everyone in the source leaves only the owner.
    pub fn narrowed(&self, principals: BTreeSet<Principal>) -> Readers {
        Readers::Principals(match self {
            Self::Public => principals,
            Self::Principals(admitted) => principals.intersection(admitted).cloned().collect(),
            Self::Owner | Self::Source => BTreeSet::new(),
        })
    }

    /// Who may read what the data itself shows to these members of the source alone. They belong to everyone in the source.
    pub fn members(&self, principals: BTreeSet<Principal>) -> Readers {
        match self {
            Self::Source => Readers::Principals(principals),
            Self::Owner | Self::Public | Self::Principals(_) => self.narrowed(principals),
        }
    }

    /// The rule for the label that all documents of the source carry which are not restricted further, read from `container`.
    pub fn rule(&self, source: &SourceId, container: &Key) -> AccessRule {
        AccessRule {
            id: AccessId::common(source),
            container: container.clone(),
            readers: self.readers(),
        }
    }
}

impl TryFrom<Written> for AccessSetting {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self, Error> {
        const HINT: &str = "write \"owner\", \"public\", \"source\", or a list of principals such as [\"group:eng\"]";
        let refuse = |message: String| Err(Error::invalid("read access", message).with_hint(HINT));
        match written {
            Written::Word(word) => match word.as_str() {
                "owner" => Ok(Self::Owner),
                "public" => Ok(Self::Public),
                "source" => Ok(Self::Source),
                _ => refuse(format!(
                    "`{}` is not an access setting",
                    word.chars().take(80).collect::<String>()
                )),
            },
            Written::List(names) if names.len() > MAX_PRINCIPALS => {
                refuse(format!("{} principals are more than {MAX_PRINCIPALS}", names.len()))
            }
            Written::List(names) => match names.iter().find(|name| !names_a_principal(name)) {
                Some(bad) => refuse(format!(
                    "`{}` is not a principal",
                    bad.chars().take(80).collect::<String>()
                )),
                None => Ok(Self::Principals(names.into_iter().map(Principal).collect())),
            },
        }
    }
}

impl From<AccessSetting> for Written {
    fn from(setting: AccessSetting) -> Self {
        match setting {
            AccessSetting::Owner => Self::Word("owner".into()),
            AccessSetting::Public => Self::Word("public".into()),
            AccessSetting::Source => Self::Word("source".into()),
            AccessSetting::Principals(principals) => Self::List(principals.into_iter().map(|name| name.0).collect()),
        }
    }
}

/// `kind:name`. A bare word in a list is most likely one of the three words, and must not pass as a name nobody has.
fn names_a_principal(name: &str) -> bool {
    name.len() <= MAX_PRINCIPAL_BYTES
        && !name.chars().any(char::is_control)
        && name
            .split_once(':')
            .is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use domain::{Key, Principal, Readers, SourceId};

    use super::AccessSetting;

    fn readers(json: &str) -> Readers {
        let setting: AccessSetting = serde_json::from_str(json).expect(json);
        assert_eq!(
            serde_json::to_string(&setting).expect("json"),
            json,
            "written as it was read"
        );
        setting
            .rule(&SourceId::new("g").expect("slug"), &Key::repository("a/b"))
            .readers
    }

    #[test]
    fn each_form_gives_its_readers() {
        assert_eq!(readers(r#""owner""#), Readers::Principals([].into()));
        assert_eq!(readers(r#""public""#), Readers::Public);
        assert_eq!(readers(r#""source""#), Readers::EveryoneInSource);
        assert_eq!(
            readers(r#"["group:eng"]"#),
            Readers::Principals([Principal("group:eng".into())].into())
        );
    }

    #[test]
    fn the_default_shows_nothing_to_anybody_but_the_owner() {
        let source = SourceId::new("g").expect("slug");
        let rule = AccessSetting::default().rule(&source, &Key::repository("a/b"));
        assert_eq!(
            (rule.id.as_str(), rule.readers),
            ("g/all", Readers::Principals([].into()))
        );
    }

    #[test]
    fn what_the_data_restricts_is_for_whom_both_admit() {
        let named = |names: &[&str]| names.iter().map(|name| Principal((*name).into())).collect();
        let narrowed = |json: &str| {
            let setting: AccessSetting = serde_json::from_str(json).expect(json);
            setting.narrowed(named(&["group:a", "group:b"]))
        };
        assert_eq!(
            narrowed(r#""public""#),
            Readers::Principals(named(&["group:a", "group:b"]))
        );
        assert_eq!(
            narrowed(r#"["group:b", "group:c"]"#),
            Readers::Principals(named(&["group:b"]))
        );
        for closed in [r#""owner""#, r#""source""#, r#"["group:c"]"#] {
            assert_eq!(narrowed(closed), Readers::Principals(named(&[])), "{closed}");
        }
    }

    #[test]
    fn a_misspelt_setting_is_refused_and_never_read_as_something_wider() {
        for bad in [
            r#""Public""#,
            r#""everyone""#,
            r#"["public"]"#,
            r#"[""]"#,
            r#"["group:"]"#,
            "true",
            "{}",
        ] {
            assert!(serde_json::from_str::<AccessSetting>(bad).is_err(), "{bad}");
        }
    }
}
