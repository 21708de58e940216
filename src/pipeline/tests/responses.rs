//! The Responses API, on which a conversation goes by increments or whole, now this way and now that.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::ccr::Store;
use crate::pipeline::exchange::Exchange;
use crate::pipeline::tests::{options, outputs, pipeline, records, store};
use crate::pipeline::{Live, Pipeline, Scope};
use crate::provider::Provider;

const RETRIEVE: &str = "mcp__headroom__headroom_retrieve";

fn prepared(pipeline: &Pipeline, request: &Value) -> Value {
    let mut exchange = Exchange::new("/v1/responses");
    let (text, wire) = (request.to_string(), Provider::OpenAiResponses);
    let prepared = pipeline.prepare(wire, &text, Live::BehindLastAnswer, Scope::All, &mut exchange).unwrap();
    serde_json::from_str(&prepared.body.unwrap_or(text)).unwrap()
}

fn call(id: &str, name: &str, command: &str) -> Value {
    let arguments = json!({"cmd": command}).to_string();
    json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments})
}

fn output(id: &str, text: &str) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": text})
}

/// Reads `items` as a response of the provider's.
fn respond(pipeline: &Pipeline, items: &[Value]) {
    for item in items {
        let event = json!({"type": "response.output_item.done", "item": item}).to_string();
        for (id, call) in Provider::OpenAiResponses.read_event("", event.as_bytes()).calls {
            pipeline.open_calls().note(id, call);
        }
    }
}

fn increment(output: &Value) -> Value {
    json!({"previous_response_id": "r", "input": [output]})
}

#[test]
fn the_increment_that_holds_an_original_is_left_alone_when_it_is_sent_again() {
    let pipeline = pipeline(&store());
    respond(&pipeline, &[call("a", RETRIEVE, "3f9c2a71d04be586")]);
    let request = increment(&output("a", &records(0, 60)));
    for _ in 0..3 {
        let is_same = prepared(&pipeline, &request) == request;
        assert!(is_same);
    }
}

#[test]
fn the_output_of_a_call_that_nobody_knows_stays_as_it_is_for_good() {
    let store = store();
    let (command, result) = (call("a", "exec_command", "gh api issues"), output("a", &records(0, 60)));
    let request = increment(&result);
    let is_same = prepared(&pipeline(&store), &request) == request;
    assert!(is_same);
    let known = json!({"input": [command, result]});
    let is_same = prepared(&pipeline(&store), &known) == known;
    assert!(is_same);
    assert!(prepared(&pipeline(&self::store()), &known) != known, "it could have been made smaller");
}

#[test]
fn an_item_that_is_like_no_other_costs_the_others_nothing() {
    let store = store();
    let mut items = vec![call("a", "exec_command", "gh api issues"), output("a", &records(0, 60))];
    let sent = prepared(&pipeline(&store), &json!({"input": items}));
    assert_ne!(sent["input"][1], items[1]);
    for odd in [
        json!({"type": "function_call", "call_id": 7, "name": {"x": 1}}),
        json!("text"),
        json!({"type": "message", "role": "user", "content": ["bare", {"type": 1}, {"type": "input_text", "text": "x"}]}),
        json!({"type": "tool_search_output", "tools": {"a": 1}}),
    ] {
        items.push(odd);
        let now = prepared(&pipeline(&store), &json!({"input": items, "tools": [{"name": 1}]}));
        assert_eq!(now["input"][1], sent["input"][1]);
    }
}

#[test]
fn outputs_that_compaction_is_the_first_to_send_are_new() {
    let items = [call("a", "exec_command", "x"), output("a", &records(0, 60)), json!({"type": "compaction_trigger"})];
    let sent = prepared(&pipeline(&store()), &json!({"input": items}));
    assert_ne!(sent["input"][1], items[1]);
}

/// What happens from one request to the next.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each may happen with any other")]
struct Turn {
    outputs: Vec<String>,
    /// The assistant says something first, and the user asks on.
    talks: bool,
    offers_retrieval: bool,
    restarts: bool,
    /// The whole history is sent, as by HTTP or on a new connection.
    goes_whole: bool,
    /// The request is lost on its way back and sent again.
    is_lost: bool,
    compacts: bool,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let outputs = prop::collection::vec(outputs(), 1..4);
    let turn = (outputs, any::<[bool; 5]>(), prop::bool::weighted(0.15)).prop_map(|(outputs, flags, compacts)| {
        let [talks, offers_retrieval, restarts, goes_whole, is_lost] = flags;
        Turn { outputs, talks, offers_retrieval, restarts, goes_whole, is_lost, compacts }
    });
    prop::collection::vec(turn, 1..6)
}

/// How a client and its provider are.
#[derive(Debug, Clone, Copy)]
struct Manners {
    /// Each output is put behind its own call.
    alternates: bool,
    /// Calls are numbered anew in each response.
    renumbers: bool,
    /// So many turns were sent directly.
    direct: usize,
}

