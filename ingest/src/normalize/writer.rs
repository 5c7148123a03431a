//! Building normalised text: whitespace is tidied, spans are recorded, size is bounded.

use super::{Block, BlockKind, InlineLink, MAX_TEXT_BYTES, MAX_TITLE_BYTES, Mention, Normalized};

/// Whitespace that is written only when something follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Pending {
    Nothing,
    Space,
    Line,
}

/// Where text goes. One block is open at a time; text outside of one opens a paragraph.
pub(super) struct Writer {
    done: Normalized,
    open: Option<(BlockKind, usize)>,
    pending: Pending,
    limit: usize,
}

impl Writer {
    pub(super) fn new(title: &str) -> Self {
        let mut text = clip(title, MAX_TITLE_BYTES).to_owned();
        text.push('\n');
        let done = Normalized {
            body_start: offset(text.len()),
            text,
            ..Normalized::default()
        };
        Self {
            done,
            open: None,
            pending: Pending::Nothing,
            limit: MAX_TEXT_BYTES,
        }
    }

    /// Close the open block and open one of `kind`, on a line of its own.
    pub(super) fn begin(&mut self, kind: BlockKind) {
        self.end();
        if let Some(last) = self.done.blocks.last() {
            let gap = if close_together(&last.kind, &kind) {
                "\n"
            } else {
                "\n\n"
            };
            self.push(gap);
        }
        self.open = Some((kind, self.done.text.len()));
    }

