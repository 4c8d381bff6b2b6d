//! `provider.toml`: what differs between providers, and from which day on.

use chrono::NaiveDate;
use entity::enums::{AccessProofKind, ExpiredVerification, LateReadings, Locale, ZeroConsumption};
use entity::exact::Quantity;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::config::{PenaltyStep, rate_hundredths};
use crate::kernel::EmailAddress;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
    /// The first day; without one, that of the export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    pub code: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_email: Option<String>,
    /// Offset from UTC, minutes east.
    pub time_zone_minutes: i16,
    /// A month's consumption above it needs a confirmation; an exact decimal in the unit of the meter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usual_monthly_maximum: Option<String>,
    /// What a person may prove the access with.
    #[serde(default)]
    pub access_proofs: Vec<AccessProofKind>,
    /// What the provider's own texts are written in.
    #[serde(default = "languages")]
    pub languages: Vec<Locale>,
    pub account_number: AccountNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading_window: Option<ReadingWindow>,
    #[serde(default)]
    pub readings: Readings,
    #[serde(default)]
    pub due: Due,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<Bank>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountNumber {
    /// A regular expression for the whole number.
    pub pattern: String,
    pub sample: String,
    pub hint_ru: String,
    pub hint_en: String,
    /// What the provider's receipts call the number.
    #[serde(default = "name_ru")]
    pub name_ru: String,
    #[serde(default = "name_en")]
    pub name_en: String,
}

fn languages() -> Vec<Locale> {
    Locale::ALL.to_vec()
}

fn name_ru() -> String {
    "Лицевой счёт".to_owned()
}

fn name_en() -> String {
    "Personal account".to_owned()
}

/// Days of the month, 1 to 31, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingWindow {
    pub first_day: i16,
    pub last_day: i16,
    #[serde(default = "next_bill")]
    pub late: LateReadings,
}

const fn next_bill() -> LateReadings {
    LateReadings::NextBill
}

/// By which rules readings are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Readings {
    pub zero: ZeroConsumption,
    pub rollover: bool,
    /// Most digits after the point, 0 to 4; none: as many as the meter has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction_digits: Option<i16>,
    pub expired_verification: ExpiredVerification,
}

impl Default for Readings {
    fn default() -> Self {
        Self {
            zero: ZeroConsumption::Taken,
            rollover: true,
            fraction_digits: None,
            expired_verification: ExpiredVerification::NotCounted,
        }
    }
}

/// Until when to pay, and what paying late costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Due {
    /// Of the month after the billing period, 1 to 28.
    pub day: i16,
    /// Percent a year, at most two digits after the point; none: by the server's configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_rate: Option<String>,
    /// As in the configuration: `31=1/300, 91=1/130`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub penalty_steps: Option<String>,
}

impl Default for Due {
    /// The 15th: Housing Code of Russia, article 155, part 1, since 2026-03-01.
    fn default() -> Self {
        Self { day: 15, key_rate: None, penalty_steps: None }
    }
}

/// Where payments go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// Who is paid, as the bank knows it; none: the provider's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<String>,
    pub inn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kpp: Option<String>,
    pub name: String,
    pub bic: String,
    pub account: String,
    pub correspondent_account: String,
}

impl ProviderSettings {
    /// One state of the settings, checked.
    pub(super) fn of(table: toml::Table) -> Result<Self, String> {
        let settings: Self = table.try_into().map_err(|error: toml::de::Error| error.to_string())?;
        settings.check()?;
        Ok(settings)
    }

    /// In hundredths of a percent.
    pub fn key_rate(&self) -> Option<u32> {
        self.due.key_rate.as_deref().and_then(rate_hundredths)
    }

    pub fn usual_monthly_maximum(&self) -> Option<Quantity> {
        self.usual_monthly_maximum.as_ref().and_then(|text| text.parse().ok())
    }

    /// The pattern, anchored at both ends.
    pub fn number_pattern(&self) -> Result<Regex, String> {
        Regex::new(&format!("^(?:{})$", self.account_number.pattern)).map_err(|_| {
            format!("account_number.pattern {:?} is not a regular expression", self.account_number.pattern)
        })
    }

