//! Tokens of a person's own scripts: what they open, what they do not, and how they end.

use chrono::TimeDelta;
use entity::access_token;
use futures_util::future::join_all;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::harness::{Customer, PASSWORD, Socket, TestApp, both_ways, top_code, user_errors};
use crate::metering::owner;

const EMAIL: &str = "anna@example.com";
const FIELDS: &str = "token accessToken { id name scopes createdAt expiresAt lastUsedAt }";
const LISTED: &str = "{ viewer { accessTokens { id name scopes lastUsedAt } } }";

fn wish(name: &str, scopes: &[&str]) -> Value {
    json!({ "name": name, "scopes": scopes, "expiresInDays": 30, "stepUp": { "password": PASSWORD } })
}

/// A script with a token for these scopes, and the token's id.
async fn script(app: &TestApp, person: &Customer, scopes: &[&str]) -> (Customer, String) {
    let payload = person.mutate("createAccessToken", FIELDS, wish("a script", scopes)).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    let mut script = app.customer();
    script.token = payload["token"].as_str().map(str::to_owned);
    (script, payload["accessToken"]["id"].as_str().unwrap().to_owned())
}

async fn listed(person: &Customer) -> Vec<Value> {
    person.ask(LISTED, json!({})).await["viewer"]["accessTokens"].as_array().unwrap().clone()
}

/// Status, code and message of what a script was refused.
async fn refused(script: &Customer, query: &str) -> (u16, String, String) {
    let (status, body) = script.post(query, json!({})).await;
    assert!(body.get("data").is_none(), "{body}");
    (status.as_u16(), top_code(&body).to_owned(), body["errors"][0]["message"].as_str().unwrap().to_owned())
}

both_ways!(a_token_is_shown_once_and_told_of, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let payload = anna.mutate("createAccessToken", FIELDS, wish(" Дача ", &["READINGS", "BALANCE", "BALANCE"])).await;
    let token = payload["token"].as_str().unwrap();
    assert!(token.starts_with("token_") && token.len() > 40, "{token}");
    let made = &payload["accessToken"];
    assert_eq!((&made["name"], &made["scopes"]), (&json!("Дача"), &json!(["BALANCE", "READINGS"])));
    assert_eq!(made["createdAt"], "2026-06-20T09:00:00Z");
    assert_eq!(made["expiresAt"], "2026-07-20T09:00:00Z");
    assert_eq!(made["lastUsedAt"], Value::Null);
    let rows = access_token::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap();
    assert!(!format!("{rows:?}").contains(token));
    app.drain().await;
    let letters = app.take_letters(EMAIL);
    assert_eq!(letters.len(), 1);
    assert!(letters[0].text.contains("Дача") && letters[0].text.contains("see meters"), "{}", letters[0].text);
    assert!(!letters[0].text.contains(token));
    let events = anna.ask("{ viewer { auditEvents { edges { node { kind } } } } }", json!({})).await;
    assert_eq!(events["viewer"]["auditEvents"]["edges"][0]["node"]["kind"], "ACCESS_TOKEN_CREATED");
    app.finish().await;
});

