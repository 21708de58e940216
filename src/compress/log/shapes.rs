//! What the lines look like with which tools say that all is well: data, one row per shape.
//!
//! A shape is narrow on purpose. It names lines that are interchangeable to a reader (the 112th `Compiling`), never
//! lines that are merely frequent. Summaries (`Finished`, `added 162 packages`) are no shapes: they stay.

use std::sync::LazyLock;

use regex::RegexSet;

use crate::compress::log::tools::Tools;

/// Lines of one kind that a tool writes by the dozen.
pub(super) struct Shape {
    /// What a marker counts them as.
    pub(super) label: &'static str,
    /// The tool; `""` where any program may write such lines.
    pub(super) tool: &'static str,
    /// Success is said by the whole line, so that an alarming word in it is part of a name (`test fails_late ... ok`).
    pub(super) is_certain: bool,
    pattern: &'static str,
}

const fn certain(tool: &'static str, label: &'static str, pattern: &'static str) -> Shape {
    Shape { label, tool, is_certain: true, pattern }
}

const fn likely(tool: &'static str, label: &'static str, pattern: &'static str) -> Shape {
    Shape { label, tool, is_certain: false, pattern }
}

/// What names of tests are counted as that stand above the line that says whether they passed.
const NAMES: &str = "names of tests";

/// What the lines of `configure` are counted as, and how those end that tell of something that is not there.
const CHECKS: &str = "checks";
const FOUND_NOTHING: [&str; 5] = ["... none", "... disabled", "... broken", "... unsupported", "... unknown"];

pub(super) const SHAPES: &[Shape] = &[
    certain("cargo", "Compiling", r"^\s*Compiling \S+ v\d"),
    certain("cargo", "Checking", r"^\s*Checking \S+ v\d"),
    certain("cargo", "Downloaded", r"^\s*Download(?:ed|ing) \S+ v\d"),
    certain("cargo", "Fresh", r"^\s*Fresh \S+ v\d"),
    certain("cargo", "Documenting", r"^\s*Documenting \S+ v\d"),
    certain("cargo", "Adding", r"^\s*Adding \S+ v\d"),
    certain("cargo", "tests ok", r"^test .* \.\.\. ok(?: <[0-9.]+s>)?$"),
    certain("cargo", "tests PASS", r"^\s+PASS \[ *[0-9.]+s\] "),
    certain("pytest", "PASSED", r"^\S+::.+ PASSED\s*(?:\[\s*\d+%\])?$"),
    certain("pytest", "PASSED", r"^\[gw\d+\] (?:\[\s*\d+%\] )?PASSED \S+::"),
    certain("pytest", "PASSED", r"^PASSED \S+::"),
    certain("pytest", "scheduled", r"^\S+\.py::\S+ $"),
    certain("pytest", "all passed", r"^(?:\S+\.py )?\.+\s*(?:\[\s*\d+%\])?$"),
    certain("unittest", "ok", r"^\w+ \([\w.]+\)(?: \.\.\.)? (?:\.\.\. )?ok$"),
    // Behind the test's name, on a line of its own, the first line of its description.
    certain("unittest", "ok", r"^\S.* \.\.\. ok$"),
    certain("unittest", NAMES, r"^\w+ \([\w.]+\)$"),
    certain("compileall", "compiled", r"^(?:Listing|Compiling) '.+'\.\.\.$"),
    likely("go", "=== lines", r"^\s*=== (?:RUN|PAUSE|CONT|NAME)\b"),
    certain("go", "PASS", r"^\s*--- PASS: "),
    certain("go", "packages ok", r"^ok\s+\S+\s+(?:[0-9.]+s|\(cached\))$"),
    certain("go", "packages without tests", r"^\?\s+\S+\s+\[no test files\]$"),
    likely("go", "go: downloading", r"^go: (?:downloading|extracting|finding) "),
    certain("jest", "passed", r"^\s*[✓✔√] "),
    certain("jest", "PASS", r"^\s*PASS\s+\S+\.[cm]?[jt]sx?\b"),
    certain("jest", "ok", r"^\s*ok \d+ - [^#]*$"),
    certain("jest", "subtests", r"^\s*# Subtest: "),
    certain("jest", "lines of detail", r"^\s+(?:---|\.\.\.|duration_ms: [0-9.]+|type: '\w+')$"),
    likely("npm", "npm http", r"^npm http (?:cache|fetch [A-Z]+ [23]\d\d) "),
    likely("npm", "npm verbose", r"^npm (?:sill|silly|verb|verbose|timing|info) "),
    likely("npm", "progress", r"^Progress: resolved \d+, reused \d+, "),
    certain("npm", "fetched", r"^➤ YN0013: "),
    likely("uv", "downloads", r"^\s*(?:Downloading|Downloaded|Building|Built) \S+(?: \(.+\)| @ \S+)?$"),
    likely("pip", "already satisfied", r"^\s*Requirement already satisfied: "),
    likely("pip", "Collecting", r"^\s*Collecting \S+"),
    likely("pip", "downloads", r"^\s*(?:Downloading|Using cached|Obtaining dependency|Preparing metadata) "),
    likely("pip", "wheels", r"^\s*(?:Building wheel|Created wheel|Stored in directory|Getting requirements)"),
    likely("pip", "setup steps", r"^\s*(?:adding|copying|creating|writing|removing|byte-compiling|running) '?[\w./-]+"),
    likely("apt", "fetched", r"^(?:Get|Hit|Ign):\d+ "),
    likely("apt", "Selecting", r"^Selecting previously unselected package "),
    likely("apt", "Preparing", r"^Preparing to unpack "),
    likely("apt", "Unpacking", r"^Unpacking "),
    likely("apt", "Setting up", r"^Setting up "),
    likely("apt", "triggers", r"^Processing triggers for "),
    likely("apt", "Reading database", r"^\(Reading database "),
    likely("make", "build steps", r"^\[\s*\d+%\] (?:Building|Linking|Built|Generating|Scanning|Consolidate) ?"),
    likely(
        "make",
        "build steps",
        r"^\[\d+/\d+\] (?:Building|Linking|Generating|Compiling|Copying|Creating|Scanning|Re-running|(?:\S*/)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|ar|ranlib|ld)|CC|CXX|LD|AR) ",
    ),
    likely("make", "build steps", r"^\s+(?:CC|CXX|LD|AR|AS|GEN|HOSTCC|HOSTLD|CHK|UPD|INSTALL|LINK|CCLD)\s+\S+$"),
    likely(
        "make",
        "compiler commands",
        r"^(?:\S*/)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|ar|ranlib|ld) .*\S+\.[a-zA-Z]+",
    ),
    likely("make", "directories", r"^make(?:\[\d+\])?: (?:Entering|Leaving) directory "),
    likely("make", CHECKS, r"^checking .*\.\.\. (?:\(cached\) )?(?:yes|ok|done|none needed|/\S+|\w{3,}\S*)$"),
    likely(
        "docker",
        "layers",
        r"^\s*[0-9a-f]{12}: (?:Pull|Wait|Verif|Download|Already|Layer|Push|Prepar|Mount|Extract)",
    ),
    likely(
        "docker",
        "layers",
        r"^#\d+ (?:sha256:|extracting sha256:|[0-9.]+ (?:(?:Get|Hit|Ign):\d+ |Selecting previously |Preparing to unpack |Unpacking |Setting up ))",
    ),
    likely("docker", "layers", r"^(?: ---> (?:Running in )?|Removing intermediate container )[0-9a-f]{12}$"),
    likely("mvn", "downloads", r"^(?:\[INFO\] )?Download(?:ing|ed)(?: from \S+)?: http"),
    likely("mvn", "downloads", r"^Progress \(\d+\): "),
    certain(
        "mvn",
        "test classes passed",
        r"^\[INFO\] Tests run: \d+, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: [^<]* --? in \S+$",
    ),
    likely("mvn", "Running", r"^\[INFO\] Running \S+$"),
    likely("mvn", "rules and blank lines", r"^\[INFO\] *-*$"),
    certain("mvn", "PASSED", r"^\S+ > .+ PASSED$"),
    likely("mvn", "tasks", r"^> Task :\S+(?: UP-TO-DATE| NO-SOURCE| FROM-CACHE)?$"),
    likely(
        "git",
        "progress",
        r"^(?:remote: )?(?:Enumerating|Counting|Compressing|Receiving|Resolving|Writing|Updating) .*\d+%",
    ),
    likely(
        "terraform",
        "waiting",
        r": (?:Refreshing state\.\.\.|Still (?:creating|destroying|modifying|reading)\.\.\.)",
    ),
    likely("", "progress", r"^\s*(?:\S+:?\s+)?\d{1,2}(?:\.\d+)?%\s*\|[ #=>.█▏▎▍▌▋▊▉-]*\|"),
    likely("", "progress", r"^[\s#=>.╸╺-]*[━█░▒▓]{3,}.*\d ?(?:[kKMG]i?B|it/s|s)\b"),
    likely("", "progress", r"^\s*\[?[#=>. -]{3,}\]?\s+\d{1,3}(?:\.\d+)?%\s*$"),
];

