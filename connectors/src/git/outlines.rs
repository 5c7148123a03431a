//! The outlines of contents, each made once: what a commit leaves is mostly what a later one begins with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use domain::seam::{Definition, Outline};
use gix::ObjectId;

/// Text whose outlines are kept: so much of what was asked for lately, and as much again of what was before. An outline is smaller than
/// its text, unless that is nothing but names.
const MAX_BYTES: usize = 32 << 20;

/// A content, and the extension that tells its language.
type Name = (ObjectId, String);
/// An outline that is made, or that somebody is making.
type Made = Arc<OnceLock<Arc<[Definition]>>>;

/// Outlines by content. A cache: they can be made again at any time.
#[derive(Debug, Default)]
pub(super) struct Outlines {
    kept: Mutex<Kept>,
}

/// Two generations: when the young one is full, it takes the place of the old one.
#[derive(Debug, Default)]
struct Kept {
    young: HashMap<Name, Made>,
    old: HashMap<Name, Made>,
    /// Text of the young ones.
    bytes: usize,
}

impl Outlines {
    /// The outline of a text, which is the content `blob` at `path`. Who asks for one that is being made waits for it.
    pub(super) fn of(&self, outline: &dyn Outline, path: &str, (blob, text): (ObjectId, &str)) -> Arc<[Definition]> {
        let extension = path.rsplit('.').next().unwrap_or_default().to_owned();
        let made = self.kept().take((blob, extension), text.len());
        Arc::clone(made.get_or_init(|| outline.definitions(path, text).into()))
    }

    /// Let go of all.
    pub(super) fn forget(&self) {
        *self.kept() = Kept::default();
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        // An outline that was not made whole is made by who asks next.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn take(&mut self, name: Name, bytes: usize) -> Made {
        if let Some(made) = self.young.get(&name) {
            return Arc::clone(made);
        }
        if self.bytes >= MAX_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += bytes;
        let made = self.old.remove(&name).unwrap_or_default();
        self.young.insert(name, Arc::clone(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Counts what it is asked for. A text has one definition, whose last line is the text's length.
    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);

    impl Outline for Counting {
        fn covers(&self, _path: &str) -> bool {
            true
        }

        fn definitions(&self, path: &str, text: &str) -> Vec<Definition> {
            self.0.fetch_add(1, Ordering::SeqCst);
            let last = u32::try_from(text.len()).expect("short");
            vec![Definition {
                name: path.to_owned(),
                first: 1,
                last,
            }]
        }
    }

    fn blob(number: u32) -> ObjectId {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        ObjectId::from(bytes)
    }

    #[test]
    fn a_content_is_outlined_once_for_each_language_however_many_ask() {
        let (outlines, outline) = (Outlines::default(), Counting::default());
        let ask_for_all = || {
            for number in 0..100 {
                let text = "x".repeat(number as usize);
                let made = outlines.of(&outline, "a.rs", (blob(number), &text));
                assert_eq!(made.first().map(|it| it.last), Some(number));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(ask_for_all);
            }
        });
        assert_eq!(outline.0.load(Ordering::SeqCst), 100);
        outlines.of(&outline, "b.rs", (blob(0), ""));
        assert_eq!(outline.0.load(Ordering::SeqCst), 100);
        outlines.of(&outline, "a.go", (blob(0), ""));
        assert_eq!(outline.0.load(Ordering::SeqCst), 101);
        outlines.forget();
        outlines.of(&outline, "a.rs", (blob(0), ""));
        assert_eq!(outline.0.load(Ordering::SeqCst), 102);
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_was_asked_for_lately_stays() {
        let (outlines, outline) = (Outlines::default(), Counting::default());
        let text = "x".repeat(MAX_BYTES / 4);
        for number in 1..100 {
            outlines.of(&outline, "a.rs", (blob(number), &text));
            outlines.of(&outline, "a.rs", (blob(0), "often"));
            let kept = outlines.kept();
            assert!(kept.young.len() + kept.old.len() <= 12, "{number}");
        }
        assert_eq!(
            outline.0.load(Ordering::SeqCst),
            100,
            "what is often asked for was made once"
        );
        outlines.of(&outline, "a.rs", (blob(1), &text));
        assert_eq!(outline.0.load(Ordering::SeqCst), 101);
    }
}
