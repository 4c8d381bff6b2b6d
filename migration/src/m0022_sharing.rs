//! Accounts that are shared with another person.

use sea_orm_migration::prelude::{
    ColumnDef, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{
    boolean, text, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
};

use crate::table::{References, create, drop, id, index, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

fn columns() -> [ColumnDef; 3] {
    let mut may_pay = boolean("may_pay");
    may_pay.default(true);
    [uuid_null("share_id"), may_pay, timestamp_with_time_zone_null("ends_at")]
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            manager.alter_table(Table::alter().table("attachments").add_column(column).to_owned()).await?;
        }
        let shares = table(
            "account_shares",
            [
                id(),
                uuid("personal_account_id"),
                uuid("owner_id"),
                text("email"),
                boolean("may_pay"),
                timestamp_with_time_zone_null("ends_at"),
                timestamp_with_time_zone("shared_at"),
                uuid_null("taken_by"),
                timestamp_with_time_zone_null("taken_at"),
            ],
        )
        .references("personal_account_id", "personal_accounts")
        .references("owner_id", "users")
        .references("taken_by", "users");
        create(
            manager,
            [shares],
            [
                unique("account_shares_once", "account_shares", ["personal_account_id", "owner_id", "email"]),
                index("account_shares_email", "account_shares", ["email"]),
                index("account_shares_owner", "account_shares", ["owner_id"]),
                index("account_shares_taken_by", "account_shares", ["taken_by"]),
                index("attachments_share", "attachments", ["share_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["account_shares"]).await?;
        manager
            .drop_index(
                sea_orm_migration::prelude::Index::drop().name("attachments_share").table("attachments").to_owned(),
            )
            .await?;
        for column in ["share_id", "may_pay", "ends_at"] {
            manager.alter_table(Table::alter().table("attachments").drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
