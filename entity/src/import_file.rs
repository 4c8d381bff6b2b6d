//! How far the import of one register has come.

use sea_orm::entity::prelude::*;

use crate::ids::ImportFileId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ImportFileId,
    pub provider_code: String,
    pub name: String,
    pub kind: String,
    /// Of the bytes, with what decides how they are read.
    pub sha256: String,
    pub rows_total: i64,
    /// Rows committed; an interrupted run goes on from here.
    pub rows_done: i64,
    pub started_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    /// Of the export that it came with last; `None` where it was loaded before this was kept.
    pub exported_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
