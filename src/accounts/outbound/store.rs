//! The table `outbound_rows`, as far as places go.

use entity::enums::OutboundKind;
use entity::ids::ProviderId;
use entity::outbound_row::{Column, Entity};
use entity::provider;
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect, Statement};
use uuid::Uuid;

use crate::kernel::Fault;
use crate::platform::db::Tx;

pub async fn has_unplaced(db: &DatabaseConnection, provider: ProviderId, kind: OutboundKind) -> Result<bool, Fault> {
    let query = Entity::find()
        .select_only()
        .column(Column::RowId)
        .filter(Column::ProviderId.eq(provider))
        .filter(Column::Kind.eq(kind))
        .filter(Column::Position.is_null())
        .limit(1);
    Ok(query.into_tuple::<Uuid>().one(db).await?.is_some())
}

/// Without holding up what refers to the provider.
pub async fn lock_provider_in(tx: &Tx, id: ProviderId) -> Result<(), Fault> {
    provider::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(&**tx).await?;
    Ok(())
}

const PLACE: &str = "UPDATE outbound_rows SET position = fresh.position FROM (\
    SELECT row_id, ROW_NUMBER() OVER (ORDER BY row_id) + \
    (SELECT COALESCE(MAX(position), 0) FROM outbound_rows WHERE provider_id = $1 AND kind = $2) AS position \
    FROM outbound_rows WHERE provider_id = $1 AND kind = $2 AND position IS NULL ORDER BY row_id LIMIT $3) AS fresh \
    WHERE outbound_rows.kind = $2 AND outbound_rows.row_id = fresh.row_id";

pub async fn place_in(tx: &Tx, (provider, kind): (ProviderId, OutboundKind), most: usize) -> Result<(), Fault> {
    let most = i64::try_from(most).map_err(Fault::internal)?;
    let values = [provider.into(), kind.word().into(), most.into()];
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), PLACE, values)).await?;
    Ok(())
}
