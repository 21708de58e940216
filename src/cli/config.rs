//! What `config.toml` may say. Names and defaults are those that users of other tools of the field know; a setting that
//! we do not have is an error that names its line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use crate::ccr::sqlite;
use crate::cli::output::Failure;
use crate::library;
use crate::library::ContextWeights;
use crate::pipeline::Profile;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) port: Option<u16>,
    pub(crate) anthropic_api_url: Option<String>,
    pub(crate) openai_api_url: Option<String>,
    /// `balanced`, `aggressive`, `conservative`, or one of `profiles`.
    pub(crate) profile: Option<String>,
    pub(crate) exclude_tools: Vec<String>,
    /// `rtk`, `lean-ctx`, or `none`.
    pub(crate) context_tool: Option<String>,
    pub(crate) ccr: Ccr,
    profiles: BTreeMap<String, CustomProfile>,
    intelligent_context: IntelligentContext,
    rolling_window: RollingWindow,
}

/// Where originals and decisions are, and how long they stay.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Ccr {
    /// Whether anything may be left out at all [default: true].
    enabled: Option<bool>,
    /// Seconds after the last use [default: 604800, 7 days].
    ttl_seconds: Option<u64>,
    /// Bytes that the store may have [default: 536870912, 512 MB].
    max_store_size: Option<u64>,
}

impl Ccr {
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.unwrap_or(true)
    }

    pub(crate) fn retention(&self) -> sqlite::Options {
        let defaults = sqlite::Options::default();
        sqlite::Options {
            keep: self.ttl_seconds.map_or(defaults.keep, Duration::from_secs),
            max_bytes: self.max_store_size.unwrap_or(defaults.max_bytes),
            clock: defaults.clock,
        }
    }
}

/// A profile of the user's own, or other figures for one of ours. What is not given is as in `balanced`, or as it was.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CustomProfile {
    bias: Option<f32>,
    min_k: Option<usize>,
    max_k: Option<usize>,
}

/// The profiles that are there without a word of the user.
pub(crate) const PROFILES: [(&str, Profile); 3] =
    [("balanced", Profile::BALANCED), ("aggressive", Profile::AGGRESSIVE), ("conservative", Profile::CONSERVATIVE)];

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IntelligentContext {
    /// Whether messages may be left out where a token budget is given [default: true].
    enabled: Option<bool>,
    scoring_weights: ScoringWeights,
    /// Indices of messages that stay in any case.
    anchor_config: Vec<usize>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ScoringWeights {
    recency: Option<f32>,
    relevance: Option<f32>,
    errors: Option<f32>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RollingWindow {
    /// Whether the oldest turns go [default: false].
    enabled: bool,
    max_turns: Option<usize>,
    preserve_system: Option<bool>,
    preserve_last_n: Option<usize>,
}

impl Config {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(err) if matches!(err.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Self::default());
            }
            Err(err) => return Err(err).with_context(|| format!("could not read `{}`", path.display())),
        };
        let config: Self = toml_edit::de::from_str(&text).map_err(|err| {
            let line = err.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let message = format!("`{}` is not valid at line {line}: {}", path.display(), err.message());
            anyhow::Error::new(Failure { message, hint: Some("correct that line or remove it".to_owned()), code: 1 })
        })?;
        for (name, profile) in &config.profiles {
            profile.check().map_err(|why| {
                let message = format!("`{}` is not valid: `profiles.{name}`: {why}", path.display());
                anyhow::Error::new(Failure { message, hint: None, code: 1 })
            })?;
        }
        Ok(config)
    }

    /// The profile `name`.
    pub(crate) fn profile_of(&self, name: &str) -> Result<Profile, Failure> {
        let known = PROFILES.iter().find(|(known, _)| *known == name).map(|(_, profile)| *profile);
        match (known, self.profiles.get(name)) {
            (known, Some(custom)) => Ok(custom.over(known.unwrap_or_default())),
            (Some(known), None) => Ok(known),
            (None, None) => {
                let own = self.profiles.keys().map(String::as_str);
                let all: BTreeSet<&str> = PROFILES.iter().map(|(name, _)| *name).chain(own).collect();
                let all: Vec<&str> = all.into_iter().collect();
                Err(Failure {
                    message: format!("there is no profile `{name}`"),
                    hint: Some(format!(
                        "there are `{}`; `[profiles.{name}]` with `bias`, `min_k` or `max_k` in `config.toml` makes it",
                        all.join("`, `")
                    )),
                    code: 2,
                })
            }
        }
    }

    /// How messages are chosen where a token budget is given.
    pub(crate) fn intelligent_context(&self) -> Option<library::IntelligentContext> {
        let IntelligentContext { enabled, scoring_weights, anchor_config } = &self.intelligent_context;
        let defaults = ContextWeights::default();
        enabled.unwrap_or(true).then(|| library::IntelligentContext {
            scoring_weights: ContextWeights {
                recency: scoring_weights.recency.unwrap_or(defaults.recency),
                relevance: scoring_weights.relevance.unwrap_or(defaults.relevance),
                errors: scoring_weights.errors.unwrap_or(defaults.errors),
            },
            anchors: anchor_config.clone(),
        })
    }

    /// Which turns stay, where the user wants the oldest to go.
    pub(crate) fn rolling_window(&self) -> Option<library::RollingWindow> {
        let RollingWindow { enabled, max_turns, preserve_system, preserve_last_n } = self.rolling_window;
        let defaults = library::RollingWindow::default();
        enabled.then_some(library::RollingWindow {
            max_turns,
            preserve_system: preserve_system.unwrap_or(defaults.preserve_system),
            preserve_last_n: preserve_last_n.unwrap_or(defaults.preserve_last_n),
        })
    }
}

