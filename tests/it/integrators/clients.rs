//! What a program's token opens, what it does not, and how it ends.

use chrono::TimeDelta;
use entity::{api_client_event, api_client_token};
use futures_util::future::join_all;
use kabinet::integrators::api_client::registration::By;
use reqwest::StatusCode;
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::{EVERY_SCOPE, Program, WHO, is_known};
use crate::harness::{PASSWORD, Socket, TestApp, Way, both_ways, sample, top_code};
use crate::metering::owner;
use crate::subscriptions::instances::Second;

const ENDED: u16 = 4403;

both_ways!(a_program_is_who_its_operator_says_it_is, |app| {
    let program = Program::add(&app, "debt", "READINGS,BALANCES").await;
    let caller = program.caller().await;
    let (statements, who) = app.statements(caller.ask(WHO, json!({}))).await;
    let client = &who["apiClient"];
    assert_eq!((&client["id"], &client["name"]), (&json!(program.client_id), &json!("Биллинг")));
    assert_eq!(client["scopes"], json!(["BALANCES", "READINGS"]));
    assert_eq!(client["provider"]["code"], json!(sample("debt").provider_code));
    assert!(statements <= 3, "{statements}");
    // People are none.
    let anna = app.confirmed_customer("anna@example.com").await;
    assert_eq!(anna.ask(WHO, json!({})).await["apiClient"], Value::Null);
    assert_eq!(app.customer().ask(WHO, json!({})).await["apiClient"], Value::Null);
    app.finish().await;
});

both_ways!(what_is_peoples_is_not_for_programs, |app| {
    let (anna, account) = owner(&app, "anna@example.com", "debt").await;
    let caller = Program::add(&app, "debt", EVERY_SCOPE).await.caller().await;
    for query in [
        "{ viewer { id } }",
        "query($id: ID!) { node(id: $id) { id } }",
        "query($id: ID!) { nodes(ids: [$id]) { id } }",
        "{ apiClient { id } viewer { email } }",
        "{ cabinetDeletion { graceDays } }",
        "{ hints(section: ACCOUNTS) { text } }",
        "mutation { signOut { signedOut } }",
        "mutation { revokeAllSessions { userErrors { code } } }",
    ] {
        let (status, answer) = caller.post(query, json!({ "id": account })).await;
        assert_eq!((status, top_code(&answer)), (StatusCode::FORBIDDEN, "FORBIDDEN"), "{query}: {answer}");
    }
    let input = json!({ "input": { "email": "anna@example.com", "password": PASSWORD } });
    let (status, _) = caller.post("mutation($input: SignInInput!) { signIn(input: $input) { token } }", input).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let query = "query($id: ID!) { node(id: $id) { ... on PersonalAccount { statement { pdfUrl } } } }";
    let shown = anna.ask(query, json!({ "id": account })).await;
    let url = shown["node"]["statement"]["pdfUrl"].as_str().unwrap();
    assert_eq!(caller.download(url).await.0, StatusCode::NOT_FOUND);
    assert_eq!(caller.download("/exports/export_01h455vb4pex5vsknk084sn02q").await.0, StatusCode::UNAUTHORIZED);
    // What anybody may ask it may ask.
    assert!(!caller.provider_id(&sample("debt").provider_code).await.is_empty());
    app.finish().await;
});

both_ways!(a_token_has_no_more_than_its_client_and_no_more_than_was_asked_for, |app| {
    let program = Program::add(&app, "debt", "BALANCES,READINGS").await;
    let ask =
        async |scope: &str| program.post("/oauth/token", &format!("grant_type=client_credentials&scope={scope}")).await;
    assert_eq!(ask("READINGS").await.1["scope"], "READINGS");
    assert_eq!(ask("READINGS+BALANCES").await.1["scope"], "BALANCES READINGS");
    for scope in ["PAYMENTS", "BALANCES+PAYMENTS", "NONSENSE", "+", "PROFILE"] {
        let (status, body) = ask(scope).await;
        assert_eq!((status.as_u16(), &body["error"]), (400, &json!("invalid_scope")), "{scope}");
    }
    let secret = "csec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let thief = Program { secret, ..program.clone() };
    let other = Program::add(&app, "debt", "PAYMENTS").await;
    for (id, secret) in
        [(&program.client_id, &other.secret), (&other.client_id, &program.secret), (&thief.client_id, &thief.secret)]
    {
        let mixed = Program { client_id: id.clone(), secret: secret.clone(), ..program.clone() };
        let (status, body) = mixed.ask_for_token().await;
        assert_eq!((status.as_u16(), &body["error"]), (401, &json!("invalid_client")));
    }
    let nobody = Program { client_id: "client_01h455vb4pex5vsknk084sn02q".to_owned(), ..program.clone() };
    assert_eq!(nobody.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    app.finish().await;
});

both_ways!(a_token_ends_by_itself_and_leaves_nothing, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let (_, body) = program.ask_for_token().await;
    assert_eq!(body["expires_in"], 3600);
    let mut caller = app.customer();
    caller.token = body["access_token"].as_str().map(str::to_owned);
    app.advance(TimeDelta::minutes(59));
    assert!(is_known(&caller).await);
    let mut socket = caller.socket().await;
    app.advance(TimeDelta::minutes(1));
    assert!(!is_known(&caller).await);
    assert_eq!(socket.next().await, json!({ "close": ENDED }));
    app.app.services.api_clients.purge_tokens().await.unwrap();
    assert!(api_client_token::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap().is_empty());
    app.finish().await;
});

