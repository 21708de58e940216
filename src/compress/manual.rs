//! The manual of each compressor: the documentation of its type, read out of its source so that there is one text.

const SOURCES: &[(&str, &str)] = &[
    ("blob", include_str!("blob.rs")),
    ("code", include_str!("code/mod.rs")),
    ("config", include_str!("config/mod.rs")),
    ("diff", include_str!("diff/mod.rs")),
    ("git", include_str!("git/mod.rs")),
    ("html", include_str!("html/mod.rs")),
    ("json", include_str!("json/mod.rs")),
    ("listing", include_str!("listing/mod.rs")),
    ("log", include_str!("log/mod.rs")),
    ("mixed", include_str!("mixed.rs")),
    ("search", include_str!("search.rs")),
    ("table", include_str!("table/mod.rs")),
    ("text", include_str!("text.rs")),
    ("xml", include_str!("xml.rs")),
];

/// The names of the compressors that have a manual.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|(name, _)| *name)
}

/// What the compressor of that name keeps and drops, when it declines, and an example.
pub(crate) fn of(name: &str) -> Option<String> {
    let (_, source) = SOURCES.iter().find(|(known, _)| *known == name)?;
    let heading = source.find("/// # What it keeps")?;
    let before = source[..heading].rfind("\n\n")? + 2;
    let lines = source[before..].lines().map_while(|line| line.strip_prefix("///"));
    Some(lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compress::COMPRESSORS;

    #[test]
    fn every_compressor_has_a_manual_with_all_its_headings() {
        let mut known: Vec<&str> = COMPRESSORS.iter().map(|compressor| compressor.name()).collect();
        known.sort_unstable();
        assert_eq!(names().collect::<Vec<_>>(), known);
        for name in names() {
            let manual = of(name).unwrap();
            for heading in ["# What it keeps", "# What it drops", "# When it declines", "# Example"] {
                assert!(manual.contains(heading), "{name}: {heading}");
            }
            assert!(!manual.starts_with('#') && manual.lines().all(|line| !line.starts_with("///")), "{name}");
        }
        assert_eq!(of("nothing"), None);
    }
}
