//! The tables of providers' programs.

use chrono::{DateTime, Utc};
use entity::ids::{ApiClientId, ApiClientSecretId, ProviderId};
use entity::{api_client, api_client_event, api_client_secret, api_client_token, provider};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use crate::kernel::Fault;
use crate::platform::db::Tx;

pub async fn insert_in(tx: &Tx, row: api_client::Model) -> Result<(), Fault> {
    api_client::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn insert_secret_in(tx: &Tx, row: api_client_secret::Model) -> Result<(), Fault> {
    api_client_secret::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn insert_event_in(tx: &Tx, row: api_client_event::Model) -> Result<(), Fault> {
    api_client_event::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn insert_token_in(tx: &Tx, row: api_client_token::Model) -> Result<(), Fault> {
    api_client_token::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn lock_in(tx: &Tx, id: ApiClientId) -> Result<Option<api_client::Model>, Fault> {
    Ok(api_client::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?)
}

/// Those of a provider. In the order of their ids: who lock the same ones wait for each other, and never all.
pub async fn lock_of_in(tx: &Tx, provider: ProviderId, ids: &[ApiClientId]) -> Result<Vec<api_client::Model>, Fault> {
    let own = api_client::Entity::find()
        .filter(api_client::Column::ProviderId.eq(provider))
        .filter(api_client::Column::Id.is_in(ids.iter().copied()));
    Ok(own.order_by_asc(api_client::Column::Id).lock_exclusive().all(&**tx).await?)
}

/// Additions to one provider wait for each other.
pub async fn lock_provider_in(tx: &Tx, id: ProviderId) -> Result<(), Fault> {
    // Much refers to the provider: a stronger lock would hold that up.
    provider::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(&**tx).await?;
    Ok(())
}

/// How many are not revoked.
pub async fn count_good_in(tx: &Tx, provider: ProviderId) -> Result<u64, Fault> {
    Ok(good_of(provider).count(&**tx).await?)
}

pub async fn find_by_key_in(tx: &Tx, provider: ProviderId, key: &str) -> Result<Option<api_client::Model>, Fault> {
    let query = api_client::Entity::find()
        .filter(api_client::Column::ProviderId.eq(provider))
        .filter(api_client::Column::RegistrationKey.eq(key));
    Ok(query.one(&**tx).await?)
}

fn good_of(provider: ProviderId) -> Select<api_client::Entity> {
    api_client::Entity::find()
        .filter(api_client::Column::ProviderId.eq(provider))
        .filter(api_client::Column::RevokedAt.is_null())
}

/// Those of a provider that are not revoked, oldest first.
pub async fn list_good(db: &DatabaseConnection, provider: ProviderId) -> Result<Vec<api_client::Model>, Fault> {
    Ok(good_of(provider).order_by_asc(api_client::Column::Id).all(db).await?)
}

/// Those of a provider that were revoked last, so many at most.
pub async fn list_revoked(
    db: &DatabaseConnection,
    provider: ProviderId,
    most: u64,
) -> Result<Vec<api_client::Model>, Fault> {
    let query = api_client::Entity::find()
        .filter(api_client::Column::ProviderId.eq(provider))
        .filter(api_client::Column::RevokedAt.is_not_null())
        .order_by_desc(api_client::Column::RevokedAt)
        .order_by_desc(api_client::Column::Id);
    Ok(query.limit(most).all(db).await?)
}

pub async fn list(db: &DatabaseConnection, revoked_too: bool) -> Result<Vec<api_client::Model>, Fault> {
    let mut query = api_client::Entity::find();
    if !revoked_too {
        query = query.filter(api_client::Column::RevokedAt.is_null());
    }
    Ok(query.order_by_asc(api_client::Column::Id).all(db).await?)
}

fn good_secrets(now: DateTime<Utc>) -> Condition {
    use api_client_secret::Column as C;
    Condition::any().add(C::EndsAt.is_null()).add(C::EndsAt.gt(now))
}

/// Those that open something, oldest first.
pub async fn list_secrets<C: ConnectionTrait>(
    db: &C,
    clients: &[ApiClientId],
    now: DateTime<Utc>,
) -> Result<Vec<api_client_secret::Model>, Fault> {
    let query = api_client_secret::Entity::find()
        .filter(api_client_secret::Column::ApiClientId.is_in(clients.iter().copied()))
        .filter(good_secrets(now));
    Ok(query.order_by_asc(api_client_secret::Column::Id).all(db).await?)
}

pub async fn list_secrets_in(
    tx: &Tx,
    client: ApiClientId,
    now: DateTime<Utc>,
) -> Result<Vec<api_client_secret::Model>, Fault> {
    list_secrets(&**tx, &[client], now).await
}

pub async fn has_secret(
    db: &DatabaseConnection,
    client: ApiClientId,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<bool, Fault> {
    let query = api_client_secret::Entity::find()
        .filter(api_client_secret::Column::ApiClientId.eq(client))
        .filter(api_client_secret::Column::SecretHash.eq(hash))
        .filter(good_secrets(now));
    Ok(query.count(db).await? > 0)
}

/// No token that was got by it outlasts it.
pub async fn end_secret_in(tx: &Tx, id: ApiClientSecretId, at: DateTime<Utc>) -> Result<(), Fault> {
    let ended = api_client_secret::ActiveModel { ends_at: Set(Some(at)), ..Default::default() };
    api_client_secret::Entity::update_many()
        .set(ended)
        .filter(api_client_secret::Column::Id.eq(id))
        .exec(&**tx)
        .await?;
    let shortened = api_client_token::ActiveModel { expires_at: Set(at), ..Default::default() };
    api_client_token::Entity::update_many()
        .set(shortened)
        .filter(api_client_token::Column::SecretId.eq(id))
        .filter(api_client_token::Column::ExpiresAt.gt(at))
        .exec(&**tx)
        .await?;
    Ok(())
}

pub async fn revoke_in(tx: &Tx, id: ApiClientId, at: DateTime<Utc>) -> Result<(), Fault> {
    let revoked = api_client::ActiveModel { revoked_at: Set(Some(at)), ..Default::default() };
    api_client::Entity::update_many().set(revoked).filter(api_client::Column::Id.eq(id)).exec(&**tx).await?;
    let tokens = api_client_token::Column::ApiClientId.eq(id);
    api_client_token::Entity::delete_many().filter(tokens).exec(&**tx).await?;
    Ok(())
}

pub async fn update_token_at_in(tx: &Tx, id: ApiClientId, at: DateTime<Utc>) -> Result<(), Fault> {
    let used = api_client::ActiveModel { token_at: Set(Some(at)), ..Default::default() };
    api_client::Entity::update_many().set(used).filter(api_client::Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

pub async fn find_token(
    db: &DatabaseConnection,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<(api_client_token::Model, api_client::Model)>, Fault> {
    let query = api_client_token::Entity::find_by_id(hash)
        .filter(api_client_token::Column::ExpiresAt.gt(now))
        .find_both_related(api_client::Entity)
        .filter(api_client::Column::RevokedAt.is_null());
    Ok(query.one(db).await?)
}

/// Whether the client has this token, and it is good.
pub async fn has_token_in(tx: &Tx, client: ApiClientId, hash: &str, now: DateTime<Utc>) -> Result<bool, Fault> {
    let query = api_client_token::Entity::find_by_id(hash)
        .filter(api_client_token::Column::ApiClientId.eq(client))
        .filter(api_client_token::Column::ExpiresAt.gt(now));
    Ok(query.count(&**tx).await? > 0)
}

/// Whether there was one.
pub async fn delete_token_in(tx: &Tx, client: ApiClientId, hash: &str) -> Result<bool, Fault> {
    let own = api_client_token::Entity::delete_many()
        .filter(api_client_token::Column::TokenHash.eq(hash))
        .filter(api_client_token::Column::ApiClientId.eq(client));
    Ok(own.exec(&**tx).await?.rows_affected > 0)
}

pub async fn delete_expired_in(tx: &Tx, now: DateTime<Utc>) -> Result<(), Fault> {
    let expired = api_client_token::Column::ExpiresAt.lte(now);
    api_client_token::Entity::delete_many().filter(expired).exec(&**tx).await?;
    Ok(())
}

pub async fn list_events(db: &DatabaseConnection, id: ApiClientId) -> Result<Vec<api_client_event::Model>, Fault> {
    let query = api_client_event::Entity::find().filter(api_client_event::Column::ApiClientId.eq(id));
    Ok(query.order_by_asc(api_client_event::Column::Id).all(db).await?)
}
