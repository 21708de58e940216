//! What a reader of compressed logs would notice, on the output of real tools and on generated logs.

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::compress::search::Search;
use crate::compress::{Context, Profile, ToolCall};

const HANDLE: &str = "3f9c2a71d04be586";

fn forms(compressor: &dyn Compressor, text: &str, command: &[&str], retrievable: bool, hints: &[&str]) -> Vec<Form> {
    let hints: Vec<String> = hints.iter().map(ToString::to_string).collect();
    let command: Vec<String> = command.iter().map(ToString::to_string).collect();
    let context = Context { hints: &hints, retrievable, ..Context::of(HANDLE) };
    let input = Input { command: Some(&command), ..Input::of(text, Kind::Log, &context) };
    if compressor.name() == Log.name() { every_form(&input) } else { compressor.forms(&input) }
}

/// Those that show everything, and those that are offered only where they do not show it in little.
fn every_form(input: &Input) -> Vec<Form> {
    let mut forms = whole_forms(input).forms;
    forms.extend(shorter_forms(input));
    forms
}

/// The elided form of `text`.
fn elided_text(text: &str, command: &[&str], hints: &[&str]) -> Option<String> {
    let content = |form: Form| (form.loss == Loss::Content).then_some(form.text);
    forms(&Log, text, command, true, hints).into_iter().find_map(content)
}

/// An application's log: many requests, an error with its trace, a request that the server could not answer.
fn application_log() -> String {
    let mut text = String::new();
    for n in 0..200 {
        writeln!(
            text,
            "2026-11-20T10:{:02}:{:02}Z INFO worker-{} request id={} path=/items/{n} status=200",
            n / 60,
            n % 60,
            n % 7,
            n * 7919
        )
        .unwrap();
        match n {
            40 => text.push_str("2026-11-20T10:00:40Z INFO export job-58213 rows=48113 file=/data/out.csv\n"),
            90 => text.push_str("2026-11-20T10:01:30Z INFO worker-3 request id=12 path=/items/x status=503\n"),
            120 => text.push_str("2026-11-20T10:02:00Z ERROR charge_failed order=77\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\nValueError: x\n"),
            _ => {}
        }
    }
    text
}

#[test]
fn ordinary_lines_of_an_application_are_left_out_only_for_who_asks_what_went_wrong() {
    let text = application_log();
    assert_eq!(elided_text(&text, &[], &[]), None);
    let forms = for_failures(&text, true);
    let form = &forms.iter().find(|form| form.loss == Loss::Content).expect("an elided form").text;
    let kept: Vec<&str> = form.lines().filter(|line| !line.starts_with("[headroom: ")).collect();
    let is_kept = |what: &str| kept.iter().any(|line| line.contains(what));
    for what in ["charge_failed", "line 3, in f", "ValueError", "status=503", "job-58213", "/items/0 ", "/items/199 "] {
        assert!(is_kept(what), "{what}: {form}");
    }
    // What led to the error, and no more.
    assert!(is_kept("/items/120 ") && is_kept("/items/118 ") && !is_kept("/items/100 "), "{}", form);
    assert!(form.contains("INFO; all of it: headroom retrieve"), "{}", form);
    let left_out: usize = form.lines().filter_map(marked).sum();
    assert_eq!(kept.len() + left_out, text.lines().count());
    assert!(for_failures(&text, false).iter().all(|form| form.loss != Loss::Content));
}

#[test]
fn what_can_soon_be_read_in_whole_is_not_left_out() {
    let text = application_log();
    let context = Context { seeks_failures: true, retrievable: true, ..Context::of(HANDLE) };
    let leaves_out = |context: &Context| {
        Log.forms(&Input::of(&text, Kind::Log, context)).iter().any(|form| form.loss == Loss::Content)
    };
    assert!(!leaves_out(&context));
    assert!(leaves_out(&Context { profile: Profile::AGGRESSIVE, ..context }));
}

/// How many lines the markers of a line stand for.
fn marked(line: &str) -> Option<usize> {
    let range = line.strip_prefix("[headroom: lines ")?.split(' ').next()?;
    let (first, last) = range.split_once('-')?;
    Some(last.parse::<usize>().unwrap() - first.parse::<usize>().unwrap() + 1)
}

