//! That something of an account changed: written by the database with the change, put in order afterwards.

use sea_orm::entity::prelude::*;

use crate::enums::ChangeKind;
use crate::ids::{PersonalAccountId, ProviderId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "changes")]
pub struct Model {
    /// Within an account in the order of the changes; between accounts in none.
    #[sea_orm(primary_key)]
    pub id: i64,
    pub kind: ChangeKind,
    pub provider_id: ProviderId,
    pub personal_account_id: PersonalAccountId,
    /// The ledger entry, the reading or the payment.
    pub subject_id: Uuid,
    /// Which a reading or a payment came to.
    pub status: Option<String>,
    /// Place among all changes, without gaps; null for the moment before there is one.
    pub position: Option<i64>,
    /// When it got its place.
    pub ordered_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
