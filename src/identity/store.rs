//! The tables `users` and `agreement_acceptances`.

use chrono::{DateTime, Utc};
use entity::ids::UserId;
use entity::{agreement_acceptance, user};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};

use super::email_change::store as email_changes;
use super::profile::ProfileChange;
use crate::kernel::{EmailAddress, Fault};
use crate::platform::db::Tx;

pub async fn find_user<C: ConnectionTrait>(db: &C, id: UserId) -> Result<Option<user::Model>, Fault> {
    Ok(user::Entity::find_by_id(id).one(db).await?)
}

pub async fn find_by_email<C: ConnectionTrait>(db: &C, email: &EmailAddress) -> Result<Option<user::Model>, Fault> {
    Ok(user::Entity::find().filter(user::Column::Email.eq(email.as_str())).one(db).await?)
}

pub async fn lock_user_in(tx: &Tx, id: UserId) -> Result<Option<user::Model>, Fault> {
    Ok(user::Entity::find_by_id(id).lock_exclusive().one(&**tx).await?)
}

pub async fn insert_user_in(tx: &Tx, user: user::Model) -> Result<(), sea_orm::DbErr> {
    user::Entity::insert(user.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn insert_acceptances_in(tx: &Tx, acceptances: Vec<agreement_acceptance::Model>) -> Result<(), Fault> {
    let rows = acceptances.into_iter().map(IntoActiveModel::into_active_model);
    agreement_acceptance::Entity::insert_many(rows).exec_without_returning(&**tx).await?;
    Ok(())
}

/// True for the one call that confirms. With a hash the password is the new one.
pub async fn confirm_in(tx: &Tx, id: UserId, password_hash: Option<String>, now: DateTime<Utc>) -> Result<bool, Fault> {
    let confirmed = user::ActiveModel {
        email_confirmed_at: Set(Some(now)),
        confirmation_expires_at: Set(None),
        password_contested: Set(false),
        password_hash: password_hash.map_or(NotSet, Set),
        ..Default::default()
    };
    let updated = user::Entity::update_many()
        .set(confirmed)
        .col_expr(user::Column::CredentialsVersion, next_version())
        .filter(user::Column::Id.eq(id))
        .filter(user::Column::EmailConfirmedAt.is_null())
        .filter(user::Column::ConfirmationExpiresAt.gt(now))
        .exec(&**tx)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// True unless the credentials have changed since `version` was read.
pub async fn replace_password_in(tx: &Tx, id: UserId, version: i32, password_hash: String) -> Result<bool, Fault> {
    let changed = user::ActiveModel { password_hash: Set(password_hash), ..Default::default() };
    let updated = user::Entity::update_many()
        .set(changed)
        .col_expr(user::Column::CredentialsVersion, next_version())
        .filter(user::Column::Id.eq(id))
        .filter(user::Column::CredentialsVersion.eq(version))
        .exec(&**tx)
        .await?;
    Ok(updated.rows_affected == 1)
}

fn next_version() -> Expr {
    Expr::col(user::Column::CredentialsVersion).add(1)
}

pub async fn update_confirmation_sent_in(
    tx: &Tx,
    id: UserId,
    now: DateTime<Utc>,
    letters: i32,
    since: DateTime<Utc>,
) -> Result<(), Fault> {
    let sent = user::ActiveModel {
        confirmation_sent_at: Set(Some(now)),
        confirmation_letters: Set(letters),
        confirmation_letters_since: Set(Some(since)),
        ..Default::default()
    };
    user::Entity::update_many().set(sent).filter(user::Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

pub async fn update_contested_in(tx: &Tx, id: UserId) -> Result<(), Fault> {
    let contested = user::ActiveModel { password_contested: Set(true), ..Default::default() };
    user::Entity::update_many().set(contested).filter(user::Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

/// The same password under stronger parameters; nothing when the password is another one by now.
pub async fn update_hash_in(tx: &Tx, id: UserId, version: i32, password_hash: String) -> Result<(), Fault> {
    let changed = user::ActiveModel { password_hash: Set(password_hash), ..Default::default() };
    let same = user::Entity::update_many().filter(user::Column::CredentialsVersion.eq(version));
    same.set(changed).filter(user::Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

pub async fn update_profile_in(tx: &Tx, id: UserId, change: &ProfileChange) -> Result<(), Fault> {
    let ProfileChange { full_name, phone, locale } = change.clone();
    let changed = user::ActiveModel {
        full_name: full_name.map_or(NotSet, Set),
        phone: phone.map_or(NotSet, Set),
        locale: locale.map_or(NotSet, Set),
        ..Default::default()
    };
    user::Entity::update_many().set(changed).filter(user::Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

/// Oldest first.
pub async fn list_acceptances<C: ConnectionTrait>(
    db: &C,
    id: UserId,
) -> Result<Vec<agreement_acceptance::Model>, Fault> {
    use agreement_acceptance::Column;
    let of_person = agreement_acceptance::Entity::find().filter(Column::UserId.eq(id));
    Ok(of_person.order_by_asc(Column::AcceptedAt).order_by_asc(Column::Kind).all(db).await?)
}

pub async fn delete_user_in(tx: &Tx, id: UserId) -> Result<(), Fault> {
    super::two_factor::store::delete_in(tx, id).await?;
    email_changes::delete_changes_of_in(tx, id, true).await?;
    agreement_acceptance::Entity::delete_many().filter(agreement_acceptance::Column::UserId.eq(id)).exec(&**tx).await?;
    user::Entity::delete_by_id(id).exec(&**tx).await?;
    Ok(())
}
