//! A provider's own program, as it sees itself.

use async_graphql::{Context, Enum, ID, Object};

use super::accounts::Provider;
use super::context::Find;
use super::error::TopError;
use super::ids;
use crate::kernel;
use crate::kernel::Fault;

/// What the token of a provider's program may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::ClientScope")]
pub enum ClientScope {
    /// Balances of the provider's accounts: for streams to come, opens nothing yet.
    Balances,
    /// Readings of the provider's meters: for streams to come, opens nothing yet.
    Readings,
    /// Payments for the provider's accounts: for streams to come, opens nothing yet.
    Payments,
    /// Sending accounts, services, meters, tariffs, readings of the billing and statements.
    Import,
    /// Saying what became of readings that people sent.
    Decisions,
    /// Saying which payments the provider has posted.
    Postings,
}

/// A provider's own program.
#[derive(Clone, Debug)]
pub struct ApiClient(pub kernel::ApiClient);

/// A provider's own program, registered by an operator.
#[Object]
impl ApiClient {
    /// TypeID with the prefix `client`: the `client_id` that it asks for tokens with.
    async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// As its operator calls it.
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
