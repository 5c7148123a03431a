//! The special tokens around a text and around a pair of texts.

use tokenizers::{Encoding, Token, Tokenizer};

use super::Sequence;

/// Ids that no vocabulary has: they stand for the texts while the tokenizer encloses them.
const TEXTS: [u32; 2] = [u32::MAX - 1, u32::MAX];

/// What stands before, between and after one or two texts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template {
    before: Vec<u32>,
    middle: Vec<u32>,
    after: Vec<u32>,
    /// Whether the second text and what follows it are tokens of another kind.
    kinds: bool,
}

/// The template of one text and that of a pair.
pub(super) fn of(tokenizer: &Tokenizer) -> Result<(Template, Template), String> {
    let text = |which: usize| Encoding::from_tokens(vec![Token::new(TEXTS[which], "a".into(), (0, 1))], 0);
    let enclose = |pair| {
        let enclosed = tokenizer.post_process(text(0), pair, true);
        enclosed.map_err(|error| error.to_string())
    };
    let single = enclose(None)?;
    let single = single.get_ids().split(|id| *id == TEXTS[0]).collect::<Vec<_>>();
    let &[before, after] = single.as_slice() else {
        return Err("it does not put special tokens around a text".into());
    };
    let single = Template {
        before: before.to_vec(),
        middle: Vec::new(),
        after: after.to_vec(),
        kinds: false,
    };
    let pair = enclose(Some(text(1)))?;
    let parts = pair.get_ids().split(|id| TEXTS.contains(id)).collect::<Vec<_>>();
    let &[before, middle, after] = parts.as_slice() else {
        return Err("it does not put special tokens around two texts".into());
    };
    let second = before.len() + 1 + middle.len();
    let pair = Template {
        before: before.to_vec(),
        middle: middle.to_vec(),
        after: after.to_vec(),
        kinds: pair.get_type_ids().get(second) == Some(&1),
    };
    Ok((single, pair))
}

impl Template {
    /// The number of special tokens.
    pub(super) fn len(&self) -> usize {
        self.before.len() + self.middle.len() + self.after.len()
    }

    /// The texts between them.
    pub(super) fn enclose(&self, first: &[u32], second: &[u32]) -> Sequence {
        let ids = [&self.before, first, &self.middle, second, &self.after].concat();
        let other = self.before.len() + first.len() + self.middle.len();
        Sequence {
            second: if self.kinds { other } else { ids.len() },
            ids,
        }
    }
}
