//! Small numbers for long names: keys, labels and rules are compared and stored as `u32`.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A map keyed by numbers that this crate gave out itself, so that nobody can choose them to collide.
pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// A set of such numbers.
pub(crate) type IdSet<K> = std::collections::HashSet<K, BuildHasherDefault<IdHasher>>;

/// Multiply and rotate, as `rustc-hash` does: a few cycles for a number.
#[derive(Default, Clone, Copy)]
pub(crate) struct IdHasher(u64);

impl IdHasher {
    fn add(&mut self, word: u64) {
        self.0 = self.0.wrapping_add(word).wrapping_mul(0xf135_7aea_2e62_a9c5);
    }
}

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.add(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.add(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.add(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}

/// Names in the order in which they came; a name's number is its place and never changes.
pub(crate) struct Interner<T> {
    names: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<T: Borrow<str> + Clone + Eq + Hash> Interner<T> {
    /// How many names there are; also the next number.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.names.len()).expect("no more names are added than numbers exist")
    }

    /// The number of a name.
    pub(crate) fn number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The name of a number.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.names.get(number as usize)
    }

    /// About how many bytes of memory they take; `text` gives the text of one.
    pub(crate) fn bytes(&self, text: impl Fn(&T) -> &str) -> u64 {
        let texts: usize = self
            .names
            .iter()
            .map(|name| text(name).len() + 2 * size_of::<usize>())
            .sum();
        let lists = self.names.capacity() * size_of::<T>() + self.numbers.capacity() * (size_of::<(T, u32)>() + 1);
        u64::try_from(texts + lists).expect("a length fits 64 bits")
    }

    /// All names in the order of their numbers.
    pub(crate) fn names(&self) -> &[T] {
        &self.names
    }

    /// Add names. `None` at one that is known already, or when the numbers are used up: this is then of no use any more.
    pub(crate) fn add(&mut self, names: impl ExactSizeIterator<Item = T>) -> Option<()> {
        self.names.reserve(names.len());
        self.numbers.reserve(names.len());
        for name in names {
            let number = self.len();
            self.names.push(name.clone());
            if number == u32::MAX || self.numbers.insert(name, number).is_some() {
                return None;
            }
        }
        Some(())
    }
}

/// The names that a batch adds to an interner, numbered as they will be once it is applied.
pub(crate) struct Fresh<T> {
    first: u32,
    names: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T: Borrow<str> + Clone + Eq + Hash> Fresh<T> {
    /// Nothing yet, to follow what `base` has.
    pub(crate) fn after(base: &Interner<T>) -> Self {
        Self {
            first: base.len(),
            names: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// The number that `name` has or will have; `None` when the numbers are used up.
    pub(crate) fn number(&mut self, base: &Interner<T>, name: &T) -> Option<u32> {
        if let Some(number) = base
            .number(name.borrow())
            .or_else(|| self.numbers.get(name.borrow()).copied())
        {
            return Some(number);
        }
        let number = self
            .first
            .checked_add(u32::try_from(self.names.len()).ok()?)
            .filter(|number| *number < u32::MAX)?;
        self.names.push(name.clone());
        self.numbers.insert(name.clone(), number);
        Some(number)
    }

    /// The names in the order of their numbers.
    pub(crate) fn names(&self) -> &[T] {
        &self.names
    }

    /// The names in the order of their numbers.
    pub(crate) fn into_names(self) -> Vec<T> {
        self.names
    }
}

/// A set of small numbers.
#[derive(Default)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// Whether `number` is in it.
    #[inline]
    pub(crate) fn has(&self, number: u32) -> bool {
        self.0
            .get(number as usize / 64)
            .is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Whether nothing is in it.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Put `number` in.
    pub(crate) fn add(&mut self, number: u32) {
        let place = number as usize / 64;
        if place >= self.0.len() {
            self.0.resize(place + 1, 0);
        }
        self.0[place] |= 1 << (number % 64);
    }
}
