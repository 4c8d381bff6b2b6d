//! A service that is supplied under a personal account.

use sea_orm::entity::prelude::*;

use crate::enums::Unit;
use crate::exact::Quantity;
use crate::ids::{AccountServiceId, PersonalAccountId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_services")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccountServiceId,
    pub personal_account_id: PersonalAccountId,
    pub code: String,
    pub name: String,
    pub unit: Unit,
    /// Direction of use: which tariff of the provider applies.
    pub tariff_group: String,
    pub contract_number: Option<String>,
    /// Units a person and month when there is no meter.
    pub norm: Option<Quantity>,
    pub starts_on: Date,
    pub ends_on: Option<Date>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
