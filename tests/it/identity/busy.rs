//! More passwords at once than can wait: some are turned away with a word on when to come back, and nobody else feels it.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::billing::number;
use crate::harness::{PASSWORD, TestApp, Way};

/// One hash at a time, which takes a while, and one more that waits.
const SLOW: [(&str, &str); 5] = [
    ("KABINET__IDENTITY__ARGON2_MEMORY_KIB", "32768"),
    ("KABINET__IDENTITY__ARGON2_PASSES", "2"),
    ("KABINET__IDENTITY__HASHING_AT_ONCE", "1"),
    ("KABINET__IDENTITY__HASHING_QUEUE", "1"),
    ("KABINET__GRAPHQL__SIGN_INS_PER_ADDRESS", "1000"),
];
const AT_ONCE: usize = 30;

/// The answer's code: of the top, or of the form.
async fn sign_in(app: &TestApp, email: String) -> String {
    let query = "mutation($input: SignInInput!) { signIn(input: $input) { userErrors { code } } }";
    let variables = json!({ "input": { "email": email, "password": PASSWORD } });
    let request = reqwest::Client::new()
        .post(format!("{}/graphql", app.url))
        .header("accept", "application/graphql-response+json")
        .json(&json!({ "query": query, "variables": variables }));
    let response = request.send().await.unwrap();
    let header = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    let answer: Value = response.json().await.unwrap();
    let Some(error) = answer["errors"].get(0) else {
        assert_eq!(header, None, "{answer}");
        return answer["data"]["signIn"]["userErrors"][0]["code"].as_str().unwrap().to_owned();
    };
    let seconds = error["extensions"]["retryAfter"].as_i64().unwrap_or_else(|| panic!("{answer}"));
    assert!((1..=60).contains(&seconds), "{answer}");
    assert_eq!(header, Some(seconds.to_string()));
    error["extensions"]["code"].as_str().unwrap().to_owned()
}

async fn a_storm_is_turned_away_and_costs_nobody_a_try(way: Way) {
    let app = TestApp::start_with(way, &SLOW).await;
    let mut counted = BTreeMap::<String, usize>::new();
    // Twice: were the tries that were turned away counted, the second would be slowed down (50 an address are free).
    for _ in 0..2 {
        let storm = join_all((0..AT_ONCE).map(|number| sign_in(&app, format!("person{number}@example.com"))));
        let customer = app.customer();
        let reads = async {
            for _ in 0..20 {
                customer.ask("{ passwordPolicy { minLength } viewer { email } }", json!({})).await;
            }
        };
        let (codes, ()) = futures_util::future::join(storm, reads).await;
        for code in codes {
            *counted.entry(code).or_default() += 1;
        }
    }
    let turned_away = counted.remove("UNAVAILABLE").unwrap_or_default();
    let looked_at = counted.remove("BAD_CREDENTIALS").unwrap_or_default();
    assert!(counted.is_empty(), "{counted:?}");
    assert!(turned_away > 0 && looked_at > 0, "{turned_away} {looked_at}");
    if way == Way::Embedded {
        // Turned away before anything was written for them: two brakes for each person who was let in, one of the address.
        let brakes = number(&app, "SELECT COUNT(*) AS number FROM key_values WHERE space = 'brake'").await;
        assert!(brakes < 1 + 2 * i64::try_from(AT_ONCE).unwrap(), "{brakes}");
    }
    // Nothing of it is left: who comes now is looked at.
    assert_eq!(sign_in(&app, "anna@example.com".to_owned()).await, "BAD_CREDENTIALS");
    assert_eq!(app.app.services.identity.hashing().waiting, 0);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_turned_away_embedded() {
    a_storm_is_turned_away_and_costs_nobody_a_try(Way::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_turned_away_full() {
    a_storm_is_turned_away_and_costs_nobody_a_try(Way::Full).await;
}
