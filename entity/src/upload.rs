//! An export that a provider's program sends by HTTP, and what became of it.

use sea_orm::entity::prelude::*;

use crate::enums::UploadState;
use crate::ids::{ApiClientId, ProviderId, UploadId};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: UploadId,
    pub provider_id: ProviderId,
    pub api_client_id: ApiClientId,
    /// `manifest.toml`, as it was sent.
    pub manifest: String,
    pub dry_run: bool,
    pub state: UploadState,
    pub created_at: DateTimeUtc,
    /// When the last file was whole.
    pub arrived_at: Option<DateTimeUtc>,
    /// Counted from 1: who works on an earlier run has lost it.
    pub run: i32,
    pub leased_until: Option<DateTimeUtc>,
    /// Rows to check and rows to write.
    pub steps_total: i64,
    pub steps_done: i64,
    /// JSON.
    pub report: Option<String>,
    pub finished_at: Option<DateTimeUtc>,
    /// The export whose statements this takes back; it has no files of its own.
    pub undoes: Option<UploadId>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
