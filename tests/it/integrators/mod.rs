//! Providers' own programs.

pub mod batches;
mod clients;
mod demo;
mod examples;
mod following;
mod operator;
mod outbound;
mod registration;
mod staying;
pub mod undo;
mod uploads;
mod webhooks;

use entity::ids::{ApiClientId, ApiClientSecretId};
use kabinet::graphql::ids;
use kabinet::kernel::{ClientScopes, type_id};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Customer, TestApp};
use crate::metering::provider_of;

pub const EVERY_SCOPE: &str = "BALANCES,READINGS,PAYMENTS,IMPORT,DECISIONS,POSTINGS,WEBHOOKS,CLIENTS";
pub const WHO: &str = "{ apiClient { id name scopes provider { id code } } }";

/// A program with its secret.
#[derive(Clone)]
pub struct Program {
    pub url: String,
    pub client_id: String,
    pub secret: String,
    pub secret_id: ApiClientSecretId,
}

impl Program {
    /// Of the provider of a sample account.
    pub async fn add(app: &TestApp, note: &str, scopes: &str) -> Self {
        let provider = provider_of(app, note).await;
        let added =
            app.app.services.api_clients.add(provider, "Биллинг", ClientScopes::of_words(scopes)).await.unwrap();
        Self {
            url: app.url.clone(),
            client_id: type_id::encode(added.client.id),
            secret: added.secret,
            secret_id: added.id,
        }
    }

    pub fn id(&self) -> ApiClientId {
        ids::decode(&self.client_id).unwrap()
    }

    /// Status and body of a form that shows who asks.
    pub async fn post(&self, path: &str, form: &str) -> (StatusCode, Value) {
        let body = format!("{form}&client_id={}&client_secret={}", self.client_id, self.secret);
        let request = reqwest::Client::new().post(format!("{}{path}", self.url)).body(body);
        let response = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn ask_for_token(&self) -> (StatusCode, Value) {
        self.post("/oauth/token", "grant_type=client_credentials").await
    }

    pub async fn token(&self) -> String {
        let (status, body) = self.ask_for_token().await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// Somebody who asks with a fresh token.
    pub async fn caller(&self) -> Customer {
        let mut caller = Customer::new(&self.url);
        caller.token = Some(self.token().await);
        caller
    }

    pub async fn introspect(&self, token: &str) -> Value {
        let (status, body) = self.post("/oauth/introspect", &format!("token={token}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }
}

/// Whether the token is still a program's.
pub async fn is_known(caller: &Customer) -> bool {
    caller.ask(WHO, json!({})).await["apiClient"] != Value::Null
}
