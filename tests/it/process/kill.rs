//! The process is killed right after an acknowledgement, and at any moment: what was acknowledged is there, once.

use std::collections::HashMap;
use std::time::Duration;

use entity::exact::Quantity;
use kabinet::kernel::Entropy;
use serde_json::{Value, json};

use super::in_both_ways;
use crate::harness::{Customer, Server, Way, eventually, sample, user_errors};

const EMAIL: &str = "anna@example.com";

const ACCOUNT: &str = "query($id: ID!) { node(id: $id) { ... on PersonalAccount {
    access
    meters { id registers { register } lastReading { id values { register value } } readings(first: 100) { edges { node { id } } } }
    payments(first: 100) { edges { node { id status amount { amount } } } }
    ledger(first: 100) { edges { node { id kind amount { amount } payment { id } } } }
} } }";

const PAYMENT: &str = "query($id: ID!) { node(id: $id) { ... on Payment { id status confirmationUrl } } }";

const BALANCES: &str = "subscription($after: String) { balanceUpdated(after: $after) {
    cursor balance { owed { amount } version } cause { id kind amount { amount } } } }";

/// Before the first change.
const FROM_THE_BEGINNING: &str = "";

in_both_ways!(every_acknowledged_step_of_the_journey_survives_a_kill, journey);
in_both_ways!(killed_at_any_moment_each_acknowledged_write_is_there_once, at_any_moment);

async fn look(person: &Customer, account: &str) -> Value {
    person.ask(ACCOUNT, json!({ "id": account })).await["node"].take()
}

fn nodes(connection: &Value) -> Vec<&Value> {
    connection["edges"].as_array().unwrap().iter().map(|edge| &edge["node"]).collect()
}

fn payment_entries(account: &Value) -> Vec<&Value> {
    nodes(&account["ledger"]).into_iter().filter(|entry| entry["kind"] == "PAYMENT").collect()
}

/// A meter with one register, and what it shows.
fn simple_meter(account: &Value) -> (String, Quantity) {
    let meters = account["meters"].as_array().unwrap();
    let meter = meters
        .iter()
        .find(|meter| meter["registers"] == json!([{ "register": "SINGLE" }]))
        .expect("a meter of one register");
    let shown = meter["lastReading"]["values"][0]["value"].as_str().unwrap().parse().unwrap();
    (meter["id"].as_str().unwrap().to_owned(), shown)
}

fn reading(meter: &str, value: Quantity, key: &str) -> Value {
    let reading = json!({ "meterId": meter, "values": [{ "value": value.to_string() }], "confirmWarnings": true });
    json!({ "readings": [reading], "idempotencyKey": key })
}

fn done(payload: &Value) {
    assert!(user_errors(payload).is_empty(), "{payload}");
}

/// A person who has attached and proved the debtor's account, without any kill.
async fn settled_in(server: &Server) -> (Customer, String) {
    let mut person = server.customer();
    person.register(EMAIL).await;
    let token = server.confirmation_token(EMAIL).await;
    done(&person.confirm(&token).await);
    person.sign_in(EMAIL).await;
    let debtor = sample("debt");
    let account = person.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    (person, account)
}

async fn pay_at_the_bank(confirmation_url: &str) -> Option<()> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = client
        .post(confirmation_url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("outcome=pay")
        .timeout(Duration::from_secs(20));
    let status = request.send().await.ok()?.status();
    assert_eq!(status, 303, "the bank answers");
    Some(())
}

async fn succeeded(person: &Customer, payment: &str) {
    eventually("the payment succeeds", async || {
        let seen = person.ask(PAYMENT, json!({ "id": payment })).await["node"].take();
        (seen["status"] == "SUCCEEDED").then_some(())
    })
    .await;
}

