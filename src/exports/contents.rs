//! What an archive holds: each list once as CSV and once as JSON, read page by page.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use entity::enums::{ReadingSource, ReadingStatus};
use entity::ids::{MeterReadingId, PersonalAccountId, ProviderId, TypedId};
use entity::{
    account_share, ledger_entry, meter, meter_reading, payment, statement, statement_line, support_message, user,
};

use super::Slices;
use super::archive::Sink;
use super::packing::Part;
use super::table::{Cell, Format, Row};
use crate::accounts::AccountAccess;
use crate::identity::audit::AuditEvent;
use crate::kernel::{Failure, Fault, Page, Person, Slice, type_id};
use crate::payments::payment::Filter;

const PAGE: usize = 200;

const ABOUT: Part = Part::Words { name: "README.txt", text: include_str!("readme.txt") };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Profile,
    Agreements,
    Sessions,
    Audit,
    Accounts,
    Shares,
    Meters,
    Readings,
    Statements,
    StatementLines,
    Ledger,
    Payments,
    Support,
}

impl List {
    const ALL: [Self; 13] = [
        Self::Profile,
        Self::Agreements,
        Self::Sessions,
        Self::Audit,
        Self::Accounts,
        Self::Shares,
        Self::Meters,
        Self::Readings,
        Self::Statements,
        Self::StatementLines,
        Self::Ledger,
        Self::Payments,
        Self::Support,
    ];

    /// The file's name and its columns, in the order of the rows below.
    const fn file(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Profile => {
                ("profile", &["id", "email", "emailConfirmedAt", "fullName", "phone", "locale", "registeredAt"])
            }
            Self::Agreements => ("agreements", &["kind", "version", "acceptedAt", "address"]),
            Self::Sessions => ("sessions", &["id", "startedAt", "lastUsedAt", "endsAt", "address", "device"]),
            Self::Audit => ("audit", &["sequence", "kind", "occurredAt", "address", "device", "details"]),
            Self::Accounts => (
                "accounts",
                &["id", "provider", "number", "access", "nickname", "holderName", "address", "owed", "credit", "asOf"],
            ),
            Self::Shares => ("shares", &["id", "account", "email", "access", "sharedAt", "takenAt", "endsAt"]),
            Self::Meters => (
                "meters",
                &[
                    "id",
                    "account",
                    "name",
                    "serialNumber",
                    "model",
                    "service",
                    "unit",
                    "registers",
                    "installedOn",
                    "verificationDueOn",
                    "removedOn",
                ],
            ),
            Self::Readings => (
                "readings",
                &[
                    "id",
                    "meter",
                    "account",
                    "takenOn",
                    "submittedAt",
                    "source",
                    "status",
                    "single",
                    "day",
                    "night",
                    "peak",
                    "consumption",
                ],
            ),
            Self::Statements => (
                "statements",
                &[
                    "id",
                    "account",
                    "period",
                    "opening",
                    "accrued",
                    "recalculated",
                    "penalty",
                    "paid",
                    "closing",
                    "dueOn",
                    "issuedAt",
                ],
            ),
            Self::StatementLines => (
                "statement_lines",
                &[
                    "statement",
                    "position",
                    "service",
                    "name",
                    "volume",
                    "unit",
                    "price",
                    "coefficient",
                    "amount",
                    "basis",
                    "explanation",
                ],
            ),
            Self::Ledger => {
                ("ledger", &["id", "account", "version", "occurredAt", "kind", "amount", "balanceAfter", "period"])
            }
            Self::Support => ("support", &["request", "topic", "state", "position", "bySupport", "sentAt", "text"]),
            Self::Payments => (
                "payments",
                &["id", "account", "amount", "commission", "status", "createdAt", "paidAt", "receiptEmail"],
            ),
        }
    }
}

/// All that the archive needs to know at once; everything that grows with time is read in pages.
pub(super) struct Contents<'a> {
    slices: &'a Slices,
    user: &'a user::Model,
    person: Person,
    accounts: Vec<AccountAccess>,
    providers: HashMap<ProviderId, String>,
}

