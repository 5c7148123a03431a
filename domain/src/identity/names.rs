//! Names, logins and addresses in forms that can be compared: without case, accents and order.

use std::collections::BTreeSet;

use super::handle;
use crate::Account;

/// Words of a name that are kept.
const WORDS: usize = 8;
/// The shortest login that says something.
const SHORT: usize = 4;
/// Logins and mailboxes that many have.
const GENERAL: [&str; 30] = [
    "admin",
    "administrator",
    "bot",
    "build",
    "builder",
    "contact",
    "dependabot",
    "deploy",
    "developer",
    "devops",
    "github",
    "gitlab",
    "guest",
    "hello",
    "help",
    "info",
    "jenkins",
    "jira",
    "mail",
    "noreply",
    "office",
    "nobody",
    "root",
    "service",
    "slackbot",
    "support",
    "system",
    "team",
    "test",
    "user",
];

/// How an account comes to be found under a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// A name of several words, sorted.
    Full,
    /// The words of a name in one.
    Joined,
    /// A login, or what stands before the `@` of an address.
    Login,
    /// A name that is one word.
    Word,
    /// The initial and the last word of a name.
    Initial,
    /// A login that may be an initial and a last word.
    MaybeInitial,
}

/// Under which forms an account is found: a key to meet others by, and how it comes to have it.
pub(super) fn forms(account: &Account) -> BTreeSet<(String, Form)> {
    let mut forms = BTreeSet::new();
    if is_machine(account) {
        return forms;
    }
    for name in &account.names {
        for words in spelt(name) {
            of_name(&words, &mut forms);
        }
    }
    let boxes = account.emails.iter().map(String::as_str).chain(address(account));
    let boxes = boxes.filter(|email| !is_hidden(email)).filter_map(mailbox);
    for login in account.login.as_deref().into_iter().chain(boxes) {
        for words in spelt(login) {
            let login = words.concat();
            if login.chars().count() >= SHORT && !GENERAL.contains(&login.as_str()) {
                forms.insert((format!("i:{login}"), Form::MaybeInitial));
                forms.insert((format!("h:{login}"), Form::Login));
            }
        }
    }
    forms
}

fn of_name(words: &[String], forms: &mut BTreeSet<(String, Form)>) {
    let long: Vec<&String> = words.iter().filter(|word| word.chars().count() > 1).collect();
    match long.as_slice() {
        [] => {}
        [word] => {
            if !GENERAL.contains(&word.as_str()) && word.chars().count() >= 2 {
                forms.insert((format!("h:{word}"), Form::Word));
            }
        }
        [first, .., last] => {
            let mut sorted: Vec<&str> = long.iter().map(|word| word.as_str()).collect();
            sorted.sort_unstable();
            forms.insert((format!("n:{}", sorted.join(" ")), Form::Full));
            for (one, other) in [(first, last), (last, first)] {
                forms.insert((format!("h:{one}{other}"), Form::Joined));
                let initial: String = one.chars().take(1).collect();
                forms.insert((format!("i:{initial}{other}"), Form::Initial));
            }
        }
    }
}

/// The address in the id of a Git account.
fn address(account: &Account) -> Option<&str> {
    let name = handle(&account.id);
    (account.id.local().starts_with("git/") && name.contains('@')).then_some(name)
}

/// Whether it belongs to a program.
fn is_machine(account: &Account) -> bool {
    account.login.as_deref().is_some_and(|login| login.ends_with("[bot]")) || account.id.as_str().ends_with("[bot]")
}

/// Whether an address stands for a login and says nothing by its own beginning.
fn is_hidden(email: &str) -> bool {
    email.to_lowercase().contains("@users.noreply.")
}

/// What stands before the `@`, without a tag.
fn mailbox(email: &str) -> Option<&str> {
    let (local, _) = email.split_once('@')?;
    Some(local.split_once('+').map_or(local, |(local, _)| local))
}

/// A name as one would look it up: its words without case and accents.
pub fn folded(name: &str) -> String {
    words(name, false).join(" ")
}

