//! What the person sees of apps, and how they shut them out.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use entity::{client_grant, client_grant_account, client_grant_token};
use futures_util::future::join_all;
use kabinet::consent::grant::Past;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::caller as tokens_of;
use super::{Acting, BACK, EMAIL, EVERY_SCOPE, ME, is_in, refused, without_letters};
use crate::harness::{Customer, PASSWORD, Socket, TestApp, Way, both_ways, user_errors};
use crate::metering::owner;
use crate::subscriptions::instances::Second;

const LISTED: &str =
    "{ viewer { authorizedClients { id appName scopes personalAccounts { id } dataFrom grantedAt expiresAt
    lastUsedAt } } }";

async fn listed(person: &Customer) -> Vec<Value> {
    person.ask(LISTED, json!({})).await["viewer"]["authorizedClients"].as_array().unwrap().clone()
}

async fn revoke(person: &Customer, id: &str) -> Value {
    person.mutate("revokeClientAccess", "authorizedClients { id }", json!({ "id": id })).await
}

both_ways!(an_app_that_is_let_in_is_told_of_and_shown, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, "BALANCE,SUBMIT_READINGS", false).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&account], Past::Months(3)).await;
    app.drain().await;
    let letters = app.take_letters(EMAIL);
    assert_eq!(letters.len(), 1);
    for part in [
        "Домашний <учёт>",
        "submit readings",
        "203.0.113.7",
        "from 2026-03-01 on",
        &crate::harness::sample("debt").number,
    ] {
        assert!(letters[0].text.contains(part), "{part}: {}", letters[0].text);
    }
    assert!(letters[0].html.contains("Домашний &lt;учёт&gt;"));
    let shown = listed(&anna).await;
    let grant = &shown[0];
    assert_eq!((shown.len(), &grant["appName"]), (1, &json!("Домашний <учёт>")));
    assert_eq!(grant["scopes"], json!(["BALANCE", "SUBMIT_READINGS"]));
    assert_eq!(grant["personalAccounts"], json!([{ "id": account }]));
    assert_eq!((&grant["dataFrom"], &grant["grantedAt"]), (&json!("2026-03-01"), &json!("2026-06-20T09:00:00Z")));
    assert_eq!((&grant["expiresAt"], &grant["lastUsedAt"]), (&json!("2026-07-20T09:00:00Z"), &Value::Null));
    app.advance(TimeDelta::minutes(5));
    is_in(&caller).await;
    app.advance(TimeDelta::seconds(30));
    is_in(&caller).await;
    assert_eq!(listed(&anna).await[0]["lastUsedAt"], "2026-06-20T09:05:00Z", "to the minute");
    let (statements, _) = app.statements(caller.balance(&account)).await;
    assert!(statements <= 4, "{statements}");
    let events = anna.ask("{ viewer { auditEvents(first: 1) { edges { node { kind } } } } }", json!({})).await;
    assert_eq!(events["viewer"]["auditEvents"]["edges"][0]["node"]["kind"], "CLIENT_ACCESS_GRANTED");
    app.finish().await;
});

