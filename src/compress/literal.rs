//! The gate: every literal of a text is in its form, or inside what a marker of the form names.
