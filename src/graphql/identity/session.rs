//! Signed-in devices: seen and ended by their person.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::ids::SessionId;

use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::ids;
use crate::graphql::scalars::DateTime;
use crate::identity::session::ListedSession;

/// A signed-in device.
#[derive(Clone, Debug)]
pub struct Session(pub ListedSession);

/// A signed-in device.
#[Object]
impl Session {
    /// TypeID with the prefix `session`. It opens nothing.
    pub async fn id(&self) -> ID {
        ids::encode(self.0.session.id)
    }

    /// What the device calls itself (User-Agent); null when it does not.
    async fn device(&self) -> Option<&str> {
        Some(self.0.session.device.as_str()).filter(|device| !device.is_empty())
    }

    /// Network address that it was begun from.
    async fn address(&self) -> String {
        self.0.session.address.to_string()
    }

    /// When it began.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.session.started_at)
    }

    /// When it was used last, to the minute.
    async fn last_used_at(&self) -> DateTime {
        DateTime(self.0.session.used_at)
    }

    /// When it ends in any case; without use it ends sooner.
    async fn ends_at(&self) -> DateTime {
        DateTime(self.0.session.ends_at)
    }

    /// Whether it is the one that asks.
    async fn current(&self) -> bool {
        self.0.current
    }
}

/// Which session to end.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeSessionInput {
    /// One of `viewer.sessions`.
    pub id: ID,
}

/// What became of the end of sessions.
#[derive(Default, SimpleObject)]
pub struct RevokeSessionsPayload {
    /// Those that go on, the latest used first; null when nothing was done.
    pub sessions: Option<Vec<Session>>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Ends one of the viewer's sessions; its subscriptions end too.
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session to end.")] input: RevokeSessionInput,
    ) -> Result<RevokeSessionsPayload, TopError> {
        let person = ctx.person()?;
        let ended = match ids::decode::<SessionId>(&input.id) {
            Some(id) => ctx.services()?.identity.revoke_session(ctx.actor()?, person, id).await?,
            None => false,
        };
        if !ended {
            let error = UserError::basic(ErrorCode::SessionNotFound, path(["id"]), ctx.actor()?.locale);
            return Ok(RevokeSessionsPayload { sessions: None, user_errors: vec![error] });
        }
        left(ctx).await
    }

    /// Ends every session of the viewer but this one.
    async fn revoke_other_sessions(&self, ctx: &Context<'_>) -> Result<RevokeSessionsPayload, TopError> {
        ctx.services()?.identity.revoke_other_sessions(ctx.actor()?, ctx.person()?).await?;
        left(ctx).await
    }

    /// Ends every session of the viewer, this one too.
    async fn revoke_all_sessions(&self, ctx: &Context<'_>) -> Result<RevokeSessionsPayload, TopError> {
        let services = ctx.services()?;
        services.identity.revoke_all_sessions(ctx.actor()?, ctx.person()?).await?;
        super::cookie::take_back(ctx, &services.config.http);
        left(ctx).await
    }
}

async fn left(ctx: &Context<'_>) -> Result<RevokeSessionsPayload, TopError> {
    Ok(RevokeSessionsPayload { sessions: Some(list(ctx).await?), user_errors: Vec::new() })
}

pub async fn list(ctx: &Context<'_>) -> Result<Vec<Session>, TopError> {
    let listed = ctx.services()?.identity.sessions.list(ctx.person()?).await?;
    Ok(listed.into_iter().map(Session).collect())
}
