mod look;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use entity::enums::{AccessLevel, LedgerEntryKind};
use entity::exact::{Money, Price, YearMonth};
use entity::ids::PersonalAccountId;
use entity::{
    attachment, import_file, ledger_entry, meter, meter_reading, outbox_job, personal_account, statement, tariff, user,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use tokio_util::sync::CancellationToken;

use super::{ImportEvent, Mode, Outcome, Step};
use crate::billing::Billing;
use crate::billing::ledger::Change;
use crate::integrators::register::Separator;
use crate::kernel::{Failure, Fault};
use crate::platform::db::{Db, bulk};
use look::{account_of, contents, ledger, outcomes, problems, tally};
use world::{World, account, money};

macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $test() {
                super::$test(super::World::sqlite().await).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test]
            async fn $test() {
                if let Some(world) = super::World::postgres().await {
                    super::$test(world).await;
                }
            }
        )+}
    };
}

// After the macro, which it uses.
mod corrections;
mod exports;

on_both_engines!(
    demo_registers_load_and_every_balance_is_the_sum_of_its_ledger,
    a_second_run_changes_nothing,
    an_interrupted_run_goes_on_where_it_was,
    a_refused_month_is_not_written_and_keeps_the_later_ones_out,
    a_stored_month_is_not_rewritten,
    money_paid_here_is_not_counted_twice,
    a_statement_shows_nothing_that_was_paid_after_it_was_issued,
    a_row_of_an_unknown_account_refuses_its_file,
    a_reading_must_fit_its_meter,
    what_changed_is_overwritten_and_what_did_not_is_left,
    the_last_reading_of_a_meter_is_the_newest,
    a_replacement_closes_one_meter_and_opens_another_in_one_act,
    a_replacement_that_contradicts_its_meters_is_refused,
    a_statement_without_a_due_date_is_due_by_the_providers_day,
    content_that_comes_back_is_loaded_again,
    a_dry_run_writes_nothing,
    an_attached_account_is_told_of_its_new_balance,
    many_rows_cost_few_statements,
);

async fn demo_registers_load_and_every_balance_is_the_sum_of_its_ledger(world: World) {
    let (dir, samples) = world.demo(150, 4);
    let report = world.load(&dir).await;
    assert!(report.files.iter().all(|file| file.tally.new == file.rows), "{report:?}");
    let db = world.db();
    assert_eq!(personal_account::Entity::find().count(db.read()).await.unwrap(), 150);
    assert_eq!(statement::Entity::find().count(db.read()).await.unwrap(), 600);
    assert_eq!(Billing::new(&world.mechanisms).unbalanced_accounts(10).await.unwrap(), []);
    for sample in &samples.accounts {
        let account = account_of(db, &sample.number).await;
        assert_eq!((account.balance.to_string(), account.pin), (sample.debt.clone(), Some(sample.pin.clone())));
    }
    let debtor = account_of(db, &samples.accounts[0].number).await;
    let meters = meter::Entity::find().filter(meter::Column::PersonalAccountId.eq(debtor.id));
    let last = meters.one(db.read()).await.unwrap().unwrap().last_reading_id.unwrap();
    let last = meter_reading::Entity::find_by_id(last).one(db.read()).await.unwrap().unwrap();
    assert_eq!(last.value_single.unwrap().to_string(), "27927");
}

async fn a_second_run_changes_nothing(world: World) {
    let (dir, _) = world.demo(60, 3);
    world.load(&dir).await;
    let before = contents(world.db()).await;
    let again = world.load(&dir).await;
    let passed_over = |outcome| matches!(outcome, Outcome::AlreadyLoaded | Outcome::Loaded);
    assert!(again.files.iter().all(|file| passed_over(file.outcome) && file.tally.unchanged == file.rows));
    assert_eq!(contents(world.db()).await, before);

    // Even with the memory of what was loaded gone.
    forget_imports(world.db()).await;
    let again = world.load(&dir).await;
    assert!(again.files.iter().all(|file| file.tally.unchanged == file.rows), "{again:?}");
    assert_eq!(contents(world.db()).await, before);
}

