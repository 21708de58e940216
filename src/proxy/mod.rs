//! The HTTP server between agent and provider.