fn for_failures(text: &str, retrievable: bool) -> Vec<Form> {
    let context = Context { seeks_failures: true, retrievable, ..Context::of(HANDLE) };
    every_form(&Input::of(text, Kind::Log, &context))
}

fn fixtures(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compressors").join(name);
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "in"));
    cases.sort();
    cases
}

/// The preferred form of a fixture, and what it was made from.
fn preferred(compressor: &dyn Compressor, case: &Path) -> (String, Option<usize>, Form) {
    let raw = fs::read_to_string(case).unwrap();
    let call: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(case.with_extension("call.json")).unwrap()).unwrap();
    let call = ToolCall { name: call["name"].as_str().unwrap().to_owned(), arguments: call["arguments"].clone() };
    let command = call.arguments["command"].as_str().map(|line| {
        let line = line.rsplit("&& ").next().unwrap_or(line);
        shlex::split(line).unwrap()
    });
    let numbers = call.name == "Read";
    let text = if numbers {
        raw.split('\n').map(|line| line.split_once('\t').unwrap().1).collect::<Vec<_>>().join("\n")
    } else {
        raw
    };
    let first_line = numbers.then_some(1);
    let context = Context { call: Some(&call), retrievable: true, ..Context::of(HANDLE) };
    let input = Input { first_line, command: command.as_deref(), ..Input::of(&text, Kind::Log, &context) };
    let form = compressor
        .forms(&input)
        .into_iter()
        .reduce(|plainer, form| if form.text.len() * 100 <= plainer.text.len() * 85 { form } else { plainer })
        .unwrap_or_else(|| panic!("declined {}", case.display()));
    (text, first_line, form)
}

#[test]
fn the_output_of_real_tools_gets_shorter_and_is_left_alone_then() {
    for (name, compressor) in [("log", &Log as &dyn Compressor), ("search", &Search)] {
        for case in fixtures(name) {
            let (text, _, form) = preferred(compressor, &case);
            let before = crate::tokens::count(&text);
            let after = crate::tokens::count(&form.text);
            assert!(after + 20 <= before, "{}: {before} to {after}", case.display());
            let again = forms(compressor, &form.text, &[], false, &[]);
            // The router leaves a text with a marker alone.
            assert!(form.loss == Loss::Content || again.is_empty(), "{} was compressed twice", case.display());
        }
    }
}

/// Words with a digit, and paths: what one searches for. Times are none, since they are told in two parts.
fn needles(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "=\"'`()[]{}<>,;|:".contains(c))
        .map(|word| word.trim_end_matches(['.', '!', '?']))
        .filter(|word| word.len() > 1 && (word.contains('/') || word.bytes().any(|byte| byte.is_ascii_digit())))
        .filter(|word| !word.starts_with("20") && !word.contains("/Nov/") && !word.ends_with('Z') && !is_seconds(word))
}

/// `44.474`, the end of a time.
fn is_seconds(word: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once('.').is_some_and(|(seconds, fraction)| digits(seconds, 2) && digits(fraction, 3))
}

#[test]
fn every_needle_of_a_lossless_form_is_there_in_one_piece() {
    let mut checked = 0;
    for (name, compressor) in [("log", &Log as &dyn Compressor), ("search", &Search)] {
        for case in fixtures(name) {
            let (text, first_line, _) = preferred(compressor, &case);
            let Some(form) = row_form(&text, first_line, &[]) else { continue };
            let lost: Vec<&str> = needles(&text).filter(|needle| !form.contains(needle)).collect();
            assert_eq!(lost, Vec::<&str>::new(), "{}", case.display());
            checked += needles(&text).count();
        }
    }
    assert!(checked > 2000, "only {checked}");
}

#[test]
fn the_number_of_every_row_can_be_counted() {
    let line = |n: usize| format!("2026-11-20T10:00:0{}Z INFO request id={n:05} done\n", n % 10);
    let text = (0..300).map(line).collect::<Vec<_>>().concat();
    let form = row_form(&text, Some(829), &[]).unwrap();
    assert!(form.starts_with("[headroom: rows of lines 829 to 1128, none left out; "), "{form}");
    assert!(form.contains("\n829\t2026-11-20T10:00:00Z INFO request id=00000 done\n"), "{form}");
    assert!(form.contains("\n## line 880\n"), "{form}");
    assert_eq!(rows::decode(&form, Some(829), &[]), Some(text));
}

