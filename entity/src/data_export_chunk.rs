//! A piece of an archive of a person's data.

use sea_orm::entity::prelude::*;

use crate::ids::DataExportId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "data_export_chunks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub data_export_id: DataExportId,
    /// Order in the archive, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub content: Vec<u8>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
