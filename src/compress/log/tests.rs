//! Measures and properties of the log compressor, over fixtures from real tools.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "scratch")]
use super::*;

#[test]
fn scratch() {
    let Ok(path) = std::env::var("LOGFILE") else { return };
    for path in path.split(',') {
        let text = std::fs::read_to_string(path).unwrap();
        let first = std::env::var("FIRST").ok().map(|n| n.parse().unwrap());
        let start = std::time::Instant::now();
        let form = row_form(&text, first, &[]);
        let took = start.elapsed();
        let before = crate::tokens::count(&text);
        let after = form.as_deref().map_or(before, crate::tokens::count);
        println!("ROW {path} {} bytes {before} -> {after} {:.1}% {took:?}", text.len(), 100.0 - 100.0 * after as f64 / before as f64);
        if std::env::var("SHOW").is_ok() { println!("{}", form.unwrap_or_default()); }
    }
}
