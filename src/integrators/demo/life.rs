//! Everything that the registers say of one account, made from the seed and its place alone.

use entity::enums::{ServiceChangeKind, Unit};
use entity::exact::{Quantity, YearMonth};

use super::calendar;
use super::charges::{Charge, charges};
use super::companies::Company;
use super::dice::Dice;
use super::household::{Cast, Household};
use super::metering::Metering;
use super::payments::statements;
use super::prices::PriceBook;
use super::utilities::ExtraVolume;
use super::{people, places};
use crate::integrators::register::Row;
use crate::integrators::register::rows::{
    AccountRow, MeterRow, ReadingRow, ReplacementRow, ServiceChangeRow, ServiceRow, StatementLineRow, StatementRow,
};

/// What all accounts of a company share.
#[derive(Clone, Debug)]
pub struct Setting {
    pub company: Company,
    /// Its place among the companies.
    pub place: u64,
    pub seed: u64,
    pub until: YearMonth,
    pub periods: Vec<YearMonth>,
    pub book: PriceBook,
    /// Accounts that it has.
    pub accounts: u64,
}

#[derive(Clone, Debug)]
pub struct Life {
    pub cast: Cast,
    pub account: AccountRow,
    pub services: Vec<ServiceRow>,
    pub changes: Vec<ServiceChangeRow>,
    pub meters: Vec<MeterRow>,
    pub replacement: Option<ReplacementRow>,
    pub readings: Vec<ReadingRow>,
    /// Per period.
    pub bills: Vec<(StatementRow, Vec<StatementLineRow>)>,
}

impl Life {
    /// The account at `index`, from 0; their numbers ascend with it.
    pub fn of(setting: &Setting, index: u64) -> Self {
        let Setting { company, periods, book, .. } = setting;
        let mut dice = Dice::of(setting.seed, setting.place, index);
        let number = number(company, index, &mut dice);
        let cast = Cast::of(company, setting.place == 0, index);
        let house = Household::of(company, cast, setting.until, periods.len(), &mut dice);
        let metering = Metering::of(company, &number, &house, periods, &mut dice);
        let charges = charges(company, &number, &house, &metering, book, periods);
        let zone = company.time_zone_minutes;
        let statements = statements(&number, zone, house.payer, &charges, periods, &mut dice);
        let account = account(company, number, &house, &mut dice);
        let services = services(setting, &account.number, &house, &mut dice);
        let service_changes = service_changes(setting, &account.number, &house, &metering, &services);
        Self {
            cast,
            account,
            services,
            changes: service_changes,
            meters: metering.meters,
            replacement: metering.replacement,
            readings: metering.readings,
            bills: statements.into_iter().zip(charges.into_iter().map(|Charge { lines, .. }| lines)).collect(),
        }
    }
}

/// Ascending, with gaps: the neighbour's number is not one's own plus one.
fn number(company: &Company, index: u64, dice: &mut Dice) -> String {
    const STRIDE: u64 = 7;
    let digits = company.number_digits - company.number_prefix.len();
    let value = index * STRIDE + dice.below(7).unsigned_abs() + 1;
    format!("{}{value:0digits$}", company.number_prefix)
}

fn account(company: &Company, number: String, house: &Household, dice: &mut Dice) -> AccountRow {
    AccountRow {
        number,
        holder_name: Some(people::full_name(dice)),
        address: Some(places::address(company, house.in_a_block, dice)),
        pin: Some(dice.digits(6)),
        attachable: house.attachable,
        residents: i16::try_from(house.residents_in(usize::MAX)).ok(),
        heated_area: Some(Quantity(house.square_metres * Quantity::ONE.0)),
    }
}

fn services(setting: &Setting, account: &str, house: &Household, dice: &mut Dice) -> Vec<ServiceRow> {
    let utility = setting.company.utility;
    let years = dice.between(2, 20);
    let begin = setting
        .periods
        .first()
        .map_or(setting.until, |first| YearMonth(first.0 - i32::try_from(years).unwrap_or(2) * 100));
    let starts_on = calendar::day_of(begin, u32::try_from(dice.between(1, 28)).unwrap_or(1));
    let contract_number = Some(format!("{}-{}", dice.between(1000, 99_999), starts_on.format("%y")));
    let service = |code: &str, name: &str, unit: Unit, group: &str, norm: Option<Quantity>| ServiceRow {
        account: account.into(),
        code: code.into(),
        name: name.into(),
        unit,
        tariff_group: group.into(),
        contract_number: contract_number.clone(),
        norm,
        starts_on,
        ends_on: None,
    };
    let direction = &house.direction;
    let norm = Some(direction.norm).filter(|norm| !norm.is_zero());
    let main = service(utility.service(), direction.name, utility.unit(), direction.group, norm);
    let extras = utility.extras().iter().filter(|extra| extra.volume != ExtraVolume::Night || house.two_zone);
    let extras = extras.map(|extra| service(extra.code, extra.name, extra.unit, extra.group, None));
    let mut services: Vec<_> = std::iter::once(main).chain(extras).collect();
    services.sort_by_key(Row::key);
    services
}

fn service_changes(
    setting: &Setting,
    account: &str,
    house: &Household,
    metering: &Metering,
    services: &[ServiceRow],
) -> Vec<ServiceChangeRow> {
    let Setting { company, periods, book, until, .. } = setting;
    let service_code = company.utility.service();
    let change = |changed_on, kind, before: Option<String>, after: Option<String>, description: &str| {
        let (account, service_code) = (account.into(), service_code.into());
        ServiceChangeRow { account, service_code, changed_on, kind, before, after, description: description.into() }
    };
    let mut changes = Vec::new();
    if let Some(main) = services.iter().find(|service| service.code == service_code) {
        let contract = main.contract_number.clone();
        changes.push(change(main.starts_on, ServiceChangeKind::Contract, None, contract, "Заключен договор"));
    }
    if let Some(first) = periods.first() {
        for (day, old, new) in book.changes(service_code, house.direction.group, *first, *until) {
            let (old, new) = (Some(old.to_string()), Some(new.to_string()));
            changes.push(change(day, ServiceChangeKind::Tariff, old, new, "Изменение цены"));
        }
    }
    if let Some(period) = house.child_in.and_then(|since| periods.get(since)) {
        let (old, new) = (Some(house.residents.to_string()), Some((house.residents + 1).to_string()));
        let day = period.first_day();
        changes.push(change(day, ServiceChangeKind::Residents, old, new, "Изменение числа проживающих"));
    }
    if let Some(old) = metering.meters.iter().find(|meter| meter.removed_on.is_some()) {
        let new = metering.meters.iter().find(|meter| meter.removed_on.is_none());
        let serials = (Some(old.serial_number.clone()), new.map(|meter| meter.serial_number.clone()));
        if let Some(day) = old.removed_on {
            changes.push(change(day, ServiceChangeKind::Meter, serials.0, serials.1, "Замена прибора учета"));
        }
    }
    changes.sort_by_key(Row::key);
    changes
}
