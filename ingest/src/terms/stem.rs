//! The English stemmer of Snowball (Porter2), for words of ASCII letters in lower case.
//! Algorithm: <https://snowballstem.org/algorithms/english/stemmer.html>, without what concerns apostrophes.

/// Replace an English word by its stem. Other terms stay as they are.
pub(super) fn stem(word: &mut String) {
    if word.len() <= 2 || !word.bytes().all(|it| it.is_ascii_lowercase()) {
        return;
    }
    if let Some(exception) = exception(word) {
        word.clear();
        word.push_str(exception);
        return;
    }
    let mut stemmer = Stemmer::new(std::mem::take(word).into_bytes());
    stemmer.run();
    *word = String::from_utf8(stemmer.word).expect("ASCII stays ASCII");
    word.make_ascii_lowercase();
}

/// Words that the rules would get wrong.
fn exception(word: &str) -> Option<&'static str> {
    Some(match word {
        "skis" => "ski",
        "skies" | "sky" => "sky",
        "dying" => "die",
        "lying" => "lie",
        "tying" => "tie",
        "idly" => "idl",
        "gently" => "gentl",
        "ugly" => "ugli",
        "early" => "earli",
        "only" => "onli",
        "singly" => "singl",
        "news" => "news",
        "howe" => "howe",
        "atlas" => "atlas",
        "cosmos" => "cosmos",
        "bias" => "bias",
        "andes" => "andes",
        _ => return None,
    })
}

/// Words that stay as step 1a leaves them.
const DONE: [&[u8]; 8] = [
    b"inning", b"outing", b"canning", b"herring", b"earring", b"proceed", b"exceed", b"succeed",
];

