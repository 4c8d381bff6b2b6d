//! From "pay" to the entry in the ledger.

mod acquirer;
mod autopay;
mod contract;
mod outcome;
mod person;
mod reconciliation;
mod refund;
mod registers;
mod start;
mod states;
pub mod together;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, user_errors};

const START: &str = "mutation($input: StartPaymentInput!) { startPayment(input: $input) {
    payment { id status confirmationUrl amount { amount } readings { id } }
    userErrors { __typename code field message ... on AmountOutOfRangeError { least most } } } }";

pub async fn start(customer: &Customer, input: Value) -> Value {
    customer.ask(START, json!({ "input": input })).await["startPayment"].take()
}

pub fn current_debt(account: &str, key: &str) -> Value {
    json!({ "personalAccountId": account, "amount": { "currentDebt": true }, "idempotencyKey": key })
}

pub fn custom(account: &str, sum: &str, key: &str) -> Value {
    json!({ "personalAccountId": account, "amount": { "custom": sum }, "idempotencyKey": key })
}

/// A payment that was started: its id and where to pay.
pub struct Started {
    pub id: String,
    pub url: String,
}

pub async fn started(customer: &Customer, input: Value) -> Started {
    let payload = start(customer, input).await;
    assert_eq!(user_errors(&payload), []);
    let text = |name: &str| payload["payment"][name].as_str().unwrap().to_owned();
    Started { id: text("id"), url: text("confirmationUrl") }
}

impl Started {
    /// The acquirer's name for it.
    pub fn at_the_bank(&self) -> &str {
        self.url.rsplit_once('/').unwrap().1
    }
}

/// The payment as its payer sees it; null for anybody else.
pub async fn payment(customer: &Customer, id: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on Payment { id status paidAt failure { reason message } readings { id source } } } }";
    customer.ask(query, json!({ "id": id })).await["node"].take()
}

/// What an acquirer would say; the answer's status.
pub async fn notify(app: &TestApp, acquirer: &str, body: Value) -> u16 {
    let request = reqwest::Client::new().post(format!("{}/acquirers/{acquirer}/notifications", app.url));
    request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap().status().as_u16()
}

/// Until the job has asked the acquirer for the first time.
pub async fn settle(app: &TestApp) {
    app.advance(TimeDelta::seconds(11));
    app.drain().await;
}
