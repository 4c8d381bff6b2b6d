//! The other programs of a provider, for a program that registers them.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::TimeDelta;
use entity::enums::Locale;
use entity::{api_client, api_client_secret, enums};

use super::api_client::ClientScope;
use super::context::Find;
use super::error::{ErrorCode, TopError, UserError, path};
use super::ids;
use super::scalars::DateTime;
use crate::integrators::api_client::error::{AddRefusal, ClientRefusal, RegisterRefusal};
use crate::integrators::api_client::registration::{By, Registered};
use crate::integrators::api_client::{Listed, NewSecret};
use crate::kernel::{ApiClient, ClientScopes, Failure};

/// What a program proves itself with, without what is secret of it.
#[derive(Clone, Debug, SimpleObject)]
pub struct ApiClientSecret {
    /// TypeID with the prefix `secret`. It opens nothing.
    pub id: ID,
    /// When it was made.
    pub created_at: DateTime,
    /// It opens nothing from then on; null: not before it is rotated or revoked.
    pub ends_at: Option<DateTime>,
}

impl From<api_client_secret::Model> for ApiClientSecret {
    fn from(row: api_client_secret::Model) -> Self {
        let api_client_secret::Model { id, created_at, ends_at, .. } = row;
        Self { id: ids::encode(id), created_at: DateTime(created_at), ends_at: ends_at.map(DateTime) }
    }
}

/// A program of the provider, as the program sees it that registers them.
#[derive(Clone, Debug, SimpleObject)]
pub struct RegisteredClient {
    /// TypeID with the prefix `client`: the `client_id` that it asks for tokens with.
    pub id: ID,
    /// As who registered it calls it.
    pub name: String,
    /// What its tokens may be used for.
    pub scopes: Vec<ClientScope>,
    /// When it was registered.
    pub created_at: DateTime,
    /// When it was given a token last; null: never.
    pub last_token_at: Option<DateTime>,
    /// It opens nothing from then on; null: it is good.
    pub revoked_at: Option<DateTime>,
    /// Those that are good, oldest first: two at most.
    pub secrets: Vec<ApiClientSecret>,
}

impl From<Listed> for RegisteredClient {
    fn from(Listed { client, secrets }: Listed) -> Self {
        let api_client::Model { id, name, scopes, created_at, token_at, revoked_at, .. } = client;
        Self {
            id: ids::encode(id),
            name,
            scopes: ClientScopes::of_words(&scopes).iter().map(Into::into).collect(),
            created_at: DateTime(created_at),
            last_token_at: token_at.map(DateTime),
            revoked_at: revoked_at.map(DateTime),
            secrets: secrets.into_iter().map(Into::into).collect(),
        }
    }
}

/// A program to register.
#[derive(Clone, Debug, InputObject)]
pub struct RegisterApiClientInput {
    /// What to call it: 1 to 100 characters, none of them a control character.
    pub name: String,
    /// What its tokens may be used for: at least one, and not CLIENTS.
    pub scopes: Vec<ClientScope>,
    /// Of the caller's own, 1 to 255 bytes: a key registers one program of the provider, however often it is sent.
    pub idempotency_key: String,
}

