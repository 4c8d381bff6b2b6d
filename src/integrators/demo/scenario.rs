//! What happens at a provider, played on an instance with demonstration data: a small export of the provider's, loaded as
//! any other, or its answer to a register.

use std::io;
use std::path::Path;

use chrono::{DateTime, FixedOffset, Months};
use entity::enums::Register;
use entity::exact::{Money, Quantity, YearMonth};
use entity::{meter, meter_reading, personal_account, statement, statement_line};

use super::{calendar, store};
use crate::accounts::{Accounts, Provider};
use crate::integrators::import::{Importer, Mode};
use crate::integrators::register::manifest::FORMAT;
use crate::integrators::register::rows::{MeterRow, ReplacementRow, StatementLineRow, StatementRow};
use crate::integrators::register::writer::{RowWriter, write_manifest};
use crate::integrators::register::{Encoding, FileEntry, Manifest, Separator};
use crate::kernel::{Clock, Failure, Fault};
use crate::payments::Payments;
use crate::payments::register::Outcome;
use crate::platform::Mechanisms;

/// What is played, and for which account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The bill of the next month, with the lines of the last one, and with what was paid meanwhile.
    NewStatement,
    /// The provider is told of payments, and has posted them.
    PaymentPosted,
    /// A new meter in the place of the old one, which shows three units more than last.
    MeterReplaced,
}

/// Why nothing was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unplayable {
    NoAccount,
    NoStatement,
    /// No payment waits to be posted.
    NothingPaid,
    NoMeter,
    /// The import has refused what was made up.
    Refused(String),
}

/// Whom scenarios act through.
#[derive(Debug)]
pub struct Stage<'a> {
    pub mechanisms: &'a Mechanisms,
    pub accounts: &'a Accounts,
    pub payments: &'a Payments,
    /// When the demonstration data were exported: later exports would shut them out.
    pub exported_at: DateTime<FixedOffset>,
}

type Result<T> = std::result::Result<T, Failure<Unplayable>>;

impl Stage<'_> {
    /// Plays it for an account of a provider's code; what has happened, in a line.
    pub async fn play(&self, scenario: Scenario, (provider, number): (&str, &str)) -> Result<String> {
        let db = self.mechanisms.db.read();
        let account = store::find_account(db, (provider, number)).await?;
        let account = account.ok_or(Failure::Refused(Unplayable::NoAccount))?;
        let provider = self.accounts.find_provider(account.provider_id).await?;
        let provider = provider.ok_or_else(|| Fault::internal("an account without a provider"))?;
        match scenario {
            Scenario::NewStatement => self.new_statement(&provider, &account).await,
            Scenario::PaymentPosted => self.payment_posted(&provider, &account).await,
            Scenario::MeterReplaced => self.meter_replaced(&provider, &account).await,
        }
    }

    async fn new_statement(&self, provider: &Provider, account: &personal_account::Model) -> Result<String> {
        let newest = store::newest_statement(self.mechanisms.db.read(), account.id).await?;
        let (newest, lines) = newest.ok_or(Failure::Refused(Unplayable::NoStatement))?;
        let row = next_statement(account, &newest, &lines, &self.mechanisms.clock);
        let told = format!("{}: accrued {}, paid {}, closing {}", row.period, row.accrued, row.paid, row.closing);
        let write = |dir: &Path| {
            let period = Some(row.period);
            let mut statements = writer::<StatementRow>(dir, "statements.csv", period)?;
            statements.write(&row)?;
            let mut of_row = writer::<StatementLineRow>(dir, "statement_lines.csv", period)?;
            lines.iter().try_for_each(|line| of_row.write(&line_row(account, line)))?;
            Ok(vec![statements.finish()?, of_row.finish()?])
        };
        self.load(provider, write).await?;
        Ok(told)
    }

    async fn payment_posted(&self, provider: &Provider, account: &personal_account::Model) -> Result<String> {
        if store::count_unposted(self.mechanisms.db.read(), account.id).await? == 0 {
            return Err(Failure::Refused(Unplayable::NothingPaid));
        }
        let mut terms = self.payments.terms_of(provider.id()).await?;
        if terms.register_template.is_none() {
            terms.register_template = Some("csv".to_owned());
            self.payments.set_terms(terms).await?;
        }
        let failed = |failure| match failure {
            Failure::Fault(fault) => Failure::Fault(fault),
            Failure::Refused(refusal) => Failure::Refused(Unplayable::Refused(format!("{refusal:?}"))),
        };
        // Also what an earlier register has told of, and nobody has posted.
        self.payments.write_register(provider).await.map_err(failed)?;
        let mut posted = 0;
        for register in self.payments.registers(Some(provider.id())).await? {
            let rows = self.payments.take_postings(provider.id(), &register.content).await.map_err(failed)?;
            posted += rows.iter().filter(|(_, outcome)| *outcome == Outcome::Posted).count();
        }
        Ok(format!("{posted} payments are posted"))
    }

    async fn meter_replaced(&self, provider: &Provider, account: &personal_account::Model) -> Result<String> {
        let found = store::meter_in_place(self.mechanisms.db.read(), account.id).await?;
        let (old, last) = found.ok_or(Failure::Refused(Unplayable::NoMeter))?;
        let today = self.accounts.today_at(provider);
        let serial = format!("D{}", self.mechanisms.clock.now().timestamp());
        let (meter, replacement) = replaced(account, &old, &last, (serial, today));
        let told = format!("{} in the place of {}", replacement.new_meter, replacement.old_meter);
        let write = |dir: &Path| {
            let mut meters = writer::<MeterRow>(dir, "meters.csv", None)?;
            meters.write(&meter)?;
            let mut replacements = writer::<ReplacementRow>(dir, "replacements.csv", None)?;
            replacements.write(&replacement)?;
            Ok(vec![meters.finish()?, replacements.finish()?])
        };
        self.load(provider, write).await?;
        Ok(told)
    }

    /// Writes an export into a folder of its own and loads it.
    async fn load(&self, provider: &Provider, write: impl FnOnce(&Path) -> io::Result<Vec<FileEntry>>) -> Result<()> {
        let name = format!("kabinet-scenario-{}", self.mechanisms.entropy.token()?);
        let dir = self.mechanisms.config.data_dir.join(name);
        let loaded = self.load_in(provider, &dir, write).await;
        let _ = std::fs::remove_dir_all(&dir);
        loaded
    }

    async fn load_in(
        &self,
        provider: &Provider,
        dir: &Path,
        write: impl FnOnce(&Path) -> io::Result<Vec<FileEntry>>,
    ) -> Result<()> {
        let written = std::fs::create_dir_all(dir).and_then(|()| {
            let files = write(dir)?;
            let (provider, exported_at) = (provider.row.code.clone(), self.exported_at);
            write_manifest(dir, &Manifest { format: FORMAT, provider, exported_at, files })
        });
        written.map_err(|cause| Fault::unavailable(format!("cannot write {}: {cause}", dir.display())))?;
        let report = Importer::new(self.mechanisms).import(dir, Mode::Write, &|_| {}).await?;
        if report.refused() {
            let problems = report.files.iter().map(|file| file.problems.to_string()).collect::<Vec<_>>().join("; ");
            return Err(Failure::Refused(Unplayable::Refused(format!("{}{problems}", report.problems))));
        }
        Ok(())
    }
}

