//! Something about money that people must look at. Its row stays when it is closed.

use sea_orm::entity::prelude::*;

use crate::enums::IncidentKind;
use crate::ids::{IncidentId, PaymentId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incidents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: IncidentId,
    pub kind: IncidentKind,
    /// What it is about; once for each kind. Of a payment of ours its id.
    pub subject: String,
    /// The payment may be gone by now.
    pub payment_id: Option<PaymentId>,
    /// For people: what was expected and what was found.
    pub details: String,
    /// Who looks after it, when somebody does.
    pub owner: Option<String>,
    pub opened_at: DateTimeUtc,
    pub closed_at: Option<DateTimeUtc>,
    /// What was done about it.
    pub resolution: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
