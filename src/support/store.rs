//! The tables `support_requests` and `support_messages`.

use chrono::{DateTime, Utc};
use entity::enums::SupportState;
use entity::ids::{SupportRequestId, UserId};
use entity::{support_message, support_request};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use crate::kernel::{Fault, Page};
use crate::platform::db::{Tx, read_page};

pub async fn insert_request_in(tx: &Tx, row: support_request::Model) -> Result<(), DbErr> {
    support_request::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn insert_message_in(tx: &Tx, row: support_message::Model) -> Result<(), DbErr> {
    support_message::Entity::insert(row.into_active_model()).exec_without_returning(&**tx).await.map(|_| ())
}

pub async fn find_request<C: ConnectionTrait>(
    db: &C,
    id: SupportRequestId,
) -> Result<Option<support_request::Model>, Fault> {
    Ok(support_request::Entity::find_by_id(id).one(db).await?)
}

pub async fn lock_request_in(tx: &Tx, id: SupportRequestId) -> Result<Option<support_request::Model>, DbErr> {
    support_request::Entity::find_by_id(id).lock_exclusive().one(&**tx).await
}

pub async fn count_messages_in(tx: &Tx, id: SupportRequestId) -> Result<u64, DbErr> {
    support_message::Entity::find().filter(support_message::Column::SupportRequestId.eq(id)).count(&**tx).await
}

pub async fn move_request_in(
    tx: &Tx,
    id: SupportRequestId,
    state: SupportState,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let moved = support_request::ActiveModel { state: Set(state), moved_at: Set(now), ..Default::default() };
    let own = support_request::Column::Id.eq(id);
    support_request::Entity::update_many().set(moved).filter(own).exec(&**tx).await.map(|_| ())
}

pub async fn page_requests(
    db: &DatabaseConnection,
    user: UserId,
    page: &Page<SupportRequestId>,
) -> Result<Vec<support_request::Model>, Fault> {
    let query = support_request::Entity::find().filter(support_request::Column::UserId.eq(user));
    let mut cursor = query.cursor_by(support_request::Column::Id);
    cursor.desc();
    Ok(read_page(cursor, page, db).await?)
}

/// Those that wait longest first.
pub async fn list_in_state(
    db: &DatabaseConnection,
    state: SupportState,
    most: u64,
) -> Result<Vec<support_request::Model>, Fault> {
    let query = support_request::Entity::find().filter(support_request::Column::State.eq(state));
    Ok(query.order_by_asc(support_request::Column::MovedAt).limit(most).all(db).await?)
}

pub async fn list_messages(
    db: &DatabaseConnection,
    requests: &[SupportRequestId],
) -> Result<Vec<support_message::Model>, Fault> {
    use support_message::Column as C;
    let of_requests = C::SupportRequestId.is_in(requests.iter().copied());
    Ok(support_message::Entity::find().filter(of_requests).order_by_asc(C::Position).all(db).await?)
}

pub async fn delete_requests_in(tx: &Tx, user: UserId) -> Result<u64, Fault> {
    use support_request::Column as C;
    let ids: Vec<SupportRequestId> = support_request::Entity::find()
        .select_only()
        .column(C::Id)
        .filter(C::UserId.eq(user))
        .into_tuple()
        .all(&**tx)
        .await?;
    let messages = support_message::Column::SupportRequestId.is_in(ids.iter().copied());
    support_message::Entity::delete_many().filter(messages).exec(&**tx).await?;
    Ok(support_request::Entity::delete_many().filter(C::Id.is_in(ids)).exec(&**tx).await?.rows_affected)
}
