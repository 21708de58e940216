//! A model as far as these tests need one: it reads what it is told to read, looks for the answer in what it was sent,
//! fetches what was left out when the answer is not there, and says what it found.
//!
//! It keeps no state: where a conversation stands is told by the id of its last tool call. So the same script serves a
//! retried request, a restarted proxy and a forked conversation.

use regex::Regex;

use super::dialect::{Call, Dialect, Look};
use super::transcript::Transcript;
use super::turn::{Block, Turn};

/// Something the model reads before it answers.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Some calls in one turn.
    Looks(Vec<Look>),
    /// A whole file, page by page, in pages as large as the agent hands out.
    Pages(String),
}

impl Step {
    pub(crate) fn shell(command: &str) -> Self {
        Self::Looks(vec![Look::Shell(command.to_owned())])
    }

    pub(crate) fn file(path: String) -> Self {
        Self::Looks(vec![Look::File(path)])
    }
}

/// Something the answer must hold.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    /// A literal by which a reader finds the place.
    pub(crate) anchor: &'static str,
    /// What stands there, at most `REACH` bytes behind the anchor's beginning; its first group, if it has one, is the fact.
    pub(crate) pattern: &'static str,
    /// What the answer must be. The model does not look at it.
    pub(crate) truth: String,
}

/// How far from its anchor a fact may stand: a pretty-printed record is this long.
const REACH: usize = 700;

impl Fact {
    /// The fact as read out of the texts that were sent.
    fn read_from(&self, texts: &[(String, String)]) -> Option<String> {
        let pattern = Regex::new(self.pattern).unwrap();
        texts.iter().find_map(|(_, text)| {
            text.match_indices(self.anchor).find_map(|(at, _)| {
                let end = (text.len().min(at + REACH)..=text.len()).find(|&end| text.is_char_boundary(end))?;
                let found = pattern.captures(&text[at..end])?;
                Some(found.get(1).or_else(|| found.get(0))?.as_str().to_owned())
            })
        })
    }
}

/// By which way the model fetches what was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recall {
    Tool,
    Shell,
}

/// A task, what the model does about it, and what it must find out.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) prompt: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) recall: Recall,
}

impl Scenario {
    /// The model's next turn, by the tools of the agent that asks.
    pub(crate) fn turn(&self, dialect: Dialect, transcript: &Transcript) -> Turn {
        let results = &transcript.results;
        let (step, page) = match position(results) {
            None => (0, 0),
            Some((step, page)) => match self.steps.get(step) {
                Some(Step::Pages(path)) if self.page(dialect, path, results, (step, page + 1)).is_some() => {
                    (step, page + 1)
                }
                _ => (step + 1, 0),
            },
        };
        match self.steps.get(step) {
            Some(Step::Looks(looks)) => {
                let thought = format!("Step {step} of {}: look at it first.", self.name);
                let calls = looks.iter().map(|look| dialect.call(look)).collect();
                self.call(step, page, Some(thought), calls)
            }
            Some(Step::Pages(path)) => {
                let call = self.page(dialect, path, results, (step, page)).expect("a page that was found is there");
                self.call(step, page, Some(format!("Page {page} of {path}.")), vec![call])
            }
            None => self.answer(dialect, transcript, step),
        }
    }

    fn page(&self, dialect: Dialect, path: &str, results: &[(String, String)], at: (usize, usize)) -> Option<Call> {
        let first = self.id(at.0, 0, 0);
        let told = results.iter().find(|(id, _)| *id == first);
        dialect.page(path, at.1, told.map(|(_, text)| text.as_str()))
    }

    fn id(&self, step: usize, page: usize, call: usize) -> String {
        format!("toolu_{}_s{step:02}p{page:02}c{call:02}", self.name)
    }

    fn answer(&self, dialect: Dialect, transcript: &Transcript, step: usize) -> Turn {
        let Transcript { results, calls: asked, tools } = transcript;
        let missing: Vec<_> = self.facts.iter().filter(|fact| fact.read_from(results).is_none()).collect();
        let handles = handles(results);
        if missing.is_empty() {
            let found = self.facts.iter().filter_map(|fact| fact.read_from(results));
            return Turn::text(format!("Found: {}", found.collect::<Vec<_>>().join("; ")));
        }
        let was_asked = |call: &Call| asked.iter().any(|(_, name, input)| *name == call.0 && *input == call.1);
        if self.recall == Recall::Tool
            && !handles.is_empty()
            && let Some(load) = dialect.load_retrieve(tools)
            && !was_asked(&load)
        {
            return self.call(step, 0, None, vec![load]);
        }
        let mut calls = Vec::new();
        for fact in missing {
            for handle in &handles {
                let by_tool = match self.recall {
                    Recall::Tool => dialect.retrieve(tools, handle, fact.anchor),
                    Recall::Shell => None,
                };
                let call = by_tool.unwrap_or_else(|| {
                    let command = format!("headroom retrieve {handle} --grep '{}'", regex::escape(fact.anchor));
                    dialect.call(&Look::Shell(command))
                });
                if !was_asked(&call) {
                    calls.push(call);
                }
            }
        }
        calls.truncate(4);
        if calls.is_empty() {
            return Turn::text("Not found: it is in nothing that was sent, and there is nothing to fetch.");
        }
        self.call(step, 0, None, calls)
    }

    fn call(&self, step: usize, page: usize, thought: Option<String>, calls: Vec<Call>) -> Turn {
        let thought = thought.map(Block::Thinking);
        let calls = calls.into_iter().enumerate().map(|(index, (name, input))| {
            let id = self.id(step, page, index);
            Block::ToolUse { id, name, input }
        });
        Turn::of(thought.into_iter().chain(calls).collect())
    }
}

/// The step and page of the newest call of this script.
fn position(results: &[(String, String)]) -> Option<(usize, usize)> {
    let id = Regex::new(r"^toolu_.*_s(\d+)p(\d+)c\d+$").unwrap();
    let positions = results.iter().filter_map(|(call, _)| {
        let found = id.captures(call)?;
        Some((found[1].parse().unwrap(), found[2].parse().unwrap()))
    });
    positions.max()
}

/// The handles that markers in the results name, oldest first.
pub(crate) fn handles(results: &[(String, String)]) -> Vec<String> {
    let marker = Regex::new(r"headroom retrieve ([0-9a-f]{16})").unwrap();
    let mut handles = Vec::new();
    for (_, text) in results {
        for found in marker.captures_iter(text) {
            if !handles.contains(&found[1].to_owned()) {
                handles.push(found[1].to_owned());
            }
        }
    }
    handles
}
