//! In which order a provider's program is given rows: an order that is final, whatever the order in which they were committed.
//!
//! A row gets its place by the first question after its commit (ADR 0050): what is not committed has none, so that nothing can
//! appear before a place that somebody has read up to. Table: `outbound_rows`. Tests: `tests/it/integrators/outbound.rs`.

mod store;

use entity::enums::OutboundKind;
use entity::ids::ProviderId;

use super::Accounts;
use crate::kernel::{Failure, Fault};

/// Rows that one question gives places to; the next goes on.
const MOST_PLACED: usize = 10_000;

impl Accounts {
    /// Gives a place to what was committed since the last question. One statement when there is nothing new.
    pub async fn place_outbound(&self, provider: ProviderId, kind: OutboundKind) -> Result<(), Fault> {
        if !store::has_unplaced(self.db.read(), provider, kind).await? {
            return Ok(());
        }
        let placed = self.db.transaction(|tx| async move {
            // One after the other: whoever places next sees the last place of whoever placed before.
            store::lock_provider_in(&tx, provider).await?;
            Ok::<_, Failure<std::convert::Infallible>>(store::place_in(&tx, (provider, kind), MOST_PLACED).await?)
        });
        Ok(placed.await?)
    }
}
