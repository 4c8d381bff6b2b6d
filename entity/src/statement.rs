//! A month's bill as the provider sent it: opening + accrued + recalculated + penalty - paid = closing.

use sea_orm::entity::prelude::*;

use crate::exact::{Money, YearMonth};
use crate::ids::{PersonalAccountId, StatementId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "statements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: StatementId,
    pub personal_account_id: PersonalAccountId,
    pub period: YearMonth,
    pub opening: Money,
    pub accrued: Money,
    pub recalculated: Money,
    pub penalty: Money,
    pub paid: Money,
    pub closing: Money,
    pub due_on: Date,
    pub issued_at: DateTimeUtc,
    /// When the provider's later issue of the month took the place of its earlier one here.
    pub corrected_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
