//! The forms of JSON texts, and that each says what the text said.

use proptest::prelude::*;

use super::*;
use crate::compress::Context;
use crate::compress::json::style::Style;

const HANDLE: &str = "3f9c2a71d04be586";

fn forms_of(text: &str, first_line: Option<usize>) -> Vec<Form> {
    let context = Context { retrievable: true, ..Context::of(HANDLE) };
    Json.forms(&Input { first_line, ..Input::of(text, Kind::Json, &context) })
}

fn form_of(text: &str) -> Form {
    forms_of(text, None).into_iter().next().expect("a form")
}

fn issues(count: usize) -> serde_json::Value {
    (0..count)
        .map(|n| {
            serde_json::json!({
                "number": n, "title": format!("Bug {n}"), "state": "open",
                "user": {"login": format!("user{n}"), "site_admin": false},
                "labels": if n % 2 == 0 { vec!["bug"] } else { Vec::new() },
                "assignee": if n % 3 == 0 { serde_json::json!({"login": "ada"}) } else { serde_json::Value::Null },
            })
        })
        .collect()
}

#[test]
fn a_list_of_objects_becomes_a_table() {
    let text = serde_json::to_string_pretty(&issues(4)).unwrap();
    let form = form_of(&text);
    let (legend, table) = form.text.split_once('\n').unwrap();
    let delimiter = if legend.contains("split by tabs") {
        "\t"
    } else if legend.contains("split by `|`") {
        "|"
    } else {
        ","
    };
    assert_eq!(
        table.replace(delimiter, "|"),
        "[\n\
         in every row: after number: state=open; after user.login: user.site_admin=false\n\
         assignee|assignee.login|labels|number|title|user.login\n\
         |ada|[\"bug\"]|0|Bug 0|user0\n\
         null||[]|1|Bug 1|user1\n\
         null||[\"bug\"]|2|Bug 2|user2\n\
         |ada|[]|3|Bug 3|user3\n\
         ]"
    );
    assert_eq!(form.loss, Loss::None);
    assert_eq!(read(&form.text).unwrap().text, Some(text));
}

#[test]
fn every_layout_is_told_exactly() {
    let value = issues(12);
    let compact = serde_json::to_string(&value).unwrap();
    let spaced = compact.replace("\":", "\": ").replace(",\"", ", \"").replace("},{", "}, {");
    let pretty = serde_json::to_string_pretty(&value).unwrap();
    let rows: Vec<String> = value.as_array().unwrap().iter().map(ToString::to_string).collect();
    let lines = format!("{}\n", rows.join("\n"));
    for text in [compact, spaced, pretty.clone(), format!("{pretty}\n"), lines.clone(), lines.trim_end().to_owned()] {
        let form = form_of(&text);
        assert_eq!(form.loss, Loss::None, "{text}");
        assert_eq!(read(&form.text).unwrap().text, Some(text));
    }
}

#[test]
fn a_layout_of_no_writer_is_said_to_be_lost() {
    let text = serde_json::to_string_pretty(&issues(12)).unwrap().replacen("  ", "   ", 1).replace("[]", "[ ]");
    let form = form_of(&text);
    assert_eq!(form.loss, Loss::Layout);
    assert!(form.text.lines().next().unwrap().ends_with("; exact text: headroom retrieve 3f9c2a71d04be586]"));
}

#[test]
fn a_list_that_was_cut_off_keeps_its_ends() {
    let whole = serde_json::to_string_pretty(&serde_json::json!({"next": null, "items": issues(20)})).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    for (from, to) in [(0, 90), (7, 90), (7, lines.len())] {
        let page = lines[from..to].join("\n");
        let form = forms_of(&page, Some(from + 1)).remove(0);
        assert_eq!(form.loss, Loss::None);
        // What begins with its bracket is told from there on.
        let first_line = format!("\n{}\t{}\n", from + 1, lines[from]);
        assert_eq!(form.text.contains(&first_line), from > 0, "{}", form.text);
        if to < lines.len() && from > 0 {
            assert!(form.text.ends_with(&format!("\n{to}\t{}", lines[to - 1])), "{}", form.text);
        }
        assert_eq!(read(&form.text).unwrap().text, Some(page));
    }
    let compact = serde_json::to_string(&issues(20)).unwrap();
    let cut = &compact[..compact.len() - 100];
    assert_eq!(read(&form_of(cut).text).unwrap().text.as_deref(), Some(cut));
}

