//! Finding the markers of bold, italic and the like in one line of a wiki-like markup, in one pass.

/// Markers that can be open at once: one of each kind.
const KINDS: usize = 4;

/// The emphasis of one line. Asked for the markers in order, it says which ones to leave out.
pub(super) struct Emphasis<'a> {
    line: &'a str,
    markers: [u8; KINDS],
    /// Where the open pair of each marker closes.
    closes: [Option<usize>; KINDS],
    /// No pair of this marker begins any more.
    dead: [bool; KINDS],
}

impl<'a> Emphasis<'a> {
    pub(super) fn new(line: &'a str, markers: [u8; KINDS]) -> Self {
        Self {
            line,
            markers,
            closes: [None; KINDS],
            dead: [false; KINDS],
        }
    }

    /// Whether the byte at `at` is markup. A pair opens after a non-word and before a non-space, and closes the other way round.
    pub(super) fn strips(&mut self, at: usize) -> bool {
        let bytes = self.line.as_bytes();
        let Some(kind) = bytes
            .get(at)
            .and_then(|byte| self.markers.iter().position(|it| it == byte))
        else {
            return false;
        };
        match self.closes[kind] {
            Some(close) if close == at => {
                self.closes[kind] = None;
                return true;
            }
            Some(close) if at < close => return false,
            Some(_) | None => {}
        }
        if self.dead[kind] || !self.opens(at) {
            return false;
        }
        self.closes[kind] = (at + 2..bytes.len()).find(|&it| bytes[it] == bytes[at] && self.closes_at(it));
        self.dead[kind] = self.closes[kind].is_none();
        !self.dead[kind]
    }

    fn opens(&self, at: usize) -> bool {
        let (before, after) = self.around(at);
        before.is_none_or(|c| !is_word(c) && !self.same(c, at))
            && after.is_some_and(|c| !c.is_whitespace() && !self.same(c, at))
    }

    fn closes_at(&self, at: usize) -> bool {
        let (before, after) = self.around(at);
        before.is_some_and(|c| !c.is_whitespace() && !self.same(c, at))
            && after.is_none_or(|c| !is_word(c) && !self.same(c, at))
    }

    fn same(&self, c: char, at: usize) -> bool {
        self.line.as_bytes().get(at).is_some_and(|byte| c == char::from(*byte))
    }

    fn around(&self, at: usize) -> (Option<char>, Option<char>) {
        let before = self.line.get(..at).and_then(|it| it.chars().next_back());
        (before, self.line.get(at + 1..).and_then(|it| it.chars().next()))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric()
}

/// The next place of a text in a line, searched once however often it is asked for.
pub(super) struct Next<'a> {
    line: &'a str,
    what: &'static str,
    found: Option<usize>,
    searched: bool,
}

impl<'a> Next<'a> {
    pub(super) fn new(line: &'a str, what: &'static str) -> Self {
        Self {
            line,
            what,
            found: None,
            searched: false,
        }
    }

    /// The first place at or after `from`; calls come with growing `from`.
    pub(super) fn at(&mut self, from: usize) -> Option<usize> {
        let known = self.searched && self.found.is_none_or(|at| at >= from);
        if !known {
            self.searched = true;
            self.found = self
                .line
                .get(from..)
                .and_then(|rest| rest.find(self.what))
                .map(|at| at + from);
        }
        self.found
    }
}
