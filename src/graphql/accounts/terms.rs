//! What holds at a provider on a day.

use async_graphql::{Context, Object, SimpleObject};
use entity::enums::Locale as Language;

use super::super::context::Find;
use super::super::enums::{AccessProofKind, ExpiredVerification, LateReadings, Locale, ZeroConsumption};
use super::super::error::TopError;
use super::super::scalars::{Date, Decimal, EmailAddress};
use crate::accounts::{Terms, provider};
use crate::billing::penalty::DatedPenalty;

/// Days of a month on which a reading counts for that month.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReadingWindow {
    /// 1 to 31.
    pub first_day: i16,
    /// 1 to 31; less than `firstDay` for a window across the end of a month.
    pub last_day: i16,
}

impl ReadingWindow {
    pub fn of(terms: &Terms) -> Option<Self> {
        provider::window(terms).map(|(first_day, last_day)| Self { first_day, last_day })
    }
}

/// By which rules readings are taken.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReadingRules {
    /// What becomes of a reading outside the window.
    pub late_readings: LateReadings,
    /// A month's consumption above it needs a confirmation, in the unit of the meter; null: none does.
    pub usual_monthly_maximum: Option<Decimal>,
    /// What becomes of a reading that equals the one before.
    pub zero_consumption: ZeroConsumption,
    /// Whether a counter may go past its end and begin at zero again.
    pub rollover_allowed: bool,
    /// Most digits after the point, 0 to 4; null: as many as the meter has.
    pub most_fraction_digits: Option<i16>,
    /// What becomes of a reading of a meter whose verification has expired.
    pub expired_verification: ExpiredVerification,
}

/// Where payments go.
#[derive(Clone, Debug, SimpleObject)]
pub struct BankDetails {
    /// Who is paid, as the bank knows it.
    pub payee_name: String,
    /// Taxpayer number (ИНН), 10 or 12 digits.
    pub inn: String,
    /// Registration reason code (КПП), 9 digits.
    pub kpp: Option<String>,
    /// The payee's bank.
    pub bank_name: String,
    /// Bank identifier (БИК), 9 digits.
    pub bic: String,
    /// The payee's account at the bank, 20 digits.
    pub account: String,
    /// The bank's correspondent account, 20 digits.
    pub correspondent_account: String,
}

/// A part of the key rate that a day of delay costs.
#[derive(Clone, Debug, SimpleObject)]
pub struct PenaltyStep {
    /// The first day of delay that it is charged for, from 1.
    pub from_day: u32,
    /// The day costs 1 / `divisor` of the key rate.
    pub divisor: u32,
}

/// What paying late costs.
#[derive(Clone, Debug, SimpleObject)]
pub struct PenaltyTerms {
    /// Percent a year, two digits after the point.
    pub key_rate: Decimal,
    /// By the day of delay; days before the first cost nothing.
    pub steps: Vec<PenaltyStep>,
}

/// What holds at a provider from a day on.
#[derive(Clone, Debug)]
pub struct ProviderTerms {
    pub terms: Terms,
    /// The provider's name, where the bank knows no other.
    pub name: String,
}

/// What holds at a provider from a day on.
#[Object]
impl ProviderTerms {
    /// The first day.
    async fn valid_from(&self) -> Date {
        Date(self.terms.valid_from)
    }

    /// What the receipts call the number, in the reader's language.
    async fn account_number_name(&self, ctx: &Context<'_>) -> Result<&str, TopError> {
        Ok(match ctx.actor()?.locale {
            Language::Ru => &self.terms.account_number_name_ru,
            Language::En => &self.terms.account_number_name_en,
        })
    }

    /// Where to find the number on the receipt, in the reader's language.
    async fn account_number_hint(&self, ctx: &Context<'_>) -> Result<&str, TopError> {
        Ok(match ctx.actor()?.locale {
            Language::Ru => &self.terms.account_number_hint_ru,
            Language::En => &self.terms.account_number_hint_en,
        })
    }

    /// Regular expression that the whole number matches.
    async fn account_number_pattern(&self) -> &str {
        &self.terms.account_number_pattern
    }

    /// What a number looks like.
    async fn account_number_sample(&self) -> &str {
        &self.terms.account_number_sample
    }

    /// What the provider takes as proof that an account is one's own.
    async fn access_proofs(&self) -> Vec<AccessProofKind> {
        entity::enums::AccessProofKind::list(&self.terms.access_proofs).into_iter().map(Into::into).collect()
    }

    /// When readings count for the month; null: always.
    async fn reading_window(&self) -> Option<ReadingWindow> {
        ReadingWindow::of(&self.terms)
    }

    /// By which rules readings are taken.
    async fn reading_rules(&self) -> ReadingRules {
        ReadingRules {
            late_readings: self.terms.late_readings.into(),
            usual_monthly_maximum: self.terms.usual_monthly_maximum.map(Into::into),
            zero_consumption: self.terms.zero_consumption.into(),
            rollover_allowed: self.terms.rollover_allowed,
            most_fraction_digits: self.terms.most_fraction_digits,
            expired_verification: self.terms.expired_verification.into(),
        }
    }

    /// Day of the month after the billing period, 1 to 28: the last to pay without a penalty.
    async fn due_day(&self) -> i16 {
        self.terms.due_day
    }

    /// What paying late costs on the first of these days; null when nothing is known of it.
    async fn penalty(&self, ctx: &Context<'_>) -> Result<Option<PenaltyTerms>, TopError> {
        let found = ctx.services()?.billing.penalty_terms(&self.terms);
        Ok(found.map(|DatedPenalty { rate, steps, .. }| PenaltyTerms {
            key_rate: entity::exact::Money(rate.into()).into(),
            steps: steps.into_iter().map(|step| PenaltyStep { from_day: step.day, divisor: step.divisor }).collect(),
        }))
    }

    /// Where payments go; null where the provider has not said it. Compare a paper receipt with it.
    async fn bank_details(&self) -> Option<BankDetails> {
        let terms = self.terms.clone();
        Some(BankDetails {
            payee_name: terms.payee_name.unwrap_or_else(|| self.name.clone()),
            inn: terms.inn?,
            kpp: terms.kpp,
            bank_name: terms.bank_name?,
            bic: terms.bic?,
            account: terms.bank_account?,
            correspondent_account: terms.correspondent_account?,
        })
    }

    /// Where to write to.
    async fn support_email(&self) -> Option<EmailAddress> {
        self.terms.support_email.clone().map(EmailAddress)
    }

    /// The provider's clock: minutes east of UTC.
    async fn time_zone_minutes(&self) -> i16 {
        self.terms.time_zone_minutes
    }

    /// What the provider's own texts are written in.
    async fn languages(&self) -> Vec<Locale> {
        Language::list(&self.terms.languages).into_iter().map(Into::into).collect()
    }
}
