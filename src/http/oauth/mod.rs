//! Tokens for providers' own programs and for apps that act for people, by the standards that their libraries speak: client
//! credentials and authorization codes (RFC 6749, sections 4.4 and 4.1; RFC 7636), discovery (RFC 8414), introspection (RFC
//! 7662), revocation (RFC 7009). Why by hand: ADR 0046, ADR 0053.

pub mod form;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use entity::ids::{ApiClientId, AppId};
use poem::http::{HeaderValue, StatusCode, header};
use poem::{Request, Response};
use serde_json::{Value, json};

use self::form::{Form, Misshapen};
use super::caller::Caller;
use super::{ClientProof, Grant, Http, Traded, Unproved, answer, body, pages};
use crate::config::Config;
use crate::kernel::type_id;

/// Bytes.
const MAX_FORM: usize = 16 * 1024;

/// Where a client finds everything else.
pub const METADATA: &str = "/.well-known/oauth-authorization-server";

/// Why nothing was granted (RFC 6749, section 5.2).
enum Refusal {
    Request(&'static str),
    Client,
    GrantType,
    Grant,
    Scope,
    TooMany(i64),
    /// What stood in the way before there was a form, or a fault.
    Other(Response),
}

pub async fn token<E>(http: Arc<Http<E>>, mut request: Request) -> Response {
    match granted(&http, &mut request).await {
        Ok(response) => private(response),
        Err(refusal) => private(refused(refusal)),
    }
}

async fn granted<E>(http: &Http<E>, request: &mut Request) -> Result<Response, Refusal> {
    let form = asked(http, request, true).await?;
    let traded = match form.get("grant_type") {
        None => return Err(Refusal::Request("grant_type is missing.")),
        Some("client_credentials") => None,
        Some("authorization_code") => Some(code(&form)?),
        Some("refresh_token") => Some(refresh_token(&form)?),
        Some(_) => return Err(Refusal::GrantType),
    };
    let proof = form.proof(request.headers())?.ok_or(Refusal::Client)?;
    let address = Caller::of(request, &http.config.http).address;
    let _place = http.gate.enter().await.map_err(Refusal::Other)?;
    let grant = match &traded {
        None => http.doors.grant_token(&proof, form.get("scope")).await,
        Some(traded) => http.doors.trade(&proof, traded, address).await,
    };
    match grant.map_err(|fault| Refusal::Other(answer::fault(&fault)))? {
        Grant::Unproved => {
            // What is no id might be a secret in the wrong place.
            let client = type_id::decode::<ApiClientId>(&proof.id).map(type_id::encode);
            let client = client.or_else(|| type_id::decode::<AppId>(&proof.id).map(type_id::encode));
            tracing::warn!(?client, %address, "a client's secret was refused");
            Err(Refusal::Client)
        }
        Grant::Scope => Err(Refusal::Scope),
        Grant::Invalid => Err(Refusal::Grant),
        Grant::Token { token, refresh, seconds, scope } => {
            let mut told =
                json!({ "access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": scope });
            with(&mut told, "refresh_token", refresh);
            Ok(answer::json(StatusCode::OK, &told))
        }
    }
}

fn with(told: &mut Value, name: &str, value: Option<String>) {
    if let (Some(members), Some(value)) = (told.as_object_mut(), value) {
        members.insert(name.to_owned(), value.into());
    }
}

fn code(form: &Form) -> Result<Traded, Misshapen> {
    let needed = |name, why| form.get(name).map(str::to_owned).ok_or(Misshapen(why));
    Ok(Traded::Code {
        code: needed("code", "code is missing.")?,
        redirect_uri: needed("redirect_uri", "redirect_uri is missing.")?,
        verifier: needed("code_verifier", "code_verifier is missing.")?,
    })
}

fn refresh_token(form: &Form) -> Result<Traded, Misshapen> {
    let token = form.get("refresh_token").ok_or(Misshapen("refresh_token is missing."))?.to_owned();
    Ok(Traded::Refresh { token, scope: form.get("scope").map(str::to_owned) })
}

/// What a token is good for, for the program that it was given to; any other text reads as a token that has ended.
pub async fn introspect<E>(http: Arc<Http<E>>, mut request: Request) -> Response {
    private(introspected(&http, &mut request).await.unwrap_or_else(refused))
}

async fn introspected<E>(http: &Http<E>, request: &mut Request) -> Result<Response, Refusal> {
    let (form, proof) = about_a_token(http, request).await?;
    let address = Caller::of(request, &http.config.http).address;
    let _place = http.gate.enter().await.map_err(Refusal::Other)?;
    let facts = http.doors.introspect(&proof, form.get("token").unwrap_or_default(), address).await;
    let facts = facts.map_err(|fault| Refusal::Other(answer::fault(&fault)))?.map_err(Refusal::from)?;
    let told = facts.map_or_else(
        || json!({ "active": false }),
        |facts| {
            let mut told = json!({
                "active": true, "client_id": facts.client_id, "scope": facts.scope, "token_type": "Bearer",
                "iat": facts.issued_at.timestamp(), "exp": facts.expires_at.timestamp(),
            });
            with(&mut told, "sub", facts.subject);
            told
        },
    );
    Ok(answer::json(StatusCode::OK, &told))
}

/// Ends a token at once; a text that is none is ended already.
pub async fn revoke<E>(http: Arc<Http<E>>, mut request: Request) -> Response {
    private(revoked(&http, &mut request).await.unwrap_or_else(refused))
}

async fn revoked<E>(http: &Http<E>, request: &mut Request) -> Result<Response, Refusal> {
    let (form, proof) = about_a_token(http, request).await?;
    let address = Caller::of(request, &http.config.http).address;
    let _place = http.gate.enter().await.map_err(Refusal::Other)?;
    let revoked = http.doors.revoke_token(&proof, form.get("token").unwrap_or_default(), address).await;
    revoked.map_err(|fault| Refusal::Other(answer::fault(&fault)))?.map_err(Refusal::from)?;
    Ok(StatusCode::OK.into())
}

async fn about_a_token<E>(http: &Http<E>, request: &mut Request) -> Result<(Form, ClientProof), Refusal> {
    let form = asked(http, request, false).await?;
    if form.get("token").is_none() {
        return Err(Refusal::Request("token is missing."));
    }
    let proof = form.proof(request.headers())?.ok_or(Refusal::Client)?;
    Ok((form, proof))
}

/// The form, when its address may ask this once more.
async fn asked<E>(http: &Http<E>, request: &mut Request, grants: bool) -> Result<Form, Refusal> {
    let address = Caller::of(request, &http.config.http).address;
    http.door.charge_token(address, grants).map_err(Refusal::TooMany)?;
    if !form::is_form(request.headers()) {
        return Err(Refusal::Request("Send the request as application/x-www-form-urlencoded."));
    }
    let body = body::read(request, MAX_FORM, http.config.http.read_timeout).await.map_err(Refusal::Other)?;
    Ok(Form::read(&body)?)
}

pub fn metadata(config: &Config) -> Response {
    let issuer = config.http.public_url.trim_end_matches('/');
    let methods = ["client_secret_basic", "client_secret_post"];
    let with_none = ["client_secret_basic", "client_secret_post", "none"];
    let scopes = crate::kernel::all_scopes();
    let mut response = answer::json(
        StatusCode::OK,
        &json!({
            "issuer": issuer,
            "token_endpoint": format!("{issuer}/oauth/token"),
            // An app that cannot keep a secret proves itself by PKCE.
            "token_endpoint_auth_methods_supported": with_none,
            "introspection_endpoint": format!("{issuer}/oauth/introspect"),
            "introspection_endpoint_auth_methods_supported": methods,
            "revocation_endpoint": format!("{issuer}/oauth/revoke"),
            "revocation_endpoint_auth_methods_supported": with_none,
            "authorization_endpoint": format!("{issuer}{}", pages::CONSENT_PATH),
            "authorization_response_iss_parameter_supported": true,
            "code_challenge_methods_supported": [crate::consent::pkce::METHOD],
            "grant_types_supported": ["client_credentials", "authorization_code", "refresh_token"],
            "response_types_supported": ["code"],
            "scopes_supported": scopes,
        }),
    );
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

impl From<Misshapen> for Refusal {
    fn from(Misshapen(why): Misshapen) -> Self {
        Self::Request(why)
    }
}

impl From<Unproved> for Refusal {
    fn from(_: Unproved) -> Self {
        Self::Client
    }
}

fn refused(refusal: Refusal) -> Response {
    let error = |status, error: &str, why: &str| {
        let told: Value = json!({ "error": error, "error_description": why });
        answer::json(status, &told)
    };
    match refusal {
        Refusal::Request(why) => error(StatusCode::BAD_REQUEST, "invalid_request", why),
        Refusal::Client => {
            let why = "There is no such client, or the secret is not its.";
            let mut response = error(StatusCode::UNAUTHORIZED, "invalid_client", why);
            let challenge = HeaderValue::from_static("Basic realm=\"kabinet\", charset=\"UTF-8\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            response
        }
        Refusal::GrantType => {
            let why = "client_credentials, authorization_code and refresh_token are granted.";
            error(StatusCode::BAD_REQUEST, "unsupported_grant_type", why)
        }
        Refusal::Grant => {
            let why = "The code or the refresh token is none, has been used or has ended, or is not for this.";
            error(StatusCode::BAD_REQUEST, "invalid_grant", why)
        }
        Refusal::Scope => error(StatusCode::BAD_REQUEST, "invalid_scope", "The client has not all of these scopes."),
        Refusal::TooMany(seconds) => {
            let why = "Too many requests from this address.";
            let mut response = error(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", why);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            response
        }
        Refusal::Other(response) => response,
    }
}

/// What is told here is for nobody else (RFC 6749, section 5.1).
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
