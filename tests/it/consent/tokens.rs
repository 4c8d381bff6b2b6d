//! Codes and tokens: what is exchanged for what, by whom, and how often.

use chrono::TimeDelta;
use entity::client_grant_token;
use futures_util::future::join_all;
use kabinet::consent::grant::Past;
use reqwest::StatusCode;
use sea_orm::EntityTrait;
use serde_json::json;

use super::{Acting, BACK, EMAIL, EVERY_SCOPE, ME, VERIFIER, caller, challenge, is_in, refused, text, without_letters};
use crate::harness::both_ways;
use crate::metering::owner;

both_ways!(a_code_becomes_tokens_and_a_refresh_token_others, |app| {
    for public in [false, true] {
        let email = format!("anna-{public}@example.com");
        let (anna, account) = owner(&app, &email, "debt").await;
        let acting = Acting::register(&app, "BALANCE,READINGS", public).await;
        let code = acting.code(&app, &anna, &[&account], Past::All).await;
        assert!(code.starts_with("gcode_"));
        let answer = acting.exchange(&code).await;
        let body = &answer.1;
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3600)));
        assert_eq!(body["scope"], "BALANCE READINGS");
        let (first, refresh) = caller(&app.url, &answer);
        assert_eq!(first.balance(&account).await, anna.balance(&account).await);
        // Fewer scopes for one token; the next may have all again.
        let fewer = format!("grant_type=refresh_token&scope=BALANCE&refresh_token={refresh}");
        let answer = acting.post("/oauth/token", &fewer).await;
        assert_eq!(answer.1["scope"], "BALANCE");
        let (second, refresh) = caller(&app.url, &answer);
        assert!(is_in(&first).await && is_in(&second).await);
        let (status, _) =
            second.post("{ viewer { personalAccounts { edges { node { meterCount } } } } }", json!({})).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        let answer = acting.refresh(&refresh).await;
        assert_eq!(answer.1["scope"], "BALANCE READINGS");
        let rows = client_grant_token::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap();
        for secret in [&code, &refresh, &text(&answer.1["access_token"])] {
            assert!(!format!("{rows:?}").contains(secret.as_str()), "only hashes are kept");
        }
    }
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(a_code_is_good_for_its_app_its_address_and_its_verifier_alone, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, false).await;
    let (other, public) =
        (Acting::register(&app, EVERY_SCOPE, false).await, Acting::register(&app, EVERY_SCOPE, true).await);
    let code = acting.code(&app, &anna, &[&account], Past::All).await;
    let form = |code: &str, back: &str, verifier: &str| {
        format!("grant_type=authorization_code&code={code}&redirect_uri={back}&code_verifier={verifier}")
    };
    refused(&other.exchange(&code).await, 400, "invalid_grant");
    refused(&public.exchange(&code).await, 400, "invalid_grant");
    let wrong = "another-verifier-of-the-tests-that-is-long-enough";
    for (code, back, verifier) in [
        (code.as_str(), BACK, wrong),
        (&code, BACK, &challenge()),
        (&code, "https://app.example/back/", VERIFIER),
        (&code, "http://127.0.0.1/back", VERIFIER),
        ("gcode_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", BACK, VERIFIER),
        ("nonsense", BACK, VERIFIER),
    ] {
        refused(&acting.post("/oauth/token", &form(code, back, verifier)).await, 400, "invalid_grant");
    }
    for missing in ["code", "redirect_uri", "code_verifier"] {
        let whole = form(&code, BACK, VERIFIER);
        let without: Vec<_> = whole.split('&').filter(|pair| !pair.starts_with(&format!("{missing}="))).collect();
        refused(&acting.post("/oauth/token", &without.join("&")).await, 400, "invalid_request");
    }
    let thief = Acting { secret: other.secret.clone(), ..acting.clone() };
    refused(&thief.exchange(&code).await, 401, "invalid_client");
    let nameless = Acting { secret: String::new(), ..acting.clone() };
    refused(&nameless.exchange(&code).await, 401, "invalid_client");
    let nobody = Acting { client_id: "app_01h455vb4pex5vsknk084sn02q".to_owned(), ..acting.clone() };
    refused(&nobody.exchange(&code).await, 401, "invalid_client");
    // An app has no tokens of its own.
    refused(&acting.post("/oauth/token", "grant_type=client_credentials").await, 401, "invalid_client");
    // A code is no token, and a refresh token neither.
    let mut code_as_token = app.customer();
    code_as_token.token = Some(code.clone());
    assert!(!is_in(&code_as_token).await);
    refused(&acting.refresh(&code).await, 400, "invalid_grant");
    // None of this has spoilt it for whom it is.
    let (_, refresh) = caller(&app.url, &acting.exchange(&code).await);
    let mut refresh_as_token = app.customer();
    refresh_as_token.token = Some(refresh.clone());
    assert!(!is_in(&refresh_as_token).await);
    refused(&other.refresh(&refresh).await, 400, "invalid_grant");
    let unknown = format!("grant_type=refresh_token&scope=NONSENSE&refresh_token={refresh}");
    refused(&acting.post("/oauth/token", &unknown).await, 400, "invalid_scope");
    assert_eq!(acting.refresh(&refresh).await.0, StatusCode::OK);
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(a_code_lives_for_a_minute, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let code = acting.code(&app, &anna, &[&account], Past::All).await;
    app.advance(TimeDelta::seconds(60));
    refused(&acting.exchange(&code).await, 400, "invalid_grant");
    let code = acting.code(&app, &anna, &[&account], Past::All).await;
    app.advance(TimeDelta::seconds(59));
    assert_eq!(acting.exchange(&code).await.0, StatusCode::OK);
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(a_code_that_is_used_twice_ends_what_it_gave, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let code = acting.code(&app, &anna, &[&account], Past::All).await;
    let (first, refresh) = caller(&app.url, &acting.exchange(&code).await);
    let mut socket = first.socket().await;
    let (other, _) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    // Also long after it has expired.
    app.advance(TimeDelta::minutes(20));
    app.app.services.consents.purge().await.unwrap();
    refused(&acting.exchange(&code).await, 400, "invalid_grant");
    assert_eq!(socket.next().await, json!({ "close": 4403 }));
    assert!(!is_in(&first).await && is_in(&other).await, "no other leave of the person's");
    refused(&acting.refresh(&refresh).await, 400, "invalid_grant");
    let events = "{ viewer { auditEvents(first: 1) { edges { node { kind details { name value } } } } } }";
    let event = anna.ask(events, json!({})).await["viewer"]["auditEvents"]["edges"][0]["node"].take();
    assert_eq!(event["kind"], "CLIENT_ACCESS_REVOKED");
    assert!(event["details"].to_string().contains("reuse"), "{event}");
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(a_refresh_token_that_is_used_twice_ends_what_was_granted, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let (first, stolen) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    let (second, newest) = caller(&app.url, &acting.refresh(&stolen).await);
    refused(&acting.refresh(&stolen).await, 400, "invalid_grant");
    assert!(!is_in(&first).await && !is_in(&second).await);
    refused(&acting.refresh(&newest).await, 400, "invalid_grant");
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(of_many_uses_at_once_one_is_the_first, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let code = acting.code(&app, &anna, &[&account], Past::All).await;
    let answers = join_all((0..10).map(|_| acting.exchange(&code))).await;
    let given: Vec<_> = answers.iter().filter(|(status, _)| *status == StatusCode::OK).collect();
    assert!(given.len() <= 1, "{}", given.len());
    assert!(answers.iter().all(|(status, _)| matches!(status.as_u16(), 200 | 400 | 429 | 503)));
    if let Some(answer) = given.first() {
        assert!(!is_in(&caller(&app.url, answer).0).await, "the others were the second use");
    }
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(tokens_end_by_themselves_and_with_the_leave, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, EVERY_SCOPE, true).await;
    let (first, refresh) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    let mut socket = first.socket().await;
    app.advance(TimeDelta::minutes(59));
    assert!(is_in(&first).await);
    app.advance(TimeDelta::minutes(1));
    assert!(!is_in(&first).await);
    assert_eq!(socket.next().await, json!({ "close": 4403 }));
    app.advance(TimeDelta::days(29));
    let answer = acting.refresh(&refresh).await;
    let (last, refresh) = caller(&app.url, &answer);
    assert!(is_in(&last).await);
    // 30 days were granted.
    app.advance(TimeDelta::hours(23));
    assert!(!is_in(&last).await);
    refused(&acting.refresh(&refresh).await, 400, "invalid_grant");
    app.app.services.consents.purge().await.unwrap();
    let kept = client_grant_token::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap();
    assert!(kept.iter().all(|row| row.kind == entity::enums::GrantTokenKind::Code), "{kept:?}");
    without_letters(&app).await;
    app.finish().await;
});

both_ways!(a_token_is_looked_into_and_ended_by_its_own_app, |app| {
    let (anna, account) = owner(&app, EMAIL, "debt").await;
    let acting = Acting::register(&app, "BALANCE", false).await;
    let other = Acting::register(&app, "BALANCE", false).await;
    let (first, refresh) = acting.let_in(&app, &anna, &[&account], Past::All).await;
    let token = first.token.clone().unwrap();
    let now = app.clock.now().timestamp();
    let viewer = anna.ask(ME, json!({})).await["viewer"]["id"].take();
    let facts = json!({ "active": true, "client_id": acting.client_id, "scope": "BALANCE", "token_type": "Bearer",
        "sub": viewer, "iat": now, "exp": now + 3600 });
    assert_eq!(acting.introspect(&token).await, facts);
    assert_eq!(acting.introspect(&refresh).await["active"], true);
    for text in [token.as_str(), &refresh, "nonsense", anna.token.as_deref().unwrap()] {
        assert_eq!(other.introspect(text).await, json!({ "active": false }));
        assert_eq!(other.post("/oauth/revoke", &format!("token={text}")).await.0, StatusCode::OK);
    }
    assert!(is_in(&first).await && anna.is_signed_in().await);
    let public = Acting::register(&app, "BALANCE", true).await;
    let (status, _) = public.post("/oauth/introspect", &format!("token={token}")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "anybody could be a public app");
    // An access token ends alone, a refresh token with all that was granted.
    let mut socket = first.socket().await;
    assert_eq!(acting.post("/oauth/revoke", &format!("token={token}")).await.0, StatusCode::OK);
    assert_eq!(socket.next().await, json!({ "close": 4403 }));
    assert!(!is_in(&first).await);
    let (second, refresh) = caller(&app.url, &acting.refresh(&refresh).await);
    assert_eq!(acting.post("/oauth/revoke", &format!("token={refresh}")).await.0, StatusCode::OK);
    assert!(!is_in(&second).await);
    assert_eq!(acting.introspect(&refresh).await, json!({ "active": false }));
    without_letters(&app).await;
    app.finish().await;
});
