//! Where an app sends a person to be let in: who they are, what the app asks for, and their answer (RFC 6749, section 4.1).
//!
//! Nobody is sent anywhere before the app and its address are known to belong together. Works without JavaScript; no other
//! page frames it, and its forms are taken from itself alone.

mod answer;

use std::sync::Arc;

use entity::enums::Locale;
use minijinja::context;
use minijinja::value::{Serde, Value};
use poem::http::{StatusCode, header};
use poem::{Request, Response};

use self::answer::{back, code_back, refused_back, with_way_back};
use super::template::page;
use super::{MAX_FORM, language};
use crate::graphql::identity::cookie;
use crate::http::caller::Caller;
use crate::http::oauth::form::Form;
use crate::http::origin::Origin;
use crate::http::{
    ConsentAnswer, ConsentAsked, ConsentGiven, ConsentRequest, Http, SignInAnswer, answer as answers, body,
};
use crate::kernel::{Actor, Person};

pub const PATH: &str = "/oauth/authorize";
/// Form fields that carry what was asked, from page to page.
const CARRIED: [&str; 7] =
    ["response_type", "client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method"];
/// A form field for each account begins so.
const ACCOUNT: &str = "account-";

/// A request of the page, of whichever method.
struct Asking<'a, E> {
    http: &'a Http<E>,
    form: Form,
    asked: ConsentAsked,
    actor: Actor,
    lang: &'static str,
}

pub async fn ask<E: Sync + Send>(http: Arc<Http<E>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let asking = match Asking::new(&http, &request, query.as_bytes(), false) {
        Ok(asking) => asking,
        Err(refusal) => return *refusal,
    };
    asking.served(&request, |asking, person, app| Box::pin(asking.show(person, app, None))).await
}

pub async fn decide<E: Sync + Send>(http: Arc<Http<E>>, mut request: Request) -> Response {
    let body = match body::read(&mut request, MAX_FORM, http.config.http.read_timeout).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let lang = language(&request, None);
    // A page of somebody else's neither signs a person in nor answers for them.
    if !is_own_form(&request, &http) {
        return failed(StatusCode::FORBIDDEN, lang, "foreign");
    }
    let asking = match Asking::new(&http, &request, &body, true) {
        Ok(asking) => asking,
        Err(refusal) => return *refusal,
    };
    let step = asking.form.get("step").unwrap_or_default().to_owned();
    asking
        .served(&request, |asking, person, app| match step.as_str() {
            "sign-in" => Box::pin(asking.sign_in(app)),
            _ => Box::pin(asking.answer(person, app)),
        })
        .await
}

type Serving<'b> = futures_util::future::BoxFuture<'b, Response>;

impl<'a, E: Sync + Send> Asking<'a, E> {
    fn new(http: &'a Http<E>, request: &Request, form: &[u8], sent: bool) -> Result<Self, Box<Response>> {
        let lang = language(request, None);
        let form = Form::read(form).map_err(|_| Box::new(failed(StatusCode::BAD_REQUEST, lang, "malformed")))?;
        let lang = language(request, form.get("lang"));
        let mut caller = Caller::of(request, &http.config.http);
        caller.locale = if lang == "en" { Locale::En } else { Locale::Ru };
        let signs_in = sent && form.get("step") == Some("sign-in");
        if http.door.charge_token(caller.address, signs_in).is_err() {
            return Err(Box::new(failed(StatusCode::TOO_MANY_REQUESTS, lang, "busy")));
        }
        let get = |name| form.get(name).unwrap_or_default().to_owned();
        let asked = ConsentAsked {
            client_id: get("client_id"),
            redirect_uri: get("redirect_uri"),
            response_type: get("response_type"),
            scope: form.get("scope").map(str::to_owned),
            state: form.get("state").map(str::to_owned),
            code_challenge: get("code_challenge"),
            code_challenge_method: get("code_challenge_method"),
        };
        Ok(Self { http, asked, actor: caller.actor(None), lang, form })
    }

    /// What is asked for is looked at first, and then who asks.
    async fn served(
        &self,
        request: &Request,
        serve: impl for<'b> FnOnce(&'b Self, Option<Person>, &'b str) -> Serving<'b>,
    ) -> Response {
        let _place = match self.http.gate.enter().await {
            Ok(place) => place,
            Err(refusal) => return refusal,
        };
        let app = match self.http.doors.consent_request(&self.asked).await {
            Ok(ConsentRequest::Good { app }) => app,
            Ok(ConsentRequest::UnknownApp) => return failed(StatusCode::BAD_REQUEST, self.lang, "app"),
            Ok(ConsentRequest::UnknownAddress) => return failed(StatusCode::BAD_REQUEST, self.lang, "address"),
            Ok(ConsentRequest::Wrong(error)) => return refused_back(&self.asked, &self.http.config, error),
            Err(fault) => return answers::fault(&fault),
        };
        let token = Caller::of(request, &self.http.config.http).token;
        let person = match token {
            Some(token) => match self.http.doors.session(&token).await {
                Ok(person) => person,
                Err(fault) => return answers::fault(&fault),
            },
            None => None,
        };
        serve(self, person, &app).await
    }

