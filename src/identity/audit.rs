//! What a person did and what was done to their cabinet, from where: written with the act, never changed (ADR 0021).

pub mod chain;
mod store;
mod verification;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;

use chrono::TimeDelta;
use entity::enums::AuditEventKind;
use entity::ids::{TypedId, UserId};
use entity::{audit_circumstance, audit_event};
use serde::{Deserialize, Serialize};

use crate::kernel::{Actor, Clock, Entropy, Failure, Fault, Page, Person, Slice, network};
use crate::platform::Mechanisms;
use crate::platform::db::{Db, Tx};
use crate::platform::telemetry::RequestId;
use crate::platform::throttle::Throttle;

pub use verification::{Broken, Verification};

/// Failed sign-ins of one login that are written down in an hour: a storm does not fill the log.
const FAILED_SIGN_INS: u32 = 10;

/// What happened. The details are short texts without secrets: ids, counts.
#[derive(Clone, Debug)]
pub struct Act {
    kind: AuditEventKind,
    details: BTreeMap<&'static str, String>,
}

impl Act {
    pub fn new(kind: AuditEventKind) -> Self {
        Self { kind, details: BTreeMap::new() }
    }

    #[must_use]
    pub fn about<T: TypedId>(self, id: T) -> Self {
        self.with(T::PREFIX, &id.uuid())
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: &impl ToString) -> Self {
        self.details.insert(name, value.to_string());
        self
    }
}

/// From where.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Origin {
    address: Option<IpAddr>,
    device: Option<String>,
    /// Of the request that left a job to write the act down.
    request_id: Option<String>,
}

impl Origin {
    /// The network that a request came from, for counting what comes from it.
    pub fn source(&self) -> Option<String> {
        self.address.map(|address| network(address).to_string())
    }

    /// Done by kabinet itself: a job, an operator's command.
    pub fn inside() -> Self {
        Self::default()
    }
}

impl From<&Actor> for Origin {
    fn from(actor: &Actor) -> Self {
        let device = Some(actor.device.clone()).filter(|device| !device.is_empty());
        Self { address: Some(actor.address), device, request_id: request_id() }
    }
}

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        Self { address: Some(address), device: None, request_id: request_id() }
    }
}

fn request_id() -> Option<String> {
    RequestId::current().map(|id| id.to_string())
}

/// An event as its person reads it.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    pub event: audit_event::Model,
    pub circumstances: audit_circumstance::Model,
}

impl AuditEvent {
    pub fn list_key(&self) -> i64 {
        self.event.sequence
    }

    /// Names and values, by name.
    pub fn details(&self) -> BTreeMap<String, String> {
        serde_json::from_str(&self.circumstances.details).unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
pub struct Audit {
    db: Db,
    clock: Clock,
    entropy: Entropy,
    failed_sign_ins: Throttle,
}

impl Audit {
    pub fn new(mechanisms: &Mechanisms) -> Self {
        let Mechanisms { db, keys, clock, entropy, .. } = mechanisms.clone();
        let failed_sign_ins =
            Throttle::new(keys, clock.clone(), "failed-sign-ins", FAILED_SIGN_INS, TimeDelta::hours(1));
        Self { db, clock, entropy, failed_sign_ins }
    }

    /// Adds the event to the caller's transaction: it stands exactly when the act does. The person's row is locked, so
    /// the chain has neither gap nor fork. Nothing for a person who is gone.
    pub async fn append_in(&self, tx: &Tx, user_id: UserId, origin: impl Into<Origin>, act: Act) -> Result<(), Fault> {
        if !store::lock_person_in(tx, user_id).await? {
            return Ok(());
        }
        let previous = store::newest_in(tx, user_id).await?;
        let (sequence, previous_hash) =
            previous.map_or((1, chain::START.to_owned()), |event| (event.sequence.saturating_add(1), event.hash));
        let Origin { address, device, request_id: left } = origin.into();
        let circumstances = audit_circumstance::Model {
            event_id: self.entropy.id(&self.clock)?,
            salt: self.entropy.token()?,
            address: address.map(|address| address.to_string()),
            device,
            request_id: left.or_else(request_id),
            details: serde_json::to_string(&act.details)?,
        };
        let mut event = audit_event::Model {
            id: circumstances.event_id,
            user_id,
            sequence,
            kind: act.kind,
            occurred_at: self.clock.now(),
            circumstances_hash: chain::circumstances_hash(&circumstances),
            previous_hash,
            hash: String::new(),
        };
        event.hash = chain::hash(&event);
        store::insert_in(tx, event, circumstances).await
    }

    /// The same for an act without a transaction of its own.
    pub async fn append(&self, user_id: UserId, origin: impl Into<Origin>, act: Act) -> Result<(), Fault> {
        let (origin, act) = (&origin.into(), &act);
        let appended = self.db.transaction(|tx| async move {
            Ok::<_, Failure<Infallible>>(self.append_in(&tx, user_id, origin.clone(), act.clone()).await?)
        });
        Ok(appended.await?)
    }

    /// Whether one more failed sign-in of the login is to be written down.
    pub(super) async fn takes_failure(&self, login: &str) -> Result<bool, Fault> {
        self.failed_sign_ins.take(login).await
    }

    /// From where a person's acts came is forgotten; the chain stays, and ends with what says why. How many there were.
    pub(super) async fn erase_in(&self, tx: &Tx, user_id: UserId) -> Result<u64, Fault> {
        self.append_in(tx, user_id, Origin::inside(), Act::new(AuditEventKind::Erased)).await?;
        store::delete_circumstances_in(tx, user_id).await
    }

    /// A person's own events, newest first. None for the unconfirmed: they would tell of others who registered the address.
    pub async fn list(&self, person: &Person, page: Page<i64>) -> Result<Slice<AuditEvent>, Fault> {
        if !person.confirmed {
            return Ok(Slice { items: Vec::new(), has_previous: false, has_next: false });
        }
        let rows = store::page(self.db.read(), person.user_id, &page).await?;
        let events = rows.into_iter().map(|(event, circumstances)| AuditEvent { event, circumstances }).collect();
        Ok(Slice::of(&page, events))
    }
}
