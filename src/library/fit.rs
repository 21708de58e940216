//! Which messages of a conversation stay where not all of them may: the newest turns (`RollingWindow`), or those that
//! matter most to the question (`IntelligentContext`). Both only where the caller asks: leaving history out breaks the
//! provider's cache.
//!
//! What goes is said where it stood, by a message of the user, so that the roles still alternate as the wires want it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::json;

use crate::compress::marker;
use crate::library::input::Input;
use crate::library::turns::{self, Group, Item, Speaker};
use crate::library::{Made, Options, Original, Originals, handle_of};
use crate::tokens;

/// Less than this of a block says nothing any more.
const SMALLEST_SHARE: f32 = 0.05;

/// What a message that stands for others costs, about.
const STAND_IN: usize = 60;

/// How much each reason to keep a message weighs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContextWeights {
    /// How near it is to the end, 0 to 1.
    pub recency: f32,
    /// Which share of the question's words stand in it, rare words weighing more, 0 to 1.
    pub relevance: f32,
    /// Whether it tells of an error, 0 or 1.
    pub errors: f32,
}

impl Default for ContextWeights {
    fn default() -> Self {
        Self { recency: 0.3, relevance: 0.5, errors: 0.2 }
    }
}

/// Leaves out what matters least to the question, until the rest fits into the token budget.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IntelligentContext {
    /// The reasons to keep a message.
    pub scoring_weights: ContextWeights,
    /// Indices of messages that stay in any case, besides system messages, the user's first and last, and what came
    /// after the last.
    pub anchors: Vec<usize>,
}

/// Leaves out the oldest turns. A turn begins where the user speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RollingWindow {
    /// So many turns stay; `None` for as many as the token budget allows.
    pub max_turns: Option<usize>,
    /// Whether system messages stay wherever they are.
    pub preserve_system: bool,
    /// So many of the last turns stay even if the budget is too small for them.
    pub preserve_last_n: usize,
}

impl Default for RollingWindow {
    fn default() -> Self {
        Self { max_turns: None, preserve_system: true, preserve_last_n: 2 }
    }
}

/// Which share of its tokens each block may keep for the whole to fit into `budget`.
pub(super) fn share(made: &Made, budget: usize) -> f32 {
    let blocks: u64 = made.records.iter().map(|record| record.tokens_after).sum();
    let over = tokens::count(&made.shown).saturating_sub(budget);
    #[expect(clippy::cast_precision_loss, reason = "a share needs no exact counts")]
    let share = 1.0 - over as f32 / (blocks.max(1)) as f32;
    share.clamp(SMALLEST_SHARE, 1.0)
}

/// Whether `choose_messages` may leave out any.
pub(super) fn may_cut(options: &Options) -> bool {
    options.rolling_window.is_some() || options.intelligent_context.is_some() && options.token_budget.is_some()
}

/// Leaves out messages of `made` as the options say.
pub(super) fn choose_messages(made: &mut Made, input: &Input, options: &Options) {
    let over = |made: &Made| options.token_budget.is_some_and(|budget| tokens::count(&made.shown) > budget);
    if input.is_text() || options.rolling_window.is_none() && (options.intelligent_context.is_none() || !over(made)) {
        return;
    }
    let items = turns::items(&made.shown);
    let mut window = Window::of(&made.shown, &items, options);
    if let Some(rolling) = options.rolling_window {
        window.roll(rolling);
    }
    if let Some(context) = &options.intelligent_context {
        let question = items.iter().rev().find(|item| item.is_spoken_by_user()).map_or("", |item| &item.text);
        window.drop_least(context, options.user_query.as_deref().unwrap_or(question));
    }
    window.write(made, &items, options);
}

/// The groups of a conversation, and which of them go.
struct Window<'a> {
    items: &'a [Item],
    groups: Vec<Group>,
    costs: Vec<usize>,
    gone: Vec<bool>,
    frozen: usize,
    total: usize,
    budget: Option<usize>,
}

impl<'a> Window<'a> {
    fn of(list: &str, items: &'a [Item], options: &Options) -> Self {
        let groups = turns::groups(items);
        let cost = |group: &Group| {
            let items = &items[group.items.clone()];
            items.iter().map(|item| tokens::count(&list[item.span.clone()])).sum()
        };
        Self {
            items,
            costs: groups.iter().map(cost).collect(),
            gone: vec![false; groups.len()],
            groups,
            frozen: options.frozen_message_count,
            total: tokens::count(list),
            budget: options.token_budget,
        }
    }

    fn may_go(&self, group: usize) -> bool {
        self.groups[group].items.start >= self.frozen && !self.gone[group]
    }

    /// Whether what is left would fit, with a message for each run that is gone.
    fn fits(&self) -> bool {
        let gone: usize = (0..self.gone.len()).filter(|at| self.gone[*at]).map(|at| self.costs[at]).sum();
        let runs = (0..self.gone.len()).filter(|at| self.gone[*at] && (*at == 0 || !self.gone[at - 1])).count();
        self.budget.is_none_or(|budget| self.total + runs * STAND_IN <= budget + gone)
    }

    /// Drops whole turns from the oldest on.
    fn roll(&mut self, rolling: RollingWindow) {
        let mut turn = 0;
        let turn_of: Vec<usize> = self
            .groups
            .iter()
            .map(|group| {
                turn += usize::from(group.speaker == Speaker::User);
                turn
            })
            .collect();
        for oldest in 0..=turn {
            let left = turn.saturating_sub(oldest) + 1;
            let is_too_old = rolling.max_turns.is_some_and(|most| left > most);
            let is_too_much = left > rolling.preserve_last_n && !self.fits();
            if !is_too_old && !is_too_much {
                continue;
            }
            for (group, turn) in turn_of.iter().enumerate() {
                let is_kept = rolling.preserve_system && self.groups[group].speaker == Speaker::System;
                if *turn == oldest && !is_kept && self.may_go(group) {
                    self.gone[group] = true;
                }
            }
        }
    }

