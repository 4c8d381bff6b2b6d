//! `provider.toml`: what differs between providers.

use entity::enums::AccessProofKind;
use entity::exact::Quantity;
use regex::Regex;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSettings {
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
    pub account_number: AccountNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading_window: Option<ReadingWindow>,
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
}

/// Days of the month, 1 to 31, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingWindow {
    pub first_day: i16,
    pub last_day: i16,
}

/// Where payments go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    pub inn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kpp: Option<String>,
    pub name: String,
    pub bic: String,
    pub account: String,
    pub correspondent_account: String,
}

impl ProviderSettings {
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.check()?;
        Ok(settings)
    }

    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
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
        self.bank.as_ref().map_or(Ok(()), Bank::check)
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
        let settings = ProviderSettings::parse(TEXT).unwrap();
        assert_eq!(settings.usual_monthly_maximum(), Some(Quantity(10_000_000)));
        assert_eq!(ProviderSettings::parse(&settings.to_toml().unwrap()).unwrap(), settings);
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
        ] {
            assert!(ProviderSettings::parse(&TEXT.replace(good, bad)).is_err(), "{bad}");
        }
    }
}
