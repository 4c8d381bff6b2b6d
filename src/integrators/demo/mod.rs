//! Made-up registers, lifelike and deterministic: the same plan gives the same bytes.
//!
//! Every account is made from the seed and its place alone and written at once, so the memory does not grow with the accounts.
//! The calendar comes from the plan: nothing here looks at a clock.

mod calendar;
mod charges;
mod companies;
mod dice;
mod files;
mod household;
mod life;
mod metering;
mod payments;
mod people;
mod places;
mod prices;
mod samples;
pub mod scenario;
mod store;
mod utilities;

use std::path::Path;
use std::{fs, io};

use entity::exact::YearMonth;

use companies::COMPANIES;
use files::Files;
use life::{Life, Setting};
use prices::PriceBook;
pub use samples::{Sample, Samples};

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoPlan {
    /// Over all companies.
    pub accounts: u64,
    /// Billing periods, 1 to [`DemoPlan::MOST_MONTHS`].
    pub months: u32,
    pub seed: u64,
    /// The current month: the last statement is that of the month before.
    pub until: YearMonth,
}

impl DemoPlan {
    /// Each month takes two open files.
    pub const MOST_MONTHS: u32 = 120;

    fn check(&self) -> io::Result<()> {
        let refused = |reason: String| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        if !(1..=Self::MOST_MONTHS).contains(&self.months) {
            return refused(format!("{} months is not from 1 to {}", self.months, Self::MOST_MONTHS));
        }
        // Eight digits for a company's accounts, one number in seven used.
        if self.accounts > 10_000_000 {
            return refused(format!("{} accounts are more than 10000000", self.accounts));
        }
        Ok(())
    }

    fn setting(&self, place: usize) -> Option<Setting> {
        let company = *COMPANIES.get(place)?;
        let periods = calendar::periods(self.until, self.months);
        let book = PriceBook::of(&company, *periods.first()?, self.until);
        let accounts = company.share(self.accounts);
        Some(Setting { company, place: place as u64, seed: self.seed, until: self.until, periods, book, accounts })
    }
}

