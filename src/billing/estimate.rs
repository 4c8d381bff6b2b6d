//! How a month is charged for which nobody sends a reading: the Rules of gas supply to citizens, approved by the Government of
//! Russia on 21.07.2008 (№ 549), paragraphs 31 and 32. Pure.
//!
//! METERED while a reading of the month counts; AVERAGE of at most the last 12 months for three months in a row; NORM from
//! the fourth; METERED again with the next reading. A meter whose verification has ended, or whose seal is broken, is no
//! meter: NORM at once, unless the provider counts it all the same.

use chrono::NaiveDate;
use entity::enums::{ChargeBasis, ExpiredVerification, Register};
use entity::exact::{Coefficient, Money, Quantity, YearMonth};
use entity::{account_service, meter, meter_reading, tariff};

use super::cost::{Consumed, cost, volume};
use crate::metering::series::{average_month, is_counted};

/// Months in a row that are charged by the average.
pub const AVERAGE_IN_A_ROW: i32 = 3;

/// What a month is charged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    Metered,
    /// Which month in a row, from 1 to [`AVERAGE_IN_A_ROW`].
    Average(i32),
    Norm,
}

impl From<Basis> for ChargeBasis {
    fn from(basis: Basis) -> Self {
        match basis {
            Basis::Metered => Self::Meter,
            Basis::Average(_) => Self::Average,
            Basis::Norm => Self::Norm,
        }
    }
}

fn months(period: YearMonth) -> i32 {
    period.0 / 100 * 12 + period.0 % 100
}

/// By the month of the last reading that counts.
pub fn basis(last_read: Option<YearMonth>, period: YearMonth) -> Basis {
    match last_read.map(|last| months(period) - months(last)) {
        Some(silent) if silent <= 0 => Basis::Metered,
        Some(silent) if silent <= AVERAGE_IN_A_ROW => Basis::Average(silent),
        _ => Basis::Norm,
    }
}

/// Whether the meter counts for a month: it stands, is verified to the end of the month and whole.
pub fn is_usable(meter: &meter::Model, period: YearMonth, expired: ExpiredVerification) -> bool {
    let last_day = period.next().first_day().pred_opt().unwrap_or_else(|| period.first_day());
    let ended = |day: Option<NaiveDate>| day.is_some_and(|day| day <= last_day);
    let verified = meter.verification_due_on.is_none_or(|due| due >= last_day);
    (verified || expired == ExpiredVerification::Counted) && !ended(meter.seal_broken_on) && !ended(meter.removed_on)
}

/// A month without a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    pub period: YearMonth,
    /// None of a service without a meter.
    pub meter: Option<meter::Model>,
    pub service: account_service::Model,
    pub basis: Basis,
    /// With the coefficient; none where there is no history to take an average of, or no norm.
    pub volume: Option<Quantity>,
    /// None where the volume or a price is not known.
    pub cost: Option<Money>,
}

/// What is known of an account.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    pub meters: &'a [meter::Model],
    /// That count, in order.
    pub readings: &'a [meter_reading::Model],
    pub services: &'a [account_service::Model],
    pub tariffs: &'a [tariff::Model],
    pub residents: Option<i16>,
    pub expired: ExpiredVerification,
}

