//! The tables `webhook_endpoints`, `webhook_keys`, `webhook_messages`, `webhook_attempts`.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::enums::{WebhookMessageState, WebhookState, WebhookStop};
use entity::ids::{MeterReadingId, PersonalAccountId, ProviderId, WebhookEndpointId, WebhookMessageId};
use entity::{
    meter_reading, personal_account, provider, webhook_attempt, webhook_endpoint, webhook_key, webhook_message,
};
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement,
};

use crate::kernel::{Failure, Fault};
use crate::platform::db::{Db, Tx, bulk};

use webhook_endpoint::Column as Endpoint;
use webhook_key::Column as Key;
use webhook_message::Column as Message;

/// Rows of one deletion.
pub const PURGED_AT_ONCE: u64 = 1000;

/// Additions of addresses to one provider wait for each other.
pub async fn lock_provider_in(tx: &Tx, id: ProviderId) -> Result<(), Fault> {
    provider::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?;
    Ok(())
}

pub async fn count_in(tx: &Tx, provider: ProviderId) -> Result<u64, Fault> {
    Ok(webhook_endpoint::Entity::find().filter(Endpoint::ProviderId.eq(provider)).count(&**tx).await?)
}

pub async fn insert_endpoint_in(
    tx: &Tx,
    endpoint: webhook_endpoint::Model,
    key: webhook_key::Model,
) -> Result<(), Fault> {
    webhook_endpoint::Entity::insert(endpoint.into_active_model()).exec_without_returning(&**tx).await?;
    insert_key_in(tx, key).await
}

