//! What the integration tests and the benches stand on: real agents, a scripted provider, a generated project.

// An agent that does what a test says.
pub(crate) mod fake_agent;
// A home folder, a project and a PATH of their own.
pub(crate) mod claude;
pub(crate) mod home;
pub(crate) mod http;
pub(crate) mod project;
pub(crate) mod provider;
pub(crate) mod provider_cache;
pub(crate) mod proxy;
pub(crate) mod request;
pub(crate) mod scenario;
pub(crate) mod scenarios;
pub(crate) mod snapshot;
pub(crate) mod turn;