static PATTERNS: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(SHAPES.iter().map(|shape| shape.pattern)).expect("the patterns are constant"));

/// Lines of a tool's own shapes that must be there before the text counts as its output, where no command says so.
const TELLING: usize = 5;

/// The shape of each line, of those that the tools behind the text write.
pub(super) fn shapes(lines: &[&str], tools: &Tools) -> Vec<Option<&'static Shape>> {
    if tools.only_print {
        return vec![None; lines.len()];
    }
    let found: Vec<Vec<usize>> = lines
        .iter()
        .map(|line| if line.is_empty() { Vec::new() } else { PATTERNS.matches(line).into_iter().collect() })
        .collect();
    let is_at_work = |tool: &str| {
        let count = || found.iter().flatten().filter(|shape| SHAPES[**shape].tool == tool).count();
        tool.is_empty() || tools.named.contains(&tool) || count() >= TELLING
    };
    let at_work: Vec<bool> = SHAPES.iter().map(|shape| is_at_work(shape.tool)).collect();
    let shape = |found: &Vec<usize>| found.iter().find(|shape| at_work[**shape]).map(|shape| &SHAPES[*shape]);
    let mut shapes: Vec<Option<&'static Shape>> = found.iter().map(shape).collect();
    // Whether a test passed is said on the line below its name.
    for line in 0..shapes.len() {
        let passes = shapes.get(line + 1).is_some_and(|below| below.is_some_and(|below| below.label == "ok"));
        let found_nothing = || FOUND_NOTHING.iter().any(|end| lines[line].ends_with(end));
        let tells_more = |shape: &Shape| shape.label == NAMES && !passes || shape.label == CHECKS && found_nothing();
        if shapes[line].is_some_and(tells_more) {
            shapes[line] = None;
        }
    }
    shapes
}
