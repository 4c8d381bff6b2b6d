//! Providers, attaching accounts, and who may see what of one.

mod access;
mod attachment;
mod provider;
mod sharing;
mod terms;
mod tries;

use serde_json::{Value, json};

use crate::harness::Customer;

/// Tries to attach and returns the payload.
async fn try_to_attach(customer: &Customer, provider: &str, number: &str, proof: Value) -> Value {
    let provider_id = customer.provider_id(provider).await;
    let input = json!({ "providerId": provider_id, "number": number, "proof": proof });
    customer.mutate("attachPersonalAccount", SEEN, input).await
}

async fn prove(customer: &Customer, account: &str, proof: Value) -> Value {
    let input = json!({ "personalAccountId": account, "proof": proof });
    customer.mutate("proveAccountAccess", "personalAccount { id access holderName }", input).await
}

async fn detach(customer: &Customer, account: &str) -> Value {
    customer.mutate("detachPersonalAccount", "detachedId", json!({ "personalAccountId": account })).await
}

const SEEN: &str = "personalAccount { id number access nickname holderName address provider { code } }";

/// What a FULL access shows of an account.
async fn everything(customer: &Customer, account: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount {
        access holderName address statement { accrued { amount } }
        statements(first: 5) { edges { node { id period } } }
        ledger(first: 5) { edges { node { id version } } }
        serviceChanges(first: 5) { edges { cursor } }
        meters { id lastReading { id values { register value } } readings(first: 5) { edges { node { id } } } }
    } } }";
    customer.ask(query, json!({ "id": account })).await["node"].take()
}
