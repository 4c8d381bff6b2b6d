//! Tariffs.

use async_graphql::{Context, InputObject, Object};

use super::row::{Read, cell, day, number, optional};
use super::{batch_payload, shown};
use crate::graphql::context::Find;
use crate::graphql::enums::Unit;
use crate::graphql::error::TopError;
use crate::graphql::scalars::{Date, Decimal};
use crate::integrators::batch::Batch;
use crate::integrators::register::rows::TariffRow;

/// A price of a service for a direction of use, from a day on.
#[derive(Clone, Debug, InputObject)]
pub struct TariffInput {
    /// The provider's own. The key, with `tariffGroup` and `startsOn`.
    pub service_code: String,
    /// As receipts call it.
    pub service_name: String,
    /// Direction of use.
    pub tariff_group: String,
    /// Roubles per unit, at most 5 digits after the point.
    pub price: Decimal,
    /// Of what the price is per.
    pub unit: Unit,
    /// The first day.
    pub starts_on: Date,
    /// The last day.
    pub ends_on: Option<Date>,
    /// The regulator's order.
    pub order_reference: Option<String>,
}

/// Up to 1,000 tariffs.
#[derive(Clone, Debug, InputObject)]
pub struct ImportTariffsInput {
    /// The sender's own, 1 to 255 bytes: the same for the same rows, another for others. Kept for 7 days.
    pub batch_key: String,
    /// Answers as if it were done, and leaves nothing.
    #[graphql(default = false)]
    pub dry_run: bool,
    /// 1 to 1,000; each service and group once a day.
    pub tariffs: Vec<TariffInput>,
}

batch_payload! {
    /// What became of the tariffs.
    ImportTariffsPayload
}

#[derive(Default)]
pub struct PriceImportMutation;

#[Object]
impl PriceImportMutation {
    /// Adds tariffs of the program's provider, or changes them. Scope IMPORT.
    async fn import_tariffs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The tariffs.")] input: ImportTariffsInput,
    ) -> Result<ImportTariffsPayload, TopError> {
        let provider = ctx.client()?.provider_id;
        let rows = input.tariffs.iter().map(tariff).collect();
        let batch = Batch { key: input.batch_key, dry_run: input.dry_run, rows };
        let outcome = ctx.services()?.batches.import_tariffs(provider, batch).await;
        Ok(shown(outcome, "tariffs", ctx.actor()?.locale)?.into())
    }
}

fn tariff(input: &TariffInput) -> Read<TariffRow> {
    Ok(TariffRow {
        service_code: cell("service_code", &input.service_code)?,
        service_name: cell("service_name", &input.service_name)?,
        tariff_group: cell("tariff_group", &input.tariff_group)?,
        price: number("price", &input.price)?,
        unit: input.unit.into(),
        starts_on: input.starts_on.0,
        ends_on: day(input.ends_on),
        order_reference: optional("order_reference", input.order_reference.as_ref())?,
    })
}
