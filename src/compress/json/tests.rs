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
        |n: usize| format!(r#""@scope/p.{n}":{{"version":"{n}","resolved":"https://packages.example/{n}.tgz"}}"#);
    let text = format!(r#"{{"dependencies":{{{}}}}}"#, (0..20).map(member).collect::<Vec<_>>().join(","));
    let form = form_of(&text);
    let commas = form.text.replace(['|', '\t'], ",");
    assert!(
        commas.contains("{\n(key),version,resolved\n@scope/p.0,\"0\",https://packages.example/0.tgz\n"),
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

fn contents(context: &Context, text: &str) -> Vec<Form> {
    Json.forms(&Input::of(text, Kind::Json, context))
}

#[test]
fn a_text_in_a_string_is_read_below() {
    let log = (0..12).map(|n| format!("step {n}: \"{n}\"\tC:\\\\x\n")).collect::<Vec<_>>().concat();
    for (log, end) in [(log.as_str(), ""), (log.trim_end(), ", no newline at its end")] {
        let text = serde_json::json!({"stdout": log, "exit_code": 0}).to_string();
        let form = form_of(&text);
        let expected = format!(
            "{{\"exit_code\":0,\"stdout\":(text 1)}}\n--- text 1, 12 lines{end}\n{}",
            log.strip_suffix('\n').unwrap_or(log)
        );
        assert_eq!(form.text.split_once('\n').unwrap().1, expected);
        assert_eq!((form.loss, read(&form.text).unwrap().text), (Loss::None, Some(text)));
    }
}

#[test]
fn escapes_of_other_writers_are_told() {
    let lines = |word: &str| (0..20).map(|n| format!("{n} {word}:\\t\\\"x\\\"\\n")).collect::<Vec<_>>().concat();
    for (word, said) in [
        ("caf\\u00e9 \\ud83d\\ude00", ", non-ASCII was escaped"),
        ("\\u003cb\\u003e", ", <>& were escaped"),
        ("café", ""),
    ] {
        let text = format!("{{\"a\":\"{}\",\"b\":1}}", lines(word));
        let form = form_of(&text);
        assert!(form.text.contains(&format!("\n--- text 1, 20 lines{said}\n0 ")), "{}", form.text);
        assert_eq!(read(&form.text).unwrap().text, Some(text));
    }
    // Mixed escapes are nobody's: the string stays in its place.
    let text = format!("{{\"a\":\"{}\",\"b\":[1, 2]}}", lines("\\u00e9 é"));
    assert!(!form_of(&text).text.contains("(text 1)"));
}

#[test]
fn a_log_in_a_string_is_shortened_with_lines_of_its_own() {
    let passed = (0..90).map(|n| format!("test account::tests::case_{n} ... ok\n")).collect::<Vec<_>>().concat();
    let log = format!("running 91 tests\n{passed}test late ... FAILED\n\nerror: test failed\n");
    let text = serde_json::to_string_pretty(&serde_json::json!({"id": 1, "log": {"stdout": log}})).unwrap();
    let profile = crate::compress::Profile::AGGRESSIVE;
    let context = Context { retrievable: true, seeks_failures: true, profile, ..Context::of(HANDLE) };
    let forms = contents(&context, &text);
    let form = forms.iter().find(|form| form.loss == Loss::Content).expect("a form that leaves lines out");
    assert!(form.text.contains("[headroom: text 1, left out: its lines 2-91 ("), "{}", form.text);
    assert!(marker::find(&form.text).iter().all(|found| found.lines.is_none() && found.handle == HANDLE));
    assert!(form.text.contains("test late ... FAILED"));
    assert!(contents(&Context::of(HANDLE), &text).iter().all(|form| form.loss < Loss::Content));
}

#[test]
fn what_is_said_again_stands_once() {
    let license: serde_json::Value = serde_json::json!({"key": "apache-2.0", "name": "Apache License 2.0", "url": "https://licenses.example/apache-2.0",
            "permissions": ["commercial-use", "modifications", "distribution", "patent-use", "private-use"],
            "body": "Licensed under the Apache License, Version 2.0; you may not use this file except in compliance."});
    let text =
        serde_json::json!({"a": {"x": 1, "license": license}, "b": [license, 2], "c": "x", "d": {"own": license}})
            .to_string();
    let form = forms_of(&text, None).into_iter().last().unwrap();
    assert_eq!(form.text.matches("Licensed under").count(), 1);
    assert!(form.text.contains("\"license\":(value 1)") && form.text.contains("\n--- value 1: {"), "{}", form.text);
    assert_eq!(read(&form.text).unwrap().text, Some(text));
}

#[test]
fn a_repeated_path_in_a_column_is_said_once_a_run() {
    let row = |n: usize| serde_json::json!({"file": format!("src/long/path/to/module_{}.rs", n / 6), "line": n * 7});
    let text = (0..30).map(row).collect::<serde_json::Value>().to_string();
    let form = form_of(&text);
    assert_eq!(form.text.matches("module_2.rs").count(), 1);
    assert_eq!(form.text.matches("\n^").count(), 25, "{}", form.text);
    assert_eq!(read(&form.text).unwrap().text, Some(text));
}

#[test]
fn a_document_that_was_cut_off_is_closed() {
    let readme = (0..40).map(|n| format!("line {n} of the readme\n")).collect::<Vec<_>>().concat();
    let whole = serde_json::to_string_pretty(&serde_json::json!({"items": issues(9), "readme": readme})).unwrap();
    for end in [400, 900, whole.len() - 300, whole.len() - 2] {
        for head in ["", "npm warn config\nnpm warn deprecated\n"] {
            let text = format!("{head}{}", &whole[..end]);
            let form = form_of(&text);
            assert!(form.text.contains("closing brackets added"), "{}", form.text);
            assert_eq!(read(&form.text).unwrap().text, Some(text));
        }
    }
}

#[test]
fn values_one_behind_the_other_are_told_apart() {
    let rows: Vec<String> = issues(9).as_array().unwrap().iter().map(ToString::to_string).collect();
    let pretty: Vec<String> =
        issues(9).as_array().unwrap().iter().map(|row| serde_json::to_string_pretty(row).unwrap()).collect();
    for text in
        [rows.concat(), rows.join("\r\n"), rows.join("\n\n"), rows.join(" "), pretty.join("\n"), pretty.concat()]
    {
        let form = form_of(&text);
        assert!(form.text.len() < text.len());
        assert_eq!((form.loss, read(&form.text).unwrap().text), (Loss::None, Some(text)));
    }
}

#[test]
fn base64_keeps_its_beginning() {
    let run = "iVBORw0KGgo5AAANSUhEUg8AACAAzAg4".repeat(40);
    let text = serde_json::json!({"name": "logo.png", "data": format!("data:image/png;base64,{run}")}).to_string();
    let forms = forms_of(&text, None);
    let form = forms.last().unwrap();
    assert_eq!(form.loss, Loss::Content);
    assert!(
        form.text.contains("data:image/png;base64,iVBORw0KGgo5AAANSUhEUg8AACAAzAg4...(1248 more)"),
        "{}",
        form.text
    );
    assert_eq!(marker::find(&form.text).len(), 1);
}

#[test]
fn rows_go_only_where_a_budget_asks_for_it() {
    let text = issues(200).to_string();
    let with = |budget| Context { retrievable: true, budget, ..Context::of(HANDLE) };
    assert!(contents(&with(None), &text).iter().all(|form| form.loss == Loss::None));
    assert!(contents(&with(Some(100_000)), &text).iter().all(|form| form.loss == Loss::None));
    let forms = contents(&with(Some(700)), &text);
    let form = forms.last().unwrap();
    assert_eq!(form.loss, Loss::Content);
    assert!(tokens::count(&form.text) <= 700, "{}", form.text);
    assert!(form.text.contains(" of 200 rows (kept are rows 1-2, "), "{}", form.text);
    assert!(
        contents(&Context { retrievable: false, ..with(Some(700)) }, &text).iter().all(|form| form.loss == Loss::None)
    );
}

#[test]
fn a_very_deep_text_does_no_harm() {
    for text in ["[".repeat(5000) + &"]".repeat(5000), "{\"a\":".repeat(5000), "[{\"a\":".repeat(5000) + "1"] {
        assert!(forms_of(&text, None).iter().all(|form| read(&form.text).is_some()));
    }
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
    fn texts_and_repeated_values_read_back(
        lines in prop::collection::vec("[ -~]{0,12}|é\u{2028}😀<&>|--- text 1, 3 lines|\u{1b}\\[31mx|\r", 4..40),
        value in json(), wrap in prop::sample::select(vec![false, true]), pretty in any::<bool>(), end in 0usize..400,
    ) {
        let text = lines.join("\n");
        let inner = format!("{{\"v\":{value},\"log\":{}}}", serde_json::to_string(&text).unwrap());
        let inner = if wrap { format!("{{\"text\":{}}}", serde_json::to_string(&inner).unwrap()) } else { inner };
        let whole = format!("[{inner},{{\"again\":{value},\"also\":{value}}},{inner}]");
        let (node, _) = parse::value(&whole, 0).unwrap();
        let mut laid_out = String::new();
        style::write(&node, if pretty { Style::Indented(2) } else { Style::Spaced }, 0, &mut laid_out);
        let cut: String = laid_out.chars().take(laid_out.chars().count().saturating_sub(end)).collect();
        for text in [laid_out, cut] {
            for form in forms_of(&text, None) {
                let read = read(&form.text).unwrap();
                if form.loss == Loss::None && !form.text.contains(", shown in ") {
                    prop_assert_eq!(read.text, Some(text.clone()));
                }
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

#[test]
fn a_rare_key_stands_where_it_stood() {
    let mut rows: Vec<serde_json::Value> =
        (0..20).map(|n| serde_json::json!({"a": n, "b": "same", "d": format!("+x={n}"), "e": n * 3})).collect();
    rows[3]["c"] = serde_json::json!({"why": [1]});
    rows[5]["z z"] = serde_json::json!("+1 555");
    rows[9]["A"] = serde_json::json!("first");
    let text = serde_json::to_string(&rows).unwrap();
    let form = form_of(&text);
    assert_eq!(form.loss, Loss::None);
    assert_eq!(read(&form.text).unwrap().text, Some(text));
    for cell in ["+c={\"why\":[1]}", "+\"z z\"=+1 555", "+A=first", "\"+x=3\""] {
        assert!(form.text.contains(cell), "{}", form.text);
    }
}

fn packages(depth: usize, n: usize) -> serde_json::Value {
    let package = |at: usize| {
        let mut package = serde_json::json!({"version": format!("{depth}.{at}.0"), "overridden": at == 1});
        if depth < 3 && at < 2 {
            package["dependencies"] = packages(depth + 1, n);
        }
        if depth == 0 && at == 2 {
            package["dependencies"] = serde_json::json!({});
        }
        (format!("p{depth}-{at}"), package)
    };
    (0..n).map(package).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn alike_objects_inside_each_other_are_indented_rows() {
    let text =
        serde_json::to_string_pretty(&serde_json::json!({"name": "shop", "dependencies": packages(0, 4)})).unwrap();
    let form = form_of(&text);
    assert_eq!(form.loss, Loss::None);
    assert_eq!(read(&form.text).unwrap().text, Some(text));
    for lines in [
        "{\ntree of dependencies, which stood first\n(key),overridden,version\n",
        "\np0-1,true,0.1.0",
        "\n      p3-3,false,3.3.0",
        "+dependencies={}",
    ] {
        assert!(form.text.contains(lines), "{}", form.text);
    }
}

#[test]
fn folders_in_lists_are_indented_rows() {
    let file = |name: &str| serde_json::json!({"name": name, "type": "file"});
    let folder = |name: &str, inside: serde_json::Value| serde_json::json!({"name": name, "type": "directory", "children": inside});
    let link = |name: &str| serde_json::json!({"name": name, "type": "link"});
    let demo = folder("demo", serde_json::json!([link("all.rs"), file("mod.rs"), file("steps.rs")]));
    let cli = folder("cli", serde_json::json!([file("args.rs"), demo, file("mod.rs"), link("wrap.rs")]));
    let src = folder("src", serde_json::json!([file("lib.rs"), cli, file("main.rs")]));
    let text =
        serde_json::to_string_pretty(&serde_json::json!([src, folder("old", serde_json::json!([])), file(" x")]))
            .unwrap();
    let form = form_of(&text);
    assert_eq!(read(&form.text).unwrap().text, Some(text));
    let shown = form.text.replace('\t', ",");
    let rows = "\nsrc,directory\n  lib.rs,file\n  cli,directory\n    args.rs,file\n    demo,directory\n";
    assert!(shown.contains(rows) && shown.contains("\n+children=[],old,directory\n"), "{}", form.text);
    assert!(form.text.contains("tree of x: objects in the x of a row stand below it, indented"), "{}", form.text);
}
