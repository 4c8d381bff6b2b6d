//! What a provider's own program fetches: readings that people sent, money that moved, registers of payments.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use entity::enums;

use super::accounts::Money;
use super::context::Find;
use super::enums::{ReadingSource, ReadingStatus, ReadingWarning};
use super::error::TopError;
use super::ids;
use super::metering::RegisterValue;
use super::page::{Window, connection};
use super::scalars::{Date, DateTime};
use crate::kernel::ApiClient;
use crate::metering::outbound;
use crate::metering::reading_rules::values_of;
use crate::payments::outbound as payments;
use crate::payments::register::RegisterHead;

/// A reading that somebody has sent, as its provider gets it.
#[derive(Clone, Debug)]
pub struct SentReading(outbound::SentReading);

/// A reading that somebody has sent, as its provider gets it.
#[Object]
impl SentReading {
    /// TypeID with the prefix `reading`: what decisions are about.
    async fn id(&self) -> ID {
        ids::encode(self.0.reading.id)
    }

    /// TypeID of the account, with the prefix `account`.
    async fn personal_account_id(&self) -> ID {
        ids::encode(self.0.reading.personal_account_id)
    }

    /// The account's number, as the provider's registers have it.
    async fn account_number(&self) -> &str {
        &self.0.account_number
    }

    /// The meter's serial number, as the provider's registers have it.
    async fn meter_serial_number(&self) -> &str {
        &self.0.meter.serial_number
    }

    /// One value for each register.
    async fn values(&self) -> Vec<RegisterValue> {
        let values = values_of(&self.0.reading).into_iter();
        values.map(|value| RegisterValue { register: value.register.into(), value: value.value.into() }).collect()
    }

    /// The day the meter showed it.
    async fn taken_on(&self) -> Date {
        Date(self.0.reading.taken_on)
    }

    /// When it came here.
    async fn submitted_at(&self) -> DateTime {
        DateTime(self.0.reading.submitted_at)
    }

    /// How it came: CABINET, or PAYMENT with a payment.
    async fn source(&self) -> ReadingSource {
        self.0.reading.source.into()
    }

    /// How far it has come by now.
    async fn status(&self) -> ReadingStatus {
        self.0.reading.status.into()
    }

    /// What was remarkable about it, and confirmed by who sent it.
    async fn warnings(&self) -> Vec<ReadingWarning> {
        enums::ReadingWarning::list(&self.0.reading.warnings).into_iter().map(Into::into).collect()
    }
}

/// Whether money came or went back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum MovementKind {
    /// A payment's money has come.
    Payment,
    /// Money of a payment went back.
    Refund,
}

/// Money that came for a provider, or went back.
#[derive(Clone, Debug)]
pub struct PaymentMovement(payments::Movement);

/// Money that came for a provider, or went back.
#[Object]
impl PaymentMovement {
    /// Whether it came or went back.
    async fn kind(&self) -> MovementKind {
        match self.0.row.kind {
            enums::JournalKind::Refund => MovementKind::Refund,
            enums::JournalKind::Payment | enums::JournalKind::Commission | enums::JournalKind::Payout => {
                MovementKind::Payment
            }
        }
    }

    /// How much, above zero either way.
    async fn amount(&self) -> Money {
        self.0.amount.into()
    }

    /// When it was entered.
    async fn occurred_at(&self) -> DateTime {
        DateTime(self.0.row.occurred_at)
    }

    /// TypeID of the payment, with the prefix `payment`.
    async fn payment_id(&self) -> ID {
        ids::encode(self.0.payment.id)
    }

    /// TypeID of the account, with the prefix `account`.
    async fn personal_account_id(&self) -> ID {
        ids::encode(self.0.payment.personal_account_id)
    }

    /// The account's number, as the provider's registers have it.
    async fn account_number(&self) -> &str {
        &self.0.account_number
    }

    /// When a register told the provider of the payment, or the provider posted it by itself; null: neither has been.
    async fn sent_at(&self) -> Option<DateTime> {
        self.0.payment.sent_at.map(DateTime)
    }

    /// When the provider said, or showed, that it has posted the payment.
    async fn posted_at(&self) -> Option<DateTime> {
        self.0.payment.posted_at.map(DateTime)
    }
}

/// A file that tells a provider of payments.
#[derive(Clone, Debug, SimpleObject)]
pub struct PaymentRegister {
    /// Counted from 1.
    pub number: i32,
    /// Name of the template that it is written by.
    pub template: String,
    /// What the file is called.
    pub file_name: String,
    /// How many payments are in it.
    pub payments: i32,
    /// Their sum.
    pub total: Money,
    /// When it was written.
    pub created_at: DateTime,
    /// Where the file is fetched, with the program's token.
    pub download_url: String,
}

impl PaymentRegister {
    fn of(head: RegisterHead, site: &str) -> Self {
        let RegisterHead { number, template, file_name, payments, total, created_at } = head;
        let download_url = format!("{site}/downloads/registers/{number}");
        Self {
            number,
            template,
            file_name,
            payments,
            total: total.into(),
            created_at: DateTime(created_at),
            download_url,
        }
    }
}

pub async fn sent_readings(
    ctx: &Context<'_>,
    client: &ApiClient,
    window: &Window,
) -> Result<Connection<String, SentReading, EmptyFields, EmptyFields>, TopError> {
    let services = ctx.services()?;
    let page = window.page(&services.config.graphql)?;
    let slice = services.metering.sent_readings(&services.accounts, client.provider_id, page).await?;
    connection(slice, |sent| sent.position, SentReading)
}

pub async fn movements(
    ctx: &Context<'_>,
    client: &ApiClient,
    window: &Window,
) -> Result<Connection<String, PaymentMovement, EmptyFields, EmptyFields>, TopError> {
    let services = ctx.services()?;
    let page = window.page(&services.config.graphql)?;
    let slice = services.payments.movements(client.provider_id, page).await?;
    connection(slice, |movement| movement.position, PaymentMovement)
}

pub async fn registers(
    ctx: &Context<'_>,
    client: &ApiClient,
    window: &Window,
) -> Result<Connection<String, PaymentRegister, EmptyFields, EmptyFields>, TopError> {
    let services = ctx.services()?;
    let site = &services.config.http.public_url;
    let page = window.page(&services.config.graphql)?;
    let slice = services.payments.page_registers(client.provider_id, page).await?;
    connection(slice, |register| register.number, |register| PaymentRegister::of(register, site))
}
