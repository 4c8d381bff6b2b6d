//! One change of an account's balance. Rows are only ever appended.

use sea_orm::entity::prelude::*;

use crate::enums::LedgerEntryKind;
use crate::exact::{Money, YearMonth};
use crate::ids::{LedgerEntryId, PaymentId, PersonalAccountId, StatementId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "ledger_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: LedgerEntryId,
    pub personal_account_id: PersonalAccountId,
    /// 1, 2, 3 … per account, without gaps, in commit order.
    pub version: i64,
    pub occurred_at: DateTimeUtc,
    pub recorded_at: DateTimeUtc,
    pub kind: LedgerEntryKind,
    /// Signed: positive raises what is owed.
    pub amount: Money,
    pub balance_after: Money,
    pub period: Option<YearMonth>,
    pub statement_id: Option<StatementId>,
    pub payment_id: Option<PaymentId>,
    /// The entry that this one takes back.
    pub reverses_id: Option<LedgerEntryId>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
