//! A keyed mutation happens once: the same key with the same input gives the first answer again.

use chrono::{DateTime, TimeDelta, Utc};
use entity::idempotency_key::{Column, Entity, Model};
use entity::ids::UserId;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::secret::fingerprint;
use crate::kernel::{Failure, Fault};
use crate::platform::db::{Tx, is_lock_timeout};

/// How long keys are kept: longer than any client goes on repeating.
pub const KEEP: TimeDelta = TimeDelta::days(7);

/// The longest key that is taken, in bytes (Stripe's limit).
pub const LONGEST_KEY: usize = 255;

#[derive(Clone, Debug)]
pub struct Keyed {
    pub user_id: UserId,
    /// Name of the mutation.
    pub operation: &'static str,
    pub key: String,
    /// Hash of the canonical input.
    pub fingerprint: String,
}

/// Why a keyed mutation does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// The key was used with another input before.
    Reused,
    /// The first call is still running, for longer than the database waits for a lock: repeat it later.
    Running,
}

impl Keyed {
    pub fn new(user_id: UserId, operation: &'static str, key: &str, input: &impl Serialize) -> Result<Self, Fault> {
        Ok(Self { user_id, operation, key: key.to_owned(), fingerprint: fingerprint(&serde_json::to_string(input)?) })
    }
}

/// What the first call with this key produced, or none when this is the first: then [`record_in`] must follow.
///
/// Two calls at once: on PostgreSQL the insert waits for the other transaction, up to its `lock_timeout`; on SQLite there is
/// one writer.
pub async fn first_outcome_in<T: DeserializeOwned>(
    tx: &Tx,
    keyed: &Keyed,
    now: DateTime<Utc>,
) -> Result<Option<T>, Failure<KeyRefusal>> {
    let row = Model {
        user_id: keyed.user_id,
        operation: keyed.operation.to_owned(),
        key: keyed.key.clone(),
        fingerprint: keyed.fingerprint.clone(),
        outcome: String::new(),
        created_at: now,
    };
    let once = OnConflict::columns([Column::UserId, Column::Operation, Column::Key]).do_nothing().to_owned();
    let inserted = Entity::insert(row.into_active_model()).on_conflict(once).exec_without_returning(&**tx).await;
    let inserted = inserted.map_err(|error| {
        if is_lock_timeout(&error) { Failure::Refused(KeyRefusal::Running) } else { Fault::from(error).into() }
    })?;
    if inserted == 1 {
        return Ok(None);
    }
    let id = (keyed.user_id, keyed.operation.to_owned(), keyed.key.clone());
    let first =
        Entity::find_by_id(id).one(&**tx).await?.ok_or_else(|| Fault::internal("an idempotency key vanished"))?;
    outcome_of(&first, keyed).map(Some)
}

/// The same without a claim on the key: none also while the first call is still running.
pub async fn find_outcome<T: DeserializeOwned>(
    db: &DatabaseConnection,
    keyed: &Keyed,
) -> Result<Option<T>, Failure<KeyRefusal>> {
    let id = (keyed.user_id, keyed.operation.to_owned(), keyed.key.clone());
    let Some(first) = Entity::find_by_id(id).one(db).await? else { return Ok(None) };
    outcome_of(&first, keyed).map(Some)
}

fn outcome_of<T: DeserializeOwned>(first: &Model, keyed: &Keyed) -> Result<T, Failure<KeyRefusal>> {
    if first.fingerprint == keyed.fingerprint {
        Ok(serde_json::from_str(&first.outcome).map_err(Fault::from)?)
    } else {
        Err(Failure::Refused(KeyRefusal::Reused))
    }
}

pub async fn record_in(tx: &Tx, keyed: &Keyed, outcome: &impl Serialize) -> Result<(), Fault> {
    let outcome =
        entity::idempotency_key::ActiveModel { outcome: Set(serde_json::to_string(outcome)?), ..Default::default() };
    Entity::update_many()
        .set(outcome)
        .filter(Column::UserId.eq(keyed.user_id))
        .filter(Column::Operation.eq(keyed.operation))
        .filter(Column::Key.eq(&keyed.key))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Forgets keys older than `before`.
pub async fn purge_in(tx: &Tx, before: DateTime<Utc>) -> Result<(), Fault> {
    Entity::delete_many().filter(Column::CreatedAt.lt(before)).exec(&**tx).await?;
    Ok(())
}
