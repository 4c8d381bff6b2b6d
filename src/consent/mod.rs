//! Apps that act for people, each by the person's own leave (ADR 0053).
//!
//! Promises: an app sees the accounts, the kinds of data and the past that it was granted, and nothing else; codes and
//! tokens are shown once and kept as hashes; a code or a refresh token that is used twice ends its grant; what was revoked
//! opens nothing from that moment on. Refuses to know: which page asks the person (`http/pages`), which field needs which
//! scope (`graphql/document/scopes.txt`). Tables: `apps`, `client_grants`, `client_grant_accounts`, `client_grant_tokens`,
//! `client_grant_calls`. Jobs: `event`. GraphQL: `graphql/consent.rs`. Tests: `tests/it/consent/`.

pub mod app;
pub mod calls;
pub mod error;
pub mod event;
pub mod grant;
pub mod pkce;
pub mod redirect;
pub mod request;
mod store;
pub mod token;

use chrono::TimeDelta;

use self::calls::Calls;
use crate::identity::audit::Audit;
use crate::kernel::{Clock, Entropy};
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::outbox::Outbox;
use crate::platform::secret::SigningKey;
use crate::platform::wakeups::Wakeups;

/// What secrets begin with: whoever finds one in a log or a repository sees what it is.
pub const SECRET_PREFIX: &str = "asec_";
pub const CODE_PREFIX: &str = "gcode_";
pub const ACCESS_PREFIX: &str = "gtok_";
pub const REFRESH_PREFIX: &str = "gref_";
/// Grants that a person may have at once.
pub const MOST_GRANTS: u64 = 20;

#[derive(Debug)]
pub struct Consents {
    db: Db,
    outbox: Outbox,
    wakeups: Wakeups,
    clock: Clock,
    entropy: Entropy,
    audit: Audit,
    /// Of an access token.
    token_life: TimeDelta,
    signing_key: SigningKey,
    calls: Calls,
}

impl Consents {
    pub fn new(mechanisms: &Mechanisms, signing_key: SigningKey) -> Self {
        let Mechanisms { db, outbox, wakeups, clock, entropy, config, .. } = mechanisms.clone();
        let token_life = config.api_clients.token_life;
        Self {
            db,
            outbox,
            wakeups,
            clock,
            entropy,
            audit: Audit::new(mechanisms),
            token_life,
            signing_key,
            calls: Calls::default(),
        }
    }
}