impl Facts<'_> {
    /// What each service will be charged by for a month if nobody sends a reading. Services that are not measured, such as
    /// maintenance, are charged whatever is sent and left out.
    pub fn estimates(&self, period: YearMonth) -> Vec<Estimate> {
        let supplied = self.services.iter().filter(|service| is_supplied(service, period));
        let measured = supplied.filter(|service| super::consumption::is_measured(service.unit));
        measured.flat_map(|service| self.of_service(service, period)).collect()
    }

    fn of_service(&self, service: &account_service::Model, period: YearMonth) -> Vec<Estimate> {
        let standing = self.meters.iter().filter(|meter| meter.service_code == service.code);
        let standing: Vec<_> = standing.filter(|meter| meter.removed_on.is_none()).collect();
        // A night's service of a meter that the day's stands for is not counted twice.
        let of_register = self.meters.iter().any(|meter| service.code.starts_with(&format!("{}-", meter.service_code)));
        if standing.is_empty() {
            return if of_register { Vec::new() } else { vec![self.by_norm(None, service, period)] };
        }
        standing.into_iter().map(|meter| self.of_meter(meter, service, period)).collect()
    }

    fn of_meter(&self, meter: &meter::Model, service: &account_service::Model, period: YearMonth) -> Estimate {
        let own = || self.readings.iter().filter(|reading| reading.meter_id == meter.id && is_counted(reading));
        let last_read = own().next_back().map(|reading| YearMonth::of(reading.taken_on));
        let basis = if is_usable(meter, period, self.expired) { basis(last_read, period) } else { Basis::Norm };
        let Basis::Average(_) = basis else {
            if basis == Basis::Norm {
                return self.by_norm(Some(meter), service, period);
            }
            return Estimate {
                period,
                meter: Some(meter.clone()),
                service: service.clone(),
                basis,
                volume: None,
                cost: None,
            };
        };
        let difference = average_month(meter, self.readings);
        let volume = difference.and_then(|difference| volume(difference, meter.coefficient));
        // Several registers have several prices, and an average of all of them has none.
        let single = Register::list(&meter.registers) == [Register::Single];
        let cost = difference.filter(|_| single);
        let cost = cost.and_then(|difference| self.cost(service, period, (difference, meter.coefficient)));
        Estimate { period, meter: Some(meter.clone()), service: service.clone(), basis, volume, cost }
    }

    /// Units a person and month for everybody who lives there.
    fn by_norm(&self, meter: Option<&meter::Model>, service: &account_service::Model, period: YearMonth) -> Estimate {
        let volume = service.norm.zip(self.residents).map(|(norm, residents)| Quantity(norm.0 * i64::from(residents)));
        let cost = volume.and_then(|volume| self.cost(service, period, (volume, Coefficient::ONE)));
        Estimate { period, meter: meter.cloned(), service: service.clone(), basis: Basis::Norm, volume, cost }
    }

    /// A month that spans a change of the price is split by days, as a reading's period is.
    fn cost(
        &self,
        service: &account_service::Model,
        period: YearMonth,
        (difference, coefficient): (Quantity, Coefficient),
    ) -> Option<Money> {
        let of_service = |tariff: &&tariff::Model| {
            tariff.service_code == service.code && tariff.tariff_group == service.tariff_group
        };
        let tariffs: Vec<_> = self.tariffs.iter().filter(of_service).collect();
        let after = period.first_day().pred_opt()?;
        let until = period.next().first_day().pred_opt()?;
        let lines = cost(&Consumed { difference, coefficient, unit: service.unit, after, until }, &tariffs)?;
        Some(lines.iter().map(|line| line.amount).sum())
    }
}

