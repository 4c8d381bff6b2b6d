//! The loaders of one request: each is one SQL statement for however many parents ask.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::NaiveDate;
use entity::exact::{Money, YearMonth};
use entity::ids::{
    AccountShareId, LedgerEntryId, MeterId, MeterReadingId, PaymentId, PersonalAccountId, ProviderId, StatementId,
    SupportRequestId,
};
use entity::{
    account_service, account_share, autopay, ledger_entry, meter, meter_reading, meter_replacement, payment,
    reading_status_change, refund, statement, statement_line, support_message, tariff,
};

use super::batch::Batch;
use super::context::Services;
use crate::accounts::{AccountAccess, AccountKey, Accounts, Provider};
use crate::billing::consumption::{MonthUse, Span};
use crate::billing::estimate::Estimate;
use crate::billing::outlook::Silence;
use crate::billing::overview::Overview;
use crate::billing::penalty::Debt;
use crate::billing::statement::Neighbour;
use crate::identity::Identity;
use crate::kernel::{Failure, Person};
use crate::metering::Metering;
use crate::payments::Payments;
use crate::payments::terms::PaymentTerms;

/// What was read ahead for lists of accounts.
#[derive(Debug, Default)]
pub struct Overviews(RwLock<Vec<Arc<Overview>>>);

impl Overviews {
    pub fn add(&self, overview: Overview) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(overview));
    }

    /// What the first that knows it says.
    pub fn find<T>(&self, ask: impl Fn(&Overview) -> Option<T>) -> Option<T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().find_map(|overview| ask(overview))
    }
}

#[derive(Debug)]
pub struct Loaders {
    pub overviews: Overviews,
    pub provider: Batch<ProviderId, Provider>,
    pub services: Batch<AccountKey, Vec<account_service::Model>>,
    /// All prices of a provider on a day.
    pub tariffs: Batch<(ProviderId, NaiveDate), Vec<tariff::Model>>,
    pub meters: Batch<AccountKey, Vec<meter::Model>>,
    /// Which the person gave.
    pub shares: Batch<PersonalAccountId, Vec<account_share::Model>>,
    /// Addresses of those who gave a share.
    pub sharer: Batch<AccountShareId, String>,
    /// That took a meter away or put it there.
    pub replacements: Batch<MeterId, Vec<meter_replacement::Model>>,
    pub reading: Batch<MeterReadingId, meter_reading::Model>,
    /// Moves of readings, oldest first.
    pub status_changes: Batch<MeterReadingId, Vec<reading_status_change::Model>>,
    pub payment_readings: Batch<PaymentId, Vec<meter_reading::Model>>,
    /// Threads, oldest message first.
    pub support_messages: Batch<SupportRequestId, Vec<support_message::Model>>,
    pub payment_refunds: Batch<PaymentId, Vec<refund::Model>>,
    /// All that are paid at once, by their first.
    pub payments_together: Batch<PaymentId, Vec<payment::Model>>,
    /// Of the person's own.
    pub autopay: Batch<PersonalAccountId, autopay::Model>,
    /// By which terms the account's provider is paid.
    pub payment_terms: Batch<PersonalAccountId, PaymentTerms>,
    pub newest_statement: Batch<AccountKey, statement::Model>,
    pub statement: Batch<(AccountKey, YearMonth), statement::Model>,
    pub statement_by_id: Batch<StatementId, statement::Model>,
    /// Of an account that was shown.
    pub entry: Batch<(AccountKey, LedgerEntryId), ledger_entry::Model>,
    /// Of an entry, the one that takes it back.
    pub taken_back: Batch<LedgerEntryId, LedgerEntryId>,
    pub neighbour: Batch<Neighbour, statement::Model>,
    /// What of a sum owed was due when.
    pub debts: Batch<(AccountKey, Money), Vec<Debt>>,
    /// Months without a reading.
    pub estimates: Batch<Silence, Vec<Estimate>>,
    pub lines: Batch<StatementId, Vec<statement_line::Model>>,
    pub consumption: Batch<Span, Vec<MonthUse>>,
    pub meter: Batch<MeterId, meter::Model>,
    /// Accounts that the person may see.
    pub access: Batch<PersonalAccountId, AccountAccess>,
    /// Payments that the person made.
    pub payment: Batch<PaymentId, payment::Model>,
}

/// A batch that calls a method of a slice with the keys it was asked for.
macro_rules! batch {
    ($slice:ident, |$keys:ident| $load:expr) => {{
        let slice = Arc::clone(&$slice);
        Batch::new(move |$keys: Vec<_>| {
            let $slice = Arc::clone(&slice);
            async move { Ok($load) }
        })
    }};
}

