//! Measures and properties of the log compressor, over fixtures from real tools.
use proptest::prelude::*;

use super::*;

/// A line as applications, servers and build tools write them.
fn log_line() -> impl Strategy<Value = String> {
    let time = (0..3u32, 0..60u32, 0..1000u32);
    let fields = ("[a-c]{1,2}", 1..400u32, "(/[a-z0-9]{1,4}){1,4}", "[0-9a-f]{8}-[0-9a-f]{4}", 0..9usize);
    (time, fields).prop_map(|((minute, second, millis), (name, number, path, id, kind))| match kind {
        0 => format!("2026-11-20T10:0{minute}:{second:02}.{millis:03}Z INFO  worker-{number} request id={id} path={path} status=200"),
        1 => format!("2026-11-20 10:0{minute}:{second:02},{millis:03} WARN [{name}] slow query ({number} ms): \"{path}\""),
        2 => format!("Nov 20 10:0{minute}:{second:02} host sshd[{number}]: Accepted publickey for {name} from 10.0.0.{minute} port {number}"),
        3 => format!("1.2.3.{minute} - - [20/Nov/2026:10:0{minute}:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 {number}"),
        4 => format!("ERROR {name} failed: {id}"),
        5 => "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nValueError: x".to_owned(),
        6 => "same line again".to_owned(),
        7 => format!("A {name} | ## {{}} \" {number}\t"),
        _ => String::new(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn logs_are_rebuilt_from_their_rows(
        lines in prop::collection::vec(log_line(), 6..80), first in prop::option::of(1..5000usize), ends in 0..3usize,
    ) {
        let text = lines.join(["\n", "\r\n", "\n"][ends]) + ["\n", "\r\n", ""][ends];
        let form = row_form::encode(&text, first, &[]).unwrap();
        prop_assert_eq!(rows::decode(&form, first), Some(text));
    }

    #[test]
    fn any_text_is_rebuilt_from_its_rows(text in "([A-C]{1,2}[ =|]?|\"|\\{\\}|##|… ×2|[0-9]{1,2}\t?|[ =a:]|\n){0,120}", first in prop::option::of(1..20usize)) {
        if let Some(form) = row_form::encode(&text, first, &[]) {
            prop_assert_eq!(rows::decode(&form, first), Some(text));
        }
    }
}
