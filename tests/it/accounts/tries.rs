//! How often one may guess.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{prove, try_to_attach};
use crate::harness::{both_ways, sample, user_errors};

both_ways!(a_network_that_guesses_much_is_slowed_down_and_who_knows_is_not, |app| {
    let debtor = sample("debt");
    let mut guessers = Vec::new();
    for number in 0..2 {
        guessers.push(app.confirmed_customer(&format!("guesser{number}@example.com")).await);
    }
    // Sixteen numbers each that do not exist: fewer than a person may try, more than a network.
    let mut slowed = 0;
    for number in 0..16 {
        for guesser in &guessers {
            let payload = try_to_attach(guesser, &debtor.provider_code, &format!("{number:010}"), Value::Null).await;
            slowed += usize::from(user_errors(&payload) == too_many());
        }
    }
    assert!(slowed > 0, "nobody was slowed down");
    app.advance(TimeDelta::minutes(2));
    let owner = app.confirmed_customer("owner@example.com").await;
    owner.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    app.finish().await;
});

fn too_many() -> Vec<(String, Value)> {
    vec![("TOO_MANY_TRIES".to_owned(), Value::Null)]
}

both_ways!(an_account_bears_five_guesses_an_hour_and_everybodys_first, |app| {
    let debtor = sample("debt");
    let anna = app.confirmed_customer("anna@example.com").await;
    let boris = app.confirmed_customer("boris@example.com").await;
    let account = anna.attach(&debtor.provider_code, &debtor.number, None).await;
    for guess in 0..3 {
        let payload = prove(&anna, &account, json!({ "pin": format!("x{guess}") })).await;
        assert_eq!(user_errors(&payload)[0].0, "PROOF_REJECTED");
    }
    app.advance(TimeDelta::minutes(20));
    for guess in 0..2 {
        let proof = json!({ "lastChargeTotal": format!("0.0{guess}") });
        let payload = try_to_attach(&boris, &debtor.provider_code, &debtor.number, proof).await;
        assert_eq!(user_errors(&payload)[0].0, "PROOF_REJECTED");
    }
    // Even the right one is not looked at.
    let right = json!({ "pin": debtor.pin });
    let payload = prove(&anna, &account, right.clone()).await;
    assert_eq!(user_errors(&payload), too_many());
    assert_eq!(payload["userErrors"][0]["__typename"], "RetryLaterError");
    let payload = try_to_attach(&boris, &debtor.provider_code, &debtor.number, right.clone()).await;
    assert_eq!(user_errors(&payload), too_many());
    // Who has not guessed yet is the owner perhaps: strangers do not keep them out.
    let clara = app.confirmed_customer("clara@example.com").await;
    let wrong = try_to_attach(&clara, &debtor.provider_code, &debtor.number, json!({ "pin": "x" })).await;
    assert_eq!(user_errors(&wrong)[0].0, "PROOF_REJECTED");
    assert_eq!(
        user_errors(&try_to_attach(&clara, &debtor.provider_code, &debtor.number, right.clone()).await),
        too_many()
    );
    let owner = app.confirmed_customer("owner@example.com").await;
    owner.attach(&debtor.provider_code, &debtor.number, Some(&debtor.pin)).await;
    // Another account is another matter, and LIMITED access needs no guess.
    let other = sample("overpaid");
    boris.attach(&other.provider_code, &other.number, Some(&other.pin)).await;
    boris.attach(&debtor.provider_code, &debtor.number, None).await;

    app.advance(TimeDelta::minutes(20));
    assert_eq!(user_errors(&prove(&anna, &account, right.clone()).await), too_many());
    app.advance(TimeDelta::minutes(20));
    assert_eq!(prove(&anna, &account, right).await["personalAccount"]["access"], "FULL");
    app.finish().await;
});

both_ways!(a_person_may_guess_twenty_times_an_hour_over_all_accounts, |app| {
    let anna = app.confirmed_customer("anna@example.com").await;
    let mut guesses = Vec::new();
    for note in ["debt", "overpaid", "no-meter", "verification-expired", "day-and-night"] {
        let account = sample(note);
        guesses.push(anna.attach(&account.provider_code, &account.number, None).await);
    }
    let mut refused = 0;
    for account in guesses.iter().cycle().take(20) {
        let payload = prove(&anna, account, json!({ "pin": "x" })).await;
        refused += usize::from(user_errors(&payload) == too_many());
    }
    assert_eq!(refused, 5, "five tries went into attaching");
    app.finish().await;
});

both_ways!(a_person_may_name_twenty_accounts_an_hour, |app| {
    let debtor = sample("debt");
    let anna = app.confirmed_customer("anna@example.com").await;
    let provider_id = anna.provider_id("voronezh").await;
    let name = |number: String| {
        let input = json!({ "providerId": provider_id, "number": number });
        anna.mutate("attachPersonalAccount", "personalAccount { id }", input)
    };
    // What does not look like a number costs nothing.
    name("12".to_owned()).await;
    let payloads = join_all((0..25).map(|number| name(format!("99999{number:05}")))).await;
    let refused = payloads.iter().filter(|payload| user_errors(payload) == too_many()).count();
    assert_eq!(refused, 5);
    let payload = try_to_attach(&anna, &debtor.provider_code, &debtor.number, Value::Null).await;
    assert_eq!(user_errors(&payload), too_many());
    let boris = app.confirmed_customer("boris@example.com").await;
    boris.attach(&debtor.provider_code, &debtor.number, None).await;

    app.advance(TimeDelta::minutes(25));
    assert_eq!(user_errors(&name("9999900000".to_owned()).await), too_many());
    app.advance(TimeDelta::minutes(25));
    assert_eq!(user_errors(&name("9999900000".to_owned()).await), too_many());
    app.advance(TimeDelta::minutes(10));
    anna.attach(&debtor.provider_code, &debtor.number, None).await;
    app.finish().await;
});
