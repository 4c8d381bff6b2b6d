//! A person's access to a personal account.

use sea_orm::entity::prelude::*;

use crate::enums::AccessLevel;
use crate::ids::{AccountShareId, AttachmentId, PersonalAccountId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "attachments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AttachmentId,
    pub user_id: UserId,
    pub personal_account_id: PersonalAccountId,
    pub access: AccessLevel,
    pub nickname: Option<String>,
    pub attached_at: DateTimeUtc,
    pub proved_at: Option<DateTimeUtc>,
    /// The account's version when it was attached: balance events after it are this person's.
    pub attached_version: i64,
    /// Somebody else's account, by their leave; None: the person's own.
    pub share_id: Option<AccountShareId>,
    /// Paying and sending readings; false only of what is shared for looking at.
    pub may_pay: bool,
    /// Nothing is shown from then on.
    pub ends_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "crate::personal_account::Entity",
        from = "Column::PersonalAccountId",
        to = "crate::personal_account::Column::Id"
    )]
    PersonalAccount,
}

impl Related<crate::personal_account::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::PersonalAccount.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
