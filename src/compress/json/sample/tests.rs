//! That what is kept is as it was, and that every claim about the rest is true.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::summary::{Claim, claims};
use super::*;
use crate::compress::json::parse;

fn nodes(rows: &[Value]) -> Vec<Node<'static>> {
    rows.iter().map(|row| parse::value(&row.to_string(), 0).unwrap().0.into_owned()).collect()
}

fn requests() -> Vec<Value> {
    (0..200)
        .map(|n| {
            let ms = if n == 77 { 9000 } else { 20 + n % 7 };
            let status = match n {
                120 => "teapot",
                150 => "failed",
                _ => "ok",
            };
            json!({"id": n, "path": format!("/items/{n}"), "ms": ms, "status": status, "level": if n < 100 { 1 } else { 50 }})
        })
        .collect()
}

#[test]
fn errors_ends_outliers_changes_rare_values_and_hints_are_kept() {
    let rows = nodes(&requests());
    let kept = kept(&rows, &["/items/33\"".to_owned()], 2);
    let places: Vec<usize> = (0..rows.len()).filter(|place| kept[*place]).collect();
    for place in [0, 33, 77, 100, 120, 150, 199] {
        assert!(kept[place], "{place}: {places:?}");
    }
    assert!(places.len() < 20, "{places:?}");
}

#[test]
fn the_summary_tells_what_the_rows_left_out_say() {
    let rows = nodes(&requests());
    let sampled = of(&rows, true, &[], 2).unwrap();
    assert!(sampled.left_out.contains(" of 200 rows (kept are rows 1, "), "{}", sampled.left_out);
    let status = format!("status \"ok\" ×{}", 200 - sampled.nodes.len());
    assert!(sampled.left_out.contains(&status), "{}", sampled.left_out);
    assert!(sampled.left_out.contains("; ms 2"), "{}", sampled.left_out);
    assert!(sampled.left_out.contains("id 1 to 198"), "{}", sampled.left_out);
}

#[test]
fn a_short_list_stays_whole() {
    assert!(of(&nodes(&requests()[..7]), true, &[], 1).is_none());
}

fn row() -> impl Strategy<Value = Value> {
    let status = prop_oneof![20 => Just("ok"), 2 => Just("slow"), 1 => Just("failed")];
    (any::<i16>(), status, prop::option::of(0..9u8), "[a-z]{0,3}", any::<bool>()).prop_map(
        |(number, status, some, word, nested)| {
            let mut row = json!({"n": number, "status": status, "word": word});
            if let Some(some) = some {
                row["some"] = if nested { json!({"x": some}) } else { json!(some) };
            }
            row
        },
    )
}

proptest! {
    #[test]
    fn kept_rows_are_verbatim_in_order_and_every_claim_is_true(rows in prop::collection::vec(row(), 8..80), most in 1usize..6) {
        let items = nodes(&rows);
        let kept = kept(&items, &[], most);
        if let Some(sampled) = of(&items, true, &[], most) {
            let expected: Vec<_> = items.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(item, _)| item.clone()).collect();
            prop_assert_eq!(sampled.nodes, expected);
        }
        for (row, kept) in rows.iter().zip(&kept) {
            prop_assert!(*kept || row["status"] != "failed");
        }
        let left_out: Vec<&Value> = rows.iter().zip(&kept).filter(|(_, kept)| !**kept).map(|(row, _)| row).collect();
        let left_out_items: Vec<Node> = items.iter().zip(&kept).filter(|(_, kept)| !**kept).map(|(item, _)| item.clone()).collect();
        let columns = columns::of(&left_out_items);
        for claim in claims(&columns) {
            let values = |path: &str| -> Vec<Value> {
                let pointer = format!("/{}", path.replace('.', "/"));
                left_out.iter().filter_map(|row| row.pointer(&pointer)).filter(|value| !value.is_object()).cloned().collect()
            };
            match claim {
                Claim::Counts { path, counts } => {
                    let values = values(path);
                    prop_assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), values.len());
                    for (value, count) in counts {
                        let parsed: Value = serde_json::from_str(value).unwrap();
                        prop_assert_eq!(values.iter().filter(|other| **other == parsed).count(), count);
                    }
                }
                Claim::Range { path, least, greatest } => {
                    let numbers: Vec<i64> = values(path).iter().map(|value| value.as_i64().unwrap()).collect();
                    prop_assert_eq!(least.parse::<i64>().ok(), numbers.iter().min().copied());
                    prop_assert_eq!(greatest.parse::<i64>().ok(), numbers.iter().max().copied());
                }
            }
        }
    }
}