fn writer<R: crate::integrators::register::Row>(
    dir: &Path,
    name: &str,
    period: Option<YearMonth>,
) -> io::Result<RowWriter<R>> {
    RowWriter::create(dir, name, period, (Encoding::Utf8, Separator::Semicolon))
}

/// The month after, charged as the last one was; what was paid here meanwhile is in it.
fn next_statement(
    account: &personal_account::Model,
    newest: &statement::Model,
    lines: &[statement_line::Model],
    clock: &Clock,
) -> StatementRow {
    let period = newest.period.next();
    let accrued: Money = lines.iter().map(|line| line.amount).sum();
    let paid = account.in_transit.max(Money::ZERO);
    StatementRow {
        account: account.number.clone(),
        period,
        opening: newest.closing,
        accrued,
        recalculated: Money::ZERO,
        penalty: Money::ZERO,
        paid,
        closing: newest.closing + accrued - paid,
        due_on: Some(calendar::due_on(period)),
        issued_at: clock.now(),
    }
}

fn line_row(account: &personal_account::Model, line: &statement_line::Model) -> StatementLineRow {
    let statement_line::Model {
        position,
        service_code,
        service_name,
        volume,
        unit,
        price,
        coefficient,
        amount,
        basis,
        explanation,
        ..
    } = line.clone();
    StatementLineRow {
        account: account.number.clone(),
        position,
        service_code,
        service_name,
        volume,
        unit,
        price,
        coefficient,
        amount,
        basis,
        explanation,
    }
}

/// Units that the old meter counted since its last reading.
const COUNTED: Quantity = Quantity(3 * Quantity::ONE.0);

fn replaced(
    account: &personal_account::Model,
    old: &meter::Model,
    last: &meter_reading::Model,
    (serial_number, on): (String, chrono::NaiveDate),
) -> (MeterRow, ReplacementRow) {
    let registers = Register::list(&old.registers);
    let has = |register| registers.contains(&register);
    // The first register counts on, the others stand.
    let grown = |value: Option<Quantity>| value.map(|value| value + COUNTED);
    let zero = |register| has(register).then_some(Quantity::ZERO);
    let meter = MeterRow {
        account: account.number.clone(),
        serial_number: serial_number.clone(),
        service_code: old.service_code.clone(),
        name: old.name.clone(),
        model: old.model.clone(),
        unit: old.unit,
        registers: registers.clone(),
        integer_digits: old.integer_digits,
        fraction_digits: old.fraction_digits,
        coefficient: old.coefficient,
        installed_on: Some(on),
        verification_due_on: on.checked_add_months(Months::new(120)),
        removed_on: None,
        seal_number: Some(serial_number.clone()),
        sealed_on: Some(on),
        seal_broken_on: None,
    };
    let replacement = ReplacementRow {
        account: account.number.clone(),
        old_meter: old.serial_number.clone(),
        new_meter: serial_number,
        replaced_on: on,
        closing_single: grown(last.value_single),
        closing_day: grown(last.value_day),
        closing_night: last.value_night,
        closing_peak: last.value_peak,
        closing_consumption: Some(COUNTED),
        opening_single: zero(Register::Single),
        opening_day: zero(Register::Day),
        opening_night: zero(Register::Night),
        opening_peak: zero(Register::Peak),
    };
    (meter, replacement)
}
