//! The one marker grammar: write, find, redeem.