    /// Drops the groups that matter least until the rest fits.
    fn drop_least(&mut self, context: &IntelligentContext, question: &str) {
        let is_user = |group: &&Group| group.speaker == Speaker::User;
        let first = self.groups.iter().find(is_user).map(|group| group.items.start);
        let last = self.groups.iter().rfind(is_user).map_or(usize::MAX, |group| group.items.start);
        let is_pinned = |group: &Group| {
            group.speaker == Speaker::System
                || Some(group.items.start) == first
                || group.items.start >= last
                || context.anchors.iter().any(|anchor| group.items.contains(anchor))
        };
        let scores = self.scores(context.scoring_weights, question);
        let mut order: Vec<usize> =
            (0..self.groups.len()).filter(|group| self.may_go(*group) && !is_pinned(&self.groups[*group])).collect();
        order.sort_by(|one, other| scores[*one].total_cmp(&scores[*other]));
        for group in order {
            if self.fits() {
                return;
            }
            self.gone[group] = true;
        }
    }

    fn scores(&self, weights: ContextWeights, question: &str) -> Vec<f32> {
        let wanted = words(question);
        let texts: Vec<HashSet<String>> = self
            .groups
            .iter()
            .map(|group| self.items[group.items.clone()].iter().flat_map(|item| words(&item.text)).collect())
            .collect();
        // Words that only the question itself holds tell nothing apart.
        let mut holders: HashMap<&String, usize> = HashMap::new();
        let last = self.groups.iter().rposition(|group| group.speaker == Speaker::User).unwrap_or(texts.len());
        let others = texts.iter().enumerate().filter(|(group, _)| *group != last);
        for word in others.flat_map(|(_, text)| text).filter(|word| wanted.contains(*word)) {
            *holders.entry(word).or_default() += 1;
        }
        #[expect(clippy::cast_precision_loss, reason = "a score needs no exact counts")]
        let weight = |word: &String| {
            holders.get(word).map_or(0.0, |count| (1.0 + self.groups.len() as f32 / *count as f32).ln())
        };
        // In a fixed order, so that the sums come out the same each time.
        let sorted: Vec<&String> = wanted.iter().collect();
        let all: f32 = sorted.iter().map(|word| weight(word)).sum();
        texts
            .iter()
            .enumerate()
            .map(|(group, text)| {
                let hit: f32 = sorted.iter().filter(|word| text.contains(**word)).map(|word| weight(word)).sum();
                let is_error = ERRORS.iter().any(|word| text.contains(*word));
                #[expect(clippy::cast_precision_loss, reason = "a score needs no exact counts")]
                let recency = (group + 1) as f32 / self.groups.len() as f32;
                weights.recency * recency
                    + weights.relevance * if all > 0.0 { hit / all } else { 0.0 }
                    + weights.errors * f32::from(u8::from(is_error))
            })
            .collect()
    }

    /// Writes the messages that stay, and one for each run of those that do not.
    fn write(&self, made: &mut Made, items: &[Item], options: &Options) {
        let mut shown = String::with_capacity(made.shown.len());
        let mut at = 0;
        let mut group = 0;
        while group < self.groups.len() {
            if !self.gone[group] {
                group += 1;
                continue;
            }
            let end = (group..self.groups.len()).find(|at| !self.gone[*at]).unwrap_or(self.groups.len());
            let range = self.groups[group].items.start..self.groups[end - 1].items.end;
            let span = items[range.start].span.start..items[range.end - 1].span.end;
            let left_out = format!("[{}]", &made.shown[span.clone()]);
            let said = said_of(&items[range.clone()], range.start, &left_out, options.originals);
            shown.push_str(&made.shown[at..span.start]);
            shown.push_str(&json!({"role": "user", "content": said}).to_string());
            if options.originals == Originals::Returned {
                made.originals.push(Original { handle: handle_of(&left_out), text: left_out });
            }
            at = span.end;
            group = end;
        }
        shown.push_str(&made.shown[at..]);
        made.shown = shown;
    }
}

/// Words by which a message tells of an error.
const ERRORS: &[&str] = &["error", "errors", "failed", "failure", "exception", "traceback", "panicked", "fatal"];

/// What is said in place of `items`, of which the first has index `first`.
fn said_of(items: &[Item], first: usize, left_out: &str, originals: Originals) -> String {
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    for call in items.iter().flat_map(|item| &item.calls) {
        *calls.entry(call).or_default() += 1;
    }
    let mut counts = vec![format!("{} messages", items.len())];
    let by_user = items.iter().filter(|item| item.is_spoken_by_user()).count();
    if by_user > 0 {
        counts.push(format!("{by_user} of the user"));
    }
    counts.extend(calls.iter().map(|(call, count)| format!("{count} calls of {call}")));
    let shown = format!("part of the conversation from message {}", first + 1);
    match originals {
        Originals::Returned => marker::digest(&shown, &counts.join(", "), &handle_of(left_out)),
        Originals::Lost => marker::legend(&format!("{shown}, left out: {}", counts.join(", ")), None),
    }
}

/// The words of a text in lower case, of three letters or more.
fn words(text: &str) -> std::collections::BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.len() >= 3)
        .map(str::to_lowercase)
        .collect()
}
