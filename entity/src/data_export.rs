//! An archive of all data of a person that they asked for.

use sea_orm::entity::prelude::*;

use crate::ids::{DataExportId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "data_exports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DataExportId,
    pub user_id: UserId,
    pub requested_at: DateTimeUtc,
    /// How often the making was begun: whoever makes an earlier run may write no more.
    pub run: i32,
    /// Rows that the newest run has written so far.
    pub records: i64,
    /// Bytes of the whole archive; null while it is made.
    pub size: Option<i64>,
    /// Null while it is made.
    pub ready_at: Option<DateTimeUtc>,
    /// It is deleted then; null while it is made.
    pub expires_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
