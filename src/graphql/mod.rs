//! The public schema: types and resolvers over the slices. A resolver decodes, calls one method, converts; no rules here.

pub mod accounts;
mod api_client;
pub mod autopay;
mod ahead;
mod batch;
pub mod billing;
mod clients;
mod consent;
pub mod context;
pub mod document;
pub mod enums;
pub mod exports;
pub mod error;
pub mod guard;
pub mod identity;
mod hints;
pub mod ids;
mod inbound;
pub mod loaders;
pub mod metering;
pub mod node;
pub mod observed;
pub mod once;
mod outbound;
pub mod page;
pub mod payments;
pub mod resume;
pub mod scalars;
pub mod schema;
pub mod subscription;
mod support;
mod webhooks;

pub use context::Services;
pub use observed::Observed;
pub use schema::{Graphql, definition, documents, scopes_page};
