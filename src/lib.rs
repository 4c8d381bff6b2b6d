//! kabinet: a GraphQL gateway for the customers of utility providers.
//!
//! Modules stand in their order: each uses only those above it (`tests/it/architecture.rs` checks).

pub mod kernel;
pub mod config;
pub mod platform;
pub mod identity;
pub mod accounts;
pub mod consent;
pub mod metering;
pub mod billing;
pub mod payments;
pub mod papers;
pub mod support;
pub mod exports;
pub mod notifications;
pub mod integrators;
pub mod graphql;
pub mod http;
pub mod worker;
pub mod app;
pub mod cli;
