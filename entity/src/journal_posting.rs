//! One side of a movement of money. Rows never change.

use sea_orm::entity::prelude::*;

use crate::enums::Book;
use crate::exact::Money;
use crate::ids::JournalTransactionId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_postings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub transaction_id: JournalTransactionId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub book: Book,
    /// Above zero is owed to kabinet, below zero by it.
    pub amount: Money,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
