//! What the providers describe of the operations that the connectors use, and whether a request is one of them.

use serde_json::{Map, Value};
use testkit::provider::{Entry, Provider};
use url::form_urlencoded;

use super::{graphql, schema};

/// From the official descriptions: see `extract.py` beside it.
const OPERATIONS: &str = include_str!("../../specs/operations.json");
/// What has no official description, from the providers' documents.
const FACTS: &str = include_str!("../../specs/facts.json");
/// What Atlassian's gateway puts before a product's paths: `/ex/jira/{site}`.
const GATEWAY: usize = 3;

/// The table.
pub(crate) struct Table {
    pub(crate) operations: Vec<Operation>,
    aliases: Value,
    linked: Value,
    graphql: Value,
}

/// An operation.
#[derive(Debug)]
pub(crate) struct Operation {
    api: String,
    method: String,
    pub(crate) path: String,
    parameters: Vec<Value>,
    body: Option<Value>,
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|one| !one.is_empty()).collect()
}

/// A template's name for a segment of any content.
fn is_open(segment: &str) -> bool {
    segment.starts_with('{')
}

impl Operation {
    fn read(value: &Value) -> Self {
        Self {
            api: text(value, "api"),
            method: text(value, "method"),
            path: text(value, "path"),
            parameters: list(&value["parameters"]),
            body: value.get("body").cloned(),
        }
    }

    /// How many segments of a path it names itself; none where the path is another's.
    fn fits(&self, path: &[&str]) -> Option<usize> {
        let own = segments(&self.path);
        let same = own.len() == path.len() && own.iter().zip(path).all(|(own, asked)| is_open(own) || own == asked);
        same.then(|| own.iter().filter(|one| !is_open(one)).count())
    }

    /// What its path holds in the place of names.
    fn named<'p>(&self, path: &[&'p str]) -> Vec<(String, &'p str)> {
        let own = segments(&self.path);
        let open = own.into_iter().zip(path).filter(|(own, _)| is_open(own));
        open.map(|(own, asked)| (own.trim_matches(['{', '}']).to_owned(), *asked))
            .collect()
    }

    fn parameter(&self, place: &str, name: &str) -> Option<&Value> {
        self.parameters
            .iter()
            .find(|one| one["in"] == place && one["name"] == name)
    }
}

/// Whose description a path is in, and the path as it is there.
fn place(provider: Provider, path: &str) -> (&'static str, String) {
    match provider {
        Provider::GitHub => ("github", path.to_owned()),
        Provider::Slack => ("slack", path.to_owned()),
        Provider::Jira | Provider::Confluence => {
            let parts = segments(path);
            let product = match parts.as_slice() {
                ["ex", "jira", ..] => "jira",
                ["ex", "confluence", ..] => "confluence",
                _ => return ("atlassian", path.to_owned()),
            };
            let rest = parts.get(GATEWAY..).unwrap_or_default();
            (product, format!("/{}", rest.join("/")))
        }
    }
}

impl Table {
    pub(crate) fn read() -> Self {
        let official: Value = serde_json::from_str(OPERATIONS).expect("the table is JSON");
        let facts: Value = serde_json::from_str(FACTS).expect("the facts are JSON");
        let both = [list(&official["operations"]), list(&facts["operations"])].concat();
        let mut operations: Vec<Operation> = both.iter().map(Operation::read).collect();
        for most in list(&facts["maxima"]) {
            let of = operations.iter_mut().filter(|one| most["path"] == one.path.as_str());
            for parameter in of.flat_map(|one| &mut one.parameters) {
                if parameter["name"] == most["name"] {
                    parameter["schema"]["maximum"] = most["maximum"].clone();
                }
            }
        }
        Self {
            operations,
            aliases: facts["aliases"].clone(),
            linked: facts["linked"].clone(),
            graphql: official,
        }
    }

