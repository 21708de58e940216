//! Prose: paragraphs that were broken at a width become one line each, and what stands above already is not said again.
//!
//! Of a text that people read, every word may be asked for, so none is left out, save under a budget (`salience`). Only
//! line breaks go that stand where the next word did not fit into the line any more, blank lines beyond the first, and
//! repeats.

mod echoed;
mod salience;
mod wrap;

use crate::compress::kind::{self, Kind};
use crate::compress::marker;
use crate::compress::{Compressor, Form, Input, Loss};
use crate::tokens;

/// Prose, documents and help texts.
///
/// # What it keeps
///
/// Every word, in its order; headings, lists, tables, code and each paragraph on lines of their own. Under a budget,
/// headings and the sentences that tell most: those the question names, first ones, those with numbers, negations and
/// duties.
///
/// # What it drops
///
/// Line breaks inside paragraphs, where the next word would not have fitted into the line; the indent of the lines that
/// are joined; spaces at the ends of lines and before the bars of tables; blank lines that follow another one; the rest
/// of a paragraph that stands above already; pictures (`<img ...>`) that do. Under a budget, sentences, under markers that
/// count them.
///
/// # When it declines
///
/// Source; texts with line numbers; texts in which nothing repeats and that are not broken at a width.
///
/// # Example
///
/// ```text
///        --keep-base
///            Set the starting point at which to create the new
///            commits to the merge base of upstream and branch.
/// ```
/// becomes, under a head line,
/// ```text
///        --keep-base
///            Set the starting point at which to create the new commits to the merge base of upstream and branch.
/// ```
pub(crate) struct Text;

impl Compressor for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn version(&self) -> u32 {
        2
    }

    fn takes(&self, kind: Kind) -> bool {
        kind == Kind::Text
    }

    fn forms(&self, input: &Input) -> Vec<Form> {
        if input.first_line.is_some() || marker::holds(input.text) || is_source(input.text) {
            return Vec::new();
        }
        let forms = whole(input);
        let Some(budget) = input.context.budget.filter(|_| input.context.retrievable) else { return forms };
        let fits = |form: &Form| tokens::count(&form.text) <= budget;
        if tokens::count(input.text) <= budget || forms.iter().any(fits) {
            return forms;
        }
        match salience::sampled(input, budget) {
            Some(text) => vec![Form::of(text, Loss::Content)],
            None => forms,
        }
    }
}

/// Whether `text` is source. A document whose lines end with links looks like it and is not.
fn is_source(text: &str) -> bool {
    let is_document = || {
        let headings =
            text.lines().take(200).filter(|line| line.starts_with("## ") || line.starts_with("### ")).count();
        headings >= 2 && text.contains("](")
    };
    kind::looks_like_source(text) && !is_document()
}

/// The forms that hold every word.
fn whole(input: &Input) -> Vec<Form> {
    let handle = input.context.retrievable.then_some(input.context.handle);
    let mut forms = Vec::new();
    let echoed = echoed::fold(input.text);
    if let Some(text) = &echoed {
        let what = format!("text; {}", echoed::TELLS);
        forms.push(Form::of(format!("{}\n{text}", marker::legend(&what, None)), Loss::None));
    }
    let said = echoed.as_deref().unwrap_or(input.text);
    let text = wrap::unwrapped(said);
    if !text.split_ascii_whitespace().eq(said.split_ascii_whitespace()) {
        return forms;
    }
    let what = match &echoed {
        Some(_) => format!("text, each paragraph on one line; {}", echoed::TELLS),
        None => "text, each paragraph on one line".to_owned(),
    };
    forms.push(Form::of(format!("{}\n{text}", marker::legend(&what, handle)), Loss::Layout));
    if input.context.retrievable
        && let Some((text, count)) = echoed::without_pictures(&text)
    {
        let pictures = if count == 1 { "1 picture that stands" } else { &format!("{count} pictures that stand") };
        let head = marker::digest(&what, &format!("{pictures} above already"), input.context.handle);
        forms.push(Form::of(format!("{head}\n{text}"), Loss::Content));
    }
    forms
}

#[cfg(test)]
mod tests;
