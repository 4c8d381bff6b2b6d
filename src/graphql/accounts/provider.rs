//! Providers to choose from.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, SimpleObject};
use entity::provider;

use super::super::context::Find;
use super::super::enums::AccessProofKind;
use super::super::error::TopError;
use super::super::ids;
use super::super::page::{Window, connection};
use super::super::scalars::EmailAddress;

/// Days of a month on which a reading counts for that month.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReadingWindow {
    /// 1 to 31.
    pub first_day: i16,
    /// 1 to 31.
    pub last_day: i16,
}

impl ReadingWindow {
    pub fn of(provider: &provider::Model) -> Option<Self> {
        let (first_day, last_day) = provider.reading_window_first_day.zip(provider.reading_window_last_day)?;
        Some(Self { first_day, last_day })
    }
}

/// A company that bills for a utility.
#[derive(Clone, Debug)]
pub struct Provider(pub provider::Model);

/// A company that bills for a utility.
#[Object]
impl Provider {
    /// TypeID with the prefix `provider`.
    pub async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// Short and stable.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// As customers know it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it supplies.
    async fn region(&self) -> Option<&str> {
        self.0.region.as_deref()
    }

    /// Where to find the number on the receipt, in the reader's language.
    async fn account_number_hint(&self, ctx: &Context<'_>) -> Result<&str, TopError> {
        Ok(match ctx.actor()?.locale {
            entity::enums::Locale::Ru => &self.0.account_number_hint_ru,
            entity::enums::Locale::En => &self.0.account_number_hint_en,
        })
    }

    /// Regular expression that the whole number matches.
    async fn account_number_pattern(&self) -> &str {
        &self.0.account_number_pattern
    }

    /// What a number looks like.
    async fn account_number_sample(&self) -> &str {
        &self.0.account_number_sample
    }

    /// What the provider takes as proof that an account is one's own.
    async fn access_proofs(&self) -> Vec<AccessProofKind> {
        entity::enums::AccessProofKind::list(&self.0.access_proofs).into_iter().map(Into::into).collect()
    }

    /// When readings count for the month; null: always.
    async fn reading_window(&self) -> Option<ReadingWindow> {
        ReadingWindow::of(&self.0)
    }

    /// Where to write to.
    async fn support_email(&self) -> Option<EmailAddress> {
        self.0.support_email.clone().map(EmailAddress)
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
        connection(slice, |provider| (provider.name.clone(), provider.id), Provider)
    }
}