both_ways!(a_token_opens_what_its_scopes_say_and_nothing_else, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let (script, _) = script(&app, &anna, &["BALANCE"]).await;
    assert_eq!(script.balance(&account).await, anna.balance(&account).await);
    let (status, code, message) = refused(&script, "{ viewer { email } }").await;
    assert_eq!((status, code.as_str()), (403, "FORBIDDEN"));
    assert!(message.ends_with("the scope PROFILE."), "{message}");
    let meters = "{ viewer { personalAccounts { edges { node { meters { id } } } } } }";
    assert_eq!(refused(&script, meters).await.0, 403);
    for session_only in [
        "{ viewer { sessions { id } } }",
        LISTED,
        "mutation { revokeAllSessions { userErrors { code } } }",
        "mutation { signIn(input: { email: \"a@b.ru\", password: \"x\" }) { token } }",
    ] {
        let (status, code, message) = refused(&script, session_only).await;
        assert_eq!((status, code.as_str(), message.as_str()), (403, "FORBIDDEN", "No token may ask this: sign in."));
    }
    let mut socket = script.socket().await;
    socket.subscribe("1", "subscription { paymentUpdated(paymentId: \"payment_1\") { status } }", json!({})).await;
    let answer = socket.next().await;
    assert_eq!(answer["payload"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_token_of_nobody_is_nobody, |app| {
    let mut script = app.confirmed_customer(EMAIL).await;
    script.token = Some("token_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned());
    assert!(!script.is_signed_in().await);
    app.finish().await;
});

both_ways!(a_use_is_seen_and_the_date_ends_it, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let (script, _) = script(&app, &anna, &["BALANCE"]).await;
    app.advance(TimeDelta::hours(1));
    let me = "{ viewer { id } }";
    script.ask(me, json!({})).await;
    app.advance(TimeDelta::seconds(30));
    script.ask(me, json!({})).await;
    let mut anna = anna;
    anna.sign_in(EMAIL).await;
    assert_eq!(listed(&anna).await[0]["lastUsedAt"], "2026-06-20T10:00:00Z", "to the minute");
    app.advance(TimeDelta::days(30));
    assert_eq!(script.ask(me, json!({})).await["viewer"], Value::Null);
    anna.sign_in(EMAIL).await;
    assert!(listed(&anna).await.is_empty());
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_revoked_token_opens_nothing_and_closes_what_it_opened, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let stranger = app.confirmed_customer("boris@example.com").await;
    let (script, id) = script(&app, &anna, &["BALANCE"]).await;
    let mut socket = Socket::open(&app.url, script.token.as_deref()).await;
    let revoke = json!({ "id": id });
    let payload = stranger.mutate("revokeAccessToken", "accessTokens { id }", revoke.clone()).await;
    assert_eq!(user_errors(&payload), [("ACCESS_TOKEN_NOT_FOUND".to_owned(), json!(["id"]))]);
    let payload = anna.mutate("revokeAccessToken", "accessTokens { id }", revoke.clone()).await;
    assert_eq!(payload, json!({ "accessTokens": [], "userErrors": [] }));
    assert_eq!(socket.next().await, json!({ "close": 4403 }));
    assert_eq!(script.ask("{ viewer { id } }", json!({})).await["viewer"], Value::Null);
    let payload = anna.mutate("revokeAccessToken", "accessTokens { id }", revoke).await;
    assert_eq!(user_errors(&payload), [("ACCESS_TOKEN_NOT_FOUND".to_owned(), json!(["id"]))]);
    app.drain().await;
    assert!(app.take_letters(EMAIL).is_empty(), "what is gone is not told of");
    app.finish().await;
});

both_ways!(what_a_token_must_have_is_asked_for, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let refused = async |input: Value| user_errors(&anna.mutate("createAccessToken", FIELDS, input).await);
    let long = "я".repeat(101);
    for name in ["", "  ", &long, "a\nb"] {
        let told = refused(wish(name, &["PAY"])).await;
        assert_eq!(told, [("ACCESS_TOKEN_NAME_MALFORMED".to_owned(), json!(["name"]))], "{name:?}");
    }
    let told = refused(wish("a", &[])).await;
    assert_eq!(told, [("ACCESS_TOKEN_SCOPES_MISSING".to_owned(), json!(["scopes"]))]);
    for days in [0, 367, -1] {
        let mut input = wish("a", &["PAY"]);
        input["expiresInDays"] = json!(days);
        assert_eq!(refused(input).await[0].0, "ACCESS_TOKEN_LIFETIME_OUT_OF_RANGE");
    }
    let mut input = wish("a", &["PAY"]);
    input["stepUp"]["password"] = json!("a wrong password 7");
    assert_eq!(refused(input).await, [("WRONG_PASSWORD".to_owned(), json!(["stepUp", "password"]))]);
    assert!(listed(&anna).await.is_empty());
    app.finish().await;
});

both_ways!(of_thirty_wishes_at_once_twenty_are_granted, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let made = join_all((0..30).map(|_| anna.mutate("createAccessToken", FIELDS, wish("a", &["BALANCE"])))).await;
    let granted = made.iter().filter(|payload| payload["token"].is_string()).count();
    assert!(granted <= 20, "{granted}");
    assert_eq!(listed(&anna).await.len(), granted);
    for payload in made.iter().filter(|payload| payload["token"].is_null()) {
        let code = &user_errors(payload)[0].0;
        assert!(["TOO_MANY_ACCESS_TOKENS", "TOO_MANY_TRIES"].contains(&code.as_str()), "{payload}");
    }
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(whoever_reports_a_foreign_sign_in_ends_the_tokens_too, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let (script, _) = script(&app, &anna, &["BALANCE"]).await;
    app.drain().await;
    app.discard_letters();
    let mut thief = app.customer();
    thief.device = "thief/1";
    thief.sign_in(EMAIL).await;
    app.drain().await;
    let token = app.confirmation_token(EMAIL);
    let report = json!({ "token": token });
    app.customer().mutate("reportForeignSignIn", "user { email }", report).await;
    assert_eq!(script.ask("{ viewer { id } }", json!({})).await["viewer"], Value::Null);
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

const EVERY_SCOPE: [&str; 7] = ["PROFILE", "BALANCE", "STATEMENTS", "READINGS", "SUBMIT_READINGS", "PAYMENTS", "PAY"];

both_ways!(files_are_for_sessions, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let (script, _) = script(&app, &anna, &EVERY_SCOPE).await;
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { statement { pdfUrl } } } }";
    let shown = anna.ask(query, json!({ "id": account })).await;
    let url = shown["node"]["statement"]["pdfUrl"].as_str().unwrap();
    assert_eq!(anna.download(url).await.0.as_u16(), 200);
    assert_eq!(script.download(url).await.0.as_u16(), 404);
    let archive = "/exports/export_01h455vb4pex5vsknk084sn02q";
    assert_eq!(anna.download(archive).await.0.as_u16(), 404);
    assert_eq!(script.download(archive).await.0.as_u16(), 401, "not signed in");
    app.drain().await;
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_deleted_cabinet_leaves_no_token, |app| {
    let anna = app.confirmed_customer(EMAIL).await;
    let (script, _) = script(&app, &anna, &EVERY_SCOPE).await;
    let wish = json!({ "stepUp": { "password": PASSWORD } });
    assert_eq!(anna.mutate("deleteMyCabinet", "viewer { id }", wish).await["userErrors"], json!([]));
    app.advance(TimeDelta::days(14));
    app.drain().await;
    assert!(access_token::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap().is_empty());
    assert!(!script.is_signed_in().await);
    app.discard_letters();
    app.finish().await;
});
