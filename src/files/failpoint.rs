//! Points at which a test kills this process, or lets the disk be full: one before every step that changes a file.
//!
//! Release builds have none of it: `pass` is empty there. Which point fails is decided by counting, never by time, so
//! that a run with the same number fails at the same step.

use std::io;
use std::path::Path;

/// What is about to be done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A file is created.
    Create,
    /// Bytes are written where none were.
    Write,
    /// Half of them are there.
    WriteRest,
    /// Bytes are written over others.
    Overwrite,
    /// Half of them are there.
    OverwriteRest,
    Truncate,
    SetMode,
    /// A file or a folder is written through to the disk.
    Flush,
    Rename,
    Remove,
    MakeFolder,
    RemoveFolder,
    Link,
    Lock,
    LetGo,
}

/// Goes on, or does what a test asked for at this point.
#[cfg(not(debug_assertions))]
#[expect(clippy::unnecessary_wraps, reason = "in builds that are tested it can fail")]
#[inline]
pub(crate) fn pass(_: Step, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Goes on, or panics, once, if a test asked for it at this place.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn panic_at(_: &str) {}

#[cfg(debug_assertions)]
pub(crate) use armed::{arm, panic_at, pass};

#[cfg(debug_assertions)]
mod armed {
    use std::fs::File;
    use std::io::Write;
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use nix::errno::Errno;
    use nix::sys::signal::{Signal, raise};

    use super::{Path, Step, io};

    static FAULT: OnceLock<Fault> = OnceLock::new();
    static PASSED: AtomicUsize = AtomicUsize::new(0);
    static PANICKED: AtomicBool = AtomicBool::new(false);

    #[derive(Debug)]
    enum Fault {
        /// This process kills itself before the step of this number, counted from one.
        Kill(usize),
        /// This process stops there until it is continued.
        Stop(usize),
        /// The disk has no room from the step of this number on, which fails whatever it is.
        Full(usize),
        /// The place of this name panics, the first time it is passed.
        Panic(String),
        /// Nothing fails; each step is a line of this file.
        Count(PathBuf),
    }

    /// Takes `N`, `N:stop`, `N:enospc`, `panic:PLACE` or `count:FILE`; anything else arms nothing.
    pub(crate) fn arm(text: &str) {
        let fault = match text.split_once(':') {
            Some(("count", file)) => Some(Fault::Count(PathBuf::from(file))),
            Some(("panic", place)) => Some(Fault::Panic(place.to_owned())),
            Some((number, "stop")) => number.parse().ok().map(Fault::Stop),
            Some((number, "enospc")) => number.parse().ok().map(Fault::Full),
            _ => text.parse().ok().map(Fault::Kill),
        };
        if let Some(fault) = fault {
            // Armed once, before the first step.
            drop(FAULT.set(fault));
        }
    }

    /// Goes on, or does what a test asked for at this point.
    pub(crate) fn pass(step: Step, path: &Path) -> io::Result<()> {
        let Some(fault) = FAULT.get() else { return Ok(()) };
        let number = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
        match fault {
            Fault::Kill(at) if *at == number => raise(Signal::SIGKILL).map_err(io::Error::from),
            Fault::Stop(at) if *at == number => raise(Signal::SIGSTOP).map_err(io::Error::from),
            Fault::Full(at) if number >= *at && fails(step, number == *at) => Err(Errno::ENOSPC.into()),
            Fault::Kill(_) | Fault::Stop(_) | Fault::Full(_) | Fault::Panic(_) => Ok(()),
            Fault::Count(file) => {
                let mut file = File::options().append(true).create(true).open(file)?;
                writeln!(file, "{step:?} {}", path.display())
            }
        }
    }

    /// Goes on, or panics, once, if a test asked for it at this place.
    pub(crate) fn panic_at(place: &str) {
        let Some(Fault::Panic(asked)) = FAULT.get() else { return };
        let panics = asked == place && !PANICKED.swap(true, Ordering::SeqCst);
        assert!(!panics, "as a test asked for");
    }

    /// Whether a full disk stops `step`. The start of a write goes well: what fails is the rest of it.
    fn fails(step: Step, is_first: bool) -> bool {
        match step {
            Step::Write | Step::LetGo => false,
            Step::Create | Step::WriteRest | Step::MakeFolder | Step::Link => true,
            _ => is_first,
        }
    }
}
