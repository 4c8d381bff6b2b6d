//! What the HTTP room asks about apps that act for people.

use std::net::IpAddr;

use entity::enums::Locale;
use entity::ids::AppId;

use super::App;
use crate::accounts::AccountAccess;
use crate::consent::error::{ApprovalRefusal, AskRefusal, TokenRefusal};
use crate::consent::grant::{Leave, Past};
use crate::consent::redirect::origin;
use crate::consent::request::{Asked, Request};
use crate::consent::token::{Claim, NewTokens};
use crate::http::{
    ClientProof, ConsentAccount, ConsentAnswer, ConsentAsked, ConsentGiven, ConsentPage, ConsentRequest, Grant,
    SignInAnswer, TokenFacts, Traded, Unproved,
};
use crate::identity::error::{SignInRefusal, StepUpRefusal};
use crate::identity::sign_in::Proofs;
use crate::identity::step_up::StepUp;
use crate::kernel::{Actor, Failure, Fault, Person, Scopes, type_id};
use crate::notifications::mail::scope_words;

fn asked(asked: &ConsentAsked) -> Asked {
    let asked = asked.clone();
    Asked {
        client_id: asked.client_id,
        redirect_uri: asked.redirect_uri,
        response_type: asked.response_type,
        scope: asked.scope,
        code_challenge: asked.code_challenge,
        code_challenge_method: asked.code_challenge_method,
    }
}

