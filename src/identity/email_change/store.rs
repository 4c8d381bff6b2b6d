//! The tables `email_changes` and `email_change_links`, and the address in `users`.

use chrono::{DateTime, Utc};
use entity::enums::EmailChangeLinkPurpose as Purpose;
use entity::ids::{EmailChangeId, UserId};
use entity::{email_change, email_change_link, user};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};

use crate::kernel::Fault;
use crate::platform::db::Tx;

pub async fn find_change<C: ConnectionTrait>(db: &C, id: EmailChangeId) -> Result<Option<email_change::Model>, Fault> {
    Ok(email_change::Entity::find_by_id(id).one(db).await?)
}

/// Neither done nor expired.
pub async fn find_pending_of<C: ConnectionTrait>(
    db: &C,
    user_id: UserId,
    now: DateTime<Utc>,
) -> Result<Option<email_change::Model>, Fault> {
    let pending = email_change::Entity::find()
        .filter(email_change::Column::UserId.eq(user_id))
        .filter(email_change::Column::CompletedAt.is_null())
        .filter(email_change::Column::ExpiresAt.gt(now))
        .order_by_desc(email_change::Column::Id);
    Ok(pending.one(db).await?)
}

pub async fn find_link<C: ConnectionTrait>(
    db: &C,
    token_hash: &str,
) -> Result<Option<email_change_link::Model>, Fault> {
    Ok(email_change_link::Entity::find_by_id(token_hash.to_owned()).one(db).await?)
}

pub async fn insert_change_in(tx: &Tx, change: email_change::Model) -> Result<(), Fault> {
    email_change::Entity::insert(change.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn insert_links_in(tx: &Tx, links: Vec<email_change_link::Model>) -> Result<(), Fault> {
    let rows = links.into_iter().map(IntoActiveModel::into_active_model);
    email_change_link::Entity::insert_many(rows).exec_without_returning(&**tx).await?;
    Ok(())
}

/// True for the one use of the links of this purpose.
pub async fn delete_links_in(tx: &Tx, id: EmailChangeId, purpose: Purpose) -> Result<bool, Fault> {
    let of_purpose = email_change_link::Entity::delete_many()
        .filter(email_change_link::Column::EmailChangeId.eq(id))
        .filter(email_change_link::Column::Purpose.eq(purpose));
    Ok(of_purpose.exec(&**tx).await?.rows_affected > 0)
}

pub async fn update_confirmed_in(tx: &Tx, change: &email_change::Model) -> Result<(), Fault> {
    let confirmed = email_change::ActiveModel {
        confirmed_by_old_at: Set(change.confirmed_by_old_at),
        confirmed_by_new_at: Set(change.confirmed_by_new_at),
        completed_at: Set(change.completed_at),
        ..Default::default()
    };
    email_change::Entity::update_many()
        .set(confirmed)
        .filter(email_change::Column::Id.eq(change.id))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// The new address is the person's, unless the credentials have changed since the request (false). What was begun with
/// the credentials before is void.
pub async fn replace_email_in(tx: &Tx, change: &email_change::Model) -> Result<bool, DbErr> {
    let changed = user::ActiveModel { email: Set(change.new_email.clone()), ..Default::default() };
    let updated = user::Entity::update_many()
        .set(changed)
        .col_expr(user::Column::CredentialsVersion, Expr::col(user::Column::CredentialsVersion).add(1))
        .filter(user::Column::Id.eq(change.user_id))
        .filter(user::Column::CredentialsVersion.eq(change.credentials_version))
        .exec(&**tx)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// True for the one call that deletes.
pub async fn delete_change_in(tx: &Tx, id: EmailChangeId) -> Result<bool, Fault> {
    delete_links_of_in(tx, id).await?;
    Ok(email_change::Entity::delete_by_id(id).exec(&**tx).await?.rows_affected == 1)
}

pub async fn delete_links_of_in(tx: &Tx, id: EmailChangeId) -> Result<(), Fault> {
    let links = email_change_link::Entity::delete_many();
    links.filter(email_change_link::Column::EmailChangeId.eq(id)).exec(&**tx).await?;
    Ok(())
}

/// A person's changes: those not done, or all of them.
pub async fn delete_changes_of_in(tx: &Tx, user_id: UserId, done_too: bool) -> Result<(), Fault> {
    let chosen = || {
        let of_person = sea_orm::Condition::all().add(email_change::Column::UserId.eq(user_id));
        if done_too { of_person } else { of_person.add(email_change::Column::CompletedAt.is_null()) }
    };
    let ids = email_change::Entity::find().filter(chosen()).select_only().column(email_change::Column::Id);
    let links = email_change_link::Entity::delete_many();
    let of_changes = email_change_link::Column::EmailChangeId.in_subquery(ids.into_query());
    links.filter(of_changes).exec(&**tx).await?;
    email_change::Entity::delete_many().filter(chosen()).exec(&**tx).await?;
    Ok(())
}
