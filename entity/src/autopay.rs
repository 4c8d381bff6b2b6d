//! A person's order to pay an account by itself. Taken back, it is gone.

use sea_orm::entity::prelude::*;

use crate::enums::AutopayTrigger;
use crate::exact::{Money, YearMonth};
use crate::ids::{AutopayId, PersonalAccountId, SavedMethodId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "autopays")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AutopayId,
    pub user_id: UserId,
    pub personal_account_id: PersonalAccountId,
    pub saved_method_id: SavedMethodId,
    pub acts_on: AutopayTrigger,
    /// More is never taken at once, commission included.
    pub ceiling: Money,
    pub consented_at: DateTimeUtc,
    /// Of the newest statement there was when it was set first: it acts on what comes after it.
    pub after_period: Option<YearMonth>,
    pub paused_at: Option<DateTimeUtc>,
    /// The acquirer's reason when it was paused by itself.
    pub pause_reason: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