    /// The path under the name that the table has it by.
    fn known_as(&self, api: &str, path: String) -> String {
        let pairs = self.aliases[api].as_object().into_iter().flatten();
        for (alias, meant) in pairs {
            let (alias, parts) = (segments(alias), segments(&path));
            let same = parts.len() >= alias.len()
                && alias
                    .iter()
                    .zip(&parts)
                    .all(|(own, asked)| is_open(own) || own == asked);
            if same {
                let rest = parts.get(alias.len()..).unwrap_or_default();
                let meant = segments(meant.as_str().unwrap_or_default());
                return format!("/{}", [meant.as_slice(), rest].concat().join("/"));
            }
        }
        path
    }

    /// The operation of a method and a path as it is described, with its number.
    fn find(&self, api: &str, method: &str, path: &str) -> Option<(usize, &Operation)> {
        let parts = segments(path);
        let own = self.operations.iter().enumerate();
        own.filter(|(_, one)| one.api == api && one.method == method)
            .filter_map(|(number, one)| Some((one.fits(&parts)?, number, one)))
            .max_by_key(|(literal, ..)| *literal)
            .map(|(_, number, one)| (number, one))
    }

    /// The path of an operation as its description writes it.
    pub(crate) fn template(&self, provider: Provider, method: &str, path: &str) -> Option<String> {
        let (api, path) = place(provider, path);
        let (_, operation) = self.find(api, method, &self.known_as(api, path))?;
        Some(operation.path.clone())
    }

    /// The number of the operation that a request is, if it is asked as it must be.
    ///
    /// # Errors
    /// What is wrong with the request.
    pub(crate) fn check(&self, entry: &Entry) -> Result<usize, String> {
        let (api, path) = place(entry.provider, &entry.path);
        let path = self.known_as(api, path);
        let found = self.find(api, &entry.method, &path);
        let (number, operation) = found.ok_or("no operation is described by this path and method")?;
        let parts = segments(&path);
        for (name, value) in operation.named(&parts) {
            if let Some(parameter) = operation.parameter("path", &name).filter(|_| !is_open(value)) {
                schema::written(&parameter["schema"], value).map_err(|why| format!("{name}: {why}"))?;
            }
        }
        self.query(api, operation, &entry.query)?;
        self.body(operation, &entry.body)?;
        Ok(number)
    }

    fn query(&self, api: &str, operation: &Operation, query: &str) -> Result<(), String> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        for (name, value) in &pairs {
            match operation.parameter("query", name) {
                Some(parameter) => {
                    schema::written(&parameter["schema"], value).map_err(|why| format!("{name}: {why}"))?;
                }
                None if list(&self.linked[api]).iter().any(|one| one == name) => {}
                None => return Err(format!("{name} is not one of its parameters")),
            }
        }
        for needed in operation
            .parameters
            .iter()
            .filter(|one| one["in"] == "query" && one["required"] == true)
        {
            if !pairs.iter().any(|(name, _)| needed["name"] == name.as_str()) {
                return Err(format!("{} is missing", needed["name"]));
            }
        }
        Ok(())
    }

    fn body(&self, operation: &Operation, sent: &[u8]) -> Result<(), String> {
        let Some(expected) = &operation.body else {
            return if sent.is_empty() {
                Ok(())
            } else {
                Err("it takes no body".to_owned())
            };
        };
        if sent.is_empty() {
            // What is required is required of a body that is sent.
            let needed = !list(&expected["required"]).is_empty();
            return if needed {
                Err("its body is missing".to_owned())
            } else {
                Ok(())
            };
        }
        let body = serde_json::from_slice(sent).unwrap_or_else(|_| form(sent));
        schema::value(expected, &body).map_err(|why| format!("body: {why}"))?;
        match body.get("query").and_then(Value::as_str) {
            Some(query) if operation.path == "/graphql" => graphql::check(&self.graphql, query, &body["variables"]),
            Some(_) | None => Ok(()),
        }
    }
}

/// The fields of a form.
fn form(sent: &[u8]) -> Value {
    let pairs = form_urlencoded::parse(sent).into_owned();
    Value::Object(
        pairs
            .map(|(name, value)| (name, Value::String(value)))
            .collect::<Map<_, _>>(),
    )
}
