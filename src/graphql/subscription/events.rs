//! What is told live.

use async_graphql::SimpleObject;

use crate::accounts::{AccountAccess, model};
use crate::graphql::accounts::{Balance, PersonalAccount};
use crate::graphql::billing::{LedgerEntry, balance_before};
use crate::graphql::enums::{PaymentStatus, ReadingStatus};
use crate::graphql::metering::{Meter, MeterReading};
use crate::graphql::payments::Payment;
use crate::graphql::scalars::DateTime;
use crate::integrators::changes::balances::BalanceNews;
use crate::integrators::changes::news::{About, News};

/// One change of one balance.
#[derive(SimpleObject)]
pub struct BalanceEvent {
    /// Give it as `after` to go on behind this event.
    pub cursor: String,
    /// When the change happened.
    pub occurred_at: DateTime,
    /// The account, as it is now.
    pub personal_account: PersonalAccount,
    /// The balance before the change.
    pub previous: Balance,
    /// The balance after the change.
    pub balance: Balance,
    /// The ledger entry that made it.
    pub cause: LedgerEntry,
}

impl From<BalanceNews> for BalanceEvent {
    fn from(news: BalanceNews) -> Self {
        let BalanceNews { access, entry, cursor } = news;
        Self {
            cursor,
            occurred_at: DateTime(entry.occurred_at),
            previous: balance_before(&entry),
            balance: model::Balance::of(entry.balance_after, entry.occurred_at, entry.version).into(),
            cause: LedgerEntry { entry, account: access.key() },
            personal_account: PersonalAccount(access),
        }
    }
}

/// A reading that came, or came to another status.
#[derive(SimpleObject)]
pub struct MeterReadingEvent {
    /// Give it as `after` to go on behind this event.
    pub cursor: String,
    /// When the change took its place among the others, a moment after it happened.
    pub occurred_at: DateTime,
    /// The account of the meter, as it is now.
    pub personal_account: PersonalAccount,
    /// The reading, as it is now.
    pub reading: MeterReading,
    /// The status that it came to; it may have left it since.
    pub status: ReadingStatus,
}

/// A payment that was started, or came to another status.
#[derive(SimpleObject)]
pub struct PaymentEvent {
    /// Give it as `after` to go on behind this event.
    pub cursor: String,
    /// When the change took its place among the others, a moment after it happened.
    pub occurred_at: DateTime,
    /// The account that it is for, as it is now.
    pub personal_account: PersonalAccount,
    /// The payment, as it is now.
    pub payment: Payment,
    /// The status that it came to; it may have left it since.
    pub status: PaymentStatus,
}

/// None of news about something else.
pub fn balance_event(news: &News, access: AccountAccess, cursor: String) -> Option<BalanceEvent> {
    let About::Balance(entry) = &news.about else { return None };
    Some(BalanceNews { access, entry: entry.clone(), cursor }.into())
}

pub fn reading_event(news: &News, access: AccountAccess, cursor: String) -> Option<MeterReadingEvent> {
    let About::Reading(reading, meter, status) = &news.about else { return None };
    let meter = Meter { meter: meter.clone(), account: access.key() };
    Some(MeterReadingEvent {
        cursor,
        occurred_at: DateTime(news.ordered_at),
        reading: MeterReading { reading: reading.clone(), meter: Some(meter) },
        status: (*status).into(),
        personal_account: PersonalAccount(access),
    })
}

pub fn payment_event(news: &News, access: AccountAccess, cursor: String) -> Option<PaymentEvent> {
    let About::Payment(payment, status) = &news.about else { return None };
    Some(PaymentEvent {
        cursor,
        occurred_at: DateTime(news.ordered_at),
        payment: Payment(payment.clone()),
        status: (*status).into(),
        personal_account: PersonalAccount(access),
    })
}
