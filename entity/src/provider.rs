//! A company that bills for a utility. What differs between companies is data here, not code.

use sea_orm::entity::prelude::*;

use crate::exact::Quantity;
use crate::ids::ProviderId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "providers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ProviderId,
    pub code: String,
    pub name: String,
    /// Name and region in lower case: SQLite folds ASCII only.
    pub search_name: String,
    pub region: Option<String>,
    pub account_number_pattern: String,
    pub account_number_sample: String,
    pub account_number_hint_ru: String,
    pub account_number_hint_en: String,
    /// Comma-separated AccessProofKind values.
    pub access_proofs: String,
    /// Day of month, 1 to 31, when readings begin to count for the month.
    pub reading_window_first_day: Option<i16>,
    pub reading_window_last_day: Option<i16>,
    pub support_email: Option<String>,
    /// Offset from UTC, minutes east.
    pub time_zone_minutes: i16,
    /// A month's consumption above it needs a confirmation.
    pub usual_monthly_maximum: Option<Quantity>,
    pub inn: Option<String>,
    pub kpp: Option<String>,
    pub bank_name: Option<String>,
    pub bic: Option<String>,
    pub bank_account: Option<String>,
    pub correspondent_account: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
