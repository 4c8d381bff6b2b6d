//! Pages behind the links of letters: opening one changes nothing, its button uses the link, most with a password.

use std::sync::Arc;

use entity::enums::Locale;
use futures_util::future::BoxFuture;
use minijinja::context;
use poem::http::StatusCode;
use poem::{Request, Response};
use serde::Deserialize;

use super::template::page;
use super::{Asked, asked, form, language};
use crate::http::caller::Caller;
use crate::http::{Doors, Http, LinkOutcome, UsedLink, answer};
use crate::kernel::Fault;

#[derive(Deserialize)]
struct Filled {
    token: String,
    #[serde(default)]
    password: String,
    lang: Option<String>,
}

/// A page, and where its form goes.
#[derive(Clone, Copy)]
struct LinkPage {
    template: &'static str,
    action: &'static str,
}

const CONFIRMATION: LinkPage = LinkPage { template: "confirm_email.html", action: "/confirm-email" };
const NOT_ME: LinkPage = LinkPage { template: "not_me.html", action: "/not-me" };
const RESET: LinkPage = LinkPage { template: "reset_password.html", action: "/reset-password" };
const CHANGE: LinkPage = LinkPage { template: "confirm_email_change.html", action: "/confirm-email-change" };
const CANCELLATION: LinkPage = LinkPage { template: "cancel_email_change.html", action: "/cancel-email-change" };

type Outcome<'a> = BoxFuture<'a, Result<LinkOutcome, Fault>>;

const DELETION: LinkPage = LinkPage { template: "cancel_deletion.html", action: "/cancel-deletion" };

pub async fn ask_to_confirm<E>(_: Arc<Http<E>>, request: Request) -> Response {
    ask(CONFIRMATION, &request)
}

pub async fn ask_for_password<E>(_: Arc<Http<E>>, request: Request) -> Response {
    ask(RESET, &request)
}

pub async fn ask_about_sign_in<E>(_: Arc<Http<E>>, request: Request) -> Response {
    ask(NOT_ME, &request)
}

pub async fn ask_to_confirm_change<E>(_: Arc<Http<E>>, request: Request) -> Response {
    ask(CHANGE, &request)
}

pub async fn ask_to_cancel_deletion<E>(_: Arc<Http<E>>, request: Request) -> Response {
    ask(DELETION, &request)
}

pub async fn ask_to_cancel_change<E>(_: Arc<Http<E>>, request: Request) -> Response {
    ask(CANCELLATION, &request)
}

pub async fn confirm<E: Sync + Send>(http: Arc<Http<E>>, request: Request) -> Response {
    press(CONFIRMATION, http, request, |doors, link| doors.confirm_email(link)).await
}

pub async fn reset_password<E: Sync + Send>(http: Arc<Http<E>>, request: Request) -> Response {
    press(RESET, http, request, |doors, link| doors.reset_password(link)).await
}

pub async fn confirm_change<E: Sync + Send>(http: Arc<Http<E>>, request: Request) -> Response {
    press(CHANGE, http, request, |doors, link| doors.confirm_email_change(link)).await
}

pub async fn cancel_change<E: Sync + Send>(http: Arc<Http<E>>, request: Request) -> Response {
    press(CANCELLATION, http, request, |doors, link| doors.cancel_email_change(link)).await
}

pub async fn cancel_deletion<E: Sync + Send>(http: Arc<Http<E>>, request: Request) -> Response {
    press(DELETION, http, request, |doors, link| doors.cancel_deletion(link)).await
}

pub async fn report_foreign_sign_in<E: Sync + Send>(http: Arc<Http<E>>, request: Request) -> Response {
    press(NOT_ME, http, request, |doors, link| doors.report_foreign_sign_in(link)).await
}

async fn press<E>(
    page: LinkPage,
    http: Arc<Http<E>>,
    mut request: Request,
    with: impl for<'a> FnOnce(&'a dyn Doors, UsedLink) -> Outcome<'a>,
) -> Response {
    let (link, lang) = match filled(&http, &mut request).await {
        Ok(filled) => filled,
        Err(refusal) => return refusal,
    };
    let _place = match http.gate.enter().await {
        Ok(place) => place,
        Err(refusal) => return refusal,
    };
    let token = link.token.clone();
    tell(page, lang, &token, with(&*http.doors, link).await)
}

fn ask(LinkPage { template, action }: LinkPage, request: &Request) -> Response {
    let Asked { lang, token, .. } = asked(request);
    let lang = language(request, lang.as_deref());
    page(StatusCode::OK, template, context! { lang, token, action, state => "ask" })
}

async fn filled<E>(http: &Http<E>, request: &mut Request) -> Result<(UsedLink, &'static str), Response> {
    let Filled { token, password, lang } = form(http, request).await?;
    let lang = language(request, lang.as_deref());
    let locale = if lang == "en" { Locale::En } else { Locale::Ru };
    let address = Caller::of(request, &http.config.http).address;
    Ok((UsedLink { token, password, locale, address }, lang))
}

fn tell(
    LinkPage { template, action }: LinkPage,
    lang: &str,
    token: &str,
    outcome: Result<LinkOutcome, Fault>,
) -> Response {
    let (status, state, error) = match outcome {
        Ok(LinkOutcome::Done) => (StatusCode::OK, "done", None),
        Ok(LinkOutcome::Half) => (StatusCode::OK, "half", None),
        Ok(LinkOutcome::Expired) => (StatusCode::GONE, "expired", None),
        Ok(LinkOutcome::Refused(why)) => (StatusCode::UNPROCESSABLE_ENTITY, "ask", Some(why)),
        Err(fault) => (answer::fault(&fault).status(), "unavailable", None),
    };
    page(status, template, context! { lang, token, action, state, error })
}
