//! Readings that people send: taken or refused, over GraphQL.

mod chain;
mod consumption;
mod files;
mod idempotency;
mod preview;
mod receipt;
mod refusals;
mod replacement;
mod rules;
mod submission;
mod withdrawal;

use entity::exact::Quantity;
use entity::ids::{MeterReadingId, ProviderId};
use kabinet::graphql::ids;
use kabinet::metering::decision::{Decided, Decision};
use serde_json::{Value, json};

use crate::harness::{Customer, TestApp, sample};

/// A meter as its page shows it.
pub struct MeterPage {
    pub id: String,
    pub serial: String,
    pub integer_digits: u32,
    pub fraction_digits: u32,
    pub last_id: String,
    pub last_taken_on: String,
    /// By register, as in the schema.
    pub last: Vec<(String, Quantity)>,
}

impl MeterPage {
    /// What the first register showed last, and so much more.
    pub fn plus(&self, units: i64) -> String {
        (self.last[0].1 + Quantity(units * Quantity::ONE.0)).to_string()
    }

    /// A reading of every register, each so much more than the last.
    pub fn reading(&self, units: i64) -> Value {
        let more = Quantity(units * Quantity::ONE.0);
        let value = |(register, last): &(String, Quantity)| json!({ "register": register, "value": (*last + more).to_string() });
        json!({ "meterId": self.id, "values": self.last.iter().map(value).collect::<Vec<_>>() })
    }
}

/// A confirmed person with FULL access to the sample account, and its id.
pub async fn owner(app: &TestApp, email: &str, note: &str) -> (Customer, String) {
    let customer = app.confirmed_customer(email).await;
    let account = attach(&customer, note).await;
    (customer, account)
}

pub async fn attach(customer: &Customer, note: &str) -> String {
    let sample = sample(note);
    customer.attach(&sample.provider_code, &sample.number, Some(&sample.pin)).await
}

pub async fn attach_limited(customer: &Customer, note: &str) -> String {
    let sample = sample(note);
    customer.attach(&sample.provider_code, &sample.number, None).await
}

/// The account's first meter.
pub async fn meter(customer: &Customer, account: &str) -> MeterPage {
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { meters { id serialNumber integerDigits fractionDigits
        lastReading { id takenOn values { register value } } } } } }";
    let data = customer.ask(query, json!({ "id": account })).await;
    let meter = &data["node"]["meters"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let digits = |name: &str| u32::try_from(meter[name].as_u64().unwrap()).unwrap();
    let values = meter["lastReading"]["values"].as_array().unwrap();
    MeterPage {
        id: text(&meter["id"]),
        serial: text(&meter["serialNumber"]),
        integer_digits: digits("integerDigits"),
        fraction_digits: digits("fractionDigits"),
        last_id: text(&meter["lastReading"]["id"]),
        last_taken_on: text(&meter["lastReading"]["takenOn"]),
        last: values.iter().map(|value| (text(&value["register"]), text(&value["value"]).parse().unwrap())).collect(),
    }
}

const SUBMIT: &str = "mutation($input: SubmitMeterReadingsInput!) { submitMeterReadings(input: $input) {
    readings { id status source consumption warnings takenOn values { register value } meter { id } }
    replayed userErrors { __typename code field message ... on ReadingBelowPreviousError { register previous }
    ... on RolloverProposedError { register previous consumption }
    ... on UnusuallyHighError { consumption usualMost usualAverage } } } }";

pub async fn submit(customer: &Customer, readings: Value) -> Value {
    let variables = json!({ "input": { "readings": readings } });
    customer.ask(SUBMIT, variables).await["submitMeterReadings"].take()
}

pub async fn submit_keyed(customer: &Customer, readings: Value, key: &str) -> Value {
    let variables = json!({ "input": { "readings": readings, "idempotencyKey": key } });
    customer.ask(SUBMIT, variables).await["submitMeterReadings"].take()
}

/// One value of a single-register meter.
pub fn single(meter: &MeterPage, value: &str) -> Value {
    json!({ "meterId": meter.id, "values": [{ "value": value }] })
}

pub async fn provider_of(app: &TestApp, note: &str) -> ProviderId {
    ids::decode(&app.customer().provider_id(&sample(note).provider_code).await).unwrap()
}

/// What the provider of the sample account says of readings.
pub async fn decide(app: &TestApp, note: &str, decisions: &[(&str, Decision)]) -> Vec<Decided> {
    decide_as(app, provider_of(app, note).await, decisions).await
}

pub async fn decide_as(app: &TestApp, provider: ProviderId, decisions: &[(&str, Decision)]) -> Vec<Decided> {
    let id = |id: &str| ids::decode::<MeterReadingId>(id).unwrap();
    let decisions: Vec<_> = decisions.iter().map(|(reading, decision)| (id(reading), decision.clone())).collect();
    let services = &app.app.services;
    services.metering.decide_readings(&services.accounts, provider, &decisions).await.expect("decisions are taken")
}
