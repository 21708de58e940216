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
/// of a paragraph that stands above already; pictures (`<img ...>`) that stand before the same name above. Under a budget, sentences, under markers that
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
        3
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

    fn restore(&self, form: &str, _first_line: Option<usize>) -> Option<String> {
        read(form)
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

/// Says repeats of a text shorter, where it has some and the text can be told from what is left.
type Fold = fn(&str) -> Option<String>;

/// The forms that hold every word.
fn whole(input: &Input) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut said = input.text.to_owned();
    let mut tells = String::new();
    let folds: [(Fold, &str); 2] = [(echoed::fold, echoed::TELLS), (echoed::fold_pictures, echoed::PICTURES_TELL)];
    for (fold, what) in folds {
        if let Some(folded) = fold(&said) {
            said = folded;
            tells.push_str("; ");
            tells.push_str(what);
        }
    }
    let form = format!("{}\n{said}", marker::legend(&format!("text{tells}"), None));
    if !tells.is_empty() && read(&form).as_deref() == Some(input.text) {
        forms.push(Form::of(form, Loss::None));
    } else {
        input.text.clone_into(&mut said);
        tells.clear();
    }
    let text = wrap::unwrapped(&said);
    if text.split_ascii_whitespace().eq(said.split_ascii_whitespace()) {
        let handle = input.context.retrievable.then_some(input.context.handle);
        let legend = marker::legend(&format!("text, each paragraph on one line{tells}"), handle);
        forms.push(Form::of(format!("{legend}\n{text}"), Loss::Layout));
    }
    forms
}

/// The text that a form without loss stands for.
fn read(form: &str) -> Option<String> {
    let (head, said) = form.split_once('\n')?;
    let tells = marker::read_legend(head)?.strip_prefix("text; ")?;
    // The later fold is taken back first.
    let said = if tells.ends_with(echoed::PICTURES_TELL) { echoed::unfold_pictures(said) } else { said.to_owned() };
    Some(if tells.starts_with(echoed::TELLS) { echoed::unfold(&said) } else { said })
}

#[cfg(test)]
mod tests;