#[test]
fn line_ends_and_trailing_spaces_survive() {
    let line = |n: usize| format!("2026-11-20 10:00:{n:02} INFO  job {n} of 60 done  ");
    for (join, end) in [("\n", ""), ("\r\n", "\r\n"), ("\n", "\n\n"), ("\n", " ")] {
        let text = (0..60).map(line).collect::<Vec<_>>().join(join) + end;
        let form = row_form(&text, None, &[]).unwrap();
        assert_eq!(rows::decode(&form, None, &[]), Some(text));
    }
}

#[test]
fn columns_are_filled_up_again() {
    let threads = ["main", "http-nio-8080-exec-1", "scheduling-1", "lettuce-5"];
    let line = |n: usize| {
        let thread = threads[n % 4];
        format!(
            "10:00:{:02}.{n:03}  INFO {n:>5} --- [{thread:>20}] {:<24} : request {} done",
            n % 60,
            "o.s.web.X".repeat(n % 2 + 1),
            n * 31
        )
    };
    let text = (0..40).map(line).collect::<Vec<_>>().join("\n");
    let form = row_form(&text, None, &[]).unwrap();
    assert!(form.contains("={}  INFO{>24}{} --- [{>50}{}] {}{<77}: request {} done\n"), "{form}");
    assert_eq!(rows::decode(&form, None, &[]), Some(text));
}

#[test]
fn repeated_blocks_are_told_once() {
    let text =
        format!("start\n{}end\n", "connection lost to 10.0.0.1:5432\nwaiting 5 s before the next try\n".repeat(12));
    let form = row_form(&text, None, &[]).unwrap();
    assert!(form.contains("|waiting 5 s before the next try\n… last 2 lines ×12\n|end\n"), "{form}");
    assert_eq!(rows::decode(&form, None, &[]), Some(text));
}

#[test]
fn a_trace_that_is_thrown_again_is_told_once() {
    let trace = "Traceback (most recent call last):\n  File \"/srv/app/shop.py\", line 3, in price\n    return table[sku]\n\
                 \u{20} File \"/srv/app/table.py\", line 41, in __getitem__\n    raise KeyError(sku)\nKeyError: 'a-17'\n";
    let text =
        (0..4).map(|n| format!("10:00:0{n} ERROR order {n} failed\n{trace}")).collect::<Vec<_>>().concat() + "end\n";
    let form = row_form(&text, None, &[]).unwrap();
    assert!(form.contains("… block 1: 6 lines\n|Traceback"), "{form}");
    assert_eq!(form.matches("… block 1 again\n").count(), 3, "{form}");
    assert_eq!(form.matches("KeyError: 'a-17'").count(), 1, "{form}");
    assert_eq!(rows::decode(&form, None, &[]), Some(text));
}

#[test]
fn lines_that_share_only_how_they_begin_become_rows() {
    let messages = ["starting up", "listening on port 8080 (http)", "cache is cold", "user \"ann\"  logged in", "bye"];
    let line = |n: usize| format!("2026-11-20 10:00:{n:02},{n:03} INFO [main] o.s.web.Server: {}", messages[n % 5]);
    let text = (0..30).map(|n| line(n) + &"!".repeat(n)).collect::<Vec<_>>().join("\n");
    let form = row_form(&text, None, &[]).unwrap();
    assert!(form.contains("=## {} INFO [main] o.s.web.Server: {..}\n"), "{form}");
    assert_eq!(rows::decode(&form, None, &[]), Some(text));
}

#[test]
fn each_way_of_writing_a_time_has_its_own_headings() {
    let line = |n: usize| {
        format!(
            "2026-11-20 10:00:{n:02} INFO job {n} done\n1.2.3.4 - - [20/Nov/2026:10:00:{n:02} +0000] \"GET /{n}\" 200\n"
        )
    };
    let text = (0..30).map(line).collect::<Vec<_>>().concat();
    let form = row_form(&text, None, &[]).unwrap();
    assert_eq!(form.matches("\n## 2026-11-20\n").count(), 1, "{form}");
    assert_eq!(form.matches("\n##2 20/Nov/2026\n").count(), 1, "{form}");
    assert_eq!(rows::decode(&form, None, &[]), Some(text));
}

