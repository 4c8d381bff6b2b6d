//! Providers to choose from, and what holds at one on a day.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::ids::{PersonalAccountId, ProviderId};
use entity::{provider, provider_terms};
use regex::Regex;

use super::{Accounts, store};
use crate::kernel::{Fault, Page, Slice};

/// Key that a list of providers is ordered by.
pub type ProviderKey = (String, ProviderId);

pub use entity::provider_terms::Model as Terms;

/// A company that bills, with every rule that it ever had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub row: provider::Model,
    /// The earliest; it also answers for the days before it, of which nothing is known.
    first: Terms,
    /// By day.
    later: Vec<Terms>,
}

impl Provider {
    /// None of a provider that nothing is known of.
    pub fn new(row: provider::Model, mut terms: Vec<Terms>) -> Option<Self> {
        terms.sort_by_key(|terms| terms.valid_from);
        let mut terms = terms.into_iter();
        Some(Self { row, first: terms.next()?, later: terms.collect() })
    }

    pub const fn id(&self) -> ProviderId {
        self.row.id
    }

    /// What holds on a day.
    pub fn terms_on(&self, day: NaiveDate) -> &Terms {
        self.later.iter().rfind(|terms| terms.valid_from <= day).unwrap_or(&self.first)
    }

    /// Everything that held, holds or will hold, the earliest first.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Terms> {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// The calendar day of a moment at the provider.
    pub fn day_of(&self, moment: DateTime<Utc>) -> NaiveDate {
        let zone = self.terms_on(moment.date_naive()).time_zone_minutes;
        (moment + TimeDelta::minutes(zone.into())).date_naive()
    }
}

/// First and last day of month of a reading window.
pub fn window(terms: &Terms) -> Option<(i16, i16)> {
    terms.reading_window_first_day.zip(terms.reading_window_last_day)
}

impl Accounts {
    pub async fn find_provider(&self, id: ProviderId) -> Result<Option<Provider>, Fault> {
        Ok(self.find_providers(&[id]).await?.into_iter().next())
    }

    /// By the code that its registers have.
    pub async fn provider_id(&self, code: &str) -> Result<Option<ProviderId>, Fault> {
        store::provider_id(self.db.read(), code).await
    }

    /// One statement for all of them.
    pub async fn find_providers(&self, ids: &[ProviderId]) -> Result<Vec<Provider>, Fault> {
        let rows = store::find_providers(self.db.read(), ids).await?;
        Ok(rows.into_iter().filter_map(|(row, terms)| Provider::new(row, terms)).collect())
    }

    /// By name; `search` is looked for in name and region, in any case.
    pub async fn list_providers(
        &self,
        search: Option<&str>,
        page: Page<ProviderKey>,
    ) -> Result<Slice<Provider>, Fault> {
        let search = search.map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
        let rows = store::page_providers(self.db.read(), search.as_deref(), &page).await?;
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let mut terms: Vec<provider_terms::Model> = store::list_terms(self.db.read(), &ids).await?;
        let with_terms = rows.into_iter().filter_map(|row| {
            let of_row = terms.extract_if(.., |terms| terms.provider_id == row.id).collect();
            Provider::new(row, of_row)
        });
        Ok(Slice::of(&page, with_terms.collect()))
    }

    /// Providers that are called so, or that had once this taxpayer number or this bank account: `[inn, account, name]`.
    pub async fn providers_named(&self, named: [Option<&str>; 3]) -> Result<Vec<Provider>, Fault> {
        let rows = store::list_providers_named(self.db.read(), named).await?;
        Ok(rows.into_iter().filter_map(|(row, terms)| Provider::new(row, terms)).collect())
    }

    /// Number and name of the provider of an account, for letters that are written without a person asking.
    pub async fn name_of(&self, account: PersonalAccountId) -> Result<(String, String), Fault> {
        let (number, provider) = self.number_and_provider(account).await?;
        Ok((number, provider.row.name))
    }

    /// Of an account that whoever asks has paid for, attached or not.
    pub async fn number_and_provider(&self, account: PersonalAccountId) -> Result<(String, Provider), Fault> {
        let account = store::find_account(self.db.read(), account)
            .await?
            .ok_or_else(|| Fault::internal("an account vanished"))?;
        let provider = self
            .find_provider(account.provider_id)
            .await?
            .ok_or_else(|| Fault::internal("an account without a provider"))?;
        Ok((account.number, provider))
    }

    /// Their numbers, of accounts that whoever asks has paid for, attached or not.
    pub async fn numbers_of(
        &self,
        accounts: &[PersonalAccountId],
    ) -> Result<HashMap<PersonalAccountId, String>, Fault> {
        store::numbers_of(self.db.read(), accounts).await
    }

    /// The calendar day at a provider.
    pub fn today_at(&self, provider: &Provider) -> NaiveDate {
        provider.day_of(self.clock.now())
    }
}

/// The pattern must match the whole number; one that is no pattern matches nothing.
pub fn fits_pattern(terms: &Terms, number: &str) -> bool {
    let whole = format!("^(?:{})$", terms.account_number_pattern);
    number.len() <= 64 && Regex::new(&whole).is_ok_and(|pattern| pattern.is_match(number))
}
