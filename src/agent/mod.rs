//! Everything about a wrapped agent, driven by its TOML file.