/// A conversation, and what the provider has seen of it.
struct Talk {
    items: Vec<Value>,
    /// What was first sent for an item, by its place in the history.
    seen: BTreeMap<usize, Value>,
    /// From here on the provider has not seen the items, save those of its own making.
    fresh: Vec<usize>,
}

impl Talk {
    fn push(&mut self, item: Value, is_of_client: bool) {
        if is_of_client {
            self.fresh.push(self.items.len());
        }
        self.items.push(item);
    }

    /// Appends a response, and what the client has to say to it.
    fn go_on(&mut self, number: usize, turn: &Turn, manners: Manners) -> Vec<Value> {
        if turn.talks {
            self.push(json!({"type": "message", "role": "assistant", "content": "I see"}), false);
            self.push(json!({"role": "user", "content": format!("and `item_{number}`?")}), true);
        }
        self.push(json!({"type": "reasoning", "encrypted_content": "x"}), false);
        let id = |n: usize| if manners.renumbers { format!("call_{n}") } else { format!("call_{number}_{n}") };
        let texts = turn.outputs.iter().enumerate().map(|(n, text)| (id(n), format!("{text}\n{number} {n}")));
        let pairs: Vec<_> =
            texts.map(|(id, text)| (call(&id, "exec_command", "make check"), output(&id, &text))).collect();
        if manners.alternates {
            for (call, output) in &pairs {
                self.push(call.clone(), false);
                self.push(output.clone(), true);
            }
        } else {
            for (call, _) in &pairs {
                self.push(call.clone(), false);
            }
            for (_, output) in &pairs {
                self.push(output.clone(), true);
            }
        }
        pairs.into_iter().map(|(call, _)| call).collect()
    }

    /// Sends the items at `places`, and checks what arrives.
    fn send(&mut self, pipeline: &Pipeline, places: &[usize], turn: &Turn) -> Result<(), TestCaseError> {
        let input: Vec<_> = places.iter().map(|place| self.items[*place].clone()).collect();
        let mut request = json!({"input": input});
        if places.len() < self.items.len() {
            request["previous_response_id"] = "r".into();
        }
        if turn.offers_retrieval {
            request["tools"] = json!([{"type": "function", "name": RETRIEVE}]);
        }
        let sent = prepared(pipeline, &request);
        for (place, now) in places.iter().zip(sent["input"].as_array().unwrap()) {
            let first = self.seen.entry(*place).or_insert_with(|| now.clone());
            prop_assert!(first == now, "item {place} changed: {first}\n{now}");
        }
        Ok(())
    }
}

fn open(path: &Path) -> Pipeline {
    Pipeline::new(Some(Arc::new(Store::open(path).unwrap())), options())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whichever way a conversation goes, turn by turn: what was sent for an item is what is sent for it ever after.
    #[test]
    fn what_was_sent_stays_sent_by_any_wire(
        turns in turns(), alternates: bool, renumbers: bool, direct in 0..3_usize, pastes: bool,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let manners = Manners { alternates, renumbers, direct };
        let asked = if pastes { records(0, 60) } else { "look".to_owned() };
        let mut talk = Talk { items: Vec::new(), seen: BTreeMap::new(), fresh: Vec::new() };
        talk.push(json!({"role": "user", "content": asked}), true);
        let (mut current, mut is_connected) = (open(&path), false);
        for (number, turn) in turns.iter().enumerate() {
            if number < manners.direct {
                // The provider sees everything as it is.
                talk.go_on(number, turn, manners);
                let places = std::mem::take(&mut talk.fresh);
                talk.seen.extend(places.into_iter().map(|place| (place, talk.items[place].clone())));
                continue;
            }
            if turn.restarts {
                (current, is_connected) = (open(&path), false);
            }
            let calls = talk.go_on(number, turn, manners);
            // The response is one to a request of this proxy's.
            if is_connected {
                respond(&current, &calls);
            }
            let whole: Vec<_> = (0..talk.items.len()).collect();
            let places = if turn.goes_whole || !is_connected { whole.clone() } else { talk.fresh.clone() };
            talk.send(&current, &places, turn)?;
            if turn.is_lost {
                let again = Turn { offers_retrieval: !turn.offers_retrieval, ..turn.clone() };
                talk.send(&current, &places, &again)?;
                talk.send(&current, &whole, &again)?;
            }
            (talk.fresh, is_connected) = (Vec::new(), true);
            if turn.compacts {
                talk.send(&current, &whole, turn)?;
                talk.items.truncate(1);
                talk.seen.retain(|place, _| *place == 0);
                talk.push(json!({"type": "compaction", "encrypted_content": "x"}), false);
                talk.push(json!({"role": "user", "content": "go on"}), true);
                is_connected = false;
            }
        }
    }
}
