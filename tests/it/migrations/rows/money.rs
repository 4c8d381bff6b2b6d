//! Payments, statements and the ledger.

use entity::enums::{
    AutopayRunState, AutopayTrigger, Book, ChargeBasis, DifferenceKind, IncidentKind, JournalKind, LedgerEntryKind,
    OutboundKind, PaymentMethod, PaymentStatus, ReceiptMode, ReceiptStatus, RefundStatus, SandboxStatus, SupportState,
    SupportTopic, Unit,
};
use entity::exact::{Coefficient, Money, Price, Quantity, YearMonth};
use entity::ids::{
    AcquirerNotificationId, AutopayId, AutopayRunId, DifferenceId, IncidentId, JournalTransactionId, LedgerEntryId,
    PaymentId, PaymentRegisterId, PersonalAccountId, ProviderId, RefundId, SavedMethodId, StatementId,
    SupportRequestId, UserId,
};
use entity::{
    acquirer_notification, autopay, autopay_run, incident, journal_posting, journal_transaction, ledger_entry, payment,
    payment_register, payment_terms, reconciliation, reconciliation_difference, refund, sandbox_key, sandbox_payment,
    sandbox_refund, saved_method, statement, statement_line, support_message, support_request,
};
use kabinet::platform::db::Tx;
use sea_orm::{DbErr, EntityTrait, IntoActiveModel};

use super::{day, handed_out, kept, moment, text, uuid};

#[expect(clippy::too_many_lines, reason = "a row of each table, with nothing to decide")]
pub async fn money(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let payment = payment::Model {
        id: PaymentId(id),
        personal_account_id: PersonalAccountId(id),
        user_id: UserId(id),
        amount: Money(195_685),
        commission: Money(7),
        status: PaymentStatus::Created,
        acquirer: text("sandbox"),
        acquirer_payment_id: Some(text("1")),
        confirmation_url: None,
        return_url: None,
        receipt_email: None,
        failure: None,
        created_at: moment(),
        paid_at: Some(moment()),
        checks: 2,
        called_at: Some(moment()),
        refunded: Money(0),
        method: PaymentMethod::SbpQr,
        qr_payload: Some(text("https://qr.nspk.ru/1")),
        receipt_status: Some(ReceiptStatus::Succeeded),
        receipt_at: Some(moment()),
        sent_at: Some(moment()),
        posted_at: Some(moment()),
        register_id: Some(PaymentRegisterId(id)),
        saves_method: true,
        saved_method_id: Some(SavedMethodId(id)),
        together_id: Some(PaymentId(id)),
    };
    kept(tx, payment).await?;
    let terms = payment_terms::Model {
        provider_id: ProviderId(id),
        receipt: ReceiptMode::WithPayment,
        vat_code: 11,
        tax_system: Some(2),
        commission_rate: 80,
        commission_least: Money(3_000),
        utilities: true,
        register_template: Some(text("csv")),
    };
    kept(tx, terms).await?;
    comparisons(tx).await?;
    autopays(tx).await?;
    journal(tx).await?;
    let refund = refund::Model {
        id: RefundId(id),
        payment_id: PaymentId(id),
        amount: Money(5),
        commission: Money(7),
        status: RefundStatus::Created,
        acquirer_refund_id: Some(text("r")),
        reason: text("…"),
        requested_by: text("op"),
        request_key: Some(text("one")),
        failure: None,
        created_at: moment(),
        finished_at: Some(moment()),
        called_at: None,
        sent_at: Some(moment()),
        posted_at: Some(moment()),
        register_id: Some(PaymentRegisterId(id)),
    };
    kept(tx, refund).await?;
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
        shop: text("sandbox"),
        metadata: text("{}"),
        capture: true,
        refunded: Money(1),
        method: Some(text("sbp")),
        confirmation: text("qr"),
        receipt_status: Some(ReceiptStatus::Pending),
        saves_method: true,
    };
    kept(tx, sandbox).await?;
    bank(tx).await?;
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
        corrected_at: Some(moment()),
        brought_by: Some(uuid()),
        withdrawn_at: Some(moment()),
        issue_of: Some(StatementId(uuid())),
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
        reverses_id: Some(LedgerEntryId(id)),
    };
    kept(tx, entry).await?;
    support(tx).await
}

