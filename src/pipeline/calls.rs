//! Tool calls that responses made and whose outputs have not been sent yet.
//!
//! Two things hang on them. A request that is an increment holds outputs alone, and what a compressor may know of the
//! command stands here. And where a wire lets calls and outputs of one response alternate, an output is new although an
//! item of the assistant stands behind it.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use crate::provider::{Call, Conversation, Origin};

/// So many calls are remembered; the oldest goes first. An agent makes a few at a time.
const MOST: usize = 4096;

/// Arguments longer than this are a text to be written, and say nothing about the output.
const LONGEST_ARGUMENTS: usize = 16 << 10;

/// Calls by their id.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls {
    calls: Mutex<(HashMap<String, Call<'static>>, VecDeque<String>)>,
}

impl OpenCalls {
    /// Remembers a call that the provider has just made.
    pub(crate) fn note(&self, id: String, mut call: Call<'static>) {
        if call.arguments.len() > LONGEST_ARGUMENTS {
            call.arguments = "null".into();
        }
        let mut calls = self.calls.lock().expect("no holder panics");
        let (by_id, order) = &mut *calls;
        if by_id.insert(id.clone(), call).is_none() {
            order.push_back(id);
        }
        if order.len() > MOST
            && let Some(oldest) = order.pop_front()
        {
            by_id.remove(&oldest);
        }
    }

    /// Tells `conversation` of the calls that its outputs belong to, and that these outputs are new. From now on they are
    /// known: they are about to be sent.
    pub(crate) fn close(&self, conversation: &mut Conversation) {
        let mut calls = self.calls.lock().expect("no holder panics");
        let (by_id, order) = &mut *calls;
        if by_id.is_empty() {
            return;
        }
        let mut closed: Vec<String> = Vec::new();
        for block in &mut conversation.blocks {
            let Origin::Tool { call_id, call, .. } = &mut block.origin else { continue };
            let Some(open) = by_id.get(call_id.as_ref()) else { continue };
            block.is_live = true;
            call.get_or_insert_with(|| open.clone());
            closed.push(call_id.clone().into_owned());
        }
        for id in &closed {
            by_id.remove(id);
        }
        order.retain(|id| !closed.contains(id));
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
    fn an_increment_learns_what_its_outputs_answer() {
        let calls = OpenCalls::default();
        calls.note("a".to_owned(), call(r#"{"cmd":"ls"}"#));
        let text =
            r#"{"previous_response_id":"r","input":[{"type":"function_call_output","call_id":"a","output":"x"}]}"#;
        let mut conversation = Provider::OpenAiResponses.parse(text).unwrap();
        calls.close(&mut conversation);
        let Origin::Tool { call: Some(found), .. } = &conversation.blocks[0].origin else { panic!("a known call") };
        assert_eq!(*found, call(r#"{"cmd":"ls"}"#));
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
        assert!(held.0.values().all(|call| call.arguments == "null"));
    }
}
