//! The open registers of one company.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::calendar;
use super::life::{Life, Setting};
use crate::integrators::register::manifest::FORMAT;
use crate::integrators::register::rows::{
    AccountRow, MeterRow, ReadingRow, ReplacementRow, Row, ServiceChangeRow, ServiceRow, StatementLineRow,
    StatementRow, TariffRow,
};
use crate::integrators::register::writer::{RowWriter, write_manifest, write_settings};
use crate::integrators::register::{FileEntry, Manifest};

/// Every file is open at once and an account is written to all of them, so no more than one account is in memory.
pub struct Files {
    dir: PathBuf,
    accounts: RowWriter<AccountRow>,
    services: RowWriter<ServiceRow>,
    changes: RowWriter<ServiceChangeRow>,
    meters: RowWriter<MeterRow>,
    replacements: RowWriter<ReplacementRow>,
    readings: RowWriter<ReadingRow>,
    bills: Vec<(RowWriter<StatementRow>, RowWriter<StatementLineRow>)>,
}

impl Files {
    pub fn create(out: &Path, setting: &Setting) -> io::Result<Self> {
        let dir = out.join(setting.company.code);
        fs::create_dir_all(&dir)?;
        let bills = setting.periods.iter().map(|period| {
            let statements = create(&dir, setting, &format!("statements-{period}.csv"), Some(*period))?;
            Ok((statements, create(&dir, setting, &format!("statement_lines-{period}.csv"), Some(*period))?))
        });
        Ok(Self {
            accounts: create(&dir, setting, "accounts.csv", None)?,
            services: create(&dir, setting, "services.csv", None)?,
            changes: create(&dir, setting, "service_changes.csv", None)?,
            meters: create(&dir, setting, "meters.csv", None)?,
            replacements: create(&dir, setting, "replacements.csv", None)?,
            readings: create(&dir, setting, "readings.csv", None)?,
            bills: bills.collect::<io::Result<_>>()?,
            dir,
        })
    }

    pub fn write(&mut self, life: &Life) -> io::Result<()> {
        self.accounts.write(&life.account)?;
        life.services.iter().try_for_each(|row| self.services.write(row))?;
        life.changes.iter().try_for_each(|row| self.changes.write(row))?;
        life.meters.iter().try_for_each(|row| self.meters.write(row))?;
        life.replacement.iter().try_for_each(|row| self.replacements.write(row))?;
        life.readings.iter().try_for_each(|row| self.readings.write(row))?;
        for ((statements, lines), (statement, its_lines)) in self.bills.iter_mut().zip(&life.bills) {
            statements.write(statement)?;
            its_lines.iter().try_for_each(|line| lines.write(line))?;
        }
        Ok(())
    }

    /// Writes the settings, the tariffs and the manifest.
    pub fn finish(self, setting: &Setting) -> io::Result<()> {
        let Self { dir, accounts, services, changes, meters, replacements, readings, bills } = self;
        let mut tariffs = create::<TariffRow>(&dir, setting, "tariffs.csv", None)?;
        setting.book.tariffs.iter().try_for_each(|row| tariffs.write(row))?;
        let mut files: Vec<FileEntry> = vec![
            write_settings(&dir, &setting.company.dated_settings())?,
            tariffs.finish()?,
            accounts.finish()?,
            services.finish()?,
            changes.finish()?,
            meters.finish()?,
            replacements.finish()?,
            readings.finish()?,
        ];
        for (statements, lines) in bills {
            files.push(statements.finish()?);
            files.push(lines.finish()?);
        }
        let manifest = Manifest {
            format: FORMAT,
            provider: setting.company.code.into(),
            exported_at: calendar::first_morning(setting.until, 8, setting.company.time_zone_minutes),
            files,
        };
        write_manifest(&dir, &manifest)
    }
}

fn create<R: Row>(
    dir: &Path,
    setting: &Setting,
    name: &str,
    period: Option<entity::exact::YearMonth>,
) -> io::Result<RowWriter<R>> {
    RowWriter::create(dir, name, period, (setting.company.encoding, setting.company.separator))
}
