//! Plain text, whose lines and indentation are kept, and source code, which is kept as it is.

use super::BlockKind;
use super::writer::Writer;

/// Paragraphs are separated by blank lines.
pub(super) fn write(body: &str, writer: &mut Writer) {
    let mut first = true;
    for line in body.lines().map(str::trim_end) {
        if line.is_empty() {
            writer.end();
            first = true;
            continue;
        }
        if first {
            writer.begin(BlockKind::Paragraph);
            first = false;
        } else {
            writer.verbatim("\n");
        }
        writer.verbatim(line);
    }
    writer.end();
}

/// The whole body is one block of code, byte for byte but for control characters and blank lines around it.
pub(super) fn write_code(body: &str, language: Option<&str>, writer: &mut Writer) {
    writer.code_block(body, language);
}
