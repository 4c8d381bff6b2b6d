//! What the registers of a meter showed on a day.

use sea_orm::entity::prelude::*;

use crate::enums::{ReadingSource, ReadingStatus};
use crate::exact::Quantity;
use crate::ids::{MeterId, MeterReadingId, PaymentId, PersonalAccountId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meter_readings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MeterReadingId,
    pub meter_id: MeterId,
    pub personal_account_id: PersonalAccountId,
    pub taken_on: Date,
    pub submitted_at: DateTimeUtc,
    pub source: ReadingSource,
    pub status: ReadingStatus,
    pub submitted_by: Option<UserId>,
    pub payment_id: Option<PaymentId>,
    pub value_single: Option<Quantity>,
    pub value_day: Option<Quantity>,
    pub value_night: Option<Quantity>,
    pub value_peak: Option<Quantity>,
    /// Since the reading before, over all registers, before the coefficient; null for the first, and while the history is
    /// withheld.
    pub consumption: Option<Quantity>,
    /// Whoever sent it had LIMITED access, so it was compared with nothing. It counts once the provider has accepted it.
    pub history_withheld: bool,
    /// Comma-separated ReadingWarning codes that the person confirmed.
    pub warnings: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
