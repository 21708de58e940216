//! Forms of texts that were shown before, and what is rebuilt from them.

use proptest::prelude::*;

use super::*;

const HANDLE: &str = "3f9c2a71d04be586";

/// A file as a language server would see it: no two rows of it are alike.
fn file(lines: usize) -> Vec<String> {
    (0..lines).map(|n| format!("    let value_{n} = compute(input[{n}], limits.get({}));", n * 7 % 11)).collect()
}

/// `lines` as a read tool shows them, from line `first` on.
fn read(lines: &[String], first: usize, width: usize, separator: char) -> String {
    Column { first, width, separator }.write(&lines.join("\n"))
}

fn form_of(text: &str, earlier: &[(&str, &str)]) -> Option<Reference> {
    let sources: Vec<Source> = earlier.iter().map(|(_, text)| Source::of(text)).collect();
    let named = earlier.iter().zip(&sources);
    let earlier: Vec<_> = named.map(|((name, _), source)| Earlier { source, name, is_verbatim: true }).collect();
    refer(text, &Source::of(text), &earlier, HANDLE)
}

const READ: &str = "output of Read a.rs";

#[test]
fn a_file_that_is_read_again_is_one_sentence() {
    let text = read(&file(100), 1, 6, '→');
    let form = form_of(&text, &[(READ, &text)]).unwrap();
    assert_eq!(
        form.text,
        "[headroom: lines 1-100: same as in the output of Read a.rs above; all of it: headroom retrieve 3f9c2a71d04be586]"
    );
}

#[test]
fn an_edit_is_a_hunk_and_what_follows_has_moved() {
    let mut lines = file(100);
    let before = read(&lines, 1, 0, '\t');
    lines.splice(40..41, ["    one();".to_owned(), "    two();".to_owned()]);
    let form = form_of(&read(&lines, 1, 6, '→'), &[(READ, &before)]).unwrap();
    assert_eq!(
        form.text,
        "[headroom: lines 1-40: same as in the output of Read a.rs above; all of it: headroom retrieve 3f9c2a71d04be586]\n\
         41→    one();\n42→    two();\n\
         [headroom: lines 43-101: same as lines 42-100 of the output of Read a.rs above]"
    );
}

#[test]
fn a_shell_shows_what_a_read_showed_and_the_other_way_round() {
    let lines = file(100);
    let (whole, cat) = (read(&lines, 1, 6, '→'), lines.join("\n") + "\n");
    let part = lines[20..80].join("\n") + "\n";
    assert_eq!(
        form_of(&part, &[(READ, &whole)]).unwrap().text,
        "[headroom: same as lines 21-80 of the output of Read a.rs above; all of it: headroom retrieve 3f9c2a71d04be586]\n"
    );
    assert_eq!(
        form_of(&cat, &[("output of `cat a.rs`", &cat)]).unwrap().text,
        "[headroom: same as the whole output of `cat a.rs` above; all of it: headroom retrieve 3f9c2a71d04be586]"
    );
    assert_eq!(
        form_of(&read(&lines[10..60], 11, 0, '\t'), &[("output of `cat a.rs`", &cat)]).unwrap().text,
        "[headroom: lines 11-60: same as in the output of `cat a.rs` above; all of it: headroom retrieve 3f9c2a71d04be586]"
    );
}

#[test]
fn overlapping_ranges_of_two_reads_are_told_apart() {
    let lines = file(300);
    let (first, second) = (read(&lines[..120], 1, 0, '\t'), read(&lines[180..], 181, 0, '\t'));
    let form =
        form_of(&read(&lines[60..240], 61, 0, '\t'), &[("first output of R", &first), ("second output of R", &second)]);
    let form = form.unwrap();
    let sentences: Vec<_> =
        form.text.lines().filter_map(marker::read_repeat).map(|said| (said.lines, said.source)).collect();
    assert_eq!(sentences, [(Some(61..=120), "first output of R"), (Some(181..=240), "second output of R")]);
    assert_eq!(form.text.lines().count(), 62);
}

#[test]
fn what_stands_round_the_text_stays() {
    let text = read(&file(50), 1, 6, '→');
    let wrapped = format!("<system-reminder>x</system-reminder>\n{text}\n\n<system-reminder>\ny\n</system-reminder>");
    let form = form_of(&wrapped, &[(READ, &text)]).unwrap().text;
    assert!(form.starts_with("<system-reminder>x</system-reminder>\n[headroom: lines 1-50: same"));
    assert!(form.ends_with("]\n\n<system-reminder>\ny\n</system-reminder>"));
}

