//! A live connection ends with the session that opened it, on every instance.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use kabinet::graphql::ids;
use serde_json::{Value, json};

use super::instances::Second;
use super::{BALANCES, change, follow, news};
use crate::harness::{Customer, Socket, TestApp, Way, both_ways, eventually, redis_url};
use crate::metering::owner;

/// The requirement; whoever only looked from time to time would need up to a minute.
/// Found by a look, not told, it takes a minute.
const SOON: Duration = Duration::from_secs(20);

async fn closed(mut socket: Socket) -> Value {
    socket.next().await
}

/// An event stream of the person's balances.
async fn stream(customer: &Customer) -> reqwest::Response {
    let request =
        reqwest::Client::new().post(format!("{}/graphql", customer.url)).header("accept", "text/event-stream");
    let request = request.bearer_auth(customer.token.as_ref().unwrap()).json(&json!({ "query": BALANCES }));
    let response = request.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    response
}

both_ways!(signing_out_closes_every_socket_and_stream_of_the_session_and_no_other, |app| {
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let mut elsewhere = customer.clone();
    elsewhere.sign_in("anna@example.com").await;
    let (idle, mut following, mut staying) =
        (customer.socket().await, customer.socket().await, elsewhere.socket().await);
    follow(&mut following, "1", json!({})).await;
    follow(&mut staying, "1", json!({})).await;
    let stream = stream(&customer).await;
    let began = Instant::now();
    customer.ask("mutation { signOut { signedOut } }", json!({})).await;
    assert_eq!(closed(idle).await, json!({ "close": 4403 }));
    assert_eq!(closed(following).await, json!({ "close": 4403 }));
    let told = stream.text().await.unwrap();
    assert!(told.contains("UNAUTHENTICATED") && told.ends_with("event: complete\ndata:\n\n"), "{told}");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    change(&app.app, &account, 1).await;
    assert_eq!(news(&mut staying).await.1, "0.01");
    app.finish().await;
});

both_ways!(ending_all_sessions_of_a_person_closes_their_sockets, |app| {
    let (customer, _) = owner(&app, "anna@example.com", "debt").await;
    let stranger = app.confirmed_customer("boris@example.com").await;
    let (socket, mut other) = (customer.socket().await, stranger.socket().await);
    let viewer = customer.ask("{ viewer { id } }", json!({})).await;
    let user = ids::decode(viewer["viewer"]["id"].as_str().unwrap()).unwrap();
    let began = Instant::now();
    app.app.services.identity.sessions.end_all(user).await.unwrap();
    assert_eq!(closed(socket).await, json!({ "close": 4403 }));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    other.subscribe("1", "{ viewer { email } }", json!({})).await;
    assert_eq!(other.event().await["viewer"]["email"], "boris@example.com");
    app.finish().await;
});

both_ways!(waiting_is_no_use_of_a_session, |app| {
    let customer = app.confirmed_customer("anna@example.com").await;
    let token = customer.token.clone().unwrap();
    let sessions = &app.app.services.identity.sessions;
    for _ in 0..5 {
        app.advance(TimeDelta::minutes(7));
        let alive = sessions.look(&token).await.unwrap().is_some();
        assert_eq!(alive, app.clock.now() < crate::harness::start_of_test() + TimeDelta::minutes(30));
    }
    assert!(sessions.find(&token).await.unwrap().is_none());
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_out_through_one_instance_closes_the_sockets_of_the_other() {
    let app = Box::pin(TestApp::start(Way::Full)).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let second = Second::beside(&app).await;
    let there = second.visitor(&customer);
    // The first change may have to wait for the connections to Redis.
    let mut socket = there.socket().await;
    follow(&mut socket, "1", json!({})).await;
    change(&app.app, &account, 1).await;
    news(&mut socket).await;
    let (idle, stream) = (there.socket().await, stream(&there).await);
    let began = Instant::now();
    customer.ask("mutation { signOut { signedOut } }", json!({})).await;
    assert_eq!(closed(socket).await, json!({ "close": 4403 }));
    assert_eq!(closed(idle).await, json!({ "close": 4403 }));
    assert!(stream.text().await.unwrap().contains("UNAUTHENTICATED"));
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    second.finish().await;
    app.finish().await;
}

/// The wake-up that is sent over a connection which was cut unnoticed is sent again over another. The second instance is
/// not cut off, so it hears nothing but this wake-up; by itself it would look after a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_out_is_told_although_the_connection_to_redis_was_cut() {
    let (app, redis) = Box::pin(TestApp::start_behind_proxy()).await;
    let (customer, account) = owner(&app, "anna@example.com", "debt").await;
    let mut config = (*app.app.config).clone();
    config.redis.url = Some(redis_url().into());
    let second = Second::with(&app, config).await;
    let mut socket = second.visitor(&customer).socket().await;
    // The publisher is connected: its word has arrived.
    follow(&mut socket, "1", json!({})).await;
    change(&app.app, &account, 1).await;
    news(&mut socket).await;
    redis.cut();
    redis.restore();
    // The key store may have to connect anew, too.
    eventually("the sign-out", async || {
        let (_, answer) = customer.post("mutation { signOut { signedOut } }", json!({})).await;
        (answer["data"]["signOut"]["signedOut"] == true).then_some(())
    })
    .await;
    assert_eq!(closed(socket).await, json!({ "close": 4403 }));
    second.finish().await;
    app.finish().await;
}
