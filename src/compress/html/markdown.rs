//! From a page's pieces to Markdown.
//!
//! What counts is what the text says: headings, lists, tables, code and links. Emphasis goes, because its stars would
//! cut words that are searched for. Text that is struck out, and a power, would say something else without their signs.

use std::collections::HashSet;

use crate::compress::html::page::{self, Piece, Tag};
use crate::compress::html::table::{Cell, Table};
use crate::compress::html::writer::{Break, Signs, Writer};

/// Tables in tables are told apart so deep.
const DEEPEST_TABLE: usize = 6;

/// What a page was turned into, and what it lacks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Markdown {
    pub(super) text: String,
    pub(super) tags: usize,
    pub(super) scripts: usize,
    pub(super) styles: usize,
    pub(super) comments: usize,
    pub(super) drawings: usize,
    pub(super) pictures: usize,
    pub(super) permalinks: usize,
}

/// `text` as Markdown.
pub(super) fn markdown(text: &str, signs: Signs) -> Markdown {
    let mut page = Page {
        writer: Writer::new(signs),
        lacks: Markdown::default(),
        hidden: None,
        link: None,
        code: Vec::new(),
        block: None,
        lists: Vec::new(),
        tables: Vec::new(),
        shown: HashSet::new(),
        options: 0,
        sources: Vec::new(),
        is_raised: false,
        struck: None,
    };
    page::read(text, |piece| page.take(piece));
    page.end()
}

struct Page {
    writer: Writer,
    lacks: Markdown,
    /// The element whose text is not shown.
    hidden: Option<String>,
    link: Option<Link>,
    /// Where the words of code begin that are open.
    code: Vec<usize>,
    block: Option<Block>,
    lists: Vec<List>,
    tables: Vec<Table>,
    /// Addresses of the pictures so far.
    shown: HashSet<String>,
    options: usize,
    /// Where the scripts are.
    sources: Vec<String>,
    is_raised: bool,
    /// Whether the sign before text that is struck out is written, where such text is open.
    struck: Option<bool>,
}

struct Link {
    address: Option<String>,
    /// Where its text begins, once there is some.
    start: Option<usize>,
    label: Option<String>,
}

/// Preformatted lines.
struct Block {
    text: String,
    language: String,
    /// Where the text of a link in it begins.
    link: usize,
}

struct List {
    name: String,
    /// The number of the next item; none where items have dots.
    next: Option<usize>,
}

