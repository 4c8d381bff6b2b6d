//! Apps that act for the viewer: shown, and taken the leave back.

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::client_grant_call;
use entity::ids::ClientGrantId;

use super::accounts::PersonalAccount;
use super::context::Find;
use super::error::{ErrorCode, TopError, UserError, path};
use super::identity::AccessScope;
use super::ids;
use super::page::{Window, connection};
use super::scalars::{Date, DateTime};
use crate::consent::grant::Granted;
use crate::kernel::Scopes;

/// What an app may do for the viewer, by their leave.
#[derive(Clone, Debug)]
pub struct ClientGrant(pub Granted);

/// What an app may do for the viewer, by their leave.
#[Object]
impl ClientGrant {
    /// TypeID with the prefix `grant`. It opens nothing.
    async fn id(&self) -> ID {
        ids::encode(self.0.grant.id)
    }

    /// Name of the app, as its operator registered it.
    async fn app_name(&self) -> &str {
        &self.0.app.name
    }

    /// What it may do.
    async fn scopes(&self) -> Vec<AccessScope> {
        Scopes::of_words(&self.0.grant.scopes).iter().map(Into::into).collect()
    }

    /// Accounts that it reaches. One that was detached is none of them any more, nor when it is attached again.
    async fn personal_accounts(&self, ctx: &Context<'_>) -> Result<Vec<PersonalAccount>, TopError> {
        let loaders = ctx.loaders()?;
        let mut accounts = Vec::with_capacity(self.0.accounts.len());
        let loads = self.0.accounts.iter().map(|id| loaders.access.load(*id));
        for access in futures_util::future::try_join_all(loads).await? {
            accounts.extend(access.map(PersonalAccount));
        }
        Ok(accounts)
    }

    /// It sees nothing that is older; null: it sees all there is.
    async fn data_from(&self) -> Option<Date> {
        self.0.grant.data_from.map(Date)
    }

    /// When the viewer gave their leave.
    async fn granted_at(&self) -> DateTime {
        DateTime(self.0.grant.granted_at)
    }

    /// It opens nothing from then on.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.grant.expires_at)
    }

    /// When the app asked something last, to the minute; null before the first time.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.grant.used_at.map(DateTime)
    }

    /// What it asked, newest first.
    async fn calls(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many from the start, or behind `after`.")] first: Option<i32>,
        #[graphql(desc = "Cursor to start behind.")] after: Option<String>,
        #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
        #[graphql(desc = "Cursor to end before.")] before: Option<String>,
    ) -> Result<Connection<String, ClientCall, EmptyFields, EmptyFields>, TopError> {
        let services = ctx.services()?;
        let page = Window::new(first, after, last, before).page(&services.config.graphql)?;
        let slice = services.consents.list_calls(self.0.grant.id, page).await?;
        connection(slice, |call| call.id, ClientCall)
    }
}

/// What an app asked: an operation from an address stands here once a minute, for 90 days.
#[derive(Clone, Debug)]
pub struct ClientCall(client_grant_call::Model);

/// What an app asked: an operation from an address stands here once a minute, for 90 days.
#[Object]
impl ClientCall {
    /// When it was asked for the first time in its minute.
    async fn called_at(&self) -> DateTime {
        DateTime(self.0.called_at)
    }

    /// Fields at the operation's root.
    async fn operations(&self) -> Vec<&str> {
        self.0.operations.split(',').collect()
    }

    /// Network address that it came from.
    async fn address(&self) -> &str {
        &self.0.address
    }
}

/// Which app to shut out.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeClientAccessInput {
    /// One of `viewer.authorizedClients`.
    pub id: ID,
}

/// What became of the revocation.
#[derive(Default, SimpleObject)]
pub struct RevokeClientAccessPayload {
    /// Those that are left; null when nothing was done.
    pub authorized_clients: Option<Vec<ClientGrant>>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ConsentMutation;

#[Object]
impl ConsentMutation {
    /// Takes back what an app was let do: it asks nothing from now on, and what is open by it ends within two seconds. Leave
    /// is given on the page `/oauth/authorize`, where the app sends the viewer.
    async fn revoke_client_access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which app to shut out.")] input: RevokeClientAccessInput,
    ) -> Result<RevokeClientAccessPayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        let revoked = match ids::decode::<ClientGrantId>(&input.id) {
            Some(id) => ctx.services()?.consents.revoke(actor, person, id).await?,
            None => false,
        };
        if !revoked {
            let error = UserError::basic(ErrorCode::ClientAccessNotFound, path(["id"]), actor.locale);
            return Ok(RevokeClientAccessPayload { authorized_clients: None, user_errors: vec![error] });
        }
        Ok(RevokeClientAccessPayload { authorized_clients: Some(list(ctx).await?), user_errors: Vec::new() })
    }
}

pub async fn list(ctx: &Context<'_>) -> Result<Vec<ClientGrant>, TopError> {
    let granted = ctx.services()?.consents.list(ctx.person()?).await?;
    Ok(granted.into_iter().map(ClientGrant).collect())
}
