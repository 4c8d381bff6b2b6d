//! What an archive holds: each list once as CSV and once as JSON, read page by page.

use std::collections::HashMap;

use entity::ids::{MeterReadingId, PersonalAccountId, ProviderId};
use entity::{ledger_entry, meter_reading, payment, refund, support_message, user};

use super::Slices;
use super::archive::Sink;
use super::packing::Part;
use super::rows::{
    audit_event, autopay_row, autopay_run, client_grant, entry, id, line, meter, payment_row, profile, reading,
    refund_row, saved_method, session, share, statement_row, time,
};
use super::table::{Cell, Format, Row};
use crate::accounts::AccountAccess;
use crate::identity::audit::AuditEvent;
use crate::kernel::{Failure, Fault, Page, Person, Slice};
use crate::payments::autopay::RunRow;
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
    Refunds,
    SavedMethods,
    Autopays,
    AutopayRuns,
    Support,
    ClientGrants,
}

impl List {
    const ALL: [Self; 18] = [
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
        Self::Refunds,
        Self::SavedMethods,
        Self::Autopays,
        Self::AutopayRuns,
        Self::ClientGrants,
    ];

    /// The file's name and its columns, in the order of the rows below.
    #[expect(clippy::too_many_lines, reason = "a table")]
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
            Self::ClientGrants => (
                "client_grants",
                &["id", "app", "scopes", "accounts", "dataFrom", "grantedAt", "expiresAt", "lastUsedAt", "revokedAt"],
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
                &[
                    "id",
                    "account",
                    "amount",
                    "commission",
                    "status",
                    "createdAt",
                    "paidAt",
                    "receiptEmail",
                    "refunded",
                    "paidTogetherWith",
                    "savedMethod",
                ],
            ),
            Self::Refunds => {
                ("refunds", &["id", "payment", "amount", "commission", "status", "reason", "createdAt", "finishedAt"])
            }
            Self::SavedMethods => ("saved_methods", &["id", "kind", "title", "savedAt"]),
            Self::Autopays => (
                "autopays",
                &["id", "account", "savedMethod", "actsOn", "ceiling", "consentedAt", "pausedAt", "pauseReason"],
            ),
            Self::AutopayRuns => (
                "autopay_runs",
                &[
                    "id",
                    "autopay",
                    "period",
                    "amount",
                    "commission",
                    "state",
                    "announcedAt",
                    "toldAt",
                    "dueAt",
                    "tries",
                    "payment",
                    "reason",
                ],
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
        let person = Person { user_id: user.id, session: String::new(), confirmed, scopes: None, limits: None };
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
            List::ClientGrants => {
                let granted = self.slices.consents.list_all(person.user_id).await?;
                sink.rows(granted.iter().map(client_grant).collect()).await
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
                let list = |page| self.slices.payments.list_paid_by(person, Filter::default(), page);
                let rows = |payments: Vec<payment::Model>| payments.iter().map(payment_row).collect();
                pages(sink, list, |payment| payment.id, rows).await
            }
            List::Refunds | List::SavedMethods | List::Autopays | List::AutopayRuns => {
                self.of_payments(list, sink).await
            }
        }
    }

    /// What was given back, and what is paid by itself with what.
    async fn of_payments(&self, wanted: List, sink: &Sink<'_>) -> Result<(), Fault> {
        let (payments, user) = (&self.slices.payments, self.person.user_id);
        match wanted {
            List::SavedMethods => {
                let rows = payments.saved_methods(user).await?;
                sink.rows(rows.iter().map(saved_method).collect()).await
            }
            List::Autopays => sink.rows(payments.autopays(user).await?.iter().map(autopay_row).collect()).await,
            List::AutopayRuns => {
                let list = |page| payments.list_runs(user, page);
                pages(sink, list, |run| run.id, |runs: Vec<RunRow>| runs.iter().map(autopay_run).collect()).await
            }
            _ => {
                let list = |page| payments.list_refunds_of(user, page);
                pages(sink, list, |one| one.id, |refunds: Vec<refund::Model>| refunds.iter().map(refund_row).collect())
                    .await
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
