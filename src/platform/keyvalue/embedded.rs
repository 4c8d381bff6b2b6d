//! Expiring keys in the table `key_values`.

use std::convert::Infallible;

use chrono::{DateTime, Utc};
use entity::key_value::{ActiveModel, Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{Entry, Key, Pressed, Rule, Space, Tally};
use crate::kernel::{Failure, Fault};
use crate::platform::db::{Db, Tx};

pub async fn put(db: &Db, space: Space, key: &Key, entry: &Entry) -> Result<(), Fault> {
    let over = OnConflict::columns([Column::Space, Column::Key])
        .update_columns([Column::Owner, Column::Value, Column::ExpiresAt])
        .to_owned();
    let over = &over;
    db.transaction(|tx| async move {
        Entity::insert(row(space, key, entry)).on_conflict(over.clone()).exec(&*tx).await?;
        Ok(())
    })
    .await
    .map_err(fault)
}

pub async fn add(db: &Db, space: Space, key: &Key, entry: &Entry, now: DateTime<Utc>) -> Result<bool, Fault> {
    db.transaction(|tx| async move {
        let row_of_key = Entity::find_by_id((space.0.to_owned(), key.as_str().to_owned()));
        match row_of_key.one(&*tx).await? {
            Some(row) if row.expires_at > now => {
                // Written as it is: what is there already takes as long as what is added, and so tells nothing.
                let same = ActiveModel { expires_at: Set(row.expires_at), ..Default::default() };
                Entity::update_many().set(same).filter(is(space, key)).exec(&*tx).await?;
                return Ok(false);
            }
            Some(row) => {
                Entity::delete_by_id((row.space, row.key)).exec(&*tx).await?;
            }
            None => {}
        }
        Entity::insert(row(space, key, entry)).exec(&*tx).await?;
        Ok(true)
    })
    .await
    .map_err(fault)
}

pub async fn replace(db: &Db, space: Space, key: &Key, entry: &Entry, now: DateTime<Utc>) -> Result<bool, Fault> {
    db.transaction(|tx| async move {
        let there = is(space, key).add(Column::ExpiresAt.gt(now));
        let replaced = Entity::update_many().set(row(space, key, entry)).filter(there).exec(&*tx).await?;
        Ok(replaced.rows_affected == 1)
    })
    .await
    .map_err(fault)
}

pub async fn get(db: &Db, space: Space, key: &Key) -> Result<Option<Entry>, Fault> {
    let row = Entity::find_by_id((space.0.to_owned(), key.as_str().to_owned())).one(db.read()).await?;
    Ok(row.map(entry))
}

pub async fn list_of(db: &Db, space: Space, owner: Uuid) -> Result<Vec<(Key, Entry)>, Fault> {
    let condition = Condition::all().add(Column::Space.eq(space.0)).add(Column::Owner.eq(owner));
    let rows = Entity::find().filter(condition).all(db.read()).await?;
    Ok(rows.into_iter().map(|row| (Key::of_hash(&row.key), entry(row))).collect())
}

pub async fn take(db: &Db, space: Space, key: &Key) -> Result<Option<Entry>, Fault> {
    db.transaction(|tx| async move {
        let taken = Entity::delete_many().filter(is(space, key)).exec_with_returning(&*tx).await?;
        Ok(taken.into_iter().next().map(entry))
    })
    .await
    .map_err(fault)
}

pub async fn delete(db: &Db, space: Space, key: &Key) -> Result<(), Fault> {
    delete_where(db, is(space, key)).await
}

pub async fn delete_of(db: &Db, space: Space, owner: Uuid) -> Result<(), Fault> {
    delete_where(db, Condition::all().add(Column::Space.eq(space.0)).add(Column::Owner.eq(owner))).await
}

pub async fn press(db: &Db, space: Space, key: &Key, rule: &Rule, now: DateTime<Utc>) -> Result<Pressed, Fault> {
    db.transaction(|tx| async move {
        let (pressed, tally) = Tally::pressed(tally_in(&tx, space, key).await?, now, rule);
        if matches!(pressed, Pressed::Taken { .. }) {
            keep_tally_in(&tx, space, key, tally, rule).await?;
        }
        Ok(pressed)
    })
    .await
    .map_err(fault)
}

pub async fn give_back(db: &Db, space: Space, key: &Key, rule: &Rule) -> Result<(), Fault> {
    db.transaction(|tx| async move {
        if let Some(tally) = tally_in(&tx, space, key).await? {
            keep_tally_in(&tx, space, key, tally.given_back(), rule).await?;
        }
        Ok(())
    })
    .await
    .map_err(fault)
}

async fn tally_in(tx: &Tx, space: Space, key: &Key) -> Result<Option<Tally>, Fault> {
    let row = Entity::find_by_id((space.0.to_owned(), key.as_str().to_owned())).one(&**tx).await?;
    Ok(row.map(|row| serde_json::from_str(&row.value)).transpose()?)
}

async fn keep_tally_in(tx: &Tx, space: Space, key: &Key, tally: Tally, rule: &Rule) -> Result<(), Fault> {
    let entry = Entry { owner: None, value: serde_json::to_string(&tally)?, expires_at: tally.expires_at(rule) };
    let over =
        OnConflict::columns([Column::Space, Column::Key]).update_columns([Column::Value, Column::ExpiresAt]).to_owned();
    Entity::insert(row(space, key, &entry)).on_conflict(over).exec(&**tx).await?;
    Ok(())
}

pub async fn purge(db: &Db, now: DateTime<Utc>) -> Result<(), Fault> {
    delete_where(db, Condition::all().add(Column::ExpiresAt.lte(now))).await
}

async fn delete_where(db: &Db, condition: Condition) -> Result<(), Fault> {
    let condition = &condition;
    db.transaction(|tx| async move {
        Entity::delete_many().filter(condition.clone()).exec(&*tx).await?;
        Ok(())
    })
    .await
    .map_err(fault)
}

fn is(space: Space, key: &Key) -> Condition {
    Condition::all().add(Column::Space.eq(space.0)).add(Column::Key.eq(key.as_str()))
}

fn row(space: Space, key: &Key, entry: &Entry) -> ActiveModel {
    ActiveModel {
        space: Set(space.0.to_owned()),
        key: Set(key.as_str().to_owned()),
        owner: Set(entry.owner),
        value: Set(entry.value.clone()),
        expires_at: Set(entry.expires_at),
    }
}

fn entry(row: Model) -> Entry {
    Entry { owner: row.owner, value: row.value, expires_at: row.expires_at }
}

fn fault(failure: Failure<Infallible>) -> Fault {
    failure.into()
}
