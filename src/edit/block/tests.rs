//! Marked blocks go in and come off without a trace, in real instruction files and generated ones.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::edit;
use crate::edit::Edit;

const TEXT: &str = "Use `rtk`:\n\n```sh\nrtk git status\n```\n";

fn add(text: &str) -> (String, Undo) {
    apply(text, "rtk", TEXT).unwrap()
}

fn off(text: &str, undo: &Undo) -> String {
    match revert(text, undo).unwrap() {
        Reverted::Text(text) => text,
        Reverted::NotOurs => panic!("not ours any more:\n{text}"),
    }
}

#[test]
fn a_block_goes_to_the_end_behind_one_empty_line() {
    for (before, lead) in
        [("", ""), ("a", "a\n\n"), ("a\n", "a\n\n"), ("a\n\n", "a\n\n"), ("\n", "\n"), ("\u{feff}", "\u{feff}")]
    {
        let (text, undo) = apply(before, "n", "one\n\ntwo").unwrap();
        assert_eq!(text, format!("{lead}<!-- headroom:n -->\none\n\ntwo\n<!-- /headroom:n -->\n"));
        assert_eq!(off(&text, &undo), before);
    }
}

#[test]
fn a_file_with_crlf_gets_lines_with_crlf() {
    for before in ["# A\r\n", "# A\r\n\r\ntext"] {
        let (text, undo) = add(before);
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
        assert_eq!(off(&text, &undo), before);
        assert_eq!(off(&text.replace("\r\n", "\n"), &undo), before.replace("\r\n", "\n"), "converted meanwhile");
    }
}

#[test]
fn the_same_block_is_not_added_twice_and_the_second_time_is_not_ours() {
    let (once, _) = add("# A\n");
    let (twice, undo) = add(&once);
    assert_eq!(twice, once);
    assert_eq!(revert(&twice, &undo).unwrap(), Reverted::NotOurs);
}

#[test]
fn an_older_block_is_replaced_where_it_stands_and_put_back() {
    for old in ["old\n", "", "old\r\n```\nmixed\n\n"] {
        let before = format!("# A\n<!-- headroom:rtk -->  \n{old}<!-- /headroom:rtk -->\n# B\n");
        let (text, undo) = add(&before);
        assert_eq!(text, format!("# A\n<!-- headroom:rtk -->  \n{TEXT}<!-- /headroom:rtk -->\n# B\n"));
        assert_eq!(off(&text, &undo), before);
    }
}

#[test]
fn markers_in_fences_and_in_prose_are_text() {
    let quoted = "<!-- headroom:rtk -->\nquoted\n<!-- /headroom:rtk -->\n";
    for before in [
        format!("```\n{quoted}```\n"),
        format!("   ~~~~ html\n```\n{quoted}~~~\n{quoted}~~~~~\n"),
        format!("````md\n```\n{quoted}```\n````\n"),
        "```\n<!-- headroom:rtk -->\n```\nand\n```\n<!-- /headroom:rtk -->\n```\n".to_owned(),
        "Between `<!-- headroom:rtk -->` and\n <!-- /headroom:rtk -->, or <!-- headroom:rtk -->\n".to_owned(),
        "    <!-- headroom:rtk -->\n".to_owned(),
        "> <!-- headroom:rtk -->\n".to_owned(),
        "<!-- headroom:rtk2 -->\nanother\n<!-- /headroom:rtk2 -->\n".to_owned(),
        format!("```\n<!-- headroom:rtk -->\n{}<!-- /headroom:rtk -->\n```\n", TEXT.replace("```", "")),
        format!("````\n<!-- headroom:rtk -->\n{TEXT}<!-- /headroom:rtk -->\n````\n"),
    ] {
        let (text, undo) = add(&before);
        assert_eq!(text, format!("{before}\n<!-- headroom:rtk -->\n{TEXT}<!-- /headroom:rtk -->\n"));
        assert_eq!(add(&text).0, text);
        assert_eq!(off(&text, &undo), before);
    }
}

#[test]
fn what_only_looks_like_a_fence_hides_no_marker() {
    for line in ["```a`b", "    ```", "``", "`` `", "text ```"] {
        let before = format!("{line}\n<!-- headroom:rtk -->\nold\n<!-- /headroom:rtk -->\n");
        let (text, undo) = add(&before);
        assert_eq!(text, format!("{line}\n<!-- headroom:rtk -->\n{TEXT}<!-- /headroom:rtk -->\n"));
        assert_eq!(off(&text, &undo), before);
    }
}

#[test]
fn a_fence_that_is_never_closed_hides_no_block_of_ours() {
    let before = "# A\n```sh\nls\n";
    let (text, undo) = add(before);
    assert_eq!(add(&text).0, text);
    assert_eq!(off(&text, &undo), before);
    let (text, undo) = add("# A\n");
    assert_eq!(off(&format!("~~~\n{text}"), &undo), "~~~\n# A\n");

    let (text, first) = add(before);
    let (text, second) = apply(&text, "memory", "```sh\nx\n```\n").unwrap();
    assert_eq!(off(&off(&text, &first), &second), before);
}