#[test]
fn a_page_of_an_object_keeps_its_ends() {
    let packages: serde_json::Map<String, serde_json::Value> = (0..20)
        .map(|n| (format!("node_modules/p{n:02}"), serde_json::json!({"version": n, "engines": {"node": ">=18"}})))
        .collect();
    let whole = serde_json::to_string_pretty(&serde_json::json!({"name": "x", "packages": packages})).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    for (from, to) in [(0, 90), (8, 90), (8, lines.len())] {
        let page = lines[from..to].join("\n");
        let form = form_of(&page);
        assert!(
            form.text.contains("{\nin every row: engines.node=\">=18\"\n(key)")
                || form.text.contains("{\nin every row: engines.node=>=18\n(key)"),
            "{}",
            form.text
        );
        assert_eq!(read(&form.text).unwrap().text, Some(page));
    }
}

#[test]
fn lines_of_json_that_were_cut_off_keep_their_end() {
    let rows: Vec<String> = issues(20).as_array().unwrap().iter().map(ToString::to_string).collect();
    let text = rows.join("\n");
    let cut = &text[..text.len() - 30];
    let form = form_of(cut);
    assert!(form.text.ends_with(&format!("]\n\n{}", cut.lines().last().unwrap())), "{}", form.text);
    assert_eq!(read(&form.text).unwrap().text.as_deref(), Some(cut));
    let followed = format!("{}\nwarning: 3 more\n", serde_json::to_string_pretty(&issues(20)).unwrap());
    assert_eq!(read(&form_of(&followed).text).unwrap().text, Some(followed));
}

#[test]
fn json_in_a_string_is_opened() {
    let inner = serde_json::to_string_pretty(&issues(10)).unwrap();
    let text = serde_json::json!({"content": [{"type": "text", "text": inner}]}).to_string();
    let form = form_of(&text);
    assert!(form.text.contains("string_of([\n"), "{}", form.text);
    assert_eq!(read(&form.text).unwrap().text, Some(text));
}

#[test]
fn a_map_of_objects_becomes_a_table_with_its_keys() {
    let member =
        |n: usize| format!(r#""@scope/p.{n}":{{"version":"{n}","resolved":"https://packages.example/p/{n}.tgz"}}"#);
    let text = format!(r#"{{"dependencies":{{{}}}}}"#, (0..20).map(member).collect::<Vec<_>>().join(","));
    let form = form_of(&text);
    let commas = form.text.replace(['|', '\t'], ",");
    assert!(
        commas.contains("{\n(key),version,resolved\n@scope/p.0,\"0\",https://packages.example/p/0.tgz\n"),
        "{commas}"
    );
    assert_eq!(read(&form.text).unwrap().text, Some(text));
}

#[test]
fn wide_rows_take_several_lines() {
    let row = |n: usize| -> String {
        let members: Vec<String> = (0..70).map(|key| format!("\"k{key}\":{}", n * 100 + key)).collect();
        format!("{{{}}}", members.join(","))
    };
    let text = format!("[{}]", (0..5).map(row).collect::<Vec<_>>().join(","));
    let form = form_of(&text);
    assert!(form.text.lines().all(|line| line.matches([',', '|', '\t']).count() < 30), "{}", form.text);
    assert_eq!(read(&form.text).unwrap().text, Some(text));
}

#[test]
fn missing_null_and_empty_stay_apart() {
    let text = r#"[{"a":"","b":1,"x":[]},{"a":null,"b":2,"x":{}},{"b":3,"x":{"y":null}},{"a":"null","b":4},{"a":" ","b":5},{"a":"12","b":6}]"#;
    let (node, _) = parse::value(text, 0).unwrap();
    let table = table::write(&node, ',').unwrap().text;
    assert_eq!(table, "a,b,x\n\"\",1,[]\nnull,2,{}\n,3,{\"y\":null}\n\"null\",4\n\" \",5\n\"12\",6");
    assert_eq!(table::read(&table, ','), Some(node));
}

#[test]
fn what_is_no_json_is_declined() {
    for text in ["", "plain", "{\"a\":", "{a: 1}", "[INFO] x\n[INFO] y", "12 13"] {
        assert_eq!(forms_of(text, None), [], "{text}");
    }
}

#[test]
fn records_are_told_from_a_config() {
    assert!(is_list(&issues(12).to_string(), 10));
    assert!(is_list(&serde_json::json!({"items": issues(12), "next": null}).to_string(), 10));
    assert!(!is_list(&issues(3).to_string(), 10));
    assert!(!is_list(r#"{"name":"x","scripts":{"a":"b"},"files":["a","b"]}"#, 10));
}

/// JSON text whose lists of objects share their keys for the most part.
fn json() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        4 => prop::sample::select(vec!["id", "name", "a.b", "a", "b", "x y", "", "é", "in every row: ", "(key)"]).prop_map(str::to_owned),
        1 => "[a-c.\",\\\\ |=;:]{0,4}",
    ];
    let text = prop_oneof![
        prop::sample::select(vec![
            "",
            "null",
            "true",
            "12",
            "1e5",
            " x",
            "x ",
            "a,b",
            "a|b",
            "]",
            "{",
            "whole object: {}",
            "a\nb",
            "é\u{2028}",
            "[{\"a\":1}]",
            "; after a: b",
            "string_of("
        ])
        .prop_map(str::to_owned),
        ".{0,8}",
    ]
    .prop_map(|text| serde_json::to_string(&text).unwrap());
    let scalar = prop_oneof![
        3 => text,
        2 => prop::sample::select(vec!["null", "true", "false", "0", "-1.50", "123456789012345678901234567890", "1E+2", "\"\\u00e9\"", "\"\\ud800\""])
            .prop_map(str::to_owned),
    ];
    let member_key = key.clone();
    let object = move |value: BoxedStrategy<String>| {
        prop::collection::vec((member_key.clone(), value), 0..5).prop_map(|members| {
            let members: Vec<String> = members
                .into_iter()
                .map(|(key, value)| format!("{}:{value}", serde_json::to_string(&key).unwrap()))
                .collect();
            format!("{{{}}}", members.join(","))
        })
    };
    scalar.boxed().prop_recursive(4, 60, 8, move |inner| {
        let uniform = (
            prop::collection::vec(key.clone(), 1..5),
            prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, inner.clone()), 5), 3..7),
        )
            .prop_map(|(keys, rows)| {
                let rows: Vec<String> = rows
                    .into_iter()
                    .map(|cells| {
                        let members: Vec<String> = keys
                            .iter()
                            .zip(cells)
                            .filter_map(|(key, cell)| {
                                Some(format!("{}:{}", serde_json::to_string(key).unwrap(), cell?))
                            })
                            .collect();
                        format!("{{{}}}", members.join(","))
                    })
                    .collect();
                format!("[{}]", rows.join(","))
            });
        prop_oneof![
            4 => uniform,
            2 => object(inner.clone().boxed()),
            1 => prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(","))),
        ]
    })
}