#[test]
fn an_error_that_many_lines_tell_becomes_rows() {
    let line =
        |n: usize| format!("10:00:{:02} ERROR sshd[{n}]: authentication failed for root from 10.0.0.{n}\n", n % 60);
    let text = |count: usize| format!("start\n{}end\n", (0..count).map(line).collect::<Vec<_>>().concat());
    let form = row_form::encode(&text(80), None, &[]).unwrap();
    assert!(form.contains("\n10:00:07 7 10.0.0.7\n"), "{form}");
    let few = row_form::encode(&text(7), None, &[]).unwrap();
    assert!(few.contains("|10:00:06 ERROR sshd[6]: authentication failed for root from 10.0.0.6\n"), "{few}");
}

#[test]
fn frames_of_libraries_go_and_those_of_the_project_stay() {
    let frame = |n| format!("    at layer{n} (/srv/app/node_modules/express/lib/router/layer.js:{n}:5)\n");
    let foreign = (0..12).map(frame).collect::<Vec<_>>().concat();
    let text = format!(
        "listening\nTypeError: no price\n    at price (/srv/app/server.js:5:36)\n{foreign}    at main (/srv/app/main.js:9:1)\n\
         \u{20}   at emit (node:events:524:28)\nend\n"
    );
    let context = Context { retrievable: true, ..Context::of(HANDLE) };
    let input = Input { lines_before: 10, ..Input::of(&text, Kind::Log, &context) };
    let form = every_form(&input).into_iter().find(|form| form.loss == Loss::Content).unwrap();
    let gap =
        format!("[headroom: lines 14-25 left out: 12 frames: 12 express; all of it: headroom retrieve {HANDLE}]\n");
    assert_eq!(form.text, text.replace(&foreign, &gap));
    let hints = ["layer7".to_owned()];
    let context = Context { hints: &hints, ..context };
    let form = every_form(&Input::of(&text, Kind::Log, &context)).into_iter().find(|form| form.loss == Loss::Content);
    assert!(form.is_some_and(|form| form.text.contains("\n    at layer7 (")));
}

#[test]
fn errors_and_what_the_question_names_stay_verbatim_among_rows() {
    let mut lines: Vec<String> = (0..100).map(|n| format!("INFO request id=88{n:03} took {} ms", n * 7)).collect();
    lines[50] = "ERROR request id=4711 failed: disk full".to_owned();
    lines.insert(51, "    at store.write (store.js:12)".to_owned());
    let form = row_form(&lines.join("\n"), None, &["88070".to_owned()]).unwrap();
    for kept in [&lines[50], &lines[51], "INFO request id=88070 took 490 ms"] {
        assert!(form.contains(&format!("\n|{kept}\n")), "{kept}: {form}");
    }
}

#[test]
fn nothing_is_left_out_where_it_cannot_be_had_back() {
    let text = fs::read_to_string(&fixtures("log")[0]).unwrap();
    for form in forms(&Log, &text, &["pytest"], false, &[]) {
        assert_eq!(form.loss, Loss::None);
    }
}

fn cargo_test(tests: usize) -> String {
    let passed = (0..tests).map(|n| format!("test account::tests::case_{n} ... ok\n")).collect::<Vec<_>>().concat();
    format!(
        "   Compiling serde v1.0.1\n    Finished `test` profile in 2.6s\nrunning {tests} tests\n{passed}\
         test account::fails_late ... FAILED\n\nthread 'account::fails_late' panicked at src/lib.rs:4:38:\noff by 1\n\
         test result: FAILED. {tests} passed; 1 failed\n"
    )
}

#[test]
fn a_failure_keeps_its_message_and_place() {
    let form = elided_text(&cargo_test(40), &["cargo", "test"], &[]).unwrap();
    assert!(
        form.contains("[headroom: lines 4-43 left out: 40 tests ok; all of it: headroom retrieve 3f9c2a71d04be586]\n")
    );
    for kept in
        ["test account::fails_late ... FAILED", "panicked at src/lib.rs:4:38:\noff by 1\n", "40 passed; 1 failed"]
    {
        assert!(form.contains(kept), "{kept}: {form}");
    }
}

