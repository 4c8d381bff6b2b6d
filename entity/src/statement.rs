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
    /// The batch or the file that it came with last; none where it came before this was kept.
    pub brought_by: Option<Uuid>,
    /// From when on it stands no more: its entries are taken back, and nobody is shown it.
    pub withdrawn_at: Option<DateTimeUtc>,
    /// The statement that this is an earlier issue of, kept for the day when the later one is taken back.
    pub issue_of: Option<StatementId>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Those that nobody has withdrawn: one for an account and a period.
pub fn standing() -> Select<Entity> {
    Entity::find().filter(stands())
}

pub fn stands() -> Expr {
    Column::WithdrawnAt.is_null()
}
