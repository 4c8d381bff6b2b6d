//! A database of its own per test, and small exports written by hand.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::enums::{ChargeBasis, Locale, Register, Unit};
use entity::exact::{Coefficient, Money, Price, Quantity, YearMonth};
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

use crate::config::Config;
use crate::integrators::demo::{self, DemoPlan, Samples};
use crate::integrators::import::{ImportReport, Importer, Mode, Outcome};
use crate::integrators::register::rows::{
    AccountRow, Columns, MeterRow, ReadingRow, ReplacementRow, StatementLineRow, StatementRow, TariffRow,
};
use crate::integrators::register::settings::{AccountNumber, Due, Readings};
use crate::integrators::register::writer::{RowWriter, write_manifest, write_settings};
use crate::integrators::register::{Encoding, FileEntry, Manifest, ProviderSettings, Row, Separator};
use crate::kernel::{Clock, Entropy};
use crate::platform::Mechanisms;
use crate::platform::db::Db;
use crate::platform::keyvalue::KeyValue;
use crate::platform::outbox::Outbox;
use crate::platform::outgoing::Outgoing;
use crate::platform::wakeups::Wakeups;

/// Where a PostgreSQL server may be used: databases are made there, and dropped.
const POSTGRES: &str = "KABINET_TEST_POSTGRES_URL";

pub struct World {
    pub mechanisms: Mechanisms,
    /// Keeps the folder of the database and the exports.
    pub dir: TempDir,
}