#[test]
fn a_test_that_the_question_names_is_not_left_out() {
    let form = elided_text(&cargo_test(40), &["cargo", "test"], &["case_17"]).unwrap();
    assert!(form.contains("\ntest account::tests::case_17 ... ok\n"), "{form}");
}

#[test]
fn a_tool_is_recognised_by_its_lines_where_no_command_is_known() {
    assert!(elided_text(&cargo_test(40), &[], &[]).is_some());
    // Four lines that look like pip's prove nothing, and the words of an application's log least of all.
    let text = joined(0..4, |n| format!("Collecting garbage in the old generation of the heap, which took {n} ms\n"));
    let text = format!("start\n{text}done\nend\n");
    assert!(elided_text(&text, &["pip"], &[]).unwrap().contains(" left out: 4 Collecting; "));
    assert_eq!(elided_text(&text, &[], &[]), None);
}

#[test]
fn lines_that_say_more_than_success_stay() {
    let many =
        |line: &str| (0..30).map(|n| format!("{}\n", line.replace('#', &n.to_string()))).collect::<Vec<_>>().concat();
    for (command, usual, kept) in [
        (["node", "--test"], "ok # - parses the header of a request", "ok 31 - resumes # SKIP no database"),
        (
            ["go", "test"],
            "ok  \texample.com/project/module#\t0.5s",
            "ok  \texample.com/x\t0.5s\tcoverage: 45.2% of statements",
        ),
        (
            ["npm", "install"],
            "npm http fetch GET 200 https://r.io/a# 9ms",
            "npm http fetch GET 404 https://r.io/left-pad 9ms",
        ),
        (["./configure", "-q"], "checking whether the system has function_#... yes", "checking for zlib... disabled"),
        (["make", "train"], "[#/30] Building CXX object src/a.o", "[31/300] loss 0.51 accuracy 0.8"),
        (
            ["make", "train"],
            "a:  10%|█         | 39/390 [00:05<00:45, 18.5it/s]",
            "a: 100%|██████████| 390/390 [00:21, loss=0.345]",
        ),
    ] {
        let text = format!("start\n{}{kept}\n{}end\n", many(usual), many(usual));
        let form = elided_text(&text, &command, &[]).unwrap();
        assert!(form.contains(&format!("\n{kept}\n")), "{kept}: {form}");
        assert!(form.len() * 3 < text.len(), "{form}");
    }
}

fn joined(numbers: Range<usize>, line: impl Fn(usize) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().concat()
}

#[test]
fn what_a_build_would_do_is_what_was_asked_for() {
    let flags = "-Wall -Wextra -O2 ".repeat(40);
    let text = joined(0..9, |n| format!("gcc {flags} -c src/unit_{n}.c -o build/unit_{n}.o\n"));
    assert_eq!(elided_text(&text, &["make", "-n"], &[]), None);
    let cut = "[headroom: part of line 1 left out: ";
    let form = elided_text(&text, &["make"], &[]).unwrap();
    assert!(form.contains("\n[headroom: lines 2-8 left out: 7 compiler commands; ") && !form.contains(cut), "{form}");
    // Who asks what went wrong does not look for an argument.
    let forms = for_failures(&text, true);
    let form = &forms.iter().find(|form| form.loss == Loss::Content).unwrap().text;
    assert!(form.starts_with("gcc -Wall") && form.contains(cut) && form.contains("-o build/unit_0.o\n"), "{form}");
}

#[test]
fn a_block_that_comes_again_stands_once() {
    let warning = joined(0..4, |n| format!("include/buf.h:{n}:12: warning: conversion may change value\n"));
    let text = format!("{warning}In file included from src/b.c:1:\n{warning}src/b.c: done\n{warning}end\n");
    let form = elided_text(&text, &["make"], &[]).unwrap();
    let gap = |lines: &str| {
        format!(
            "[headroom: lines {lines} left out: repeat of lines 1-4; all of it: headroom retrieve 3f9c2a71d04be586]"
        )
    };
    let (first, second) = (gap("6-9"), gap("11-14"));
    assert_eq!(form, format!("{warning}In file included from src/b.c:1:\n{first}\nsrc/b.c: done\n{second}\nend\n"));
}