fn is_supplied(service: &account_service::Model, period: YearMonth) -> bool {
    service.starts_on < period.next().first_day() && service.ends_on.is_none_or(|last| last >= period.first_day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::enums::{ReadingSource, ReadingStatus, Unit};
    use entity::ids::{AccountServiceId, MeterId, MeterReadingId, PersonalAccountId, ProviderId, TariffId};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn meter() -> meter::Model {
        meter::Model {
            id: MeterId(Uuid::nil()),
            personal_account_id: PersonalAccountId(Uuid::nil()),
            service_code: "gas".into(),
            name: "Kitchen".into(),
            serial_number: "1".into(),
            model: None,
            unit: Unit::CubicMetre,
            registers: "SINGLE".into(),
            integer_digits: 5,
            fraction_digits: 3,
            coefficient: "1.02".parse().unwrap(),
            installed_on: None,
            verification_due_on: Some(day("2030-01-01")),
            removed_on: None,
            seal_number: None,
            sealed_on: None,
            seal_broken_on: None,
            last_reading_id: None,
        }
    }

    fn reading(taken_on: &str, value: i64) -> meter_reading::Model {
        meter_reading::Model {
            id: MeterReadingId(Uuid::from_u128(u128::try_from(value).unwrap())),
            meter_id: MeterId(Uuid::nil()),
            personal_account_id: PersonalAccountId(Uuid::nil()),
            taken_on: day(taken_on),
            submitted_at: chrono::DateTime::UNIX_EPOCH,
            source: ReadingSource::Provider,
            status: ReadingStatus::Accepted,
            submitted_by: None,
            payment_id: None,
            value_single: Some(Quantity(value * Quantity::ONE.0)),
            value_day: None,
            value_night: None,
            value_peak: None,
            consumption: None,
            history_withheld: false,
            warnings: String::new(),
        }
    }

    fn service() -> account_service::Model {
        account_service::Model {
            id: AccountServiceId(Uuid::nil()),
            personal_account_id: PersonalAccountId(Uuid::nil()),
            code: "gas".into(),
            name: "Gas".into(),
            unit: Unit::CubicMetre,
            tariff_group: "stove".into(),
            contract_number: None,
            norm: Some("12.5".parse().unwrap()),
            starts_on: day("2020-01-01"),
            ends_on: None,
        }
    }

    fn tariff(price: &str, starts_on: &str) -> tariff::Model {
        tariff::Model {
            id: TariffId(Uuid::nil()),
            provider_id: ProviderId(Uuid::nil()),
            service_code: "gas".into(),
            service_name: "Gas".into(),
            tariff_group: "stove".into(),
            price: price.parse().unwrap(),
            unit: Unit::CubicMetre,
            starts_on: day(starts_on),
            ends_on: None,
            order_reference: None,
        }
    }

    /// Basis, volume and cost of one month.
    fn estimated(meters: &[meter::Model], readings: &[meter_reading::Model], period: i32) -> (Basis, String, String) {
        let facts = Facts {
            meters,
            readings,
            services: &[service()],
            tariffs: &[tariff("10", "2026-01-01"), tariff("20", "2026-08-16")],
            residents: Some(3),
            expired: ExpiredVerification::NotCounted,
        };
        let found = facts.estimates(YearMonth(period));
        let [one] = found.as_slice() else { panic!("{found:?}") };
        let shown = |value: Option<String>| value.unwrap_or_else(|| "-".into());
        (one.basis, shown(one.volume.map(|volume| volume.to_string())), shown(one.cost.map(|cost| cost.to_string())))
    }

    fn expected(basis: Basis, volume: &str, cost: &str) -> (Basis, String, String) {
        (basis, volume.into(), cost.into())
    }

    #[test]
    fn three_months_of_silence_cost_the_average_and_then_the_norm() {
        // 100 units in five months: 20 a month, times 1.02.
        let readings = [reading("2026-01-20", 100), reading("2026-06-20", 200)];
        let of = |period| estimated(&[meter()], &readings, period);
        assert_eq!(of(202_606), expected(Basis::Metered, "-", "-"));
        assert_eq!(of(202_607), expected(Basis::Average(1), "20.4", "204.00"));
        // The price doubles on the 16th: 15 days of 31 and 16.
        assert_eq!(of(202_608), expected(Basis::Average(2), "20.4", "309.29"));
        assert_eq!(of(202_609), expected(Basis::Average(3), "20.4", "408.00"));
        // 12.5 a person, three persons, no coefficient.
        assert_eq!(of(202_610), expected(Basis::Norm, "37.5", "750.00"));
        assert_eq!(of(202_612), expected(Basis::Norm, "37.5", "750.00"));
    }

    #[test]
    fn a_meter_that_may_not_be_reckoned_by_is_none() {
        let readings = [reading("2026-01-20", 100), reading("2026-06-20", 200)];
        let norm = expected(Basis::Norm, "37.5", "375.00");
        let expired = meter::Model { verification_due_on: Some(day("2026-07-30")), ..meter() };
        assert_eq!(estimated(std::slice::from_ref(&expired), &readings, 202_607), norm);
        assert_eq!(estimated(&[expired], &readings, 202_606).0, Basis::Metered, "verified to the end of June");
        let unsealed = meter::Model { seal_broken_on: Some(day("2026-07-31")), ..meter() };
        assert_eq!(estimated(&[unsealed], &readings, 202_607), norm);
        assert_eq!(estimated(&[], &readings, 202_607), norm, "no meter at all");
        assert_eq!(estimated(&[meter()], &[], 202_607), norm, "nobody ever read it");
    }

    #[test]
    fn without_a_history_or_a_norm_nothing_is_guessed() {
        let one = [reading("2026-06-20", 200)];
        assert_eq!(estimated(&[meter()], &one, 202_607), expected(Basis::Average(1), "-", "-"));
        let facts = Facts {
            meters: &[],
            readings: &[],
            services: &[account_service::Model { norm: None, ..service() }],
            tariffs: &[],
            residents: Some(3),
            expired: ExpiredVerification::NotCounted,
        };
        let [none]: [Estimate; 1] = facts.estimates(YearMonth(202_607)).try_into().unwrap();
        assert_eq!((none.volume, none.cost), (None, None));
        let ended = [account_service::Model { ends_on: Some(day("2026-06-30")), ..service() }];
        assert_eq!(Facts { services: &ended, ..facts }.estimates(YearMonth(202_607)), []);
    }

    proptest! {
        /// Whatever the history of readings: never more than three averages in a row, and a reading always ends them.
        #[test]
        fn averages_come_in_threes_at_most(read in proptest::collection::vec(any::<bool>(), 1..60)) {
            let (mut last, mut in_a_row, mut period) = (None, 0, YearMonth(202_401));
            for is_read in read {
                if is_read { last = Some(period); }
                match basis(last, period) {
                    Basis::Metered => { prop_assert!(is_read); in_a_row = 0; }
                    Basis::Average(number) => { in_a_row += 1; prop_assert_eq!(number, in_a_row); prop_assert!(number <= AVERAGE_IN_A_ROW); }
                    Basis::Norm => { prop_assert!(last.is_none() || in_a_row == AVERAGE_IN_A_ROW); prop_assert!(!is_read); }
                }
                period = period.next();
            }
        }
    }
}