#[test]
fn a_broken_marker_is_refused_with_its_line() {
    for (text, expected) in [
        ("a\n<!-- headroom:rtk -->\n", "`<!-- headroom:rtk -->` is not closed at line 2"),
        (
            "a\r\n\r\n<!-- /headroom:rtk -->\r\n",
            "`<!-- /headroom:rtk -->` is not a marker that closes a block at line 3",
        ),
        (
            "<!-- headroom:rtk -->\n<!-- /headroom:rtk -->\n\n<!-- headroom:rtk -->\n<!-- /headroom:rtk -->\n",
            "`<!-- headroom:rtk -->` is not a single marker at line 4",
        ),
        (
            "<!-- headroom:rtk -->\n<!-- headroom:rtk -->\n<!-- /headroom:rtk -->\n",
            "`<!-- headroom:rtk -->` is not closed at line 1",
        ),
    ] {
        assert_eq!(apply(text, "rtk", TEXT).unwrap_err().to_string(), expected);
    }
    let (once, undo) = add("");
    let twice = once.repeat(2);
    assert!(matches!(apply(&twice, "rtk", TEXT), Err(Error::Shape { line: 8, .. })));
    assert!(matches!(revert(&twice, &undo), Err(Error::Shape { line: 8, .. })));
    let own = apply("", "rtk", "a\n<!-- /headroom:rtk -->\n").unwrap_err();
    assert!(matches!(own, Error::Shape { line: 2, .. }));
}

#[test]
fn a_block_that_was_changed_is_theirs() {
    for before in ["# A\n", "<!-- headroom:rtk -->\nold\n<!-- /headroom:rtk -->\n"] {
        let (text, undo) = add(before);
        for theirs in [
            text.replace("git status", "git diff"),
            text.replace("<!-- headroom:rtk -->\n", "<!-- headroom:rtk -->\nmine\n"),
            text.replace("<!-- /headroom:rtk -->\n", ""),
            text.replace("headroom:rtk", "headroom:other"),
            before.to_owned(),
            String::new(),
        ] {
            assert_eq!(revert(&theirs, &undo).unwrap(), Reverted::NotOurs, "{theirs}");
        }
    }
}

#[test]
fn lines_around_the_block_stay() {
    for (before, added, left) in [
        ("a\n", "<block>b\n", "a\nb\n"),
        ("a\n", "<block>\nb\n", "a\n\nb\n"),
        ("a", "<block>b\n", "a\nb\n"),
        ("a", "<block>b", "a\nb"),
        ("", "<block>b\n", "b\n"),
        ("", "b\n<block>", "b\n"),
        ("a\n", "a\n<block>", "a\n"),
        ("a\n", "a\n\nnew\n<block>", "a\n\nnew\n"),
        ("a\n", "a\nnew\n\n<block>c", "a\nnew\nc"),
    ] {
        let (text, undo) = add(before);
        let block = &text[text.find("<!--").unwrap()..];
        let theirs = match added.strip_prefix("<block>") {
            Some(behind) => format!("{text}{behind}"),
            None => added.replace("<block>", block),
        };
        assert_eq!(off(&theirs, &undo), left, "{theirs}");
    }
}

#[test]
fn a_final_line_break_that_was_stripped_off_is_not_missed() {
    let (text, undo) = add("# A\n");
    assert_eq!(off(text.trim_end(), &undo), "# A\n");
}

#[test]
fn blocks_of_one_text_come_off_together() {
    for before in ["", "# A", "# A\n", "# A\r\n\r\n", "```\n# A\n"] {
        let (text, undos) = with_both(before);
        assert_eq!(edit::revert_all(&text, &undos).unwrap().text, before);
    }
}

#[test]
fn two_blocks_come_off_in_any_order() {
    for before in ["", "# A\n", "# A\n\n\n", "# A\r\n"] {
        let (text, mut undos) = with_both(before);
        undos.reverse();
        assert_eq!(edit::revert_all(&text, &undos).unwrap().text, before);
    }
}

fn with_both(before: &str) -> (String, Vec<edit::Undo>) {
    let mut text = before.to_owned();
    let mut undos = Vec::new();
    for name in ["rtk-instructions", "memory-instructions"] {
        let applied = edit::apply(&text, &Edit::Block { name: name.to_owned(), text: TEXT.to_owned() }).unwrap();
        text = applied.text;
        undos.push(applied.undo);
    }
    (text, undos)
}

#[test]
fn what_undoes_a_block_survives_the_ledger() {
    for before in ["", "a", "<!-- headroom:rtk -->\nold\n<!-- /headroom:rtk -->\n"] {
        let undo = edit::Undo::Block(add(before).1);
        let stored = serde_json::to_string(&undo).unwrap();
        assert_eq!(serde_json::from_str::<edit::Undo>(&stored).unwrap(), undo);
    }
}

fn corpus() -> Vec<(PathBuf, String)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/edits/block"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 7, "the corpus is there");
    files.into_iter().map(|file| (file.clone(), fs::read_to_string(file).unwrap())).collect()
}

