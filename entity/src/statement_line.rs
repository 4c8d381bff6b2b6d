//! One service in a statement: volume × coefficient × price, rounded once.

use sea_orm::entity::prelude::*;

use crate::enums::{ChargeBasis, Unit};
use crate::exact::{Coefficient, Money, Price, Quantity};
use crate::ids::StatementId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "statement_lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub statement_id: StatementId,
    /// Order in the statement, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i16,
    pub service_code: String,
    pub service_name: String,
    pub volume: Quantity,
    pub unit: Unit,
    pub price: Price,
    pub coefficient: Coefficient,
    pub amount: Money,
    pub basis: ChargeBasis,
    pub explanation: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
