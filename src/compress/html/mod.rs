//! Pages: HTML becomes Markdown.
//!
//! The form answers for what a reader of the page would see and for where its links lead (`visible`), not for what the
//! markup says besides (classes, ids, scripts): the digest counts that by kind and names where it is.

mod markdown;
mod page;
mod repeats;
mod table;
mod visible;
mod writer;

use crate::compress::kind::Kind;
use crate::compress::{Compressor, Form, Holds, Input, Loss};
use crate::compress::{literal, marker};
use markdown::Markdown;
use writer::Signs;

/// HTML: whole pages, beginnings of pages, and snippets that are mostly markup.
///
/// # What it keeps
///
/// Title and description; headings, text, lists, tables (as Markdown tables), preformatted lines verbatim; form fields;
/// the addresses of links as they were written, each where its text first stands; alternative texts and addresses of
/// pictures; what stands before the page (the headers that `curl -i` prints).
///
/// # What it drops
///
/// Tags and their attributes, scripts, styles, comments, drawings, pictures without words and address, links of a
/// heading to itself, navigation that stands twice. The head line counts them by kind.
///
/// # When it declines
///
/// Templates and components (`{{ }}`, `<?php`, `className=`): they are source. Texts with line numbers, and texts whose
/// original cannot be had back.
///
/// # Example
///
/// ```text
/// <h2 id="use">Use<a class="headerlink" href="#use">¶</a></h2>
/// <p>See the <a class="reference external" href="https://x.io/guide">guide</a>.</p>
/// ```
/// becomes
/// ```text
/// [headroom: page as Markdown, left out: 8 tags with their attributes, 1 link to its own heading; all of it: headroom retrieve 3f9c2a71d04be586]
/// ## Use
///
/// See the [guide](https://x.io/guide).
/// ```
pub(crate) struct Html;

impl Compressor for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn version(&self) -> u32 {
        2
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Html
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if !input.context.retrievable || input.first_line.is_some() {
            return Vec::new();
        }
        let (head, page) = input.text.split_at(page_start(input.text));
        let visible = visible::visible(page);
        let form = [Signs::Round, Signs::Behind].into_iter().find_map(|signs| {
            let shown = markdown::markdown(page, signs);
            literal::lost(&visible, &shown.text, 1, "").is_none().then(|| form(head, &shown, input))
        });
        form.flatten()
            .map(|text| Form { text, loss: Loss::Content, holds: Holds::Only(format!("{head}{visible}")) })
            .into_iter()
            .collect()
    }
}

fn form(head: &str, shown: &Markdown, input: &Input) -> Option<String> {
    let (text, repeats) = repeats::without_repeats(&shown.text);
    // A page may spell a sentence of ours in character references.
    if marker::holds(&text) {
        return None;
    }
    let counts = [
        (shown.tags, "tag with its attributes", "tags with their attributes"),
        (shown.scripts, "script", "scripts"),
        (shown.styles, "style sheet", "style sheets"),
        (shown.comments, "comment", "comments"),
        (shown.drawings, "drawing", "drawings"),
        (shown.pictures, "picture", "pictures"),
        (shown.permalinks, "link to its own heading", "links to their own headings"),
        (repeats, "repeated line", "repeated lines"),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }))
        .collect();
    let digest = marker::digest("page as Markdown", &told.join(", "), input.context.handle);
    let end = if input.text.ends_with('\n') { "\n" } else { "" };
    Some(format!("{head}{digest}\n{text}{end}"))
}

/// How far into a text its page may begin.
const LATEST_START: usize = 8_000;

/// Where the page in `text` begins: behind the headers that came with it.
fn page_start(text: &str) -> usize {
    if text.trim_start().starts_with('<') {
        return 0;
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if begins_page(line) && at <= LATEST_START {
            return at;
        }
        at += line.len();
        if at > LATEST_START {
            break;
        }
    }
    0
}

fn begins_page(line: &str) -> bool {
    let start: String = line.trim_start().chars().take(9).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype") || start.starts_with("<html")
}

/// Signs that a text is the source of pages.
const TEMPLATE_SIGNS: [&str; 12] = [
    "{{",
    "{%",
    "<%",
    "<?php",
    "className=",
    "v-if=",
    "*ngIf",
    "</script setup",
    "<script setup",
    "on:click",
    "@click",
    "@Component",
];

/// Whether `text` is a page, or mostly markup.
pub(crate) fn looks_like(text: &str) -> bool {
    let start = page_start(text);
    let mut end = text.len().min(start + LATEST_START);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let sample = text[start..end].trim_start();
    if !sample.starts_with('<') || TEMPLATE_SIGNS.iter().any(|sign| sample.contains(sign)) {
        return false;
    }
    let is_headed = start == 0 || text[..start].lines().all(is_header);
    let is_page = begins_page(sample) && is_headed;
    is_page || {
        let (known, all) = count_tags(sample);
        known >= 10 && known * 10 >= all * 9 && known * 80 >= sample.len()
    }
}

/// Whether a line is one that a client prints before a page: `HTTP/1.1 200 OK`, `Date: ...`, `* Connected`.
fn is_header(line: &str) -> bool {
    let line = line.trim();
    line.is_empty()
        || line.starts_with("HTTP/")
        || line.starts_with(['*', '<', '>', '{', '}', '%'])
        || line
            .split_once(':')
            .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        || line
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b':' | b'.' | b'k' | b'M' | b'\r'))
        || line.starts_with("Dload")
        || line.starts_with("Total")
}

/// How many of the tags in `text` are known from HTML, and how many there are.
fn count_tags(text: &str) -> (usize, usize) {
    let (mut known, mut all) = (0, 0);
    for at in memchr::memchr_iter(b'<', text.as_bytes()) {
        let rest = text[at + 1..].trim_start_matches('/');
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != ':').next().unwrap_or_default();
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            all += 1;
            known += usize::from(is_known(name));
        }
    }
    (known, all)
}

fn is_known(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    page::is_inline(&name)
        || page::ends_drawing(&name)
        || matches!(
            name.as_str(),
            "article"
                | "aside"
                | "button"
                | "caption"
                | "details"
                | "fieldset"
                | "figcaption"
                | "figure"
                | "footer"
                | "form"
                | "g"
                | "header"
                | "html"
                | "iframe"
                | "input"
                | "label"
                | "legend"
                | "link"
                | "main"
                | "nav"
                | "option"
                | "path"
                | "script"
                | "section"
                | "select"
                | "style"
                | "summary"
                | "svg"
                | "tbody"
                | "td"
                | "textarea"
                | "tfoot"
                | "th"
                | "thead"
                | "title"
                | "tr"
                | "use"
        )
}

/// Whether a page was made by a program: nobody edits it by hand.
pub(crate) fn is_generated(text: &str) -> bool {
    const SIGNS: [&str; 15] = [
        "name=\"generator\"",
        "name='generator'",
        "generated by",
        "created using",
        "Generated by",
        "Created using",
        "_static/",
        "static.files/rustdoc",
        "<base href=",
        "data-reactroot",
        "__NEXT_DATA__",
        "id=\"docs-internal",
        "doxygen",
        "<title>Python: module",
        "<!-- saved from",
    ];
    let mut end = text.len().min(2 * LATEST_START);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let longest = text.lines().map(str::len).max().unwrap_or_default();
    longest > 2_000 || SIGNS.iter().any(|sign| text[..end].contains(sign))
}

#[cfg(test)]
mod tests;
