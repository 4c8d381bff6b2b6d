use chrono::{DateTime, NaiveDate, Utc};
use entity::exact::{Money, YearMonth};

use super::{Row, register_row};
use crate::integrators::register::cells::{CellError, RowCode};

register_row! {
    /// A month's bill: opening + accrued + recalculated + penalty - paid = closing. Signed, above zero the person owes.
    StatementRow: Statements {
        account: String,
        period: YearMonth,
        opening: Money,
        accrued: Money,
        recalculated: Money,
        penalty: Money,
        /// Since the statement before, whichever way it was paid.
        paid: Money,
        closing: Money,
        /// None: by the provider's due day, in force on the first day after the period.
        due_on: Option<NaiveDate>,
        issued_at: DateTime<Utc>,
    }
}

impl Row for StatementRow {
    type Key = String;
    const ORDER: &'static str = "account";

    fn key(&self) -> String {
        self.account.clone()
    }

    fn control(&self) -> i64 {
        self.closing.0
    }

    fn check(&self) -> Result<(), CellError> {
        let closing = self.opening + self.accrued + self.recalculated + self.penalty - self.paid;
        if closing != self.closing {
            let reason = format!(
                "{} is not opening {} + accrued {} + recalculated {} + penalty {} - paid {} = {closing}",
                self.closing, self.opening, self.accrued, self.recalculated, self.penalty, self.paid
            );
            return Err(CellError::coded(RowCode::DoesNotAddUp, "closing", reason));
        }
        Ok(())
    }
}
