//! The tables `audit_events` and `audit_circumstances`.

use entity::ids::UserId;
use entity::{audit_circumstance, audit_event, user};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ColumnTrait, Condition, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};

use crate::kernel::{Fault, Page};
use crate::platform::db::{Tx, read_page};

type Row = (audit_event::Model, Option<audit_circumstance::Model>);

/// False when there is no such person. References to the person from other transactions do not wait for this lock.
pub async fn lock_person_in(tx: &Tx, id: UserId) -> Result<bool, Fault> {
    let person = user::Entity::find_by_id(id).select_only().column(user::Column::Id).lock(LockType::NoKeyUpdate);
    let found: Option<UserId> = person.into_tuple().one(&**tx).await?;
    Ok(found.is_some())
}

pub async fn newest_in(tx: &Tx, user: UserId) -> Result<Option<audit_event::Model>, Fault> {
    let events = audit_event::Entity::find().filter(audit_event::Column::UserId.eq(user));
    Ok(events.order_by_desc(audit_event::Column::Sequence).one(&**tx).await?)
}

pub async fn insert_in(
    tx: &Tx,
    event: audit_event::Model,
    circumstances: audit_circumstance::Model,
) -> Result<(), Fault> {
    audit_event::Entity::insert(event.into_active_model()).exec_without_returning(&**tx).await?;
    audit_circumstance::Entity::insert(circumstances.into_active_model()).exec_without_returning(&**tx).await?;
    Ok(())
}

pub async fn delete_circumstances_in(tx: &Tx, user: UserId) -> Result<u64, Fault> {
    let events = audit_event::Entity::find()
        .select_only()
        .column(audit_event::Column::Id)
        .filter(audit_event::Column::UserId.eq(user));
    let theirs = audit_circumstance::Column::EventId.in_subquery(events.into_query());
    Ok(audit_circumstance::Entity::delete_many().filter(theirs).exec(&**tx).await?.rows_affected)
}

/// Newest first. Events whose circumstances are gone are nobody's to read any more.
pub async fn page(
    db: &DatabaseConnection,
    user: UserId,
    page: &Page<i64>,
) -> Result<Vec<(audit_event::Model, audit_circumstance::Model)>, Fault> {
    let query = audit_event::Entity::find()
        .find_also_related(audit_circumstance::Entity)
        .filter(audit_event::Column::UserId.eq(user));
    let mut cursor = query.cursor_by(audit_event::Column::Sequence);
    cursor.desc();
    let rows = read_page(cursor, page, db).await?;
    Ok(rows.into_iter().filter_map(|(event, circumstances)| Some((event, circumstances?))).collect())
}

/// Chains one after the other, each from its start; behind the event `(person, sequence)`.
pub async fn walk(db: &DatabaseConnection, behind: Option<(UserId, i64)>, most: u64) -> Result<Vec<Row>, Fault> {
    let mut query = audit_event::Entity::find().find_also_related(audit_circumstance::Entity);
    if let Some((user, sequence)) = behind {
        let same =
            Condition::all().add(audit_event::Column::UserId.eq(user)).add(audit_event::Column::Sequence.gt(sequence));
        query = query.filter(Condition::any().add(audit_event::Column::UserId.gt(user)).add(same));
    }
    let ordered = query.order_by_asc(audit_event::Column::UserId).order_by_asc(audit_event::Column::Sequence);
    Ok(ordered.limit(most).all(db).await?)
}
