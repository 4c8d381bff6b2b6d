//! What a provider's rules are from a day on, until the next row's day. Rows are never edited into another day: what held
//! on a past day stays answerable.

use sea_orm::entity::prelude::*;

use crate::enums::{ExpiredVerification, LateReadings, ZeroConsumption};
use crate::exact::Quantity;
use crate::ids::ProviderId;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_terms")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider_id: ProviderId,
    /// The first day, at the provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub valid_from: Date,
    /// Regular expression for the whole number.
    pub account_number_pattern: String,
    pub account_number_sample: String,
    pub account_number_hint_ru: String,
    pub account_number_hint_en: String,
    /// What the provider's receipts call the number.
    pub account_number_name_ru: String,
    pub account_number_name_en: String,
    /// Comma-separated AccessProofKind values.
    pub access_proofs: String,
    /// Day of month, 1 to 31, when readings begin to count for the month.
    pub reading_window_first_day: Option<i16>,
    pub reading_window_last_day: Option<i16>,
    pub late_readings: LateReadings,
    /// A month's consumption above it needs a confirmation.
    pub usual_monthly_maximum: Option<Quantity>,
    pub zero_consumption: ZeroConsumption,
    /// Whether a counter may go past its end; otherwise less than before is always refused.
    pub rollover_allowed: bool,
    /// Most digits after the point that are taken, 0 to 4; null: as many as the meter has.
    pub most_fraction_digits: Option<i16>,
    pub expired_verification: ExpiredVerification,
    /// Day of the month after the billing period, 1 to 28: the last to pay without a penalty.
    pub due_day: i16,
    /// Hundredths of a percent a year; null: the key rates of the server's configuration.
    pub key_rate: Option<i32>,
    /// As in the configuration, `31=1/300, 91=1/130`; null: the configuration's.
    pub penalty_steps: Option<String>,
    pub support_email: Option<String>,
    /// Offset from UTC, minutes east.
    pub time_zone_minutes: i16,
    /// Comma-separated Locale values: what the provider's own texts are written in.
    pub languages: String,
    /// Who is paid, as the bank knows it; null: the provider's name.
    pub payee_name: Option<String>,
    pub inn: Option<String>,
    pub kpp: Option<String>,
    pub bank_name: Option<String>,
    pub bic: Option<String>,
    pub bank_account: Option<String>,
    pub correspondent_account: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "crate::provider::Entity", from = "Column::ProviderId", to = "crate::provider::Column::Id")]
    Provider,
}

impl Related<crate::provider::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Provider.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
