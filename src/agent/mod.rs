//! Everything about a wrapped agent, driven by its TOML file.
//!
//! The life of a wrap, in the order of the submodules: a [`spec`] is found in the [`registry`]; [`detect`] looks at this
//! machine, and at what the agent's own [`config`] and [`argument`]s say; [`plan`] decides what to change, purely, with
//! texts from [`template`], the [`upstream`] and, where the agent's own settings would beat our environment, an
//! [`overlay`]; [`session`] writes the [`ledger`] and then the edits; [`launch`] runs the agent, and a [`watch`] ends it
//! when we are killed; [`session`] ends and [`restore`] puts the files back. What a wrap that died left behind is put
//! back by the next one.
//!
//! Nothing here prints, reads the environment or knows the proxy: an agent needs an address, no more.

pub(crate) mod spec;

pub(crate) mod registry;

mod argument;
mod config;
pub(crate) mod detect;
pub(crate) mod overlay;

pub(crate) mod plan;
mod template;
mod upstream;

pub(crate) mod ledger;
pub(crate) mod restore;
pub(crate) mod session;

pub(crate) mod launch;
pub(crate) mod watch;
