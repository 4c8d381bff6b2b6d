use chrono::NaiveDate;
use entity::enums::Unit;
use entity::exact::Price;

use super::{Row, check_not_negative, check_span, register_row};
use crate::integrators::register::cells::CellError;

register_row! {
    /// A price of a service for a direction of use, from a date on.
    TariffRow: Tariffs {
        service_code: String,
        service_name: String,
        tariff_group: String,
        /// Roubles per unit.
        price: Price,
        unit: Unit,
        starts_on: NaiveDate,
        /// The last day it applies.
        ends_on: Option<NaiveDate>,
        order_reference: Option<String>,
    }
}

impl Row for TariffRow {
    type Key = (String, String, NaiveDate);
    const ORDER: &'static str = "service_code, tariff_group, starts_on";

    fn key(&self) -> Self::Key {
        (self.service_code.clone(), self.tariff_group.clone(), self.starts_on)
    }

    fn control(&self) -> i64 {
        self.price.0
    }

    fn check(&self) -> Result<(), CellError> {
        check_not_negative(self.price.is_negative(), "price")?;
        check_span(self.starts_on, self.ends_on, "ends_on")
    }
}
