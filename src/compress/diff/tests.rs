//! What a reader of a diff would notice.

use proptest::prelude::*;

use super::*;
use crate::compress::Context;

const HANDLE: &str = "3f9c2a71d04be586";

const DIFF: &str = "\
commit 3f9c2a71d04be5863f9c2a71d04be5863f9c2a71
Author: A. U. Thor <author@example.com>
Date:   Sat Nov 21 17:44:31 2026 +0000

    Name the cause

diff --git a/src/a.rs b/src/a.rs
index 3f9c2a7..1d04be5 100644
--- a/src/a.rs
+++ b/src/a.rs
@@ -10,9 +10,9 @@ fn main() {
     let value = first_value();
     // This comment says nothing that is looked for.
     if ready {
-        old_call();
+        new_call();
     }
     // Nor does this one, at the end of the hunk.
     while waiting {
     }
     let value = first_value();
@@ -40,2 +40,2 @@ fn other() {
--- a line that looks like a head
+++ another one
 
diff --git a/old name b/new name
similarity index 100%
rename from old name
rename to new name
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
index 3f9c2a7..0000000
--- a/gone.txt
+++ /dev/null
@@ -1,3 +0,0 @@
-one
--- two
-three
\\ No newline at end of file
diff --git a/fresh.txt b/fresh.txt
new file mode 100755
index 0000000..3f9c2a7
--- /dev/null
+++ b/fresh.txt
@@ -0,0 +1,3 @@
+one
+@@ -1 +1 @@
+diff --git a/x b/x

commit 1d04be5863f9c2a71d04be5863f9c2a71d04be58
Author: A. U. Thor <author@example.com>
Date:   Sat Nov 21 17:40:00 2026 +0000

    Draw it

diff --git a/logo.png b/logo.png
index 3f9c2a7..1d04be5 100644
Binary files a/logo.png and b/logo.png differ
";

fn forms(text: &str, retrievable: bool) -> Vec<Form> {
    let context = Context { retrievable, ..Context::of(HANDLE) };
    Diff.forms(&Input::of(text, Kind::Diff, &context))
}

#[test]
fn what_follows_from_other_lines_is_not_shown() {
    let [form] = &forms(DIFF, false)[..] else { panic!() };
    assert_eq!(form.loss, Loss::None);
    assert_eq!(Diff.restore(&form.text, None).as_deref(), Some(DIFF));
    assert!(!form.text.contains("--- a/src/a.rs") && !form.text.contains("\n+++ b/fresh.txt"), "{}", form.text);
    assert!(form.text.contains("\n--- a line that looks like a head\n+++ another one\n"), "{}", form.text);
    assert!(
        form.text.contains("@@ -1,3 +0,0 @@ every line removed:\none\n-- two\nthree\n\\ No newline"),
        "{}",
        form.text
    );
    assert!(form.text.contains("every line added:\none\n@@ -1 +1 @@\ndiff --git a/x b/x\n"), "{}", form.text);
    assert_eq!(form.text.matches("Author: ").count(), 1);
    assert!(form.text.lines().next().unwrap().contains("a commit without Author has that of the commit above"));
    let [other] = &forms(&DIFF.replacen("A. U. Thor", "Some One", 1), false)[..] else { panic!() };
    assert!(!other.text.lines().next().unwrap().contains("Author"), "{}", other.text);
}

#[test]
fn a_line_that_would_read_as_said_by_us_keeps_its_sign() {
    let gap = marker::gap(&(4..=43), "40 tests ok", HANDLE);
    let text = DIFF.replace("+one\n+@@", &format!("+{gap}\n+@@"));
    let [form] = &forms(&text, false)[..] else { panic!() };
    assert_eq!(Diff.restore(&form.text, None), Some(text));
    assert_eq!(marker::find(&form.text), [], "{}", form.text);
}

fn short_of(text: &str, hints: &[String]) -> String {
    let context = Context { retrievable: true, hints, ..Context::of(HANDLE) };
    let form = short(&Input::of(text, Kind::Diff, &context)).unwrap();
    assert_eq!(form.loss, Loss::Content);
    form.text
}

#[test]
fn unchanged_lines_go_only_where_no_name_goes_with_them() {
    let form = short_of(DIFF, &[]);
    assert!(form.contains("     let value = first_value();\n…1\n     if ready {\n-        old_call();\n"), "{form}");
    assert!(!form.contains("Nor does this one"), "{form}");
    let changed = |line: &&str| line.starts_with(['+', '-']) && !line.contains('/');
    for line in DIFF.lines().filter(changed) {
        assert!(form.contains(&line[1..]), "{line}");
    }
}

#[test]
fn a_line_that_the_question_names_stays() {
    let form = short_of(DIFF, &["says nothing".to_owned()]);
    assert!(form.contains("     // This comment says nothing that is looked for.\n"), "{form}");
}

fn with_lock_file() -> String {
    let hunk =
        (0..20).map(|n| format!("-version = \"1.0.{n}\"\n+version = \"1.1.{n}\"\n")).collect::<Vec<_>>().concat();
    format!(
        "diff --git a/Cargo.lock b/Cargo.lock\nindex 3f9c2a7..1d04be5 100644\n--- a/Cargo.lock\n+++ b/Cargo.lock\n@@ -1,20 +1,20 @@\n{hunk}"
    )
}

#[test]
fn a_lock_file_gives_way_to_its_counts_beside_other_files() {
    let lock = with_lock_file();
    let form = short_of(&format!("{lock}{}", &DIFF[DIFF.find("diff --git").unwrap()..]), &[]);
    let gap = marker::gap(&(5..=45), "generated file, 20 lines added, 20 removed", HANDLE);
    assert!(form.contains(&format!("\nindex 3f9c2a7..1d04be5 100644\n{gap}\ndiff --git a/src/a.rs")), "{form}");
    let [form] = &forms(&lock, true)[..] else { panic!() };
    assert_eq!(form.loss, Loss::None, "a diff of nothing but lock files is about them");
}

#[test]
fn times_of_files_that_were_unpacked_together_are_said_once() {
    let file = |name: &str| {
        format!(
            "diff -ru old/{name} new/{name}\n--- old/{name}\t2024-01-02 10:00:00.000000000 +0000\n+++ new/{name}\t2024-03-04 10:00:00.000000000 +0000\n@@ -1 +1 @@\n-{name}1\n+{name}2\n"
        )
    };
    let text = format!("{}{}Only in new: c.txt\n", file("a.txt"), file("b.txt"));
    let form = plain::write(&text);
    assert_eq!(plain::read(&form).as_ref(), Some(&text));
    assert_eq!(form.matches("2024-03-04 10:00:00.000000000 +0000").count(), 1, "{form}");
    let later = text.replace("b.txt\t2024-03-04 10:00:00.000000000", "b.txt\t2024-03-04 10:00:00.250000000");
    let form = plain::write(&later);
    assert_eq!(plain::read(&form), Some(later));
    assert!(form.contains("\n---\t10:00:00.000000000\n+++\t10:00:00.250000000\n"), "{form}");
}

#[test]
fn a_rename_is_told_by_its_diff_line_where_that_tells_both_names() {
    let file = |from: &str, to: &str| {
        format!(
            "diff --git a/{from} b/{to}\nsimilarity index 90%\nrename from {from}\nrename to {to}\nindex 3f9c2a7..1d04be5 100644\n--- a/{from}\n+++ b/{to}\n@@ -1 +1 @@\n-{from}1\n+{to}2\n"
        )
    };
    let moved = "diff --git a/p b/q\nsimilarity index 100%\nrename from p\nrename to q\n";
    let copied = moved.replace("rename", "copy");
    let text = format!("{}{copied}{}{moved}", file("old/x.txt", "new dir/x.txt"), file("a b/c", "d"));
    let form = plain::write(&text);
    assert_eq!(plain::read(&form).as_ref(), Some(&text));
    assert!(form.contains("b/new dir/x.txt\nsimilarity index 90%\nindex 3f9c2a7..1d04be5 100644\n@@"), "{form}");
    assert!(form.contains("\ncopy from p\n") && form.contains("\nrename from a b/c\n"), "{form}");
    assert!(form.ends_with("similarity index 100%\n"), "{form}");
}

#[test]
fn a_thousand_renames_have_a_form() {
    let rename = |n: usize| {
        format!(
            "diff --git a/old_{n}/file.rs b/new_{n}/file.rs\nsimilarity index 100%\nrename from old_{n}/file.rs\nrename to new_{n}/file.rs\n"
        )
    };
    let text = format!("{}{}", DIFF, (0..1000).map(rename).collect::<String>());
    let whole = plain::write(&text);
    assert_eq!(plain::read(&whole).as_ref(), Some(&text));
    assert_eq!(literal::lost(&text, &whole, 1, HANDLE), None);
}

#[test]
fn what_is_no_diff_has_no_form() {
    for text in ["", "\n", "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", "1c1\n< a\n---\n> b\n"] {
        assert_eq!(forms(text, true), [], "{text}");
    }
}

#[test]
fn a_megabyte_takes_no_time() {
    let text = format!(
        "{}diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1,90000 @@\n{}",
        DIFF[DIFF.find("diff --git").unwrap()..].repeat(1200),
        "+x\n".repeat(90_000)
    );
    assert!(text.len() > 1_000_000);
    let start = std::time::Instant::now();
    assert_eq!(forms(&text, true).len(), 1);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

fn any_file() -> impl Strategy<Value = String> {
    let line = prop_oneof!["[ +-][a-z_.0-9 é]{0,12}\r?", Just("\\ No newline at end of file".to_owned()), "[ +-]{0,4}"];
    let hunk =
        (0..30usize, prop::collection::vec(line, 0..9), "( fn [a-z]{0,8})?").prop_map(|(start, lines, heading)| {
            let count =
                |signs: [char; 2]| lines.iter().filter(|line| line.is_empty() || line.starts_with(signs)).count();
            let side = |count| if count == 1 { start.to_string() } else { format!("{start},{count}") };
            let body = lines.iter().map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
            format!("@@ -{} +{} @@{heading}\n{body}", side(count([' ', '-'])), side(count([' ', '+'])))
        });
    let head = prop_oneof![
        Just("diff --git a/x.rs b/x.rs\nindex 3f9c2a7..1d04be5 100644\n--- a/x.rs\n+++ b/x.rs\n"),
        Just("diff --git a/x b/x\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/x\n"),
        Just("diff --git a/x b/x\ndeleted file mode 100644\nindex 0..1\n--- a/x\n+++ /dev/null\n"),
        Just("diff --git a/x y b/z\nsimilarity index 90%\nrename from x y\nrename to z\n--- a/x y\t\n+++ b/z\n"),
        Just("diff -ru a/x b/x\n--- a/x\t2024-01-02\n+++ b/x\t2024-01-03\n"),
        Just("--- a/x\n+++ b/x\n"),
        Just("\ncommit 3f9c2a71d04\nAuthor: a\nDate: b\n\n    message\n\n"),
        Just("@@@ -1,2 -1,2 +1,2 @@@\n"),
        Just("diff --git \n"),
    ];
    (head, prop::collection::vec(hunk, 0..3)).prop_map(|(head, hunks)| head.to_owned() + &hunks.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_diffs_are_read_back(files in prop::collection::vec(any_file(), 1..5), cut in 0..40usize) {
        let text = files.concat();
        let mut end = text.len().saturating_sub(cut);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        for text in [text.as_str(), &text[..end]] {
            for form in forms(text, false) {
                prop_assert_eq!(Diff.restore(&form.text, None), Some(text.to_owned()));
            }
            forms(text, true);
        }
    }

    #[test]
    fn whole_diffs_always_have_a_form(hunks in 1..4usize, lines in prop::collection::vec("[ +-][a-z ]{1,9}", 1..9)) {
        let count = |signs: [char; 2]| lines.iter().filter(|line| line.starts_with(signs)).count();
        let body = lines.iter().map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
        let hunk = format!("@@ -1,{} +1,{} @@\n{body}", count([' ', '-']), count([' ', '+']));
        let text = format!("diff --git a/x b/x\n--- a/x\n+++ b/x\n{}", hunk.repeat(hunks));
        prop_assert_eq!(forms(&text, false).len(), 1);
    }

    #[test]
    fn noise_does_no_harm(text in "(@@ -[0-3],[0-3] \\+[0-3] @@|diff --git a b|--- |\\+\\+\\+ |[ +-]|\n|\r|é|[a-c])*") {
        for form in forms(&text, false) {
            prop_assert_eq!(Diff.restore(&form.text, None), Some(text.clone()));
        }
        forms(&text, true);
    }
}
