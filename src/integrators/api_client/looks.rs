//! Whether tokens still open something, asked by many connections with one token.
//!
//! A connection of a program's looks every second, and hundreds may hold one token: they share a look.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::ApiClients;
use crate::kernel::{ApiClient, Fault};

/// With the second between two looks of a connection well within the two in which what was revoked closes.
const SHARED: Duration = Duration::from_millis(500);

/// By token. Never asked by requests: what is revoked opens nothing from that moment on.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<HashMap<String, (Instant, ApiClient)>>);

impl Looks {
    fn find(&self, token: &str) -> Option<ApiClient> {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, client) = looks.get(token)?;
        (at.elapsed() < SHARED).then(|| client.clone())
    }

    fn keep(&self, token: &str, at: Instant, client: &ApiClient) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|_, (at, _)| at.elapsed() < SHARED);
        looks.insert(token.to_owned(), (at, client.clone()));
    }
}

impl ApiClients {
    /// Whose a token was half a second ago, at the earliest: for connections that it opened.
    pub async fn look(&self, token: &str) -> Result<Option<ApiClient>, Fault> {
        if let Some(client) = self.looks.find(token) {
            return Ok(Some(client));
        }
        let at = Instant::now();
        let found = self.find(token).await?.map(|good| good.client);
        if let Some(client) = &found {
            self.looks.keep(token, at, client);
        }
        Ok(found)
    }

    /// Something has ended: the next look is not shared with those before.
    pub fn look_anew(&self) {
        self.looks.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
