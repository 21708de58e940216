//! Where the log goes: standard error for a proxy on its own, a file while an agent owns the terminal.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;

/// How much is logged.
fn level(verbose: bool) -> LevelFilter {
    if verbose { LevelFilter::DEBUG } else { LevelFilter::WARN }
}

/// Logs to standard error.
pub(crate) fn to_terminal(verbose: bool) {
    tracing_subscriber::fmt().with_max_level(level(verbose)).with_writer(std::io::stderr).with_target(false).init();
}

/// Logs to the file `path`, panics included. Where it cannot be written nothing is logged: that stops no agent, and
/// says nothing on its screen.
pub(crate) fn to_file(path: &Path, verbose: bool) {
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic)));
    let file = path.parent().map(std::fs::create_dir_all).and_then(Result::ok).and_then(|()| open(path));
    let Some(file) = file else { return };
    tracing_subscriber::fmt()
        .with_max_level(level(verbose))
        .with_writer(Mutex::new(file))
        .with_ansi(false)
        .with_target(false)
        // It would tell standard error of a full disk.
        .log_internal_errors(false)
        .init();
}

fn open(path: &Path) -> Option<File> {
    File::options().append(true).create(true).mode(0o600).open(path).ok()
}
