//! What a document states in one manner, numbered, so that the end of an edge names both with one number and takes 8 bytes.
//! The numbers live in memory only and are given out anew when the file is read.

use std::collections::HashMap;

use super::manner::Terms;

/// How many statements the end of an edge has room for.
pub(crate) const MAX_STATEMENTS: usize = 1 << 31;

/// What one document states in one manner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The place of the document.
    pub(crate) document: u32,
    /// The number of the manner.
    pub(crate) manner: u32,
}

/// All statements by number.
#[derive(Default)]
pub(crate) struct Statements {
    list: Vec<Statement>,
    /// Numbers of documents that are gone.
    free: Vec<u32>,
}

impl Statements {
    /// How many numbers there are, those that are free included.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// The statement of a number.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Statement {
        self.list[number as usize]
    }

    /// Give a statement a number.
    pub(crate) fn add(&mut self, statement: Statement) -> u32 {
        if let Some(number) = self.free.pop() {
            self.list[number as usize] = statement;
            return number;
        }
        self.list.push(statement);
        u32::try_from(self.list.len() - 1).expect("the plan checked that statements are left")
    }

    /// Take back the numbers of statements that no edge is left of.
    pub(crate) fn free(&mut self, numbers: impl IntoIterator<Item = u32>) {
        self.free.extend(numbers);
    }

    /// How many bytes of memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.list.capacity() * size_of::<Statement>() + self.free.capacity() * size_of::<u32>()
    }
}

/// The statements of one document, told apart by their terms.
#[derive(Default)]
pub(crate) struct Own {
    last: Option<(Terms, u32)>,
    numbers: HashMap<Terms, u32>,
}

impl Own {
    /// The number for these terms; `make` gives it where they come for the first time.
    #[inline]
    pub(crate) fn number(&mut self, terms: Terms, make: impl FnOnce() -> u32) -> u32 {
        // Most documents state all they do in one manner.
        if let Some((last, number)) = self.last
            && last == terms
        {
            return number;
        }
        if let Some((last, number)) = self.last.take() {
            self.numbers.insert(last, number);
        }
        let number = self.numbers.get(&terms).copied().unwrap_or_else(make);
        self.last = Some((terms, number));
        number
    }

    /// Go on to another document.
    pub(crate) fn clear(&mut self) {
        self.last = None;
        self.numbers.clear();
    }
}
