//! A table of a page: as a Markdown table, or as the paragraphs in its cells where it only lays out the page.

use crate::compress::html::writer::{Break, Writer};

/// Cells that span more rows or columns span so many.
const WIDEST: usize = 40;

/// What a cell says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) is_head: bool,
    pub(super) columns: usize,
    pub(super) rows: usize,
}

pub(super) struct Table {
    /// Where it began in the page's text.
    start: usize,
    rows: Vec<Vec<String>>,
    /// For each column, how many of the next rows a cell above reaches into.
    taken: Vec<usize>,
    open: Option<(usize, Cell)>,
    first_is_head: bool,
    has_blocks: bool,
}

impl Table {
    pub(super) fn new(start: usize) -> Self {
        Self { start, rows: Vec::new(), taken: Vec::new(), open: None, first_is_head: false, has_blocks: false }
    }

    /// Begins a row.
    pub(super) fn row(&mut self) {
        self.rows.push(Vec::new());
        self.fill();
    }

    /// Writes the empty cells that stand for those above which reach down.
    fn fill(&mut self) {
        let Some(row) = self.rows.last_mut() else { return };
        while let Some(left) = self.taken.get_mut(row.len()).filter(|left| **left > 0) {
            *left -= 1;
            row.push(String::new());
        }
    }

    pub(super) fn open(&mut self, cell: Cell, writer: &mut Writer) {
        if self.rows.is_empty() {
            self.row();
        }
        self.first_is_head |= self.rows.len() == 1 && cell.is_head;
        writer.part(Break::Line);
        self.open = Some((writer.place(""), cell));
    }

    pub(super) fn close(&mut self, writer: &mut Writer) {
        let Some((start, cell)) = self.open.take() else { return };
        let text = writer.take_since(start);
        let text = text.trim();
        self.has_blocks |= text.contains("\n```") || text.starts_with("```");
        let Some(row) = self.rows.last_mut() else { return };
        let column = row.len();
        row.push(text.to_owned());
        let columns = cell.columns.clamp(1, WIDEST);
        row.extend(std::iter::repeat_n(String::new(), columns - 1));
        if cell.rows > 1 {
            self.taken.resize(self.taken.len().max(column + columns), 0);
            self.taken[column..column + columns].fill(cell.rows.min(WIDEST) - 1);
        }
        self.fill();
    }

    /// A table in a table makes the outer one a layout.
    pub(super) fn holds_blocks(&mut self) {
        self.has_blocks = true;
    }

    pub(super) fn write(self, writer: &mut Writer) {
        // What stands between the cells (a caption) stands before the table.
        let before = writer.take_since(self.start);
        writer.lines(before.trim());
        let rows: Vec<&Vec<String>> = self.rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
        let widest = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        let one_column = rows.iter().all(|row| row.iter().filter(|cell| !cell.is_empty()).count() < 2);
        if self.has_blocks || one_column {
            for row in rows {
                for cell in row.iter().filter(|cell| !cell.is_empty()) {
                    writer.part(if cell.contains('\n') { Break::Paragraph } else { Break::Line });
                    writer.lines(cell);
                }
            }
            return;
        }
        for (index, row) in rows.iter().enumerate() {
            let mut cells: Vec<String> = row.iter().map(|cell| one_line(cell)).collect();
            cells.resize(if index == 0 { widest } else { cells.len() }, String::new());
            writer.part(Break::Line);
            writer.lines(cells.join(" | ").trim_end());
            if index == 0 && self.first_is_head {
                writer.part(Break::Line);
                writer.lines(&vec!["---"; widest].join("|"));
            }
        }
    }
}

fn one_line(cell: &str) -> String {
    cell.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
