//! Strings are found, read and replaced in any JSON text, and nothing else of it moves.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn lexemes(text: &str) -> Vec<&str> {
    strings(text).unwrap().into_iter().map(|span| &text[span]).collect()
}

#[test]
fn keys_are_not_values_even_when_white_space_stands_before_their_colon() {
    assert_eq!(lexemes("{\"k\" \t\r\n: \"v\", \"k\":[\"k\" , {}]}"), ["\"v\"", "\"k\""]);
}

#[test]
fn a_document_may_be_a_single_string_or_hold_none() {
    assert_eq!(lexemes(" \"x\"\n"), ["\"x\""]);
    assert_eq!(lexemes("[1, null, {\"a\": true}]"), Vec::<&str>::new());
}

#[test]
fn structure_inside_a_string_is_text() {
    let text = r#"{"a":"\\","b":"x\": \"y","c":"{\"d\": [\"e\"]}"}"#;
    assert_eq!(lexemes(text), [r#""\\""#, r#""x\": \"y""#, r#""{\"d\": [\"e\"]}""#]);
}

#[test]
fn duplicate_keys_all_have_their_values_found() {
    assert_eq!(lexemes(r#"{"a":"1","a":"2","a":"3"}"#), [r#""1""#, r#""2""#, r#""3""#]);
}

#[test]
fn numbers_of_thirty_digits_survive_a_splice() {
    let text = r#"{"n": 123456789012345678901234567890.12345678901234567890e-7, "s": "old"}"#;
    let spans = strings(text).unwrap();
    let changed = splice(text, &[(spans[0].clone(), "\"new\"")]);
    assert_eq!(changed, text.replace("old", "new"));
}

#[test]
fn five_thousand_levels_of_nesting_are_scanned() {
    let text = format!("{}\"deep\"{}", "[{\"k\":".repeat(2500), "}]".repeat(2500));
    assert_eq!(lexemes(&text), ["\"deep\""]);
}

#[test]
fn a_document_of_fifty_megabytes_is_scanned() {
    let row = format!("{{\"role\":\"user\",\"text\":\"{}\\n\"}},", "line of text ".repeat(80));
    let rows = 50_000_000 / row.len() + 1;
    let text = format!("[{}0]", row.repeat(rows));
    assert!(text.len() > 50_000_000);
    assert_eq!(strings(&text).unwrap().len(), 2 * rows);
}

#[test]
fn what_is_no_json_is_refused() {
    for text in
        ["", "{", "[\"a\"", "{\"a\"}", "[\"a\",]", "\"a", "[\"\\x\"]", "[\"\\u12\"]", "[\"a\nb\"]", "{} {}", "// c\n{}"]
    {
        assert!(strings(text).is_err(), "{text:?}");
    }
}

#[test]
fn escapes_decode_to_what_they_stand_for() {
    assert_eq!(decode(r#""a\"\\\/\b\f\n\r\té""#).unwrap(), "a\"\\/\u{8}\u{c}\n\r\t\u{e9}");
    assert_eq!(decode(r#""\ud83d\ude00""#).unwrap(), "\u{1f600}");
    assert!(matches!(decode("\"plain\""), Some(Cow::Borrowed("plain"))));
}

#[test]
fn a_lone_surrogate_is_found_but_stands_for_no_text() {
    for lexeme in [r#""\ud800""#, r#""\udc00x""#, r#""\ud800A""#, r#""\ud800\ud800""#] {
        assert_eq!(lexemes(&format!("[{lexeme}]")), [lexeme]);
        assert_eq!(decode(lexeme), None, "{lexeme}");
    }
}

#[test]
fn what_is_no_string_does_not_decode() {
    for lexeme in ["", "\"", "1", "a", "\"a", "a\"", "\"a\"b\"", "\"a\nb\"", "\"\\\"", "\"\\q\""] {
        assert_eq!(decode(lexeme), None, "{lexeme}");
    }
}

#[test]
fn a_raw_value_knows_where_it_stands() {
    let text = r#"{"a": [1,  2.50], "b": "é"}"#;
    let map: BTreeMap<&str, &RawValue> = serde_json::from_str(text).unwrap();
    assert_eq!(&text[span_of(text, map["a"])], "[1,  2.50]");
    assert_eq!(&text[span_of(text, map["b"])], "\"é\"");
}

/// A JSON document written with any white space and escapes, and the lexemes of its string values in order.
#[derive(Debug, Clone)]
struct Written {
    text: String,
    strings: Vec<String>,
}

fn white_space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,3}"
}

fn string_lexeme() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-z:,{}\\[\\]/ é日😀\u{2028}]{0,4}",
        1 => Just("\\\"".to_owned()),
        1 => Just("\\\\".to_owned()),
        1 => Just("\\u003a".to_owned()),
        1 => Just("\\ud83d\\ude00".to_owned()),
        1 => Just("\\ud83d".to_owned()),
        1 => Just("\\n".to_owned()),
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn written() -> impl Strategy<Value = Written> {
    let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?";
    let leaf = prop_oneof![
        3 => string_lexeme().prop_map(|lexeme| Written { text: lexeme.clone(), strings: vec![lexeme] }),
        1 => number.prop_map(|text| Written { text, strings: vec![] }),
        1 => prop::sample::select(vec!["true", "false", "null", "[]", "{}"])
            .prop_map(|text| Written { text: text.to_owned(), strings: vec![] }),
    ];
    let tree = leaf.prop_recursive(4, 32, 5, |inner| {
        let element = (white_space(), inner.clone(), white_space());
        let member = (white_space(), string_lexeme(), white_space(), white_space(), inner, white_space());
        prop_oneof![
            prop::collection::vec(element, 0..5).prop_map(|elements| {
                let texts: Vec<String> = elements.iter().map(|(a, value, b)| format!("{a}{}{b}", value.text)).collect();
                let strings = elements.into_iter().flat_map(|(_, value, _)| value.strings).collect();
                Written { text: format!("[{}]", texts.join(",")), strings }
            }),
            prop::collection::vec(member, 0..5).prop_map(|members| {
                let texts: Vec<String> = members
                    .iter()
                    .map(|(a, key, b, c, value, d)| format!("{a}{key}{b}:{c}{}{d}", value.text))
                    .collect();
                let strings = members.into_iter().flat_map(|(_, _, _, _, value, _)| value.strings).collect();
                Written { text: format!("{{{}}}", texts.join(",")), strings }
            }),
        ]
    });
    (white_space(), tree, white_space())
        .prop_map(|(a, value, b)| Written { text: format!("{a}{}{b}", value.text), strings: value.strings })
}

/// Replaces the string number `at` of `value`, which holds no objects: a parsed object has lost its order.
fn set_string(value: &mut Value, at: &mut usize, new: &str) {
    match value {
        Value::String(text) => {
            if *at == 0 {
                new.clone_into(text);
            }
            *at = at.wrapping_sub(1);
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| set_string(element, at, new)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn the_scan_finds_exactly_the_strings_that_were_written(written in written()) {
        prop_assert_eq!(lexemes(&written.text), written.strings);
    }

    #[test]
    fn splicing_nothing_is_the_identity(written in written()) {
        let spans = strings(&written.text).unwrap();
        prop_assert_eq!(&splice(&written.text, &[]), &written.text);
        let same: Vec<(Span, &str)> = spans.into_iter().map(|span| (span.clone(), &written.text[span])).collect();
        prop_assert_eq!(splice(&written.text, &same), written.text);
    }

    #[test]
    fn splicing_one_value_changes_only_its_span(written in written(), pick: prop::sample::Index, new in ".{0,8}") {
        let spans = strings(&written.text).unwrap();
        prop_assume!(!spans.is_empty());
        let at = pick.index(spans.len());
        let span = spans[at].clone();
        let lexeme = encode(&new);

        let changed = splice(&written.text, &[(span.clone(), &lexeme)]);

        prop_assert!(changed.starts_with(&written.text[..span.start]));
        prop_assert!(changed.ends_with(&written.text[span.end..]));
        let mut expected = written.strings.clone();
        expected[at] = lexeme;
        prop_assert_eq!(lexemes(&changed), expected);
    }

    #[test]
    fn the_spliced_document_parses_to_the_intended_change(
        texts in prop::collection::vec(any::<String>(), 1..6), pick: prop::sample::Index, new: String,
    ) {
        let mut value = Value::from(texts.iter().map(|text| serde_json::json!([1.5, [text]])).collect::<Vec<_>>());
        let text = serde_json::to_string_pretty(&value).unwrap();
        let spans = strings(&text).unwrap();
        let mut at = pick.index(spans.len());

        let changed = splice(&text, &[(spans[at].clone(), &encode(&new))]);

        set_string(&mut value, &mut at, &new);
        prop_assert_eq!(serde_json::from_str::<Value>(&changed).unwrap(), value);
    }

    #[test]
    fn decoding_agrees_with_a_parser(lexeme in string_lexeme(), text: String) {
        prop_assert_eq!(decode(&lexeme).map(Cow::into_owned), serde_json::from_str::<String>(&lexeme).ok());
        let encoded = encode(&text);
        prop_assert_eq!(decode(&encoded), Some(Cow::Owned(text)));
    }

    #[test]
    fn what_a_parser_refuses_is_refused(text in "[\\[\\]{}:,\"\\\\a1 \n]{0,12}") {
        prop_assert_eq!(strings(&text).is_ok(), serde_json::from_str::<Value>(&text).is_ok());
    }
}
