//! Providers to choose from.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object};
use chrono::NaiveDate;

use super::super::context::Find;
use super::super::enums::AccessProofKind;
use super::super::error::TopError;
use super::super::ids;
use super::super::page::{Window, connection};
use super::super::scalars::{Date, EmailAddress};
use super::terms::{ProviderTerms, ReadingWindow};
use crate::accounts;

/// A company that bills for a utility.
#[derive(Clone, Debug)]
pub struct Provider {
    pub provider: accounts::Provider,
}

impl Provider {
    /// What holds today, at the provider.
    fn today(&self, ctx: &Context<'_>) -> Result<ProviderTerms, TopError> {
        Ok(self.on(ctx.services()?.accounts.today_at(&self.provider)))
    }

    fn on(&self, day: NaiveDate) -> ProviderTerms {
        ProviderTerms { terms: self.provider.terms_on(day).clone(), name: self.provider.row.name.clone() }
    }
}

/// A company that bills for a utility. Its rules are those of today; `terms` has those of every other day.
#[Object]
impl Provider {
    /// TypeID with the prefix `provider`.
    pub async fn id(&self) -> ID {
        ids::encode(self.provider.id())
    }

    /// Short and stable.
    async fn code(&self) -> &str {
        &self.provider.row.code
    }

    /// As customers know it.
    async fn name(&self) -> &str {
        &self.provider.row.name
    }

    /// Where it supplies.
    async fn region(&self) -> Option<&str> {
        self.provider.row.region.as_deref()
    }

    /// What holds on a day; of a day before anything is known, what is known first.
    async fn terms(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By default today, at the provider.")] on: Option<Date>,
    ) -> Result<ProviderTerms, TopError> {
        on.map_or_else(|| self.today(ctx), |Date(day)| Ok(self.on(day)))
    }

    /// Everything that held, holds or is announced, the earliest first.
    async fn terms_history(&self) -> Vec<ProviderTerms> {
        let name = &self.provider.row.name;
        self.provider.history().map(|terms| ProviderTerms { terms: terms.clone(), name: name.clone() }).collect()
    }

    /// Where to find the number on the receipt, in the reader's language.
    async fn account_number_hint(&self, ctx: &Context<'_>) -> Result<String, TopError> {
        let terms = self.today(ctx)?.terms;
        Ok(match ctx.actor()?.locale {
            entity::enums::Locale::Ru => terms.account_number_hint_ru,
            entity::enums::Locale::En => terms.account_number_hint_en,
        })
    }

    /// Regular expression that the whole number matches.
    async fn account_number_pattern(&self, ctx: &Context<'_>) -> Result<String, TopError> {
        Ok(self.today(ctx)?.terms.account_number_pattern)
    }

    /// What a number looks like.
    async fn account_number_sample(&self, ctx: &Context<'_>) -> Result<String, TopError> {
        Ok(self.today(ctx)?.terms.account_number_sample)
    }

    /// What the provider takes as proof that an account is one's own.
    async fn access_proofs(&self, ctx: &Context<'_>) -> Result<Vec<AccessProofKind>, TopError> {
        let kinds = entity::enums::AccessProofKind::list(&self.today(ctx)?.terms.access_proofs);
        Ok(kinds.into_iter().map(Into::into).collect())
    }

    /// When readings count for the month; null: always.
    async fn reading_window(&self, ctx: &Context<'_>) -> Result<Option<ReadingWindow>, TopError> {
        Ok(ReadingWindow::of(&self.today(ctx)?.terms))
    }

    /// Where to write to.
    async fn support_email(&self, ctx: &Context<'_>) -> Result<Option<EmailAddress>, TopError> {
        Ok(self.today(ctx)?.terms.support_email.map(EmailAddress))
    }
}

#[derive(Default)]
pub struct ProviderQuery;

#[Object]
impl ProviderQuery {
    /// Providers by name.
    async fn providers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Part of a name or region, in any case.")] search: Option<String>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, Provider, EmptyFields, EmptyFields>, TopError> {
        let services = ctx.services()?;
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.accounts.list_providers(search.as_deref(), page).await?;
        connection(slice, |provider| (provider.row.name.clone(), provider.id()), |provider| Provider { provider })
    }
}