impl Loaders {
    pub fn new(services: &Services, person: Option<Person>) -> Self {
        let Services { identity, accounts, metering, billing, payments, support, .. } = services.clone();
        let (payer, refunding, paying) = (person.clone(), Arc::clone(&payments), Arc::clone(&payments));
        let together = Arc::clone(&payments);
        let (measured, charged) = (Arc::clone(&metering), Arc::clone(&billing));
        let sources = (Arc::clone(&accounts), Arc::clone(&metering), Arc::clone(&billing));
        Self {
            overviews: Overviews::default(),
            provider: batch!(accounts, |ids| by(accounts.find_providers(&ids).await?, Provider::id)),
            services: batch!(accounts, |keys| by_account(&keys, accounts.list_services(&keys).await?, |row| row
                .personal_account_id)),
            tariffs: batch!(accounts, |wanted| accounts.list_tariffs(&wanted).await?),
            meters: batch!(metering, |keys| by_account(&keys, metering.list_meters(&keys).await?, |row| row
                .personal_account_id)),
            sharer: sharer(Arc::clone(&accounts), Arc::clone(&identity)),
            shares: shares(Arc::clone(&accounts), person.clone()),
            replacements: batch!(metering, |ids| {
                let mut of_meter: HashMap<MeterId, Vec<_>> = HashMap::new();
                for one in metering.list_replacements(&ids).await? {
                    of_meter.entry(one.old_meter_id).or_default().push(one.clone());
                    of_meter.entry(one.new_meter_id).or_default().push(one);
                }
                of_meter
            }),
            reading: batch!(metering, |ids| by(metering.find_readings(&ids).await?, |row| row.id)),
            status_changes: batch!(metering, |ids| {
                let mut of_reading: HashMap<MeterReadingId, Vec<_>> = HashMap::new();
                for change in metering.list_status_changes(&ids).await? {
                    of_reading.entry(change.meter_reading_id).or_default().push(change);
                }
                of_reading
            }),
            payment_readings: payment_readings(Arc::clone(&metering), person.clone()),
            payments_together: batch!(together, |ids| {
                let mut by_first: HashMap<PaymentId, Vec<_>> = HashMap::new();
                for payment in together.list_together(&ids).await? {
                    let Some(first) = payment.together_id else { continue };
                    by_first.entry(first).or_default().push(payment);
                }
                by_first
            }),
            autopay: own_autopays(Arc::clone(&payments), person.clone()),
            payment_terms: batch!(paying, |ids| paying.terms_of_accounts(&ids).await?),
            support_messages: batch!(support, |ids| {
                let mut of_request: HashMap<SupportRequestId, Vec<_>> = HashMap::new();
                for message in support.list_messages(&ids).await? {
                    of_request.entry(message.support_request_id).or_default().push(message);
                }
                of_request
            }),
            payment_refunds: batch!(refunding, |ids| {
                let mut of_payment: HashMap<PaymentId, Vec<_>> = HashMap::new();
                for refund in refunding.list_refunds(&ids).await? {
                    of_payment.entry(refund.payment_id).or_default().push(refund);
                }
                of_payment
            }),
            newest_statement: batch!(billing, |keys| {
                let mut newest = by(billing.newest_statements(&keys).await?, |row| row.personal_account_id);
                keys.into_iter().filter_map(|key: AccountKey| Some((key, newest.remove(&key.id())?))).collect()
            }),
            statement: batch!(billing, |keys| {
                let mut found = by(billing.find_statements(&keys).await?, |row| (row.personal_account_id, row.period));
                keys.into_iter()
                    .filter_map(|key: (AccountKey, _)| Some((key, found.remove(&(key.0.id(), key.1))?)))
                    .collect()
            }),
            statement_by_id: batch!(billing, |ids| by(billing.find_statements_by_id(&ids).await?, |row| row.id)),
            debts: batch!(billing, |owed| billing.open_debts(&owed).await?),
            entry: batch!(billing, |wanted| billing.find_entries(&wanted).await?),
            taken_back: batch!(billing, |ids| billing.find_taken_back(&ids).await?.into_iter().collect()),
            neighbour: batch!(billing, |wanted| billing.neighbours(&wanted).await?),
            consumption: Batch::new(move |spans: Vec<Span>| {
                let (measured, charged) = (Arc::clone(&measured), Arc::clone(&charged));
                async move { charged.list_consumption(&measured, &spans).await }
            }),
            estimates: Batch::new(move |wanted: Vec<Silence>| {
                let (accounts, metering, billing) = sources.clone();
                async move { billing.estimates(&accounts, &metering, &wanted).await }
            }),
            meter: batch!(metering, |ids| by(metering.find_meters(&ids).await?, |row| row.id)),
            access: Batch::new(move |ids: Vec<PersonalAccountId>| {
                let (accounts, person) = (Arc::clone(&accounts), person.clone());
                async move {
                    let Some(person) = person else { return Ok(HashMap::new()) };
                    match accounts.access_to(&person, &ids).await {
                        Ok(access) => Ok(by(access, AccountAccess::id)),
                        Err(Failure::Refused(_)) => Ok(HashMap::new()),
                        Err(Failure::Fault(fault)) => Err(fault),
                    }
                }
            }),
            payment: own_payments(payments, payer),
            lines: batch!(billing, |ids| {
                let mut of_statement: HashMap<StatementId, Vec<_>> = HashMap::new();
                for line in billing.list_lines(&ids).await? {
                    of_statement.entry(line.statement_id).or_default().push(line);
                }
                of_statement
            }),
        }
    }
}

