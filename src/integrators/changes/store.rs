//! The tables `changes` and `change_feed`.

use chrono::{DateTime, Utc};
use entity::change::{Column, Entity, Model};
use entity::change_feed;
use entity::enums::ChangeKind;
use entity::ids::{PersonalAccountId, ProviderId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::kernel::Fault;
use crate::platform::db::{Tx, bulk};

pub async fn has_waiting(db: &DatabaseConnection) -> Result<bool, Fault> {
    let waiting = Entity::find().select_only().column(Column::Id).filter(Column::Position.is_null()).limit(1);
    Ok(waiting.into_tuple::<i64>().one(db).await?.is_some())
}

pub async fn lock_feed_in(tx: &Tx) -> Result<i64, Fault> {
    let feed = change_feed::Entity::find().lock_exclusive().one(&**tx).await?;
    Ok(feed.ok_or_else(|| DbErr::RecordNotFound("the feed of changes".to_owned()))?.position)
}

/// In the order in which they were written: within an account that is the order of its changes, whose transactions wait for
/// each other.
pub async fn order_in(tx: &Tx, position: i64, most: u64, now: DateTime<Utc>) -> Result<(), Fault> {
    let waiting = Entity::find().filter(Column::Position.is_null()).order_by_asc(Column::Id).limit(most);
    let mut waiting = waiting.all(&**tx).await?;
    // Somebody else was faster.
    if waiting.is_empty() {
        return Ok(());
    }
    let mut position = position;
    for change in &mut waiting {
        position += 1;
        (change.position, change.ordered_at) = (Some(position), Some(now));
    }
    bulk::update_all::<Entity>(tx, &[Column::Position, Column::OrderedAt], &waiting).await?;
    let moved = change_feed::ActiveModel { position: Set(position), ..Default::default() };
    change_feed::Entity::update_many().set(moved).exec(&**tx).await?;
    Ok(())
}

pub async fn head(db: &DatabaseConnection) -> Result<i64, Fault> {
    Ok(change_feed::Entity::find().one(db).await?.map_or(0, |feed| feed.position))
}

pub async fn oldest(db: &DatabaseConnection) -> Result<Option<i64>, Fault> {
    let oldest = Entity::find().filter(Column::Position.is_not_null()).order_by_asc(Column::Position).limit(1);
    Ok(oldest.one(db).await?.and_then(|change| change.position))
}

pub async fn list_after(db: &DatabaseConnection, after: i64, most: u64) -> Result<Vec<Model>, Fault> {
    let query = Entity::find().filter(Column::Position.gt(after)).order_by_asc(Column::Position);
    Ok(query.limit(most).all(db).await?)
}

pub async fn list_of_provider(
    db: &DatabaseConnection,
    (provider, kind): (ProviderId, ChangeKind),
    only: Option<&[PersonalAccountId]>,
    after: i64,
    most: u64,
) -> Result<Vec<Model>, Fault> {
    let mut query = Entity::find()
        .filter(Column::ProviderId.eq(provider))
        .filter(Column::Position.gt(after))
        .filter(Column::Kind.eq(kind));
    if let Some(only) = only {
        query = query.filter(Column::PersonalAccountId.is_in(only.iter().copied()));
    }
    Ok(query.order_by_asc(Column::Position).limit(most).all(db).await?)
}

pub async fn list_of_accounts(
    db: &DatabaseConnection,
    kind: ChangeKind,
    accounts: &[PersonalAccountId],
    after: i64,
    most: u64,
) -> Result<Vec<Model>, Fault> {
    let query = Entity::find()
        .filter(Column::PersonalAccountId.is_in(accounts.iter().copied()))
        .filter(Column::Position.gt(after))
        .filter(Column::Kind.eq(kind));
    Ok(query.order_by_asc(Column::Position).limit(most).all(db).await?)
}

/// The oldest of them, as far as they got their places before then: to which position, and whether that is all of these.
pub async fn aged(db: &DatabaseConnection, before: DateTime<Utc>, most: u64) -> Result<Option<(i64, bool)>, Fault> {
    let oldest = Entity::find()
        .select_only()
        .columns([Column::Position, Column::OrderedAt])
        .filter(Column::Position.is_not_null())
        .order_by_asc(Column::Position)
        .limit(most);
    let oldest: Vec<(i64, DateTime<Utc>)> = oldest.into_tuple().all(db).await?;
    let aged = oldest.iter().take_while(|(_, ordered_at)| *ordered_at < before);
    Ok(aged.last().map(|(position, _)| (*position, oldest.last().is_some_and(|(last, _)| last == position))))
}

pub async fn delete_until_in(tx: &Tx, position: i64) -> Result<(), Fault> {
    Entity::delete_many().filter(Column::Position.lte(position)).exec(&**tx).await?;
    Ok(())
}
