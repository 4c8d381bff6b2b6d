//! What a first page shows of all accounts: meters with their last readings, the newest statements, the use of some months.
//! Two statements of SQL, however many accounts and whatever is asked for of these.

use std::collections::HashMap;

use entity::exact::YearMonth;
use entity::ids::{MeterReadingId, PersonalAccountId};
use entity::{meter, meter_reading, statement};

use super::consumption::{Known, MonthUse, Span, lines_of};
use super::{Billing, store};
use crate::accounts::AccountKey;
use crate::kernel::Fault;
use crate::metering::Metering;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub meters: bool,
    pub newest_statement: bool,
    /// Months of every account.
    pub months: Vec<Months>,
}

/// From month to month, and whether beside the year before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Months {
    pub from: YearMonth,
    pub to: YearMonth,
    pub compared: bool,
}

/// Of one request, for all its accounts.
#[derive(Debug)]
pub struct Overview {
    wanted: Wanted,
    keys: Vec<AccountKey>,
    known: Known,
    newest: HashMap<PersonalAccountId, statement::Model>,
}

impl Billing {
    /// LIMITED access shows meters and nothing else.
    pub async fn overview(
        &self,
        metering: &Metering,
        keys: Vec<AccountKey>,
        wanted: Wanted,
    ) -> Result<Overview, Fault> {
        let full: Vec<_> = keys.iter().copied().filter(|key| key.is_full()).collect();
        let spans: Vec<_> = full.first().into_iter().flat_map(|key| wanted.spans(*key)).collect();
        let since = spans.iter().map(|span| span.readings_since()).min();
        let (meters, readings) = metering.list_measured(&keys, since).await?;
        let months = spans.iter().map(|span| span.first()).min().zip(spans.iter().map(|span| span.to).max());
        let ids: Vec<_> = full.iter().map(|key| key.id()).collect();
        let billed = if ids.is_empty() || (months.is_none() && !wanted.newest_statement) {
            Vec::new()
        } else {
            store::list_billed(self.db.read(), &ids, months, wanted.newest_statement).await?
        };
        let mut newest: HashMap<PersonalAccountId, statement::Model> = HashMap::new();
        if wanted.newest_statement {
            let shown = |statement: &statement::Model| {
                let own = full.iter().find(|key| key.id() == statement.personal_account_id);
                own.is_some_and(|key| key.since().shows_month(statement.period))
            };
            for (statement, _) in billed.iter().filter(|(statement, _)| shown(statement)) {
                let known = newest.get(&statement.personal_account_id);
                if known.is_none_or(|known| known.period < statement.period) {
                    newest.insert(statement.personal_account_id, statement.clone());
                }
            }
        }
        Ok(Overview { wanted, keys, known: Known { meters, readings, lines: lines_of(billed) }, newest })
    }
}

impl Wanted {
    fn spans(&self, account: AccountKey) -> impl Iterator<Item = Span> {
        let span = move |months: &Months| {
            let span = Span::new(account, months.from, months.to).ok()?;
            Some(Span { compared: months.compared, ..span })
        };
        self.months.iter().filter_map(span)
    }
}

impl Overview {
    fn knows(&self, account: AccountKey) -> bool {
        self.keys.contains(&account)
    }

    /// None where they were not read.
    pub fn meters(&self, account: AccountKey) -> Option<Vec<meter::Model>> {
        let of_account = |meter: &&meter::Model| meter.personal_account_id == account.id();
        self.knows(account).then(|| self.known.meters.iter().filter(of_account).cloned().collect())
    }

    /// A reading that was read; the last one of every meter was.
    pub fn reading(&self, id: MeterReadingId) -> Option<meter_reading::Model> {
        self.known.readings.iter().find(|reading| reading.id == id).cloned()
    }

    /// None where it was not asked for; none inside where there is none.
    pub fn newest_statement(&self, account: AccountKey) -> Option<Option<statement::Model>> {
        (self.wanted.newest_statement && self.knows(account)).then(|| self.newest.get(&account.id()).cloned())
    }

    /// None where the months were not asked for.
    pub fn consumption(&self, span: Span) -> Option<Vec<MonthUse>> {
        let asked = self.wanted.spans(span.account).any(|known| known == span);
        if !asked || !self.knows(span.account) {
            return None;
        }
        Some(if span.account.is_full() { self.known.span(span) } else { Vec::new() })
    }
}