async fn support(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let request = support_request::Model {
        id: SupportRequestId(id),
        user_id: UserId(id),
        topic: SupportTopic::Bill,
        state: SupportState::Answered,
        personal_account_id: Some(PersonalAccountId(id)),
        meter_id: None,
        statement_id: Some(StatementId(id)),
        payment_id: Some(PaymentId(id)),
        opened_at: moment(),
        moved_at: moment(),
    };
    kept(tx, request).await?;
    let message = support_message::Model {
        support_request_id: SupportRequestId(id),
        position: 1,
        by_support: false,
        text: text("Почему?"),
        sent_at: moment(),
    };
    kept(tx, message).await
}

/// A transaction is taken with postings that sum to zero only, and they come first.
async fn journal(tx: &Tx) -> Result<(), DbErr> {
    let id = JournalTransactionId(uuid());
    for (book, amount) in [(Book::Acquirer, Money(5)), (Book::Provider, Money(-5))] {
        let posting = journal_posting::Model { transaction_id: id, book, amount };
        journal_posting::Entity::insert(posting.into_active_model()).exec_without_returning(&**tx).await?;
    }
    let transaction = journal_transaction::Model {
        id,
        kind: JournalKind::Payment,
        reference: text("1"),
        payment_id: Some(PaymentId(uuid())),
        personal_account_id: None,
        provider_id: ProviderId(uuid()),
        acquirer: Some(text("sandbox")),
        occurred_at: moment(),
        recorded_at: moment(),
    };
    kept(tx, transaction).await?;
    handed_out(tx, OutboundKind::Movement).await?;
    let incident = incident::Model {
        id: IncidentId(uuid()),
        kind: IncidentKind::LateSuccess,
        subject: text("1"),
        payment_id: Some(PaymentId(uuid())),
        details: text("…"),
        owner: None,
        opened_at: moment(),
        closed_at: Some(moment()),
        resolution: Some(text("…")),
    };
    kept(tx, incident).await
}

async fn bank(tx: &Tx) -> Result<(), DbErr> {
    let refund = sandbox_refund::Model {
        id: text("r"),
        payment_id: text("1"),
        amount: Money(1),
        metadata: text("{}"),
        created_at: moment(),
    };
    kept(tx, refund).await?;
    let key = sandbox_key::Model {
        shop: text("sandbox"),
        key: text("key"),
        fingerprint: text("ff"),
        object_id: Some(text("1")),
        calls: 1,
        first_at: moment(),
    };
    kept(tx, key).await
}

async fn comparisons(tx: &Tx) -> Result<(), DbErr> {
    let register = payment_register::Model {
        id: PaymentRegisterId(uuid()),
        provider_id: ProviderId(uuid()),
        number: 1,
        template: text("csv"),
        file_name: text("payments_gas_001.csv"),
        payments: 2,
        total: Money(3),
        content: vec![0, 255],
        created_at: moment(),
    };
    kept(tx, register).await?;
    kept(tx, reconciliation::Model { acquirer: text("sandbox"), day: day(), done_at: moment() }).await?;
    let difference = reconciliation_difference::Model {
        id: DifferenceId(uuid()),
        acquirer: text("sandbox"),
        day: day(),
        kind: DifferenceKind::MissingHere,
        subject: text("1"),
        payment_id: Some(PaymentId(uuid())),
        ours: None,
        theirs: Some(Money(1)),
        owner: Some(text("Olga")),
        opened_at: moment(),
        closed_at: None,
        resolution: None,
    };
    kept(tx, difference).await
}

async fn autopays(tx: &Tx) -> Result<(), DbErr> {
    let method = saved_method::Model {
        id: SavedMethodId(uuid()),
        user_id: UserId(uuid()),
        acquirer: text("sandbox"),
        acquirer_method_id: text("1"),
        kind: text("bank_card"),
        title: text("*4477"),
        saved_at: moment(),
    };
    kept(tx, method).await?;
    let autopay = autopay::Model {
        id: AutopayId(uuid()),
        user_id: UserId(uuid()),
        personal_account_id: PersonalAccountId(uuid()),
        saved_method_id: SavedMethodId(uuid()),
        acts_on: AutopayTrigger::DueDate,
        ceiling: Money(1),
        consented_at: moment(),
        after_period: Some(YearMonth(202_605)),
        paused_at: Some(moment()),
        pause_reason: Some(text("card_expired")),
    };
    kept(tx, autopay).await?;
    let run = autopay_run::Model {
        id: AutopayRunId(uuid()),
        autopay_id: AutopayId(uuid()),
        period: YearMonth(202_605),
        amount: Money(1),
        commission: Money(1),
        state: AutopayRunState::Announced,
        due_at: moment(),
        tries: 1,
        payment_id: Some(PaymentId(uuid())),
        reason: Some(text("insufficient_funds")),
        announced_at: moment(),
        told_at: Some(moment()),
    };
    kept(tx, run).await
}
