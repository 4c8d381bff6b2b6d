//! A person's second factor: the secret that their authenticator app shares with us.

use sea_orm::entity::prelude::*;

use crate::ids::UserId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "two_factors")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: UserId,
    /// Sealed (`platform::seal`): a copy of the table makes no codes.
    pub secret: String,
    pub begun_at: DateTimeUtc,
    /// When the first code was shown; null: not set up yet, and asked of nobody.
    pub confirmed_at: Option<DateTimeUtc>,
    /// The latest step (RFC 6238) whose code was used: its code and earlier ones are void. Null while not confirmed.
    pub last_step: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
