//! Cutting a JSON document into its elements without holding it: the elements of top-level arrays (also one after the other, or
//! nested as pages), of the array under a wrapper key (`{"issues": [...]}`), or the values of a plain sequence.

/// How much is kept of a record that is too long: enough to tell what it was.
pub(crate) const HEAD: usize = 64 * 1024;

/// What the scanner found in a buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing complete; the whole buffer is used.
    More,
    /// An element that ends after this many bytes of the buffer.
    Element(usize, Vec<u8>),
    /// An element over the limit that ends after this many bytes, as far as it is kept.
    Long(usize, Vec<u8>),
    /// The document ends within an element or list.
    Cut,
    /// Nothing more follows.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Between elements.
    Between,
    /// Within an object, or within an array that is inside of one.
    Nested,
    /// Within a string.
    Text,
    /// After a backslash in a string.
    Escape,
    /// Within a bare word: a number, `true`, or rubbish.
    Word,
}

/// The state between two buffers.
#[derive(Debug)]
pub(crate) struct Scanner {
    limit: usize,
    wrappers: &'static [&'static str],
    mode: Mode,
    /// Brackets open within the element.
    depth: usize,
    /// Arrays open around the elements.
    arrays: usize,
    element: Vec<u8>,
    over: bool,
    /// Within the array under a wrapper key, or behind it in the same object.
    wrapper: Wrapper,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrapper {
    Outside,
    Array,
    Tail,
}

