//! Routes and middleware, no rules: GraphQL over HTTP, WebSocket and server-sent events, pages, files, probes, acquirers' notifications.
//!
//! Promises: a client that disconnects cancels nothing, a shutdown finishes what was accepted, every answer carries the
//! security headers. Refuses to know what a query means or who may ask it. No tables, no events.
//! Its GraphQL is the executor that it is given; tests stand beside the code and speak to a real listener.

pub mod admin;
pub mod answer;
pub mod body;
pub mod caller;
pub mod cors;
pub mod cross_site;
pub mod detached;
pub mod downloads;
pub mod exports;
pub mod files;
pub mod gate;
pub mod graphql;
pub mod guarded;
pub mod health;
pub mod imports;
pub mod live;
pub mod oauth;
pub mod observe;
pub mod origin;
pub mod pages;
pub mod ports;
pub mod quality;
pub mod request_id;
pub mod routes;
pub mod sandbox;
pub mod seats;
pub mod server;
pub mod shield;
pub mod sse;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod websocket;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::admin::admin_routes;
pub use self::ports::{
    Check, ClientProof, ConsentAccount, ConsentAnswer, ConsentAsked, ConsentGiven, ConsentPage, ConsentRequest,
    DemoAccount, DemoCard, Doors, Ended, ExportAnswer, Grant, LinkOutcome, MailboxMessage, Paper, SandboxCall,
    SandboxPage, SandboxReply, SignInAnswer, Taken, TokenFacts, Traded, Unproved, UsedLink,
};
pub use self::routes::routes;
pub use self::server::serve;
use crate::config::Config;
use crate::kernel::Entropy;
use crate::platform::metrics::Traffic;

/// All that the room needs. `E` is the GraphQL schema.
pub struct Http<E> {
    pub executor: E,
    pub door: graphql::door::Door,
    pub doors: Arc<dyn Doors>,
    pub config: Arc<Config>,
    pub entropy: Entropy,
    pub traffic: Traffic,
    pub demo: Option<DemoCard>,
    pub pace: live::Pace,
    pub live: Arc<live::Live>,
    pub gate: gate::Gate,
    /// Cancelled when the server is to stop: the same token that `serve` gets.
    pub shutdown: CancellationToken,
    /// Sockets, executions and connections that a shutdown waits for: the same tracker that `serve` gets.
    pub tasks: TaskTracker,
}