fn shares(accounts: Arc<Accounts>, person: Option<Person>) -> Batch<PersonalAccountId, Vec<account_share::Model>> {
    Batch::new(move |ids: Vec<PersonalAccountId>| {
        let (accounts, person) = (Arc::clone(&accounts), person.clone());
        async move {
            let mut of_account: HashMap<PersonalAccountId, Vec<_>> = HashMap::new();
            let Some(person) = person else { return Ok(of_account) };
            for share in accounts.list_shares(&person, &ids).await? {
                of_account.entry(share.personal_account_id).or_default().push(share);
            }
            Ok(of_account)
        }
    })
}

fn sharer(accounts: Arc<Accounts>, identity: Arc<Identity>) -> Batch<AccountShareId, String> {
    Batch::new(move |ids: Vec<AccountShareId>| {
        let (accounts, identity) = (Arc::clone(&accounts), Arc::clone(&identity));
        async move {
            let owner_of = accounts.sharers(&ids).await?;
            let owners: Vec<_> = owner_of.values().copied().collect();
            let addresses = identity.addresses(&owners).await?;
            let known = owner_of.into_iter().filter_map(|(id, owner)| Some((id, addresses.get(&owner)?.clone())));
            Ok(known.collect())
        }
    })
}

fn payment_readings(metering: Arc<Metering>, person: Option<Person>) -> Batch<PaymentId, Vec<meter_reading::Model>> {
    Batch::new(move |ids: Vec<PaymentId>| {
        let (metering, person) = (Arc::clone(&metering), person.clone());
        async move {
            let mut of_payment: HashMap<PaymentId, Vec<_>> = HashMap::new();
            let Some(person) = person else { return Ok(of_payment) };
            for reading in metering.list_readings_of_payments(&person, &ids).await? {
                let Some(payment) = reading.payment_id else { continue };
                of_payment.entry(payment).or_default().push(reading);
            }
            Ok(of_payment)
        }
    })
}

fn own_autopays(payments: Arc<Payments>, payer: Option<Person>) -> Batch<PersonalAccountId, autopay::Model> {
    Batch::new(move |ids: Vec<PersonalAccountId>| {
        let (payments, payer) = (Arc::clone(&payments), payer.clone());
        async move {
            let Some(payer) = payer else { return Ok(HashMap::new()) };
            Ok(by(payments.autopays_of_accounts(payer.user_id, &ids).await?, |row| row.personal_account_id))
        }
    })
}

fn own_payments(payments: Arc<Payments>, payer: Option<Person>) -> Batch<PaymentId, payment::Model> {
    Batch::new(move |ids: Vec<PaymentId>| {
        let (payments, payer) = (Arc::clone(&payments), payer.clone());
        async move {
            let Some(payer) = payer else { return Ok(HashMap::new()) };
            Ok(by(payments.find_payments(&payer, &ids).await?, |row| row.id))
        }
    })
}

fn by<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

fn by_account<V>(
    keys: &[AccountKey],
    rows: Vec<V>,
    account: impl Fn(&V) -> PersonalAccountId,
) -> HashMap<AccountKey, Vec<V>> {
    let key_of: HashMap<_, _> = keys.iter().map(|key| (key.id(), *key)).collect();
    let mut grouped: HashMap<AccountKey, Vec<V>> = HashMap::new();
    for row in rows {
        if let Some(key) = key_of.get(&account(&row)) {
            grouped.entry(*key).or_default().push(row);
        }
    }
    grouped
}
