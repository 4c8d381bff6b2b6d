use std::time::Duration;

use entity::exact::Money;

use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct PaymentsConfig {
    /// Name of the acquirer that takes new payments.
    pub acquirer: String,
    pub minimum: Money,
    pub maximum: Money,
    /// How long the repetition of a start waits for the call that the first one makes.
    pub wait_for_call: Duration,
    /// Whether the sandbox goes by the kopecks of a sum.
    pub sandbox_kopecks: bool,
}

impl PaymentsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        // YooKassa's API is translated (`payments::acquirer::yookassa`); nothing carries it to the real one yet.
        let acquirer =
            reader.parsed("payments.acquirer", "\"sandbox\"", |text| (text == "sandbox").then(|| text.to_owned()));
        let mut sum =
            |key| reader.parsed(key, "a sum in roubles such as \"1.00\"", |text| text.parse().ok()).unwrap_or_default();
        let config = Self {
            acquirer: acquirer.unwrap_or_default(),
            minimum: sum("payments.minimum"),
            maximum: sum("payments.maximum"),
            wait_for_call: Duration::from_millis(reader.number("payments.wait_for_call_milliseconds", 0..=10_000)),
            sandbox_kopecks: reader.flag("payments.sandbox_kopecks"),
        };
        if config.minimum < Money(1) || config.maximum < config.minimum {
            reader.problem("payments.minimum", "must be above zero and not above payments.maximum");
        }
        config
    }
}