impl Scanner {
    /// A scanner of elements of at most `limit` bytes.
    pub(crate) fn new(limit: usize, wrappers: &'static [&'static str]) -> Self {
        let wrapper = Wrapper::Outside;
        Self {
            limit,
            wrappers,
            mode: Mode::Between,
            depth: 0,
            arrays: 0,
            element: Vec::new(),
            over: false,
            wrapper,
        }
    }

    /// Look at more bytes, up to the end of the next element.
    pub(crate) fn feed(&mut self, buffer: &[u8]) -> Step {
        let mut index = 0;
        while let Some(byte) = buffer.get(index) {
            let found = match self.mode {
                Mode::Between => self.between(*byte),
                Mode::Nested => self.nested(*byte),
                Mode::Text => {
                    let rest = buffer.get(index..).unwrap_or_default();
                    let plain = rest
                        .iter()
                        .position(|byte| matches!(byte, b'"' | b'\\'))
                        .unwrap_or(rest.len());
                    self.keep(rest.get(..plain).unwrap_or_default());
                    index += plain;
                    let Some(byte) = buffer.get(index) else { break };
                    self.text(*byte)
                }
                Mode::Escape => {
                    self.keep(&[*byte]);
                    self.mode = Mode::Text;
                    false
                }
                Mode::Word => {
                    if matches!(byte, b',' | b']' | b'}' | b'[' | b'{' | b'"') || byte.is_ascii_whitespace() {
                        return self.take(index);
                    }
                    self.keep(&[*byte]);
                    false
                }
            };
            index += 1;
            if found && self.wrapper == Wrapper::Tail {
                self.wrapper = Wrapper::Outside;
                self.mode = Mode::Between;
            } else if found {
                return self.take(index);
            }
        }
        Step::More
    }

    /// The end of the file.
    pub(crate) fn finish(&mut self) -> Step {
        match self.mode {
            Mode::Between if self.arrays == 0 => Step::End,
            Mode::Word => self.take(0),
            Mode::Between | Mode::Nested | Mode::Text | Mode::Escape => {
                *self = Self::new(self.limit, self.wrappers);
                Step::Cut
            }
        }
    }

    fn between(&mut self, byte: u8) -> bool {
        match byte {
            b'[' => self.arrays += 1,
            b']' => {
                self.arrays = self.arrays.saturating_sub(1);
                if self.wrapper == Wrapper::Array && self.arrays == 0 {
                    self.wrapper = Wrapper::Tail;
                    self.mode = Mode::Nested;
                    self.depth = 1;
                }
            }
            // Commas, and the byte order mark that some editors put first.
            b',' | 0xef | 0xbb | 0xbf => {}
            _ if byte.is_ascii_whitespace() => {}
            _ => {
                self.keep(&[byte]);
                self.depth = usize::from(byte == b'{');
                self.mode = match byte {
                    b'{' => Mode::Nested,
                    b'"' => Mode::Text,
                    _ => Mode::Word,
                };
            }
        }
        false
    }

    fn nested(&mut self, byte: u8) -> bool {
        match byte {
            b'"' => self.mode = Mode::Text,
            b'[' if self.depth == 1 && self.arrays == 0 && self.opens_wrapper() => {
                self.element = Vec::new();
                self.mode = Mode::Between;
                self.depth = 0;
                self.arrays = 1;
                self.wrapper = Wrapper::Array;
                return false;
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.keep(&[byte]);
        self.depth == 0
    }

    fn text(&mut self, byte: u8) -> bool {
        self.keep(&[byte]);
        if byte == b'\\' {
            self.mode = Mode::Escape;
            return false;
        }
        self.mode = Mode::Nested;
        self.depth == 0
    }

    /// Whether the element so far ends in a wrapper key and its colon.
    fn opens_wrapper(&self) -> bool {
        if self.over || self.wrapper != Wrapper::Outside {
            return false;
        }
        let Some(key) = self.element.trim_ascii_end().strip_suffix(b":") else {
            return false;
        };
        let Some(key) = key.trim_ascii_end().strip_suffix(b"\"") else {
            return false;
        };
        self.wrappers.iter().any(|wrapper| {
            key.strip_suffix(wrapper.as_bytes())
                .is_some_and(|rest| rest.ends_with(b"\""))
        })
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.wrapper == Wrapper::Tail {
            return;
        }
        self.over |= self.element.len() + bytes.len() > self.limit;
        if self.over {
            keep_head(&mut self.element, bytes);
        } else {
            self.element.extend_from_slice(bytes);
        }
    }

    /// The finished element.
    fn take(&mut self, used: usize) -> Step {
        self.mode = Mode::Between;
        self.depth = 0;
        let element = std::mem::take(&mut self.element);
        if std::mem::take(&mut self.over) {
            return Step::Long(used, element);
        }
        Step::Element(used, element)
    }
}

/// Add to what is kept of a record that is too long.
pub(crate) fn keep_head(kept: &mut Vec<u8>, part: &[u8]) {
    let room = HEAD.saturating_sub(kept.len());
    kept.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
    kept.truncate(HEAD);
    kept.shrink_to(HEAD);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Scanner, Step};

    /// The elements of `text`, fed in parts of `part` bytes; a bad one is its reason.
    fn scan(text: &[u8], part: usize) -> Vec<Result<String, String>> {
        let mut scanner = Scanner::new(60, &["issues"]);
        let mut found = Vec::new();
        let mut at = 0;
        loop {
            let buffer = &text[at..text.len().min(at + part)];
            let step = if buffer.is_empty() {
                scanner.finish()
            } else {
                scanner.feed(buffer)
            };
            match step {
                Step::More => at += buffer.len(),
                Step::Element(used, bytes) => {
                    at += used;
                    found.push(Ok(String::from_utf8_lossy(&bytes).into_owned()));
                }
                Step::Long(used, head) => {
                    at += used;
                    found.push(Err(format!("{} bytes of one too long", head.len())));
                }
                Step::Cut => found.push(Err("cut off".to_owned())),
                Step::End => return found,
            }
        }
    }

    fn good(text: &str) -> Vec<String> {
        scan(text.as_bytes(), 4096)
            .into_iter()
            .map(|one| one.expect(text))
            .collect()
    }

    #[test]
    fn elements_of_every_layout_are_found() {
        let expected = [r#"{"a":[1,{"b":"}]"}]}"#, r#"{"c":"\"]"}"#];
        let [a, c] = expected;
        for text in [
            format!("[{a},{c}]"),
            format!("[{a}]\n[{c}]"),
            format!("[[{a}],[{c}]]"),
            format!("{a}\n{c}\n"),
            format!(r#"{{"startAt":0,"names":{{"issues":[]}},"issues" : [{a},{c}],"total":2,"issues":[1]}}"#),
            format!(r#"{{"issues":[{a}]}}{{"issues":[{c}]}}"#),
        ] {
            assert_eq!(good(&text), expected, "{text}");
        }
        assert_eq!(good(r#"["x", 12 ,null]"#), ["\"x\"", "12", "null"]);
        assert!(good(" [] ").is_empty() && good("").is_empty());
    }

    #[test]
    fn a_cut_or_overlong_element_is_bad_and_the_others_are_kept() {
        assert_eq!(
            scan(br#"[{"a":1},{"b":"#, 5),
            [Ok(r#"{"a":1}"#.to_owned()), Err("cut off".to_owned())]
        );
        assert_eq!(scan(br#"[{"a":1},"#, 5).len(), 2);
        assert_eq!(scan(br#"{"issues":[{"a":1}]"#, 5).len(), 2);
        let long = format!(r#"[{{"a":"{}"}},{{"b":1}}]"#, "x".repeat(100));
        assert_eq!(
            scan(long.as_bytes(), 7),
            [Err("108 bytes of one too long".to_owned()), Ok(r#"{"b":1}"#.to_owned())]
        );
    }

    proptest! {
        #[test]
        fn the_size_of_the_buffers_does_not_matter(text in "[\\[\\]{}\",:a1\\\\ \n]{0,80}|\\{\"issues\":\\[(\\{\"a\":1\\},?){0,4}\\]\\}", part in 1usize..20) {
            prop_assert_eq!(scan(text.as_bytes(), part), scan(text.as_bytes(), 4096));
        }
    }
}
