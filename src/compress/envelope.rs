//! What an agent puts round a text: reminders before and behind it, a column of line numbers beside it.
//!
//! Reminders are spoken to the model and stay verbatim. The column is only taken for one when writing it again gives
//! the very bytes that came.

/// A text, and what stood round it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Envelope<'a> {
    pub(crate) head: &'a str,
    pub(crate) text: String,
    pub(crate) column: Option<Column>,
    pub(crate) tail: &'a str,
}

impl Envelope<'_> {
    /// How many lines stand before the text.
    pub(crate) fn lines_before(&self) -> usize {
        self.head.matches('\n').count()
    }

    /// Whether the text is the beginning of an output that was too large to be shown.
    pub(crate) fn is_preview(&self) -> bool {
        self.head.ends_with("):\n") && self.head.contains(PERSISTED)
    }
}

/// A column of line numbers that count up by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) first: usize,
    /// To how many characters the numbers are padded with spaces; 0 for not at all.
    pub(crate) width: usize,
    /// What stands between number and line.
    pub(crate) separator: char,
}

impl Column {
    /// `text` with this column.
    pub(crate) fn write(self, text: &str) -> String {
        use std::fmt::Write as _;
        let mut out = String::with_capacity(text.len() + text.len() / 4);
        let lines = text.split('\n');
        for (index, line) in lines.enumerate() {
            if index > 0 {
                out.push('\n');
            }
            let _ = write!(out, "{:>width$}{}{line}", self.first + index, self.separator, width = self.width);
        }
        out
    }

    /// `line` beside its `number`.
    pub(crate) fn line(self, number: usize, line: &str) -> String {
        format!("{number:>width$}{}{line}", self.separator, width = self.width)
    }

    /// The same column without its padding.
    pub(crate) fn slim(self) -> Self {
        Self { width: 0, ..self }
    }
}

const PERSISTED: &str = "<persisted-output>\n";
const PERSISTED_PREVIEW: &str = "\n\nPreview (first ";
const PERSISTED_END: &str = "\n...\n</persisted-output>";
const REMINDER: &str = "<system-reminder>";
const REMINDER_END: &str = "</system-reminder>";

/// Takes the envelope off.
pub(crate) fn open(text: &str) -> Envelope<'_> {
    let start = head_end(text);
    let mut end = start + tail_start(&text[start..]);
    let mut column = column(&text[start..end]);
    // `cat -n` ends its last line.
    if column.is_none() && text[start..end].ends_with('\n') {
        column = self::column(&text[start..end - 1]);
        end -= usize::from(column.is_some());
    }
    let middle = &text[start..end];
    let stripped = match column {
        Some(column) => strip(middle, column),
        None => middle.to_owned(),
    };
    Envelope { head: &text[..start], text: stripped, column, tail: &text[end..] }
}

fn head_end(text: &str) -> usize {
    let mut at = 0;
    while text[at..].starts_with(REMINDER)
        && let Some(end) = text[at..].find(REMINDER_END)
    {
        let after = at + end + REMINDER_END.len();
        let next = text.len() - text[after..].trim_start_matches('\n').len();
        // A form begins with a line of its own.
        if next == after {
            break;
        }
        at = next;
    }
    if text[at..].starts_with(PERSISTED)
        && let Some(preview) = text[at..].find(PERSISTED_PREVIEW)
        && let Some(colon) = text[at + preview..].find("):\n")
    {
        at += preview + colon + "):\n".len();
    }
    at + report_end(&text[at..])
}

/// How Codex begins the lines that say how a command went. Its output follows behind `Output:`.
const REPORT: &[&str] = &[
    "Chunk ID: ",
    "Exit code: ",
    "Original token count: ",
    "Process exited with code ",
    "Process running with session ID ",
    "Total output lines: ",
    "Wall time: ",
];
const REPORT_END: &str = "Output:\n";

/// What follows where an output was cut before it was sent.
const CUT: &str = "Warning: truncated output ";
const CUT_LINES: &str = "Total output lines: ";

/// The length of a report on how a command went, with the warning that its output was cut.
fn report_end(text: &str) -> usize {
    let mut end = 0;
    while REPORT.iter().any(|start| text[end..].starts_with(start))
        && let Some(line) = text[end..].find('\n')
    {
        end += line + 1;
    }
    if end == 0 || !text[end..].starts_with(REPORT_END) {
        return 0;
    }
    end += REPORT_END.len();
    for start in [CUT, CUT_LINES] {
        if text[end..].starts_with(start)
            && let Some(line) = text[end..].find('\n')
        {
            end += line + 1;
        }
    }
    end + usize::from(text[end..].starts_with('\n') && text[..end].contains(CUT_LINES))
}

