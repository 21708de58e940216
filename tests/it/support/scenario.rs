//! A model as far as these tests need one: it reads what it is told to read, looks for the answer in what it was sent,
//! fetches what was left out when the answer is not there, and says what it found.
//!
//! It keeps no state: where a conversation stands is told by the id of its last tool call. So the same script serves a
//! retried request, a restarted proxy and a forked conversation.

use regex::Regex;
use serde_json::{Value, json};

use super::provider::Request;
use super::turn::{Block, Turn};

const RETRIEVE: &str = "mcp__headroom__headroom_retrieve";

/// Something the model reads before it answers.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Some calls in one turn, as (tool, input).
    Calls(Vec<(&'static str, Value)>),
    /// A whole file, page by page, as the agent's own tool tells it to.
    Pages(String),
}

impl Step {
    pub(crate) fn bash(command: &str) -> Self {
        Self::Calls(vec![bash(command)])
    }

    pub(crate) fn read(path: &str) -> Self {
        Self::Calls(vec![read(path)])
    }
}

pub(crate) fn bash(command: &str) -> (&'static str, Value) {
    ("Bash", json!({"command": command, "description": "Look"}))
}

pub(crate) fn read(path: &str) -> (&'static str, Value) {
    ("Read", json!({"file_path": path}))
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
    /// The model's next turn.
    pub(crate) fn turn(&self, request: &Request) -> Turn {
        let results = request.results();
        let (step, page) = match position(&results) {
            None => (0, 0),
            Some((step, page)) => match self.steps.get(step) {
                Some(Step::Pages(_)) if self.page(&results, step, page + 1).is_some() => (step, page + 1),
                _ => (step + 1, 0),
            },
        };
        match self.steps.get(step) {
            Some(Step::Calls(calls)) => {
                let thought = format!("Step {step} of {}: look at it first.", self.name);
                self.call(step, page, Some(thought), calls.clone())
            }
            Some(Step::Pages(path)) => {
                let mut input = json!({"file_path": path});
                if let Some((offset, limit)) = self.page(&results, step, page) {
                    input["offset"] = json!(offset);
                    input["limit"] = json!(limit);
                }
                self.call(step, page, Some(format!("Page {page} of {path}.")), vec![("Read", input)])
            }
            None => self.answer(request, &results, step),
        }
    }

    /// The page of a file that is read in pages, as (offset, limit); none for the first, which says how many there are.
    fn page(&self, results: &[(String, String)], step: usize, page: usize) -> Option<(u64, u64)> {
        let first = self.id(step, 0, 0);
        let (_, text) = results.iter().find(|(id, _)| *id == first)?;
        let hint = Regex::new(r"of (\d+) total .*Call Read with offset=(\d+) limit=(\d+) for the next page").unwrap();
        let found = hint.captures(text)?;
        let [total, second, limit] = [1, 2, 3].map(|group| found[group].parse::<u64>().unwrap());
        let offset = second + limit * (page as u64).checked_sub(1)?;
        (offset <= total).then_some((offset, limit))
    }

    fn id(&self, step: usize, page: usize, call: usize) -> String {
        format!("toolu_{}_s{step:02}p{page:02}c{call:02}", self.name)
    }

    fn answer(&self, request: &Request, results: &[(String, String)], step: usize) -> Turn {
        let missing: Vec<_> = self.facts.iter().filter(|fact| fact.read_from(results).is_none()).collect();
        let handles = handles(results);
        if missing.is_empty() {
            let found = self.facts.iter().filter_map(|fact| fact.read_from(results));
            return Turn::text(format!("Found: {}", found.collect::<Vec<_>>().join("; ")));
        }
        let asked = request.calls();
        let loaded = request.json()["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == RETRIEVE);
        if self.recall == Recall::Tool
            && !loaded
            && !handles.is_empty()
            && !asked.iter().any(|(_, name, _)| name == "ToolSearch")
        {
            let input = json!({"query": format!("select:{RETRIEVE}"), "max_results": 3});
            return self.call(step, 0, None, vec![("ToolSearch", input)]);
        }
        let mut calls = Vec::new();
        for fact in missing {
            for handle in &handles {
                let call = if self.recall == Recall::Tool && loaded {
                    (RETRIEVE, json!({"handle": handle, "query": fact.anchor}))
                } else {
                    bash(&format!("headroom retrieve {handle} --grep '{}'", regex::escape(fact.anchor)))
                };
                if !asked.iter().any(|(_, name, input)| name == call.0 && *input == call.1) {
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

    fn call(&self, step: usize, page: usize, thought: Option<String>, calls: Vec<(&'static str, Value)>) -> Turn {
        let thought = thought.map(Block::Thinking);
        let calls = calls.into_iter().enumerate().map(|(index, (name, input))| Block::ToolUse {
            id: self.id(step, page, index),
            name: name.to_owned(),
            input,
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
