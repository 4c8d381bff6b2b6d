//! A provider's own program, as it sees itself.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, Enum, ID, Object};

use super::accounts::{PersonalAccount, Provider};
use super::clients::{self, RegisteredClient};
use super::context::Find;
use super::error::TopError;
use super::ids;
use super::outbound::{self, PaymentMovement, PaymentRegister, SentReading};
use super::page::{Window, connection};
use super::webhooks::{self, Webhook, WebhookMessage};
use crate::accounts::AccountAccess;
use crate::integrators::changes::cursor::Cursor;
use crate::kernel;
use crate::kernel::Fault;

/// What the token of a provider's program may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ClientScope")]
pub enum ClientScope {
    /// Balances of the provider's accounts, as they are and as they change.
    Balances,
    /// Readings that people sent for the provider's accounts.
    Readings,
    /// Money that came for the provider and that went back, and registers of it.
    Payments,
    /// Sending accounts, services, meters, tariffs, readings of the billing and statements.
    Import,
    /// Saying what became of readings that people sent.
    Decisions,
    /// Saying which payments the provider has posted.
    Postings,
    /// The provider's addresses for webhooks, and the log of what was sent there.
    Webhooks,
    /// Registering the provider's other programs, with any other scope. An operator alone gives it.
    Clients,
}

/// A provider's own program.
#[derive(Clone, Debug)]
pub struct ApiClient(pub kernel::ApiClient);

/// A provider's own program, registered by an operator or by another of its programs.
#[Object]
impl ApiClient {
    /// TypeID with the prefix `client`: the `client_id` that it asks for tokens with.
    async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// As who registered it calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What this token may be used for.
    async fn scopes(&self) -> Vec<ClientScope> {
        self.0.scopes.iter().map(Into::into).collect()
    }

    /// Whose accounts it follows; nobody else's.
    async fn provider(&self, ctx: &Context<'_>) -> Result<Provider, TopError> {
        let provider = ctx.loaders()?.provider.load(self.0.provider_id).await?;
        let missing = || Fault::internal("a client without a provider");
        Ok(Provider { provider: provider.ok_or_else(missing)? })
    }

    /// Readings that people have sent for the provider's accounts, in an order that is final: rows come behind the last
    /// cursor and never before it, so whoever goes on behind it misses none. `mutation reportReadingDecisions` says what
    /// becomes of them.
    async fn sent_readings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many rows from the start, or behind `after`: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the row before the first wanted.")] after: Option<String>,
        #[graphql(desc = "So many rows from the end, or before `before`: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Cursor of the row after the last wanted.")] before: Option<String>,
    ) -> Result<Connection<String, SentReading, EmptyFields, EmptyFields>, TopError> {
        outbound::sent_readings(ctx, &self.0, &Window::new(first, after, last, before)).await
    }

    /// Money that came for the provider and that went back, in an order that is final: rows come behind the last cursor and
    /// never before it, so whoever goes on behind it misses none. `mutation reportPaymentPostings` says which payments are
    /// posted.
    async fn payment_movements(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many rows from the start, or behind `after`: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the row before the first wanted.")] after: Option<String>,
        #[graphql(desc = "So many rows from the end, or before `before`: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Cursor of the row after the last wanted.")] before: Option<String>,
    ) -> Result<Connection<String, PaymentMovement, EmptyFields, EmptyFields>, TopError> {
        outbound::movements(ctx, &self.0, &Window::new(first, after, last, before)).await
    }

    /// Files that told the provider of payments, newest first.
    async fn payment_registers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many rows from the start, or behind `after`: 1 to 100.")] first: Option<i32>,
        #[graphql(desc = "Cursor of the row before the first wanted.")] after: Option<String>,
        #[graphql(desc = "So many rows from the end, or before `before`: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Cursor of the row after the last wanted.")] before: Option<String>,
    ) -> Result<Connection<String, PaymentRegister, EmptyFields, EmptyFields>, TopError> {
        outbound::registers(ctx, &self.0, &Window::new(first, after, last, before)).await
    }

    /// Addresses at which the provider's server is told of changes, the oldest first.
    async fn webhooks(&self, ctx: &Context<'_>) -> Result<Vec<Webhook>, TopError> {
        webhooks::webhooks(ctx, &self.0).await
    }

    /// The newest messages to an address, newest first, with their attempts; null: there is no such address.
    async fn webhook_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the address.")] webhook_id: ID,
        #[graphql(desc = "How many: 1 to 100.", default = 20)] first: i32,
    ) -> Result<Option<Vec<WebhookMessage>>, TopError> {
        webhooks::messages(ctx, &self.0, &webhook_id, first).await
    }

    /// The provider's programs, this one among them, the oldest first.
    async fn clients(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Those that were revoked as well, the last 100 of them.", default)] include_revoked: bool,
    ) -> Result<Vec<RegisteredClient>, TopError> {
        clients::clients(ctx, &self.0, include_revoked).await
    }

    /// Where the feed of changes stands: whoever takes it first, then reads everything, and then follows behind it, misses
    /// nothing. For the `after` of any subscription.
    async fn cursor(&self, ctx: &Context<'_>) -> Result<String, TopError> {
        let position = ctx.services()?.changes.head().await?;
        Ok(Cursor { provider: Some(self.0.provider_id), position }.to_text())
    }

    /// Every account of the provider, in no order that means anything.
    async fn personal_accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, PersonalAccount, EmptyFields, EmptyFields>, TopError> {
        let services = ctx.services()?;
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.accounts.list_of_client(&self.0, page).await?;
        connection(slice, AccountAccess::id, PersonalAccount)
    }
}

#[derive(Default)]
pub struct ApiClientQuery;

#[Object]
impl ApiClientQuery {
    /// The provider's program that asks; null for a person and for nobody.
    async fn api_client(&self, ctx: &Context<'_>) -> Result<Option<ApiClient>, TopError> {
        Ok(ctx.actor()?.client.clone().map(ApiClient))
    }
}
