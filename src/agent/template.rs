//! The texts that are put into users' files, and the filling of their holes.
//!
//! A template has holes `{{name}}` and no logic; what depends on the machine is decided by the plan.

use crate::agent::spec::Template;

impl Template {
    /// The name in the block's marker lines.
    pub(crate) fn marker(self) -> &'static str {
        match self {
            Self::Rtk => "rtk-instructions",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Rtk => include_str!("../../templates/rtk.md"),
        }
    }

    /// The text with each hole filled.
    pub(crate) fn fill(self, holes: &[(&str, &str)]) -> String {
        let filled = holes
            .iter()
            .fold(self.text().to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value));
        debug_assert!(!filled.contains("{{"), "every hole has a value: {filled}");
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hole_is_left_open() {
        let text = Template::Rtk.fill(&[("run", "rtk")]);
        assert!(text.contains("`rtk git status`"));
        assert!(!text.contains("{{"));
    }
}
