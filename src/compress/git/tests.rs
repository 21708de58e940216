//! What a reader of git's output would notice.

use proptest::prelude::*;

use super::*;
use crate::compress::Context;

const HANDLE: &str = "3f9c2a71d04be586";

const LOG: &str = "\
commit 3f9c2a71d04be5863f9c2a71d04be5863f9c2a71 (HEAD -> main, tag: v1.2)
Author: A. U. Thor <author@example.com>
Date:   Sat Nov 21 17:44:31 2026 +0000

    Name the cause

commit 1d04be5863f9c2a71d04be5863f9c2a71d04be58
Merge: 9148a3e 53fd7ee
Author: A. U. Thor <author@example.com>
Date:   Sat Nov 21 17:40:00 2026 +0000

    Merge branch 'x'
    
    Author: this is no header
      - indented

 src/main.rs   |   4 +-
 logo.png      | Bin 0 -> 512 bytes
 tests/it/a.rs | 120 ++++++
 3 files changed, 122 insertions(+), 2 deletions(-)

commit 58d04be5863f9c2a71d04be5863f9c2a71d04be5 (origin/main)
Author: Some One <else@example.com>
Date:   Fri Nov 20 17:40:00 2026 +0000

    commit 1d04be5863f9 was wrong
";

fn form(text: &str) -> Option<String> {
    let context = Context { retrievable: true, ..Context::of(HANDLE) };
    Git.forms(&Input::of(text, Kind::Git, &context)).pop().map(|form| form.text)
}

#[test]
fn a_header_is_said_when_it_changes() {
    let form = form(LOG).unwrap();
    assert_eq!(Git.restore(&form, None).as_deref(), Some(LOG));
    assert_eq!(form.matches("Author: A. U. Thor").count(), 1, "{form}");
    assert!(
        form.contains("d04be58 17:40:00\nMerge: 9148a3e 53fd7ee\nMerge branch 'x'\n\nAuthor: this"),
        "on the day of the commit above: {form}"
    );
    assert!(
        form.contains("\n src/main.rs | 4 +-\n logo.png | Bin 0 -> 512 bytes\n tests/it/a.rs | 120 ++++++\n"),
        "{form}"
    );
}

#[test]
fn a_message_that_could_be_taken_for_something_else_stays_as_it_was() {
    let first = form(LOG).unwrap();
    assert!(first.ends_with("|    commit 1d04be5863f9 was wrong\n"), "{first}");
    let text = LOG.replace("    Merge branch 'x'\n", "    Date:   never\n");
    assert_eq!(Git.restore(&form(&text).unwrap(), None), Some(text));
}

#[test]
fn behind_a_commit_that_stays_as_it_was_headers_are_said_again() {
    let ours = LOG.split_once("\ncommit 58d04").unwrap().0;
    let theirs = "commit 58d04be5863f9c2a71d04be5863f9c2a71d04be5\nAuthor: Some One <else@example.com>\n\
                  Date:   Fri Nov 20 17:40:00 2026 +0000\n\n    commit 1d04be5863f9 upstream.\n";
    let text = format!("{ours}\n{theirs}\n{ours}");
    let form = form(&text).unwrap();
    assert_eq!(Git.restore(&form, None).as_deref(), Some(text.as_str()));
    let (_, behind) = form.split_once("|    commit 1d04be5863f9 upstream.\n").unwrap();
    assert!(
        behind.contains("tag: v1.2)\nAuthor: A. U. Thor <author@example.com>\nDate:   Sat Nov 21 17:44:31"),
        "{form}"
    );
}

#[test]
fn committers_are_said_when_they_change() {
    let commit = |hash: &str, day: u32| {
        format!(
            "commit {hash}d04be5863f9c2a71d04be5863f9c2a71\nAuthor:     A <a@x.org>\nAuthorDate: Sat Nov {day} 17:44:31 2026 +0000\nCommit:     B <b@x.org>\nCommitDate: Sun Nov {day} 18:44:31 2026 +0000\n\n    Say it\n"
        )
    };
    let text = format!("{}\n{}", commit("3f9c2a71", 21), commit("1d04be58", 20));
    let form = form(&text).unwrap();
    assert_eq!(Git.restore(&form, None), Some(text));
    assert_eq!((form.matches("B <b@x.org>").count(), form.matches("CommitDate: ").count()), (1, 2), "{form}");
}

#[test]
fn a_commit_stands_above_the_lines_it_wrote() {
    let text = "\
^29688b8 (A. U. Thor (x) 2026-11-21 12:18:08 +0000   8) first 1) line
3f9c2a71 (B          (y) 2026-11-22 12:18:08 +0000   9) 
^29688b8 (A. U. Thor (x) 2026-11-21 12:18:08 +0000  10)     third
^29688b8 (A. U. Thor (x) 2026-11-21 12:18:08 +0000  11) fourth
3f9c2a71 (B          (y) 2026-11-22 12:18:08 +0000 100) never
";
    assert_eq!(form(text), None, "numbers do not count up");
    let text = text.replace(" 100) never", "  12) last");
    let with_one_less = text.replace("+0000  ", "+0000 ");
    let form = form(&with_one_less).unwrap();
    assert_eq!(Git.restore(&form, None).as_deref(), Some(with_one_less.as_str()));
    assert!(form.contains("\n^29688b8\n10)     third\n11) fourth\n3f9c2a71 (B"), "{form}");
    assert!(form.ends_with(" 12) last\n"), "{form}");
}