/// The program with its secret.
#[derive(Default, SimpleObject)]
pub struct RegisterApiClientPayload {
    /// The program.
    pub client: Option<RegisteredClient>,
    /// Its secret, `csec_…`, shown this once; null when it was `replayed`: rotate it if the first answer was lost.
    pub secret: Option<String>,
    /// Whether the key was used before with the same input: this is the program of then, and nothing was done now.
    pub replayed: bool,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which program gets another secret.
#[derive(Clone, Debug, InputObject)]
pub struct RotateApiClientSecretInput {
    /// Id of the program; its own, too.
    pub id: ID,
    /// For which the secret before it stays good, and what was got by it: 0 to 720.
    #[graphql(default = 24)]
    pub overlap_hours: i32,
}

/// The program with its new secret.
#[derive(Default, SimpleObject)]
pub struct RotateApiClientSecretPayload {
    /// The program.
    pub client: Option<RegisteredClient>,
    /// Its new secret, `csec_…`, shown this once.
    pub secret: Option<String>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which program ends.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeApiClientInput {
    /// Id of the program; its own, too.
    pub id: ID,
}

/// The program, revoked.
#[derive(Default, SimpleObject)]
pub struct RevokeApiClientPayload {
    /// The program.
    pub client: Option<RegisteredClient>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

/// Which secret ends.
#[derive(Clone, Debug, InputObject)]
pub struct RevokeApiClientSecretInput {
    /// Id of the program; its own, too.
    pub id: ID,
    /// Id of one of its secrets.
    pub secret_id: ID,
}

/// The program with the secrets that are left.
#[derive(Default, SimpleObject)]
pub struct RevokeApiClientSecretPayload {
    /// The program.
    pub client: Option<RegisteredClient>,
    /// Why nothing was done; empty when it was.
    pub user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct ClientMutation;

#[Object]
impl ClientMutation {
    /// For a provider's administrator program: registers another program of the provider.
    async fn register_api_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The program.")] input: RegisterApiClientInput,
    ) -> Result<RegisterApiClientPayload, TopError> {
        let program = ctx.client()?;
        let RegisterApiClientInput { name, scopes, idempotency_key } = input;
        let scopes = scopes.into_iter().map(enums::ClientScope::from).collect();
        match ctx.services()?.api_clients.register(program, &name, scopes, &idempotency_key).await {
            Ok(Registered { client, secret }) => Ok(RegisterApiClientPayload {
                client: shown(ctx, client).await?,
                replayed: secret.is_none(),
                secret,
                user_errors: Vec::new(),
            }),
            Err(Failure::Refused(refusal)) => {
                let user_errors = vec![registration_error(refusal, ctx.actor()?.locale)?];
                Ok(RegisterApiClientPayload { user_errors, ..Default::default() })
            }
            Err(Failure::Fault(fault)) => Err(fault.into()),
        }
    }

    /// For a provider's administrator program: gives a program of the provider another secret, beside which the one before it
    /// stays good for a while. The secret of another administrator is not given to it.
    async fn rotate_api_client_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The program, and how.")] input: RotateApiClientSecretInput,
    ) -> Result<RotateApiClientSecretPayload, TopError> {
        let (by, clients) = (By::Program(ctx.client()?), &ctx.services()?.api_clients);
        let rotated = match ids::decode(&input.id) {
            Some(id) => clients.rotate(by, id, TimeDelta::hours(input.overlap_hours.into())).await,
            None => Err(Failure::Refused(ClientRefusal::NotFound)),
        };
        Ok(match settled(ctx, rotated)? {
            Ok(NewSecret { client, secret, .. }) => RotateApiClientSecretPayload {
                client: shown(ctx, client).await?,
                secret: Some(secret),
                user_errors: Vec::new(),
            },
            Err(user_errors) => RotateApiClientSecretPayload { user_errors, ..Default::default() },
        })
    }

    /// For a provider's administrator program: ends a program of the provider for ever, with its secrets, tokens and open
    /// streams. It may end itself: then it has no way back.
    async fn revoke_api_client(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The program.")] input: RevokeApiClientInput,
    ) -> Result<RevokeApiClientPayload, TopError> {
        let (by, clients) = (By::Program(ctx.client()?), &ctx.services()?.api_clients);
        let revoked = match ids::decode(&input.id) {
            Some(id) => clients.revoke(by, id).await,
            None => Err(Failure::Refused(ClientRefusal::NotFound)),
        };
        Ok(match settled(ctx, revoked)? {
            Ok(client) => RevokeApiClientPayload { client: shown(ctx, client).await?, user_errors: Vec::new() },
            Err(user_errors) => RevokeApiClientPayload { user_errors, ..Default::default() },
        })
    }

