//! Providers to choose from.

use entity::ids::{PersonalAccountId, ProviderId};
use entity::provider;
use regex::Regex;

use super::{Accounts, store};
use crate::kernel::{Fault, Page, Slice};

/// Key that a list of providers is ordered by.
pub type ProviderKey = (String, ProviderId);

impl Accounts {
    pub async fn find_provider(&self, id: ProviderId) -> Result<Option<provider::Model>, Fault> {
        Ok(self.find_providers(&[id]).await?.into_iter().next())
    }

    pub async fn find_providers(&self, ids: &[ProviderId]) -> Result<Vec<provider::Model>, Fault> {
        store::find_providers(self.db.read(), ids).await
    }

    /// By name; `search` is looked for in name and region, in any case.
    pub async fn list_providers(
        &self,
        search: Option<&str>,
        page: Page<ProviderKey>,
    ) -> Result<Slice<provider::Model>, Fault> {
        let search = search.map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
        let rows = store::page_providers(self.db.read(), search.as_deref(), &page).await?;
        Ok(Slice::of(&page, rows))
    }

    /// Number and provider of an account, for bills and letters that are written without a person asking.
    pub async fn name_of(&self, account: PersonalAccountId) -> Result<(String, String), Fault> {
        let account = store::find_account(self.db.read(), account)
            .await?
            .ok_or_else(|| Fault::internal("an account vanished"))?;
        let provider = self
            .find_provider(account.provider_id)
            .await?
            .ok_or_else(|| Fault::internal("an account without a provider"))?;
        Ok((account.number, provider.name))
    }
}

/// The pattern must match the whole number; one that is no pattern matches nothing.
pub fn fits_pattern(provider: &provider::Model, number: &str) -> bool {
    let whole = format!("^(?:{})$", provider.account_number_pattern);
    number.len() <= 64 && Regex::new(&whole).is_ok_and(|pattern| pattern.is_match(number))
}
