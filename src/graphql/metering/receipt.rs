//! Checking receipts of readings.

use async_graphql::{Context, Object};

use super::super::context::Find;
use super::super::error::TopError;

#[derive(Default)]
pub struct ReceiptQuery;

#[Object]
impl ReceiptQuery {
    /// Whether the text is a receipt that this service gave for a reading, unchanged. Anybody who has one may ask. It shows
    /// that the reading came and when, not that the provider accepted it.
    async fn verify_reading_receipt(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The whole text of `MeterReading.receipt`.")] receipt: String,
    ) -> Result<bool, TopError> {
        Ok(ctx.services()?.metering.is_receipt(&receipt)?)
    }
}
