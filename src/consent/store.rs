//! The tables of apps and of what people let them do.

use chrono::{DateTime, Utc};
use entity::enums::GrantTokenKind;
use entity::ids::{AppId, AttachmentId, ClientCallId, ClientGrantId, PersonalAccountId, UserId};
use entity::{app, attachment, client_grant, client_grant_account, client_grant_call, client_grant_token};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use crate::kernel::{Fault, Page};
use crate::platform::db::{Tx, bulk, read_page};

pub async fn insert_app_in(tx: &Tx, row: app::Model) -> Result<(), Fault> {
    app::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn list_apps(db: &DatabaseConnection, revoked_too: bool) -> Result<Vec<app::Model>, Fault> {
    let mut query = app::Entity::find();
    if !revoked_too {
        query = query.filter(app::Column::RevokedAt.is_null());
    }
    Ok(query.order_by_asc(app::Column::Id).all(db).await?)
}

pub async fn find_app(db: &DatabaseConnection, id: AppId) -> Result<Option<app::Model>, Fault> {
    Ok(app::Entity::find_by_id(id).one(db).await?)
}

pub async fn lock_app_in(tx: &Tx, id: AppId) -> Result<Option<app::Model>, Fault> {
    Ok(app::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?)
}

pub async fn update_secrets_in(tx: &Tx, row: &app::Model) -> Result<(), Fault> {
    let changed = app::ActiveModel {
        secret_hash: Set(row.secret_hash.clone()),
        old_secret_hash: Set(row.old_secret_hash.clone()),
        old_secret_ends_at: Set(row.old_secret_ends_at),
        ..Default::default()
    };
    app::Entity::update_many().set(changed).filter(app::Column::Id.eq(row.id)).exec(&**tx).await?;
    Ok(())
}

/// Whether there was one that was not revoked before.
pub async fn revoke_app_in(tx: &Tx, id: AppId, at: DateTime<Utc>) -> Result<bool, Fault> {
    let revoked = app::ActiveModel { revoked_at: Set(Some(at)), ..Default::default() };
    let own = Condition::all().add(app::Column::Id.eq(id)).add(app::Column::RevokedAt.is_null());
    Ok(app::Entity::update_many().set(revoked).filter(own).exec(&**tx).await?.rows_affected > 0)
}

fn open(now: DateTime<Utc>) -> Condition {
    let apps = app::Entity::find().select_only().column(app::Column::Id).filter(app::Column::RevokedAt.is_null());
    Condition::all()
        .add(client_grant::Column::RevokedAt.is_null())
        .add(client_grant::Column::ExpiresAt.gt(now))
        .add(client_grant::Column::AppId.in_subquery(apps.into_query()))
}

pub async fn count_grants<C: ConnectionTrait>(db: &C, user: UserId, now: DateTime<Utc>) -> Result<u64, Fault> {
    let own = client_grant::Entity::find().filter(client_grant::Column::UserId.eq(user)).filter(open(now));
    Ok(own.count(db).await?)
}

pub async fn list_grants(
    db: &DatabaseConnection,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<(client_grant::Model, app::Model)>, Fault> {
    let own = client_grant::Entity::find()
        .find_both_related(app::Entity)
        .filter(client_grant::Column::UserId.eq(user))
        .filter(open(now));
    Ok(own.order_by_desc(client_grant::Column::Id).all(db).await?)
}

pub async fn list_every_grant(
    db: &DatabaseConnection,
    user: UserId,
) -> Result<Vec<(client_grant::Model, app::Model)>, Fault> {
    let own = client_grant::Entity::find().find_both_related(app::Entity).filter(client_grant::Column::UserId.eq(user));
    Ok(own.order_by_asc(client_grant::Column::Id).all(db).await?)
}

pub async fn find_grant(
    db: &DatabaseConnection,
    id: ClientGrantId,
) -> Result<Option<(client_grant::Model, app::Model)>, Fault> {
    Ok(client_grant::Entity::find_by_id(id).find_both_related(app::Entity).one(db).await?)
}

pub async fn lock_grant_in(tx: &Tx, id: ClientGrantId) -> Result<Option<client_grant::Model>, Fault> {
    Ok(client_grant::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?)
}

/// Accounts that grants still reach.
pub async fn list_accounts(
    db: &DatabaseConnection,
    grants: &[ClientGrantId],
) -> Result<Vec<(ClientGrantId, PersonalAccountId)>, Fault> {
    let query = client_grant_account::Entity::find()
        .find_both_related(attachment::Entity)
        .filter(client_grant_account::Column::ClientGrantId.is_in(grants.iter().copied()))
        .order_by_asc(client_grant_account::Column::AttachmentId);
    let rows = query.all(db).await?;
    Ok(rows.into_iter().map(|(row, attachment)| (row.client_grant_id, attachment.personal_account_id)).collect())
}

pub async fn insert_grant_in(tx: &Tx, grant: &client_grant::Model, attachments: &[AttachmentId]) -> Result<(), Fault> {
    client_grant::Entity::insert(grant.clone().into_active_model()).exec_without_returning(&**tx).await?;
    let account = |attachment: &AttachmentId| {
        let row = client_grant_account::Model { client_grant_id: grant.id, attachment_id: *attachment };
        row.into_active_model()
    };
    client_grant_account::Entity::insert_many(attachments.iter().map(account)).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Its tokens go with it.
pub async fn revoke_grant_in(tx: &Tx, id: ClientGrantId, at: DateTime<Utc>) -> Result<(), Fault> {
    let revoked = client_grant::ActiveModel { revoked_at: Set(Some(at)), ..Default::default() };
    client_grant::Entity::update_many().set(revoked).filter(client_grant::Column::Id.eq(id)).exec(&**tx).await?;
    let own = client_grant_token::Column::ClientGrantId.eq(id);
    client_grant_token::Entity::delete_many().filter(own).exec(&**tx).await?;
    Ok(())
}

pub async fn delete_grants_in(tx: &Tx, user: UserId) -> Result<u64, Fault> {
    let own = client_grant::Entity::delete_many().filter(client_grant::Column::UserId.eq(user));
    Ok(own.exec(&**tx).await?.rows_affected)
}

pub async fn update_used_in(tx: &Tx, id: ClientGrantId, at: DateTime<Utc>) -> Result<(), Fault> {
    let used = client_grant::ActiveModel { used_at: Set(Some(at)), ..Default::default() };
    client_grant::Entity::update_many().set(used).filter(client_grant::Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

pub async fn insert_token_in(tx: &Tx, row: client_grant_token::Model) -> Result<(), Fault> {
    client_grant_token::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn grant_of_token(tx: &Tx, hash: &str, kind: GrantTokenKind) -> Result<Option<ClientGrantId>, Fault> {
    let row = find_token_in(tx, hash).await?;
    Ok(row.filter(|row| row.kind == kind).map(|row| row.client_grant_id))
}

pub async fn find_token_in(tx: &Tx, hash: &str) -> Result<Option<client_grant_token::Model>, Fault> {
    Ok(client_grant_token::Entity::find_by_id(hash).one(&**tx).await?)
}

pub async fn spend_token_in(tx: &Tx, hash: &str, at: DateTime<Utc>) -> Result<(), Fault> {
    let spent = client_grant_token::ActiveModel { spent_at: Set(Some(at)), ..Default::default() };
    let own = client_grant_token::Column::TokenHash.eq(hash);
    client_grant_token::Entity::update_many().set(spent).filter(own).exec(&**tx).await?;
    Ok(())
}

pub async fn delete_token_in(tx: &Tx, hash: &str) -> Result<(), Fault> {
    client_grant_token::Entity::delete_by_id(hash).exec(&**tx).await?;
    Ok(())
}

/// With its grant, when both open something.
pub async fn find_good(
    db: &DatabaseConnection,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<(client_grant_token::Model, client_grant::Model)>, Fault> {
    let query = client_grant_token::Entity::find_by_id(hash)
        .find_both_related(client_grant::Entity)
        .filter(client_grant_token::Column::ExpiresAt.gt(now))
        .filter(client_grant_token::Column::SpentAt.is_null())
        .filter(open(now));
    Ok(query.one(db).await?)
}

/// Codes are kept for a while: whoever uses one again is found out.
pub async fn delete_expired_in(tx: &Tx, now: DateTime<Utc>, codes: DateTime<Utc>) -> Result<(), Fault> {
    use client_grant_token::Column as C;
    let is_code = || C::Kind.eq(GrantTokenKind::Code);
    let expired =
        Condition::any().add(is_code().and(C::ExpiresAt.lte(codes))).add(is_code().not().and(C::ExpiresAt.lte(now)));
    client_grant_token::Entity::delete_many().filter(expired).exec(&**tx).await?;
    Ok(())
}

/// Those of grants that are there: a cabinet may have been deleted since.
pub async fn insert_calls_in(tx: &Tx, rows: &[client_grant_call::Model]) -> Result<(), Fault> {
    use client_grant::Column as C;
    let mut ids: Vec<_> = rows.iter().map(|row| row.client_grant_id).collect();
    ids.sort();
    ids.dedup();
    let found = client_grant::Entity::find().select_only().column(C::Id).filter(C::Id.is_in(ids));
    let found: Vec<ClientGrantId> = found.into_tuple().all(&**tx).await?;
    let kept: Vec<_> = rows.iter().filter(|row| found.contains(&row.client_grant_id)).cloned().collect();
    bulk::insert_all::<client_grant_call::Entity>(tx, &kept).await
}

pub async fn page_calls(
    db: &DatabaseConnection,
    grant: ClientGrantId,
    page: &Page<ClientCallId>,
) -> Result<Vec<client_grant_call::Model>, Fault> {
    let query = client_grant_call::Entity::find().filter(client_grant_call::Column::ClientGrantId.eq(grant));
    let mut cursor = query.cursor_by(client_grant_call::Column::Id);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

pub async fn delete_calls_before_in(tx: &Tx, before: DateTime<Utc>) -> Result<(), Fault> {
    let old = client_grant_call::Column::CalledAt.lt(before);
    client_grant_call::Entity::delete_many().filter(old).exec(&**tx).await?;
    Ok(())
}
