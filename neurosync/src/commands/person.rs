//! `person`: who is who, and the owner's word on it.

mod directory;

use domain::identity::Verdict;
use domain::{AccountId, Caller, Error, Key, Result};
use search_api::search::{EvidenceAnswer, PersonAnswer, PersonsAnswer, SuggestionAnswer, principals_of};
use serde_json::json;

use super::access::caller;
use crate::app::App;
use crate::cli::Person;
use crate::context::Context;
use crate::output::{Style, add};

pub(super) async fn run(context: &Context<'_>, command: Person) -> Result<()> {
    let app = context.app().await?;
    match command {
        Person::List { view } => {
            let persons = app.explore().persons(&caller(&app, &view).await?).await?;
            let all: Vec<PersonAnswer> = persons.all().iter().map(Into::into).collect();
            context
                .output
                .answer(&json!({ "persons": all }), |_, style| list(&all, *style))
        }
        Person::Show { name, view } => {
            let found = app.explore().person(&caller(&app, &view).await?, &name).await?;
            context.output.answer(&found, |found, style| show(found, *style))
        }
        Person::Review { limit } => review(context, &app, limit).await,
        Person::Merge { a, b } => {
            let (a, b) = (account(&app, &a).await?, account(&app, &b).await?);
            app.explore().identities.decide(&a, &b, Verdict::Merge).await?;
            tell(context, &app, (&Caller::Owner, &a)).await
        }
        Person::Split { a, b } => split(context, &app, &a, b.as_deref()).await,
        Person::Import { file } => directory::import(context, &app, &file).await,
        Person::Claim { account, person } => claim(context, &app, &account, &person).await,
    }
}

/// The account that the owner means.
async fn account(app: &App, name: &str) -> Result<AccountId> {
    app.explore().account_of(&Caller::Owner, name).await
}

/// Show the person that an account belongs to now.
/// Tell who somebody is, as the one who asks sees him.
async fn tell(context: &Context<'_>, app: &App, (caller, account): (&Caller, &AccountId)) -> Result<()> {
    let found = app.explore().person(caller, account.as_str()).await?;
    context.output.answer(&found, |found, style| show(found, *style))
}

async fn review(context: &Context<'_>, app: &App, limit: usize) -> Result<()> {
    let persons = app.explore().persons(&Caller::Owner).await?;
    let asked: Vec<SuggestionAnswer> = persons.review().iter().take(limit).map(Into::into).collect();
    let answer = json!({ "pairs": asked, "total": persons.review().len() });
    context.output.answer(&answer, |_, style| {
        if asked.is_empty() {
            return "nobody waits for a decision".to_owned();
        }
        let mut out = String::new();
        for one in &asked {
            add(
                &mut out,
                format_args!(
                    "{} and {}  {}\n",
                    style.key(&one.a),
                    style.key(&one.b),
                    style.dim(&percent(one.probability))
                ),
            );
            reasons(&mut out, &one.evidence, *style);
        }
        out += &style.dim(&format!(
            "{} of {} shown; say `person merge` or `person split` with the two",
            asked.len(),
            persons.review().len()
        ));
        out
    })
}

async fn split(context: &Context<'_>, app: &App, a: &str, b: Option<&str>) -> Result<()> {
    let a = account(app, a).await?;
    let others = if let Some(b) = b {
        vec![account(app, b).await?]
    } else {
        let persons = app.explore().persons(&Caller::Owner).await?;
        let own = persons.of(&a).map_or(&[][..], |person| &person.accounts);
        own.iter().map(|one| one.id.clone()).filter(|id| *id != a).collect()
    };
    if others.is_empty() {
        return Err(Error::invalid("split accounts", format!("{a} is joined with no other"))
            .with_hint("name the account that it is to be kept apart from"));
    }
    for other in &others {
        app.explore().identities.decide(&a, other, Verdict::Split).await?;
    }
    tell(context, app, (&Caller::Owner, &a)).await
}

async fn claim(context: &Context<'_>, app: &App, account: &str, person: &str) -> Result<()> {
    let explore = app.explore();
    let principals = principals_of(&explore, person).await?;
    let own = principals.iter().find(|principal| principal.0.starts_with("account:"));
    let own = own.map(|principal| Key::from_raw(&principal.0)).ok_or_else(|| {
        Error::invalid("claim account", format!("`{person}` has no account"))
            .with_hint("name an account, login or address")
    })?;
    let claimant = Caller::Principals(principals);
    let claimed = explore.account_of(&claimant, account).await?;
    explore.identities.decide(&own, &claimed, Verdict::Claim).await?;
    tell(context, app, (&claimant, &claimed)).await
}

fn percent(probability: f64) -> String {
    format!("{:.1} %", probability * 100.0)
}

fn list(all: &[PersonAnswer], style: Style) -> String {
    if all.is_empty() {
        return "nobody yet; sync a source first".to_owned();
    }
    let mut out = String::new();
    for person in all {
        let accounts: Vec<&str> = person.accounts.iter().map(|account| account.id.as_str()).collect();
        add(
            &mut out,
            format_args!("{}  {}\n", style.bold(&person.name), style.dim(&accounts.join(" "))),
        );
    }
    out
}

fn show(found: &PersonsAnswer, style: Style) -> String {
    let mut out = String::new();
    for person in &found.persons {
        add(
            &mut out,
            format_args!("{}  {}\n", style.bold(&person.name), style.dim(&person.id)),
        );
        for account in &person.accounts {
            let names = account.names.join(", ");
            add(
                &mut out,
                format_args!("  {} {}\n", style.key(&account.id), style.dim(&names)),
            );
        }
        for one in &person.evidence {
            add(&mut out, format_args!("  {} and {}\n", one.a, one.b));
            reasons(&mut out, std::slice::from_ref(one), style);
        }
    }
    out
}

fn reasons(out: &mut String, evidence: &[EvidenceAnswer], style: Style) {
    for one in evidence {
        let rule = style.dim(&format!("({}, {})", one.rule, percent(one.probability)));
        add(out, format_args!("    {} {rule}\n", one.text));
    }
}
