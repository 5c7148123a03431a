//! The people of the organisation, and who they are to each provider.

use super::seed::Rng;

/// One person and their accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their full name.
    pub name: String,
    /// Their address, whether or not a provider shows it.
    pub email: String,
    /// GitHub's number for them, which outlives their login.
    pub github_id: u64,
    /// What GitHub calls them now.
    pub github_login: String,
    /// Their account at Jira and Confluence.
    pub atlassian_id: String,
    /// Their account at Slack.
    pub slack_id: String,
    /// The providers that show their address to others.
    pub shown_by: Vec<super::Provider>,
    /// Whether they administer everything.
    pub admin: bool,
    /// Whether they are a guest: an outside collaborator, and restricted in Slack.
    pub guest: bool,
    /// Their time zone: Jira reads dates in it.
    pub zone: String,
}

impl Person {
    /// The login-like word that Slack shows.
    pub(crate) fn handle(&self) -> String {
        self.name.to_lowercase().replace(' ', ".")
    }

    /// How far their time zone is ahead of UTC, in milliseconds.
    pub(crate) fn ahead(&self) -> i64 {
        let minutes = ZONES.iter().find(|(name, _)| *name == self.zone);
        minutes.map_or(0, |(_, minutes)| minutes * super::time::MINUTE)
    }

    /// Whether others may see the address at a provider.
    pub(crate) fn shows(&self, provider: super::Provider) -> bool {
        self.shown_by.contains(&provider)
    }
}

const FIRST: [&str; 16] = [
    "Ada", "Grace", "Linus", "Mia", "Noor", "Jürgen", "Søren", "Chen", "Priya", "Oleg", "Amara", "Diego", "Yuki",
    "Fatima", "Piotr", "Zoë",
];
const LAST: [&str; 16] = [
    "Okafor",
    "Novak",
    "Lindqvist",
    "Tanaka",
    "Costa",
    "Weber",
    "Kaya",
    "Moreau",
    "Silva",
    "Haddad",
    "Petrov",
    "Nguyen",
    "Brandt",
    "Osei",
    "Larsen",
    "Rossi",
];
/// Zones without summer time, with their distance from UTC in minutes.
const ZONES: [(&str, i64); 4] = [
    ("Etc/UTC", 0),
    ("Africa/Lagos", 60),
    ("America/Lima", -300),
    ("Asia/Kolkata", 330),
];

/// `count` people: the first administers everything, the last of more than three is a guest.
pub(crate) fn people(rng: &mut Rng, count: usize) -> Vec<Person> {
    (0..count).map(|number| person(rng, number, count)).collect()
}

fn person(rng: &mut Rng, number: usize, count: usize) -> Person {
    let first = FIRST[number % FIRST.len()];
    let last = LAST[(number / FIRST.len() * 7 + number * 5) % LAST.len()];
    // Beyond the first 256 the names repeat, as they do in large organisations; the number keeps accounts apart.
    let tail = if number < FIRST.len() {
        String::new()
    } else {
        number.to_string()
    };
    let ascii = |text: &str| {
        text.to_lowercase()
            .replace('ü', "ue")
            .replace('ø', "oe")
            .replace('ë', "e")
    };
    let shown_by = super::Provider::ALL.into_iter().filter(|_| rng.chance(600)).collect();
    Person {
        name: format!("{first} {last}"),
        email: format!("{}.{}{tail}@acme.example", ascii(first), ascii(last)),
        github_id: 5_000_000 + u64::from(u32::try_from(number).expect("few people")) * 131,
        github_login: format!(
            "{}-{}{tail}",
            ascii(first),
            ascii(last).chars().take(4).collect::<String>()
        ),
        atlassian_id: format!("712020:{}", uuid_like(rng)),
        slack_id: format!("U{:0>10}", format!("{}{number:X}", rng.hex(5).to_uppercase())),
        shown_by,
        admin: number == 0,
        guest: count > 3 && number + 1 == count,
        zone: rng.pick(&ZONES).0.to_owned(),
    }
}

/// Text in the shape of a UUID.
pub(crate) fn uuid_like(rng: &mut Rng) -> String {
    [8, 4, 4, 4, 12].map(|digits| rng.hex(digits)).join("-")
}
