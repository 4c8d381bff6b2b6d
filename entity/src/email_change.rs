//! A change of a person's address: confirmed from both mailboxes, or nothing. Done ones are kept.

use sea_orm::entity::prelude::*;

use crate::ids::{EmailChangeId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "email_changes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EmailChangeId,
    pub user_id: UserId,
    pub old_email: String,
    /// Normalised like `users.email`; may be another person's.
    pub new_email: String,
    /// The person's when it was requested: void once theirs is another.
    pub credentials_version: i32,
    pub requested_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub confirmed_by_old_at: Option<DateTimeUtc>,
    pub confirmed_by_new_at: Option<DateTimeUtc>,
    /// Null while it is pending.
    pub completed_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
