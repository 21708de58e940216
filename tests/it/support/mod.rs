//! What the tests stand on.

// An agent that does what a test says.
pub(crate) mod fake_agent;
// A home folder, a project and a PATH of their own.
pub(crate) mod home;
