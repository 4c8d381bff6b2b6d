//! Exchange with other systems: the registers that a provider's billing exports, lifelike ones to try, and the programs of
//! providers that ask by themselves.
//!
//! Promises: what a register says is either stored whole and exactly, or refused with the file, line, column and reason.
//! Refuses to know: GraphQL, which person asks, how the figures are shown.

pub mod api_client;
pub mod batch;
pub mod changes;
pub mod demo;
pub mod import;
pub mod reading_files;
pub mod register;
pub mod template;
pub mod undo;
pub mod uploads;
pub mod webhooks;
