//! What tells one password of a person from the next, and how often the confirmation letter was sent.

use sea_orm_migration::prelude::{
    ColumnDef, DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, Table, async_trait,
};
use sea_orm_migration::schema::{boolean, integer, timestamp_with_time_zone_null};

#[derive(DeriveMigrationName)]
pub struct Step;

fn columns() -> [(&'static str, ColumnDef); 4] {
    let (mut version, mut contested, mut letters) =
        (integer("credentials_version"), boolean("password_contested"), integer("confirmation_letters"));
    version.default(0);
    contested.default(false);
    letters.default(0);
    [
        ("credentials_version", version),
        ("password_contested", contested),
        ("confirmation_letters", letters),
        ("confirmation_letters_since", timestamp_with_time_zone_null("confirmation_letters_since")),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite changes one column a statement.
        for (_, mut column) in columns() {
            manager.alter_table(Table::alter().table("users").add_column(&mut column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in columns() {
            manager.alter_table(Table::alter().table("users").drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}
