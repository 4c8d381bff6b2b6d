//! Apps that act for people: let in, held to what was granted, shut out.

mod page;
mod person;
mod restriction;
mod tokens;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entity::enums::Locale;
use kabinet::consent::app::NewApp;
use kabinet::consent::error::ApprovalRefusal;
use kabinet::consent::grant::{Leave, Past};
use kabinet::consent::request::Asked;
use kabinet::graphql::ids;
use kabinet::identity::step_up::StepUp;
use kabinet::kernel::{Actor, Failure, Scopes, type_id};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Customer, PASSWORD, TestApp};

pub const EMAIL: &str = "anna@example.com";
pub const BACK: &str = "https://app.example/back";
pub const VERIFIER: &str = "a-verifier-of-the-tests-that-is-long-enough-0001";
pub const EVERY_SCOPE: &str = "PROFILE,BALANCE,STATEMENTS,READINGS,SUBMIT_READINGS,PAYMENTS,PAY";
pub const ME: &str = "{ viewer { id } }";

pub fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()))
}

/// An app with its secret, empty of a public one.
#[derive(Clone)]
pub struct Acting {
    pub url: String,
    pub client_id: String,
    pub secret: String,
}

/// What an app got: status and body of the answer.
pub type Answer = (StatusCode, Value);

impl Acting {
    pub async fn register(app: &TestApp, scopes: &str, public: bool) -> Self {
        let new = NewApp {
            name: "Домашний <учёт>".to_owned(),
            redirect_uris: vec![BACK.to_owned(), "http://127.0.0.1/back".to_owned()],
            scopes: Scopes::of_words(scopes),
            public,
        };
        let registered = app.app.services.consents.add_app(new).await.unwrap();
        Self {
            url: app.url.clone(),
            client_id: type_id::encode(registered.app.id),
            secret: registered.secret.unwrap_or_default(),
        }
    }

    /// A code for what the app may ask at most, of these accounts.
    pub async fn code(&self, app: &TestApp, person: &Customer, accounts: &[&str], past: Past) -> String {
        self.try_code(app, person, accounts, past).await.unwrap()
    }

    pub async fn try_code(
        &self,
        app: &TestApp,
        person: &Customer,
        accounts: &[&str],
        past: Past,
    ) -> Result<String, Failure<ApprovalRefusal>> {
        let services = &app.app.services;
        let asked = Asked {
            client_id: self.client_id.clone(),
            redirect_uri: BACK.to_owned(),
            response_type: "code".to_owned(),
            scope: None,
            code_challenge: challenge(),
            code_challenge_method: "S256".to_owned(),
        };
        let request = services.consents.read_request(&asked).await.unwrap();
        let who = services.identity.find_bearer(person.token.as_deref().unwrap()).await.unwrap().unwrap();
        let address = "203.0.113.7".parse().unwrap();
        let actor =
            Actor { person: Some(who.clone()), client: None, locale: Locale::En, address, device: String::new() };
        let accounts = accounts.iter().map(|id| ids::decode(id).unwrap()).collect();
        let leave = Leave { accounts, past, days: 30 };
        let step_up = StepUp { password: Some(PASSWORD.to_owned()), two_factor_code: None };
        let slices = (&*services.identity, &*services.accounts);
        services.consents.approve(slices, (&actor, &who), &request, &leave, &step_up).await
    }

    /// Status and body of a form that shows who asks.
    pub async fn post(&self, path: &str, form: &str) -> Answer {
        let secret = if self.secret.is_empty() { String::new() } else { format!("&client_secret={}", self.secret) };
        let body = format!("{form}&client_id={}{secret}", self.client_id);
        let request = reqwest::Client::new().post(format!("{}{path}", self.url)).body(body);
        let response = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn exchange(&self, code: &str) -> Answer {
        let form = format!("grant_type=authorization_code&code={code}&redirect_uri={BACK}&code_verifier={VERIFIER}");
        self.post("/oauth/token", &form).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.post("/oauth/token", &format!("grant_type=refresh_token&refresh_token={token}")).await
    }

    pub async fn introspect(&self, token: &str) -> Value {
        let (status, body) = self.post("/oauth/introspect", &format!("token={token}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    /// Somebody who asks for the person, and the refresh token.
    pub async fn let_in(&self, app: &TestApp, person: &Customer, accounts: &[&str], past: Past) -> (Customer, String) {
        let code = self.code(app, person, accounts, past).await;
        caller(&self.url, &self.exchange(&code).await)
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value}")).to_owned()
}

/// Somebody who asks with the access token, and the refresh token beside it.
pub fn caller(url: &str, (status, body): &Answer) -> (Customer, String) {
    assert_eq!(*status, StatusCode::OK, "{body}");
    let mut caller = Customer::new(url);
    caller.token = Some(text(&body["access_token"]));
    (caller, text(&body["refresh_token"]))
}

pub fn refused((status, body): &Answer, code: u16, error: &str) {
    assert_eq!((status.as_u16(), &body["error"]), (code, &json!(error)), "{body}");
    assert!(body.get("access_token").is_none());
}

/// Whether the token still lets anybody act.
pub async fn is_in(caller: &Customer) -> bool {
    caller.ask(ME, json!({})).await["viewer"] != Value::Null
}

/// The letter about an app is looked at by one test; the others need not.
pub async fn without_letters(app: &TestApp) {
    app.drain().await;
    app.discard_letters();
}
