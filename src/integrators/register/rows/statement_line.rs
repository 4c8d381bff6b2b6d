use entity::enums::{ChargeBasis, Unit};
use entity::exact::{Coefficient, Money, Price, Quantity};

use super::{Row, register_row};
use crate::integrators::register::cells::CellError;

register_row! {
    /// One service in a statement.
    StatementLineRow: StatementLines {
        account: String,
        /// Order in the statement: 1, 2, 3 …
        position: i16,
        service_code: String,
        service_name: String,
        volume: Quantity,
        unit: Unit,
        /// Roubles per unit.
        price: Price,
        coefficient: Coefficient,
        amount: Money,
        basis: ChargeBasis,
        explanation: Option<String>,
    }
}

impl Row for StatementLineRow {
    type Key = (String, i16);
    const ORDER: &'static str = "account, position";

    fn key(&self) -> Self::Key {
        (self.account.clone(), self.position)
    }

    fn control(&self) -> i64 {
        self.amount.0
    }

    fn check(&self) -> Result<(), CellError> {
        if self.position < 1 { Err(CellError::new("position", "not from 1 on")) } else { Ok(()) }
    }
}