fn tail_start(text: &str) -> usize {
    let mut end = text.len();
    loop {
        let body = text[..end].trim_end_matches('\n');
        if body.ends_with(REMINDER_END)
            && let Some(start) = body.rfind(REMINDER)
        {
            end = text[..start].trim_end_matches('\n').len();
        } else if body.ends_with(PERSISTED_END) {
            end = body.len() - PERSISTED_END.len();
        } else {
            return end;
        }
    }
}

fn column(text: &str) -> Option<Column> {
    let line = text.split('\n').next()?;
    let unpadded = line.trim_start_matches(' ');
    let digits = unpadded.bytes().take_while(u8::is_ascii_digit).count();
    let separator = unpadded[digits..].chars().next().filter(|c| matches!(c, '→' | '\t'))?;
    let first: usize = unpadded[..digits].parse().ok()?;
    let pad = line.len() - unpadded.len();
    let column = Column { first, width: if pad > 0 { pad + digits } else { 0 }, separator };
    // Numbers that do not start at a line's first character, or start at 0, are somebody's data.
    if first == 0 || digits > 9 {
        return None;
    }
    let mut expected = String::new();
    for (index, line) in text.split('\n').enumerate() {
        use std::fmt::Write as _;
        expected.clear();
        write!(expected, "{:>width$}{separator}", first + index, width = column.width).ok()?;
        if !line.starts_with(&expected) {
            return None;
        }
    }
    Some(column)
}

fn strip(text: &str, column: Column) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let separator = line.find(column.separator).map_or(0, |at| at + column.separator.len_utf8());
        out.push_str(&line[separator..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_of_every_agent_are_understood() {
        for (text, column) in [
            ("     1→a\n     2→\n     3→c", Column { first: 1, width: 6, separator: '→' }),
            ("   999\ta\n  1000\tb", Column { first: 999, width: 6, separator: '\t' }),
            ("829\ta\n830\tb\tc", Column { first: 829, width: 0, separator: '\t' }),
        ] {
            let opened = open(text);
            assert_eq!(opened.column, Some(column), "{text}");
            assert_eq!(column.write(&opened.text), text);
        }
        for text in ["1\ta\n3\tb", "1 a\n2 b", "12:a\n13:b", "0\ta\n1\tb", "1\ta\n2\tb\n\n", ""] {
            assert_eq!(open(text).column, None, "{text:?}");
        }
    }

    #[test]
    fn reminders_stay_outside() {
        let text =
            "<system-reminder>[Truncated]</system-reminder>\n\n1\ta\n2\tb\n\n<system-reminder>\nx\n</system-reminder>";
        let opened = open(text);
        assert_eq!(opened.head, "<system-reminder>[Truncated]</system-reminder>\n\n");
        assert_eq!(opened.text, "a\nb");
        assert_eq!(opened.tail, "\n\n<system-reminder>\nx\n</system-reminder>");
    }

    #[test]
    fn a_reminder_on_the_same_line_belongs_to_the_text() {
        let text = "<system-reminder>x</system-reminder>a\nb";
        assert_eq!(open(text).head, "");
        assert_eq!(open(&format!("<system-reminder>y</system-reminder>\n{text}")).lines_before(), 1);
    }

    #[test]
    fn a_report_on_the_command_stays_in_front_of_its_output() {
        let head = "Chunk ID: 34e508\nWall time: 0.0000 seconds\nProcess exited with code 0\nOriginal token count: 9\nOutput:\n";
        let cut = "Warning: truncated output (original token count: 125114)\nTotal output lines: 9000\n\n";
        for head in
            [head.to_owned(), format!("{head}{cut}"), "Exit code: 1\nWall time: 2 seconds\nOutput:\n".to_owned()]
        {
            let text = format!("{head}[1,2]\n");
            let opened = open(&text);
            assert_eq!((opened.head, opened.text.as_str()), (head.as_str(), "[1,2]\n"));
        }
        for other in ["Output:\nx", "Wall time: 3\nx", "Chunk ID: x", "Total output lines: 3\n\nx"] {
            assert_eq!(open(other).head, "", "{other}");
        }
    }

    #[test]
    fn the_preview_of_a_large_output_is_opened() {
        let text = "<persisted-output>\nOutput too large (218.2KB). Full output saved to: /x.txt\n\nPreview (first 2KB):\na\nb\n...\n</persisted-output>\n";
        let opened = open(text);
        assert_eq!((opened.text.as_str(), opened.tail), ("a\nb", "\n...\n</persisted-output>\n"));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_the_parts(text in "(<system-reminder>|</system-reminder>|[ 0-9]{0,6}[→\t]?[a-z\n\r ]{0,9}){0,12}") {
            let opened = open(&text);
            let middle = match opened.column {
                Some(column) => column.write(&opened.text),
                None => opened.text.clone(),
            };
            prop_assert_eq!(format!("{}{}{}", opened.head, middle, opened.tail), text);
        }
    }
}
