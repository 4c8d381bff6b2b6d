//! How far the import of each register has come.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, MigrationTrait, SchemaManager, async_trait};
use sea_orm_migration::schema::{big_integer, text, timestamp_with_time_zone, timestamp_with_time_zone_null};

use crate::table::{create, drop, id, table, unique};

#[derive(DeriveMigrationName)]
pub struct Step;

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let files = table(
            "import_files",
            [
                id(),
                text("provider_code"),
                text("name"),
                text("kind"),
                text("sha256"),
                big_integer("rows_total"),
                big_integer("rows_done"),
                timestamp_with_time_zone("started_at"),
                timestamp_with_time_zone_null("finished_at"),
            ],
        );
        create(manager, [files], [unique("import_files_content", "import_files", ["provider_code", "kind", "sha256"])])
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, ["import_files"]).await
    }
}
