//! How a call gets to the acquirer, and what may become of it on the way.

use async_trait::async_trait;
use serde_json::Value;

/// A call of the API, without whose it is: the transport signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub method: &'static str,
    /// Behind the base URL, with the query.
    pub path: String,
    /// The header Idempotence-Key, spelled so.
    pub idempotence_key: Option<String>,
    pub body: Option<Value>,
}

impl Call {
    pub fn get(path: String) -> Self {
        Self { method: "GET", path, idempotence_key: None, body: None }
    }

    pub fn post(path: String, key: &str, body: Value) -> Self {
        Self { method: "POST", path, idempotence_key: Some(key.to_owned()), body: Some(body) }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Nothing was sent: no address, no connection, no TLS.
    NotSent(String),
    /// Sent, or a part of it, and no whole answer came.
    Unanswered(String),
}

#[async_trait]
pub trait Transport: std::fmt::Debug + Send + Sync {
    async fn call(&self, call: &Call) -> Result<Reply, Broken>;
}
