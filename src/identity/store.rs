//! The tables `users`, `agreement_acceptances`, `cabinet_deletions` and `erasures`.

use chrono::{DateTime, Utc};
use entity::ids::UserId;
use entity::{agreement_acceptance, cabinet_deletion, erasure, user};
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

pub async fn list_users<C: ConnectionTrait>(db: &C, ids: &[UserId]) -> Result<Vec<user::Model>, Fault> {
    Ok(user::Entity::find().filter(user::Column::Id.is_in(ids.iter().copied())).all(db).await?)
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

pub async fn delete_acceptances_in(tx: &Tx, id: UserId) -> Result<u64, Fault> {
    let acceptances = agreement_acceptance::Entity::delete_many();
    Ok(acceptances.filter(agreement_acceptance::Column::UserId.eq(id)).exec(&**tx).await?.rows_affected)
}

/// Which texts were accepted, and when, stays; from where does not.
pub async fn clear_acceptances_in(tx: &Tx, id: UserId) -> Result<u64, Fault> {
    let cleared = agreement_acceptance::ActiveModel { address: Set(String::new()), ..Default::default() };
    let acceptances = agreement_acceptance::Entity::update_many().set(cleared);
    Ok(acceptances.filter(agreement_acceptance::Column::UserId.eq(id)).exec(&**tx).await?.rows_affected)
}

/// What payments and readings refer to, and nothing of the person.
pub async fn reduce_user_in(tx: &Tx, id: UserId, pseudonym: String) -> Result<(), Fault> {
    let reduced = user::ActiveModel {
        email: Set(pseudonym),
        password_hash: Set(String::new()),
        full_name: Set(None),
        phone: Set(None),
        ..Default::default()
    };
    let row = user::Entity::update_many().set(reduced).col_expr(user::Column::CredentialsVersion, next_version());
    row.filter(user::Column::Id.eq(id)).exec(&**tx).await?;
    Ok(())
}

pub async fn find_deletion<C: ConnectionTrait>(db: &C, id: UserId) -> Result<Option<cabinet_deletion::Model>, Fault> {
    Ok(cabinet_deletion::Entity::find_by_id(id).one(db).await?)
}

pub async fn insert_deletion_in(tx: &Tx, deletion: cabinet_deletion::Model) -> Result<(), Fault> {
    cabinet_deletion::Entity::insert(deletion.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

/// True for the one call that takes it away.
pub async fn delete_deletion_in(tx: &Tx, id: UserId) -> Result<bool, Fault> {
    Ok(cabinet_deletion::Entity::delete_by_id(id).exec(&**tx).await?.rows_affected == 1)
}

pub async fn insert_erasure_in(tx: &Tx, record: erasure::Model) -> Result<(), Fault> {
    erasure::Entity::insert(record.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn delete_erasures_in(tx: &Tx, before: DateTime<Utc>) -> Result<u64, Fault> {
    let old = erasure::Entity::delete_many().filter(erasure::Column::ErasedAt.lte(before));
    Ok(old.exec(&**tx).await?.rows_affected)
}

/// Oldest first.
pub async fn list_erasures<C: ConnectionTrait>(
    db: &C,
    address_hash: Option<&str>,
) -> Result<Vec<erasure::Model>, Fault> {
    let mut query = erasure::Entity::find();
    if let Some(hash) = address_hash {
        query = query.filter(erasure::Column::AddressHash.eq(hash));
    }
    let ordered = query.order_by_asc(erasure::Column::ErasedAt).order_by_asc(erasure::Column::Id);
    Ok(ordered.all(db).await?)
}

/// The second factor, and the addresses of changes of the e-mail address.
pub async fn delete_secrets_in(tx: &Tx, id: UserId) -> Result<(), Fault> {
    super::two_factor::store::delete_in(tx, id).await?;
    super::access_token::delete_of_in(tx, id).await?;
    email_changes::delete_changes_of_in(tx, id, true).await
}

pub async fn delete_user_in(tx: &Tx, id: UserId) -> Result<(), Fault> {
    delete_secrets_in(tx, id).await?;
    user::Entity::delete_by_id(id).exec(&**tx).await?;
    Ok(())
}