#[test]
fn status_tells_the_files_and_not_what_to_type() {
    let text = "\
On branch main
Changes not staged for commit:
  (use \"git add <file>...\" to update what will be committed)
  (use \"git restore <file>...\" to discard changes in working directory)
\tmodified:   src/a.rs
\tmodified:   src/b.rs
\tmodified:   src/c.rs
\tdeleted:    src/d.rs

Untracked files:
  (use \"git add <file>...\" to include in what will be committed)
\tbuild.log

no changes added to commit (use \"git add\" and/or \"git commit -a\")
";
    let form = form(text).unwrap();
    assert_eq!(Git.restore(&form, None).as_deref(), Some(text));
    assert!(
        form.contains(
            "\n\tmodified:   \nsrc/a.rs\nsrc/b.rs\nsrc/c.rs\n\tdeleted:    src/d.rs\n\nUntracked files:\n\tbuild.log\n"
        ),
        "{form}"
    );
}

#[test]
fn a_graph_loses_its_lines_where_they_can_be_had_back() {
    let text = "*   3f9c2a7 Merge it\n|\\  \n| * 1d04be5 (x) Say | it\n* | 9148a3e Go on\n|/  \n* 53fd7ee Begin\n";
    let form = form(text).unwrap();
    let body = form.split_once('\n').unwrap().1;
    assert_eq!(body, "* 3f9c2a7 Merge it\n* 1d04be5 (x) Say | it\n* 9148a3e Go on\n* 53fd7ee Begin\n");
    let kept = Context::of(HANDLE);
    assert_eq!(Git.forms(&Input::of(text, Kind::Git, &kept)), []);
}

#[test]
fn other_output_has_no_form() {
    for text in ["", "\n", "main\n* next\n", "3f9c2a7 HEAD@{0}: commit: x\n", "commit x\n", "# On branch main\n"] {
        assert_eq!(form(text), None, "{text}");
    }
}

fn any_commit() -> impl Strategy<Value = String> {
    let message = prop_oneof![
        "    [a-z:| ]{0,9}",
        "     [a-z]{1,4} \\| [0-9] [+]",
        "    Author: x",
        "    commit 3f9c2a71d0",
        "",
        " [a-z./]{1,9} +\\| {1,3}[0-9]{1,3} [+-]{1,3}"
    ];
    (0..3u32, "(Merge: 1 2\n)?", 0..3u32, prop::collection::vec(message, 0..6)).prop_map(
        |(author, merge, date, message)| {
            format!("commit 3f9c2a71d0{author}\n{merge}Author: {author}\nDate:   {date}\n\n{}\n\n", message.join("\n"))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_logs_are_read_back(commits in prop::collection::vec(any_commit(), 2..5), cut in 0..9usize) {
        let text = commits.concat();
        let text = &text[..text.len() - cut];
        if let Some(form) = form(text) {
            prop_assert_eq!(Git.restore(&form, None), Some(text.to_owned()));
        }
    }

    #[test]
    fn plain_logs_always_have_a_form(days in prop::collection::vec(1..30u32, 2..6), words in "[a-z]{1,9}( [a-z]{1,9}){0,3}") {
        let commits: Vec<String> = days.iter().map(|day| format!("commit 3f9c2a71d04be586\nAuthor: A <a@x.org>\nDate:   Nov {day}\n\n    {words}\n")).collect();
        prop_assert!(form(&commits.join("\n")).is_some_and(|form| form.matches('|').count() == 1));
    }

    #[test]
    fn generated_blames_are_read_back(first in 1..1200usize, rows in prop::collection::vec((0..3usize, "[a-z0-9) é]{0,9}"), 4..20)) {
        let commits = ["^29688b8 (A 2026-11-21", "3f9c2a71 (B 2026-11-22", "1d04be58 (C 2026-11-23"];
        let last = first + rows.len() - 1;
        let width = last.to_string().len();
        let text = rows.iter().zip(first..).map(|((commit, code), n)| format!("{} {n:>width$}) {code}\n", commits[*commit])).collect::<Vec<_>>().concat();
        prop_assert_eq!(form(&text).and_then(|form| Git.restore(&form, None)), Some(text));
    }

    #[test]
    fn noise_does_no_harm(text in "(commit 3f9c2a7[ 0-9]?|Author: |Date:   |    |On branch |\tmodified:   |3f9c2a71 +1\\) |\\* |\n|\r|é|[a-c|])*") {
        form(&text);
    }
}
