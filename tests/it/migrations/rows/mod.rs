//! The entities are the tables that the steps make: a row of each is read as it was stored.

mod accounts;
mod clients;
mod consent;
mod mechanisms;
mod money;
mod people;
mod rights;
mod services;
mod webhooks;

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::OutboundKind;
use entity::ids::ProviderId;
use entity::outbound_row;
use kabinet::kernel::Failure;
use kabinet::platform::db::{Engine, Tx};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, ModelTrait, Statement};
use uuid::Uuid;

use super::connect;
use crate::harness::{Backend, Way};

/// What was stored is what is read.
async fn kept<M>(tx: &Tx, row: M) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + PartialEq + std::fmt::Debug + Clone,
    M::Entity: EntityTrait<Model = M>,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    M::Entity::insert(row.clone().into_active_model()).exec_without_returning(&**tx).await?;
    let read = M::Entity::find().one(&**tx).await?;
    assert_eq!(read, Some(row));
    Ok(())
}

/// What the database itself adds for a provider's program, with the row of the same id.
async fn handed_out(tx: &Tx, kind: OutboundKind) -> Result<(), DbErr> {
    let read = outbound_row::Entity::find_by_id((kind, uuid())).one(&**tx).await?;
    let row = outbound_row::Model { kind, row_id: uuid(), provider_id: ProviderId(uuid()), position: None };
    assert_eq!(read, Some(row));
    Ok(())
}

fn moment() -> DateTime<Utc> {
    "2026-06-20T09:00:00.123456Z".parse().unwrap()
}

fn day() -> NaiveDate {
    "2026-06-20".parse().unwrap()
}

fn uuid() -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)
}

fn text(text: &str) -> String {
    text.to_owned()
}

pub async fn rows(way: Way) {
    const TABLES: usize = 70;
    let backend = Backend::empty(way).await;
    let db = connect(&backend).await;
    db.migrate_up().await.unwrap();
    let stored = db.transaction(|tx| async move {
        people::people(&tx).await?;
        accounts::accounts(&tx).await?;
        consent::consent(&tx).await?;
        rights::audit(&tx).await?;
        rights::rights(&tx).await?;
        clients::clients(&tx).await?;
        services::services(&tx).await?;
        money::money(&tx).await?;
        mechanisms::mechanisms(&tx).await?;
        webhooks::webhooks(&tx).await?;
        Ok::<_, Failure<()>>(())
    });
    stored.await.expect("every entity is its table");
    let counted = match db.engine() {
        Engine::Sqlite => {
            "SELECT count(*) AS tables FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        Engine::Postgres => "SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'public'",
    };
    let counted = Statement::from_string(db.read().get_database_backend(), counted);
    let tables: i64 = db.read().query_one_raw(counted).await.unwrap().unwrap().try_get("", "tables").unwrap();
    assert_eq!(
        tables,
        i64::try_from(TABLES).unwrap() + 1,
        "this test knows every table, and the list of steps is one more"
    );
    db.close().await;
    backend.clean_up().await;
}
