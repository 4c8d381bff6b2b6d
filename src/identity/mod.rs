//! People: registration, confirmation of the address, sign-in, sessions.
//!
//! Promises: nothing tells a stranger whether an address is known; passwords are hashed off the async threads; a session
//! that was ended stays ended; what a person did is written down with the act. Refuses to know: accounts, money.
//! Tables: `users`, `agreement_acceptances`, `email_changes`, `email_change_links`, `audit_events`,
//! `audit_circumstances`, `access_tokens`, `two_factors`, `recovery_codes`, `cabinet_deletions`, `erasures`; key spaces `session`,
//! `confirmation`, `deletion`, `password-reset`, `foreign-sign-in`, `captcha`, `tries`, `brake`, `place`, `decoy`,
//! `decoy-user`, `resend`, `resend-step`.
//! Jobs: `event`. GraphQL: `graphql/identity.rs`. Tests: `tests/it/identity/`.

pub mod access_token;
pub mod agreement;
pub mod applicant;
pub mod audit;
pub mod captcha;
pub mod confirmation;
pub mod decoy;
pub mod email_change;
pub mod deletion;
pub mod erasure;
pub mod error;
pub mod event;
pub mod kept_record;
pub mod foreign_sign_in;
pub mod password;
pub mod password_change;
pub mod password_reset;
pub mod profile;
pub mod registration;
pub mod retention;
pub mod revocation;
pub mod session;
pub mod sign_in;
pub mod step_up;
mod store;
pub mod two_factor;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use entity::ids::UserId;
use entity::user;

use crate::config::Config;
use crate::kernel::{Clock, EmailAddress, Entropy, Fault, Person};
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::keyvalue::KeyValue;
use crate::platform::outbox::Outbox;
use crate::platform::seal::Seal;
use crate::platform::secret::SigningKey;
use crate::platform::throttle::Throttle;
use crate::platform::wakeups::Wakeups;

use audit::Audit;
use captcha::{Captcha, ProofOfWork};
use password::{Hasher, Policy};
use session::Sessions;
use sign_in::Brakes;

#[derive(Debug)]
pub struct Identity {
    db: Db,
    keys: KeyValue,
    outbox: Outbox,
    wakeups: Wakeups,
    clock: Clock,
    entropy: Entropy,
    config: Arc<Config>,
    hasher: Hasher,
    reset_letters: Throttle,
    proof_tries: Throttle,
    decoy_letters: Throttle,
    email_changes: Throttle,
    brakes: Brakes,
    seal: Seal,
    signing_key: SigningKey,
    pub audit: Audit,
    pub policy: Policy,
    pub captcha: Captcha,
    pub sessions: Sessions,
}

impl Identity {
    /// # Errors
    /// The hashing parameters are refused, or no randomness is to be had.
    pub fn new(mechanisms: Mechanisms, signing_key: SigningKey) -> Result<Self, Fault> {
        let audit = Audit::new(&mechanisms);
        let Mechanisms { db, keys, outbox, wakeups, outgoing, clock, entropy, config } = mechanisms;
        let throttle = |name, tries, per| Throttle::new(keys.clone(), clock.clone(), name, tries, per);
        Ok(Self {
            reset_letters: throttle("reset-letters", password_reset::LETTERS_AN_HOUR, TimeDelta::hours(1)),
            proof_tries: throttle("proof", step_up::TRIES, step_up::TRIES_PER),
            decoy_letters: throttle("decoy-letters", decoy::LETTERS_A_DAY, TimeDelta::days(1)),
            email_changes: throttle("email-change", email_change::REQUESTS, email_change::REQUESTS_PER),
            brakes: Brakes::new(&keys, &clock, &config.identity, &config.captcha),
            seal: Seal::new(&signing_key.derive("second factors")?),
            hasher: Hasher::new(&config.identity, &entropy)?,
            policy: Policy::new(config.identity.password_policy, &config.http.public_url),
            captcha: Captcha::new(
                ProofOfWork::new(
                    config.captcha.clone(),
                    signing_key.clone(),
                    keys.clone(),
                    clock.clone(),
                    entropy.clone(),
                ),
                &config.captcha,
                outgoing,
            ),
            sessions: Sessions::new(keys.clone(), wakeups.clone(), clock.clone(), entropy.clone(), &config.identity),
            audit,
            signing_key,
            db,
            keys,
            outbox,
            wakeups,
            clock,
            entropy,
            config,
        })
    }

    pub fn hashing(&self) -> crate::platform::metrics::Queue {
        self.hasher.standing()
    }

    /// How long after an answer work waits that depends on whether an address is known: at random, so that neither this
    /// answer nor the next one tells.
    fn discretion(&self) -> Result<TimeDelta, Fault> {
        let most = self.config.identity.discretion.num_milliseconds().unsigned_abs();
        let chosen = u64::from_le_bytes(self.entropy.bytes()?) % most.saturating_add(1);
        Ok(TimeDelta::milliseconds(i64::try_from(chosen).map_err(Fault::internal)?))
    }

    /// Whoever a bearer's token belongs to: a session's or a script's.
    pub async fn find_bearer(&self, token: &str) -> Result<Option<Person>, Fault> {
        if token.starts_with(access_token::TOKEN_PREFIX) {
            return Box::pin(self.find_by_access_token(token)).await;
        }
        self.sessions.find(token).await
    }

    /// The same for long-lived connections: `Sessions::look`.
    pub async fn look_for_bearer(&self, token: &str) -> Result<Option<Person>, Fault> {
        if token.starts_with(access_token::TOKEN_PREFIX) {
            return self.find_by_access_token(token).await;
        }
        self.sessions.look(token).await
    }

    /// Who has confirmed this address; none of anybody else.
    pub async fn find_confirmed(&self, email: &EmailAddress) -> Result<Option<user::Model>, Fault> {
        let found = store::find_by_email(self.db.read(), email).await?;
        Ok(found.filter(|user| user.email_confirmed_at.is_some()))
    }

    /// Addresses of people, in one statement; erased people have none.
    pub async fn addresses(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, String>, Fault> {
        let users = store::list_users(self.db.read(), ids).await?.into_iter();
        let known = users.filter(|user| !erasure::is_erased(user));
        Ok(known.map(|user| (user.id, user.email)).collect())
    }

    /// None for who is erased: a pseudonym is nobody.
    pub async fn find_user(&self, id: UserId) -> Result<Option<user::Model>, Fault> {
        Ok(store::find_user(self.db.read(), id).await?.filter(|user| !erasure::is_erased(user)))
    }
}
