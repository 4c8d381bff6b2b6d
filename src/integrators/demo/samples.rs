//! `samples.json`: a few accounts to try, the debtor first.

use entity::exact::Money;
use serde::{Deserialize, Serialize};

use super::companies::Company;
use super::household::Cast;
use super::life::Life;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    pub accounts: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    pub provider_code: String,
    pub provider: String,
    pub number: String,
    pub pin: String,
    /// Roubles, an exact decimal; below zero when overpaid.
    pub debt: String,
    /// Meters in place.
    pub meters: usize,
    /// What is particular about it, one of [`Sample::NOTES`].
    pub note: String,
}

impl Sample {
    pub const NOTES: &'static [&'static str] =
        &["debt", "overpaid", "no-meter", "verification-expired", "about-to-roll-over", "day-and-night"];

    pub(super) fn of(company: &Company, life: &Life) -> Option<Self> {
        let note = match life.cast {
            Cast::Ordinary => return None,
            Cast::Debtor => "debt",
            Cast::Overpaid => "overpaid",
            Cast::Unmetered => "no-meter",
            Cast::VerificationExpired => "verification-expired",
            Cast::AboutToRollOver => "about-to-roll-over",
            Cast::TwoZone => "day-and-night",
        };
        let debt = life.bills.last().map_or(Money::ZERO, |(statement, _)| statement.closing);
        Some(Self {
            provider_code: company.code.into(),
            provider: company.name.into(),
            number: life.account.number.clone(),
            pin: life.account.pin.clone().unwrap_or_default(),
            debt: debt.to_string(),
            meters: life.meters.iter().filter(|meter| meter.removed_on.is_none()).count(),
            note: note.into(),
        })
    }
}