async fn forget_imports(db: &Db) {
    let forget = |tx: crate::platform::db::Tx| async move {
        import_file::Entity::delete_many().exec(&*tx).await?;
        Ok::<_, Failure<std::convert::Infallible>>(())
    };
    db.transaction(forget).await.map_err(Fault::from).unwrap();
}

async fn an_interrupted_run_goes_on_where_it_was(world: World) {
    let many = u64::try_from(bulk::ROWS).unwrap() * 2 + 300;
    let numbers: Vec<String> = (0..many).map(|number| format!("{number:04}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let bills: Vec<_> = numbers.iter().map(|number| (*number, "10.00", "5.00", "0")).collect();
    let dir = world.book("book").accounts(&numbers).month(202_610, &bills).seal();

    // Each run is stopped after one more chunk of writing.
    let mut runs = 0;
    loop {
        let (stop, advances) = (CancellationToken::new(), AtomicU32::new(0));
        let asked = stop.clone();
        let events = move |event: ImportEvent<'_>| match event {
            // The first step of the writing passes over what is written already.
            ImportEvent::Began { step, .. } => advances.store(u32::from(step == Step::Write), Ordering::Relaxed),
            ImportEvent::Advanced { .. } => match advances.load(Ordering::Relaxed) {
                0 => {}
                1 => advances.store(2, Ordering::Relaxed),
                _ => asked.cancel(),
            },
            ImportEvent::Differs { .. } | ImportEvent::Ended { .. } => {}
        };
        let importer = world.importer().stopping_with(stop);
        let report = importer.import(&dir, Mode::Write, &events).await.unwrap();
        assert!(!report.refused(), "{report:?}");
        runs += 1;
        assert!(runs < 20, "no progress");
        if !report.interrupted() {
            break;
        }
    }
    assert!(runs > 3, "{runs}");
    assert_eq!(Billing::new(&world.mechanisms).unbalanced_accounts(10).await.unwrap(), []);
    assert_eq!(statement::Entity::find().count(world.db().read()).await.unwrap(), many);
    assert_eq!(ledger_entry::Entity::find().count(world.db().read()).await.unwrap(), 2 * many);
    let files = import_file::Entity::find().all(world.db().read()).await.unwrap();
    assert!(files.iter().all(|file| file.finished_at.is_some() && file.rows_done == file.rows_total));
}

async fn a_refused_month_is_not_written_and_keeps_the_later_ones_out(world: World) {
    let book = world.book("book").accounts(&["0001", "0002"]);
    let book = book.month(202_608, &[("0001", "10", "5", "0"), ("0002", "0", "0", "0")]);
    let book = book.month(202_609, &[("0001", "15", "5", "0"), ("0002", "1", "5", "0")]);
    let dir = book.month(202_610, &[("0001", "20", "5", "0"), ("0002", "6", "5", "0")]).seal();
    let report = world.import(&dir).await;
    let of_month = |month: &str| {
        report.files.iter().find(|file| file.file.ends_with(&format!("{month}.csv"))).map(|file| file.outcome)
    };
    assert_eq!(of_month("2026-08"), Some(Outcome::Loaded));
    assert_eq!(of_month("2026-09"), Some(Outcome::Refused));
    assert_eq!(of_month("2026-10"), Some(Outcome::Refused));
    assert!(problems(&report).contains("statements-2026-09.csv, line 3, column opening"), "{}", problems(&report));
    assert!(problems(&report).contains("the statements of 2026-09 were refused"));
    assert_eq!(account_of(world.db(), "0001").await.balance, money("15"));

    // The provider mends it and exports anew.
    let book = world.book("mended").month(202_609, &[("0001", "15", "5", "0"), ("0002", "0", "5", "0")]);
    let dir = book.month(202_610, &[("0001", "20", "5", "0"), ("0002", "5", "5", "0")]).seal();
    world.load(&dir).await;
    assert_eq!(account_of(world.db(), "0001").await.balance, money("25"));
    assert_eq!(ledger(world.db(), "0002").await.len(), 2);
}

async fn a_stored_month_is_not_rewritten(world: World) {
    let bills = [("0001", "10", "5", "0"), ("0002", "0", "7", "0")];
    world.load(&world.book("first").accounts(&["0001", "0002"]).month(202_610, &bills).seal()).await;
    let before = contents(world.db()).await;

    let mut same = world.book("same");
    same.separator = Separator::Comma;
    let report = world.load(&same.month(202_610, &bills).seal()).await;
    assert_eq!(tally(&report, "statements-2026-10.csv"), (0, 0, 2));

    let other = world.book("other").month(202_610, &[("0001", "10", "6", "0"), ("0002", "0", "7", "0")]).seal();
    assert!(problems(&world.import(&other).await).contains("line 2, column period: the statement of this period is"));
    let older = world.book("older").month(202_609, &[("0001", "10", "0", "0")]).seal();
    assert!(problems(&world.import(&older).await).contains("older than the newest stored statement, 2026-10"));
    assert_eq!(contents(world.db()).await, before);
}

/// Paid through kabinet, not by a statement.
async fn pay_here(world: &World, sum: &str, at: &str) {
    let billing = &Billing::new(&world.mechanisms);
    let account = account_of(world.db(), "0001").await.id;
    let change = Change {
        kind: LedgerEntryKind::Payment,
        amount: -money(sum),
        occurred_at: at.parse().unwrap(),
        payment_id: None,
        in_transit: money(sum),
    };
    let pay =
        |tx| async move { Ok::<_, Failure<std::convert::Infallible>>(billing.append_in(&tx, account, change).await?) };
    world.db().transaction(pay).await.map_err(Fault::from).unwrap();
}

async fn a_statement_shows_nothing_that_was_paid_after_it_was_issued(world: World) {
    world.load(&world.book("one").accounts(&["0001"]).month(202_609, &[("0001", "0", "100", "0")]).seal()).await;
    pay_here(&world, "40", "2026-11-22T10:00:00Z").await;
    // Issued on 1 November: the fifty roubles were paid elsewhere.
    world.load(&world.book("two").month(202_610, &[("0001", "100", "30", "50")]).seal()).await;
    let account = account_of(world.db(), "0001").await;
    assert_eq!((account.balance, account.in_transit), (money("40"), money("40")));
    assert_eq!(account.balance_as_of, "2026-11-22T10:00:00Z".parse::<DateTime<Utc>>().unwrap());
    // The month that shows it is missing: by the next one it is no longer on its way.
    world.load(&world.book("gap").month(202_612, &[("0001", "40", "5", "0")]).seal()).await;
    let account = account_of(world.db(), "0001").await;
    assert_eq!((account.balance, account.in_transit), (money("45"), Money::ZERO));
}

async fn money_paid_here_is_not_counted_twice(world: World) {
    world.load(&world.book("one").accounts(&["0001"]).month(202_609, &[("0001", "0", "100", "0")]).seal()).await;
    pay_here(&world, "40", "2026-10-15T12:00:00Z").await;

    // The provider shows ours and ten roubles that were paid elsewhere.
    world.load(&world.book("two").month(202_610, &[("0001", "100", "30", "50")]).seal()).await;
    let account = account_of(world.db(), "0001").await;
    assert_eq!((account.balance, account.in_transit, account.version), (money("80"), Money::ZERO, 4));
    let kinds = [LedgerEntryKind::Charge, LedgerEntryKind::Payment, LedgerEntryKind::Charge, LedgerEntryKind::Payment];
    let amounts = ["100.00", "-40.00", "30.00", "-10.00"].map(String::from);
    assert_eq!(ledger(world.db(), "0001").await, kinds.into_iter().zip(amounts).collect::<Vec<_>>());

    // A gap of months becomes an adjustment.
    world.load(&world.book("gap").month(202_612, &[("0001", "95", "5", "0")]).seal()).await;
    let entries = ledger(world.db(), "0001").await;
    assert_eq!(entries[4], (LedgerEntryKind::Adjustment, "15.00".into()));
    assert_eq!(account_of(world.db(), "0001").await.balance, money("100"));
}

async fn a_row_of_an_unknown_account_refuses_its_file(world: World) {
    let dir = world.book("book").accounts(&["0001"]).meters(&[("0001", "A"), ("0009", "B")]).seal();
    let report = world.import(&dir).await;
    assert!(problems(&report).contains("meters.csv, line 3, column account: 0009 is not known"), "{report:?}");
    assert_eq!(meter::Entity::find().count(world.db().read()).await.unwrap(), 0);
    let dir = world.book("numbers").accounts(&["0001", "00022"]).seal();
    assert!(problems(&world.import(&dir).await).contains("line 3, column number: \"00022\" does not fit"));
}

async fn a_reading_must_fit_its_meter(world: World) {
    let book = world.book("book").accounts(&["0001"]).meters(&[("0001", "A")]);
    let dir = book.readings(&[("0001", "A", "2026-10-20", 100_000), ("0001", "B", "2026-10-20", 1)]).seal();
    let told = problems(&world.import(&dir).await);
    assert!(told.contains("line 2, column value_single: 100000 has more than 5 digits"), "{told}");
    assert!(told.contains("line 3, column meter: B of 0001 is not known"), "{told}");
    assert_eq!(meter_reading::Entity::find().count(world.db().read()).await.unwrap(), 0);
}

async fn what_changed_is_overwritten_and_what_did_not_is_left(world: World) {
    world.load(&world.book("one").tariff("9.5").accounts(&["0001", "0002"]).seal()).await;
    let moved = account_of(world.db(), "0001").await;
    let rows = [account("0001", "Иванова"), account("0002", "Петров"), account("0003", "Сидоров")];
    let report = world.load(&world.book("two").tariff("9.75").rows(None, &rows).seal()).await;
    assert_eq!(tally(&report, "accounts.csv"), (1, 1, 1));
    assert_eq!(tally(&report, "tariffs.csv"), (0, 1, 0));
    assert_eq!(tally(&report, "provider.toml"), (0, 0, 1));
    assert_eq!(account_of(world.db(), "0001").await, moved);
    assert_eq!(account_of(world.db(), "0002").await.holder_name.as_deref(), Some("Петров"));
    let tariff = tariff::Entity::find().one(world.db().read()).await.unwrap().unwrap();
    assert_eq!(tariff.price, Price(975_000));
}

async fn the_last_reading_of_a_meter_is_the_newest(world: World) {
    let last = async || {
        let meter = meter::Entity::find().one(world.db().read()).await.unwrap().unwrap();
        let reading = meter_reading::Entity::find_by_id(meter.last_reading_id.unwrap());
        reading.one(world.db().read()).await.unwrap().unwrap().taken_on.to_string()
    };
    let book = world.book("one").accounts(&["0001"]).meters(&[("0001", "A")]);
    world.load(&book.readings(&[("0001", "A", "2026-09-20", 10), ("0001", "A", "2026-10-20", 20)]).seal()).await;
    assert_eq!(last().await, "2026-10-20");
    // A late one of the past, a correction, and the meter itself once more.
    let book = world.book("two").meters(&[("0001", "A")]);
    let report =
        world.load(&book.readings(&[("0001", "A", "2026-08-20", 5), ("0001", "A", "2026-10-20", 21)]).seal()).await;
    assert_eq!((tally(&report, "readings.csv"), last().await), ((1, 1, 0), "2026-10-20".into()));
    world.load(&world.book("three").readings(&[("0001", "A", "2026-11-20", 30)]).seal()).await;
    assert_eq!(last().await, "2026-11-20");
}

async fn content_that_comes_back_is_loaded_again(world: World) {
    let price = async || tariff::Entity::find().one(world.db().read()).await.unwrap().unwrap().price.to_string();
    let (cheap, dear) = (world.book("one").tariff("9.5").seal(), world.book("two").tariff("9.75").seal());
    for (dir, expected) in [(&cheap, "9.50"), (&dear, "9.75"), (&cheap, "9.50"), (&cheap, "9.50")] {
        world.mechanisms.clock.advance(chrono::TimeDelta::hours(1));
        world.load(dir).await;
        assert_eq!(price().await, expected);
    }
}

async fn a_dry_run_writes_nothing(world: World) {
    let dry = async |dir: &Path| world.importer().import(dir, Mode::DryRun, &|_| ()).await.unwrap();
    let (dir, _) = world.demo(60, 2);
    let report = dry(&dir).await;
    assert!(!report.refused(), "{}", problems(&report));
    assert!(report.files.iter().all(|file| file.tally.new == file.rows), "{report:?}");
    assert_eq!(contents(world.db()).await, BTreeMap::new());
    assert_eq!(import_file::Entity::find().count(world.db().read()).await.unwrap(), 0);

    let dir = world.book("bad").accounts(&["0001"]).month(202_610, &[("0009", "0", "1", "0")]).seal();
    let report = dry(&dir).await;
    assert!(problems(&report).contains("statements-2026-10.csv, line 2, column account: 0009 is not known"));

    let dir = world.book("good").accounts(&["0001"]).month(202_610, &[("0001", "0", "1", "0")]).seal();
    world.load(&dir).await;
    assert_eq!(outcomes(&dry(&dir).await)[2], ("statements-2026-10.csv", Outcome::AlreadyLoaded));
}

async fn an_attached_account_is_told_of_its_new_balance(world: World) {
    let bills = [("0001", "0", "1", "0"), ("0002", "0", "1", "0")];
    let dir = world.book("one").accounts(&["0001", "0002"]).seal();
    world.load(&dir).await;
    let account = account_of(world.db(), "0001").await.id;
    attach(&world, account).await;
    world.load(&world.book("two").month(202_610, &bills).seal()).await;
    let jobs = outbox_job::Entity::find().all(world.db().read()).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert!(jobs[0].kind == "balance_changed" && jobs[0].payload.contains(&account.0.to_string()));
}

async fn attach(world: &World, account: PersonalAccountId) {
    let (now, person) = (world.mechanisms.clock.now(), entity::ids::UserId(uuid::Uuid::nil()));
    let user = user::Model {
        id: person,
        email: "a@b.example".into(),
        password_hash: String::new(),
        full_name: None,
        phone: None,
        locale: entity::enums::Locale::Ru,
        created_at: now,
        email_confirmed_at: None,
        confirmation_expires_at: None,
        confirmation_sent_at: None,
        credentials_version: 0,
        password_contested: false,
        confirmation_letters: 1,
        confirmation_letters_since: None,
    };
    let attachment = attachment::Model {
        id: entity::ids::AttachmentId(uuid::Uuid::nil()),
        user_id: person,
        personal_account_id: account,
        access: AccessLevel::Limited,
        nickname: None,
        attached_at: now,
        proved_at: None,
        attached_version: 0,
        share_id: None,
        may_pay: true,
        ends_at: None,
    };
    let insert = |tx| {
        let (user, attachment) = (user.clone(), attachment.clone());
        async move {
            bulk::insert_all::<user::Entity>(&tx, &[user]).await?;
            Ok::<_, Failure<std::convert::Infallible>>(
                bulk::insert_all::<attachment::Entity>(&tx, &[attachment]).await?,
            )
        }
    };
    world.db().transaction(insert).await.map_err(Fault::from).unwrap();
}

async fn meter_of(world: &World, serial: &str) -> meter::Model {
    let found = meter::Entity::find().filter(meter::Column::SerialNumber.eq(serial)).one(world.db().read()).await;
    found.unwrap().unwrap()
}

async fn a_replacement_closes_one_meter_and_opens_another_in_one_act(world: World) {
    let meters = [("0001", "1"), ("0001", "2"), ("0001", "3")];
    let readings = [("0001", "1", "2026-09-20", 99_980), ("0001", "3", "2026-10-25", 4)];
    // The one from the end of the list came in between: replaced twice.
    let acts = [("0001", "1", "2", "2026-10-12"), ("0001", "2", "3", "2026-10-20")];
    let book = |folder: &str| world.book(folder).accounts(&["0001"]).meters(&meters).readings(&readings);
    let dir = book("book").replacements(&[(acts[0], 15, 0), (acts[1], 7, 2)]).seal();
    world.load(&dir).await;
    let [first, second, third] =
        [meter_of(&world, "1").await, meter_of(&world, "2").await, meter_of(&world, "3").await];
    let day = |text: &str| Some(text.parse().unwrap());
    assert_eq!((first.removed_on, second.installed_on), (day("2026-10-12"), day("2026-10-12")));
    assert_eq!((second.removed_on, third.installed_on, third.removed_on), (day("2026-10-20"), day("2026-10-20"), None));
    let shown = async |meter: &meter::Model| {
        let last = meter_reading::Entity::find_by_id(meter.last_reading_id.unwrap()).one(world.db().read()).await;
        let last = last.unwrap().unwrap();
        (last.taken_on.to_string(), last.value_single.unwrap().to_string())
    };
    assert_eq!(shown(&first).await, ("2026-10-12".to_owned(), "15".to_owned()));
    assert_eq!(shown(&second).await, ("2026-10-20".to_owned(), "7".to_owned()));
    assert_eq!(shown(&third).await, ("2026-10-25".to_owned(), "4".to_owned()));
    // The meters' file says nothing of it, and takes nothing back; the same once more changes nothing.
    let before = contents(world.db()).await;
    let again = book("again").replacements(&[(acts[0], 15, 0), (acts[1], 7, 2)]).tariff("1").seal();
    world.load(&again).await;
    assert_eq!(meter_of(&world, "1").await, first);
    assert_eq!(contents(world.db()).await["0001"], before["0001"]);
}

async fn a_replacement_that_contradicts_its_meters_is_refused(world: World) {
    let meters = [("0001", "1"), ("0001", "2")];
    let refused = async |folder: &str, act, closing| {
        let dir = world.book(folder).accounts(&["0001"]).meters(&meters).replacements(&[(act, closing, 0)]).seal();
        problems(&world.import(&dir).await)
    };
    let text = refused("unknown", ("0001", "1", "9", "2026-10-12"), 1).await;
    assert!(text.contains("9 of 0001 is not known"), "{text}");
    let text = refused("digits", ("0001", "1", "2", "2026-10-12"), 100_000).await;
    assert!(text.contains("closing_single: 100000 has more than 5 digits"), "{text}");
    assert_eq!(refused("good", ("0001", "1", "2", "2026-10-12"), 1).await, "");
    let text = refused("moved", ("0001", "1", "2", "2026-10-13"), 1).await;
    assert!(text.contains("replaced_on: the old meter was removed on 2026-10-12"), "{text}");
}

async fn a_statement_without_a_due_date_is_due_by_the_providers_day(world: World) {
    let bills = [("0001", "0", "1", "0")];
    let dir = world.book("book").accounts(&["0001"]).month_without_due_date(202_610, &bills).seal();
    world.load(&dir).await;
    let stored = statement::Entity::find().one(world.db().read()).await.unwrap().unwrap();
    assert_eq!(stored.due_on.to_string(), "2026-11-15");
    let again = world.book("again").accounts(&["0001"]).month_without_due_date(202_610, &bills).tariff("1").seal();
    assert!(!world.import(&again).await.refused(), "the same month once more");
}

async fn many_rows_cost_few_statements(world: World) {
    let numbers: Vec<String> = (0..1000).map(|number| format!("{number:04}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let bills: Vec<_> = numbers.iter().map(|number| (*number, "10.00", "5.00", "1.00")).collect();
    let dir = world.book("book").accounts(&numbers).month(202_610, &bills).seal();
    let before = world.db().statements();
    world.load(&dir).await;
    let cost = world.db().statements() - before;
    assert!(cost < 60, "{cost} statements");
    assert_eq!(ledger(world.db(), "0500").await.len(), 3);
    let stored = statement::Entity::find().one(world.db().read()).await.unwrap().unwrap();
    assert_eq!(stored.period, YearMonth(202_610));
}
