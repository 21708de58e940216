//! What becomes of documents of elements, and that forms read back.

use proptest::prelude::*;

use super::*;
use crate::compress::Context;

const HANDLE: &str = "3f9c2a71d04be586";

const REPORT: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<testsuites>
<testsuite name="pytest" tests="8" failures="1">
<testcase classname="tests.a" name="one" time="0.1" />
<testcase classname="tests.a" name="two" time="0.2" />
<testcase classname="tests.a" name="three" time="0.3" />
<testcase classname="tests.a" name="four" time="0.4" />
<testcase classname="tests.a" name="five[a &gt; b]" time="0.5" />
<testcase classname="tests.a" name="six" time="0.6"><failure message="assert 1 == 2">tests/a.py:7: AssertionError
</failure></testcase>
<testcase classname="tests.a" name="seven" time="0.7" />
</testsuite>
</testsuites>
"#;

#[test]
fn passed_tests_are_rows_and_the_failure_stands_as_it_was() {
    let form = encode(REPORT).unwrap();
    let expected = "\n5 times this line, with the values below for {}:\n\
        <testcase classname=\"tests.a\" name=\"{}\" time=\"{}\" />\none | 0.1\ntwo | 0.2\nthree | 0.3\nfour | 0.4\n\
        five[a &gt; b] | 0.5\n<testcase classname=\"tests.a\" name=\"six\" time=\"0.6\"><failure message=\"assert 1 == 2\">\
        tests/a.py:7: AssertionError\n</failure></testcase>\n";
    assert!(form.contains(expected), "{form}");
    assert_eq!(decode(&form).as_deref(), Some(REPORT));
}

#[test]
fn who_asks_for_failures_gets_no_passed_tests_but_the_named_one() {
    let hints = ["two".to_owned()];
    let context = Context { seeks_failures: true, retrievable: true, ..Context::of(HANDLE) };
    let forms = Xml.forms(&Input::of(REPORT, Kind::Xml, &context));
    let gap = marker::gap(&(4..=8), "5 passed test cases", HANDLE);
    assert!(
        forms
            .last()
            .unwrap()
            .text
            .contains(&format!("failures=\"1\">\n{gap}\n<testcase classname=\"tests.a\" name=\"six\""))
    );
    let named = Context { hints: &hints, ..context };
    assert!(Xml.forms(&Input::of(REPORT, Kind::Xml, &named)).iter().all(|form| form.text.contains("two")));
    let suppressed = REPORT.replace("<testcase ", "<testcase status=\"notrun\" ");
    let forms = Xml.forms(&Input::of(&suppressed, Kind::Xml, &context));
    assert!(forms.iter().all(|form| form.loss < Loss::Content));
}

#[test]
fn records_of_several_lines_become_rows() {
    let record = |n| {
        format!("  <url>\r\n    <loc>https://x.io/{n}</loc>\r\n    <lastmod>2026-11-2{n}</lastmod>\r\n  </url>\r\n")
    };
    let text = format!("<urlset>\r\n{}</urlset>", (0..6).map(record).collect::<String>());
    let form = encode(&text).unwrap();
    assert!(form.contains("6 times these 4 lines, with the values below for {}:\n"), "{form}");
    assert!(form.contains("\nhttps://x.io/3 | 2026-11-23\n"));
    assert_eq!(decode(&form), Some(text));
}

#[test]
fn a_report_in_one_line_is_broken_at_its_tags() {
    let text = REPORT.replace(">\n<", "><");
    let form = encode(&text).unwrap();
    assert!(form.contains(BROKEN) && form.contains("\nthree | 0.3\n"), "{form}");
    assert_eq!(decode(&form), Some(text));
}

#[test]
fn indentation_goes_and_text_stays() {
    let text = "<a>\n    <b>\n  text\n    </b>\n</a>\n";
    let context = Context { retrievable: true, ..Context::of(HANDLE) };
    let form = without_indent(&Input::of(text, Kind::Xml, &context)).unwrap();
    assert!(form.ends_with("]\n<a>\n<b>\n  text\n</b>\n</a>\n"), "{form}");
    assert_eq!(without_indent(&Input::of("<a>\n <![CDATA[\n <b>]]></a>", Kind::Xml, &context)), None);
}

#[test]
fn pages_prose_and_markup_of_other_kinds_are_no_xml() {
    assert!(looks_like(REPORT) && looks_like("<project>\n<a>1</a>\n</project>"));
    for text in [
        "",
        "<",
        "<é",
        "<1% of all\n>",
        "<title> and so on",
        "a <b> c </b>",
        "<a",
        "<div>\nsome words\nmore words\n</div>",
    ] {
        assert!(!looks_like(text), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_offered_reads_back(text in "((  )?<(a|b x=\"[a-z|{} ]{0,3}\" y='[0-9]'|/a|/b|!--|!\\[CDATA\\[)( ?/)?>|[a-z|]{1,3}|\n|\r\n| \\| |\\{\\}|é|4 times this line, with the values below for \\{\\}:){0,60}", times in 1usize..9) {
        let text = text.repeat(times);
        if let Some(form) = encode(&text) {
            prop_assert_eq!(decode(&form), Some(text.clone()));
        }
        let context = Context { seeks_failures: true, retrievable: true, ..Context::of(HANDLE) };
        let _ = Xml.forms(&Input::of(&text, Kind::Xml, &context));
        let _ = looks_like(&text);
    }
}

#[test]
fn a_test_case_that_may_have_failed_is_not_counted_as_passed() {
    assert!(is_passed(r#"  <testcase name="a" classname="x.y" status="run" result="completed" time="0.1"/>"#));
    for told in [r#"status="notrun""#, r#"success="False""#, r#"result="failed""#, r#"disabled="true""#, "odd"] {
        assert!(!is_passed(&format!(r#"<testcase name="status=&quot;passed&quot;" {told} />"#)), "{told}");
    }
}
