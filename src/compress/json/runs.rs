//! Base64 and hexadecimal in strings: nobody reads it, so only its beginning is shown.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::compress::json::parse::Node;

/// Shorter runs are keys, hashes, signatures: they stay.
const SHORTEST_RUN: usize = 400;
/// So much of a run is shown.
const HEAD: usize = 32;

/// What was cut.
#[derive(Default)]
struct Cut {
    runs: usize,
    characters: usize,
}

/// `nodes` with the beginnings of their long runs only, and what was left out. None where there is no such run.
pub(super) fn cut<'a>(nodes: &[Node<'a>], hints: &[String]) -> Option<(Vec<Node<'a>>, String)> {
    let mut cut = Cut::default();
    let nodes = nodes.iter().map(|node| cut_node(node, hints, &mut cut)).collect();
    let runs = if cut.runs == 1 { "1 run".to_owned() } else { format!("{} runs", cut.runs) };
    let what = format!("{} characters of base64 or hex ({runs}, `...(N more)` in their places)", cut.characters);
    (cut.runs > 0).then_some((nodes, what))
}

fn cut_node<'a>(node: &Node<'a>, hints: &[String], cut: &mut Cut) -> Node<'a> {
    match node {
        Node::Scalar(lexeme) if lexeme.len() > SHORTEST_RUN => match cut_lexeme(lexeme, hints, cut) {
            Some(shorter) => Node::Scalar(Cow::Owned(shorter)),
            None => node.clone(),
        },
        Node::Scalar(_) => node.clone(),
        Node::Array(items) => Node::Array(items.iter().map(|item| cut_node(item, hints, cut)).collect()),
        Node::Object(members) => {
            Node::Object(members.iter().map(|(key, item)| (key.clone(), cut_node(item, hints, cut))).collect())
        }
        Node::Quoted(inner, style) => Node::Quoted(Box::new(cut_node(inner, hints, cut)), *style),
    }
}

fn cut_lexeme(lexeme: &str, hints: &[String], cut: &mut Cut) -> Option<String> {
    let bytes = lexeme.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| is_sign(**byte)).count();
        if length >= SHORTEST_RUN {
            let run = &lexeme[at..at + length];
            if is_code(run) && !hints.iter().any(|hint| run.contains(hint.as_str())) {
                let left = length - HEAD;
                out.push_str(&lexeme[copied..at + HEAD]);
                let _ = write!(out, "...({left} more)");
                copied = at + length;
                cut.runs += 1;
                cut.characters += left;
            }
        }
        at += length.max(1);
    }
    if copied == 0 {
        return None;
    }
    out.push_str(&lexeme[copied..]);
    Some(out)
}

fn is_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// Whether a run has the signs of code in the proportions that bytes give them: words and paths have not.
fn is_code(run: &str) -> bool {
    let (mut upper, mut lower, mut digits) = (0, 0, 0);
    for byte in run.bytes() {
        upper += usize::from(byte.is_ascii_uppercase());
        lower += usize::from(byte.is_ascii_lowercase());
        digits += usize::from(byte.is_ascii_digit());
    }
    let is_hex = run.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits * 3 > run.len();
    is_hex || upper * 5 > run.len() && lower * 5 > run.len() && digits * 20 > run.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexeme(run: &str) -> Node<'static> {
        Node::Scalar(Cow::Owned(format!("\"data:image/png;base64,{run}\"")))
    }

    #[test]
    fn a_picture_keeps_its_beginning() {
        let run = "iVBORw0KGgo5AAANSUhEUg8AACAAzAg4".repeat(20);
        let (nodes, what) = cut(&[lexeme(&run)], &[]).unwrap();
        assert_eq!(nodes, [lexeme("iVBORw0KGgo5AAANSUhEUg8AACAAzAg4...(608 more)")]);
        assert_eq!(what, "608 characters of base64 or hex (1 run, `...(N more)` in their places)");
        assert!(cut(&[lexeme(&run)], &["KGgo5AAANSU".to_owned()]).is_none());
    }

    #[test]
    fn words_and_paths_are_no_code() {
        for run in ["src/main/java/org/example/".repeat(20), "ABCDEFGH".repeat(60), "a-long-slug-of-words-".repeat(30)]
        {
            assert!(cut(&[lexeme(&run)], &[]).is_none(), "{run}");
        }
    }
}