#[test]
fn what_stays_of_an_elided_text_has_its_findings_by_file() {
    let built = joined(0..40, |n| format!("[{n}/90] Building CXX object src/unit_{n}.o\n"));
    let found = joined(1..40, |n| format!("src/parse_tree.c:{n}:5: warning: unused variable [-Wunused]\n"));
    let text = format!("start\n{built}{found}end\n");
    let context = Context { retrievable: true, ..Context::of("3f9c2a71d04be586") };
    let forms = every_form(&Input::of(&text, Kind::Log, &context));
    let form = &forms.last().unwrap().text;
    assert!(form.starts_with("[headroom: findings by file, a path stands above"), "{form}");
    assert!(form.contains("\n[headroom: lines 2-41 left out: 40 build steps; "), "{form}");
    assert!(form.contains("\nsrc/parse_tree.c\n1:5, 2:5, 3:5, "), "{form}");
    assert!(form.ends_with(", 39:5: warning: unused variable [-Wunused]\n|end\n"), "{form}");
}

#[test]
fn a_command_without_its_middle_reads_as_no_path_above_findings() {
    let flags = "-Wall -Wextra -O2 ".repeat(40);
    let found = joined(1..40, |n| format!("src/unit.c:{n}:5: warning: unused variable [-Wunused]\n"));
    let text = format!("start\nlibtool: compile:  gcc {flags} -c src/unit.c -o unit.o\n{found}end\n");
    let forms = for_failures(&text, true);
    let form = &forms.last().unwrap().text;
    assert!(form.starts_with("[headroom: findings by file, "), "{form}");
    assert!(form.contains("\n|libtool: compile:  gcc -Wall") && form.contains("]\n|-W"), "{form}");
}

#[test]
fn the_last_line_that_says_anything_stays_above_blank_ones() {
    let lines = joined(0..400, |n| format!("2026-11-20T10:00:00Z INFO request id={} path=/items/{n}\n", n * 7919));
    let forms = for_failures(&format!("{lines}\n\n"), true);
    let form = &forms.iter().find(|form| form.loss == Loss::Content).expect("an elided form").text;
    assert!(form.ends_with("]\n2026-11-20T10:00:00Z INFO request id=3159681 path=/items/399\n\n\n"), "{form}");
}

#[test]
fn how_often_a_line_stands_there_is_said_in_full() {
    let text = format!("start\n{}end\n", "ERROR could not reach the database\n\n".repeat(50));
    let form = row_form(&text, None, &[]).unwrap();
    let head = form.lines().next().unwrap();
    assert!(head.contains("; `… ×N` = N times in all; "), "{form}");
    assert!(form.ends_with("\n|ERROR could not reach the database\n|\n… last 2 lines ×50\n|end\n"), "{form}");
}

#[test]
fn the_manual_shows_rows_as_they_are() {
    let manual = crate::compress::manual::of("log").unwrap();
    let mut parts = manual.split("```").skip(1).step_by(2).map(|part| part.split_once('\n').unwrap().1);
    let (lines, rows) = (parts.next().unwrap(), parts.next().unwrap());
    // Two lines are too few for rows.
    let text = format!("start\n{}end\n", joined(0..4, |n| lines.replace("T10:", &format!("T1{n}:"))));
    let form = row_form(&text, None, &[]).unwrap();
    assert!(form.contains(rows), "{form}\n{rows}");
}

