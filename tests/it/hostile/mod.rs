//! Requests that mean harm are refused with a code, or answered within the limits, at the door that customers use.

mod families;
mod mutation;

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{TestApp, Way, both_ways, top_code};
use families::families;

async fn send(app: &TestApp, body: Vec<u8>) -> (StatusCode, Value) {
    let request = reqwest::Client::new()
        .post(format!("{}/graphql", app.url))
        .header("content-type", "application/json")
        .header("accept", "application/graphql-response+json")
        .body(body);
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

both_ways!(every_family_is_refused_by_its_code_or_answered_within_the_limits, |app| {
    let families = families();
    let names: BTreeSet<_> = families.iter().map(|family| family.name).collect();
    assert!(names.len() == families.len() && names.len() >= 40, "{} families", names.len());
    let mut wrong = Vec::new();
    for family in families {
        assert!(family.body.len() <= 128 * 1024, "{}: {}", family.name, family.body.len());
        let (status, answer) = send(&app, family.body).await;
        let errors = answer["errors"].as_array().map_or(0, Vec::len);
        let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned();
        let fits = code == family.code && errors <= 10 && answer.to_string().len() < 10_000;
        // A request error has no data; the ids that are too many are told by their field.
        let refused = family.code.is_empty() == status.is_success() || code == "BAD_INPUT";
        if !fits || !refused {
            let text: String = answer.to_string().chars().take(200).collect();
            wrong.push(format!("{}: {status} {text}", family.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Nothing of it has hurt the server.
    assert_eq!(app.customer().ask("{ __typename }", json!({})).await["__typename"], "Query");
    app.finish().await;
});

both_ways!(every_answer_says_what_it_cost_and_the_minute_comes_back, |app| {
    let settings = [("KABINET__GRAPHQL__BUDGET_PER_ADDRESS", "100"), ("KABINET__GRAPHQL__BUDGET_PER_PERSON", "1000")];
    let mut signed_in = app.confirmed_customer("anna@example.com").await;
    let app = app.restart_with(&settings).await;
    signed_in.url.clone_from(&app.url);
    let anonymous = app.customer();
    let query = "{ agreements { id } providers(first: 10) { nodes { id } } }";
    for left in [73, 46, 19] {
        let (status, answer) = anonymous.post(query, json!({})).await;
        assert_eq!(status, 200);
        let resets_at =
            (app.clock.now() + chrono::TimeDelta::minutes(1)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let budget = json!({ "limit": 100, "remaining": left, "resetsAt": resets_at });
        assert_eq!(answer["extensions"]["cost"], json!({ "requested": 27, "budget": budget }));
    }
    app.advance(chrono::TimeDelta::seconds(20));
    let (status, answer) = anonymous.post(query, json!({})).await;
    assert_eq!((status, top_code(&answer)), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"));
    assert_eq!(answer["errors"][0]["extensions"]["retryAfter"], 40);
    assert_eq!(answer["extensions"]["cost"]["budget"]["remaining"], 19);
    assert!(answer.get("data").is_none());
    let (status, answer) = signed_in.post(query, json!({})).await;
    assert_eq!((status.as_u16(), &answer["extensions"]["cost"]["budget"]["remaining"]), (200, &json!(973)));
    app.advance(chrono::TimeDelta::seconds(40));
    assert_eq!(anonymous.post(query, json!({})).await.0, 200);
    app.finish().await;
});

both_ways!(documents_that_are_new_have_a_budget_even_when_they_are_refused, |app| {
    let app = app.restart_with(&[("KABINET__GRAPHQL__UNKNOWN_BYTES_PER_ADDRESS", "10000")]).await;
    let customer = app.customer();
    let refused = |n: usize| format!("{{ nothing{n} {} }}", "a ".repeat(900));
    assert_eq!(customer.ask("{ __typename }", json!({})).await["__typename"], "Query");
    for n in 0..5 {
        assert_ne!(top_code(&customer.post(&refused(n), json!({})).await.1), "RATE_LIMITED");
    }
    let (status, answer) = customer.post(&refused(5), json!({})).await;
    assert_eq!((status, top_code(&answer)), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"));
    assert_eq!(answer["errors"][0]["extensions"]["retryAfter"], 60);
    assert_eq!(customer.ask("{ __typename }", json!({})).await["__typename"], "Query", "what is known goes on");
    app.advance(chrono::TimeDelta::minutes(1));
    assert_ne!(top_code(&customer.post(&refused(5), json!({})).await.1), "RATE_LIMITED");
    app.finish().await;
});

both_ways!(sign_ins_have_a_budget_of_their_own, |app| {
    let app = app.restart_with(&[("KABINET__GRAPHQL__SIGN_INS_PER_ADDRESS", "3")]).await;
    let query = "mutation { signIn(input: { email: \"nobody@example.com\", password: \"wrong-password\" }) { userErrors { code } } }";
    for _ in 0..3 {
        assert_eq!(app.customer().post(query, json!({})).await.0, 200);
    }
    let (status, answer) = app.customer().post(query, json!({})).await;
    assert_eq!((status, top_code(&answer)), (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED"));
    assert_eq!(app.customer().post("{ __typename }", json!({})).await.0, 200);
    app.advance(chrono::TimeDelta::minutes(1));
    assert_eq!(app.customer().post(query, json!({})).await.0, 200);
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_too_long_is_refused() {
    let app = TestApp::start_with(Way::Embedded, &[("KABINET__GRAPHQL__MAX_ANSWER_BYTES", "10000")]).await;
    let (status, answer) =
        app.customer().post("{ __schema { types { name description fields { name } } } }", json!({})).await;
    assert_eq!((status.as_u16(), top_code(&answer)), (422, "QUERY_TOO_EXPENSIVE"));
    assert!(answer.get("data").is_none());
    app.finish().await;
}