/// The words of a name in the spellings that it has: `ü` is `u` to some and `ue` to others.
fn spelt(name: &str) -> BTreeSet<Vec<String>> {
    let spelt = [words(name, false), words(name, true)];
    spelt.into_iter().filter(|words| !words.is_empty()).collect()
}

fn words(name: &str, long: bool) -> Vec<String> {
    let (mut words, mut word, mut depth) = (Vec::new(), String::new(), 0_usize);
    for c in name.chars().take(400) {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth > 0 || is_mark(c) || c == '\'' || c == '’' => continue,
            c if c.is_alphanumeric() => {
                for lower in c.to_lowercase().filter(|c| !is_mark(*c)) {
                    match letters(lower, long) {
                        Some(letters) => word.push_str(letters),
                        None => word.push(lower),
                    }
                }
                continue;
            }
            _ => {}
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words.truncate(WORDS);
    words
}

/// Marks that combine with the character before them.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// A Latin letter without its accent; `long` as it is spelt where there are no accents.
fn letters(c: char, long: bool) -> Option<&'static str> {
    Some(match c {
        'ä' if long => "ae",
        'ö' | 'ø' if long => "oe",
        'ü' if long => "ue",
        'å' if long => "aa",
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Form, folded, forms};
    use crate::{Account, Key, SourceId};

    fn account(id: &str, login: Option<&str>, name: &str) -> Account {
        Account {
            id: Key::from_raw(&format!("account:{id}")),
            source: SourceId::new("s").expect("slug"),
            login: login.map(str::to_owned),
            names: vec![name.to_owned()],
            emails: Vec::new(),
        }
    }

    fn meet(one: &Account, other: &Account, form: Form) -> bool {
        let of = |account: &Account| {
            forms(account)
                .into_iter()
                .filter(|(_, own)| *own == form)
                .map(|(key, _)| key)
        };
        let others: Vec<String> = of(other).collect();
        of(one).any(|key| others.contains(&key))
    }

    #[test]
    fn a_name_is_the_same_however_it_is_spelt() {
        for (one, other) in [
            ("Jürgen Weber", "Juergen Weber"),
            ("Jürgen Weber", "Jurgen Weber"),
            ("Jürgen Weber", "weber, JU\u{308}RGEN"),
            ("Søren Larsen", "Soeren Larsen"),
            ("Zoë Osei (Acme)", "Zoe B. Osei"),
            ("Miles O'Brien", "Miles OBrien"),
        ] {
            let (one, other) = (account("jira/a/1", None, one), account("github/x", None, other));
            assert!(meet(&one, &other, Form::Full), "{one:?} {other:?}");
        }
        for (one, other) in [
            ("Ada Okafor", "Ada Novak"),
            ("Ada Okafor", "Amara Okafor"),
            ("Ada", "Ada Okafor"),
        ] {
            let (one, other) = (account("jira/a/1", None, one), account("github/x", None, other));
            assert!(!meet(&one, &other, Form::Full), "{one:?} {other:?}");
        }
        assert_eq!(folded("Løkke, Åse"), "lokke ase");
    }

    #[test]
    fn mailboxes_and_logins_meet_names() {
        let git = account("git/ada.okafor+work@acme.example", None, "ada");
        let keys: Vec<_> = forms(&git).into_iter().collect();
        assert!(keys.contains(&("h:adaokafor".to_owned(), Form::Login)), "{keys:?}");
        let named = forms(&account("jira/a/1", None, "Ada Okafor"));
        assert!(named.contains(&("h:adaokafor".to_owned(), Form::Joined)));
        assert!(named.contains(&("i:aokafor".to_owned(), Form::Initial)));
    }

    #[test]
    fn programs_and_general_mailboxes_are_like_nobody() {
        assert!(
            forms(&account(
                "github/dependabot[bot]",
                Some("dependabot[bot]"),
                "dependabot"
            ))
            .is_empty()
        );
        let forms = forms(&account("git/info@acme.example", None, "Info"));
        assert!(forms.is_empty(), "{forms:?}");
        let hidden = super::forms(&account("git/7+ada@users.noreply.github.com", None, "x"));
        assert!(hidden.is_empty(), "{hidden:?}");
    }
}