/// Suffixes of step 2 and what replaces them, longer ones first where one ends with another.
const STEP_2: [(&str, &str); 22] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("abli", "able"),
    ("entli", "ent"),
    ("ization", "ize"),
    ("izer", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("aliti", "al"),
    ("alli", "al"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("ousli", "ous"),
    ("iveness", "ive"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("bli", "ble"),
    ("fulli", "ful"),
    ("lessli", "less"),
];

const STEP_3: [(&str, &str); 8] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("alize", "al"),
    ("icate", "ic"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

/// Suffixes of step 4, longer ones first where one ends with another.
const STEP_4: [&str; 17] = [
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "al",
    "er", "ic",
];

/// A word in work; a `y` that is a consonant is written `Y`.
struct Stemmer {
    word: Vec<u8>,
    /// Where the region begins that follows the first vowel and consonant.
    r1: usize,
    /// The same within that region.
    r2: usize,
}

fn is_vowel(byte: u8) -> bool {
    b"aeiouy".contains(&byte)
}

impl Stemmer {
    fn new(mut word: Vec<u8>) -> Self {
        for at in 0..word.len() {
            if word[at] == b'y' && (at == 0 || is_vowel(word[at - 1])) {
                word[at] = b'Y';
            }
        }
        let prefixes: [&[u8]; 3] = [b"gener", b"commun", b"arsen"];
        let prefix = prefixes.into_iter().find(|it| word.starts_with(it)).map(<[u8]>::len);
        let r1 = prefix.unwrap_or_else(|| region(&word, 0));
        let r2 = region(&word, r1);
        Self { word, r1, r2 }
    }

    fn run(&mut self) {
        self.step_1a();
        if DONE.contains(&self.word.as_slice()) {
            return;
        }
        self.step_1b();
        self.step_1c();
        self.step_2();
        self.step_3();
        self.step_4();
        self.step_5();
    }

    fn ends(&self, suffix: &str) -> bool {
        // Most suffixes fail on their last letter, which is cheaper to compare than all.
        self.word.last() == suffix.as_bytes().last() && self.word.ends_with(suffix.as_bytes())
    }

    /// Where a suffix of this length begins.
    fn before(&self, suffix: &str) -> usize {
        self.word.len() - suffix.len()
    }

    fn replace(&mut self, suffix: &str, by: &str) {
        self.word.truncate(self.before(suffix));
        self.word.extend_from_slice(by.as_bytes());
    }

    fn has_vowel(&self, end: usize) -> bool {
        self.word.iter().take(end).any(|it| is_vowel(*it))
    }

    fn step_1a(&mut self) {
        if self.ends("sses") {
            self.replace("sses", "ss");
        } else if self.ends("ied") || self.ends("ies") {
            let by = if self.word.len() > 4 { "i" } else { "ie" };
            self.replace("ies", by);
        } else if self.ends("s") && !self.ends("us") && !self.ends("ss") && self.has_vowel(self.word.len() - 2) {
            self.word.pop();
        }
    }

    fn step_1b(&mut self) {
        if let Some(suffix) = ["eedly", "eed"].into_iter().find(|it| self.ends(it)) {
            if self.before(suffix) >= self.r1 {
                self.replace(suffix, "ee");
            }
            return;
        }
        let Some(suffix) = ["ingly", "edly", "ing", "ed"].into_iter().find(|it| self.ends(it)) else {
            return;
        };
        if !self.has_vowel(self.before(suffix)) {
            return;
        }
        self.replace(suffix, "");
        let doubled = ["bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt"];
        if ["at", "bl", "iz"].into_iter().any(|it| self.ends(it)) {
            self.word.push(b'e');
        } else if doubled.into_iter().any(|it| self.ends(it)) {
            self.word.pop();
        } else if self.r1 >= self.word.len() && self.ends_short(self.word.len()) {
            self.word.push(b'e');
        }
    }

    fn step_1c(&mut self) {
        let length = self.word.len();
        if length > 2 && matches!(self.word[length - 1], b'y' | b'Y') && !is_vowel(self.word[length - 2]) {
            self.word[length - 1] = b'i';
        }
    }

    fn step_2(&mut self) {
        if let Some((suffix, by)) = STEP_2.into_iter().find(|(suffix, _)| self.ends(suffix)) {
            if self.before(suffix) >= self.r1 {
                self.replace(suffix, by);
            }
        } else if self.ends("logi") {
            if self.before("ogi") >= self.r1 {
                self.replace("ogi", "og");
            }
        } else if self.ends("li") && self.before("li") >= self.r1 {
            let before = self.before("li").checked_sub(1).and_then(|at| self.word.get(at));
            if before.is_some_and(|it| b"cdeghkmnrt".contains(it)) {
                self.replace("li", "");
            }
        }
    }

    fn step_3(&mut self) {
        if let Some((suffix, by)) = STEP_3.into_iter().find(|(suffix, _)| self.ends(suffix)) {
            if self.before(suffix) >= self.r1 {
                self.replace(suffix, by);
            }
        } else if self.ends("ative") && self.before("ative") >= self.r2 {
            self.replace("ative", "");
        }
    }

    fn step_4(&mut self) {
        if let Some(suffix) = STEP_4.into_iter().find(|suffix| self.ends(suffix)) {
            if self.before(suffix) >= self.r2 {
                self.replace(suffix, "");
            }
        } else if (self.ends("sion") || self.ends("tion")) && self.before("ion") >= self.r2 {
            self.replace("ion", "");
        }
    }

    fn step_5(&mut self) {
        let Some(last) = self.word.len().checked_sub(1) else {
            return;
        };
        let gone = match self.word[last] {
            b'e' => last >= self.r2 || (last >= self.r1 && !self.ends_short(last)),
            b'l' => last >= self.r2 && last > 0 && self.word[last - 1] == b'l',
            _ => false,
        };
        if gone {
            self.word.pop();
        }
    }

    /// Whether the first `end` letters end in a short syllable.
    fn ends_short(&self, end: usize) -> bool {
        match self.word.get(..end) {
            Some([.., before, vowel, last]) => {
                !is_vowel(*before) && is_vowel(*vowel) && !is_vowel(*last) && !b"wxY".contains(last)
            }
            Some([vowel, last]) => is_vowel(*vowel) && !is_vowel(*last),
            Some(_) | None => false,
        }
    }
}

/// The place behind the first consonant that follows a vowel, at or after `from`.
fn region(word: &[u8], from: usize) -> usize {
    let pair = word
        .get(from..)
        .unwrap_or_default()
        .windows(2)
        .position(|it| is_vowel(it[0]) && !is_vowel(it[1]));
    pair.map_or(word.len(), |at| from + at + 2)
}
