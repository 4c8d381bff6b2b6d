//! Tokens for a person's own scripts: made, shown once, listed, revoked.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use entity::access_token;
use entity::enums::Locale;
use entity::ids::AccessTokenId;

use super::step_up::{StepUpInput, step_up_error};
use crate::graphql::context::Find;
use crate::graphql::error::{ErrorCode, TopError, UserError, path};
use crate::graphql::ids;
use crate::graphql::scalars::DateTime;
use crate::identity::access_token::Wish;
use crate::identity::error::AccessTokenRefusal;
use crate::kernel::{Failure, Scopes};

/// What a token may be used for. A session may do everything; what stands in no scope (passwords, sessions, tokens, the
/// deletion of the cabinet) is done in a session only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::enums::Scope")]
pub enum AccessScope {
    /// The person's name, address, phone and language.
    Profile,
    /// Personal accounts, what is owed on them, and its changes live.
    Balance,
    /// Statements, ledger, services, tariffs, outlook.
    Statements,
    /// Meters, readings, consumption.
    Readings,
    /// Sending readings and taking them back.
    SubmitReadings,
    /// Payments that were made, and their changes live.
    Payments,
    /// Starting payments. The person confirms them on the acquirer's page.
    Pay,
}

/// A token for a script of the person's own.
#[derive(Clone, Debug)]
pub struct AccessToken(pub access_token::Model);

/// A token for a script of the person's own.
#[Object]
impl AccessToken {
    /// TypeID with the prefix `token`. It opens nothing.
    async fn id(&self) -> ID {
        ids::encode(self.0.id)
    }

    /// As its person calls it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it may be used for.
    async fn scopes(&self) -> Vec<AccessScope> {
        Scopes::of_words(&self.0.scopes).iter().map(Into::into).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }

    /// It opens nothing from then on.
    async fn expires_at(&self) -> DateTime {
        DateTime(self.0.expires_at)
    }

    /// When it was used last, to the minute; null before the first use.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.used_at.map(DateTime)
    }
}

/// The token that is wanted.
#[derive(Clone, InputObject)]
pub struct CreateAccessTokenInput {
    /// What to call it: 1 to 100 characters.
    pub name: String,
    /// What it may be used for: at least one.
    pub scopes: Vec<AccessScope>,
    /// Days until it opens nothing any more: 1 to 366.
    #[graphql(default = 365)]
    pub expires_in_days: i32,
    /// The proof that it is the owner who asks.
    pub step_up: StepUpInput,
}

/// What became of the wish.
#[derive(Default, SimpleObject)]
pub struct CreateAccessTokenPayload {
    /// The token, to be sent as `Authorization: Bearer …`: it is shown here and never again. Null when none was made.
    pub token: Option<String>,
    /// What is kept of it.
    pub access_token: Option<AccessToken>,
    /// Why none was made; empty when one was.
    pub user_errors: Vec<UserError>,
}

/// Which token to revoke.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeAccessTokenInput {
    /// One of `viewer.accessTokens`.
    pub id: ID,
}

/// What became of the revocation.
#[derive(Default, SimpleObject)]
pub struct RevokeAccessTokenPayload {
    /// Those that are left; null when nothing was done.
    pub access_tokens: Option<Vec<AccessToken>>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct AccessTokenMutation;

#[Object]
impl AccessTokenMutation {
    /// Makes a token for a script of the viewer's own. A letter tells of it.
    async fn create_access_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token that is wanted.")] input: CreateAccessTokenInput,
    ) -> Result<CreateAccessTokenPayload, TopError> {
        let CreateAccessTokenInput { name, scopes, expires_in_days, step_up } = input;
        let scopes = scopes.into_iter().map(entity::enums::Scope::from).collect();
        let wish = Wish { name, scopes, days: expires_in_days.into() };
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        match ctx.services()?.identity.create_access_token(actor, person, wish, &step_up.into()).await {
            Ok(created) => Ok(CreateAccessTokenPayload {
                token: Some(created.token),
                access_token: Some(AccessToken(created.row)),
                user_errors: Vec::new(),
            }),
            Err(Failure::Refused(refusal)) => {
                let user_errors = vec![token_error(refusal, actor.locale)];
                Ok(CreateAccessTokenPayload { user_errors, ..Default::default() })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// Revokes one of the viewer's tokens; what is open by it ends.
    async fn revoke_access_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token to revoke.")] input: RevokeAccessTokenInput,
    ) -> Result<RevokeAccessTokenPayload, TopError> {
        let (actor, person) = (ctx.actor()?, ctx.person()?);
        let revoked = match ids::decode::<AccessTokenId>(&input.id) {
            Some(id) => ctx.services()?.identity.revoke_access_token(actor, person, id).await?,
            None => false,
        };
        if !revoked {
            let error = UserError::basic(ErrorCode::AccessTokenNotFound, path(["id"]), actor.locale);
            return Ok(RevokeAccessTokenPayload { access_tokens: None, user_errors: vec![error] });
        }
        Ok(RevokeAccessTokenPayload { access_tokens: Some(list(ctx).await?), user_errors: Vec::new() })
    }
}

pub async fn list(ctx: &Context<'_>) -> Result<Vec<AccessToken>, TopError> {
    let rows = ctx.services()?.identity.access_tokens(ctx.person()?).await?;
    Ok(rows.into_iter().map(AccessToken).collect())
}

fn token_error(refusal: AccessTokenRefusal, locale: Locale) -> UserError {
    let (code, field) = match refusal {
        AccessTokenRefusal::NotConfirmed => (ErrorCode::EmailNotConfirmed, None),
        AccessTokenRefusal::Name => (ErrorCode::AccessTokenNameMalformed, path(["name"])),
        AccessTokenRefusal::NoScopes => (ErrorCode::AccessTokenScopesMissing, path(["scopes"])),
        AccessTokenRefusal::Days => (ErrorCode::AccessTokenLifetimeOutOfRange, path(["expiresInDays"])),
        AccessTokenRefusal::TooMany => (ErrorCode::TooManyAccessTokens, None),
        AccessTokenRefusal::StepUp(refusal) => return step_up_error(&refusal, locale),
    };
    UserError::basic(code, field, locale)
}