pub async fn insert_key_in(tx: &Tx, key: webhook_key::Model) -> Result<(), Fault> {
    webhook_key::Entity::insert(key.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn list(
    db: &DatabaseConnection,
    provider: Option<ProviderId>,
) -> Result<Vec<webhook_endpoint::Model>, Fault> {
    let mut query = webhook_endpoint::Entity::find();
    if let Some(provider) = provider {
        query = query.filter(Endpoint::ProviderId.eq(provider));
    }
    Ok(query.order_by_asc(Endpoint::Id).all(db).await?)
}

pub async fn find(db: &DatabaseConnection, id: WebhookEndpointId) -> Result<Option<webhook_endpoint::Model>, Fault> {
    Ok(webhook_endpoint::Entity::find_by_id(id).one(db).await?)
}

pub async fn lock_in(tx: &Tx, id: WebhookEndpointId) -> Result<Option<webhook_endpoint::Model>, Fault> {
    Ok(webhook_endpoint::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?)
}

/// Those that are good, the newest first.
pub async fn list_keys<C: ConnectionTrait>(
    db: &C,
    endpoints: &[WebhookEndpointId],
    now: DateTime<Utc>,
) -> Result<Vec<webhook_key::Model>, Fault> {
    let good = Condition::any().add(Key::ExpiresAt.is_null()).add(Key::ExpiresAt.gt(now));
    let query = webhook_key::Entity::find()
        .filter(Key::WebhookEndpointId.is_in(endpoints.iter().copied()))
        .filter(good)
        .order_by_desc(Key::CreatedAt)
        .order_by_desc(Key::Id);
    Ok(query.all(db).await?)
}

/// What expires sooner by itself still does.
pub async fn expire_keys_in(tx: &Tx, endpoint: WebhookEndpointId, until: DateTime<Utc>) -> Result<(), Fault> {
    let later = Condition::any().add(Key::ExpiresAt.is_null()).add(Key::ExpiresAt.gt(until));
    let expiring = webhook_key::ActiveModel { expires_at: Set(Some(until)), ..Default::default() };
    let keys = webhook_key::Entity::update_many().set(expiring).filter(Key::WebhookEndpointId.eq(endpoint));
    keys.filter(later).exec(&**tx).await?;
    Ok(())
}

async fn update_endpoint_in(
    tx: &Tx,
    id: WebhookEndpointId,
    change: webhook_endpoint::ActiveModel,
) -> Result<(), Fault> {
    webhook_endpoint::Entity::update_many().set(change).filter(Endpoint::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

/// What waits for the address is dropped.
pub async fn stop_in(tx: &Tx, id: WebhookEndpointId, stop: WebhookStop, now: DateTime<Utc>) -> Result<(), Fault> {
    let stopped = webhook_endpoint::ActiveModel {
        state: Set(WebhookState::Disabled),
        stop: Set(Some(stop)),
        rests_until: Set(None),
        ..Default::default()
    };
    update_endpoint_in(tx, id, stopped).await?;
    drop_waiting_in(tx, id, now).await
}

/// What came between the stop and now is dropped as well.
pub async fn start_in(tx: &Tx, id: WebhookEndpointId, now: DateTime<Utc>) -> Result<(), Fault> {
    let started =
        webhook_endpoint::ActiveModel { state: Set(WebhookState::Active), stop: Set(None), ..Default::default() };
    update_endpoint_in(tx, id, started).await?;
    drop_waiting_in(tx, id, now).await
}

async fn drop_waiting_in(tx: &Tx, id: WebhookEndpointId, now: DateTime<Utc>) -> Result<(), Fault> {
    let dropped = ended(false, now);
    let waiting = webhook_message::Entity::update_many().set(dropped).filter(Message::WebhookEndpointId.eq(id));
    waiting.filter(Message::State.eq(WebhookMessageState::Pending)).exec(&**tx).await?;
    Ok(())
}

pub async fn note_taken_in(tx: &Tx, id: WebhookEndpointId, now: DateTime<Utc>) -> Result<(), Fault> {
    update_endpoint_in(tx, id, webhook_endpoint::ActiveModel { took_at: Set(Some(now)), ..Default::default() }).await
}

pub async fn rest_in(tx: &Tx, id: WebhookEndpointId, until: DateTime<Utc>) -> Result<(), Fault> {
    let resting = webhook_endpoint::ActiveModel { rests_until: Set(Some(until)), ..Default::default() };
    update_endpoint_in(tx, id, resting).await
}

/// Whether there is any address to which news goes.
pub async fn is_anybody_there(db: &DatabaseConnection) -> Result<bool, Fault> {
    let active = webhook_endpoint::Entity::find().filter(Endpoint::State.eq(WebhookState::Active));
    Ok(active.limit(1).one(db).await?.is_some())
}

/// Active addresses of the accounts' providers.
pub async fn list_listening(
    db: &DatabaseConnection,
    accounts: &[PersonalAccountId],
) -> Result<Vec<webhook_endpoint::Model>, Fault> {
    let providers = personal_account::Entity::find()
        .select_only()
        .column(personal_account::Column::ProviderId)
        .filter(personal_account::Column::Id.is_in(accounts.iter().copied()));
    let query = webhook_endpoint::Entity::find()
        .filter(Endpoint::State.eq(WebhookState::Active))
        .filter(Endpoint::ProviderId.in_subquery(providers.into_query()));
    Ok(query.order_by_asc(Endpoint::Id).all(db).await?)
}

pub async fn find_accounts(
    db: &DatabaseConnection,
    ids: &[PersonalAccountId],
) -> Result<Vec<personal_account::Model>, Fault> {
    let query = personal_account::Entity::find().filter(personal_account::Column::Id.is_in(ids.iter().copied()));
    Ok(query.all(db).await?)
}

pub async fn find_accounts_of_readings(
    db: &DatabaseConnection,
    ids: &[MeterReadingId],
) -> Result<Vec<(MeterReadingId, PersonalAccountId)>, Fault> {
    let query = meter_reading::Entity::find()
        .select_only()
        .column(meter_reading::Column::Id)
        .column(meter_reading::Column::PersonalAccountId)
        .filter(meter_reading::Column::Id.is_in(ids.iter().copied()));
    Ok(query.into_tuple().all(db).await?)
}

/// Those that an address has already are left as they are.
pub async fn insert_messages_in(tx: &Tx, messages: &[webhook_message::Model]) -> Result<(), Fault> {
    for some in messages.chunks(bulk::ROWS) {
        let once = OnConflict::columns([Message::WebhookEndpointId, Message::Source]).do_nothing().to_owned();
        let rows = some.iter().cloned().map(IntoActiveModel::into_active_model);
        webhook_message::Entity::insert_many(rows).on_conflict(once).exec_without_returning(&**tx).await?;
    }
    Ok(())
}

/// Due, and in nobody's hands.
fn due(now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(Message::State.eq(WebhookMessageState::Pending))
        .add(Message::DueAt.lte(now))
        .add(Condition::any().add(Message::LeasedUntil.is_null()).add(Message::LeasedUntil.lte(now)))
}

fn awake(now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(Endpoint::State.eq(WebhookState::Active))
        .add(Condition::any().add(Endpoint::RestsUntil.is_null()).add(Endpoint::RestsUntil.lte(now)))
}

/// A look into the index for each address that is awake, however much waits there: what [`due`] and [`awake`] say.
const DUE_ENDPOINTS: &str = "SELECT id FROM (SELECT webhook_endpoints.id AS id, (SELECT webhook_messages.due_at \
    FROM webhook_messages WHERE webhook_messages.state = 'PENDING' \
    AND webhook_messages.webhook_endpoint_id = webhook_endpoints.id AND webhook_messages.due_at <= $1 \
    AND (webhook_messages.leased_until IS NULL OR webhook_messages.leased_until <= $1) \
    ORDER BY webhook_messages.due_at LIMIT 1) AS due FROM webhook_endpoints WHERE webhook_endpoints.state = 'ACTIVE' \
    AND (webhook_endpoints.rests_until IS NULL OR webhook_endpoints.rests_until <= $1)) AS waiting \
    WHERE due IS NOT NULL ORDER BY due LIMIT $2";

pub async fn list_due_endpoints(
    db: &DatabaseConnection,
    now: DateTime<Utc>,
    most: u64,
) -> Result<Vec<WebhookEndpointId>, Fault> {
    let most = i64::try_from(most).map_err(Fault::internal)?;
    let values = [now.into(), most.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), DUE_ENDPOINTS, values);
    let rows = db.query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| row.try_get("", "id")).collect::<Result<_, _>>()?)
}

pub async fn lease(
    db: &Db,
    endpoint: WebhookEndpointId,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
    most: u64,
) -> Result<Vec<webhook_message::Model>, Fault> {
    let leased = db.transaction(|tx| async move {
        let awake = webhook_endpoint::Entity::find_by_id(endpoint).filter(awake(now)).one(&*tx).await?;
        if awake.is_none() {
            return Ok(Vec::new());
        }
        let messages = webhook_message::Entity::find()
            .filter(Message::WebhookEndpointId.eq(endpoint))
            .filter(due(now))
            // The oldest first, however late its next attempt: an address is given up by its oldest message.
            .order_by_asc(Message::Id)
            .limit(most)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&*tx)
            .await?;
        let lease = webhook_message::ActiveModel { leased_until: Set(Some(until)), ..Default::default() };
        webhook_message::Entity::update_many()
            .set(lease)
            .col_expr(Message::Attempts, Expr::col(Message::Attempts).add(1))
            .filter(Message::Id.is_in(messages.iter().map(|message| message.id)))
            .exec(&*tx)
            .await?;
        let leased = messages.into_iter().map(|message| webhook_message::Model {
            attempts: message.attempts + 1,
            leased_until: Some(until),
            ..message
        });
        Ok::<_, Failure<Infallible>>(leased.collect())
    });
    Ok(leased.await?)
}

