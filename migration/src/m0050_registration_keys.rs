//! A provider's program that another one registers is registered once, by the other's own key.

use sea_orm_migration::prelude::{
    DbErr, DeriveMigrationName, Index, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::text_null;

use crate::table::unique;

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let key = Table::alter().table("api_clients").add_column(text_null("registration_key")).to_owned();
        manager.alter_table(key).await?;
        let once = unique("api_clients_registration", "api_clients", ["provider_id", "registration_key"]);
        manager.create_index(once).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("api_clients_registration").table("api_clients").to_owned()).await?;
        manager.alter_table(Table::alter().table("api_clients").drop_column("registration_key").to_owned()).await
    }
}
