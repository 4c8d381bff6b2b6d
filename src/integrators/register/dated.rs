//! Settings with days: what holds first, and what changes when.

use chrono::NaiveDate;
use toml::{Table, Value};

use super::settings::ProviderSettings;

/// What a `provider.toml` says.
#[derive(Clone, Debug, PartialEq)]
pub struct DatedSettings {
    pub first: ProviderSettings,
    /// Tables of `[[change]]`, by day: each says what is different from then on.
    pub changes: Vec<Table>,
}

/// What no change changes.
const IDENTITY: [&str; 3] = ["code", "name", "region"];

impl From<ProviderSettings> for DatedSettings {
    fn from(first: ProviderSettings) -> Self {
        Self { first, changes: Vec::new() }
    }
}

impl DatedSettings {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let changes = match table.remove("change") {
            None => Vec::new(),
            Some(changes) => changes.try_into().map_err(|_| "change is not a list of tables".to_owned())?,
        };
        let settings = Self { first: ProviderSettings::of(table)?, changes };
        settings.later()?;
        Ok(settings)
    }

    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let mut table = Table::try_from(&self.first)?;
        if !self.changes.is_empty() {
            table.insert("change".to_owned(), Value::try_from(&self.changes)?);
        }
        toml::to_string(&table)
    }

    /// The whole settings after each change, by day.
    pub fn later(&self) -> Result<Vec<(NaiveDate, ProviderSettings)>, String> {
        let mut running = Table::try_from(&self.first).map_err(|error| error.to_string())?;
        let mut before = self.first.valid_from;
        if before.is_none() && !self.changes.is_empty() {
            return Err("changes need a valid_from above them".into());
        }
        let mut later = Vec::with_capacity(self.changes.len());
        for (number, change) in (1..).zip(&self.changes) {
            let of_change = |reason: String| format!("change {number}: {reason}");
            apply(&mut running, change.clone()).map_err(of_change)?;
            let settings = ProviderSettings::of(running.clone()).map_err(of_change)?;
            let day = settings.valid_from.filter(|day| change.contains_key("valid_from") && Some(*day) > before);
            let day = day.ok_or_else(|| of_change("valid_from is missing, or not after the one before".into()))?;
            before = Some(day);
            later.push((day, settings));
        }
        Ok(later)
    }
}

/// Overwrites what the change has, and takes away what it names in `without`.
fn apply(running: &mut Table, mut change: Table) -> Result<(), String> {
    if let Some(fixed) = IDENTITY.into_iter().find(|key| change.contains_key(*key)) {
        return Err(format!("{fixed} has no dates"));
    }
    if let Some(gone) = change.remove("without") {
        let gone: Vec<String> = gone.try_into().map_err(|_| "without is not a list of names".to_owned())?;
        for name in gone {
            running.remove(&name).ok_or_else(|| format!("without: there is no {name}"))?;
        }
    }
    overwrite(running, change);
    Ok(())
}

fn overwrite(running: &mut Table, change: Table) {
    for (key, value) in change {
        match (running.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(changed)) => overwrite(inner, changed),
            (_, value) => {
                running.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
valid_from = "2020-01-01"
code = "voronezh"
name = "Межрегионгаз Воронеж"
time_zone_minutes = 180
[account_number]
pattern = "[0-9]{10}"
sample = "3600000012"
hint_ru = "10 цифр"
hint_en = "10 digits"
[due]
day = 10
key_rate = "9.5"
[reading_window]
first_day = 20
last_day = 25
[[change]]
valid_from = "2026-03-01"
due.day = 15
[[change]]
valid_from = "2027-01-01"
without = ["reading_window"]
"#;

    #[test]
    fn a_change_says_only_what_is_different() {
        let settings = DatedSettings::parse(TEXT).unwrap();
        assert_eq!(DatedSettings::parse(&settings.to_toml().unwrap()).unwrap(), settings);
        assert_eq!(settings.first.due.day, 10);
        let later = settings.later().unwrap();
        let days: Vec<_> = later.iter().map(|(day, _)| day.to_string()).collect();
        assert_eq!(days, ["2026-03-01", "2027-01-01"]);
        let (march, january) = (&later[0].1, &later[1].1);
        assert_eq!((march.due.day, march.key_rate(), march.reading_window.is_some()), (15, Some(950), true));
        assert_eq!((january.due.day, january.reading_window), (15, None));
        assert_eq!(january.account_number, settings.first.account_number);
    }

    #[test]
    fn changes_that_make_no_sense_are_refused() {
        for (good, bad) in [
            ("valid_from = \"2026-03-01\"\n", ""),
            ("2027-01-01", "2026-03-01"),
            ("2020-01-01", "2026-03-01"),
            ("valid_from = \"2020-01-01\"\n", ""),
            ("due.day = 15", "due.day = 0"),
            ("due.day = 15", "due.hour = 15"),
            ("due.day = 15", "name = \"Another\""),
            ("[\"reading_window\"]", "[\"bank\"]"),
            ("[\"reading_window\"]", "[\"account_number\"]"),
        ] {
            assert!(DatedSettings::parse(&TEXT.replacen(good, bad, 1)).is_err(), "{good} as {bad}");
        }
    }
}
