//! What is supplied under an account, what it costs, and how that changed.

use std::collections::HashMap;

use chrono::NaiveDate;
use entity::ids::{ProviderId, ServiceChangeId};
use entity::{account_service, service_change, tariff};

use super::access::AccountKey;
use super::{Accounts, store};
use crate::kernel::{Fault, Page, Slice};

/// Key that changes are ordered by, newest first.
pub type ChangeKey = (NaiveDate, ServiceChangeId);

impl Accounts {
    pub async fn list_services(&self, accounts: &[AccountKey]) -> Result<Vec<account_service::Model>, Fault> {
        store::list_services(self.db.read(), &ids(accounts)).await
    }

    /// Newest first; history needs FULL access.
    pub async fn list_service_changes(
        &self,
        account: AccountKey,
        page: Page<ChangeKey>,
    ) -> Result<Slice<service_change::Model>, Fault> {
        if !account.is_full() {
            return Ok(Slice { items: Vec::new(), has_previous: false, has_next: false });
        }
        let rows = store::page_service_changes(self.db.read(), account.id(), account.since(), &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// All prices of each provider that apply on the day beside it.
    pub async fn list_tariffs(
        &self,
        wanted: &[(ProviderId, NaiveDate)],
    ) -> Result<HashMap<(ProviderId, NaiveDate), Vec<tariff::Model>>, Fault> {
        let found = store::list_tariffs(self.db.read(), wanted).await?;
        let of = |&(provider, day): &(ProviderId, NaiveDate)| {
            let applies = |tariff: &&tariff::Model| tariff.provider_id == provider && applies_on(tariff, day);
            ((provider, day), found.iter().filter(applies).cloned().collect())
        };
        Ok(wanted.iter().map(of).collect())
    }

    /// All prices of the providers that apply on any day of a period, both ends included.
    pub async fn list_tariffs_between(
        &self,
        providers: &[ProviderId],
        period: (NaiveDate, NaiveDate),
    ) -> Result<Vec<tariff::Model>, Fault> {
        store::list_tariffs_between(self.db.read(), providers, period).await
    }
}

fn applies_on(tariff: &tariff::Model, day: NaiveDate) -> bool {
    tariff.starts_on <= day && tariff.ends_on.is_none_or(|last| day <= last)
}

/// Whether one of the services is billed by this price.
pub fn is_supplied(services: &[account_service::Model], tariff: &tariff::Model) -> bool {
    services.iter().any(|service| service.code == tariff.service_code && service.tariff_group == tariff.tariff_group)
}

fn ids(accounts: &[AccountKey]) -> Vec<entity::ids::PersonalAccountId> {
    accounts.iter().map(|account| account.id()).collect()
}
