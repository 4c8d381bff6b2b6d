//! The steps go up and down on both engines, and the entities are the tables that they make.

use chrono::{DateTime, NaiveDate, Utc};
use entity::enums::{
    AccessLevel, AgreementKind, AuditEventKind, ChargeBasis, EmailChangeLinkPurpose, ErasureReason, LedgerEntryKind,
    Locale, PaymentStatus, ReadingSource, ReadingStatus, SandboxStatus, ServiceChangeKind, Unit,
};
use entity::exact::{Coefficient, Money, Price, Quantity, YearMonth};
use entity::ids::*;
use entity::{
    account_service, acquirer_notification, agreement_acceptance, attachment, audit_circumstance, audit_event,
    cabinet_deletion, email_change, email_change_link, erasure, idempotency_key, import_file, key_value, ledger_entry,
    meter, meter_reading, outbox_job, payment, personal_account, provider, reading_status_change, recovery_code,
    sandbox_payment, service_change, statement, statement_line, tariff, two_factor, user,
};
use kabinet::kernel::{Entropy, Failure};
use kabinet::platform::db::{Db, Engine, Tx};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, ModelTrait, Statement};
use uuid::Uuid;

use crate::harness::{Backend, Way};

async fn connect(backend: &Backend) -> Db {
    let config = backend.config("http://127.0.0.1:1");
    Db::connect(&config.database, &config.data_dir, Entropy::System).await.unwrap()
}

/// Tables, and functions of ours, that are there.
async fn things(db: &Db) -> Vec<String> {
    let sql = match db.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name",
        Engine::Postgres => {
            "SELECT name FROM (SELECT tablename::text AS name FROM pg_tables WHERE schemaname = 'public' \
             UNION SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' \
             UNION SELECT proname::text FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace \
             WHERE n.nspname = 'public') AS all_of_it ORDER BY name"
        }
    };
    let statement = Statement::from_string(db.read().get_database_backend(), sql);
    let rows = db.read().query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get("", "name").unwrap()).collect()
}

async fn up_and_down(way: Way) {
    let backend = Backend::empty(way).await;
    let db = connect(&backend).await;
    assert!(db.pending_migrations().await.unwrap() > 0);
    db.migrate_up().await.unwrap();
    assert_eq!(db.pending_migrations().await.unwrap(), 0);
    let whole = things(&db).await;
    assert!(whole.iter().any(|name| name == "ledger_entries"));
    db.migrate_up().await.expect("a second time changes nothing");

    db.migrate_down(None).await.unwrap();
    let left: Vec<_> = things(&db).await.into_iter().filter(|name| !name.starts_with("seaql_migrations")).collect();
    assert_eq!(left, Vec::<String>::new(), "what a step made, its way back removes");
    db.migrate_up().await.unwrap();
    assert_eq!(things(&db).await, whole);

    let steps = u32::try_from(whole.len()).unwrap();
    for _ in 0..steps {
        db.migrate_down(Some(1)).await.unwrap();
        if db.pending_migrations().await.unwrap() > 7 {
            break;
        }
    }
    db.migrate_up().await.expect("step by step as well");
    assert_eq!(things(&db).await, whole);
    db.close().await;
    backend.clean_up().await;
}

/// What was stored is what is read.
async fn kept<M>(tx: &Tx, row: M) -> Result<(), DbErr>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + PartialEq + std::fmt::Debug + Clone,
    M::Entity: EntityTrait<Model = M>,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    M::Entity::insert(row.clone().into_active_model()).exec_without_returning(&**tx).await?;
    let read = M::Entity::find().one(&**tx).await?;
    assert_eq!(read, Some(row));
    Ok(())
}

fn moment() -> DateTime<Utc> {
    "2026-06-20T09:00:00.123456Z".parse().unwrap()
}

fn day() -> NaiveDate {
    "2026-06-20".parse().unwrap()
}

fn uuid() -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001)
}

fn text(text: &str) -> String {
    text.to_owned()
}

async fn rights(tx: &Tx) -> Result<(), DbErr> {
    let deletion = cabinet_deletion::Model { user_id: UserId(uuid()), requested_at: moment(), due_at: moment() };
    kept(tx, deletion).await?;
    let record = erasure::Model {
        id: ErasureId(uuid()),
        user_id: UserId(uuid()),
        reason: ErasureReason::Requested,
        erased_at: moment(),
        address_hash: text("hash"),
        counts: text("{}"),
    };
    kept(tx, record).await
}