proptest! {
    #[test]
    fn every_layout_reads_back(text in json(), style in prop::sample::select(vec![Style::Compact, Style::Spaced, Style::Indented(2), Style::Tabbed])) {
        let (node, end) = parse::value(&text, 0).unwrap();
        prop_assert_eq!(end, text.len());
        let mut laid_out = String::new();
        style::write(&node, style, 0, &mut laid_out);
        for delimiter in DELIMITERS {
            let mut uses = Uses::default();
            let mut written = String::new();
            document::write(&node, delimiter, &mut uses, &mut written);
            prop_assert_eq!(document::read(&written, delimiter), Some((node.clone(), "")), "{}", written);
            if let Some(table) = table::write(&node, delimiter) {
                prop_assert_eq!(table::read(&table.text, delimiter), Some(node.clone()), "{}", table.text);
            }
        }
        if let Some(form) = forms_of(&laid_out, None).first() {
            prop_assert_eq!(form.loss, Loss::None);
            let read = read(&form.text).unwrap();
            prop_assert_eq!(read.text.as_deref(), Some(laid_out.as_str()));
        }
    }

    #[test]
    fn a_cut_at_any_place_reads_back(text in json(), from in 0usize..200, to in 0usize..400, first in prop::option::of(1usize..9)) {
        let (node, _) = parse::value(&text, 0).unwrap();
        let mut pretty = String::new();
        style::write(&node, Style::Indented(2), 0, &mut pretty);
        let chars: Vec<char> = pretty.chars().collect();
        let cut: String = chars.iter().skip(from).take(to).collect();
        let lines: String = format!("{text}\n{text}\n{text}\n").chars().take(to * 2).collect();
        for text in [cut, lines] {
            for form in forms_of(&text, first) {
                let read = read(&form.text).unwrap();
                prop_assert_eq!(read.text, (form.loss == Loss::None).then_some(text.clone()));
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}\",:a1\\\\ \n\r\té-]{0,60}") {
        for form in forms_of(&text, Some(1)) {
            prop_assert!(read(&form.text).is_some());
        }
    }
}
