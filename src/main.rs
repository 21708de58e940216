use std::process::ExitCode;

fn main() -> ExitCode {
    headroom::run(std::env::args_os())
}
