//! The one test binary: people make requests to the production wiring, in both ways to run.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_futures,
    reason = "a test says what is wrong by failing"
)]

mod harness;

mod accounts;
mod architecture;
mod billing;
mod clients;
mod configuration;
mod consent;
mod database;
mod errors;
mod exports;
mod hostile;
mod identity;
mod integrators;
mod journeys;
mod limits;
mod matrix;
mod metering;
mod migrations;
mod notifications;
mod papers;
mod payments;
mod platform;
mod platform_outbox;
mod process;
mod schema;
mod subscriptions;
mod support;
mod watched;
mod webhooks;
