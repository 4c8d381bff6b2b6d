//! Payments, statements and the ledger.

use entity::enums::{ChargeBasis, LedgerEntryKind, PaymentStatus, SandboxStatus, Unit};
use entity::exact::{Coefficient, Money, Price, Quantity, YearMonth};
use entity::ids::{AcquirerNotificationId, LedgerEntryId, PaymentId, PersonalAccountId, StatementId, UserId};
use entity::{acquirer_notification, ledger_entry, payment, sandbox_payment, statement, statement_line};
use kabinet::platform::db::Tx;
use sea_orm::DbErr;

use super::{day, kept, moment, text, uuid};

pub async fn money(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let payment = payment::Model {
        id: PaymentId(id),
        personal_account_id: PersonalAccountId(id),
        user_id: UserId(id),
        amount: Money(195_685),
        commission: Money(0),
        status: PaymentStatus::Succeeded,
        acquirer: text("sandbox"),
        acquirer_payment_id: Some(text("1")),
        confirmation_url: None,
        return_url: None,
        receipt_email: None,
        failure: None,
        created_at: moment(),
        paid_at: Some(moment()),
        checks: 2,
    };
    kept(tx, payment).await?;
    let notification = acquirer_notification::Model {
        id: AcquirerNotificationId(id),
        acquirer: text("sandbox"),
        acquirer_payment_id: text("1"),
        body: text("{}"),
        received_at: moment(),
    };
    kept(tx, notification).await?;
    let sandbox = sandbox_payment::Model {
        id: text("1"),
        idempotence_key: text("key"),
        amount: Money(195_685),
        description: text("Тепло, л/с 1"),
        return_url: text("https://example.com"),
        status: SandboxStatus::Pending,
        failure: None,
        created_at: moment(),
        decided_at: None,
    };
    kept(tx, sandbox).await?;
    let statement = statement::Model {
        id: StatementId(id),
        personal_account_id: PersonalAccountId(id),
        period: YearMonth(202_605),
        opening: Money(1),
        accrued: Money(2),
        recalculated: Money(-3),
        penalty: Money(4),
        paid: Money(5),
        closing: Money(-1),
        due_on: day(),
        issued_at: moment(),
    };
    kept(tx, statement).await?;
    let line = statement_line::Model {
        statement_id: StatementId(id),
        position: 1,
        service_code: text("hot-water"),
        service_name: text("ГВС"),
        volume: Quantity(-1),
        unit: Unit::Month,
        price: Price(1),
        coefficient: Coefficient(1),
        amount: Money(2),
        basis: ChargeBasis::Average,
        explanation: None,
    };
    kept(tx, line).await?;
    let entry = ledger_entry::Model {
        id: LedgerEntryId(id),
        personal_account_id: PersonalAccountId(id),
        version: 1,
        occurred_at: moment(),
        recorded_at: moment(),
        kind: LedgerEntryKind::Payment,
        amount: Money(-195_685),
        balance_after: Money(-1),
        period: None,
        statement_id: None,
        payment_id: Some(PaymentId(id)),
    };
    kept(tx, entry).await
}
