//! What the integration tests and the benches stand on: real agents and one that does as it is told, a scripted
//! provider, homes and projects of their own.

pub(crate) mod claude;
pub(crate) mod codex;
pub(crate) mod dialect;
pub(crate) mod fake_agent;
pub(crate) mod gate;
pub(crate) mod home;
pub(crate) mod http;
pub(crate) mod openai;
pub(crate) mod openai_request;
pub(crate) mod openai_turn;
pub(crate) mod place;
pub(crate) mod project;
pub(crate) mod provider;
pub(crate) mod provider_cache;
pub(crate) mod proxy;
pub(crate) mod request;
pub(crate) mod scenario;
pub(crate) mod scenarios;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod transcript;
pub(crate) mod turn;