impl World {
    pub async fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::open(dir, Vec::new()).await
    }

    /// None when no server is given.
    pub async fn postgres() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var(POSTGRES).ok()?;
        let name = format!("kabinet_import_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let server = Database::connect(&url).await.unwrap();
        server.execute_unprepared(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
        server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (base, _) = url.rsplit_once('/').unwrap();
        let pair = |key: &str, value: String| (format!("KABINET__{key}"), value);
        let settings = vec![
            pair("DATABASE__URL", format!("{base}/{name}")),
            pair("REDIS__URL", "redis://127.0.0.1:1".into()),
            pair("MAIL__SMTP_URL", "smtp://127.0.0.1:1".into()),
        ];
        Some(Self::open(tempfile::tempdir().unwrap(), settings).await)
    }

    async fn open(dir: TempDir, settings: Vec<(String, String)>) -> Self {
        let config = Arc::new(Config::load(None, settings.into_iter()).unwrap());
        let clock = Clock::fixed("2026-11-22T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let entropy = Entropy::seeded(1);
        let db = Db::connect(&config.database, dir.path(), entropy.clone()).await.unwrap();
        db.migrate_up().await.unwrap();
        let mechanisms = Mechanisms {
            keys: KeyValue::Embedded(db.clone(), clock.clone()),
            outbox: Outbox::new(db.clone(), clock.clone(), entropy.clone(), config.worker.clone()),
            wakeups: Wakeups::local(),
            outgoing: Outgoing::default(),
            db,
            clock,
            entropy,
            config,
        };
        Self { mechanisms, dir }
    }

    pub fn db(&self) -> &Db {
        &self.mechanisms.db
    }

    pub fn importer(&self) -> Importer {
        Importer::new(&self.mechanisms)
    }

    pub async fn import(&self, dir: &Path) -> ImportReport {
        self.importer().import(dir, Mode::Write, &|_| ()).await.unwrap()
    }

    /// Imports what must be all good.
    pub async fn load(&self, dir: &Path) -> ImportReport {
        let report = self.import(dir).await;
        let refused: Vec<_> = report.files.iter().filter(|file| file.outcome == Outcome::Refused).collect();
        assert!(refused.is_empty() && report.problems.is_empty(), "{refused:?} {}", report.problems);
        report
    }

    pub fn demo(&self, accounts: u64, months: u32) -> (PathBuf, Samples) {
        let out = self.dir.path().join(format!("demo-{accounts}-{months}"));
        let plan = DemoPlan { accounts, months, seed: 7, until: YearMonth(202_611) };
        let samples = demo::generate(plan, &out, &mut |_| ()).unwrap();
        (out, samples)
    }

    /// An empty export of the provider "test" in a folder of its own.
    pub fn book(&self, folder: &str) -> Book {
        let dir = self.dir.path().join(folder);
        std::fs::create_dir_all(&dir).unwrap();
        let settings = ProviderSettings {
            valid_from: None,
            code: "test".into(),
            name: "Тестгаз".into(),
            region: None,
            support_email: None,
            time_zone_minutes: 180,
            usual_monthly_maximum: None,
            access_proofs: vec![],
            account_number: AccountNumber {
                pattern: "[0-9]{4}".into(),
                sample: "0001".into(),
                hint_ru: "?".into(),
                hint_en: "?".into(),
                name_ru: "Лицевой счёт".into(),
                name_en: "Account".into(),
            },
            languages: vec![Locale::Ru],
            reading_window: None,
            readings: Readings::default(),
            due: Due::default(),
            bank: None,
        };
        let files = vec![write_settings(&dir, &settings.into()).unwrap()];
        Book { dir, files, separator: Separator::Semicolon, exported_at: "2026-11-01T08:00:00+03:00".into(), issue: 0 }
    }
}

pub struct Book {
    dir: PathBuf,
    files: Vec<FileEntry>,
    pub separator: Separator,
    exported_at: String,
    /// How many days later than the first its statements are issued.
    issue: u32,
}

/// Account, old and new meter and day, beside closing and opening.
type Act<'a> = ((&'a str, &'a str, &'a str, &'a str), i64, i64);

pub fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

impl Book {
    pub fn rows<R: Row>(mut self, period: Option<YearMonth>, rows: &[R]) -> Self {
        let suffix = period.map_or_else(String::new, |period| format!("-{period}"));
        let name = format!("{}{suffix}.csv", <R as Columns>::KIND);
        let mut writer = RowWriter::create(&self.dir, &name, period, (Encoding::Utf8, self.separator)).unwrap();
        for row in rows {
            writer.write(row).unwrap();
        }
        self.files.push(writer.finish().unwrap());
        self
    }

    pub fn accounts(self, numbers: &[&str]) -> Self {
        let rows: Vec<_> = numbers.iter().map(|number| account(number, "Иванова")).collect();
        self.rows(None, &rows)
    }

    pub fn meters(self, meters: &[(&str, &str)]) -> Self {
        let row = |(account, serial): &(&str, &str)| MeterRow {
            account: (*account).into(),
            serial_number: (*serial).into(),
            service_code: "gas".into(),
            name: "Счетчик 1".into(),
            model: None,
            unit: Unit::CubicMetre,
            registers: vec![Register::Single],
            integer_digits: 5,
            fraction_digits: 0,
            coefficient: Coefficient::ONE,
            installed_on: None,
            verification_due_on: None,
            removed_on: None,
            seal_number: None,
            sealed_on: None,
            seal_broken_on: None,
        };
        self.rows(None, &meters.iter().map(row).collect::<Vec<_>>())
    }

    pub fn replacements(self, acts: &[Act<'_>]) -> Self {
        let single = |value: i64| Some(Quantity(value * 10_000));
        let row = |((account, old, new, on), closing, opening): &Act<'_>| ReplacementRow {
            account: (*account).into(),
            old_meter: (*old).into(),
            new_meter: (*new).into(),
            replaced_on: day(on),
            closing_single: single(*closing),
            closing_day: None,
            closing_night: None,
            closing_peak: None,
            closing_consumption: None,
            opening_single: single(*opening),
            opening_day: None,
            opening_night: None,
            opening_peak: None,
        };
        self.rows(None, &acts.iter().map(row).collect::<Vec<_>>())
    }

    pub fn readings(self, readings: &[(&str, &str, &str, i64)]) -> Self {
        let row = |(account, meter, taken_on, value): &(&str, &str, &str, i64)| ReadingRow {
            account: (*account).into(),
            meter: (*meter).into(),
            taken_on: day(taken_on),
            value_single: Some(Quantity(value * 10_000)),
            value_day: None,
            value_night: None,
            value_peak: None,
            consumption: None,
        };
        self.rows(None, &readings.iter().map(row).collect::<Vec<_>>())
    }

    /// Statements of a month: account, opening, accrued (one line), paid.
    pub fn month(self, period: i32, bills: &[(&str, &str, &str, &str)]) -> Self {
        self.bills(YearMonth(period), Some(YearMonth(period).next().first_day()), bills)
    }

    pub fn month_without_due_date(self, period: i32, bills: &[(&str, &str, &str, &str)]) -> Self {
        self.bills(YearMonth(period), None, bills)
    }

    fn bills(self, period: YearMonth, due_on: Option<NaiveDate>, bills: &[(&str, &str, &str, &str)]) -> Self {
        let issue = i64::from(self.issue);
        let statement = |(account, opening, accrued, paid): &(&str, &str, &str, &str)| StatementRow {
            account: (*account).into(),
            period,
            opening: money(opening),
            accrued: money(accrued),
            recalculated: Money::ZERO,
            penalty: Money::ZERO,
            paid: money(paid),
            closing: money(opening) + money(accrued) - money(paid),
            due_on,
            issued_at: period.next().first_day().and_hms_opt(3, 0, 0).unwrap().and_utc() + TimeDelta::days(issue),
        };
        let line = |(account, _, accrued, _): &(&str, &str, &str, &str)| StatementLineRow {
            account: (*account).into(),
            position: 1,
            service_code: "gas".into(),
            service_name: "Газ".into(),
            volume: Quantity::ONE,
            unit: Unit::CubicMetre,
            price: Price::ONE,
            coefficient: Coefficient::ONE,
            amount: money(accrued),
            basis: ChargeBasis::Meter,
            explanation: None,
        };
        let statements: Vec<_> = bills.iter().map(statement).collect();
        let lines: Vec<_> = bills.iter().map(line).collect();
        self.rows(Some(period), &statements).rows(Some(period), &lines)
    }

    pub fn tariff(self, price: &str) -> Self {
        let row = TariffRow {
            service_code: "gas".into(),
            service_name: "Газ".into(),
            tariff_group: "stove".into(),
            price: price.parse().unwrap(),
            unit: Unit::CubicMetre,
            starts_on: day("2026-01-01"),
            ends_on: None,
            order_reference: None,
        };
        self.rows(None, &[row])
    }

    pub fn reissued(self) -> Self {
        Self { issue: self.issue + 1, ..self }
    }

    pub fn exported(self, at: &str) -> Self {
        Self { exported_at: at.into(), ..self }
    }

    /// Writes the manifest; the folder.
    pub fn seal(self) -> PathBuf {
        let exported_at = self.exported_at.parse().unwrap();
        let manifest = Manifest { format: 1, provider: "test".into(), exported_at, files: self.files };
        write_manifest(&self.dir, &manifest).unwrap();
        self.dir
    }
}

pub fn account(number: &str, holder: &str) -> AccountRow {
    AccountRow {
        number: number.into(),
        holder_name: Some(holder.into()),
        address: None,
        pin: Some("123456".into()),
        attachable: true,
        residents: Some(2),
        heated_area: None,
    }
}