pub async fn request(app: &App, question: &ConsentAsked) -> Result<ConsentRequest, Fault> {
    match app.services.consents.read_request(&asked(question)).await {
        Ok(request) => Ok(ConsentRequest::Good { app: request.app.name }),
        Err(Failure::Refused(refusal)) => Ok(refused(refusal)),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

fn refused(refusal: AskRefusal) -> ConsentRequest {
    match refusal {
        AskRefusal::Client => ConsentRequest::UnknownApp,
        AskRefusal::RedirectUri => ConsentRequest::UnknownAddress,
        AskRefusal::ResponseType => ConsentRequest::Wrong("unsupported_response_type"),
        AskRefusal::Scope => ConsentRequest::Wrong("invalid_scope"),
        AskRefusal::Challenge => ConsentRequest::Wrong("invalid_request"),
    }
}

/// Looked at anew: the app may have been revoked since the page was begun.
async fn read(app: &App, question: &ConsentAsked) -> Result<Option<Request>, Fault> {
    match app.services.consents.read_request(&asked(question)).await {
        Ok(request) => Ok(Some(request)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

pub async fn page(app: &App, person: &Person, question: &ConsentAsked, locale: Locale) -> Result<ConsentPage, Fault> {
    let services = &app.services;
    let request = read(app, question).await?.ok_or_else(|| Fault::unavailable("the app has just been revoked"))?;
    let user = services.identity.find_person(person).await?;
    let user = user.ok_or_else(|| Fault::internal("a session without a person"))?;
    let accesses = match services.accounts.all_access(person).await {
        Ok(accesses) => accesses,
        Err(Failure::Refused(_)) => Vec::new(),
        Err(Failure::Fault(fault)) => return Err(fault),
    };
    let ids: Vec<_> = accesses.iter().map(AccountAccess::provider_id).collect();
    let providers = services.accounts.find_providers(&ids).await?;
    let account = |access: &AccountAccess| {
        let provider = providers.iter().find(|provider| provider.id() == access.provider_id());
        ConsentAccount {
            id: type_id::encode(access.id()),
            provider: provider.map(|provider| provider.row.name.clone()).unwrap_or_default(),
            number: access.number().to_owned(),
            address: access.address(),
        }
    };
    Ok(ConsentPage {
        email: user.email,
        may: request.scopes.iter().map(|scope| scope_words(scope, locale)).collect(),
        accounts: accesses.iter().map(account).collect(),
        back: origin(&request.redirect_uri).unwrap_or(&request.redirect_uri).to_owned(),
        form_token: services.consents.form_token(person, &question_of(question)?)?,
    })
}

fn question_of(question: &ConsentAsked) -> Result<String, Fault> {
    Ok(serde_json::to_string(question)?)
}

pub async fn decide(
    app: &App,
    actor: &Actor,
    question: &ConsentAsked,
    given: ConsentGiven,
) -> Result<ConsentAnswer, Fault> {
    let (services, wrong) = (&app.services, |why| Ok(ConsentAnswer::Wrong(why)));
    let Some(person) = &actor.person else { return Ok(ConsentAnswer::Forged) };
    if !services.consents.is_form_token(person, &question_of(question)?, &given.form_token)? {
        return Ok(ConsentAnswer::Forged);
    }
    if !given.approved {
        return Ok(ConsentAnswer::Denied);
    }
    let Some(request) = read(app, question).await? else { return Ok(ConsentAnswer::Forged) };
    let accounts = given.accounts.iter().map(|id| type_id::decode(id)).collect::<Option<Vec<_>>>();
    let (past, days) = (Past::from_word(&given.past), given.days.parse().ok());
    let (Some(accounts), Some(past), Some(days)) = (accounts, past, days) else { return wrong("accounts") };
    let leave = Leave { accounts, past, days };
    let step_up = StepUp { password: Some(given.password), two_factor_code: given.code };
    let slices = (&*services.identity, &*services.accounts);
    match services.consents.approve(slices, (actor, person), &request, &leave, &step_up).await {
        Ok(code) => Ok(ConsentAnswer::Code(code)),
        Err(Failure::Refused(refusal)) => wrong(match refusal {
            ApprovalRefusal::NotConfirmed => "form",
            ApprovalRefusal::Accounts => "accounts",
            ApprovalRefusal::TooMany => "too_many",
            ApprovalRefusal::StepUp(StepUpRefusal::WrongPassword) => "password",
            ApprovalRefusal::StepUp(StepUpRefusal::TwoFactorRequired) => "code",
            ApprovalRefusal::StepUp(StepUpRefusal::TwoFactorRejected) => "code_wrong",
            ApprovalRefusal::StepUp(StepUpRefusal::TooManyTries { .. }) => "wait",
        }),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

pub async fn sign_in(
    app: &App,
    actor: &Actor,
    email: &str,
    password: &str,
    code: Option<String>,
) -> Result<SignInAnswer, Fault> {
    let refused = |why, seconds| Ok(SignInAnswer::Refused { why, seconds });
    let Ok(email) = email.parse() else { return refused("credentials", 0) };
    let proofs = Proofs { password: password.to_owned(), captcha: None, code };
    match app.services.identity.sign_in(actor, &email, proofs, false).await {
        Ok((begun, _)) => Ok(SignInAnswer::Session(begun.token)),
        Err(Failure::Refused(refusal)) => match refusal {
            SignInRefusal::BadCredentials => refused("credentials", 0),
            SignInRefusal::CaptchaRequired | SignInRefusal::CaptchaRejected => refused("captcha", 0),
            SignInRefusal::TwoFactorRequired => refused("code", 0),
            SignInRefusal::TwoFactorRejected => refused("code_wrong", 0),
            SignInRefusal::TooManyTries { seconds } => refused("wait", seconds),
        },
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

/// None of a provider's program.
pub fn claim(proof: &ClientProof, address: IpAddr) -> Option<Claim<'_>> {
    let app = type_id::decode::<AppId>(&proof.id)?;
    Some(Claim { app, secret: &proof.secret, address })
}

pub async fn trade(app: &App, proof: &ClientProof, traded: &Traded, address: IpAddr) -> Result<Grant, Fault> {
    let Some(claim) = claim(proof, address) else { return Ok(Grant::Unproved) };
    let consents = &app.services.consents;
    let traded = match traded {
        Traded::Code { code, redirect_uri, verifier } => consents.exchange(claim, code, redirect_uri, verifier).await,
        Traded::Refresh { token, scope } => consents.refresh(claim, token, scope.as_deref()).await,
    };
    match traded {
        Ok(NewTokens { access, refresh, scopes, issued_at, expires_at }) => Ok(Grant::Token {
            token: access,
            refresh: Some(refresh),
            seconds: (expires_at - issued_at).num_seconds(),
            scope: spaced(scopes),
        }),
        Err(Failure::Refused(TokenRefusal::Unproved)) => Ok(Grant::Unproved),
        Err(Failure::Refused(TokenRefusal::Invalid)) => Ok(Grant::Invalid),
        Err(Failure::Refused(TokenRefusal::Scope)) => Ok(Grant::Scope),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

pub async fn introspect(
    app: &App,
    claim: Claim<'_>,
    token: &str,
) -> Result<Result<Option<TokenFacts>, Unproved>, Fault> {
    match app.services.consents.introspect(claim, token).await {
        Ok(good) => Ok(Ok(good.map(|good| TokenFacts {
            client_id: type_id::encode(good.app),
            subject: Some(type_id::encode(good.user_id)),
            scope: spaced(good.scopes),
            issued_at: good.issued_at,
            expires_at: good.expires_at,
        }))),
        Err(Failure::Refused(_)) => Ok(Err(Unproved)),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

pub async fn revoke_token(app: &App, claim: Claim<'_>, token: &str) -> Result<Result<(), Unproved>, Fault> {
    match app.services.consents.revoke_token(claim, token).await {
        Ok(()) => Ok(Ok(())),
        Err(Failure::Refused(_)) => Ok(Err(Unproved)),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

/// As OAuth writes a list of scopes.
fn spaced(scopes: Scopes) -> String {
    scopes.words().replace(',', " ")
}