async fn journey(way: Way) {
    let mut server = Server::start(way).await;
    let mut anna = server.customer();

    anna.register(EMAIL).await;
    server.crash(&mut anna).await;
    let token = server.confirmation_token(EMAIL).await;
    server.crash(&mut anna).await;
    assert!(!server.letters(EMAIL).await.is_empty(), "the letter is kept");

    done(&anna.confirm(&token).await);
    server.crash(&mut anna).await;
    anna.sign_in(EMAIL).await;
    server.crash(&mut anna).await;
    let viewer = anna.ask("{ viewer { email emailConfirmedAt } }", json!({})).await["viewer"].take();
    assert_eq!(viewer["email"], EMAIL, "the session is there");
    assert!(viewer["emailConfirmedAt"].is_string(), "the confirmation is there");

    let debtor = sample("debt");
    let account = anna.attach(&debtor.provider_code, &debtor.number, None).await;
    server.crash(&mut anna).await;
    assert_eq!(look(&anna, &account).await["access"], "LIMITED", "the attachment is there");

    let input = json!({ "personalAccountId": account, "proof": { "pin": debtor.pin } });
    done(&anna.mutate("proveAccountAccess", "personalAccount { access }", input).await);
    server.crash(&mut anna).await;
    let seen = look(&anna, &account).await;
    assert_eq!(seen["access"], "FULL", "the proof is there");

    let (meter, shown) = simple_meter(&seen);
    let input = reading(&meter, shown + Quantity::ONE, "reading");
    let submitted = anna.mutate("submitMeterReadings", "readings { id }", input.clone()).await;
    done(&submitted);
    server.crash(&mut anna).await;
    let newest = simple_meter(&look(&anna, &account).await);
    assert_eq!(newest, (meter, shown + Quantity::ONE), "the reading is there");
    let repeated = anna.mutate("submitMeterReadings", "readings { id }", input).await;
    assert_eq!(repeated["readings"], submitted["readings"], "the key is there");

    let input = json!({ "personalAccountId": account, "amount": { "currentDebt": true }, "idempotencyKey": "payment" });
    let started = anna.mutate("startPayment", "payment { id status confirmationUrl }", input.clone()).await;
    done(&started);
    server.crash(&mut anna).await;
    let payment = started["payment"]["id"].as_str().unwrap().to_owned();
    let kept = anna.ask(PAYMENT, json!({ "id": payment })).await["node"].take();
    assert_eq!(kept, started["payment"], "the payment and its address are there");
    let repeated = anna.mutate("startPayment", "payment { id status confirmationUrl }", input.clone()).await;
    assert_eq!(repeated["payment"], started["payment"], "the key is there");

    pay_at_the_bank(started["payment"]["confirmationUrl"].as_str().unwrap()).await.expect("the bank answers");
    server.crash(&mut anna).await;
    // While the money is entered, too.
    for _ in 0..2 {
        server.crash(&mut anna).await;
    }
    succeeded(&anna, &payment).await;
    server.crash(&mut anna).await;
    assert_eq!(anna.balance(&account).await, "0.00");

    let mut socket = anna.socket().await;
    socket.subscribe("1", BALANCES, json!({ "after": FROM_THE_BEGINNING })).await;
    let event = socket.event().await["balanceUpdated"].take();
    assert_eq!(event["cause"]["kind"], "PAYMENT");
    server.crash(&mut anna).await;
    let mut socket = anna.socket().await;
    socket.subscribe("1", BALANCES, json!({ "after": FROM_THE_BEGINNING })).await;
    assert_eq!(socket.event().await["balanceUpdated"], event, "an event that was seen before is still the same");
    let mut ahead = anna.socket().await;
    ahead.subscribe("1", BALANCES, json!({ "after": event["cursor"] })).await;

    // One more change: it is the next event of both sockets, so nothing came twice.
    let input = json!({ "personalAccountId": account, "amount": { "custom": "7.00" }, "idempotencyKey": "second" });
    let second = anna.mutate("startPayment", "payment { id confirmationUrl }", input).await;
    done(&second);
    pay_at_the_bank(second["payment"]["confirmationUrl"].as_str().unwrap()).await.expect("the bank answers");
    for socket in [&mut socket, &mut ahead] {
        assert_eq!(socket.event().await["balanceUpdated"]["cause"]["amount"]["amount"], "-7.00");
    }
    server.crash(&mut anna).await;

    let seen = look(&anna, &account).await;
    let paid: Vec<_> = payment_entries(&seen).iter().map(|entry| entry["payment"]["id"].clone()).collect();
    assert_eq!(json!(paid), json!([second["payment"]["id"], payment]), "one entry for each payment");
    assert!(nodes(&seen["payments"]).iter().all(|payment| payment["status"] == "SUCCEEDED"), "{seen}");
    eventually("a letter for each payment", async || {
        let letters = server.letters(EMAIL).await;
        let about = |sum: &str| letters.iter().any(|letter| !letter.contains("token=") && letter.contains(sum));
        let debt = kabinet::notifications::mail::roubles(debtor.debt.parse().unwrap(), entity::enums::Locale::En);
        (about(&debt) && about("₽7.00")).then_some(())
    })
    .await;
    server.clean_up().await;
}

/// An attempt that may be cut off: the payload when it was acknowledged.
async fn attempt(person: &Customer, name: &str, fields: &str, input: &Value) -> Option<Value> {
    let type_name = format!("{}{}Input!", name[..1].to_uppercase(), &name[1..]);
    let query =
        format!("mutation($input: {type_name}) {{ {name}(input: $input) {{ {fields} userErrors {{ code field }} }} }}");
    let request = reqwest::Client::new()
        .post(format!("{}/graphql", person.url))
        .bearer_auth(person.token.as_deref().unwrap())
        .timeout(Duration::from_secs(20))
        .json(&json!({ "query": query, "variables": { "input": input } }));
    let mut answer: Value = request.send().await.ok()?.json().await.ok()?;
    assert!(answer.get("errors").is_none(), "{answer}");
    let payload = answer["data"][name].take();
    done(&payload);
    Some(payload)
}

