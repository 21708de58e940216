//! Which form of a text is taken: the plainest that loses least, unless another one is clearly shorter.
//!
//! A form counts only when it passes every check. Tokens are those of the whole text that is sent, with what stands
//! round the form.

use std::cmp::Ordering;

use crate::compress::kind::Kind;
use crate::compress::{COMPRESSORS, Compressed, Compressor, Context, Form, Holds, Input, Loss, Reason};
use crate::compress::{kind, literal, marker};
use crate::tokens;

/// Fewer tokens than this are not worth another form.
pub(crate) const LEAST_GAIN: usize = 20;

/// By how many percent a form must be shorter than a plainer one to be preferred.
const PLAINER: usize = 5;

/// By how many percent a form must be shorter than one that loses less: whoever needs what is left out pays for getting
/// it back.
const SAFER: usize = 15;

/// A form with this part of the tokens or less costs little, even if the original has to be got back afterwards.
const LITTLE: usize = 4;

/// Parts of parts are looked at so deep.
const DEEPEST: usize = 3;

/// What a text may be taken for, and what a form of it may lose at most.
pub(crate) type Try = (Kind, Loss);

/// What stands round a form when it is sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Around<'a> {
    pub(crate) head: &'a str,
    pub(crate) tail: &'a str,
}

/// The best form of `input` as any of `tries`, or why there is none. `before` are the tokens of the whole text;
/// `first_line` is the number that its reader gives to the first line of the input.
pub(crate) fn best(
    input: &Input,
    tries: &[Try],
    around: Around,
    before: usize,
    first_line: usize,
) -> Result<(Compressed, Form), Reason> {
    let mut best: Option<(Compressed, Form)> = None;
    let mut cost_of_best = 0;
    let mut reason = Reason::NoCompressor;
    for &(kind, most) in tries {
        let input = Input { kind, ..*input };
        for compressor in COMPRESSORS.iter().filter(|compressor| compressor.takes(input.kind)) {
            for form in compressor.forms(&input) {
                if form.loss > most || !is_allowed(&input, form.loss) {
                    continue;
                }
                match check(&input, &form, around, before, first_line) {
                    Ok((text, tokens_after)) => {
                        let compressed = Compressed {
                            text,
                            loss: form.loss,
                            kind,
                            compressor: compressor.name(),
                            version: compressor.version(),
                            tokens_before: before,
                            tokens_after,
                        };
                        let cost = cost(&input, &form, before, tokens_after);
                        if form.loss == Loss::Content && cost >= before && tokens_after * LITTLE > before {
                            continue;
                        }
                        let new = (form.loss, cost);
                        if best.as_ref().is_none_or(|(best, _)| is_better(new, (best.loss, cost_of_best)))
                            && is_true(*compressor, &input, &form)
                        {
                            best = Some((compressed, form));
                            cost_of_best = cost;
                        }
                    }
                    // A lost literal is the graver reason: it is the one to be looked into.
                    Err(why) => reason = if reason == Reason::LiteralLost { reason } else { why },
                }
            }
            if reason == Reason::NoCompressor {
                reason = Reason::NotFewer;
            }
        }
    }
    let (mut compressed, mut form) = best.ok_or(reason)?;
    if input.depth == 0
        && let Some(named) = with_handle(input.context, &form.text)
    {
        let text = format!("{}{named}{}", around.head, around.tail);
        let tokens_after = tokens::count(&text);
        if tokens_after + LEAST_GAIN <= before {
            form.text = named;
            compressed = Compressed { text, tokens_after, ..compressed };
        }
    }
    Ok((compressed, form))
}

/// `form` with the way to the original in its first legend, where it names none: a form that loses nothing is still
/// another text, and its reader may want to see the one that came.
pub(crate) fn with_handle(context: &Context, form: &str) -> Option<String> {
    let handle = context.handle;
    if !context.retrievable || marker::find(form).iter().any(|marker| marker.handle == handle) {
        return None;
    }
    let mut start = 0;
    for line in form.split('\n') {
        if let Some(what) = marker::read_legend(line) {
            let rest = &form[start + line.len()..];
            return Some(format!("{}{}{rest}", &form[..start], marker::legend(what, Some(handle))));
        }
        start += line.len() + 1;
    }
    None
}

