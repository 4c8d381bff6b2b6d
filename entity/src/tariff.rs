//! A provider's price of a service for a direction of use, from a date on.

use sea_orm::entity::prelude::*;

use crate::enums::Unit;
use crate::exact::Price;
use crate::ids::{ProviderId, TariffId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tariffs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TariffId,
    pub provider_id: ProviderId,
    pub service_code: String,
    pub service_name: String,
    pub tariff_group: String,
    pub price: Price,
    pub unit: Unit,
    pub starts_on: Date,
    /// Last day it applies; null while no end is set.
    pub ends_on: Option<Date>,
    /// The order of the regulator that set it.
    pub order_reference: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
