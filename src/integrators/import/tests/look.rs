//! What is in the database after an import, and what its report says.

use std::collections::BTreeMap;

use entity::enums::LedgerEntryKind;
use entity::ids::PersonalAccountId;
use entity::{
    account_service, ledger_entry, meter, meter_reading, personal_account, provider, service_change, statement,
    statement_line, tariff,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::integrators::import::{ImportReport, Outcome, Tally};
use crate::platform::db::Db;

/// What the registers left in the database, without ids and times of recording.
pub async fn contents(db: &Db) -> BTreeMap<String, Vec<String>> {
    let db = db.read();
    let accounts = personal_account::Entity::find().all(db).await.unwrap();
    let number: BTreeMap<_, _> = accounts.iter().map(|account| (account.id, account.number.clone())).collect();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut note = |account: Option<PersonalAccountId>, text: String| {
        let key = account.map_or_else(String::new, |account| number[&account].clone());
        all.entry(key).or_default().push(text);
    };
    for row in provider::Entity::find().all(db).await.unwrap() {
        note(None, format!("{:?}", provider::Model { id: entity::ids::ProviderId(uuid::Uuid::nil()), ..row }));
    }
    for row in tariff::Entity::find().all(db).await.unwrap() {
        note(None, format!("{} {} {} {:?}", row.service_code, row.tariff_group, row.price, row.ends_on));
    }
    for row in &accounts {
        let figures = (row.balance, row.in_transit, row.version, row.balance_as_of, row.residents);
        note(Some(row.id), format!("{:?} {:?} {figures:?}", row.holder_name, row.address));
    }
    for row in account_service::Entity::find().all(db).await.unwrap() {
        note(Some(row.personal_account_id), format!("{} {} {:?}", row.code, row.tariff_group, row.norm));
    }
    for row in service_change::Entity::find().all(db).await.unwrap() {
        note(Some(row.personal_account_id), format!("{} {:?} {:?}", row.changed_on, row.before, row.after));
    }
    let readings = meter_reading::Entity::find().all(db).await.unwrap();
    let day: BTreeMap<_, _> = readings.iter().map(|reading| (reading.id, reading.taken_on)).collect();
    for row in meter::Entity::find().all(db).await.unwrap() {
        let last = row.last_reading_id.map(|last| day[&last]);
        note(Some(row.personal_account_id), format!("{} {} {last:?}", row.serial_number, row.registers));
    }
    for row in &readings {
        let values = (row.value_single, row.value_day, row.value_night, row.consumption);
        note(Some(row.personal_account_id), format!("{} {values:?}", row.taken_on));
    }
    for row in statement::Entity::find().all(db).await.unwrap() {
        let lines = statement_line::Entity::find().filter(statement_line::Column::StatementId.eq(row.id));
        let lines = lines.order_by_asc(statement_line::Column::Position).all(db).await.unwrap();
        let lines: Vec<_> = lines.iter().map(|line| (line.amount, line.basis, line.explanation.clone())).collect();
        let figures = (row.opening, row.accrued, row.recalculated, row.penalty, row.paid, row.closing);
        note(Some(row.personal_account_id), format!("{} {figures:?} {lines:?}", row.period));
    }
    for row in ledger_entry::Entity::find().all(db).await.unwrap() {
        let figures = (row.version, row.kind, row.amount, row.balance_after, row.occurred_at, row.period);
        note(Some(row.personal_account_id), format!("{figures:?}"));
    }
    for texts in all.values_mut() {
        texts.sort();
    }
    all
}

pub async fn ledger(db: &Db, number: &str) -> Vec<(LedgerEntryKind, String)> {
    let account = account_of(db, number).await;
    let entries = ledger_entry::Entity::find().filter(ledger_entry::Column::PersonalAccountId.eq(account.id));
    let entries = entries.order_by_asc(ledger_entry::Column::Version).all(db.read()).await.unwrap();
    entries.into_iter().map(|entry| (entry.kind, entry.amount.to_string())).collect()
}

pub async fn account_of(db: &Db, number: &str) -> personal_account::Model {
    let query = personal_account::Entity::find().filter(personal_account::Column::Number.eq(number));
    query.one(db.read()).await.unwrap().unwrap()
}

pub fn outcomes(report: &ImportReport) -> Vec<(&str, Outcome)> {
    report.files.iter().map(|file| (file.file.as_str(), file.outcome)).collect()
}

pub fn tally(report: &ImportReport, name: &str) -> (u64, u64, u64) {
    let Tally { new, changed, unchanged } = report.files.iter().find(|file| file.file == name).unwrap().tally;
    (new, changed, unchanged)
}

pub fn problems(report: &ImportReport) -> String {
    report.files.iter().map(|file| file.problems.to_string()).collect()
}
