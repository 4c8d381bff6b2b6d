//! A person with a cabinet.

use sea_orm::entity::prelude::*;

use crate::enums::Locale;
use crate::ids::UserId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UserId,
    /// Normalised (lower case, NFC, punycode domain): unique.
    pub email: String,
    pub password_hash: String,
    pub full_name: Option<String>,
    pub phone: Option<String>,
    pub locale: Locale,
    pub created_at: DateTimeUtc,
    pub email_confirmed_at: Option<DateTimeUtc>,
    /// The cabinet is deleted then unless the address is confirmed; null once it is.
    pub confirmation_expires_at: Option<DateTimeUtc>,
    pub confirmation_sent_at: Option<DateTimeUtc>,
    /// Rises with every new password and with the confirmation: what was begun with the one before is void.
    pub credentials_version: i32,
    /// The unconfirmed address was registered more than once: whose password is kept is not known.
    pub password_contested: bool,
    /// Confirmation letters in the day that began at `confirmation_letters_since`.
    pub confirmation_letters: i32,
    pub confirmation_letters_since: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
