//! Something in which we and an acquirer differ. Its row stays when it is closed.

use sea_orm::entity::prelude::*;

use crate::enums::DifferenceKind;
use crate::exact::Money;
use crate::ids::{DifferenceId, PaymentId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reconciliation_differences")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DifferenceId,
    pub acquirer: String,
    pub day: Date,
    pub kind: DifferenceKind,
    /// The acquirer's name of what it is about, or ours where it has none; once for each kind.
    pub subject: String,
    pub payment_id: Option<PaymentId>,
    pub ours: Option<Money>,
    pub theirs: Option<Money>,
    /// Who looks after it, when somebody does.
    pub owner: Option<String>,
    pub opened_at: DateTimeUtc,
    /// Null: it is open.
    pub closed_at: Option<DateTimeUtc>,
    /// What was done about it.
    pub resolution: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