async fn audit(tx: &Tx) -> Result<(), DbErr> {
    let event = audit_event::Model {
        id: AuditEventId(uuid()),
        user_id: UserId(uuid()),
        sequence: 1,
        kind: AuditEventKind::Registered,
        occurred_at: moment(),
        circumstances_hash: text("a"),
        previous_hash: text("b"),
        hash: text("c"),
    };
    kept(tx, event).await?;
    let circumstances = audit_circumstance::Model {
        event_id: AuditEventId(uuid()),
        salt: text("salt"),
        address: Some(text("::1")),
        device: None,
        request_id: Some(text("r-1")),
        details: text("{}"),
    };
    kept(tx, circumstances).await
}

async fn people(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let user = user::Model {
        id: UserId(id),
        email: text("anna@example.com"),
        password_hash: text("$argon2id$"),
        full_name: Some(text("Анна Ёлкина")),
        phone: None,
        locale: Locale::Ru,
        created_at: moment(),
        email_confirmed_at: Some(moment()),
        confirmation_expires_at: None,
        confirmation_sent_at: Some(moment()),
        credentials_version: 0,
        password_contested: false,
        confirmation_letters: 1,
        confirmation_letters_since: None,
    };
    kept(tx, user).await?;
    let acceptance = agreement_acceptance::Model {
        id: AgreementAcceptanceId(id),
        user_id: UserId(id),
        kind: AgreementKind::PersonalDataConsent,
        version: text("2026-11-01"),
        accepted_at: moment(),
        address: text("::1"),
    };
    kept(tx, acceptance).await?;
    let factor = two_factor::Model {
        user_id: UserId(id),
        secret: text("sealed"),
        begun_at: moment(),
        confirmed_at: Some(moment()),
        last_step: Some(i64::MAX),
    };
    kept(tx, factor).await?;
    kept(tx, recovery_code::Model { user_id: UserId(id), code_hash: text("0f") }).await?;
    let change = email_change::Model {
        id: EmailChangeId(id),
        user_id: UserId(id),
        old_email: text("anna@example.com"),
        new_email: text("anna@example.org"),
        credentials_version: 3,
        requested_at: moment(),
        expires_at: moment(),
        confirmed_by_old_at: Some(moment()),
        confirmed_by_new_at: None,
        completed_at: None,
    };
    kept(tx, change).await?;
    let link = email_change_link::Model {
        token_hash: text("00ff"),
        email_change_id: EmailChangeId(id),
        purpose: EmailChangeLinkPurpose::ConfirmByNew,
    };
    kept(tx, link).await
}

async fn accounts(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let provider = provider::Model {
        id: ProviderId(id),
        code: text("teplo"),
        name: text("Тепло"),
        search_name: text("тепло"),
        region: None,
        account_number_pattern: text("^[0-9]{10}$"),
        account_number_sample: text("0123456789"),
        account_number_hint_ru: text("10 цифр"),
        account_number_hint_en: text("10 digits"),
        access_proofs: text("PIN"),
        reading_window_first_day: Some(15),
        reading_window_last_day: Some(25),
        support_email: None,
        time_zone_minutes: -180,
        usual_monthly_maximum: Some(Quantity(1)),
        inn: Some(text("7700000000")),
        kpp: None,
        bank_name: None,
        bic: None,
        bank_account: None,
        correspondent_account: None,
    };
    kept(tx, provider).await?;
    let account = personal_account::Model {
        id: PersonalAccountId(id),
        provider_id: ProviderId(id),
        number: text("0000000001"),
        holder_name: None,
        address: Some(text("ул. Мира, 1")),
        pin: Some(text("0042")),
        attachable: true,
        residents: Some(3),
        heated_area: Some(Quantity(541_000)),
        balance: Money(-1),
        in_transit: Money(i64::MAX),
        version: 1,
        balance_as_of: moment(),
    };
    kept(tx, account).await?;
    let attachment = attachment::Model {
        id: AttachmentId(id),
        user_id: UserId(id),
        personal_account_id: PersonalAccountId(id),
        access: AccessLevel::Full,
        nickname: Some(text("Дача")),
        attached_at: moment(),
        proved_at: None,
        attached_version: 0,
    };
    kept(tx, attachment).await
}

