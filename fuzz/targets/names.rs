//! Prints the names of the compressors, one a line, for `fuzz/run`.

fn main() {
    println!("{}", headroom_fuzz::names().join("\n"));
}
