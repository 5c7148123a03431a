//! Reads Jira's query language.

use super::{Condition, Field, Sign};
use crate::provider::jira::Ask;
use crate::provider::time::{DAY, HOUR, MINUTE, minute};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(String),
}

/// The most fields that an order may have.
const MOST_ORDERS: usize = 7;

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            _ if sign.is_whitespace() => {}
            '"' | '\'' => {
                let word: String = rest.by_ref().take_while(|one| *one != sign).collect();
                tokens.push(Token::Quoted(word));
            }
            '(' | ')' | ',' => tokens.push(Token::Sign(sign.to_string())),
            '=' | '!' | '<' | '>' => {
                let mut word = sign.to_string();
                if rest.peek() == Some(&'=') {
                    word.extend(rest.next());
                }
                tokens.push(Token::Sign(word));
            }
            _ if sign.is_alphanumeric() || "-_.*[]".contains(sign) => {
                let mut word = sign.to_string();
                while let Some(next) = rest.next_if(|one| one.is_alphanumeric() || "-_.:/[]".contains(*one)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            _ => {
                return Err(format!(
                    "Error in the JQL Query: The character '{sign}' is a reserved JQL character."
                ));
            }
        }
    }
    Ok(tokens)
}

/// Reads the tokens of a query from the left.
pub(super) struct Reader<'a> {
    ask: &'a Ask<'a>,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(ask: &'a Ask<'a>, text: &str) -> Result<Self, String> {
        Ok(Self {
            ask,
            tokens: tokens(text)?,
            at: 0,
        })
    }

    /// Refuse what is left.
    pub(super) fn ended(&self) -> Result<(), String> {
        match self.tokens.get(self.at) {
            None => Ok(()),
            Some(token) => Err(format!("Error in the JQL Query: unexpected {token:?}.")),
        }
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    /// Whether the next token is a word, which is not taken.
    pub(super) fn word(&self, word: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Word(own)) if own.eq_ignore_ascii_case(word))
    }

    /// Take the next token if it is a word or sign.
    fn take(&mut self, text: &str) -> bool {
        let sign = matches!(self.tokens.get(self.at), Some(Token::Sign(own)) if own == text);
        let found = sign || self.word(text);
        self.at += usize::from(found);
        found
    }

    pub(super) fn either(&mut self) -> Result<Condition, String> {
        let mut condition = self.both()?;
        while self.take("or") {
            condition = Condition::Either(Box::new(condition), Box::new(self.both()?));
        }
        Ok(condition)
    }

    fn both(&mut self) -> Result<Condition, String> {
        let mut condition = self.one()?;
        while self.take("and") {
            condition = Condition::Both(Box::new(condition), Box::new(self.one()?));
        }
        Ok(condition)
    }

    fn one(&mut self) -> Result<Condition, String> {
        if self.take("not") || self.take("!") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if self.take("(") {
            let inner = self.either()?;
            return if self.take(")") {
                Ok(inner)
            } else {
                Err("Error in the JQL Query: Expecting ')'.".to_owned())
            };
        }
        let field = match self.next() {
            Some(Token::Word(word) | Token::Quoted(word)) => Field::parse(&word).ok_or(format!(
                "Field '{word}' does not exist or you do not have permission to view it."
            ))?,
            other => {
                return Err(format!(
                    "Error in the JQL Query: Expecting a field name but got {other:?}."
                ));
            }
        };
        self.comparison(field)
    }

    fn comparison(&mut self, field: Field) -> Result<Condition, String> {
        if self.word("not") || self.word("in") {
            let negative = self.take("not");
            if !self.take("in") || !self.take("(") {
                return Err("Error in the JQL Query: Expecting 'in ('.".to_owned());
            }
            let mut values = vec![self.value()?];
            while self.take(",") {
                values.push(self.value()?);
            }
            if !self.take(")") {
                return Err("Error in the JQL Query: Expecting ')' or ','.".to_owned());
            }
            let among = self.among(field, &values)?;
            return Ok(if negative {
                Condition::Not(Box::new(among))
            } else {
                among
            });
        }
        let sign = match self.next() {
            Some(Token::Sign(sign)) => sign,
            other => return Err(format!("Error in the JQL Query: Expecting operator but got {other:?}.")),
        };
        let value = self.value()?;
        match sign.as_str() {
            "=" if !matches!(field, Field::Created | Field::Updated) => self.among(field, &[value]),
            "!=" => Ok(Condition::Not(Box::new(self.among(field, &[value])?))),
            _ => self.compared(field, &sign, &value),
        }
    }

    fn compared(&self, field: Field, sign: &str, value: &Token) -> Result<Condition, String> {
        let sign = match sign {
            "=" => Sign::Equal,
            "<" => Sign::Less,
            "<=" => Sign::LessOrEqual,
            ">" => Sign::More,
            ">=" => Sign::MoreOrEqual,
            _ => return Err(format!("Error in the JQL Query: unknown operator '{sign}'.")),
        };
        let bound = match field {
            Field::Created | Field::Updated => self.moment(value)?,
            Field::Id => {
                let id = self.issue(&plain(value))?;
                i64::try_from(id).unwrap_or(i64::MAX)
            }
            Field::Project | Field::Status | Field::Kind => {
                return Err("The operator is not supported by the field.".to_owned());
            }
        };
        Ok(Condition::Compared(field, sign, bound))
    }

    fn value(&mut self) -> Result<Token, String> {
        match self.next() {
            Some(token @ (Token::Word(_) | Token::Quoted(_))) => Ok(token),
            other => Err(format!("Error in the JQL Query: Expecting a value but got {other:?}.")),
        }
    }

    fn among(&self, field: Field, values: &[Token]) -> Result<Condition, String> {
        let words: Vec<String> = values.iter().map(plain).collect();
        let jira = &self.ask.state.world.jira;
        match field {
            Field::Project => {
                let find = |word: &String| {
                    let found = jira.named(word).filter(|one| jira.browses(self.ask.person, one));
                    found
                        .map(|one| one.id)
                        .ok_or(format!("The value '{word}' does not exist for the field 'project'."))
                };
                Ok(Condition::Among(
                    field,
                    words.iter().map(find).collect::<Result<_, _>>()?,
                ))
            }
            Field::Id => {
                let ids = words.iter().map(|word| self.issue(word)).collect::<Result<_, _>>()?;
                Ok(Condition::Among(field, ids))
            }
            Field::Status | Field::Kind => Ok(Condition::Named(field, words)),
            Field::Created | Field::Updated => Err("The operator 'in' is not supported by date fields.".to_owned()),
        }
    }

    /// An issue's id. A number need not be an issue's, a key must.
    fn issue(&self, word: &str) -> Result<u64, String> {
        if let Ok(id) = word.parse() {
            return Ok(id);
        }
        let found = self.ask.state.world.jira.find(word).map(|issue| issue.id);
        found.ok_or(format!("An issue with key '{word}' does not exist for field 'key'."))
    }

    /// A moment: epoch milliseconds when it is a bare number, a time ago, or to the minute in the time zone of the one who asks.
    fn moment(&self, value: &Token) -> Result<i64, String> {
        let text = plain(value);
        if let (Token::Word(_), Ok(number)) = (value, text.parse::<i64>()) {
            return Ok(number);
        }
        let units = [("m", MINUTE), ("h", HOUR), ("d", DAY), ("w", 7 * DAY)];
        let ago = text.strip_prefix('-').and_then(|text| {
            let (unit, length) = units.into_iter().find(|(unit, _)| text.ends_with(unit))?;
            Some(text.strip_suffix(unit)?.parse::<i64>().ok()? * length)
        });
        if let Some(ago) = ago {
            return Ok(self.ask.state.world.now - ago);
        }
        let ahead = self.ask.state.world.people[self.ask.person].ahead();
        let moment = minute(&text).filter(|_| text.len() >= 10);
        moment.map(|at| at - ahead).ok_or(format!(
            "Date value '{text}' for field is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
        ))
    }

    pub(super) fn order(&mut self) -> Result<Vec<(Field, bool)>, String> {
        let mut order = Vec::new();
        if !self.take("order") {
            return Ok(order);
        }
        if !self.take("by") {
            return Err("Error in the JQL Query: Expecting 'by'.".to_owned());
        }
        loop {
            let field = self.value()?;
            let field = Field::parse(&plain(&field)).ok_or("Not able to sort using the field.")?;
            let descending = self.take("desc");
            if !descending {
                self.take("asc");
            }
            order.push((field, descending));
            if !self.take(",") {
                break;
            }
        }
        if order.len() > MOST_ORDERS {
            return Err("The number of fields in ORDER BY exceeds the limit of 7.".to_owned());
        }
        Ok(order)
    }
}

fn plain(token: &Token) -> String {
    match token {
        Token::Word(text) | Token::Quoted(text) | Token::Sign(text) => text.clone(),
    }
}