impl<'a> Contents<'a> {
    pub async fn of(slices: &'a Slices, user: &'a user::Model) -> Result<Self, Fault> {
        // No session asks: the person did when they showed who they are.
        let confirmed = user.email_confirmed_at.is_some();
        let person = Person { user_id: user.id, session: String::new(), confirmed, scopes: None };
        let accounts = match slices.accounts.all_access(&person).await {
            Ok(accounts) => accounts,
            Err(Failure::Refused(_)) => Vec::new(),
            Err(Failure::Fault(fault)) => return Err(fault),
        };
        let ids: Vec<_> = accounts.iter().map(AccountAccess::provider_id).collect();
        let providers = slices.accounts.find_providers(&ids).await?;
        let providers = providers.into_iter().map(|provider| (provider.id(), provider.row.name)).collect();
        Ok(Self { slices, user, person, accounts, providers })
    }

    pub async fn write(&self, sink: &Sink<'_>) -> Result<(), Fault> {
        sink.begin(ABOUT).await?;
        for list in List::ALL {
            let (name, columns) = list.file();
            for format in Format::ALL {
                sink.begin(Part::Table { name, format, columns }).await?;
                self.rows(list, sink).await?;
            }
        }
        Ok(())
    }

    async fn rows(&self, list: List, sink: &Sink<'_>) -> Result<(), Fault> {
        let (identity, person) = (&self.slices.identity, &self.person);
        match list {
            List::Profile => sink.rows(vec![profile(self.user)]).await,
            List::Agreements => {
                let accepted = identity.agreement_acceptances(person).await?;
                let row = |one: &entity::agreement_acceptance::Model| {
                    vec![
                        Cell::text(one.kind.word()),
                        Cell::text(&one.version),
                        time(one.accepted_at),
                        Cell::text(&one.address),
                    ]
                };
                sink.rows(accepted.iter().map(row).collect()).await
            }
            List::Sessions => {
                let sessions = identity.sessions.list(person).await?;
                sink.rows(sessions.iter().map(|listed| session(&listed.session)).collect()).await
            }
            List::Audit => {
                let list = |page| identity.audit.list(person, page);
                pages(sink, list, AuditEvent::list_key, |events| events.iter().map(audit_event).collect()).await
            }
            List::Accounts => sink.rows(self.accounts.iter().map(|access| self.account(access)).collect()).await,
            List::Shares => {
                let ids: Vec<_> = self.accounts.iter().map(AccountAccess::id).collect();
                let shares = self.slices.accounts.list_shares(person, &ids).await?;
                sink.rows(shares.iter().map(share).collect()).await
            }
            List::Meters => {
                for access in &self.accounts {
                    let meters = self.slices.metering.list_meters(&[access.key()]).await?;
                    sink.rows(meters.iter().map(meter).collect()).await?;
                }
                Ok(())
            }
            List::Readings => self.readings(sink).await,
            List::Statements | List::StatementLines => self.statements(list, sink).await,
            List::Ledger => {
                for access in &self.accounts {
                    let list = |page| self.slices.billing.list_entries(access.key(), page);
                    let rows = |entries: Vec<ledger_entry::Model>| entries.iter().map(entry).collect();
                    pages(sink, list, |entry| entry.version, rows).await?;
                }
                Ok(())
            }
            List::Support => self.support(sink).await,
            List::Payments => {
                let all = &Filter::default();
                let list = |page| self.slices.payments.list_paid_by(person.user_id, all, page);
                let rows = |payments: Vec<payment::Model>| payments.iter().map(payment_row).collect();
                pages(sink, list, |payment| payment.id, rows).await
            }
        }
    }

    fn account(&self, access: &AccountAccess) -> Row {
        let balance = access.balance();
        vec![
            id(access.id()),
            Cell::maybe(self.providers.get(&access.provider_id()), Cell::text),
            Cell::text(access.number()),
            Cell::text(access.level().word()),
            Cell::maybe(access.nickname(), Cell::text),
            Cell::maybe(access.holder_name(), Cell::text),
            Cell::maybe(access.address(), Cell::text),
            Cell::decimal(balance.owed),
            Cell::decimal(balance.credit),
            time(balance.as_of),
        ]
    }