both_ways!(a_new_secret_overlaps_with_the_old_one, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let clients = &app.app.services.api_clients;
    let rotated = clients.rotate(By::Operator, program.id(), TimeDelta::minutes(30)).await.unwrap();
    let renewed = Program { secret: rotated.secret, secret_id: rotated.id, ..program.clone() };
    let (old, new) = (program.caller().await, renewed.caller().await);
    assert!(is_known(&old).await && is_known(&new).await);
    assert!(clients.rotate(By::Operator, program.id(), TimeDelta::minutes(30)).await.is_err(), "two are enough");
    app.advance(TimeDelta::minutes(30));
    // A token does not outlast the secret that it was got by.
    assert!(!is_known(&old).await && is_known(&new).await);
    assert_eq!(program.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(renewed.ask_for_token().await.0, StatusCode::OK);
    // Without an overlap: what was got before by the old one ends, too.
    let last = clients.rotate(By::Operator, program.id(), TimeDelta::zero()).await.unwrap();
    assert!(!is_known(&new).await);
    let last = Program { secret: last.secret, ..program.clone() };
    assert!(is_known(&last.caller().await).await);
    app.finish().await;
});

both_ways!(a_secret_that_is_ending_does_not_live_longer_for_another_rotation, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let clients = &app.app.services.api_clients;
    let misplaced = clients.rotate(By::Operator, program.id(), TimeDelta::minutes(30)).await.unwrap();
    clients.revoke_secret(By::Operator, program.id(), misplaced.id).await.unwrap();
    clients.rotate(By::Operator, program.id(), TimeDelta::hours(24)).await.unwrap();
    app.advance(TimeDelta::minutes(30));
    assert_eq!(program.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    app.finish().await;
});

both_ways!(what_is_revoked_opens_nothing_and_closes_what_it_opened, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let other = Program::add(&app, "debt", EVERY_SCOPE).await;
    let clients = &app.app.services.api_clients;
    let (first, second, stranger) = (program.caller().await, program.caller().await, other.caller().await);
    let mut sockets = [first.socket().await, second.socket().await, stranger.socket().await];
    let token = first.token.as_deref().unwrap();
    // Not by another client.
    assert_eq!(other.post("/oauth/revoke", &format!("token={token}")).await.0, StatusCode::OK);
    assert!(is_known(&first).await);
    assert_eq!(program.post("/oauth/revoke", &format!("token={token}")).await.0, StatusCode::OK);
    assert_eq!(sockets[0].next().await, json!({ "close": ENDED }));
    assert!(!is_known(&first).await && is_known(&second).await);
    assert_eq!(program.post("/oauth/revoke", "token=nonsense").await.0, StatusCode::OK);

    clients.revoke_secret(By::Operator, program.id(), program.secret_id).await.unwrap();
    assert_eq!(sockets[1].next().await, json!({ "close": ENDED }));
    assert_eq!(program.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    assert!(clients.revoke_secret(By::Operator, program.id(), program.secret_id).await.is_err(), "it has ended");

    assert!(is_known(&stranger).await, "nobody else's");
    clients.revoke(By::Operator, other.id()).await.unwrap();
    assert_eq!(sockets[2].next().await, json!({ "close": ENDED }));
    assert!(!is_known(&stranger).await);
    assert_eq!(other.ask_for_token().await.0, StatusCode::UNAUTHORIZED);
    assert!(clients.rotate(By::Operator, other.id(), TimeDelta::hours(1)).await.is_err(), "for ever");
    app.finish().await;
});

