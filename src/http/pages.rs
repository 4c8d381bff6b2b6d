//! The server's own pages, in Russian and English. Opening one changes nothing: letters are opened by robots too.

mod consent;
mod links;
mod money;
mod template;

use std::sync::Arc;

use entity::enums::Locale;
use minijinja::context;
use minijinja::value::{Serde, Value};
use poem::http::{HeaderValue, StatusCode, header};
use poem::web::Form;
use poem::{FromRequest, Request, RequestBody, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use self::consent::{PATH as CONSENT_PATH, ask as ask_for_consent, decide as decide_on_consent};
pub use self::links::{
    ask_about_sign_in, ask_for_password, ask_to_cancel_change, ask_to_cancel_deletion, ask_to_confirm,
    ask_to_confirm_change, cancel_change, cancel_deletion, confirm, confirm_change, report_foreign_sign_in,
    reset_password,
};
use self::template::page;
use super::{Http, MailboxMessage, SandboxPage, Taken, answer, body, caller};

/// Bytes. Acquirers send up to some tens of kilobytes.
const MAX_NOTIFICATION: usize = 256 * 1024;
const MAX_FORM: usize = 16 * 1024;
/// Letters come with styles of their own, and are shown in a frame.
const LETTERS_POLICY: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    frame-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    lang: Option<String>,
    token: String,
    payment: Option<String>,
}

#[derive(Deserialize)]
struct Decision {
    outcome: String,
    lang: Option<String>,
}

fn asked(request: &Request) -> Asked {
    request.params().unwrap_or_default()
}

/// `ru` or `en`: as asked, or else as the browser prefers.
fn language(request: &Request, asked: Option<&str>) -> &'static str {
    match (asked, caller::locale(request.headers())) {
        (Some("ru"), _) => "ru",
        (Some("en"), _) | (_, Locale::En) => "en",
        (_, Locale::Ru) => "ru",
    }
}

pub async fn home<E>(http: Arc<Http<E>>, request: Request) -> Response {
    let lang = language(&request, asked(&request).lang.as_deref());
    let (letters, graphiql) = (http.config.mail.smtp_url.is_none(), http.config.graphiql());
    let sandbox = http.config.payments.acquirer == crate::payments::acquirer::sandbox::NAME;
    let demo = Value::from(Serde(&http.demo));
    page(StatusCode::OK, "home.html", context! { lang, letters, sandbox, demo, graphiql })
}

/// The payer has come back from the bank: its answer is asked for. Opening it again changes nothing.
pub async fn returned<E>(http: Arc<Http<E>>, request: Request) -> Response {
    let asked = asked(&request);
    let lang = language(&request, asked.lang.as_deref());
    let _place = match http.gate.enter().await {
        Ok(place) => place,
        Err(refusal) => return refusal,
    };
    let state = match asked.payment {
        Some(id) => http.doors.returned_payment(&id).await,
        None => Ok(None),
    };
    // What cannot be told now is told in the cabinet.
    let state = state.ok().flatten().unwrap_or("open");
    page(StatusCode::OK, "returned.html", context! { lang, state })
}

pub async fn mailbox<E>(http: Arc<Http<E>>, request: Request) -> Response {
    let lang = language(&request, asked(&request).lang.as_deref());
    let _place = match http.gate.enter().await {
        Ok(place) => place,
        Err(refusal) => return refusal,
    };
    let messages = match letters(&http).await {
        Ok(messages) => messages,
        Err(refusal) => return refusal,
    };
    let mut response =
        page(StatusCode::OK, "mailbox.html", context! { lang, messages => Value::from(Serde(&messages)) });
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(LETTERS_POLICY));
    response
}

pub async fn messages<E>(http: Arc<Http<E>>) -> Response {
    let _place = match http.gate.enter().await {
        Ok(place) => place,
        Err(refusal) => return refusal,
    };
    letters(&http).await.map_or_else(|refusal| refusal, |messages| answer::json(StatusCode::OK, &messages))
}

/// Newest first; 404 where letters are sent.
async fn letters<E>(http: &Http<E>) -> Result<Vec<MailboxMessage>, Response> {
    let messages = http.doors.mailbox().await.map_err(|fault| answer::fault(&fault))?;
    let mut messages = messages.ok_or_else(not_found)?;
    messages.sort_by_key(|message| std::cmp::Reverse(message.sent_at));
    Ok(messages)
}

pub async fn sandbox_payment<E>(http: Arc<Http<E>>, request: Request) -> Response {
    let _place = match http.gate.enter().await {
        Ok(place) => place,
        Err(refusal) => return refusal,
    };
    let lang = language(&request, asked(&request).lang.as_deref());
    show(http.doors.sandbox_payment(parameter(&request, "id")).await, |payment| {
        page(StatusCode::OK, "sandbox_payment.html", context! { lang, payment => Value::from(Serde(&payment)) })
    })
}

pub async fn decide_sandbox_payment<E>(http: Arc<Http<E>>, mut request: Request) -> Response {
    let Decision { outcome, lang } = match form(&http, &mut request).await {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    if !["pay", "pay_sbp", "pay_late", "refuse", "three_d_secure_failed", "think"].contains(&outcome.as_str()) {
        return answer::text(StatusCode::UNPROCESSABLE_ENTITY, "The bank knows no such answer.\n");
    }
    let _place = match http.gate.enter().await {
        Ok(place) => place,
        Err(refusal) => return refusal,
    };
    let lang = language(&request, lang.as_deref());
    show(http.doors.decide_sandbox_payment(parameter(&request, "id"), &outcome).await, |payment| {
        // So that loading the page again does not decide again.
        let place = format!("/sandbox/payments/{}?lang={lang}", payment.id);
        Response::builder().status(StatusCode::SEE_OTHER).header(header::LOCATION, place).finish()
    })
}

fn show(
    found: Result<Option<SandboxPage>, crate::kernel::Fault>,
    with: impl FnOnce(SandboxPage) -> Response,
) -> Response {
    match found {
        Ok(Some(payment)) => with(payment),
        Ok(None) => not_found(),
        Err(fault) => answer::fault(&fault),
    }
}

/// 200 once it is stored; anything else makes the acquirer send it again.
pub async fn notification<E>(http: Arc<Http<E>>, mut request: Request) -> Response {
    let body = match body::read(&mut request, MAX_NOTIFICATION, http.config.http.read_timeout).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let _place = match http.gate.enter().await {
        Ok(place) => place,
        Err(refusal) => return refusal,
    };
    let from = caller::Caller::of(&request, &http.config.http).address;
    match http.doors.take_notification(parameter(&request, "name"), from, &body).await {
        Ok(Taken::Stored) => StatusCode::OK.into(),
        Ok(Taken::Unreadable) => not_found(),
        Ok(Taken::Stranger) => answer::text(StatusCode::FORBIDDEN, "Acquirers do not send from there.\n"),
        Err(fault) => answer::fault(&fault),
    }
}

fn parameter<'a>(request: &'a Request, name: &str) -> &'a str {
    request.raw_path_param(name).unwrap_or_default()
}

fn not_found() -> Response {
    answer::text(StatusCode::NOT_FOUND, "There is no such page.\n")
}

async fn form<E, T: DeserializeOwned + Send>(http: &Http<E>, request: &mut Request) -> Result<T, Response> {
    let bytes = body::read(request, MAX_FORM, http.config.http.read_timeout).await?;
    let mut body = RequestBody::new(bytes.into());
    Form::from_request(request, &mut body).await.map(|Form(form)| form).map_err(poem::Error::into_response)
}

#[cfg(test)]
mod tests;
