//! One meter in the place of another: a single act with what the old one showed last and the new one first.

use sea_orm::entity::prelude::*;

use crate::ids::{MeterId, MeterReadingId, PersonalAccountId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meter_replacements")]
pub struct Model {
    /// Replaced once.
    #[sea_orm(primary_key, auto_increment = false)]
    pub old_meter_id: MeterId,
    /// Stands in the place of one.
    pub new_meter_id: MeterId,
    pub personal_account_id: PersonalAccountId,
    pub replaced_on: Date,
    pub closing_reading_id: MeterReadingId,
    pub opening_reading_id: MeterReadingId,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
