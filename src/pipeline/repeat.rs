//! A block that shows what an earlier one of the same request shows already points to it.
//!
//! Such a block is decided twice at once: as a reference, and in the form that stands by itself. Which of the two is sent
//! is told by the request alone: the reference, as long as every block that it points to stands before it in the very form
//! that it had. That form is part of the bytes before the reference, so the choice changes only where the provider's
//! cache has ended already. A block that was sent in another form than it came in is pointed to only where that form lacks
//! nothing; one that may be sent as a reference itself, never: there are no chains.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::ccr::{Decision, Handle, Key, Need, Reference, Row, Stands};
use crate::compress::choice::LEAST_GAIN;
use crate::compress::repeat as form;
use crate::compress::repeat::{Earlier, Source};
use crate::compress::router;
use crate::json_text;
use crate::pipeline::decision;
use crate::pipeline::decision::{Candidate, Made, Task, Verdict};
use crate::provider::{Conversation, Origin};
use crate::tokens;

/// What records call a block that is sent as a reference.
pub(crate) const NAME: &str = "repeat";

/// A reference costs at most so many percent of the form that stands by itself: following it costs the reader something.
const MOST_PERCENT: u64 = 85;

/// How much of what stands before a new block is looked through, the newest first.
const MOST_BLOCKS: usize = 64;
const MOST_BYTES: usize = 1 << 20;

/// A call with longer arguments wrote something, and what came back is no file that it showed.
const LONGEST_ARGUMENTS: usize = 16 << 10;

/// The tool results of a request that a new one could point to.
#[derive(Debug, Default)]
pub(crate) struct History {
    shown: Vec<Shown>,
}

/// A tool result, and how it is sent.
#[derive(Debug)]
struct Shown {
    candidate: usize,
    key: Key,
    /// What its output is called: `output of Read a.rs`.
    name: String,
    how: How,
    /// Empty where the block is too far away to be looked at.
    text: String,
    source: OnceCell<Source>,
}

/// How a block is sent, as far as others may point to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Its lines stand there as they came.
    Verbatim(Stands),
    /// Nothing is missing, but lines look otherwise.
    Lossless(Stands),
    /// Not to be pointed to, or not decided yet.
    Otherwise,
}

impl How {
    fn of(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Old | Verdict::Raw(_) => Self::Verbatim(Stands::AsItCame),
            Verdict::Row(row) => Self::of_row(row),
            Verdict::New => Self::Otherwise,
        }
    }

    fn of_row(row: &Row) -> Self {
        match &row.sent {
            _ if row.reference.is_some() => Self::Otherwise,
            None => Self::Verbatim(Stands::AsItCame),
            Some(sent) if row.compressor == router::COLUMN.0 => Self::Verbatim(Stands::as_sent(sent)),
            // A form that lacks something names the handle under which it is.
            Some(sent) if row.handles.is_empty() => Self::Lossless(Stands::as_sent(sent)),
            Some(_) => Self::Otherwise,
        }
    }

    fn stands(self) -> Option<Stands> {
        match self {
            Self::Verbatim(stands) | Self::Lossless(stands) => Some(stands),
            Self::Otherwise => None,
        }
    }
}

impl History {
    /// What stands before the `tasks` in the request. Nothing where none of them could point to anything, or where the
    /// provider may take away what it points to.
    pub(crate) fn of(conversation: &Conversation, blocks: &[Candidate], tasks: &[Task]) -> Self {
        let last = tasks.iter().filter(|task| task.text.len() >= form::SHORTEST).map(|task| task.candidate).max();
        let Some(last) = last.filter(|_| !conversation.may_be_cut) else { return Self::default() };
        let (mut bytes, mut count) = (0, 0);
        let mut shown = Vec::new();
        for (candidate, block) in blocks[..last].iter().enumerate().rev() {
            let Origin::Tool { call: Some(call), .. } = &conversation.blocks[block.index].origin else { continue };
            if call.arguments.len() > LONGEST_ARGUMENTS {
                continue;
            }
            let how = How::of(&block.verdict);
            let is_open = how != How::Otherwise || block.verdict == Verdict::New;
            // A short one is not pointed to, but whoever counts the outputs of a name counts it.
            let is_open = is_open && block.text.len() >= form::SHORTEST;
            let is_near = is_open && count < MOST_BLOCKS && bytes + block.text.len() <= MOST_BYTES;
            if is_near {
                count += 1;
                bytes += block.text.len();
            }
            shown.push(Shown {
                candidate,
                key: block.key,
                name: form::name(&decision::tool_call(call)),
                how,
                text: if is_near { block.text.clone() } else { String::new() },
                source: OnceCell::new(),
            });
        }
        shown.reverse();
        Self { shown }
    }