both_ways!(of_a_revocation_and_many_tokens_at_once_none_outlives_it, |app| {
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let clients = &app.app.services.api_clients;
    let revoke = async {
        tokio::task::yield_now().await;
        clients.revoke(By::Operator, program.id()).await.unwrap();
    };
    let (granted, ()) = tokio::join!(join_all((0..20).map(|_| program.ask_for_token())), revoke);
    for (status, body) in granted {
        assert!(matches!(status.as_u16(), 200 | 401 | 503), "{body}");
        let mut caller = app.customer();
        caller.token = Some(body["access_token"].as_str().unwrap_or("ctok_none").to_owned());
        assert!(!is_known(&caller).await);
    }
    app.finish().await;
});

both_ways!(a_token_is_looked_into_by_its_own_client, |app| {
    let program = Program::add(&app, "debt", "BALANCES").await;
    let other = Program::add(&app, "debt", "BALANCES").await;
    let token = program.token().await;
    let now = app.clock.now().timestamp();
    let facts = json!({ "active": true, "client_id": program.client_id, "scope": "BALANCES", "token_type": "Bearer",
        "iat": now, "exp": now + 3600 });
    assert_eq!(program.introspect(&token).await, facts);
    for text in [other.token().await.as_str(), "nonsense", "ctok_AAAA"] {
        assert_eq!(program.introspect(text).await, json!({ "active": false }));
    }
    // A person's token tells a client nothing.
    let anna = app.confirmed_customer("anna@example.com").await;
    assert_eq!(program.introspect(anna.token.as_deref().unwrap()).await, json!({ "active": false }));
    app.advance(TimeDelta::hours(1));
    assert_eq!(program.introspect(&token).await, json!({ "active": false }));
    let stranger = Program { secret: "x".to_owned(), ..program.clone() };
    assert_eq!(stranger.post("/oauth/introspect", &format!("token={token}")).await.0, StatusCode::UNAUTHORIZED);
    app.finish().await;
});

both_ways!(each_client_has_a_budget_of_its_own, |app| {
    let app = app.restart_with(&[("KABINET__GRAPHQL__BUDGET_PER_CLIENT", "100")]).await;
    let (first, second) = (Program::add(&app, "debt", "BALANCES").await, Program::add(&app, "debt", "BALANCES").await);
    let caller = first.caller().await;
    let mut answered = 0;
    let refused = loop {
        let (status, body) = caller.post(WHO, json!({})).await;
        if status != StatusCode::OK {
            break body;
        }
        answered += 1;
        assert!(answered < 200, "never refused");
    };
    assert_eq!(top_code(&refused), "RATE_LIMITED");
    // Another token of the same client is no way around.
    assert_eq!(top_code(&first.caller().await.post(WHO, json!({})).await.1), "RATE_LIMITED");
    assert!(is_known(&second.caller().await).await);
    app.finish().await;
});

both_ways!(what_is_done_to_a_client_is_written_down_and_stays, |app| {
    let program = Program::add(&app, "debt", "BALANCES").await;
    let clients = &app.app.services.api_clients;
    app.advance(TimeDelta::seconds(1));
    clients.rotate(By::Operator, program.id(), TimeDelta::hours(1)).await.unwrap();
    app.advance(TimeDelta::seconds(1));
    clients.revoke_secret(By::Operator, program.id(), program.secret_id).await.unwrap();
    app.advance(TimeDelta::seconds(1));
    clients.revoke(By::Operator, program.id()).await.unwrap();
    let events = clients.events(program.id()).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.word()).collect();
    assert_eq!(kinds, ["ADDED", "SECRET_ROTATED", "SECRET_REVOKED", "REVOKED"]);
    assert!(events.iter().all(|event| !event.details.contains("csec_")));
    for statement in ["UPDATE api_client_events SET details = 'x'", "DELETE FROM api_client_events"] {
        app.try_sql(statement).await.unwrap_err();
    }
    assert_eq!(api_client_event::Entity::find().all(app.app.mechanisms.db.read()).await.unwrap().len(), 4);
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_is_revoked_through_one_instance_is_shut_out_by_the_other() {
    let app = Box::pin(TestApp::start(Way::Full)).await;
    let program = Program::add(&app, "debt", EVERY_SCOPE).await;
    let second = Second::beside(&app).await;
    let there = second.visitor(&program.caller().await);
    let mut socket = Socket::open(&second.url, there.token.as_deref()).await;
    let begun = std::time::Instant::now();
    app.app.services.api_clients.revoke(By::Operator, program.id()).await.unwrap();
    assert_eq!(socket.next().await, json!({ "close": ENDED }));
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(!is_known(&there).await);
    second.finish().await;
    app.finish().await;
}
