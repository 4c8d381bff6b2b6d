//! One month of an autopay: announced, then tried, until it is paid or given up.

use sea_orm::entity::prelude::*;

use crate::enums::AutopayRunState;
use crate::exact::{Money, YearMonth};
use crate::ids::{AutopayId, AutopayRunId, PaymentId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "autopay_runs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AutopayRunId,
    pub autopay_id: AutopayId,
    /// Of the statement.
    pub period: YearMonth,
    /// As announced: more is not taken.
    pub amount: Money,
    /// On top of it, as announced.
    pub commission: Money,
    pub state: AutopayRunState,
    pub due_at: DateTimeUtc,
    /// Payments that came to nothing.
    pub tries: i32,
    /// Of the try under way, or of the one that was paid.
    pub payment_id: Option<PaymentId>,
    /// Why nothing was paid.
    pub reason: Option<String>,
    /// When it was planned.
    pub announced_at: DateTimeUtc,
    /// When the letter had gone out. Nothing is paid before.
    pub told_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