    /// All of accounts with FULL access; of all others, also those that were detached, what the person sent.
    async fn readings(&self, sink: &Sink<'_>) -> Result<(), Fault> {
        let metering = &self.slices.metering;
        let mut shown: Vec<PersonalAccountId> = Vec::new();
        for access in self.accounts.iter().filter(|access| access.is_full()) {
            shown.push(access.id());
            for meter in metering.list_meters(&[access.key()]).await? {
                let list = |page| metering.list_readings(access.key(), meter.id, page);
                let rows =
                    |readings: Vec<meter_reading::Model>| readings.iter().map(|one| reading(one, true)).collect();
                pages(sink, list, |reading| (reading.taken_on, reading.id), rows).await?;
            }
        }
        let list = |page: Page<MeterReadingId>| metering.list_sent_by(self.user.id, page);
        let rows = |readings: Vec<meter_reading::Model>| {
            let others = readings.iter().filter(|reading| !shown.contains(&reading.personal_account_id));
            others.map(|one| reading(one, false)).collect()
        };
        pages(sink, list, |reading| reading.id, rows).await
    }

    async fn support(&self, sink: &Sink<'_>) -> Result<(), Fault> {
        let mut page = Page::first(PAGE);
        loop {
            let found = self.slices.support.list_requests(&self.person, page).await?;
            let ids: Vec<_> = found.items.iter().map(|request| request.id).collect();
            let messages = self.slices.support.list_messages(&ids).await?;
            let row = |message: &support_message::Model| {
                let request = found.items.iter().find(|request| request.id == message.support_request_id)?;
                Some(vec![
                    id(request.id),
                    Cell::text(request.topic.word()),
                    Cell::text(request.state.word()),
                    Cell::Whole(message.position.into()),
                    Cell::text(message.by_support),
                    time(message.sent_at),
                    Cell::text(&message.text),
                ])
            };
            sink.rows(messages.iter().filter_map(row).collect()).await?;
            let Some(from) = found.items.last().map(|request| request.id).filter(|_| found.has_next) else {
                return Ok(());
            };
            page = Page { from: Some(from), ..Page::first(PAGE) };
        }
    }

    async fn statements(&self, wanted: List, sink: &Sink<'_>) -> Result<(), Fault> {
        let billing = &self.slices.billing;
        for access in &self.accounts {
            let mut page = Page::first(PAGE);
            loop {
                let found = billing.list_statements(access.key(), page).await?;
                let rows = if wanted == List::Statements {
                    found.items.iter().map(statement_row).collect()
                } else {
                    let ids: Vec<_> = found.items.iter().map(|statement| statement.id).collect();
                    billing.list_lines(&ids).await?.iter().map(line).collect()
                };
                let next = found.items.last().map(|statement| statement.period).filter(|_| found.has_next);
                sink.rows(rows).await?;
                let Some(from) = next else { break };
                page = Page { from: Some(from), ..Page::first(PAGE) };
            }
        }
        Ok(())
    }
}

/// Every page of a list, one after the other.
async fn pages<K, T, Fut>(
    sink: &Sink<'_>,
    list: impl Fn(Page<K>) -> Fut,
    key: impl Fn(&T) -> K,
    rows: impl Fn(Vec<T>) -> Vec<Row>,
) -> Result<(), Fault>
where
    Fut: Future<Output = Result<Slice<T>, Fault>>,
{
    let mut page = Page::first(PAGE);
    loop {
        let found = list(page).await?;
        let next = found.items.last().map(&key).filter(|_| found.has_next);
        sink.rows(rows(found.items)).await?;
        let Some(from) = next else { return Ok(()) };
        page = Page { from: Some(from), ..Page::first(PAGE) };
    }
}

fn id<T: TypedId>(id: T) -> Cell {
    Cell::Text(type_id::encode(id))
}