pub async fn find_message<C: ConnectionTrait>(
    db: &C,
    id: WebhookMessageId,
) -> Result<Option<webhook_message::Model>, Fault> {
    Ok(webhook_message::Entity::find_by_id(id).one(db).await?)
}

pub async fn insert_attempt_in(tx: &Tx, attempt: webhook_attempt::Model) -> Result<(), Fault> {
    webhook_attempt::Entity::insert(attempt.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

fn ended(delivered: bool, now: DateTime<Utc>) -> webhook_message::ActiveModel {
    let state = if delivered { WebhookMessageState::Delivered } else { WebhookMessageState::Dropped };
    webhook_message::ActiveModel {
        state: Set(state),
        leased_until: Set(None),
        ended_at: Set(Some(now)),
        ..Default::default()
    }
}

pub async fn end_in(tx: &Tx, id: WebhookMessageId, delivered: bool, now: DateTime<Utc>) -> Result<(), Fault> {
    let message = webhook_message::Entity::update_many().set(ended(delivered, now)).filter(Message::Id.eq(id));
    message.exec(&**tx).await?;
    Ok(())
}

/// Only while it waits: an address that was stopped meanwhile has dropped it.
pub async fn postpone_in(tx: &Tx, id: WebhookMessageId, due_at: DateTime<Utc>) -> Result<(), Fault> {
    let later = webhook_message::ActiveModel { due_at: Set(due_at), leased_until: Set(None), ..Default::default() };
    let message = webhook_message::Entity::update_many().set(later).filter(Message::Id.eq(id));
    message.filter(Message::State.eq(WebhookMessageState::Pending)).exec(&**tx).await?;
    Ok(())
}

pub async fn begin_anew_in(tx: &Tx, ids: &[WebhookMessageId], now: DateTime<Utc>) -> Result<(), Fault> {
    for some in ids.chunks(bulk::ROWS) {
        let anew = webhook_message::ActiveModel {
            state: Set(WebhookMessageState::Pending),
            attempts: Set(0),
            due_at: Set(now),
            leased_until: Set(None),
            ended_at: Set(None),
            ..Default::default()
        };
        let messages = webhook_message::Entity::update_many().set(anew);
        messages.filter(Message::Id.is_in(some.iter().copied())).exec(&**tx).await?;
    }
    Ok(())
}

pub async fn list_dropped_in(
    tx: &Tx,
    endpoint: WebhookEndpointId,
    since: DateTime<Utc>,
    most: u64,
) -> Result<Vec<WebhookMessageId>, Fault> {
    let query = webhook_message::Entity::find()
        .select_only()
        .column(Message::Id)
        .filter(Message::WebhookEndpointId.eq(endpoint))
        .filter(Message::State.eq(WebhookMessageState::Dropped))
        .filter(Message::CreatedAt.gte(since))
        .order_by_asc(Message::Id)
        .limit(most);
    Ok(query.into_tuple().all(&**tx).await?)
}

pub async fn list_messages(
    db: &DatabaseConnection,
    endpoint: WebhookEndpointId,
    most: u64,
) -> Result<Vec<webhook_message::Model>, Fault> {
    let query = webhook_message::Entity::find().filter(Message::WebhookEndpointId.eq(endpoint));
    Ok(query.order_by_desc(Message::Id).limit(most).all(db).await?)
}

pub async fn list_attempts(
    db: &DatabaseConnection,
    messages: &[WebhookMessageId],
) -> Result<Vec<webhook_attempt::Model>, Fault> {
    let of_messages = webhook_attempt::Column::WebhookMessageId.is_in(messages.iter().copied());
    let query = webhook_attempt::Entity::find().filter(of_messages);
    Ok(query.order_by_asc(webhook_attempt::Column::MadeAt).order_by_asc(webhook_attempt::Column::Id).all(db).await?)
}

/// A batch of the oldest; how many.
pub async fn purge_messages_in(tx: &Tx, before: DateTime<Utc>) -> Result<u64, Fault> {
    let old = webhook_message::Entity::find()
        .select_only()
        .column(Message::Id)
        .filter(Message::EndedAt.lt(before))
        .order_by_asc(Message::EndedAt)
        .limit(PURGED_AT_ONCE);
    let old: Vec<WebhookMessageId> = old.into_tuple().all(&**tx).await?;
    let attempts = webhook_attempt::Column::WebhookMessageId.is_in(old.iter().copied());
    webhook_attempt::Entity::delete_many().filter(attempts).exec(&**tx).await?;
    webhook_message::Entity::delete_many().filter(Message::Id.is_in(old.iter().copied())).exec(&**tx).await?;
    Ok(old.len().try_into().unwrap_or(u64::MAX))
}

pub async fn purge_keys_in(tx: &Tx, now: DateTime<Utc>) -> Result<(), Fault> {
    webhook_key::Entity::delete_many().filter(Key::ExpiresAt.lte(now)).exec(&**tx).await?;
    Ok(())
}