async fn services(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let service = account_service::Model {
        id: AccountServiceId(id),
        personal_account_id: PersonalAccountId(id),
        code: text("hot-water"),
        name: text("ГВС"),
        unit: Unit::CubicMetre,
        tariff_group: text("population"),
        contract_number: None,
        norm: Some(Quantity(32_000)),
        starts_on: day(),
        ends_on: None,
    };
    kept(tx, service).await?;
    let change = service_change::Model {
        id: ServiceChangeId(id),
        personal_account_id: PersonalAccountId(id),
        service_code: text("hot-water"),
        changed_on: day(),
        kind: ServiceChangeKind::Residents,
        before: Some(text("2")),
        after: None,
        description: text("…"),
    };
    kept(tx, change).await?;
    let tariff = tariff::Model {
        id: TariffId(id),
        provider_id: ProviderId(id),
        service_code: text("hot-water"),
        service_name: text("ГВС"),
        tariff_group: text("population"),
        price: Price(732_812),
        unit: Unit::Gigacalorie,
        starts_on: day(),
        ends_on: Some(day()),
        order_reference: None,
    };
    kept(tx, tariff).await?;
    let meter = meter::Model {
        id: MeterId(id),
        personal_account_id: PersonalAccountId(id),
        service_code: text("hot-water"),
        name: text("Кухня"),
        serial_number: text("007"),
        model: None,
        unit: Unit::KilowattHour,
        registers: text("DAY,NIGHT"),
        integer_digits: 5,
        fraction_digits: 3,
        coefficient: Coefficient(1_000_001),
        installed_on: Some(day()),
        verification_due_on: None,
        removed_on: None,
        last_reading_id: Some(MeterReadingId(id)),
    };
    kept(tx, meter).await?;
    let reading = meter_reading::Model {
        id: MeterReadingId(id),
        meter_id: MeterId(id),
        personal_account_id: PersonalAccountId(id),
        taken_on: day(),
        submitted_at: moment(),
        source: ReadingSource::Cabinet,
        status: ReadingStatus::Submitted,
        submitted_by: Some(UserId(id)),
        payment_id: None,
        value_single: None,
        value_day: Some(Quantity(12)),
        value_night: Some(Quantity(0)),
        value_peak: None,
        consumption: Some(Quantity(9_999)),
        history_withheld: false,
        warnings: text("OUTSIDE_WINDOW"),
    };
    kept(tx, reading).await?;
    let change = reading_status_change::Model {
        meter_reading_id: MeterReadingId(id),
        position: 2,
        status: ReadingStatus::Rejected,
        changed_at: moment(),
        reason: Some(text("Пломба сорвана")),
    };
    kept(tx, change).await
}

async fn money(tx: &Tx) -> Result<(), DbErr> {
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

async fn mechanisms(tx: &Tx) -> Result<(), DbErr> {
    let id = uuid();
    let key = idempotency_key::Model {
        user_id: UserId(id),
        operation: text("startPayment"),
        key: text("один"),
        fingerprint: text("ff"),
        outcome: text("\"1\""),
        created_at: moment(),
    };
    kept(tx, key).await?;
    let job = outbox_job::Model {
        id: OutboxJobId(id),
        kind: text("settle_payment"),
        payload: text("{}"),
        created_at: moment(),
        due_at: moment(),
        attempts: 3,
        leased_until: Some(moment()),
        dead_at: None,
        last_error: Some(text("…")),
    };
    kept(tx, job).await?;
    let value = key_value::Model {
        space: text("session"),
        key: text("00ff"),
        owner: Some(id),
        value: text("{}"),
        expires_at: moment(),
    };
    kept(tx, value).await?;
    let file = import_file::Model {
        id: ImportFileId(id),
        provider_code: text("teplo"),
        name: text("accounts.csv"),
        kind: text("accounts"),
        sha256: text("00"),
        rows_total: i64::MAX,
        rows_done: 0,
        started_at: moment(),
        finished_at: None,
        exported_at: Some(moment()),
    };
    kept(tx, file).await
}

async fn rows(way: Way) {
    const TABLES: usize = 29;
    let backend = Backend::empty(way).await;
    let db = connect(&backend).await;
    db.migrate_up().await.unwrap();
    let stored = db.transaction(|tx| async move {
        people(&tx).await?;
        accounts(&tx).await?;
        audit(&tx).await?;
        rights(&tx).await?;
        services(&tx).await?;
        money(&tx).await?;
        mechanisms(&tx).await?;
        Ok::<_, Failure<()>>(())
    });
    stored.await.expect("every entity is its table");
    let counted = match db.engine() {
        Engine::Sqlite => {
            "SELECT count(*) AS tables FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        Engine::Postgres => "SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'public'",
    };
    let counted = Statement::from_string(db.read().get_database_backend(), counted);
    let tables: i64 = db.read().query_one_raw(counted).await.unwrap().unwrap().try_get("", "tables").unwrap();
    assert_eq!(
        tables,
        i64::try_from(TABLES).unwrap() + 1,
        "this test knows every table, and the list of steps is one more"
    );
    db.close().await;
    backend.clean_up().await;
}

macro_rules! on_both_engines {
    ($name:ident, $body:ident) => {
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$body(crate::harness::Way::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$body(crate::harness::Way::Full).await;
            }
        }
    };
}

on_both_engines!(the_schema_goes_up_from_nothing_down_to_nothing_and_up_again, up_and_down);
on_both_engines!(a_row_of_every_table_is_read_as_it_was_stored, rows);
