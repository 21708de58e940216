//! What each line of a diff is. The counts in a hunk's head decide how far it goes, so a changed line that looks like a
//! head (`--- a/x` is the removed line `-- a/x`) is never taken for one.

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The line that names both files: `diff --git a/x b/x`, `diff -ru old/x new/x`.
    File,
    /// `--- a/x`
    Left,
    /// `+++ b/x`
    Right,
    /// `@@ -1,7 +1,9 @@`
    Hunk,
    Context,
    Added,
    Removed,
    /// `\ No newline at end of file`
    NoNewline,
    /// Heads and messages of commits, modes, hashes, statistics, and whatever is no diff.
    Other,
}

impl Role {
    /// Whether the line is part of a hunk, below its head.
    pub(super) fn is_body(self) -> bool {
        matches!(self, Self::Context | Self::Added | Self::Removed | Self::NoNewline)
    }
}

/// The head of a hunk, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hunk<'a> {
    /// How many lines it has of the old file and of the new one.
    old: usize,
    new: usize,
    /// What stands behind the second `@@`.
    pub(super) heading: &'a str,
}

impl<'a> Hunk<'a> {
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let (sides, heading) = line.strip_prefix("@@ -")?.split_once(" @@")?;
        let (old, new) = sides.split_once(" +")?;
        Some(Self { old: length(old)?, new: length(new)?, heading })
    }

    pub(super) fn lengths(self) -> (usize, usize) {
        (self.old, self.new)
    }
}

/// The length of one side of a hunk, as in `120,7`; one line where none is said.
fn length(side: &str) -> Option<usize> {
    let (start, count) = side.split_once(',').unwrap_or((side, "1"));
    let is_number = |text: &str| (1..10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number(start) && is_number(count) { count.parse().ok() } else { None }
}

/// What a line below the head of a hunk is, by its first sign. Some tools take the space off an empty line.
fn body_role(line: &str) -> Option<Role> {
    match line.as_bytes().first() {
        None | Some(b' ' | b'\r') => Some(Role::Context),
        Some(b'+') => Some(Role::Added),
        Some(b'-') => Some(Role::Removed),
        Some(b'\\') => Some(Role::NoNewline),
        _ => None,
    }
}

/// The role of each line.
pub(super) fn of(lines: &[&str]) -> Vec<Role> {
    let mut roles = Vec::with_capacity(lines.len());
    while roles.len() < lines.len() {
        let at = roles.len();
        let line = lines[at];
        if let Some(hunk) = Hunk::parse(line) {
            roles.push(Role::Hunk);
            body(&lines[at + 1..], hunk, &mut roles);
        } else if line.starts_with("diff ") {
            roles.push(Role::File);
        } else if line.starts_with("---") && lines.get(at + 1).is_some_and(|next| next.starts_with("+++ ")) {
            roles.extend([Role::Left, Role::Right]);
        } else {
            roles.push(Role::Other);
        }
    }
    roles
}

/// The roles of the lines of `hunk`, as many as its head says.
pub(super) fn body(lines: &[&str], hunk: Hunk, roles: &mut Vec<Role>) {
    let (mut old, mut new) = hunk.lengths();
    for line in lines {
        let Some(role) = body_role(line) else { return };
        let (takes_old, takes_new) = match role {
            Role::Context => (1, 1),
            Role::Added => (0, 1),
            Role::Removed => (1, 0),
            _ => (0, 0),
        };
        let is_over = old == 0 && new == 0;
        if takes_old > old || takes_new > new || is_over && role != Role::NoNewline {
            return;
        }
        old -= takes_old;
        new -= takes_new;
        roles.push(role);
    }
}