#[test]
fn every_real_file_comes_back_byte_for_byte() {
    for (file, before) in corpus() {
        for name in ["rtk-instructions", "memory-instructions", "learn"] {
            let (text, undo) = apply(&before, name, TEXT).unwrap();
            assert_ne!(text, before, "{}", file.display());
            assert_eq!(off(&text, &undo), before, "{} {name}", file.display());
            assert_eq!(apply(&text, name, TEXT).unwrap().0, text, "{} {name} twice", file.display());
            let is_crlf = before.contains("\r\n");
            assert_eq!(is_crlf, text.matches('\n').count() == text.matches("\r\n").count(), "{}", file.display());
        }
    }
}

/// Lines that a file with instructions may hold; none is a block of ours, but many look like one.
fn line() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "# Title",
        "",
        "text é 日本",
        "`<!-- headroom:rtk -->` begins a block",
        " <!-- headroom:rtk -->",
        "<!-- headroom:rtk2 -->",
        "<!-- /headroom:other -->",
        "<!-- a comment -->",
        "```",
        "```sh",
        "~~~",
        "   ````",
    ])
}

fn file() -> impl Strategy<Value = String> {
    let newline = prop::sample::select(vec!["\n", "\r\n"]);
    (prop::collection::vec(line(), 0..8), newline, any::<bool>(), any::<bool>()).prop_map(
        |(lines, newline, is_complete, mark)| {
            let mut text = String::from(if mark { "\u{feff}" } else { "" });
            text.push_str(&lines.join(newline));
            if is_complete {
                text.push_str(newline);
            }
            text
        },
    )
}

fn block_text() -> impl Strategy<Value = String> {
    prop::collection::vec(line(), 0..5).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn reverting_a_block_gives_the_text_back(before in file(), block in block_text(), older in block_text()) {
        let (text, undo) = apply(&before, "rtk", &block).unwrap();
        prop_assert_eq!(&apply(&text, "rtk", &block).unwrap().0, &text, "applied twice");
        prop_assert_eq!(&off(&text, &undo), &before);
        let (text, undo) = apply(&before, "rtk", &older).unwrap();
        prop_assert_eq!(&off(&text, &undo), &before);
    }

    #[test]
    fn reverting_a_newer_block_gives_the_older_one_back(
        lines in prop::collection::vec(line(), 0..6), block in block_text(), older in block_text(),
    ) {
        // In a fence that nothing closes, only the very block we wrote is known to be ours.
        let text = lines.iter().filter(|line| !line.contains("```") && !line.contains("~~~"));
        let before = text.copied().collect::<Vec<_>>().join("\n");
        prop_assume!(older.lines().ne(block.lines()));
        let (old, first) = apply(&before, "rtk", &older).unwrap();
        let (text, second) = apply(&old, "rtk", &block).unwrap();
        prop_assert_eq!(&off(&text, &second), &old);
        prop_assert_eq!(off(&off(&text, &second), &first), before);
    }

    #[test]
    fn lines_a_user_added_stay(
        before in file(), block in block_text(),
        above in prop::collection::vec(line(), 0..4), place in any::<prop::sample::Index>(),
        below in prop::collection::vec(line(), 0..4),
    ) {
        let (text, undo) = apply(&before, "rtk", &block).unwrap();
        let newline = newline(&text);
        let typed = |lines: &[&str]| lines.iter().flat_map(|line| [line, newline]).collect::<String>();
        // At the start of any line of the user's.
        let mark = before.len() - before.trim_start_matches('\u{feff}').len();
        let starts: Vec<usize> = std::iter::once(mark)
            .chain(before.match_indices('\n').map(|(at, _)| at + 1).filter(|at| *at < before.len()))
            .collect();
        let at = *place.get(&starts);
        prop_assume!(at < before.len() || above.is_empty());

        let theirs = format!("{}{}{}{}", &text[..at], typed(&above), &text[at..], typed(&below));

        let broken = if below.is_empty() || before.len() == mark || before.ends_with('\n') { "" } else { newline };
        let expected = format!("{}{}{}{broken}{}", &before[..at], typed(&above), &before[at..], typed(&below));
        // A fence that is opened above and closed below quotes our block: it reads as an example now.
        let is_quoted = revert(&theirs, &undo).unwrap() == Reverted::NotOurs;
        let fences = |lines: &[&str]| lines.iter().any(|line| line.contains("```") || line.contains("~~~"));
        prop_assume!(!is_quoted || !fences(&below));
        prop_assert_eq!(off(&theirs, &undo), expected);
    }

    #[test]
    fn any_text_gets_its_block_or_is_refused(
        lines in prop::collection::vec(
            prop::sample::select(vec!["<!-- headroom:rtk -->", "<!-- /headroom:rtk -->", "```", "~~~", "x", ""]), 0..8,
        ),
    ) {
        let before = lines.join("\n");
        if let Ok((text, undo)) = apply(&before, "rtk", "x")
            && undo.was != Was::Equal
        {
            prop_assert_eq!(off(&text, &undo), before);
        }
    }
}
