//! A file of an export that is sent by HTTP.

use sea_orm::entity::prelude::*;

use crate::ids::UploadId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "upload_files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub upload_id: UploadId,
    /// As in the manifest.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Bytes from its beginning.
    pub received: i64,
    /// The sender has said that there is no more.
    pub complete: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