    /// For a provider's administrator program: ends a secret of a program of the provider, with the tokens and open streams
    /// that were got by it. It may end its own: without another one it has no way back.
    async fn revoke_api_client_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The secret.")] input: RevokeApiClientSecretInput,
    ) -> Result<RevokeApiClientSecretPayload, TopError> {
        let (by, clients) = (By::Program(ctx.client()?), &ctx.services()?.api_clients);
        let revoked = match (ids::decode(&input.id), ids::decode(&input.secret_id)) {
            (Some(id), Some(secret)) => clients.revoke_secret(by, id, secret).await,
            (None, _) => Err(Failure::Refused(ClientRefusal::NotFound)),
            (Some(_), None) => Err(Failure::Refused(ClientRefusal::SecretNotFound)),
        };
        Ok(match settled(ctx, revoked)? {
            Ok(client) => RevokeApiClientSecretPayload { client: shown(ctx, client).await?, user_errors: Vec::new() },
            Err(user_errors) => RevokeApiClientSecretPayload { user_errors, ..Default::default() },
        })
    }
}

/// The programs of a program's provider, the oldest first.
pub async fn clients(
    ctx: &Context<'_>,
    program: &ApiClient,
    include_revoked: bool,
) -> Result<Vec<RegisteredClient>, TopError> {
    let listed = ctx.services()?.api_clients.list_of(program.provider_id, include_revoked).await?;
    Ok(listed.into_iter().map(Into::into).collect())
}

/// With the secrets that it has by now.
async fn shown(ctx: &Context<'_>, client: api_client::Model) -> Result<Option<RegisteredClient>, TopError> {
    let listed = ctx.services()?.api_clients.with_secrets(vec![client]).await?;
    Ok(listed.into_iter().next().map(Into::into))
}

/// What was done, or refusals as a form shows them.
type Settled<T> = Result<Result<T, Vec<UserError>>, TopError>;

fn settled<T>(ctx: &Context<'_>, done: Result<T, Failure<ClientRefusal>>) -> Settled<T> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(Failure::Fault(fault)) => Err(fault.into()),
        Err(Failure::Refused(refusal)) => Ok(Err(vec![error(refusal, ctx.actor()?.locale)?])),
    }
}

fn error(refusal: ClientRefusal, locale: Locale) -> Result<UserError, TopError> {
    let (code, field) = match refusal {
        ClientRefusal::NotFound => (ErrorCode::ApiClientNotFound, "id"),
        ClientRefusal::SecretNotFound => (ErrorCode::ApiClientSecretNotFound, "secretId"),
        ClientRefusal::TwoSecrets => (ErrorCode::TooManyApiClientSecrets, "id"),
        ClientRefusal::Overlap => (ErrorCode::ApiClientOverlapOutOfRange, "overlapHours"),
        ClientRefusal::Administrator => (ErrorCode::ApiClientIsAdministrator, "id"),
        ClientRefusal::Ended => return Err(TopError::Unauthenticated),
    };
    Ok(UserError::basic(code, path([field]), locale))
}

fn registration_error(refusal: RegisterRefusal, locale: Locale) -> Result<UserError, TopError> {
    let (code, field) = match refusal {
        RegisterRefusal::Add(AddRefusal::Name) => (ErrorCode::ApiClientNameMalformed, path(["name"])),
        RegisterRefusal::Add(AddRefusal::NoScopes) => (ErrorCode::ApiClientScopesMissing, path(["scopes"])),
        RegisterRefusal::Add(AddRefusal::TooMany) => (ErrorCode::TooManyApiClients, None),
        RegisterRefusal::ScopeReserved => (ErrorCode::ApiClientScopeReserved, path(["scopes"])),
        RegisterRefusal::KeyMalformed => (ErrorCode::IdempotencyKeyMalformed, path(["idempotencyKey"])),
        RegisterRefusal::KeyReused => (ErrorCode::IdempotencyKeyReused, path(["idempotencyKey"])),
        RegisterRefusal::Ended => return Err(TopError::Unauthenticated),
    };
    Ok(UserError::basic(code, field, locale))
}