    /// The page that is next; `wrong` says what the last answer lacked.
    async fn show(&self, person: Option<Person>, app: &str, wrong: Option<&str>) -> Response {
        let Some(person) = person else { return self.sign_in_page(app, None, 0) };
        if !person.confirmed {
            return self.page(StatusCode::OK, context! { app, state => "unconfirmed" });
        }
        let shown = match self.http.doors.consent_page(&person, &self.asked, self.actor.locale).await {
            Ok(shown) => shown,
            Err(fault) => return answers::fault(&fault),
        };
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        // What was ticked stays ticked.
        let ticked: Vec<_> = self.form.names_behind(ACCOUNT).map(str::to_owned).collect();
        let kept = |name: &str, usual: &str| self.form.get(name).unwrap_or(usual).to_owned();
        let (past, days) = (kept("past", "12"), kept("days", "90"));
        let values = context! {
            app, state => "ask", wrong, ticked, past, days, shown => Value::from(Serde(&shown)), again => wrong.is_some(),
        };
        with_way_back(self.page(status, values), &self.asked.redirect_uri)
    }

    fn sign_in_page(&self, app: &str, wrong: Option<&str>, seconds: i64) -> Response {
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let email = self.form.get("email").unwrap_or_default();
        self.page(status, context! { app, state => "sign_in", wrong, seconds, email })
    }

    async fn sign_in(&self, app: &str) -> Response {
        let get = |name| self.form.get(name).unwrap_or_default();
        let code = self.form.get("code").map(str::to_owned);
        let signed_in = self.http.doors.sign_in(&self.actor, get("email"), get("password"), code).await;
        match signed_in {
            // Asked for anew, so that loading the page again sends no password again.
            Ok(SignInAnswer::Session(token)) => {
                let place = format!("{PATH}?{}", self.query());
                let cookie = cookie::header(&self.http.config.http, &token, "");
                back(&place).header(header::SET_COOKIE, cookie).finish()
            }
            Ok(SignInAnswer::Refused { why, seconds }) => self.sign_in_page(app, Some(why), seconds),
            Err(fault) => answers::fault(&fault),
        }
    }

    async fn answer(&self, person: Option<Person>, app: &str) -> Response {
        // The session has ended meanwhile: who they are is asked again.
        let Some(person) = person else { return self.show(None, app, None).await };
        if !person.confirmed {
            return self.show(Some(person), app, None).await;
        }
        let get = |name| self.form.get(name).unwrap_or_default().to_owned();
        let given = ConsentGiven {
            approved: self.form.get("decision") == Some("approve"),
            accounts: self.form.names_behind(ACCOUNT).map(str::to_owned).collect(),
            past: get("past"),
            days: get("days"),
            password: get("password"),
            code: self.form.get("code").map(str::to_owned),
            form_token: get("form_token"),
        };
        let actor = Actor { person: Some(person.clone()), ..self.actor.clone() };
        match self.http.doors.decide_consent(&actor, &self.asked, given).await {
            Ok(ConsentAnswer::Code(code)) => code_back(&self.asked, &self.http.config, &code),
            Ok(ConsentAnswer::Denied) => refused_back(&self.asked, &self.http.config, "access_denied"),
            Ok(ConsentAnswer::Wrong(why)) => self.show(Some(person), app, Some(why)).await,
            // A form of another session's, or of another question's.
            Ok(ConsentAnswer::Forged) => self.show(Some(person), app, Some("form")).await,
            Err(fault) => answers::fault(&fault),
        }
    }

    fn page(&self, status: StatusCode, values: Value) -> Response {
        let mut carried: Vec<(String, String)> = Vec::with_capacity(CARRIED.len());
        for name in CARRIED {
            carried.extend(self.form.get(name).map(|value| (name.to_owned(), value.to_owned())));
        }
        page(status, "consent.html", context! { lang => self.lang, action => PATH, carried, ..values })
    }

    fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in CARRIED.into_iter().chain(["lang"]) {
            if let Some(value) = self.form.get(name) {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

/// Browsers say where a form stands: by Fetch Metadata, the older ones by Origin, which is `null` of a page that names no
/// referrer. What is no browser has no cookie that somebody else could use.
fn is_own_form<E>(request: &Request, http: &Http<E>) -> bool {
    let headers = request.headers();
    match headers.get("sec-fetch-site") {
        Some(site) => site.as_bytes() == b"same-origin",
        None => matches!(Origin::of(headers, &http.config.http), Origin::Own | Origin::Unnamed),
    }
}

/// A page instead of a way back: there is none, or none that could be trusted.
fn failed(status: StatusCode, lang: &str, state: &str) -> Response {
    page(status, "consent.html", context! { lang, state, carried => Vec::<(String, String)>::new() })
}
