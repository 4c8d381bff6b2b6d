//! A meter (прибор учёта) of an account.

use sea_orm::entity::prelude::*;

use crate::enums::Unit;
use crate::exact::Coefficient;
use crate::ids::{MeterId, MeterReadingId, PersonalAccountId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "meters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MeterId,
    pub personal_account_id: PersonalAccountId,
    pub service_code: String,
    pub name: String,
    pub serial_number: String,
    pub model: Option<String>,
    pub unit: Unit,
    /// Comma-separated Register values: SINGLE, or DAY with NIGHT or PEAK.
    pub registers: String,
    /// Digits left of the comma: the register rolls over at 10 to this power.
    pub integer_digits: i16,
    pub fraction_digits: i16,
    /// Temperature coefficient: volume = difference × coefficient.
    pub coefficient: Coefficient,
    pub installed_on: Option<Date>,
    pub verification_due_on: Option<Date>,
    pub removed_on: Option<Date>,
    pub seal_number: Option<String>,
    pub sealed_on: Option<Date>,
    /// Found broken or missing.
    pub seal_broken_on: Option<Date>,
    /// The newest reading that was not withdrawn or rejected.
    pub last_reading_id: Option<MeterReadingId>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
