//! Lines that were broken at a width, or below the words of a row, joined again.

/// Texts whose lines are not broken near such a width are not wrapped.
const NARROWEST: usize = 50;
const WIDEST: usize = 140;
/// A line with so many spaces inside has columns.
const COLUMNS: &str = "   ";
/// Words that begin further left are no column.
const LEFTMOST: usize = 16;

pub(super) fn unwrapped(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(str::trim_ascii_end).collect();
    let width = width(&lines);
    let mut out = String::with_capacity(text.len());
    let mut is_code = false;
    // How far the paragraph's lines are indented behind its first.
    let mut hanging: Option<usize> = None;
    // Where the words of the row that a line goes on with begin.
    let mut column: Option<usize> = None;
    for (at, line) in lines.iter().enumerate() {
        let is_fence = line.trim_start().starts_with("```");
        let before = at.checked_sub(1).map(|before| lines[before]);
        if line.is_empty() && before == Some("") {
            continue;
        }
        let joins = !is_code
            && !is_fence
            && before.is_some_and(|before| {
                column.is_some_and(|column| goes_on(before, line, column))
                    || width.is_some_and(|width| continues(before, line, width, hanging))
            });
        if joins {
            hanging = Some(indent(line));
            out.push(' ');
            out.push_str(line.trim_start());
        } else {
            hanging = None;
            if at > 0 {
                out.push('\n');
            }
            if is_code || is_fence || !is_row(line) {
                out.push_str(line);
            } else {
                without_padding(line, &mut out);
            }
        }
        column = if indent(line) == column.unwrap_or(usize::MAX) { column } else { words_column(line) };
        is_code ^= is_fence;
    }
    out
}

/// The width at which the lines were broken.
fn width(lines: &[&str]) -> Option<usize> {
    let mut lengths: Vec<usize> =
        lines.iter().filter(|line| line.split_ascii_whitespace().nth(4).is_some()).map(|line| length(line)).collect();
    lengths.sort_unstable();
    // Some lines are longer than the width, because a word is.
    let width = *lengths.get(lengths.len().saturating_sub(1) * 49 / 50)?;
    (NARROWEST..=WIDEST).contains(&width).then_some(width)
}

/// How many columns a line takes, with tabs to the next multiple of eight.
fn length(line: &str) -> usize {
    line.chars().fold(0, |at, c| if c == '\t' { (at / 8 + 1) * 8 } else { at + 1 })
}

fn indent(line: &str) -> usize {
    length(&line[..line.len() - line.trim_start().len()])
}

/// Where the words begin that stand behind a gap in `line`: `  --name list     Words about it`.
fn words_column(line: &str) -> Option<usize> {
    let inner = line.trim_start();
    let gap = inner.find(COLUMNS)?;
    let words = inner[gap..].trim_start();
    let column = length(&line[..line.len() - words.len()]);
    (column >= LEFTMOST && !words.contains(COLUMNS) && !words.contains('\t')).then_some(column)
}

/// Whether `line` stands below the words of a row and goes on with them.
fn goes_on(before: &str, line: &str, column: usize) -> bool {
    let is_label = line.split_ascii_whitespace().next().is_some_and(|word| word.ends_with(':'));
    indent(line) == column
        && !before.ends_with(':')
        && !is_label
        && !line.trim_start().contains(COLUMNS)
        && !begins(line)
}

/// Whether `line` is a row of a Markdown table.
fn is_row(line: &str) -> bool {
    let line = line.trim();
    line.len() > 1 && line.starts_with('|') && line.ends_with('|')
}

/// A row of a table with one space where there were several.
fn without_padding(row: &str, out: &mut String) {
    let inner = row.trim_start();
    out.push_str(&row[..row.len() - inner.len()]);
    let mut was_space = false;
    for c in inner.chars() {
        if c != ' ' || !was_space {
            out.push(c);
        }
        was_space = c == ' ';
    }
}

/// Whether `line` goes on with the paragraph of the line `before` it.
fn continues(before: &str, line: &str, width: usize, hanging: Option<usize>) -> bool {
    let Some(word) = line.split_ascii_whitespace().next() else { return false };
    let (left, right) = (indent(before), indent(line));
    let is_aligned = hanging.map_or(right >= left, |hanging| right == hanging);
    let has_columns = |line: &str| line.trim_start().contains(COLUMNS);
    let is_cell = has_columns(line) || has_columns(before) && right <= left;
    let was_full = length(before) + 1 + length(word) > width;
    was_full
        && is_aligned
        && !is_cell
        && !before.is_empty()
        // Behind these a line of a script or of code ends, whatever its length.
        && !before.ends_with(['-', '\\', '{', '}'])
        && (!begins(line) || is_inside(before, line, hanging))
        && !is_ruled(before)
}

