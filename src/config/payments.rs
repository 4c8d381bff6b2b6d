use entity::exact::Money;

use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct PaymentsConfig {
    /// Name of the acquirer that takes new payments.
    pub acquirer: String,
    pub minimum: Money,
    pub maximum: Money,
}

impl PaymentsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let acquirer =
            reader.parsed("payments.acquirer", "\"sandbox\"", |text| (text == "sandbox").then(|| text.to_owned()));
        let mut sum =
            |key| reader.parsed(key, "a sum in roubles such as \"1.00\"", |text| text.parse().ok()).unwrap_or_default();
        let config = Self {
            acquirer: acquirer.unwrap_or_default(),
            minimum: sum("payments.minimum"),
            maximum: sum("payments.maximum"),
        };
        if config.minimum < Money(1) || config.maximum < config.minimum {
            reader.problem("payments.minimum", "must be above zero and not above payments.maximum");
        }
        config
    }
}
