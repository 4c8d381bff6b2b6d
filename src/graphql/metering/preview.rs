//! What readings would mean, before they are sent.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::super::accounts::{Balance, Money, PersonalAccount, Tariff};
use super::super::context::Find;
use super::super::enums::{ReadingWarning, Register};
use super::super::error::{TopError, UserError};
use super::super::scalars::{Date, Decimal};
use super::Meter;
use super::submission::{MeterReadingInput, given_readings, submission_errors};
use crate::billing::cost;
use crate::billing::preview::{AccountCost, ReadingCost};
use crate::kernel::Failure;
use crate::metering::preview::RegisterUse;

/// Readings as they would be sent.
#[derive(Clone, Debug, InputObject)]
pub struct PreviewMeterReadingsInput {
    /// 1 to 50; each meter once.
    pub readings: Vec<MeterReadingInput>,
}

/// What all the readings would mean, or the refusals that they would meet.
#[derive(Default, SimpleObject)]
pub struct PreviewMeterReadingsPayload {
    /// In the order of the input.
    pub readings: Option<Vec<ReadingPreview>>,
    /// What would be owed then, for each account of the readings.
    pub accounts: Option<Vec<AccountPreview>>,
    /// The same errors at the same paths as `submitMeterReadings` would have.
    pub user_errors: Vec<UserError>,
}

/// What one reading would mean. With LIMITED access nothing is compared with the readings before, so nothing tells them.
#[derive(SimpleObject)]
pub struct ReadingPreview {
    /// The meter.
    pub meter: Meter,
    /// The day it was read.
    pub taken_on: Date,
    /// Each register by itself.
    pub registers: Vec<RegisterPreview>,
    /// Over all registers, before the coefficient; null for the first reading and with LIMITED access.
    pub consumption: Option<Decimal>,
    /// What is charged: consumption × coefficient, to four digits after the point.
    pub volume: Option<Decimal>,
    /// How the cost comes about: a line for each price in the period.
    pub lines: Vec<CostLine>,
    /// The sum of the lines; null where nothing is compared, or a day of the period has no price.
    pub cost: Option<Money>,
    /// What would be remarkable about the reading.
    pub warnings: Vec<ReadingWarning>,
}

/// A register's part of a reading.
#[derive(SimpleObject)]
pub struct RegisterPreview {
    /// Which one.
    pub register: Register,
    /// What it shows, in the meter's unit.
    pub value: Decimal,
    /// What it showed last; null for the first reading and with LIMITED access.
    pub previous: Option<Decimal>,
    /// The difference, a rollover counted in, before the coefficient.
    pub consumption: Option<Decimal>,
}

/// The part of a consumption that one price applies to: amount = consumption × coefficient × price, rounded once, half up.
/// A period in which the price changes is split by days: each day behind the last reading, up to and with the day of the
/// new one, takes an equal share and is charged by the price of that day.
#[derive(SimpleObject)]
pub struct CostLine {
    /// The price.
    pub tariff: Tariff,
    /// The first day that is charged by it.
    pub first_day: Date,
    /// The last day that is charged by it.
    pub last_day: Date,
    /// The part of the consumption, before the coefficient.
    pub consumption: Decimal,
    /// Temperature coefficient; 1 where there is none.
    pub coefficient: Decimal,
    /// Roubles.
    pub amount: Money,
}

/// What the readings would change for an account, if the provider charged them as they are and nothing else.
#[derive(SimpleObject)]
pub struct AccountPreview {
    /// The account.
    pub personal_account: PersonalAccount,
    /// Of all its readings; null when that of one is unknown.
    pub cost: Option<Money>,
    /// The balance of now with the cost added; null when the cost is unknown.
    pub balance: Option<Balance>,
}

#[derive(Default)]
pub struct PreviewMutation;

#[Object]
impl PreviewMutation {
    /// Says what readings would mean: volume, cost, the new sum owed, warnings, and the refusals that
    /// `submitMeterReadings` would have. Nothing is stored. The provider's bill decides, not this reckoning.
    async fn preview_meter_readings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The readings.")] input: PreviewMeterReadingsInput,
    ) -> Result<PreviewMeterReadingsPayload, TopError> {
        let locale = ctx.actor()?.locale;
        let (services, person) = (ctx.services()?, ctx.person()?);
        let refused = |user_errors| Ok(PreviewMeterReadingsPayload { readings: None, accounts: None, user_errors });
        let given = match given_readings(input.readings, locale) {
            Ok(given) => given,
            Err(errors) => return refused(errors),
        };
        let preview = services.billing.preview_readings(&services.accounts, &services.metering, person, given).await;
        match preview {
            Ok(preview) => Ok(PreviewMeterReadingsPayload {
                readings: Some(preview.readings.into_iter().map(ReadingPreview::from).collect()),
                accounts: Some(preview.accounts.into_iter().map(AccountPreview::from).collect()),
                user_errors: Vec::new(),
            }),
            Err(Failure::Refused(refusal)) => refused(submission_errors(&refusal, locale)),
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }
}

impl From<ReadingCost> for ReadingPreview {
    fn from(ReadingCost { reading, access, volume, lines, cost }: ReadingCost) -> Self {
        Self {
            meter: Meter { meter: reading.meter, account: access.key() },
            taken_on: Date(reading.taken_on),
            registers: reading.registers.into_iter().map(RegisterPreview::from).collect(),
            consumption: reading.consumption.map(Decimal::from),
            volume: volume.map(Decimal::from),
            lines: lines.into_iter().map(CostLine::from).collect(),
            cost: cost.map(Money::from),
            warnings: reading.warnings.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<RegisterUse> for RegisterPreview {
    fn from(RegisterUse { register, value, since }: RegisterUse) -> Self {
        let (previous, consumption) = since.map(|(previous, used)| (previous.into(), used.into())).unzip();
        Self { register: register.into(), value: value.into(), previous, consumption }
    }
}

impl From<cost::CostLine> for CostLine {
    fn from(line: cost::CostLine) -> Self {
        Self {
            tariff: Tariff(line.tariff),
            first_day: Date(line.first_day),
            last_day: Date(line.last_day),
            consumption: line.difference.into(),
            coefficient: line.coefficient.into(),
            amount: line.amount.into(),
        }
    }
}

impl From<AccountCost> for AccountPreview {
    fn from(AccountCost { access, cost, balance }: AccountCost) -> Self {
        Self {
            personal_account: PersonalAccount(access),
            cost: cost.map(Money::from),
            balance: balance.map(Balance::from),
        }
    }
}
