//! Sets of readers as Atlassian's permissions combine them: this group or that person, and only those whom each page above admits.

use std::collections::BTreeSet;

use domain::{Principal, Readers};

use crate::access::AccessSetting;

/// Who may read: named principals, and everybody where the provider leaves it open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Admitted {
    /// Whether it is open to everybody whom the provider lets in.
    pub(crate) open: bool,
    /// Who else.
    pub(crate) named: BTreeSet<Principal>,
}

impl Admitted {
    /// Everybody.
    pub(crate) fn open() -> Self {
        Self {
            open: true,
            named: BTreeSet::new(),
        }
    }

    /// These alone.
    pub(crate) fn only(named: impl IntoIterator<Item = Principal>) -> Self {
        Self {
            open: false,
            named: named.into_iter().collect(),
        }
    }

    /// Whoever is in either.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.open |= other.open;
        self.named.extend(other.named);
        self
    }

    /// Who is in both. A group and a person in it have nothing in common here, which admits fewer, never more.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut named: BTreeSet<Principal> = self.named.intersection(&other.named).cloned().collect();
        if self.open {
            named.extend(other.named.iter().cloned());
        }
        if other.open {
            named.extend(self.named.iter().cloned());
        }
        Self {
            open: self.open && other.open,
            named,
        }
    }

    /// As readers of a label, where the source's setting says who reads what is open.
    pub(crate) fn readers(&self, setting: &AccessSetting) -> Readers {
        if !self.open {
            return Readers::Principals(self.named.clone());
        }
        match setting.readers() {
            Readers::Principals(admitted) => Readers::Principals(admitted.union(&self.named).cloned().collect()),
            wide @ (Readers::Public | Readers::EveryoneInSource) => wide,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{Principal, Readers};

    use super::Admitted;
    use crate::access::AccessSetting;

    fn only(names: &[&str]) -> Admitted {
        Admitted::only(names.iter().map(|name| Principal((*name).to_owned())))
    }

    #[test]
    fn both_admit_whom_each_admits() {
        assert_eq!(only(&["a", "b"]).and(&only(&["b", "c"])), only(&["b"]));
        assert_eq!(only(&["a"]).and(&Admitted::open()), only(&["a"]));
        let staff = Admitted::open().or(only(&["a"]));
        assert_eq!(staff.and(&only(&["b"])), only(&["b"]));
        assert_eq!(Admitted::open().and(&Admitted::open()), Admitted::open());
        assert_eq!(only(&["a"]).and(&Admitted::default()), Admitted::default());
    }

    #[test]
    fn the_setting_says_who_reads_what_is_open_and_nothing_about_the_rest() {
        let some = Readers::Principals([Principal("a".into())].into());
        for setting in [AccessSetting::Owner, AccessSetting::Public, AccessSetting::Source] {
            assert_eq!(only(&["a"]).readers(&setting), some);
        }
        let both = Admitted::open().or(only(&["a"]));
        assert_eq!(both.readers(&AccessSetting::Owner), some);
        assert_eq!(both.readers(&AccessSetting::Public), Readers::Public);
        assert_eq!(both.readers(&AccessSetting::Source), Readers::EveryoneInSource);
    }
}
