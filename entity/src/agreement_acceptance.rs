//! What a person accepted: which text, when, from where (152-ФЗ, since 2025-09-01 consent stands alone).

use sea_orm::entity::prelude::*;

use crate::enums::AgreementKind;
use crate::ids::{AgreementAcceptanceId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "agreement_acceptances")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AgreementAcceptanceId,
    pub user_id: UserId,
    pub kind: AgreementKind,
    pub version: String,
    pub accepted_at: DateTimeUtc,
    /// Network address of the person's client.
    pub address: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