impl CustomProfile {
    fn over(&self, profile: Profile) -> Profile {
        Profile {
            bias: self.bias.unwrap_or(profile.bias),
            min_k: self.min_k.unwrap_or(profile.min_k),
            max_k: self.max_k.unwrap_or(profile.max_k),
        }
    }

    fn check(&self) -> Result<(), &'static str> {
        let Profile { bias, min_k, max_k } = self.over(Profile::BALANCED);
        if !(0.1..=10.0).contains(&bias) {
            Err("`bias` is from 0.1 to 10")
        } else if min_k > max_k {
            Err("`min_k` is more than `max_k`")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes the file that it reads")]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path)
    }

    #[test]
    fn a_file_that_is_missing_says_nothing() {
        let config = Config::read(Path::new("/nowhere/config.toml")).unwrap();
        assert_eq!(config.profile_of("aggressive").unwrap(), Profile::AGGRESSIVE);
        assert!(config.ccr.is_enabled());
        assert_eq!(config.intelligent_context(), Some(library::IntelligentContext::default()));
        assert_eq!(config.rolling_window(), None);
    }

    #[test]
    fn profiles_are_made_and_changed() {
        let config = read("[profiles.custom]\nbias = 0.5\n[profiles.conservative]\nmax_k = 20").unwrap();
        assert_eq!(config.profile_of("custom").unwrap(), Profile { bias: 0.5, ..Profile::BALANCED });
        assert_eq!(config.profile_of("conservative").unwrap(), Profile { max_k: 20, ..Profile::CONSERVATIVE });
        let unknown = config.profile_of("costum").unwrap_err();
        assert!(unknown.hint.unwrap().contains("`balanced`, `conservative`, `custom`"));
    }

    #[test]
    fn a_profile_that_cannot_be_is_an_error() {
        for wrong in ["bias = 0.0", "bias = nan", "min_k = 9", "max_k = 1"] {
            let err = read(&format!("[profiles.x]\n{wrong}")).unwrap_err();
            assert!(format!("{err:#}").contains("`profiles.x`"), "{wrong}: {err:#}");
        }
    }

    #[test]
    fn what_is_not_known_names_its_line() {
        let err = read("port = 1\n[rolling_window]\nturns = 3").unwrap_err();
        assert!(err.to_string().contains("at line 3"), "{err:#}");
    }

    #[test]
    fn how_messages_are_chosen_is_read() {
        let text = "[intelligent_context]\nanchor_config = [3]\n[intelligent_context.scoring_weights]\nerrors = 0.9\n\
                    [rolling_window]\nenabled = true\nmax_turns = 4\n[ccr]\nenabled = false";
        let config = read(text).unwrap();
        let context = config.intelligent_context().unwrap();
        assert_eq!((context.scoring_weights.errors, context.scoring_weights.recency), (0.9, 0.3));
        assert_eq!(context.anchors, [3]);
        let window = library::RollingWindow { max_turns: Some(4), ..library::RollingWindow::default() };
        assert_eq!(config.rolling_window(), Some(window));
        assert!(!config.ccr.is_enabled());
    }
}
