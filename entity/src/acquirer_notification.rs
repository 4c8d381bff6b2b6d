//! What an acquirer told us, stored before it is believed.

use sea_orm::entity::prelude::*;

use crate::ids::AcquirerNotificationId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "acquirer_notifications")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AcquirerNotificationId,
    pub acquirer: String,
    pub acquirer_payment_id: String,
    pub body: String,
    pub received_at: DateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
