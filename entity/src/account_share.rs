//! Leave that a person with FULL access gives to another, who is named by their e-mail address.

use sea_orm::entity::prelude::*;

use crate::ids::{AccountShareId, PersonalAccountId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_shares")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountShareId,
    pub personal_account_id: PersonalAccountId,
    /// Who shares.
    pub owner_id: UserId,
    /// For whom, as addresses are compared.
    pub email: String,
    pub may_pay: bool,
    /// Over from then on; None: until it is taken back.
    pub ends_at: Option<DateTimeUtc>,
    pub shared_at: DateTimeUtc,
    /// Who took it.
    pub taken_by: Option<UserId>,
    pub taken_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
