//! `/metrics` and the probes of the admin address.

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::harness::{Backend, Server, TestApp, Way, both_ways, free_port};

struct Admin {
    url: String,
    draining: CancellationToken,
    shutdown: CancellationToken,
}

impl Admin {
    async fn beside(app: &TestApp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (draining, shutdown) = (CancellationToken::new(), CancellationToken::new());
        let (watched, begun, until) = (app.app.clone(), draining.clone(), shutdown.clone());
        tokio::spawn(async move { watched.serve_admin(listener, begun, until).await });
        Self { url, draining, shutdown }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("{}{path}", self.url)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// The value of a series by its name and labels.
    async fn figure(&self, series: &str) -> f64 {
        let (status, text) = self.get("/metrics").await;
        assert_eq!(status, 200);
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    async fn ready(&self) -> (u16, Value) {
        let (status, text) = self.get("/health/ready").await;
        (status, serde_json::from_str(&text).unwrap())
    }
}

both_ways!(figures_follow_what_happens, |app| {
    let admin = Admin::beside(&app).await;
    let customer = app.confirmed_customer("anna@example.com").await;
    let queries = "kabinet_graphql_operations_total{kind=\"query\",outcome=\"OK\"}";
    let before = admin.figure(queries).await;
    customer.ask("query Made_up_by_the_client { viewer { email } }", json!({})).await;
    assert!(admin.figure(queries).await > before);
    let (_, refused) = app.customer().post("{ viewer { nothing } }", json!({})).await;
    assert!(refused["errors"].is_array());
    assert!(admin.figure("kabinet_graphql_operations_total{kind=\"unknown\",outcome=\"REFUSED\"}").await > 0.0);
    assert!(admin.figure("kabinet_graphql_operations_total{kind=\"mutation\",outcome=\"OK\"}").await >= 3.0);
    assert!(admin.figure("kabinet_http_requests_total{route=\"graphql\",status=\"2xx\"}").await > 3.0);
    assert!(admin.figure("kabinet_database_statements_total").await > 5.0);
    assert!(admin.figure("process_resident_memory_bytes").await > 1_000_000.0);
    let (_, text) = admin.get("/metrics").await;
    assert!(text.contains("kabinet_database_pool_in_use{pool=") && text.contains("build_info{version="), "{text}");
    // A client's words are no labels.
    assert!(!text.contains("Made_up") && !text.contains("anna@"), "{text}");
    app.finish().await;
});

both_ways!(sockets_and_subscriptions_are_counted_while_they_live, |app| {
    let admin = Admin::beside(&app).await;
    let customer = app.confirmed_customer("anna@example.com").await;
    let mut socket = customer.socket().await;
    socket.subscribe("1", "subscription { balanceUpdated { cursor } }", json!({})).await;
    let open = "kabinet_subscriptions_open";
    crate::harness::eventually("the subscription runs", async || (admin.figure(open).await > 0.0).then_some(())).await;
    assert_eq!(admin.figure("kabinet_websockets_open").await.to_string(), "1");
    drop(socket);
    crate::harness::eventually("the socket is gone", async || {
        let figures = (admin.figure(open).await, admin.figure("kabinet_websockets_open").await);
        (figures == (0.0, 0.0)).then_some(())
    })
    .await;
    app.finish().await;
});

both_ways!(a_late_outbox_is_told_and_turns_nobody_away, |app| {
    let admin = Admin::beside(&app).await;
    app.customer().register("anna@example.com").await;
    assert!(admin.figure("kabinet_outbox_due").await > 0.0);
    app.advance(chrono::TimeDelta::seconds(400));
    assert_eq!(admin.figure("kabinet_outbox_lag_seconds").await.to_string(), "400");
    let (status, ready) = admin.ready().await;
    assert_eq!((status, &ready["checks"]["outbox"]["status"]), (200, &json!("failed")), "{ready}");
    for check in ["database", "keyvalue", "migrations"] {
        assert_eq!(ready["checks"][check]["status"], "ok", "{ready}");
        assert!(ready["checks"][check]["microseconds"].is_u64(), "{ready}");
    }
    app.drain().await;
    app.take_letters("anna@example.com");
    let (_, ready) = admin.ready().await;
    assert_eq!(ready["checks"]["outbox"]["status"], "ok", "{ready}");
    app.finish().await;
});

both_ways!(a_missing_step_of_the_schema_turns_requests_away, |app| {
    let admin = Admin::beside(&app).await;
    assert_eq!(admin.ready().await.0, 200);
    app.sql("UPDATE seaql_migrations SET version = 'x' WHERE version LIKE 'm0008%'").await;
    let (status, ready) = admin.ready().await;
    assert_eq!((status, &ready["checks"]["migrations"]["status"]), (503, &json!("failed")), "{ready}");
    app.sql("UPDATE seaql_migrations SET version = 'm0008_import' WHERE version = 'x'").await;
    assert_eq!(admin.ready().await.0, 200);
    admin.draining.cancel();
    assert_eq!(admin.ready().await.1["checks"]["draining"]["status"], "failed");
    assert_eq!(admin.get("/health/live").await.0, 200);
    admin.shutdown.cancel();
    app.finish().await;
});

both_ways!(answers_of_the_admin_address_are_like_all_others, |app| {
    let admin = Admin::beside(&app).await;
    let headers = async |url: &str, path: &str| {
        let response = reqwest::get(format!("{url}{path}")).await.unwrap();
        let mut headers = response.headers().clone();
        let id = headers.remove("x-request-id").expect("a request id");
        for varying in ["date", "content-length", "content-type"] {
            headers.remove(varying);
        }
        assert!(headers.contains_key("content-security-policy") && headers["cache-control"] == "no-store");
        (headers, id)
    };
    let (public, _) = headers(&app.url, "/health/live").await;
    let mut ids = Vec::new();
    for path in ["/metrics", "/health/live", "/health/ready", "/nowhere"] {
        let (own, id) = headers(&admin.url, path).await;
        assert_eq!(own, public, "{path}");
        ids.push(id);
    }
    assert!((1..ids.len()).all(|n| !ids[..n].contains(&ids[n])), "{ids:?}");
    // Whoever reads the figures does not change them.
    let (_, figures) = admin.get("/metrics").await;
    assert!(!figures.contains("route=\"metrics\""), "{figures}");
    app.finish().await;
});

both_ways!(customers_do_not_reach_the_figures, |app| {
    let (public, admin) = (app.url.clone(), Admin::beside(&app).await);
    assert_eq!(reqwest::get(format!("{public}/metrics")).await.unwrap().status(), 404);
    assert_eq!(admin.get("/graphql").await.0, 404);
    app.finish().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_binary_serves_figures_where_it_is_told_to() {
    let mut server = Server::on(Backend::empty(Way::Embedded).await, Way::Embedded).await;
    let admin = format!("127.0.0.1:{}", free_port().await);
    server.environment.push(("KABINET__ADMIN__LISTEN".to_owned(), admin.clone()));
    server.start_again().await;
    let text = reqwest::get(format!("http://{admin}/metrics")).await.unwrap().text().await.unwrap();
    assert!(text.contains("kabinet_http_requests_total{route=\"health\"") && text.ends_with("# EOF\n"), "{text}");
    server.signal("TERM");
    assert!(server.ended().await.success());
    server.clean_up().await;
}
