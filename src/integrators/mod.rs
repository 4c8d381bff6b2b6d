//! Exchange with other systems: the registers that a provider's billing exports, and lifelike ones to try.
//!
//! Promises: what a register says is either stored whole and exactly, or refused with the file, line, column and reason.
//! Refuses to know: GraphQL, who asks, how the figures are shown.

pub mod demo;
pub mod import;
pub mod register;
