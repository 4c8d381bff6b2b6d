//! What readings would cost, and what would be owed then. Nothing is stored; the provider's bill decides.

use entity::enums::Register;
use entity::exact::{Money, Quantity};
use entity::{account_service, tariff};

use super::Billing;
use super::cost::{Consumed, CostLine, cost, service_codes, volume};
use crate::accounts::{AccountAccess, Accounts, Balance};
use crate::kernel::{Failure, Fault, Person};
use crate::metering::Metering;
use crate::metering::error::SubmissionRefusal;
use crate::metering::preview::PreviewedReading;
use crate::metering::reading::GivenReading;

#[derive(Clone, Debug)]
pub struct ReadingCost {
    pub reading: PreviewedReading,
    pub access: AccountAccess,
    /// Difference × coefficient.
    pub volume: Option<Quantity>,
    pub lines: Vec<CostLine>,
    /// None where nothing is compared, or a price is missing.
    pub cost: Option<Money>,
}

/// What the readings would change for one of their accounts.
#[derive(Clone, Debug)]
pub struct AccountCost {
    pub access: AccountAccess,
    /// None when the cost of one of its readings is unknown.
    pub cost: Option<Money>,
    pub balance: Option<Balance>,
}

#[derive(Clone, Debug)]
pub struct Preview {
    /// In the order of the input.
    pub readings: Vec<ReadingCost>,
    /// Each once, in the order in which the readings name them.
    pub accounts: Vec<AccountCost>,
}

impl Billing {
    /// Volume, cost and new sum owed of readings that would be taken, or the refusals that they would meet. Where the
    /// person may not see the history, neither is told: both would tell the reading before.
    pub async fn preview_readings(
        &self,
        accounts: &Accounts,
        metering: &Metering,
        person: &Person,
        given: Vec<GivenReading>,
    ) -> Result<Preview, Failure<SubmissionRefusal>> {
        let readings = metering.preview_readings(accounts, person, given).await?;
        let ids: Vec<_> = readings.iter().map(|reading| reading.meter.personal_account_id).collect();
        let access = accounts.access_to(person, &ids).await.map_err(|failure| match failure {
            // Taken back between two statements.
            Failure::Refused(_) => Failure::Refused(SubmissionRefusal::NotConfirmed),
            Failure::Fault(fault) => Failure::Fault(fault),
        })?;
        let keys: Vec<_> = access.iter().map(AccountAccess::key).collect();
        let services = accounts.list_services(&keys).await?;
        let days = || readings.iter().flat_map(|reading| [Some(reading.taken_on), reading.last_taken_on]).flatten();
        let providers: Vec<_> = access.iter().map(AccountAccess::provider_id).collect();
        let tariffs = match days().min().zip(days().max()) {
            Some(period) => accounts.list_tariffs_between(&providers, period).await?,
            None => Vec::new(),
        };
        let mut costed = Vec::with_capacity(readings.len());
        for reading in readings {
            let of_meter = access.iter().find(|access| access.id() == reading.meter.personal_account_id);
            let access = of_meter.ok_or_else(|| Fault::unavailable("an account was detached meanwhile"))?;
            costed.push(reading_cost(reading, access, &services, &tariffs));
        }
        let accounts = accounts_of(&costed);
        Ok(Preview { readings: costed, accounts })
    }
}

fn reading_cost(
    reading: PreviewedReading,
    access: &AccountAccess,
    services: &[account_service::Model],
    tariffs: &[tariff::Model],
) -> ReadingCost {
    let lines = lines_of(&reading, access, services, tariffs);
    let cost = lines.as_ref().map(|lines| lines.iter().map(|line| line.amount).sum());
    let volume = reading.consumption.and_then(|used| volume(used, reading.meter.coefficient));
    ReadingCost { volume, lines: lines.unwrap_or_default(), cost, access: access.clone(), reading }
}

fn lines_of(
    reading: &PreviewedReading,
    access: &AccountAccess,
    services: &[account_service::Model],
    tariffs: &[tariff::Model],
) -> Option<Vec<CostLine>> {
    let after = reading.last_taken_on?;
    let own: Vec<_> = services.iter().filter(|service| service.personal_account_id == access.id()).collect();
    let mut parts: Vec<(&account_service::Model, Quantity)> = Vec::new();
    for register in &reading.registers {
        let (_, used) = register.since?;
        let service = service_of(&reading.meter.service_code, register.register, &own)?;
        match parts.iter_mut().find(|(known, _)| known.id == service.id) {
            Some((_, sum)) => *sum += used,
            None => parts.push((service, used)),
        }
    }
    let mut lines = Vec::new();
    for (service, difference) in parts {
        let applies = |tariff: &&tariff::Model| {
            tariff.provider_id == access.provider_id()
                && tariff.service_code == service.code
                && tariff.tariff_group == service.tariff_group
        };
        let tariffs: Vec<_> = tariffs.iter().filter(applies).collect();
        let (coefficient, unit) = (reading.meter.coefficient, reading.meter.unit);
        lines.extend(cost(&Consumed { difference, coefficient, unit, after, until: reading.taken_on }, &tariffs)?);
    }
    Some(lines)
}

fn service_of<'a>(
    code: &str,
    register: Register,
    services: &[&'a account_service::Model],
) -> Option<&'a account_service::Model> {
    let mut codes = service_codes(code, register).into_iter();
    codes.find_map(|code| services.iter().copied().find(|service| service.code == code))
}

fn accounts_of(readings: &[ReadingCost]) -> Vec<AccountCost> {
    let mut accounts: Vec<AccountCost> = Vec::new();
    for reading in readings {
        let known = accounts.iter_mut().find(|account| account.access.id() == reading.access.id());
        match known {
            Some(account) => account.cost = account.cost.zip(reading.cost).map(|(one, other)| one + other),
            None => {
                accounts.push(AccountCost { access: reading.access.clone(), cost: reading.cost, balance: None });
            }
        }
    }
    for AccountCost { access, cost, balance } in &mut accounts {
        let now = access.balance();
        *balance = cost.map(|cost| Balance::of(now.owed - now.credit + cost, now.as_of, now.version));
    }
    accounts
}