/// The best form of `text`, which is part of `input` and begins `lines` lines behind its beginning; as `kind`, where
/// what stands round it tells. It has passed every check.
pub(crate) fn part(input: &Input, text: &str, lines: usize, kind: Option<Kind>) -> Option<Form> {
    if input.depth >= DEEPEST || marker::holds(text) {
        return None;
    }
    let before = tokens::count(text);
    if before <= LEAST_GAIN {
        return None;
    }
    let kind = kind.unwrap_or_else(|| kind::by_shape(text, None));
    let lines_before = input.lines_before + lines;
    let part = Input { text, kind, first_line: None, path: None, lines_before, depth: input.depth + 1, ..*input };
    let (_, form) = best(&part, &[(kind, Loss::Content)], Around::default(), before, lines_before + 1).ok()?;
    Some(form)
}

/// What a form costs its reader: its tokens, and the original's as often as what is looked for is not in the form. Who asks
/// what went wrong does not look for what went well.
fn cost(input: &Input, form: &Form, before: usize, after: usize) -> usize {
    let is_sought = form.loss == Loss::Content && !input.context.seeks_failures && input.context.profile.bias >= 1.0;
    let share = match &form.holds {
        Holds::Input if is_sought => literal::hidden_share(input.text, &form.text),
        _ => 0.0,
    };
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a guess")]
    let retrieved = (share * before as f32) as usize;
    after + retrieved
}

/// Whether `new` is to be taken instead of `known`, which comes before it. Each is what is lost and what it costs.
fn is_better(new: (Loss, usize), known: (Loss, usize)) -> bool {
    let is_shorter = |this: usize, other: usize, percent: usize| this * 100 <= other * (100 - percent);
    match new.0.max(Loss::Layout).cmp(&known.0.max(Loss::Layout)) {
        Ordering::Greater => is_shorter(new.1, known.1, SAFER),
        Ordering::Equal => is_shorter(new.1, known.1, PLAINER),
        Ordering::Less => !is_shorter(known.1, new.1, SAFER),
    }
}

fn is_allowed(input: &Input, loss: Loss) -> bool {
    match loss {
        Loss::None => true,
        Loss::Layout => input.context.retrievable || !input.is_read,
        Loss::Content => input.context.retrievable,
    }
}

/// Whether the input can be told from `form`, where that claims to lose nothing.
fn is_true(compressor: &dyn Compressor, input: &Input, form: &Form) -> bool {
    form.loss != Loss::None || compressor.restore(&form.text, input.first_line).as_deref() == Some(input.text)
}

/// The whole text with the form in it, and its tokens.
fn check(
    input: &Input,
    form: &Form,
    around: Around,
    before: usize,
    first_line: usize,
) -> Result<(String, usize), Reason> {
    let text = format!("{}{}{}", around.head, form.text, around.tail);
    let after = tokens::count(&text);
    if after + LEAST_GAIN > before {
        return Err(if before < LEAST_GAIN * 5 { Reason::TooSmall } else { Reason::NotFewer });
    }
    let handle = input.context.handle;
    let lost = match &form.holds {
        Holds::Input => literal::lost(input.text, &form.text, first_line, handle),
        // Its lines are not those of the input, so no marker's line numbers speak of them.
        Holds::Only(text) => literal::lost(text, &form.text, 1, ""),
        Holds::Checked => None,
    };
    let says_so = form.loss < Loss::Content || marker::find(&form.text).iter().any(|marker| marker.handle == handle);
    if lost.is_some() || !says_so { Err(Reason::LiteralLost) } else { Ok((text, after)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::Profile;

    #[test]
    fn the_plainer_form_wins_unless_another_is_clearly_shorter() {
        let plain = (Loss::None, 500);
        assert!(!is_better((Loss::None, 490), plain));
        assert!(is_better((Loss::Layout, 475), plain));
        assert!(!is_better((Loss::Content, 430), plain));
        assert!(is_better((Loss::Content, 425), plain));
    }

    #[test]
    fn a_form_that_loses_nothing_wins_back_what_a_short_one_took_by_little() {
        assert!(is_better((Loss::None, 500), (Loss::Content, 430)));
        assert!(!is_better((Loss::None, 500), (Loss::Content, 420)));
    }

    #[test]
    fn what_hides_literals_costs_the_original_as_often_as_they_are_looked_for() {
        let text = "test a::case_1 ... ok\ntest a::case_2 ... ok\ntest a::case_3 ... FAILED\n";
        let handle = "3f9c2a71d04be586";
        let form = Form::of("test a::case_3 ... FAILED".to_owned(), Loss::Content);
        let context = Context { retrievable: true, ..Context::of(handle) };
        let cost_for = |context: &Context| cost(&Input::of(text, Kind::Log, context), &form, 900, 100);
        assert_eq!(cost_for(&context), 100 + 600);
        assert_eq!(cost_for(&Context { seeks_failures: true, ..context }), 100);
        assert_eq!(cost_for(&Context { profile: Profile::AGGRESSIVE, ..context }), 100);
    }
}
