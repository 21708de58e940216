//! What becomes of tables of every kind, and that forms read back.

use proptest::prelude::*;

use super::*;
use crate::compress::Context;

const HANDLE: &str = "3f9c2a71d04be586";

fn formed(text: &str, first_line: Option<usize>) -> Option<Form> {
    let context = Context { retrievable: true, ..Context::of(HANDLE) };
    let command = ["x".to_owned()];
    let form = form(&Input { first_line, command: Some(&command), ..Input::of(text, Kind::Table, &context) })?;
    if form.loss == Loss::None {
        assert_eq!(read(&form.text, first_line).unwrap().text.as_deref(), Some(text));
    }
    Some(form)
}

fn body(text: &str) -> String {
    let form = formed(text, None).unwrap();
    form.text.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn padding_goes_and_what_all_rows_share_is_said_once() {
    let text = "\
NAMESPACE   NAME        READY   STATUS    RESTARTS   AGE
default     api-5c9f8   1/1     Running   0          3h12m
default     web-7b4d2   1/1     Running   3          15h
default     web-9k2x1   1/1     Error     0          2d
default     job-1f2e3   1/1     Running   0          5m
default     job-2f2e3   1/1     Running   0          6m
default     job-3f2e3   1/1     Running   0          7m
";
    assert_eq!(
        body(text),
        "columns (was aligned 0l3l3l3l3l3l): NAMESPACE=default|NAME|READY=1/1|STATUS (empty: Running)|RESTARTS (empty: 0)|AGE\n\
         api-5c9f8|||3h12m\nweb-7b4d2||3|15h\nweb-9k2x1|Error||2d\njob-1f2e3|||5m\njob-2f2e3|||6m\njob-3f2e3|||7m\n"
    );
}

#[test]
fn long_listings_of_several_folders_are_one_table() {
    let text = "\
src:
total 12
-rw-r--r-- 1 root root 4711 Nov 21 17:53 lib.rs
-rw-r--r-- 1 root root  120 Nov 21 17:53 main.rs
-rw-r--r-- 1 root root   12 Nov 21 17:53 mod.rs
-rw-r--r-- 1 root root 1234 Nov 21 17:53 names.rs
drwxr-xr-x 2 root root 4096 Nov  1 09:12 a folder

src/a folder:
total 8
-rw-r--r-- 1 root root 99 Nov 21 17:53 x.rs
-rw-r--r-- 1 root root  7 Nov 21 17:53 link -> x.rs
";
    assert_eq!(
        body(text),
        "src:\ntotal 12\n\
         columns without a heading line (was aligned 0l1l1l1r1l1l1l): \
         mode links (empty: -rw-r--r-- 1)|owner=root|group=root|size|date (empty: Nov 21)|time (empty: 17:53)|name\n\
         |4711|||lib.rs\n|120|||main.rs\n|12|||mod.rs\n|1234|||names.rs\ndrwxr-xr-x 2|4096|Nov  1|09:12|a folder\n\n\
         src/a folder:\ntotal 8\n|99|||x.rs\n|7|||link -> x.rs\n"
    );
}

#[test]
fn csv_keeps_its_cells_whatever_quoted_them() {
    let row = |n: usize| format!("{n},\"Doe, {n}\",open-and-unassigned,\"said \"\"no\"\"\ntwice {n}\"\n");
    let text = format!("id,name,state,note\n{}", (0..9).map(row).collect::<String>());
    let form = formed(&text, None).unwrap();
    assert_eq!(form.loss, Loss::None);
    let start = "columns (was CSV): id|name|state=open-and-unassigned|note\n0|Doe, 0|\"said \"\"no\"\"\ntwice 0\"\n";
    assert!(form.text.contains(start), "{}", form.text);
}

#[test]
fn the_first_row_is_no_heading_unless_it_says_so() {
    let text =
        (0..20).map(|n| format!("pg_catalog\tpg_stat_activity\tcolumn_{n}\ttext\n")).collect::<Vec<_>>().concat();
    let body = body(&text);
    assert!(body.contains("\npg_catalog\tpg_stat_activity\tcolumn_0\ttext\n"), "{body}");
    assert!(body.starts_with("columns without a heading line (was TSV, unquoted): 1=pg_catalog"), "{body}");
}

#[test]
fn a_date_that_rows_share_is_said_once_and_no_time_is_cut() {
    let row = |n: usize| format!("{n},2024-03-0{} 08:{:02}:00+00,{}\n", 1 + n / 20, n % 20, n * 17);
    let text = format!("id,placed,cents\n{}", (0..40).map(row).collect::<String>());
    assert!(body(&text).starts_with(
        "columns (was CSV, unquoted): id|placed (empty: as above)|+|cents\n0|2024-03-01|08:00:00+00|0\n1||08:01:00+00|17\n"
    ), "{}", body(&text));
}

#[test]
fn a_row_that_overflows_its_columns_stays_as_it_was() {
    let row = |n: usize, rss: &str| format!("root      {n:>4}  0.0 {rss:>6} pts/0    tool-{n}\n");
    let rows: String = (0..40).map(|n| if n == 30 { row(n, "12345678") } else { row(n, "120") }).collect();
    let text = format!("USER       PID %CPU    RSS TTY      COMMAND\n{rows}");
    let body = body(&text);
    assert!(body.starts_with("columns (was aligned "), "{body}");
    assert!(body.contains(&row(30, "12345678")), "{body}");
    assert!(body.contains("\n29|tool-29\n"), "{body}");
}

#[test]
fn borders_go_and_indentation_that_speaks_stays() {
    let text = "\
 name      | self |   note
-----------+------+-----------
 os        |   12 |   a
   os.path |    7 |   b
   stat    |  108 |   c
 sys       |    1 |   d
(4 rows)
";
    let form = formed(text, None).unwrap();
    assert_eq!(form.loss, Loss::Layout);
    assert!(form.text.contains(&format!("headroom retrieve {HANDLE}]")));
    assert!(
        form.text
            .replace('\t', "|")
            .ends_with("columns: name|self|note\nos|12|a\n  os.path|7|b\n  stat|108|c\nsys|1|d\n(4 rows)\n"),
        "{}",
        form.text
    );
}

#[test]
fn lines_that_end_alike_keep_their_beginning_in_one_piece() {
    let text = (0..12)
        .map(|n| format!("lib{n}/stable,now 1.{n} {} [installed]\n", if n == 5 { "all" } else { "amd64" }))
        .collect::<Vec<_>>()
        .concat();
    let text = format!("Listing...\n{text}");
    let body = body(&text);
    assert!(body.contains("\nlib4/stable,now 1.4|\nlib5/stable,now 1.5|all [installed]\n"), "{body}");
}

#[test]
fn a_table_that_is_read_keeps_its_line_numbers() {
    let text = (0..30).map(|n| format!("{n};name{n};open;Oslo\n")).collect::<Vec<_>>().concat();
    let text = format!("# made by x\n\nid;name;state;city\n{text}");
    let form = formed(&text, Some(1)).unwrap();
    assert!(form.text.contains("; file lines 1-33"), "{}", form.text);
    assert!(form.text.contains("\n1\t# made by x\n2\t\n"), "{}", form.text);
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9./-]{1,9}",
        Just("same".to_owned()),
        "[a-z]{1,4} [a-z]{1,4}",
        "[äé漢🙂]{1,3}",
        Just(String::new())
    ]
}

fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    (2usize..6).prop_flat_map(|width| prop::collection::vec(prop::collection::vec(cell(), width), 5..14))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_is_offered_reads_back(text in "(a|bb|\"|,|\t|;|\\||-{3}|[ ]{1,3}|=|\r\n|\n|é|columns: |1){0,160}", numbered in any::<bool>()) {
        formed(&text, numbered.then_some(7));
    }

    #[test]
    fn csv_reads_back(rows in rows(), sign in "[,;\t]", end in "(\n|\r\n)") {
        let sign = sign.chars().next().unwrap();
        let text: String = rows
            .iter()
            .map(|row| {
                let cells: Vec<Cow<str>> = row.iter().map(|cell| Cow::Borrowed(cell.as_str())).collect();
                style::Quotes::Needed.line(&cells, sign) + &end
            })
            .collect();
        formed(&text, None);
    }

    #[test]
    fn padded_rows_read_back(rows in rows(), gap in 1usize..4, is_right in any::<bool>()) {
        let count = |cell: &String| cell.chars().count();
        let widths: Vec<usize> = (0..rows[0].len()).map(|at| rows.iter().map(|row| count(&row[at])).max().unwrap()).collect();
        let text: String = rows
            .iter()
            .map(|row| {
                let line: String = row
                    .iter()
                    .zip(&widths)
                    .map(|(cell, width)| {
                        let pad = " ".repeat(width - count(cell));
                        if is_right { format!("{pad}{cell}{}", " ".repeat(gap)) } else { format!("{cell}{pad}{}", " ".repeat(gap)) }
                    })
                    .collect();
                line.trim_end().to_owned() + "\n"
            })
            .collect();
        formed(&text, None);
    }
}