both_ways!(what_is_revoked_opens_nothing_and_closes_what_it_opened, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let stranger = app.confirmed_customer("boris@example.com").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let (caller, refresh) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    app.advance(TimeDelta::seconds(1));
    let (other, _) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    let id = listed(&anna).await[1]["id"].as_str().unwrap().to_owned();
    let mut sockets = [caller.socket().await, other.socket().await];
    let none = [("CLIENT_ACCESS_NOT_FOUND".to_owned(), json!(["id"]))];
    assert_eq!(user_errors(&revoke(&stranger, &id).await), none);
    assert_eq!(user_errors(&revoke(&anna, "nonsense").await), none);
    let begun = Instant::now();
    let payload = revoke(&anna, &id).await;
    assert_eq!(payload["authorizedClients"].as_array().unwrap().len(), 1, "{payload}");
    assert_eq!(sockets[0].next().await, json!({ "close": 4403 }));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(!is_in(&caller).await && is_in(&other).await);
    refused(&acting.refresh(&refresh).await, 400, "invalid_grant");
    assert_eq!(user_errors(&revoke(&anna, &id).await), none);
    // What goes on goes on.
    sockets[1].subscribe("1", ME, json!({})).await;
    assert_eq!(sockets[1].next().await["type"], "next");
    let rows = client_grant_token::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap();
    assert_eq!(rows.len(), 3, "of the other one");
    without_letters(&app).await;
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_shut_out_through_one_instance_is_out_of_the_other() {
    let app = Box::pin(TestApp::start(Way::Full)).await;
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    let second = Second::beside(&app).await;
    let there = second.visitor(&caller);
    let mut socket = Socket::open(&second.url, there.token.as_deref()).await;
    let id = listed(&anna).await[0]["id"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    revoke(&anna, &id).await;
    assert_eq!(socket.next().await, json!({ "close": 4403 }));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(!is_in(&there).await);
    second.finish().await;
    without_letters(&app).await;
    app.finish().await;
}

both_ways!(an_operator_registers_rotates_and_ends_apps_beside_the_server, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let line = |output: std::process::Output| {
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().nth(1).unwrap_or_default().split(',').map(str::to_owned).collect::<Vec<_>>()
    };
    let add = ["clients", "add-app", "Учёт", "--redirect-uri", BACK, "--scope", "BALANCE"];
    let added = line(app.operator(&add).await);
    let acting = Acting { url: app.url.clone(), client_id: added[0].clone(), secret: added[1].clone() };
    assert!(acting.secret.starts_with("asec_"));
    let (_, refresh) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    let renewed = line(app.operator(&["clients", "rotate", &acting.client_id, "--overlap-hours", "1"]).await);
    let renewed = Acting { secret: renewed[1].clone(), ..acting.clone() };
    assert_eq!(acting.introspect(&refresh).await["active"], true, "both are good for an hour");
    let (caller, _) = tokens_of(&app.url, &renewed.refresh(&refresh).await);
    let shown = line(app.operator(&["clients", "list-apps"]).await);
    assert_eq!((&shown[0], &shown[3]), (&acting.client_id, &"BALANCE".to_owned()));
    // The server is told of nothing by the operator's process in the embedded way; it looks.
    let mut socket = caller.socket().await;
    let ended = async {
        assert_eq!(socket.next().await, json!({ "close": 4403 }));
        Instant::now()
    };
    let revoked = async {
        let output = app.operator(&["clients", "revoke", &acting.client_id]).await;
        assert!(output.status.success(), "{output:?}");
        Instant::now()
    };
    let (ended, revoked) = tokio::join!(ended, revoked);
    assert!(ended.saturating_duration_since(revoked) < Duration::from_secs(2));
    assert!(!is_in(&caller).await && listed(&anna).await.is_empty());
    for (arguments, told) in [
        (
            &["clients", "add-app", "A", "--redirect-uri", "http://app.example", "--scope", "PAY"][..],
            "--redirect-uri is https",
        ),
        (&["clients", "add-app", " ", "--redirect-uri", BACK, "--scope", "PAY"], "a name has 1 to 100"),
        (&["clients", "add-app", "A", "--redirect-uri", BACK, "--scope", "BALANCES"], "--scope is one of PROFILE"),
        (&["clients", "rotate", &acting.client_id], "there is no such app"),
        (&["clients", "revoke", &acting.client_id], "there is no such app"),
    ] {
        let output = app.operator(arguments).await;
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && complaint.contains(told), "{arguments:?}: {complaint}");
    }
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(a_new_secret_overlaps_with_the_old_one, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, "BALANCE", false).await;
    let (_, refresh) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    let (consents, id) = (&app.app.services.consents, kabinet::graphql::ids::decode(&acting.client_id).unwrap());
    let renewed = consents.rotate_app(id, TimeDelta::hours(1)).await.unwrap();
    let renewed = Acting { secret: renewed.secret.unwrap(), ..acting.clone() };
    for proved in [&acting, &renewed] {
        assert_eq!(proved.introspect(&refresh).await["active"], true);
    }
    app.advance(TimeDelta::hours(1));
    refused(&acting.refresh(&refresh).await, 401, "invalid_client");
    assert_eq!(renewed.refresh(&refresh).await.0.as_u16(), 200);
    let public = Acting::register(&app, "BALANCE", true).await;
    let id = kabinet::graphql::ids::decode(&public.client_id).unwrap();
    assert!(consents.rotate_app(id, TimeDelta::hours(1)).await.is_err(), "it has none");
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(whoever_reports_a_foreign_sign_in_shuts_apps_out_too, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let (caller, refresh) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    without_letters(&app).await;
    let mut thief = app.customer();
    thief.device = "thief/1";
    thief.sign_in(EMAIL).await;
    app.drain().await;
    let token = app.confirmation_token(EMAIL);
    let mut socket = caller.socket().await;
    app.customer().mutate("reportForeignSignIn", "user { email }", json!({ "token": token })).await;
    assert_eq!(socket.next().await, json!({ "close": 4403 }));
    assert!(!is_in(&caller).await);
    refused(&acting.refresh(&refresh).await, 400, "invalid_grant");
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(a_password_that_is_reset_shuts_apps_out, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let (caller, refresh) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    without_letters(&app).await;
    let visitor = app.customer();
    let captcha = visitor.solve_captcha_for("RESET_PASSWORD").await;
    visitor.mutate("requestPasswordReset", "email", json!({ "email": EMAIL, "captcha": captcha })).await;
    app.drain().await;
    assert!(is_in(&caller).await, "asking for a letter ends nothing");
    let input = json!({ "token": app.confirmation_token(EMAIL), "password": "another correct horse 43" });
    assert_eq!(user_errors(&visitor.mutate("resetPassword", "user { email }", input).await), []);
    assert!(!is_in(&caller).await);
    refused(&acting.refresh(&refresh).await, 400, "invalid_grant");
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(the_deletion_of_a_cabinet_shuts_apps_out_at_once_and_leaves_nothing, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let (caller, _) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    let mut socket = caller.socket().await;
    let wish = json!({ "stepUp": { "password": PASSWORD } });
    assert_eq!(anna.mutate("deleteMyCabinet", "viewer { id }", wish).await["userErrors"], json!([]));
    assert_eq!(socket.next().await, json!({ "close": 4403 }));
    assert!(!is_in(&caller).await && anna.is_signed_in().await && listed(&anna).await.is_empty());
    app.advance(TimeDelta::days(14));
    app.drain().await;
    let db = app.app.mechanisms.db.read();
    assert!(client_grant::Entity::find().all(db).await.unwrap().is_empty());
    assert!(client_grant_account::Entity::find().all(db).await.unwrap().is_empty());
    assert!(client_grant_token::Entity::find().all(db).await.unwrap().is_empty());
    app.discard_letters();
    app.finish().await;
});

both_ways!(a_person_lets_at_most_twenty_in, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, "BALANCE", true).await;
    for _ in 0..19 {
        acting.code(&app, &anna, &[&account], Past::All).await;
    }
    let tried = join_all((0..4).map(|_| {
        let (acting, anna, app, account) = (&acting, &anna, &app, account.as_str());
        async move { acting.try_code(app, anna, &[account], Past::All).await.is_ok() }
    }));
    assert_eq!(tried.await.into_iter().filter(|granted| *granted).count(), 1);
    assert_eq!(listed(&anna).await.len(), 20);
    without_letters(&app).await;
    app.finish().await;
});