/// Writes a folder per company into `out`, which is created, and `samples.json`. `progress` gets the number of accounts
/// that each step has written.
pub fn generate(plan: DemoPlan, out: &Path, progress: &mut dyn FnMut(u64)) -> io::Result<Samples> {
    plan.check()?;
    fs::create_dir_all(out)?;
    let mut samples = Samples::default();
    for setting in (0..COMPANIES.len()).filter_map(|place| plan.setting(place)) {
        let mut files = Files::create(out, &setting)?;
        for index in 0..setting.accounts {
            let life = Life::of(&setting, index);
            files.write(&life)?;
            samples.accounts.extend(Sample::of(&setting.company, &life));
            progress(1);
        }
        files.finish(&setting)?;
    }
    let text = serde_json::to_string_pretty(&samples)?;
    fs::write(out.join("samples.json"), text + "\n")?;
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use entity::enums::{ChargeBasis, ServiceChangeKind};

    use super::*;
    use crate::integrators::register::{Export, Kind, check};

    const PLAN: DemoPlan = DemoPlan { accounts: 300, months: 14, seed: 42, until: YearMonth(202_611) };

    fn bytes(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for found in fs::read_dir(dir).unwrap() {
            let path = found.unwrap().path();
            if path.is_dir() {
                let inner = bytes(&path);
                files.extend(
                    inner.into_iter().map(|(name, text)| (Path::new(path.file_name().unwrap()).join(name), text)),
                );
            } else {
                files.insert(path.file_name().unwrap().into(), fs::read(&path).unwrap());
            }
        }
        files
    }

    fn made(plan: DemoPlan) -> (tempfile::TempDir, Samples) {
        let dir = tempfile::tempdir().unwrap();
        let samples = generate(plan, dir.path(), &mut |_| ()).unwrap();
        (dir, samples)
    }

    fn lives(plan: DemoPlan) -> impl Iterator<Item = Life> {
        let settings = (0..COMPANIES.len()).filter_map(move |place| plan.setting(place));
        settings.flat_map(|setting| (0..setting.accounts).map(move |index| Life::of(&setting, index)))
    }

    #[test]
    fn the_same_plan_gives_the_same_bytes_and_another_seed_others() {
        let small = DemoPlan { accounts: 40, months: 3, ..PLAN };
        let (first, second, other) = (made(small), made(small), made(DemoPlan { seed: 43, ..small }));
        assert_eq!(bytes(first.0.path()), bytes(second.0.path()));
        assert_ne!(bytes(first.0.path()), bytes(other.0.path()));
    }

    #[test]
    fn every_file_passes_its_check() {
        for plan in [PLAN, DemoPlan { accounts: 0, months: 1, ..PLAN }, DemoPlan { accounts: 5, months: 1, ..PLAN }] {
            let (dir, _) = made(plan);
            let exports = Export::discover(dir.path()).unwrap();
            assert_eq!(exports.len(), COMPANIES.len());
            let mut accounts = 0;
            for export in exports {
                for entry in &export.manifest.files {
                    let problems = check::check_file(&export, entry, &mut |_| ());
                    assert!(problems.is_empty(), "{}: {problems}", export.manifest.provider);
                    accounts += if entry.kind == Kind::Accounts { entry.rows } else { 0 };
                }
            }
            assert_eq!(accounts, plan.accounts);
        }
    }

    #[test]
    fn the_samples_show_what_a_first_look_wants_to_see() {
        for plan in [PLAN, DemoPlan { months: 1, ..PLAN }] {
            let (_dir, samples) = made(plan);
            let notes: Vec<_> = samples.accounts.iter().map(|sample| sample.note.as_str()).collect();
            assert_eq!(notes, Sample::NOTES);
            let debtor = &samples.accounts[0];
            assert_eq!((debtor.debt.as_str(), debtor.meters, debtor.pin.len()), ("1956.85", 1, 6));
            assert!(samples.accounts[1].debt.starts_with('-'));
            assert_eq!(samples.accounts[2].meters, 0);
        }
    }

    #[test]
    fn the_cast_has_the_readings_that_were_promised() {
        let by_cast = |cast| lives(PLAN).find(|life| life.cast == cast).unwrap();
        let shown = |life: &Life| life.readings.last().unwrap().value_single.unwrap().to_string();
        assert_eq!(shown(&by_cast(household::Cast::Debtor)), "27927");
        let rolling = by_cast(household::Cast::AboutToRollOver);
        assert_eq!((shown(&rolling).as_str(), rolling.meters[0].integer_digits), ("99987", 5));
        let expired = by_cast(household::Cast::VerificationExpired);
        assert!(expired.meters[0].verification_due_on.unwrap() < PLAN.until.first_day());
        assert!(by_cast(household::Cast::TwoZone).readings.iter().all(|reading| reading.value_night.is_some()));
    }

    #[test]
    fn life_has_its_variety() {
        let lives: Vec<_> = lives(DemoPlan { accounts: 2000, ..PLAN }).collect();
        let all_lines = || lives.iter().flat_map(|life| life.bills.iter().flat_map(|(_, lines)| lines));
        for basis in [ChargeBasis::Meter, ChargeBasis::Average, ChargeBasis::Norm] {
            assert!(all_lines().any(|line| line.basis == basis), "{basis:?}");
        }
        let statements = || lives.iter().flat_map(|life| life.bills.iter().map(|(statement, _)| statement));
        assert!(statements().any(|statement| !statement.penalty.is_zero()));
        assert!(statements().any(|statement| statement.recalculated.is_negative()));
        assert!(statements().any(|statement| statement.closing.is_negative()));
        for kind in [ServiceChangeKind::Tariff, ServiceChangeKind::Residents, ServiceChangeKind::Meter] {
            assert!(lives.iter().any(|life| life.changes.iter().any(|change| change.kind == kind)), "{kind:?}");
        }
        let rolled_over = lives.iter().any(|life| {
            life.readings.iter().zip(life.readings.iter().skip(1)).any(|(old, new)| {
                old.meter == new.meter && new.value_single.is_some() && new.value_single < old.value_single
            })
        });
        assert!(rolled_over);
    }

    #[test]
    fn heating_takes_more_in_winter() {
        let volume = |month: u32| -> i64 {
            let lines = lives(PLAN)
                .flat_map(|life| life.bills)
                .filter(|(statement, _)| calendar::month_of(statement.period) == month);
            let heating = "Газ природный (отопление)";
            lines
                .flat_map(|(_, lines)| lines)
                .filter(|line| line.service_name == heating)
                .map(|line| line.volume.0)
                .sum()
        };
        assert!(volume(1) > 3 * volume(7));
    }
}
