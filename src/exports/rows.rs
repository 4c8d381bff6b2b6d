//! Rows of the lists in an archive, as their columns stand in `contents`.

use chrono::{DateTime, SecondsFormat, Utc};
use entity::enums::{ReadingSource, ReadingStatus};
use entity::ids::TypedId;
use entity::{account_share, ledger_entry, meter, meter_reading, payment, refund, statement, statement_line, user};

use super::table::{Cell, Row};
use crate::consent::grant::Granted;
use crate::identity::audit::AuditEvent;
use crate::kernel::type_id;
use crate::payments::autopay::{Autopay, RunRow, SavedMethod};

pub(super) fn id<T: TypedId>(id: T) -> Cell {
    Cell::Text(type_id::encode(id))
}

pub(super) fn time(at: DateTime<Utc>) -> Cell {
    Cell::Text(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

pub(super) fn profile(user: &user::Model) -> Row {
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

pub(super) fn session(session: &crate::identity::session::Session) -> Row {
    vec![
        id(session.id),
        time(session.started_at),
        time(session.used_at),
        time(session.ends_at),
        Cell::text(session.address),
        Cell::text(&session.device),
    ]
}

pub(super) fn audit_event(event: &AuditEvent) -> Row {
    vec![
        Cell::Whole(event.event.sequence),
        Cell::text(event.event.kind.word()),
        time(event.event.occurred_at),
        Cell::maybe(event.circumstances.address.as_ref(), Cell::text),
        Cell::maybe(event.circumstances.device.as_ref(), Cell::text),
        Cell::text(&event.circumstances.details),
    ]
}

pub(super) fn share(share: &account_share::Model) -> Row {
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

pub(super) fn client_grant(granted: &Granted) -> Row {
    let accounts: Vec<_> = granted.accounts.iter().map(|account| type_id::encode(*account)).collect();
    let grant = &granted.grant;
    vec![
        id(grant.id),
        Cell::text(&granted.app.name),
        Cell::text(&grant.scopes),
        Cell::text(accounts.join(",")),
        Cell::maybe(grant.data_from, Cell::text),
        time(grant.granted_at),
        time(grant.expires_at),
        Cell::maybe(grant.used_at, time),
        Cell::maybe(grant.revoked_at, time),
    ]
}

pub(super) fn meter(meter: &meter::Model) -> Row {
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
pub(super) fn reading(reading: &meter_reading::Model, history: bool) -> Row {
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

pub(super) fn statement_row(statement: &statement::Model) -> Row {
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

pub(super) fn line(line: &statement_line::Model) -> Row {
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
pub(super) fn entry(entry: &ledger_entry::Model) -> Row {
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

pub(super) fn payment_row(payment: &payment::Model) -> Row {
    vec![
        id(payment.id),
        id(payment.personal_account_id),
        Cell::decimal(payment.amount),
        Cell::decimal(payment.commission),
        Cell::text(payment.status.word()),
        time(payment.created_at),
        Cell::maybe(payment.paid_at, time),
        Cell::maybe(payment.receipt_email.as_ref(), Cell::text),
        Cell::decimal(payment.refunded),
        Cell::maybe(payment.together_id, id),
        Cell::maybe(payment.saved_method_id, id),
    ]
}

pub(super) fn refund_row(refund: &refund::Model) -> Row {
    vec![
        id(refund.id),
        id(refund.payment_id),
        Cell::decimal(refund.amount),
        Cell::decimal(refund.commission),
        Cell::text(refund.status.word()),
        Cell::text(&refund.reason),
        time(refund.created_at),
        Cell::maybe(refund.finished_at, time),
    ]
}

pub(super) fn saved_method(method: &SavedMethod) -> Row {
    vec![id(method.id), Cell::text(&method.kind), Cell::text(&method.title), time(method.saved_at)]
}

pub(super) fn autopay_row(autopay: &Autopay) -> Row {
    vec![
        id(autopay.id),
        id(autopay.personal_account_id),
        id(autopay.saved_method_id),
        Cell::text(autopay.acts_on.word()),
        Cell::decimal(autopay.ceiling),
        time(autopay.consented_at),
        Cell::maybe(autopay.paused_at, time),
        Cell::maybe(autopay.pause_reason.as_ref(), Cell::text),
    ]
}

pub(super) fn autopay_run(run: &RunRow) -> Row {
    vec![
        id(run.id),
        id(run.autopay_id),
        Cell::text(run.period),
        Cell::decimal(run.amount),
        Cell::decimal(run.commission),
        Cell::text(run.state.word()),
        time(run.announced_at),
        Cell::maybe(run.told_at, time),
        time(run.due_at),
        Cell::Whole(run.tries.into()),
        Cell::maybe(run.payment_id, id),
        Cell::maybe(run.reason.as_ref(), Cell::text),
    ]
}
