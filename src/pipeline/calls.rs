//! Tool calls that responses made.
//!
//! Two things hang on them. A request that is an increment holds outputs alone, and what a compressor may know of the
//! command stands here: also when the request is sent once more, so a call is known for longer than it is open. And where
//! a wire lets calls and outputs of one response alternate, an output is new although an item of the assistant stands
//! behind it, as long as all such items are calls whose outputs have not been sent either.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Mutex;

use crate::provider::{Call, Conversation, Origin};

/// So many calls are remembered; the oldest goes first. An agent makes a few at a time.
const MOST: usize = 1024;

/// Arguments longer than this are a text to be written, and say nothing about the output.
const LONGEST_ARGUMENTS: usize = 16 << 10;

/// Calls by their id.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls {
    calls: Mutex<(HashMap<String, Made>, VecDeque<String>)>,
}

/// A call that a response made.
#[derive(Debug)]
struct Made {
    call: Call<'static>,
    /// Whether its output has not been sent yet.
    is_open: bool,
}

impl OpenCalls {
    /// Remembers a call that the provider has just made.
    pub(crate) fn note(&self, id: String, mut call: Call<'static>) {
        if call.arguments.len() > LONGEST_ARGUMENTS {
            call.arguments = "null".into();
        }
        let mut calls = self.calls.lock().expect("no holder panics");
        let (by_id, order) = &mut *calls;
        if by_id.insert(id.clone(), Made { call, is_open: true }).is_none() {
            order.push_back(id);
        }
        if order.len() > MOST
            && let Some(oldest) = order.pop_front()
        {
            by_id.remove(&oldest);
        }
    }

    /// Tells `conversation` of the calls that its outputs belong to, and which outputs are new. From now on they are not:
    /// they are about to be sent.
    pub(crate) fn close(&self, conversation: &mut Conversation) {
        let mut calls = self.calls.lock().expect("no holder panics");
        let by_id = &mut calls.0;
        let is_open = |id: &str| by_id.get(id).is_some_and(|made| made.is_open);
        // A second call of that id is one of an earlier response.
        let mut walked = HashSet::new();
        let mut is_unanswered = |id: &str| is_open(id) && walked.insert(id.to_owned());
        let mut answers = conversation.answers.iter().rev();
        let last_answer = answers.find(|(_, call)| !call.as_deref().is_some_and(&mut is_unanswered)).map(|(at, _)| *at);
        let mut closed: Vec<String> = Vec::new();
        for block in &mut conversation.blocks {
            let Origin::Tool { call_id, call, .. } = &mut block.origin else { continue };
            let Some(made) = by_id.get(call_id.as_ref()) else { continue };
            call.get_or_insert_with(|| made.call.clone());
            if made.is_open && last_answer.is_none_or(|last| block.message > last) {
                block.is_live = true;
            }
            closed.push(call_id.clone().into_owned());
        }
        for id in &closed {
            by_id.entry(id.clone()).and_modify(|made| made.is_open = false);
        }
    }
}

#[cfg(test)]
impl OpenCalls {
    /// Makes every further use panic, as broken code on a request's path would.
    pub(crate) fn poison(&self) {
        std::thread::scope(|scope| {
            let broken = scope.spawn(|| {
                let _held = self.calls.lock().unwrap();
                panic!("as broken code would");
            });
            assert!(broken.join().is_err());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider;

    fn call(arguments: &str) -> Call<'static> {
        Call { name: "exec_command".into(), arguments: arguments.to_owned().into() }
    }

    const INTERLEAVED: &str = r#"{"input":[
        {"type":"function_call","call_id":"a","name":"exec_command","arguments":"{}"},
        {"type":"function_call_output","call_id":"a","output":"one"},
        {"type":"function_call","call_id":"b","name":"exec_command","arguments":"{}"},
        {"type":"function_call_output","call_id":"b","output":"two"}]}"#;

    fn live(calls: &OpenCalls) -> Vec<bool> {
        let mut conversation = Provider::OpenAiResponses.parse(INTERLEAVED).unwrap();
        calls.close(&mut conversation);
        conversation.blocks.iter().map(|block| block.is_live).collect()
    }

    #[test]
    fn outputs_of_one_response_are_new_though_its_calls_alternate_with_them() {
        let calls = OpenCalls::default();
        assert_eq!(live(&calls), [false, true]);
        calls.note("a".to_owned(), call("{}"));
        calls.note("b".to_owned(), call("{}"));
        assert_eq!(live(&calls), [true, true]);
        assert_eq!(live(&calls), [false, true], "their outputs have been sent");
    }

    #[test]
    fn an_output_that_a_later_response_has_answered_is_old_though_its_call_is_open() {
        let calls = OpenCalls::default();
        calls.note("a".to_owned(), call("{}"));
        assert_eq!(live(&calls), [false, true], "the other call is not of this response");

        // As providers number them that begin anew with each response.
        calls.note("call_0".to_owned(), call("{}"));
        let mut conversation = Provider::OpenAiResponses
            .parse(
                r#"{"input":[
                {"type":"function_call","call_id":"call_0","name":"exec_command","arguments":"{}"},
                {"type":"function_call_output","call_id":"call_0","output":"old"},
                {"type":"message","role":"assistant","content":"I see"},{"role":"user","content":"go on"},
                {"type":"reasoning"},
                {"type":"function_call","call_id":"call_0","name":"exec_command","arguments":"{}"},
                {"type":"function_call_output","call_id":"call_0","output":"new"}]}"#,
            )
            .unwrap();
        calls.close(&mut conversation);
        assert_eq!(conversation.blocks.iter().map(|block| block.is_live).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn an_increment_learns_what_its_outputs_answer_and_so_does_its_retry() {
        let calls = OpenCalls::default();
        calls.note("a".to_owned(), call(r#"{"cmd":"ls"}"#));
        let text =
            r#"{"previous_response_id":"r","input":[{"type":"function_call_output","call_id":"a","output":"x"}]}"#;
        for _ in 0..2 {
            let mut conversation = Provider::OpenAiResponses.parse(text).unwrap();
            calls.close(&mut conversation);
            let Origin::Tool { call: Some(found), .. } = &conversation.blocks[0].origin else { panic!("a known call") };
            assert_eq!(*found, call(r#"{"cmd":"ls"}"#));
        }
    }

    #[test]
    fn the_oldest_calls_and_long_arguments_are_forgotten() {
        let calls = OpenCalls::default();
        calls.note("a".to_owned(), call("{}"));
        for n in 0..MOST {
            calls.note(format!("n{n}"), call(&"x".repeat(LONGEST_ARGUMENTS + 1)));
        }
        assert_eq!(live(&calls), [false, true]);
        let held = calls.calls.lock().unwrap();
        assert_eq!((held.0.len(), held.1.len()), (MOST, MOST));
        assert!(held.0.values().all(|made| made.call.arguments == "null"));
    }
}