#[test]
fn a_text_that_is_shown_in_another_form_is_pointed_to_as_a_whole_or_not_at_all() {
    let lines = file(60);
    let (all, most) = (lines.join("\n"), lines[..59].join("\n"));
    let source = Source::of(&all);
    let earlier = [Earlier { source: &source, name: "output of `x`", is_verbatim: false }];
    assert!(refer(&all, &Source::of(&all), &earlier, HANDLE).is_some());
    assert_eq!(refer(&most, &Source::of(&most), &earlier, HANDLE), None);
}

#[test]
fn what_has_little_in_common_is_left_alone() {
    let text = file(60).join("\n");
    assert_eq!(form_of(&text, &[]), None);
    assert_eq!(form_of(&text, &[("output of `x`", &text.replace("let", "var"))]), None);
    assert_eq!(form_of("}\n\n}\n\n}\n\n}", &[("output of `x`", "a\n}\n\n}\n\n}\n\n}\nb")]), None);
}

#[test]
fn many_like_lines_take_no_longer_than_many_different_ones() {
    let start = std::time::Instant::now();
    let (blank, other) = ("x\n".repeat(60_000), "x\n".repeat(60_001));
    assert!(form_of(&other, &[("output of `x`", &blank)]).is_some());
    let (one, two) = ("}\n\n\n".repeat(20_000), "}\n\n\n\n".repeat(20_000));
    form_of(&one, &[("output of `x`", &two)]);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

/// A line among few others, so that texts share some.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (0..40_usize).prop_map(|n| format!("    let value_{n} = compute_something(input[{n}], limits.get({n}));")),
        1 => "(\r|\\}|é|错误|1\t|  2→|[a-z ]{0,20}|\u{1F600})",
        1 => Just(String::new()),
    ]
}

#[derive(Debug, Clone, Copy)]
struct Shown {
    first: usize,
    width: usize,
    separator: Option<char>,
    is_wrapped: bool,
}

impl Shown {
    fn write(self, lines: &[String]) -> String {
        let text = match self.separator {
            Some(separator) => read(lines, self.first, self.width, separator),
            None => lines.join("\n"),
        };
        if self.is_wrapped {
            format!("Exit code: 0\nWall time: 2 seconds\nOutput:\n{text}\n\n<system-reminder>\nx\n</system-reminder>")
        } else {
            text
        }
    }
}

fn shown() -> impl Strategy<Value = Shown> {
    let separator = prop::option::of(prop::sample::select(vec!['→', '\t']));
    let width = prop::sample::select(vec![0, 6]);
    (1..2000_usize, width, separator, any::<bool>()).prop_map(|(first, width, separator, is_wrapped)| Shown {
        first,
        width,
        separator,
        is_wrapped,
    })
}

fn rebuilt(text: &str, form: &str, earlier: &[(&str, &str)]) -> Option<String> {
    let sources: Vec<_> = earlier.iter().map(|(name, text)| (*name, Source::of(text))).collect();
    let find = |name: &str| sources.iter().find(|(known, _)| *known == name).map(|(_, source)| source);
    rebuild(form, find, Source::of(text).column())
}

proptest! {
    #[test]
    fn a_form_and_the_earlier_texts_give_back_every_byte(
        before in prop::collection::vec(line(), 10..80),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize, prop::collection::vec(line(), 0..4)), 0..5),
        range in any::<(prop::sample::Index, prop::sample::Index)>(),
        (first, second, own) in (shown(), shown(), shown()),
    ) {
        let mut after = before.clone();
        for (at, removed, added) in edits {
            let at = at.index(after.len() + 1);
            after.splice(at..(at + removed).min(after.len()), added);
        }
        let (from, to) = (range.0.index(before.len()), range.1.index(before.len()));
        let part = &before[from.min(to)..=from.max(to)];
        let (one, two, text) = (first.write(&before), second.write(part), own.write(&after));
        let earlier = [("output of one", one.as_str()), ("second output of two", two.as_str())];
        if let Some(form) = form_of(&text, &earlier) {
            prop_assert_eq!(rebuilt(&text, &form.text, &earlier), Some(text));
        }
    }

    #[test]
    fn one_edit_of_a_long_text_is_always_found(
        at in 0..200_usize, removed in 0..5_usize, added in prop::collection::vec(line(), 0..5), own in shown(), other in shown(),
    ) {
        let before = file(200);
        let mut after = before.clone();
        after.splice(at..(at + removed).min(200), added);
        let text = own.write(&after);
        let earlier = other.write(&before);
        let form = form_of(&text, &[("output of x", &earlier)]);
        prop_assert!(form.is_some_and(|form| form.text.len() * 5 < text.len()));
    }

    #[test]
    fn noise_harms_nothing(text in "([ 0-9]{0,6}[→\t]?[a-z\n\r é]{0,9}){0,30}", other in ".{0,200}") {
        form_of(&text, &[("x", &other)]);
        form_of(&other, &[("x", &text)]);
    }
}