/// Writes one after another until the first that is not acknowledged; what was acknowledged is added to `known`.
async fn write_until_cut_off(
    person: &Customer,
    account: &str,
    meter: &str,
    from: Quantity,
    numbers: std::ops::Range<usize>,
    known: &mut HashMap<String, Value>,
) {
    for number in numbers {
        let key = format!("reading-{number}");
        let input = reading(meter, from + Quantity(10_000 * i64::try_from(number).unwrap()), &key);
        let Some(payload) = attempt(person, "submitMeterReadings", "readings { id }", &input).await else { return };
        remember(known, &key, &payload["readings"][0]["id"]);
        let key = format!("payment-{number}");
        let input = json!({ "personalAccountId": account, "amount": { "custom": "1.00" }, "idempotencyKey": key });
        let Some(payload) = attempt(person, "startPayment", "payment { id confirmationUrl }", &input).await else {
            return;
        };
        remember(known, &key, &payload["payment"]["id"]);
        if number % 2 == 0
            && let Some(url) = payload["payment"]["confirmationUrl"].as_str()
        {
            if pay_at_the_bank(url).await.is_none() {
                return;
            }
            remember(known, &format!("paid-{number}"), &payload["payment"]["id"]);
        }
    }
}

/// The same key gives the same row, before and after a kill.
fn remember(known: &mut HashMap<String, Value>, key: &str, id: &Value) {
    assert!(id.is_string());
    let first = known.entry(key.to_owned()).or_insert_with(|| id.clone());
    assert_eq!(first, id, "{key} was written twice");
}

async fn at_any_moment(way: Way) {
    const ROUNDS: usize = 10;
    const NUMBERS: usize = 40;
    let mut server = Server::start(way).await;
    let (mut anna, account) = settled_in(&server).await;
    let before = look(&anna, &account).await;
    let (meter, shown) = simple_meter(&before);
    let chance = Entropy::seeded(20_261_122);
    let mut known = HashMap::new();
    for _ in 0..ROUNDS {
        // From zero to half a second: some writes of a round.
        let [chance] = chance.bytes::<1>().unwrap();
        let moment = Duration::from_millis(2 * u64::from(chance));
        let (person, account, meter) = (anna.clone(), account.clone(), meter.clone());
        let begun = known.clone();
        let writing = tokio::spawn(async move {
            let mut known = begun;
            let finished = |number: &usize| known.contains_key(&format!("payment-{number}"));
            // The last one that was acknowledged is repeated, as the one is that was cut off.
            let from = (0..NUMBERS).take_while(finished).count().saturating_sub(1);
            write_until_cut_off(&person, &account, &meter, shown, from..NUMBERS, &mut known).await;
            known
        });
        // Not a wait for something: the moment of the kill is the test's input.
        tokio::time::sleep(moment).await;
        server.crash(&mut anna).await;
        known = writing.await.unwrap();
    }
    // Everything again with the same keys: what was acknowledged answers the same, the rest is done now.
    let acknowledged = known.len();
    assert!(acknowledged > 0, "the kills came too early to tell anything");
    write_until_cut_off(&anna, &account, &meter, shown, 0..NUMBERS, &mut known).await;
    assert_eq!(known.len(), NUMBERS * 5 / 2, "{acknowledged} were acknowledged before the end");

    let paid: Vec<_> = known.iter().filter(|(key, _)| key.starts_with("paid")).map(|(_, id)| id.clone()).collect();
    for payment in &paid {
        succeeded(&anna, payment.as_str().unwrap()).await;
    }
    server.crash(&mut anna).await;
    let after = look(&anna, &account).await;
    let mut entries: Vec<_> = payment_entries(&after).iter().map(|entry| entry["payment"]["id"].to_string()).collect();
    let mut expected: Vec<_> = paid.iter().map(ToString::to_string).collect();
    entries.sort();
    expected.sort();
    assert_eq!(entries, expected, "one entry for each payment that was paid");
    assert_eq!(nodes(&after["payments"]).len(), NUMBERS, "one payment for each key");
    let readings = |account: &Value| {
        let meters = account["meters"].as_array().unwrap();
        let meter = meters.iter().find(|found| found["id"] == meter).unwrap();
        nodes(&meter["readings"]).len()
    };
    assert_eq!(readings(&after) - readings(&before), NUMBERS, "one reading for each key");
    server.clean_up().await;
}