    /// Close the open block; one without text leaves no trace.
    pub(super) fn end(&mut self) {
        self.pending = Pending::Nothing;
        let Some((kind, start)) = self.open.take() else { return };
        let written = self.done.text.get(start..).unwrap_or_default().trim_end().len();
        if written == 0 {
            let kept = self
                .done
                .blocks
                .last()
                .map_or(self.done.body_start as usize, |last| last.end as usize);
            self.truncate(kept);
        } else {
            self.truncate(start + written);
            let (start, end) = (offset(start), offset(self.done.text.len()));
            self.done.blocks.push(Block { kind, start, end });
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Open a block of `kind` unless one is open.
    pub(super) fn ensure(&mut self, kind: BlockKind) {
        if !self.is_open() {
            self.begin(kind);
        }
    }

    /// Running text: runs of whitespace become one space.
    pub(super) fn text(&mut self, text: &str) {
        if let [one] = text.as_bytes()
            && one.is_ascii_graphic()
        {
            return self.word(text);
        }
        let mut words = text.split(char::is_whitespace);
        if let Some(first) = words.next() {
            self.word(first);
        }
        for word in words {
            self.pending = self.pending.max(Pending::Space);
            self.word(word);
        }
    }

    /// Start a new line in the open block.
    pub(super) fn line_break(&mut self) {
        self.pending = Pending::Line;
    }

    /// Separate what follows by a space.
    pub(super) fn space(&mut self) {
        self.pending = self.pending.max(Pending::Space);
    }

    /// Text whose whitespace is kept, but for carriage returns.
    pub(super) fn verbatim(&mut self, text: &str) {
        self.flush();
        self.push_clean(text, is_control);
    }

    /// Code within a line.
    pub(super) fn inline_code(&mut self, code: &str) {
        let start = self.mark();
        self.push_clean(code, is_control);
        self.code_since(start);
    }

    /// A block of code with its indentation; blank lines around it are dropped.
    pub(super) fn code_block(&mut self, code: &str, language: Option<&str>) {
        let language = language
            .map(|it| clip(it.trim(), 32).to_lowercase())
            .filter(|it| !it.is_empty());
        self.begin(BlockKind::Code { language });
        self.code_lines(code);
        self.end();
    }

    /// Lines of code within the open block.
    pub(super) fn code_lines(&mut self, code: &str) {
        let start = self.mark();
        let blank = code.len() - code.trim_start().len();
        let first_line = code
            .get(..blank)
            .and_then(|it| it.rfind('\n'))
            .map_or(0, |newline| newline + 1);
        self.verbatim(code.get(first_line..).unwrap_or_default().trim_end());
        self.code_since(start);
    }

    /// Where the next text will start; for the start of a link, mention or code span.
    pub(super) fn mark(&mut self) -> usize {
        self.flush();
        self.done.text.len()
    }

    /// Record what was written since `start` as code. Spans within it become part of it.
    pub(super) fn code_since(&mut self, start: usize) {
        if self.since(start).is_empty() {
            return;
        }
        let (mut start, end) = (offset(start), offset(self.done.text.len()));
        while let Some((inner, _)) = self.done.code_spans.pop_if(|(_, until)| *until > start) {
            start = start.min(inner);
        }
        self.done.code_spans.push((start, end));
    }

    /// What was written since `start`; nothing where `start` has been cut off meanwhile.
    fn since(&self, start: usize) -> &str {
        self.done.text.get(start..).unwrap_or_default()
    }

    /// Record what was written since `start` as the text of a link. A link without text shows its URL.
    pub(super) fn link_since(&mut self, start: usize, url: &str) {
        let url = url.trim();
        let shown = self.since(start).trim();
        if url.is_empty() || shown == url {
            return;
        }
        if shown.is_empty() {
            self.text(url);
            return;
        }
        let (start, end) = (offset(start), offset(self.done.text.len()));
        match self.done.links.last_mut() {
            Some(last) if last.end == start && last.url == url => last.end = end,
            _ => self.done.links.push(InlineLink {
                url: clip(url, 4096).to_owned(),
                start,
                end,
            }),
        }
    }

    /// Show an account as `@name` and record its id.
    pub(super) fn mention(&mut self, id: &str, name: &str) {
        let start = self.mark();
        self.text("@");
        self.text(name.trim().trim_start_matches('@'));
        let (start, end) = (offset(start), offset(self.done.text.len()));
        if start < end {
            self.done.mentions.push(Mention {
                id: clip(id, 256).to_owned(),
                start,
                end,
            });
        }
    }

    pub(super) fn finish(mut self) -> Normalized {
        self.end();
        self.done
    }

    fn word(&mut self, word: &str) {
        if !word.is_empty() {
            self.flush();
            self.push_clean(word, is_invisible);
        }
    }

    fn flush(&mut self) {
        self.ensure(BlockKind::Paragraph);
        if self.pending == Pending::Nothing {
            return;
        }
        let at_line_start = self
            .open
            .as_ref()
            .is_none_or(|(_, start)| *start == self.done.text.len())
            || self
                .done
                .text
                .as_bytes()
                .last()
                .is_some_and(|last| b" \n".contains(last));
        match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Space if !at_line_start => self.push(" "),
            Pending::Line if !at_line_start => self.push("\n"),
            Pending::Nothing | Pending::Space | Pending::Line => {}
        }
    }

    fn push_clean(&mut self, text: &str, unwanted: fn(char) -> bool) {
        let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        if !text.bytes().all(plain) && text.contains(unwanted) {
            for piece in text.split(unwanted) {
                self.push(piece);
            }
        } else {
            self.push(text);
        }
    }

    fn push(&mut self, text: &str) {
        let room = self.limit.saturating_sub(self.done.text.len());
        if text.len() <= room {
            self.done.text.push_str(text);
        } else {
            self.done.text.push_str(clip(text, room));
            self.limit = 0;
        }
    }

    /// Cut the text, and the spans that reach beyond.
    fn truncate(&mut self, length: usize) {
        let end = offset(length);
        self.done.text.truncate(length);
        clamp(&mut self.done.code_spans, end, |span| (span.0, &mut span.1));
        clamp(&mut self.done.links, end, |link| (link.start, &mut link.end));
        clamp(&mut self.done.mentions, end, |mention| {
            (mention.start, &mut mention.end)
        });
    }
}

/// Cut the spans at the end of a list that reach beyond `limit`, and drop those that are then empty.
fn clamp<T>(spans: &mut Vec<T>, limit: u32, bounds: fn(&mut T) -> (u32, &mut u32)) {
    let mut kept = spans.len();
    while spans
        .get_mut(kept.wrapping_sub(1))
        .is_some_and(|span| *bounds(span).1 > limit)
    {
        kept -= 1;
    }
    for mut span in spans.split_off(kept) {
        let (start, end) = bounds(&mut span);
        *end = limit;
        if start < limit {
            spans.push(span);
        }
    }
}

/// The beginning of `text`, at most `limit` bytes, cut between characters.
pub(super) fn clip(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default()
}

fn offset(length: usize) -> u32 {
    u32::try_from(length).expect("text is bounded by MAX_TEXT_BYTES")
}

/// Items of one list, rows of one table and messages of one thread stand on adjacent lines.
fn close_together(last: &BlockKind, next: &BlockKind) -> bool {
    matches!(
        (last, next),
        (BlockKind::ListItem { .. }, BlockKind::ListItem { .. })
            | (BlockKind::TableRow, BlockKind::TableRow)
            | (BlockKind::Message { .. }, BlockKind::Message { .. })
    )
}

fn is_control(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

/// Controls and the marks that only steer layout: they would split or join words unseen.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
