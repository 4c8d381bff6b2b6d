//! How sessions end, and that they stay ended.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Customer, both_ways, top_code};

const EMAIL: &str = "anna@example.com";
const WHO: &str = "{ viewer { email } }";

async fn is_known(customer: &Customer) -> bool {
    customer.ask(WHO, json!({})).await["viewer"] != Value::Null
}

async fn sign_out(customer: &Customer) {
    let data = customer.ask("mutation { signOut { signedOut userErrors { code } } }", json!({})).await;
    assert_eq!(data["signOut"], json!({ "signedOut": true, "userErrors": [] }));
}

both_ways!(after_signing_out_the_token_is_nobodys_and_other_sessions_go_on, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let mut other = app.customer();
    other.sign_in(EMAIL).await;
    assert!(is_known(&customer).await);
    sign_out(&customer).await;
    assert!(!is_known(&customer).await);
    let (_, answer) = customer.post("mutation { signOut { signedOut } }", json!({})).await;
    assert_eq!(top_code(&answer), "UNAUTHENTICATED");
    assert!(is_known(&other).await);
    app.finish().await;
});

both_ways!(a_session_ends_half_an_hour_after_its_last_use, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    for _ in 0..3 {
        app.advance(TimeDelta::minutes(29));
        assert!(is_known(&customer).await);
    }
    app.advance(TimeDelta::minutes(30));
    assert!(!is_known(&customer).await);
    app.finish().await;
});

both_ways!(a_session_ends_after_thirty_days_however_much_it_is_used, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let token = customer.token.clone().unwrap();
    let sessions = &app.app.services.identity.sessions;
    let step = TimeDelta::minutes(25);
    let end = app.clock.now() + TimeDelta::days(30);
    while app.clock.now() + step < end {
        app.advance(step);
        assert!(sessions.find(&token).await.unwrap().is_some(), "{}", app.clock.now());
    }
    app.advance(end - app.clock.now() - TimeDelta::seconds(1));
    assert!(is_known(&customer).await);
    app.advance(TimeDelta::seconds(1));
    assert!(!is_known(&customer).await);
    app.drain().await;
    app.finish().await;
});

both_ways!(a_remembered_session_bears_a_month_without_use_and_ends_after_ninety_days, |app| {
    app.confirmed_customer(EMAIL).await;
    let customer = app.customer();
    let input = json!({ "email": EMAIL, "password": crate::harness::PASSWORD, "rememberMe": true });
    let payload = customer.mutate("signIn", "token session { endsAt }", input).await;
    assert_eq!(payload["session"]["endsAt"], "2026-09-18T09:00:00Z");
    let token = payload["token"].as_str().unwrap();
    let sessions = &app.app.services.identity.sessions;
    for days in [29, 29, 29] {
        app.advance(TimeDelta::days(days));
        assert!(sessions.find(token).await.unwrap().is_some(), "{}", app.clock.now());
    }
    app.advance(TimeDelta::days(3));
    assert!(sessions.find(token).await.unwrap().is_none());

    let input = json!({ "email": EMAIL, "password": crate::harness::PASSWORD, "rememberMe": true });
    let payload = customer.mutate("signIn", "token", input).await;
    app.advance(TimeDelta::days(30));
    assert!(sessions.find(payload["token"].as_str().unwrap()).await.unwrap().is_none());
    app.drain().await;
    app.finish().await;
});

both_ways!(requests_under_way_do_not_bring_back_a_session_that_is_ended_meanwhile, |app| {
    for _ in 0..5 {
        let mut customer = app.customer();
        if app.clock.now() == crate::harness::start_of_test() {
            customer = app.confirmed_customer(EMAIL).await;
        } else {
            customer.sign_in(EMAIL).await;
        }
        // So long that every request wants to write down the session's use.
        app.advance(TimeDelta::minutes(2));
        let requests = async { join_all((0..20).map(|_| customer.post(WHO, json!({})))).await };
        tokio::join!(requests, sign_out(&customer));
        app.advance(TimeDelta::seconds(2));
        assert!(!is_known(&customer).await);
    }
    app.finish().await;
});

both_ways!(a_bearer_token_of_another_kind_is_nobody, |app| {
    let customer = app.confirmed_customer(EMAIL).await;
    let token = customer.token.clone().unwrap();
    let bare = token.trim_start_matches("sess_");
    for other in ["sess_", "nonsense", bare, &format!("api_{bare}"), &format!("{token}x"), &token.to_uppercase()] {
        let mut stranger = app.customer();
        stranger.token = Some(other.to_owned());
        assert!(!is_known(&stranger).await, "{other}");
    }
    app.finish().await;
});

both_ways!(a_confirmation_token_opens_no_session, |app| {
    let mut customer = app.customer();
    customer.register(EMAIL).await;
    app.drain().await;
    let token = app.confirmation_token(EMAIL);
    for token in [token.clone(), format!("sess_{token}")] {
        customer.token = Some(token);
        assert!(!is_known(&customer).await);
    }
    app.finish().await;
});