/// Whether a line begins something by its first sign: an item, a heading, a row, an option.
pub(super) fn begins(line: &str) -> bool {
    let line = line.trim_start();
    let first = line.split(' ').next().unwrap_or_default();
    let is_number =
        first.strip_suffix(['.', ')']).is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    is_number
        || matches!(first, "-" | "*" | "+" | "•" | "o" | "..")
        || line.starts_with(['#', '>', '|', '=', '~', '$', '-', '<', '['])
}

/// Whether `line` begins with an option or a name in brackets that the sentence `before` it leads to.
fn is_inside(before: &str, line: &str, hanging: Option<usize>) -> bool {
    let word = line.trim_start();
    let is_named = word.starts_with('<') || word.starts_with("--") && !word.starts_with("---");
    is_named && !begins(before) && indent(line) == hanging.unwrap_or(indent(before))
}

/// Headings, rows and rules end with their line.
fn is_ruled(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with(['#', '|']) || line.bytes().all(|byte| !byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WRAPPED: &str = "\
A paragraph is broken at a width of sixty characters, so the
next word did not fit any more. This one ends early.

  - an item of a list that is longer than the width allows it
    to be, with its second line behind the dash
  - another item

| a | b |
|---|---|

    --option   says what it does in more words than one line
               can hold without breaking it
";

    #[test]
    fn paragraphs_become_lines_and_lists_stay() {
        let expected = "\
A paragraph is broken at a width of sixty characters, so the next word did not fit any more. This one ends early.

  - an item of a list that is longer than the width allows it to be, with its second line behind the dash
  - another item

| a | b |
|---|---|

    --option   says what it does in more words than one line can hold without breaking it
";
        assert_eq!(unwrapped(WRAPPED), expected);
    }

    #[test]
    fn short_lines_and_columns_are_not_joined() {
        let poem = "Roses are red and so on\nviolets are blue and more\n".repeat(9);
        assert_eq!(unwrapped(&poem), poem);
        let table = "NAME                STATUS    AGE   one two three four five six\n".repeat(9);
        assert_eq!(unwrapped(&table), table);
    }

    #[test]
    fn a_command_over_several_lines_is_not_joined() {
        let text = format!(
            "{}    fetch --quiet --output /tmp/install.sh --retry 3 \\\n    https://example.com/install.sh\n",
            "A paragraph is broken at a width of sixty characters, so the\nnext word did not fit any more.\n\n"
                .repeat(9)
        );
        assert!(
            unwrapped(&text).ends_with("--retry 3 \\\n    https://example.com/install.sh\n"),
            "{}",
            unwrapped(&text)
        );
    }

    #[test]
    fn words_below_the_words_of_a_row_are_joined() {
        let help = "\
      --annotation map                   Add an annotation to the
                                         container (passed through)
  -a, --attach list                      Attach to STDIN
      --mode string                      Which mode:
                                         first
                                         'a':    One
\tNote: names are shown with as many columns as the tab before
\tthem takes up.
";
        let expected = "\
      --annotation map                   Add an annotation to the container (passed through)
  -a, --attach list                      Attach to STDIN
      --mode string                      Which mode:
                                         first
                                         'a':    One
\tNote: names are shown with as many columns as the tab before them takes up.
";
        assert_eq!(unwrapped(help), expected);
    }

    #[test]
    fn tables_lose_their_padding_outside_code() {
        let table = "| name      | size |\n|-----------|------|\n| a   b     | 1    |\n```\n| x    | y |\n```\n";
        let expected = "| name | size |\n|-----------|------|\n| a b | 1 |\n```\n| x    | y |\n```\n";
        assert_eq!(unwrapped(table), expected);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "([a-zé]{1,9}[ .-]|  |\\n|\\n\\n|```\\n|- |\\| |\\r\\n|\\u{0}){0,200}") {
            let form = unwrapped(&text);
            prop_assert!(form.split_ascii_whitespace().eq(text.split_ascii_whitespace()));
        }
    }
}
