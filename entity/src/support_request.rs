//! A person's question to the support service, with what it is about.

use sea_orm::entity::prelude::*;

use crate::enums::{SupportState, SupportTopic};
use crate::ids::{MeterId, PaymentId, PersonalAccountId, StatementId, SupportRequestId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "support_requests")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: SupportRequestId,
    pub user_id: UserId,
    pub topic: SupportTopic,
    pub state: SupportState,
    pub personal_account_id: Option<PersonalAccountId>,
    pub meter_id: Option<MeterId>,
    pub statement_id: Option<StatementId>,
    pub payment_id: Option<PaymentId>,
    pub opened_at: DateTimeUtc,
    /// Of the newest message.
    pub moved_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
