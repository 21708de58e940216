//! A hash over what was said before a text that has no id of its own.
//!
//! It must not change while the conversation only grows, so what clients change from turn to turn does not count.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json_text;

/// Values this deep count by their bytes, which bounds the recursion. No client puts a cache mark there.
const DEEPEST: usize = 16;

/// Hashes `value` without the members called one of `ignored`, at any depth.
pub(crate) fn hash_value(
    hasher: &mut blake3::Hasher,
    value: &RawValue,
    ignored: &[&str],
) -> Result<(), serde_json::Error> {
    hash_within(hasher, value, ignored, 0)
}

fn hash_within(
    hasher: &mut blake3::Hasher,
    value: &RawValue,
    ignored: &[&str],
    depth: usize,
) -> Result<(), serde_json::Error> {
    match value.get().as_bytes()[0] {
        _ if depth == DEEPEST => {
            hasher.update(value.get().as_bytes());
        }
        b'{' => {
            hasher.update(b"{");
            let Members(members) = serde_json::from_str(value.get())?;
            for (key, value) in members.iter().filter(|(key, _)| !ignored.contains(&key.as_ref())) {
                hasher.update(key.as_bytes()).update(b"\0");
                hash_within(hasher, value, ignored, depth + 1)?;
            }
            hasher.update(b"}");
        }
        b'[' => {
            hasher.update(b"[");
            let values: Vec<&RawValue> = serde_json::from_str(value.get())?;
            for value in values {
                hash_within(hasher, value, ignored, depth + 1)?;
            }
            hasher.update(b"]");
        }
        b'"' => match json_text::decode(value.get()) {
            Some(text) => {
                hasher.update(b"s").update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            }
            None => {
                hasher.update(value.get().as_bytes());
            }
        },
        _ => {
            hasher.update(value.get().as_bytes());
        }
    }
    Ok(())
}

/// The members of an object in their order, duplicates included.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
