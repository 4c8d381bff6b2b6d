//! Who gets no archive, and when none is made.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{EMAIL, exports, fetch, made, request};
use crate::harness::{PASSWORD, both_ways, top_code, user_errors};

fn one(code: &str, field: Value) -> Vec<(String, Value)> {
    vec![(code.to_owned(), field)]
}

both_ways!(whoever_has_no_right_to_an_archive_is_told_what_they_are_told_of_none, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let url = made(&app, &anna).await;
    let boris = app.confirmed_customer("boris@example.com").await;
    let mut unconfirmed = app.customer();
    unconfirmed.register("vera@example.com").await;
    app.drain().await;
    app.take_letters("vera@example.com");
    unconfirmed.sign_in("vera@example.com").await;
    let none = [
        format!("{}/exports/export_01h455vb4pex5vsknk084sn02q", app.url),
        format!("{}/exports/nonsense", app.url),
        url.replace("export_", "user_"),
    ];
    for stranger in [&boris, &unconfirmed] {
        let (status, headers, body) = fetch(&url, stranger.token.as_deref()).await;
        assert_eq!(status, 404);
        for none in &none {
            let (same, others, text) = fetch(none, stranger.token.as_deref()).await;
            assert_eq!((same, &text), (status, &body), "{none}");
            let names =
                |headers: &reqwest::header::HeaderMap| headers.keys().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(names(&others), names(&headers), "{none}");
        }
    }
    let (status, headers, body) = fetch(&url, None).await;
    assert_eq!((status.as_u16(), headers["www-authenticate"].to_str().unwrap()), (401, "Bearer"));
    for none in &none {
        let (same, _, text) = fetch(none, None).await;
        assert_eq!((same, &text), (status, &body), "who is not signed in learns nothing either");
    }
    let ended = anna.token.clone();
    anna.ask("mutation { signOut { signedOut } }", json!({})).await;
    assert_eq!(fetch(&url, ended.as_deref()).await.0, 401);
    app.finish().await;
});

both_ways!(an_archive_that_is_being_made_is_not_there_yet, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let asked = request(&anna).await["export"].take();
    let url = format!("{}/exports/{}", app.url, asked["id"].as_str().unwrap());
    assert_eq!(fetch(&url, anna.token.as_deref()).await.0, 404);
    assert_eq!(user_errors(&request(&anna).await), one("EXPORT_RUNNING", Value::Null));
    app.drain().await;
    app.discard_letters();
    assert_eq!(fetch(&url, anna.token.as_deref()).await.0, 200);
    app.finish().await;
});

both_ways!(a_person_asks_for_three_archives_in_24_hours, |app| {
    let mut anna = app.confirmed_customer(EMAIL).await;
    for _ in 0..3 {
        assert_eq!(user_errors(&request(&anna).await), []);
        app.drain().await;
    }
    app.discard_letters();
    app.advance(TimeDelta::minutes(1));
    let query = "mutation($input: ExportMyDataInput!) { exportMyData(input: $input) {
        export { id } userErrors { code field ... on RetryLaterError { retryAfterSeconds } } } }";
    let input = json!({ "input": { "stepUp": { "password": PASSWORD } } });
    let refused = anna.ask(query, input).await["exportMyData"].take();
    let error = json!({ "code": "TOO_MANY_EXPORTS", "field": null, "retryAfterSeconds": 86_340 });
    assert_eq!(refused, json!({ "export": null, "userErrors": [error] }));
    app.advance(TimeDelta::days(1));
    anna.sign_in(EMAIL).await;
    assert_eq!(user_errors(&request(&anna).await), []);
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(many_requests_at_once_make_one_archive, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let answers = futures_util::future::join_all((0..4).map(|_| request(&anna))).await;
    let made = answers.iter().filter(|answer| answer["userErrors"] == json!([])).count();
    assert_eq!(made, 1, "{answers:?}");
    assert_eq!(exports(&anna).await.as_array().unwrap().len(), 1);
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(the_proof_is_asked_again_and_nobody_unconfirmed_gets_an_archive, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let wrong = json!({ "stepUp": { "password": "wrong horse 42" } });
    let refused = anna.mutate("exportMyData", "export { id }", wrong).await;
    assert_eq!(user_errors(&refused), one("WRONG_PASSWORD", json!(["stepUp", "password"])));
    let query = "mutation($input: ExportMyDataInput!) { exportMyData(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "stepUp": { "password": PASSWORD } } });
    assert_eq!(top_code(&app.customer().post(query, input).await.1), "UNAUTHENTICATED");
    let mut unconfirmed = app.customer();
    unconfirmed.register("vera@example.com").await;
    app.drain().await;
    app.take_letters("vera@example.com");
    unconfirmed.sign_in("vera@example.com").await;
    assert_eq!(user_errors(&request(&unconfirmed).await), one("EMAIL_NOT_CONFIRMED", Value::Null));
    assert_eq!(exports(&unconfirmed).await, json!([]));
    app.finish().await;
});

both_ways!(an_archive_is_fetched_twenty_times_an_hour, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let url = made(&app, &anna).await;
    for _ in 0..20 {
        assert_eq!(fetch(&url, anna.token.as_deref()).await.0, 200);
    }
    assert_eq!(fetch(&url, anna.token.as_deref()).await.0, 429);
    app.finish().await;
});

both_ways!(what_is_not_made_within_a_day_has_failed, |app| {
    let mut anna = app.confirmed_customer(EMAIL).await;
    request(&anna).await;
    app.sql("DELETE FROM outbox_jobs WHERE kind = 'archive_data'").await;
    app.advance(TimeDelta::days(1));
    anna.sign_in(EMAIL).await;
    assert_eq!(exports(&anna).await[0]["state"], "FAILED");
    assert_eq!(user_errors(&request(&anna).await), [], "another can be asked for");
    app.drain().await;
    app.discard_letters();
    let states: Vec<_> = exports(&anna).await.as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["READY", "FAILED"]);
    app.finish().await;
});
