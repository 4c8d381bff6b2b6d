//! A move of a reading along its way at the provider, with its time. How it came here is on the reading itself.

use sea_orm::entity::prelude::*;

use crate::enums::ReadingStatus;
use crate::ids::MeterReadingId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reading_status_changes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub meter_reading_id: MeterReadingId,
    /// How many moves the status is away from SUBMITTED: of two ways out of one status only one fits in.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i16,
    pub status: ReadingStatus,
    pub changed_at: DateTimeUtc,
    /// The provider's words; only a rejection has some.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
