use chrono::NaiveDate;
use entity::enums::Unit;
use entity::exact::Quantity;

use super::{Row, check_not_negative, check_span, register_row};
use crate::integrators::register::cells::CellError;

register_row! {
    /// A service that is supplied under an account.
    ServiceRow: Services {
        account: String,
        code: String,
        name: String,
        unit: Unit,
        /// Which tariff of the provider applies.
        tariff_group: String,
        contract_number: Option<String>,
        /// Units a person and month when there is no meter.
        norm: Option<Quantity>,
        starts_on: NaiveDate,
        ends_on: Option<NaiveDate>,
    }
}

impl Row for ServiceRow {
    type Key = (String, String);
    const ORDER: &'static str = "account, code";

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.code.clone())
    }

    fn check(&self) -> Result<(), CellError> {
        check_not_negative(self.norm.is_some_and(Quantity::is_negative), "norm")?;
        check_span(self.starts_on, self.ends_on, "ends_on")
    }
}