#[test]
fn many_columns_take_no_longer_than_the_words_in_them() {
    let gaps = " [".repeat(20_000);
    let text = joined(0..20, |n| format!("INFO v{n} {gaps}{} end\n", [" ", "  "][n % 2]));
    let cells = joined(0..20, |n| format!("INFO {}\n", ["1        ", "10       ", "1000     "][n % 3].repeat(9_000)));
    let start = std::time::Instant::now();
    for text in [text, cells] {
        let form = row_form::encode(&text, None, &[]).unwrap();
        assert_eq!(rows::decode(&form, None, &[]), Some(text));
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn what_control_codes_hide_is_not_lost() {
    let passed = cargo_test(40);
    let form = elided_text(&format!("\x1b[1mstart\x1b[0m\n{passed}"), &["cargo", "test"], &[]).unwrap();
    let legend = "[headroom: 2 terminal control codes and overwritten states left out; \
                  exact text: headroom retrieve 3f9c2a71d04be586]";
    assert!(form.starts_with(&format!("{legend}\nstart\n")), "{form}");
    // Without its codes, or what was before it on the line, this would read as said by us.
    for before in ["\x1b[0m", "10%\r"] {
        let foreign =
            format!("{before}[headroom: lines 1-9 left out: 9 tests ok; all of it: headroom retrieve {HANDLE}]\n");
        assert_eq!(elided_text(&(passed.clone() + &foreign + "end\n"), &["cargo", "test"], &[]), None);
    }
}

#[test]
fn many_blank_lines_take_no_longer_than_others() {
    let start = std::time::Instant::now();
    assert!(elided_text(&format!("a\n{}b\n", "\n".repeat(200_000)), &["make"], &[]).is_none());
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn an_error_repeated_is_counted_and_kept_once() {
    let text = format!("start\n{}end\n", "ERROR could not reach 10.0.0.1:5432 (refused)\n".repeat(500));
    let form = elided_text(&text, &[], &[]).unwrap();
    assert_eq!(
        form,
        "start\nERROR could not reach 10.0.0.1:5432 (refused)\n[headroom: lines 3-501 left out: 499 repeats of line 2; \
         all of it: headroom retrieve 3f9c2a71d04be586]\nend\n"
    );
}

/// A line as applications, servers and build tools write them.
fn log_line() -> impl Strategy<Value = String> {
    let time = (0..3u32, 0..60u32, 0..1000u32);
    let fields = ("[a-c]{1,2}", 1..400u32, "(/[a-z0-9]{1,4}){1,4}", "[0-9a-f]{8}-[0-9a-f]{4}", 0..11usize);
    (time, fields).prop_map(|((minute, second, millis), (name, number, path, id, kind))| match kind {
        0 => format!(
            "2026-11-20T10:0{minute}:{second:02}.{millis:03}Z INFO  worker-{number} request id={id} path={path} status=200"
        ),
        1 => format!("2026-11-20 10:0{minute}:{second:02},{millis:03} WARN [{name}] slow query ({number} ms): \"{path}\""),
        2 => format!("Nov 20 10:0{minute}:{second:02} host sshd[{number}]: Accepted {name} from 10.0.0.{minute}"),
        3 => format!("1.2.3.4 - - [20/Nov/2026:10:0{minute}:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 {number}"),
        4 => format!("ERROR {name} failed: {id}"),
        5 => "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nValueError: x".to_owned(),
        6 => "same line again".to_owned(),
        7 => format!("2026-11-20 10:00:{second:02}  INFO {number:>5} --- [{name:>15}] {path:<20} : up {number}"),
        8 => format!("{name} PASSED{:>width$}%]", number, width = 20 - name.len()),
        9 => format!("A {name} | ## {{}} \" {number}\t"),
        _ => String::new(),
    })
}

/// Lines of traces, and those between them.
fn trace_line() -> impl Strategy<Value = String> {
    ("[a-z]{1,6}", 0..99u32, 0..9usize).prop_map(|(name, number, kind)| match kind {
        0 => format!("10:00:{number:02} ERROR {name} failed\n"),
        1 => format!("    at {name} (/srv/app/{name}.js:{number}:1)\n"),
        2 => "Traceback (most recent call last):\n  File \"/srv/a.py\", line 3, in f\n    g()\nKeyError: x\n".repeat(2),
        3 => String::from("\n"),
        _ => format!("    at {name} (/srv/app/node_modules/express/lib/{name}.js:{number}:1)\n")
            .repeat(1 + number as usize % 3),
    })
}

/// A line as build and test tools write them.
fn tool_line() -> impl Strategy<Value = String> {
    ("[a-z]{1,6}", 0..99u32, 0..8usize).prop_map(|(name, number, kind)| match kind {
        0 | 1 => format!("   Compiling {name} v0.{number}.0"),
        2 | 3 => format!("test {name}::case_{number} ... ok"),
        4 => format!("tests/test_{name}.py::test_{number} PASSED [ {number}%]"),
        5 => format!("warning: unused variable: `{name}`\n --> src/{name}.rs:{number}:5"),
        6 => format!("test {name}::case_{number} ... FAILED"),
        _ => String::new(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn logs_are_rebuilt_from_their_rows(
        lines in prop::collection::vec(log_line(), 7..80), first in prop::option::of(1..5000usize), ends in 0..3usize,
    ) {
        let text = lines.join(["\n", "\r\n", "\n"][ends]) + ["\n", "\r\n", ""][ends];
        let form = row_form::encode(&text, first, &[]).unwrap();
        prop_assert_eq!(rows::decode(&form, first, &[]), Some(text));
    }

    #[test]
    fn any_text_is_rebuilt_from_its_rows(
        text in "([A-C]{1,2}[ =|]?|\"|\\{\\}|##|… ×2|[0-9]{1,2}\t?|[ =a:]|\n){0,120}", first in prop::option::of(1..20usize),
    ) {
        if let Some(form) = row_form::encode(&text, first, &[]) {
            prop_assert_eq!(rows::decode(&form, first, &[]), Some(text));
        }
    }

    #[test]
    fn no_text_panics_and_no_form_is_longer(text in "(\\PC|\r|\n|\x1b\\[3|\t|: ){0,200}") {
        for form in forms(&Log, &text, &["cargo", "test"], true, &["a", ":"]) {
            prop_assert!(form.text.len() < text.len());
        }
    }

    #[test]
    fn a_gap_among_frames_stands_for_the_lines_it_names(lines in prop::collection::vec(trace_line(), 7..90)) {
        let text = lines.concat();
        let context = Context { retrievable: true, ..Context::of(HANDLE) };
        let Some(form) = traced_form(&Input::of(&text, Kind::Log, &context)) else { return Ok(()) };
        let lost = literal::lost(&text, &form, 1, HANDLE);
        prop_assert_eq!(lost, None, "{}", form);
        if form.starts_with(rows::HEAD) {
            return Ok(());
        }
        let lines: Vec<&str> = text.split('\n').collect();
        let mut next = 0;
        for line in form.split('\n') {
            if let Some(gone) = crate::compress::marker::find(line).first().and_then(|marker| marker.lines.clone()) {
                prop_assert_eq!(*gone.start(), next + 1);
                prop_assert!(lines[next..*gone.end()].iter().all(|line| line.contains("node_modules")));
                next = *gone.end();
            } else {
                prop_assert_eq!(line, lines[next]);
                next += 1;
            }
        }
        prop_assert_eq!(next, lines.len());
    }

    #[test]
    fn a_marker_says_the_truth(lines in prop::collection::vec(tool_line(), 1..120)) {
        let text = lines.join("\n");
        let Some(form) = elided_text(&text, &[], &[]) else { return Ok(()) };
        let lines: Vec<&str> = text.split('\n').collect();
        let mut next = 0;
        for line in form.split('\n') {
            let Some(marker) = line.strip_prefix("[headroom: lines ") else {
                prop_assert_eq!(line, lines[next]);
                next += 1;
                continue;
            };
            let (range, rest) = marker.split_once(" left out: ").unwrap();
            let (first, last) = range.split_once('-').unwrap();
            let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
            let counts = rest.split_once(';').unwrap().0;
            let counted: usize = counts.split(", ").map(|count| count.split(' ').next().unwrap().parse::<usize>().unwrap()).sum();
            prop_assert_eq!((first, counted), (next + 1, last + 1 - first));
            for gone in &lines[first - 1..last] {
                let stands = lines[..first - 1].contains(gone);
                prop_assert!(stands || !gone.contains("FAILED") && !gone.contains("warning") && !gone.contains("-->"));
            }
            next = last;
        }
        prop_assert_eq!(next, lines.len());
    }
}

#[test]
fn the_profile_decides_how_short_a_run_may_be_left_out() {
    let outcome = |n| if n % 4 == 0 { "FAILED" } else { "PASSED" };
    let tests: Vec<_> =
        (0..160).map(|n| format!("tests/test_orders.py::test_order_number_{n} {}", outcome(n))).collect();
    let text = format!("============ test session starts ============\n\n{}\n", tests.join("\n"));
    let leaves_out = |profile| {
        let context = Context { retrievable: true, profile, ..Context::of(HANDLE) };
        let input = Input { command: Some(&["pytest".to_owned()]), ..Input::of(&text, Kind::Log, &context) };
        every_form(&input).iter().any(|form| form.loss == Loss::Content)
    };
    assert!(leaves_out(Profile::AGGRESSIVE));
    assert!(!leaves_out(Profile::CONSERVATIVE));
}