    fn check(&self) -> Result<(), String> {
        let code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.code.is_empty() || !self.code.chars().all(code) {
            return Err("code has small Latin letters, digits and '-' only".into());
        }
        if self.name.trim().is_empty() {
            return Err("name is empty".into());
        }
        if !self.number_pattern()?.is_match(&self.account_number.sample) {
            return Err("account_number.sample does not fit account_number.pattern".into());
        }
        if self.usual_monthly_maximum.is_some() && self.usual_monthly_maximum().is_none() {
            return Err("usual_monthly_maximum is not an exact decimal".into());
        }
        if self.support_email.as_ref().is_some_and(|email| email.parse::<EmailAddress>().is_err()) {
            return Err("support_email is not an e-mail address".into());
        }
        // UTC-12:00 to UTC+14:00.
        if !(-720..=840).contains(&self.time_zone_minutes) {
            return Err("time_zone_minutes is not from -720 to 840".into());
        }
        let days = 1..=31;
        if self
            .reading_window
            .is_some_and(|window| !days.contains(&window.first_day) || !days.contains(&window.last_day))
        {
            return Err("reading_window has days from 1 to 31".into());
        }
        self.check_rules()?;
        self.bank.as_ref().map_or(Ok(()), Bank::check)
    }

    fn check_rules(&self) -> Result<(), String> {
        if self.readings.fraction_digits.is_some_and(|digits| !(0..=4).contains(&digits)) {
            return Err("readings.fraction_digits is not from 0 to 4".into());
        }
        if !(1..=28).contains(&self.due.day) {
            return Err("due.day is not from 1 to 28".into());
        }
        if self.due.key_rate.is_some() && self.key_rate().is_none() {
            return Err("due.key_rate is not a percentage from 0 to 100 with at most two digits".into());
        }
        if self.due.penalty_steps.as_deref().is_some_and(|steps| PenaltyStep::list(steps).is_none()) {
            return Err("due.penalty_steps is not like \"31=1/300, 91=1/130\"".into());
        }
        if self.languages.is_empty() {
            return Err("languages is empty".into());
        }
        Ok(())
    }
}

impl Bank {
    fn check(&self) -> Result<(), String> {
        let digits = |text: &str, lengths: &[usize]| {
            lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let rules = [
            ("inn", digits(&self.inn, &[10, 12])),
            ("kpp", self.kpp.as_ref().is_none_or(|kpp| digits(kpp, &[9]))),
            ("bic", digits(&self.bic, &[9])),
            ("account", digits(&self.account, &[20])),
            ("correspondent_account", digits(&self.correspondent_account, &[20])),
        ];
        match rules.iter().find(|(_, holds)| !holds) {
            Some((field, _)) => Err(format!("bank.{field} has not its number of digits")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ProviderSettings, String> {
        ProviderSettings::of(text.parse().map_err(|error: toml::de::Error| error.to_string())?)
    }

    const TEXT: &str = r#"
code = "voronezh"
name = "Межрегионгаз Воронеж"
time_zone_minutes = 180
usual_monthly_maximum = "1000"
access_proofs = ["PIN", "METER_READING"]
[account_number]
pattern = "[0-9]{10}"
sample = "3600000012"
hint_ru = "10 цифр"
hint_en = "10 digits"
[reading_window]
first_day = 20
last_day = 25
"#;

    #[test]
    fn settings_survive_the_way_through_text() {
        let settings = parse(TEXT).unwrap();
        assert_eq!(settings.usual_monthly_maximum(), Some(Quantity(10_000_000)));
        assert_eq!(parse(&toml::to_string(&settings).unwrap()).unwrap(), settings);
        assert_eq!((settings.due.day, settings.readings, settings.languages.len()), (15, Readings::default(), 2));
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        for (good, bad) in [
            ("voronezh", "Voronezh"),
            ("{10}", "{9}"),
            ("[0-9]", "[0-9"),
            ("\"1000\"", "\"1e3\""),
            ("= 180", "= 900"),
            ("= 25", "= 32"),
            ("\"PIN\"", "\"PASSPORT\""),
            ("hint_en", "hint_de"),
            ("[reading_window]", "[due]\nday = 29\n[reading_window]"),
            ("[reading_window]", "[due]\nkey_rate = \"9.555\"\n[reading_window]"),
            ("[reading_window]", "[due]\npenalty_steps = \"31=300\"\n[reading_window]"),
            ("[reading_window]", "[readings]\nfraction_digits = 5\n[reading_window]"),
            ("time_zone", "languages = []\ntime_zone"),
            ("time_zone", "support_email = \"call us\"\ntime_zone"),
        ] {
            assert!(parse(&TEXT.replace(good, bad)).is_err(), "{bad}");
        }
    }
}