fn time(at: DateTime<Utc>) -> Cell {
    Cell::Text(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn profile(user: &user::Model) -> Row {
    vec![
        id(user.id),
        Cell::text(&user.email),
        Cell::maybe(user.email_confirmed_at, time),
        Cell::maybe(user.full_name.as_ref(), Cell::text),
        Cell::maybe(user.phone.as_ref(), Cell::text),
        Cell::text(user.locale.word()),
        time(user.created_at),
    ]
}

fn session(session: &crate::identity::session::Session) -> Row {
    vec![
        id(session.id),
        time(session.started_at),
        time(session.used_at),
        time(session.ends_at),
        Cell::text(session.address),
        Cell::text(&session.device),
    ]
}

fn audit_event(event: &AuditEvent) -> Row {
    vec![
        Cell::Whole(event.event.sequence),
        Cell::text(event.event.kind.word()),
        time(event.event.occurred_at),
        Cell::maybe(event.circumstances.address.as_ref(), Cell::text),
        Cell::maybe(event.circumstances.device.as_ref(), Cell::text),
        Cell::text(&event.circumstances.details),
    ]
}

fn share(share: &account_share::Model) -> Row {
    vec![
        id(share.id),
        id(share.personal_account_id),
        Cell::text(&share.email),
        Cell::text(if share.may_pay { "VIEW_AND_PAY" } else { "VIEW" }),
        time(share.shared_at),
        Cell::maybe(share.taken_at, time),
        Cell::maybe(share.ends_at, time),
    ]
}

fn meter(meter: &meter::Model) -> Row {
    vec![
        id(meter.id),
        id(meter.personal_account_id),
        Cell::text(&meter.name),
        Cell::text(&meter.serial_number),
        Cell::maybe(meter.model.as_ref(), Cell::text),
        Cell::text(&meter.service_code),
        Cell::text(meter.unit.word()),
        Cell::text(&meter.registers),
        Cell::maybe(meter.installed_on, Cell::text),
        Cell::maybe(meter.verification_due_on, Cell::text),
        Cell::maybe(meter.removed_on, Cell::text),
    ]
}

/// What was used since the reading before is the account's history.
fn reading(reading: &meter_reading::Model, history: bool) -> Row {
    let (source, status): (ReadingSource, ReadingStatus) = (reading.source, reading.status);
    vec![
        id(reading.id),
        id(reading.meter_id),
        id(reading.personal_account_id),
        Cell::text(reading.taken_on),
        time(reading.submitted_at),
        Cell::text(source.word()),
        Cell::text(status.word()),
        Cell::maybe(reading.value_single, Cell::decimal),
        Cell::maybe(reading.value_day, Cell::decimal),
        Cell::maybe(reading.value_night, Cell::decimal),
        Cell::maybe(reading.value_peak, Cell::decimal),
        Cell::maybe(reading.consumption.filter(|_| history), Cell::decimal),
    ]
}

fn statement_row(statement: &statement::Model) -> Row {
    vec![
        id(statement.id),
        id(statement.personal_account_id),
        Cell::text(statement.period),
        Cell::decimal(statement.opening),
        Cell::decimal(statement.accrued),
        Cell::decimal(statement.recalculated),
        Cell::decimal(statement.penalty),
        Cell::decimal(statement.paid),
        Cell::decimal(statement.closing),
        Cell::text(statement.due_on),
        time(statement.issued_at),
    ]
}

fn line(line: &statement_line::Model) -> Row {
    vec![
        id(line.statement_id),
        Cell::Whole(line.position.into()),
        Cell::text(&line.service_code),
        Cell::text(&line.service_name),
        Cell::decimal(line.volume),
        Cell::text(line.unit.word()),
        Cell::decimal(line.price),
        Cell::decimal(line.coefficient),
        Cell::decimal(line.amount),
        Cell::text(line.basis.word()),
        Cell::maybe(line.explanation.as_ref(), Cell::text),
    ]
}

/// Without the payment: it may be another person's.
fn entry(entry: &ledger_entry::Model) -> Row {
    vec![
        id(entry.id),
        id(entry.personal_account_id),
        Cell::Whole(entry.version),
        time(entry.occurred_at),
        Cell::text(entry.kind.word()),
        Cell::decimal(entry.amount),
        Cell::decimal(entry.balance_after),
        Cell::maybe(entry.period, Cell::text),
    ]
}

fn payment_row(payment: &payment::Model) -> Row {
    vec![
        id(payment.id),
        id(payment.personal_account_id),
        Cell::decimal(payment.amount),
        Cell::decimal(payment.commission),
        Cell::text(payment.status.word()),
        time(payment.created_at),
        Cell::maybe(payment.paid_at, time),
        Cell::maybe(payment.receipt_email.as_ref(), Cell::text),
    ]
}
