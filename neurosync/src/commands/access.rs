//! `access explain`, and whose view an answer takes.

use domain::{Caller, Result};
use search_api::search::{AccessExplanation, principals_of};
use serde_json::json;

use crate::app::App;
use crate::cli::View;
use crate::context::Context;
use crate::output::{Style, add};

/// Who asks: the owner, unless he wants to see what somebody else sees.
pub(super) async fn caller(app: &App, view: &View) -> Result<Caller> {
    match &view.person {
        Some(person) => Ok(Caller::Principals(principals_of(&app.explore(), person).await?)),
        None => Ok(Caller::Owner),
    }
}

pub(super) async fn explain(context: &Context<'_>, person: &str, document: &str) -> Result<()> {
    let app = context.app().await?;
    let principals = principals_of(&app.explore(), person).await?;
    let documents = app.explore().explain_access(&principals, document).await?;
    let names: Vec<_> = principals.iter().map(|principal| principal.0.as_str()).collect();
    let answer = json!({ "principals": names, "documents": documents });
    context.output.answer(&answer, |_, style| {
        let mut out = style.dim(&format!("{person} is {}\n", names.join(", ")));
        for one in &documents {
            describe(&mut out, one, *style);
        }
        out
    })
}

fn describe(out: &mut String, one: &AccessExplanation, style: Style) {
    let verdict = if one.admitted { "may read" } else { "may not read" };
    add(
        out,
        format_args!("{verdict} {}  {}\n", style.key(&one.key), style.bold(&one.title)),
    );
    add(out, format_args!("  {}\n", one.reason));
    let container = one.container.as_deref().unwrap_or("nothing");
    let from = format!("label {}, rule read from {container}", one.label);
    add(out, format_args!("  {}\n", style.dim(&from)));
}
