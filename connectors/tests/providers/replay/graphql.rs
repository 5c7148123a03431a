//! Whether a query asks for what GitHub's schema has: fields, their arguments, variables, fragments and sizes of pages.

use serde_json::Value;

/// The most items of a connection.
const MOST: u64 = 100;

/// A query's words: names, numbers and signs.
fn words(query: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut whole = false;
    for letter in query.chars() {
        let part = letter.is_alphanumeric() || matches!(letter, '_' | '$');
        match words.last_mut() {
            Some(last) if part && whole => last.push(letter),
            _ if letter.is_whitespace() || letter == ',' => {}
            _ => words.push(letter.to_string()),
        }
        whole = part;
    }
    words
}

/// A query as it is read from its beginning to its end.
struct Reader<'q> {
    schema: &'q Value,
    words: &'q [String],
    at: usize,
    /// The variables that it declares, with their types.
    variables: Vec<(String, String)>,
}

/// Check a query and the variables sent with it.
///
/// # Errors
/// The first thing that the schema does not have.
pub(crate) fn check(schema: &Value, query: &str, sent: &Value) -> Result<(), String> {
    let words = words(query);
    let mut reader = Reader {
        schema,
        words: &words,
        at: 0,
        variables: Vec::new(),
    };
    reader.expect("query")?;
    reader.declared(sent)?;
    reader.selection("Query")?;
    if reader.at == words.len() {
        Ok(())
    } else {
        Err("something follows the query".to_owned())
    }
}

/// A type without its marks of lists and of what must be there.
fn bare(kind: &str) -> &str {
    kind.trim_matches(['[', ']', '!'])
}

impl Reader<'_> {
    fn peek(&self) -> &str {
        self.words.get(self.at).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        let word = self.peek().to_owned();
        self.at += 1;
        word
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.peek() == word;
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.take(word) {
            Ok(())
        } else {
            Err(format!("`{word}` is expected before `{}`", self.peek()))
        }
    }

    /// The variables that are declared; those that must be there are sent, and no others.
    fn declared(&mut self, sent: &Value) -> Result<(), String> {
        self.expect("(")?;
        while !self.take(")") {
            let name = self.next().trim_start_matches('$').to_owned();
            self.expect(":")?;
            let kind = self.kind()?;
            if kind.ends_with('!') && sent.get(&name).is_none_or(Value::is_null) {
                return Err(format!("the variable {name} is not sent"));
            }
            self.variables.push((name, kind));
        }
        let names = sent.as_object().into_iter().flatten().map(|(name, _)| name);
        let known = |name: &&String| !self.variables.iter().any(|(own, _)| own == *name);
        names
            .into_iter()
            .find(known)
            .map_or(Ok(()), |name| Err(format!("the variable {name} is not declared")))
    }

    /// A type, or a list of one.
    fn kind(&mut self) -> Result<String, String> {
        let mut kind = if self.take("[") {
            let inner = self.kind()?;
            self.expect("]")?;
            format!("[{inner}]")
        } else {
            self.next()
        };
        if self.take("!") {
            kind.push('!');
        }
        Ok(kind)
    }

    /// What is selected of a type.
    fn selection(&mut self, of: &str) -> Result<(), String> {
        self.expect("{")?;
        let mut any = false;
        while !self.take("}") {
            any = true;
            if self.take(".") {
                self.fragment()?;
                continue;
            }
            let mut name = self.next();
            // What stands before a colon is only what the answer calls it.
            if self.take(":") {
                name = self.next();
            }
            // Every type has its name.
            if name == "__typename" {
                continue;
            }
            let field = &self.schema["types"][of][&name];
            let kind = field["type"]
                .as_str()
                .ok_or_else(|| format!("{of} has no field {name}"))?;
            self.arguments(&format!("{of}.{name}"), &field["arguments"])?;
            let whole = self.schema["types"].get(bare(kind)).is_some();
            match (self.peek() == "{", whole) {
                (true, true) => self.selection(bare(kind))?,
                (false, false) => {}
                (true, false) => return Err(format!("{of}.{name} has no fields")),
                (false, true) => return Err(format!("{of}.{name} needs fields")),
            }
        }
        if any {
            Ok(())
        } else {
            Err(format!("nothing of {of} is asked for"))
        }
    }

    /// `... on Type { … }`, after its first dot.
    fn fragment(&mut self) -> Result<(), String> {
        self.expect(".")?;
        self.expect(".")?;
        self.expect("on")?;
        let of = self.next();
        self.selection(&of)
    }

    fn arguments(&mut self, field: &str, known: &Value) -> Result<(), String> {
        let mut given = Vec::new();
        if self.take("(") {
            while !self.take(")") {
                let name = self.next();
                self.expect(":")?;
                let kind = known[&name].as_str();
                let kind = kind.ok_or_else(|| format!("{field} takes no {name}"))?;
                self.argument(&format!("{field}({name})"), kind)?;
                given.push(name);
            }
        }
        let needed = known.as_object().into_iter().flatten();
        let missing = needed
            .filter(|(_, kind)| kind.as_str().is_some_and(|kind| kind.ends_with('!')))
            .find(|(name, _)| !given.contains(name));
        missing.map_or(Ok(()), |(name, _)| Err(format!("{field} needs {name}")))
    }

    fn argument(&mut self, place: &str, kind: &str) -> Result<(), String> {
        if kind.starts_with('[') && self.take("[") {
            while !self.take("]") {
                self.argument(place, bare(kind))?;
            }
            return Ok(());
        }
        if self.take("{") {
            let fields = &self.schema["inputs"][bare(kind)];
            while !self.take("}") {
                let name = self.next();
                self.expect(":")?;
                let inner = fields[&name].as_str().ok_or_else(|| format!("{kind} has no {name}"))?;
                self.argument(&format!("{place}.{name}"), inner)?;
            }
            return Ok(());
        }
        let word = self.next();
        if let Some(name) = word.strip_prefix('$') {
            let declared = self.variables.iter().find(|(own, _)| own == name);
            let fits = declared
                .is_some_and(|(_, own)| bare(own) == bare(kind) && (own.ends_with('!') || !kind.ends_with('!')));
            return if fits {
                Ok(())
            } else {
                Err(format!("{place}: {word} is no {kind}"))
            };
        }
        let fits = match (bare(kind), self.schema["enums"][bare(kind)].as_array()) {
            (_, Some(values)) => values.iter().any(|one| one == word.as_str()),
            ("Int", None) => word.parse::<u64>().is_ok_and(|number| (1..=MOST).contains(&number)),
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(format!("{place}: {word} is no {kind}"))
        }
    }
}
