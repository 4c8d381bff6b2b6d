//! What is supplied, what it costs, how it changed.

use async_graphql::{ID, Object};
use entity::{account_service, service_change, tariff};

use super::super::enums::{ServiceChangeKind, Unit};
use super::super::ids;
use super::super::scalars::{Date, Decimal};

/// A service that is supplied under an account.
#[derive(Clone, Debug)]
pub struct AccountService(pub account_service::Model);

/// A service that is supplied under an account.
#[Object]
impl AccountService {
    /// TypeID with the prefix `service`.
    async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// The provider's code of it.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// As on the receipt.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What is counted.
    async fn unit(&self) -> Unit {
        self.0.unit.into()
    }

    /// Direction of use: which of the provider's prices applies.
    async fn tariff_group(&self) -> &str {
        &self.0.tariff_group
    }

    /// The contract that it is supplied by.
    async fn contract_number(&self) -> Option<&str> {
        self.0.contract_number.as_deref()
    }

    /// Units a person and month when there is no meter.
    async fn norm(&self) -> Option<Decimal> {
        self.0.norm.map(Decimal::from)
    }

    /// First day.
    async fn starts_on(&self) -> Date {
        Date(self.0.starts_on)
    }

    /// Last day; null while none is set.
    async fn ends_on(&self) -> Option<Date> {
        self.0.ends_on.map(Date)
    }
}

/// A dated change of what is supplied.
#[derive(Clone, Debug)]
pub struct ServiceChange(pub service_change::Model);

/// A dated change of what is supplied.
#[Object]
impl ServiceChange {
    /// TypeID with the prefix `change`.
    async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// The day it took effect.
    async fn changed_on(&self) -> Date {
        Date(self.0.changed_on)
    }

    /// What changed.
    async fn kind(&self) -> ServiceChangeKind {
        self.0.kind.into()
    }

    /// The service's code.
    async fn service(&self) -> &str {
        &self.0.service_code
    }

    /// What it was before.
    async fn before(&self) -> Option<&str> {
        self.0.before.as_deref()
    }

    /// What it is since.
    async fn after(&self) -> Option<&str> {
        self.0.after.as_deref()
    }

    /// In the provider's words.
    async fn description(&self) -> &str {
        &self.0.description
    }
}

/// A price of a service, with its dates.
#[derive(Clone, Debug)]
pub struct Tariff(pub tariff::Model);

/// A price of a service, with its dates.
#[Object]
impl Tariff {
    /// TypeID with the prefix `tariff`.
    async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// Name of the service.
    async fn service(&self) -> &str {
        &self.0.service_name
    }

    /// The provider's code of the service.
    async fn service_code(&self) -> &str {
        &self.0.service_code
    }

    /// Direction of use.
    async fn tariff_group(&self) -> &str {
        &self.0.tariff_group
    }

    /// Roubles for one `unit`, up to five digits after the point.
    async fn price(&self) -> Decimal {
        self.0.price.into()
    }

    /// What the price is for.
    async fn unit(&self) -> Unit {
        self.0.unit.into()
    }

    /// First day.
    async fn starts_on(&self) -> Date {
        Date(self.0.starts_on)
    }

    /// Last day; null while none is set.
    async fn ends_on(&self) -> Option<Date> {
        self.0.ends_on.map(Date)
    }

    /// The regulator's order that set it.
    async fn order(&self) -> Option<&str> {
        self.0.order_reference.as_deref()
    }
}
