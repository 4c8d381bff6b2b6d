use chrono::NaiveDate;

use super::reader::Reader;

/// Key rate in hundredths of a percent a year, from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRate {
    pub starts_on: NaiveDate,
    pub hundredths: u32,
}

/// Part of the key rate that a day costs, from a day of delay on: 1/divisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PenaltyStep {
    pub day: u32,
    pub divisor: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BillingConfig {
    /// By day, the earliest first.
    pub key_rates: Vec<KeyRate>,
    /// By day of delay, the earliest first; four at most.
    pub penalty_steps: Vec<PenaltyStep>,
}

const MOST_STEPS: usize = 4;

impl PenaltyStep {
    /// From text such as `31=1/300, 91=1/130`.
    pub fn list(text: &str) -> Option<Vec<Self>> {
        penalty_steps(text)
    }
}

/// Hundredths of a percent from text such as `9.5`, at most 100 %.
pub fn rate_hundredths(percent: &str) -> Option<u32> {
    let hundredths = percent.parse::<entity::exact::Money>().ok()?.0;
    u32::try_from(hundredths).ok().filter(|rate| *rate <= 10_000)
}

impl BillingConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let rates = reader.parsed("billing.key_rates", "days and rates such as \"2022-02-28=9.5\"", key_rates);
        let steps =
            reader.parsed("billing.penalty_steps", "days and parts such as \"31=1/300, 91=1/130\"", penalty_steps);
        Self { key_rates: rates.unwrap_or_default(), penalty_steps: steps.unwrap_or_default() }
    }
}

fn items(text: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    text.split(',').map(|item| item.split_once('=').map(|(day, value)| (day.trim(), value.trim())))
}

fn key_rates(text: &str) -> Option<Vec<KeyRate>> {
    let rate = |item: Option<(&str, &str)>| {
        let (day, percent) = item?;
        Some(KeyRate { starts_on: day.parse().ok()?, hundredths: rate_hundredths(percent)? })
    };
    let rates: Vec<_> = items(text).map(rate).collect::<Option<_>>()?;
    rates.is_sorted_by(|a, b| a.starts_on < b.starts_on).then_some(rates)
}

fn penalty_steps(text: &str) -> Option<Vec<PenaltyStep>> {
    let step = |item: Option<(&str, &str)>| {
        let (day, part) = item?;
        let divisor = part.strip_prefix("1/")?.parse().ok().filter(|divisor| (1..=1000).contains(divisor))?;
        let day = day.parse().ok().filter(|day| (1..=3650).contains(day))?;
        Some(PenaltyStep { day, divisor })
    };
    let steps: Vec<_> = items(text).map(step).collect::<Option<_>>()?;
    (steps.len() <= MOST_STEPS && steps.is_sorted_by(|a, b| a.day < b.day)).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_steps_stand_in_the_order_of_their_days() {
        assert_eq!(key_rates("2022-02-28=9.5, 2027-01-01=16").unwrap().len(), 2);
        assert_eq!(penalty_steps("31=1/300, 91=1/130").unwrap()[1], PenaltyStep { day: 91, divisor: 130 });
        for text in ["", "9.5", "2022-02-30=9.5", "2022-02-28=-1", "2027-01-01=16,2022-02-28=9.5", "2022-02-28=9.555"] {
            assert_eq!(key_rates(text), None, "{text}");
        }
        for text in ["", "31=300", "31=1/0", "0=1/300", "91=1/130,31=1/300", "1=1/2,2=1/2,3=1/2,4=1/2,5=1/2"] {
            assert_eq!(penalty_steps(text), None, "{text}");
        }
    }
}