    /// `made` of `task`, with a reference beside it where one is clearly shorter.
    ///
    /// A block that could have been one has a row in any case. Without it, it would become one where it is live once more
    /// with other blocks before it: in the whole history, after it was sent as an increment.
    pub(crate) fn refer(&self, task: &Task, made: Made) -> Made {
        if !made.may_refer || task.text.len() < form::SHORTEST {
            return made;
        }
        let decision = made.decision.clone().unwrap_or_else(|| decision::as_it_came(task, &made));
        let made = Made { decision: Some(decision.clone()), ..made };
        let Some((text, needs)) = self.find(task) else { return made };
        let (alone, after) = (decision.row.tokens_after, tokens::count(&text) as u64);
        let sent = json_text::encode(&text);
        let is_clearly_shorter = after + LEAST_GAIN as u64 <= alone && after * 100 <= alone * MOST_PERCENT;
        if !is_clearly_shorter || sent.len() > task.room {
            return made;
        }
        let reference = Some(Reference { sent, needs, version: form::VERSION, tokens_after: after });
        let row = Row { reference, handles: vec![Handle::of(&task.text)], ..decision.row };
        let decision = Decision { row, original: Some(task.text.clone()), ..decision };
        Made { decision: Some(decision), ..made }
    }

    /// Takes over how `task` is sent: a later one of the same request may point to it.
    pub(crate) fn note(&mut self, task: &Task, made: &Made) {
        let Some(shown) = self.shown.iter_mut().find(|shown| shown.candidate == task.candidate) else { return };
        shown.how = match &made.decision {
            Some(decision) => How::of_row(&decision.row),
            None => How::Verbatim(Stands::AsItCame),
        };
    }

    /// `task` said by pointing to what stands before it, and what has to stand there.
    fn find(&self, task: &Task) -> Option<(String, Vec<Need>)> {
        let before = self.shown.partition_point(|shown| shown.candidate < task.candidate);
        let before = &self.shown[..before];
        let mut names: Vec<(usize, String)> = Vec::new();
        for (at, shown) in before.iter().enumerate().rev() {
            if shown.how != How::Otherwise
                && !shown.text.is_empty()
                && let Some(name) = name_among(before, at)
            {
                names.push((at, name));
            }
        }
        let earlier: Vec<Earlier> = names
            .iter()
            .map(|(at, name)| {
                let Shown { source, text, how, .. } = &before[*at];
                let source = source.get_or_init(|| Source::of(text));
                Earlier { source, name, is_verbatim: matches!(how, How::Verbatim(_)) }
            })
            .collect();
        if earlier.is_empty() {
            return None;
        }
        let handle = Handle::of(&task.text);
        let found = form::refer(&task.text, &Source::of(&task.text), &earlier, handle.as_str())?;
        let mut needs = Vec::new();
        for at in found.to.into_iter().map(|to| names[to].0) {
            needs.push(Need { key: before[at].key, stands: before[at].how.stands()? });
            // Those that the name counts.
            let counted = before[..at].iter().filter(|shown| shown.name == before[at].name);
            needs.extend(counted.map(|shown| Need { key: shown.key, stands: Stands::Anyhow }));
        }
        Some((found.text, needs))
    }
}

/// What the block `at` is called, so that it is not taken for another one before the new block.
fn name_among(before: &[Shown], at: usize) -> Option<String> {
    let name = &before[at].name;
    let is_alike = |shown: &&Shown| shown.name == *name;
    if before.iter().filter(is_alike).nth(1).is_none() {
        return Some(name.clone());
    }
    let ordinal = form::ordinal(before[..at].iter().filter(is_alike).count())?;
    Some(format!("{ordinal} {name}"))
}

/// Sends those blocks as references for which everything that they point to stands before them.
pub(crate) fn settle(conversation: &Conversation, blocks: &mut [Candidate]) {
    let refers = |block: &Candidate| matches!(&block.verdict, Verdict::Row(Row { reference: Some(_), .. }));
    if conversation.may_be_cut || !blocks.iter().any(refers) {
        return;
    }
    let mut places: HashMap<Key, Vec<usize>> = HashMap::new();
    for at in 0..blocks.len() {
        if let Verdict::Row(Row { reference: Some(reference), .. }) = &blocks[at].verdict {
            let stands = |need: &Need| {
                places.get(&need.key).into_iter().flatten().any(|place| is_sent_as(&blocks[*place], need.stands))
            };
            blocks[at].refers = reference.needs.iter().all(stands);
        }
        places.entry(blocks[at].key).or_default().push(at);
    }
}

fn is_sent_as(block: &Candidate, stands: Stands) -> bool {
    match stands {
        Stands::Anyhow => true,
        Stands::AsItCame => block.sent().is_none(),
        Stands::As(_) => block.sent().is_some_and(|sent| Stands::as_sent(sent) == stands),
    }
}
