//! What a row changes of what is stored: for whoever looks at a dry run before the real one.

use entity::{account_service, meter, meter_reading, personal_account, service_change, statement, tariff};
use serde::{Deserialize, Serialize};

use crate::integrators::register::cells::Cell;

/// One value, as registers write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// As registers call it.
    pub column: String,
    /// Empty: nothing.
    pub before: String,
    pub after: String,
}

/// What a provider can change of a row, by columns of its register.
pub trait Told {
    /// Columns of which is told that they change, and not what stood there: who may send rows may not read people's data.
    const HIDDEN: &'static [&'static str] = &[];

    fn told(&self) -> Vec<(&'static str, String)>;
}

/// In the order of the columns.
pub fn differences<M: Told>(before: &M, after: &M) -> Vec<Difference> {
    let hidden = |column: &str| M::HIDDEN.contains(&column);
    let shown = |column, text: String| if hidden(column) && !text.is_empty() { "***".to_owned() } else { text };
    let pairs = before.told().into_iter().zip(after.told());
    let differ = pairs.filter(|((_, before), (_, after))| before != after);
    let difference = |((column, before), (_, after)): ((&'static str, String), (&'static str, String))| Difference {
        column: column.to_owned(),
        before: shown(column, before),
        after: if column == "pin" { shown(column, after) } else { after },
    };
    differ.map(difference).collect()
}

macro_rules! told {
    ($model:ty $(, hiding [$($hidden:literal),+])?: $($column:ident),+) => {
        impl Told for $model {
            $(const HIDDEN: &'static [&'static str] = &[$($hidden),+];)?

            fn told(&self) -> Vec<(&'static str, String)> {
                vec![$((stringify!($column), self.$column.write().into_owned())),+]
            }
        }
    };
}

told!(account_service::Model: name, unit, tariff_group, contract_number, norm, starts_on, ends_on);
told!(meter::Model: service_code, name, model, unit, registers, integer_digits, fraction_digits, coefficient,
    installed_on, verification_due_on, removed_on, seal_number, sealed_on, seal_broken_on);
told!(meter_reading::Model: value_single, value_day, value_night, value_peak, consumption);
// Whoever has the PIN can show that an account is theirs.
told!(personal_account::Model, hiding ["pin", "holder_name", "address"]: holder_name, address, pin, attachable, residents, heated_area);
told!(service_change::Model: before, after, description);
told!(statement::Model: opening, accrued, recalculated, penalty, paid, closing, due_on, issued_at);
told!(tariff::Model: service_name, price, unit, ends_on, order_reference);

#[cfg(test)]
mod tests {
    use entity::exact::{Money, YearMonth};

    use super::*;

    #[test]
    fn what_changes_is_told_as_registers_write_it() {
        let before = statement::Model {
            id: entity::ids::StatementId(uuid::Uuid::nil()),
            personal_account_id: entity::ids::PersonalAccountId(uuid::Uuid::nil()),
            period: YearMonth(202_606),
            opening: Money::ZERO,
            accrued: Money(10_000),
            recalculated: Money::ZERO,
            penalty: Money::ZERO,
            paid: Money::ZERO,
            closing: Money(10_000),
            due_on: chrono::NaiveDate::MIN,
            issued_at: chrono::DateTime::UNIX_EPOCH,
            corrected_at: None,
            brought_by: None,
            withdrawn_at: None,
            issue_of: None,
        };
        assert_eq!(differences(&before, &before), []);
        let after = statement::Model { accrued: Money(9_050), closing: Money(9_050), ..before.clone() };
        let told: Vec<_> =
            differences(&before, &after).into_iter().map(|one| (one.column, one.before, one.after)).collect();
        let expected = ["accrued", "closing"].map(|column| (column.into(), "100.00".into(), "90.50".into()));
        assert_eq!(told, expected);
    }
}