impl Page {
    fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Comment => self.lacks.comments += 1,
            Piece::Text(text) if self.hidden.is_none() => self.text(&text),
            Piece::Text(_) => {}
            Piece::Open(tag) => {
                self.lacks.tags += 1;
                if self.hidden.as_deref() == Some("svg") && page::ends_drawing(&tag.name) {
                    self.hidden = None;
                }
                if self.hidden.is_none() {
                    self.open(&tag);
                }
            }
            Piece::Close(name) => {
                self.lacks.tags += 1;
                match &self.hidden {
                    Some(hidden) if *hidden == name => self.hidden = None,
                    Some(_) => {}
                    None => self.close(&name),
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(block) = &mut self.block {
            block.text.push_str(text);
            return;
        }
        let is_blank = text.bytes().all(|byte| byte.is_ascii_whitespace());
        if self.struck == Some(false) && !is_blank {
            self.writer.sign("~~");
            self.struck = Some(true);
        }
        if self.is_raised && !is_blank {
            self.is_raised = false;
            if is_power(text) {
                self.writer.power();
            }
        }
        if let Some(link) = &mut self.link
            && link.start.is_none()
            && !is_blank
        {
            if text.starts_with(|c: char| c.is_ascii_whitespace()) {
                self.writer.part(Break::Space);
            }
            // The word is not known to begin here until the break before it is written.
            link.start = Some(self.writer.place(text));
        }
        self.writer.text(text);
    }

    fn open(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        match name {
            "script" | "style" | "svg" => {
                match name {
                    "script" => self.lacks.scripts += 1,
                    "style" => self.lacks.styles += 1,
                    _ => self.lacks.drawings += 1,
                }
                if let Some(src) = tag.attribute("src").filter(|src| name == "script" && page::is_address(src)) {
                    self.sources.push(src);
                }
                self.hidden = Some(tag.name.clone());
            }
            "a" => {
                self.end_link();
                let address = tag.attribute("href").filter(|href| page::is_address(href));
                if let Some(block) = &mut self.block {
                    block.link = block.text.len();
                }
                let label = tag.attribute("aria-label").or_else(|| tag.attribute("title"));
                self.link = Some(Link { address, start: None, label });
            }
            "br" => match &mut self.block {
                Some(block) => block.text.push('\n'),
                None => self.writer.part(Break::Line),
            },
            "pre" | "listing" | "xmp" => {
                self.end_block();
                self.block = Some(Block { text: String::new(), language: language(tag), link: 0 });
            }
            "code" | "tt" | "kbd" | "samp" => match &mut self.block {
                Some(block) if block.language.is_empty() => block.language = language(tag),
                Some(_) => {}
                None => {
                    let start = self.writer.place("x");
                    self.code.push(start);
                }
            },
            "title" => {
                self.writer.part(Break::Line);
                self.writer.sign("title: ");
            }
            "meta" => self.meta(tag),
            "link" => {
                if let Some(href) = tag.attribute("href").filter(|href| page::is_address(href)) {
                    self.fact(&tag.attribute("rel").unwrap_or_else(|| "link".to_owned()), &href);
                }
            }
            "img" | "iframe" | "video" | "audio" | "source" | "embed" => self.picture(tag),
            "input" => self.input(tag),
            "option" => {
                if self.options > 0 {
                    self.writer.comma();
                }
                self.options += 1;
                if tag.has("selected") {
                    self.writer.sign("[selected]");
                    self.writer.part(Break::Space);
                }
            }
            "sup" => self.is_raised = self.block.is_none(),
            _ if page::is_struck(name) && self.block.is_none() => self.struck = self.struck.or(Some(false)),
            _ if page::is_inline(name) => {}
            _ => self.open_block(tag),
        }
    }

    fn open_block(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        // A block in preformatted lines only breaks them.
        if let Some(block) = &mut self.block {
            if !block.text.is_empty() && !block.text.ends_with('\n') && matches!(name, "div" | "p" | "li") {
                block.text.push('\n');
            }
            if !matches!(name, "table" | "td" | "tr" | "th" | "h1" | "h2" | "h3" | "h4" | "ul" | "body") {
                return;
            }
            self.end_block();
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = usize::from(name.as_bytes()[1] - b'0');
                self.writer.mark(format!("{} ", "#".repeat(level)), Break::Paragraph);
                self.writer.in_heading = true;
            }
            "ul" | "ol" | "menu" | "dl" => {
                self.writer.part(if self.lists.is_empty() { Break::Paragraph } else { Break::Line });
                let next =
                    (name == "ol").then(|| tag.attribute("start").and_then(|start| start.parse().ok()).unwrap_or(1));
                self.lists.push(List { name: name.to_owned(), next });
                self.writer.indent += usize::from(name != "dl");
            }
            "li" => {
                let mark = match self.lists.last_mut().and_then(|list| list.next.as_mut()) {
                    Some(next) => {
                        *next = next.saturating_add(1);
                        format!("{}. ", *next - 1)
                    }
                    None => "- ".to_owned(),
                };
                self.writer.mark(mark, Break::Line);
            }
            "dd" => {
                self.writer.part(Break::Line);
                self.lists.push(List { name: "dd".to_owned(), next: None });
                self.writer.indent += 1;
            }
            "dt" => {
                self.leave("dd", "dl");
                self.writer.part(Break::Line);
            }
            "blockquote" => {
                self.writer.part(Break::Paragraph);
                self.writer.quotes += 1;
            }
            "table" if self.tables.len() < DEEPEST_TABLE => {
                self.writer.part(Break::Paragraph);
                let start = self.writer.place("");
                self.tables.push(Table::new(start));
            }
            "tr" => {
                self.end_cell();
                match self.tables.last_mut() {
                    Some(table) => table.row(),
                    None => self.writer.part(Break::Line),
                }
            }
            "td" | "th" => {
                self.end_cell();
                let count = |name| tag.attribute(name).and_then(|count| count.parse().ok()).unwrap_or(1);
                let cell = Cell { is_head: name == "th", columns: count("colspan"), rows: count("rowspan") };
                match self.tables.last_mut() {
                    Some(table) => table.open(cell, &mut self.writer),
                    None => self.writer.part(Break::Space),
                }
            }
            "select" => {
                self.options = 0;
                self.writer.part(Break::Line);
            }
            "p" | "hr" | "table" => self.writer.part(Break::Paragraph),
            "button" | "label" | "textarea" => self.writer.part(Break::Space),
            _ => self.writer.part(Break::Line),
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "a" => self.end_link(),
            "pre" | "listing" | "xmp" => self.end_block(),
            "code" | "tt" | "kbd" | "samp" => {
                if let Some(start) = self.code.pop()
                    && self.link.is_none()
                {
                    self.writer.code(start);
                }
            }
            "sup" => self.is_raised = false,
            _ if page::is_struck(name) => {
                if self.struck.take() == Some(true) {
                    self.writer.sign("~~");
                }
            }
            _ if page::is_inline(name) || self.block.is_some() && !matches!(name, "td" | "th" | "tr" | "table") => {}
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.writer.drop_mark();
                self.writer.part(Break::Paragraph);
                self.writer.settle(false);
                self.writer.in_heading = false;
            }
            "ul" | "ol" | "menu" | "dl" => {
                self.leave(name, name);
                self.writer.part(if self.lists.is_empty() { Break::Paragraph } else { Break::Line });
            }
            "dd" => {
                self.leave("dd", "dl");
                self.writer.part(Break::Line);
            }
            "blockquote" => {
                self.writer.quotes = self.writer.quotes.saturating_sub(1);
                self.writer.part(Break::Paragraph);
            }
            "td" | "th" => self.end_cell(),
            "table" => self.end_table(),
            "p" => self.writer.part(Break::Paragraph),
            "button" | "label" | "option" | "textarea" => self.writer.part(Break::Space),
            _ => self.writer.part(Break::Line),
        }
    }

    /// Leaves the innermost list called `name`, if one is open and no `until` stands between.
    fn leave(&mut self, name: &str, until: &str) {
        let Some(at) = self.lists.iter().rposition(|list| list.name == name || list.name == until) else { return };
        if self.lists[at].name == name {
            self.writer.drop_mark();
            for left in self.lists.drain(at..) {
                self.writer.indent -= usize::from(left.name != "dl");
            }
        }
    }

    fn end_link(&mut self) {
        let Some(Link { address, start, label }) = self.link.take() else { return };
        let Some(address) = address else { return };
        if let Some(block) = &self.block {
            let text = block.text.get(block.link..).unwrap_or_default().to_owned();
            self.writer.link_behind(&text, address);
            return;
        }
        let Some(start) = start else {
            // A link without words: an icon.
            let start = self.writer.place("x");
            self.writer.sign(label.as_deref().unwrap_or_default());
            self.writer.link(start, address);
            return;
        };
        let text = self.writer.since(start);
        if address.starts_with('#') && matches!(text, "¶" | "§" | "#" | "🔗" | "\u{f0c1}" | "Link") {
            self.writer.take_since(start);
            self.writer.place_name(&address);
            self.lacks.permalinks += 1;
            return;
        }
        self.writer.link(start, address);
    }

    fn end_block(&mut self) {
        let Some(Block { text, language, .. }) = self.block.take() else { return };
        let text = text.strip_prefix('\n').unwrap_or(&text).trim_end();
        if text.trim_start().is_empty() {
            return;
        }
        // A column of line numbers beside the code.
        if text.lines().count() > 1 && text.lines().all(|line| line.trim().bytes().all(|byte| byte.is_ascii_digit())) {
            return;
        }
        self.writer.part(Break::Paragraph);
        if text.contains('\n') {
            let fence = if text.contains("```") { "````" } else { "```" };
            self.writer.lines(&format!("{fence}{language}\n{text}\n{fence}"));
        } else {
            self.writer.lines(&format!("`{}`", text.trim()));
        }
        self.writer.part(Break::Paragraph);
    }

    fn end_cell(&mut self) {
        self.end_link();
        self.end_block();
        self.code.clear();
        if let Some(table) = self.tables.last_mut() {
            table.close(&mut self.writer);
        }
    }

    fn end_table(&mut self) {
        self.end_cell();
        if let Some(table) = self.tables.pop() {
            table.write(&mut self.writer);
            if let Some(outer) = self.tables.last_mut() {
                outer.holds_blocks();
            }
        }
        self.writer.part(Break::Paragraph);
    }

    fn fact(&mut self, name: &str, value: &str) {
        self.writer.part(Break::Line);
        self.writer.sign(&format!("{name}: "));
        self.writer.text(value);
        self.writer.part(Break::Line);
    }

    fn meta(&mut self, tag: &Tag) {
        let Some(name) = tag.attribute("name").or_else(|| tag.attribute("http-equiv")) else { return };
        let name = name.to_ascii_lowercase();
        let wanted = matches!(name.as_str(), "description" | "author" | "keywords" | "generator" | "refresh" | "date");
        if let Some(content) = tag.attribute("content").filter(|_| wanted) {
            self.fact(&name, &content);
        }
    }

    fn picture(&mut self, tag: &Tag) {
        let alt = tag.attribute("alt").or_else(|| tag.attribute("title")).unwrap_or_default();
        let source = tag.attribute("src").filter(|src| page::is_address(src));
        let source = source.filter(|source| self.shown.insert(source.clone()));
        if alt.is_empty() && source.is_none() || self.block.is_some() {
            self.lacks.pictures += 1;
            return;
        }
        let start = self.writer.place("!");
        if let Some(link) = &mut self.link {
            link.start.get_or_insert(start);
        }
        let alt = alt.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        self.writer.sign(&match source {
            Some(source) => format!("![{alt}]({source})"),
            None => format!("![{alt}]"),
        });
    }

    fn input(&mut self, tag: &Tag) {
        let kind = tag.attribute("type").unwrap_or_else(|| "text".to_owned());
        if kind == "hidden" || self.block.is_some() {
            return;
        }
        let told = ["name", "value", "placeholder", "aria-label"].iter().filter_map(|name| tag.attribute(name));
        let checked = tag.has("checked").then(|| "checked".to_owned());
        let told: Vec<String> = std::iter::once(kind).chain(checked).chain(told).collect();
        self.writer.part(Break::Space);
        self.writer.sign(&format!("[{}]", told.join(" ")));
        self.writer.part(Break::Space);
    }

    fn end(mut self) -> Markdown {
        self.end_link();
        self.end_block();
        while !self.tables.is_empty() {
            self.end_table();
        }
        if !self.sources.is_empty() {
            self.writer.part(Break::Paragraph);
            self.writer.lines(&format!("scripts: {}", self.sources.join(" ")));
        }
        Markdown { text: self.writer.finish(), ..self.lacks }
    }
}

/// Whether raised text belongs to the number or letter before it. `1<sup>st</sup>` and `Name<sup>TM</sup>` do not.
fn is_power(text: &str) -> bool {
    let text = text.trim();
    let digits = text.trim_start_matches(['-', '+', '−']);
    digits.starts_with(|c: char| c.is_ascii_digit())
        || text.chars().all(char::is_alphabetic) && text.chars().count() == 1
}

/// The language that an element's class names, as highlighters write it: `language-rust`, `lang-js`.
fn language(tag: &Tag) -> String {
    let class = tag.attribute("class").unwrap_or_default();
    let named = class
        .split_ascii_whitespace()
        .find_map(|class| class.strip_prefix("language-").or_else(|| class.strip_prefix("lang-")));
    named.filter(|name| *name != "none").unwrap_or_default().to_owned()
}
